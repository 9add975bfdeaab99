/* Files of earlier versions: all that was in them is there afterwards, whatever fails on the way. */
#include <sqlite3.h>

#include "catalogue_probe.h"
#include "faulty_vfs.h"
#include "sqlite_fixture.h"
#include "suite.h"

/* What a file of version 2 has not got is taken away again. */
static const char to_version_2[] =
	"BEGIN;"
	"DROP TABLE identity; DROP TABLE deployment; DROP TABLE journal_file; DROP TABLE journal;"
	"DROP TABLE approval;"
	"DROP INDEX link_place; DROP INDEX link_deleted;"
	"ALTER TABLE link RENAME TO link_3;"
	"CREATE TABLE link(id INTEGER PRIMARY KEY,"
	" project TEXT NOT NULL COLLATE NOCASE, connection TEXT NOT NULL COLLATE NOCASE,"
	" environment TEXT NOT NULL COLLATE NOCASE,"
	" paused INTEGER NOT NULL DEFAULT 0, paused_reason TEXT,"
	" UNIQUE(project, connection, environment)) STRICT;"
	"INSERT INTO link SELECT id, project, connection, environment, paused, paused_reason"
	" FROM link_3;"
	"DROP TABLE link_3; PRAGMA user_version = 2; COMMIT";

/* And of version 1. */
static const char to_version_1[] = "DROP TABLE token; DROP TABLE audit; DROP TABLE audit_end;"
				   "PRAGMA user_version = 1";

static void run_sql(const char *sql)
{
	char path[300], *why = NULL;
	sqlite3 *db = NULL;

	snprintf(path, sizeof(path), "%s/outbox.db", folder_root);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_exec(db, sql, NULL, NULL, &why);
	ck_assert_msg(!why, "%s", why);
	sqlite3_close(db);
}

/* Two links, one of them paused; a delivery in each. */
static void fill(struct store *s)
{
	const struct store_audit audit = {.at_ms = 1, .actor = "a", .action = "connection.pause"};
	int64_t a = probe_link_in(s, "A", "Test"), b = probe_link_in(s, "B", "Prod");
	struct store_pause op = {.op = {.kind = STORE_PAUSE, .audit = &audit},
	                         .link = b,
	                         .paused = true,
	                         .reason = "why"};

	ck_assert_int_eq(probe_accept(s, a, 1, false), 0);
	ck_assert_int_eq(probe_accept(s, b, 2, false), 0);
	ck_assert_int_eq(probe_run(s, &op.op), 0);
	store_close(s);
}

static void check(struct store *s, uint64_t audit_rows)
{
	struct store_audit_verdict v;

	fixture_recover(s);
	int64_t a = probe_link_in(s, "a", "Test"), b = probe_link_in(s, "B", "Prod");
	ck_assert_int_eq(probe_get(s, 1)->link, a);
	ck_assert_int_eq(probe_get(s, 2)->link, b);
	ck_assert_uint_eq(probe_link_get(s, a)->ready, 1);
	ck_assert(!probe_link_get(s, a)->paused && !probe_link_get(s, a)->deleted);
	ck_assert_str_eq(probe_link_get(s, b)->paused_reason, "why");
	ck_assert_int_eq(store_audit_verify(s, &v, NULL), 0);
	ck_assert_uint_eq(v.count, audit_rows);
	ck_assert_uint_eq(v.broken, 0);
	/* And it has what is new. */
	ck_assert_str_eq(probe_all_deployments(s), "");
	ck_assert_int_eq(probe_naming(s, NULL, "A", "u1"), 0);
	ck_assert_uint_eq(probe_deploy(s, "A", "Test", "r1"), 1);
	ck_assert_int_eq(probe_link_in(s, "A", "Test"), a);
}

static const struct {
	const char *sql;
	uint64_t audit_rows;
} versions[] = {{NULL, 1}, {to_version_1, 0}};

START_TEST(an_earlier_one_is_brought_up)
{
	fill(fixture_begin());
	run_sql(to_version_2);
	if (versions[_i].sql)
		run_sql(versions[_i].sql);
	struct store *s = fixture_open_again();
	check(s, versions[_i].audit_rows);
	/* Once. */
	s = fixture_reopen(s);
	ck_assert_str_eq(probe_all_deployments(s), "global/A/Test #1 r1 active\n");
	fixture_end(s);
}
END_TEST

enum { ROUNDS_MAX = 1000 };

static const struct {
	unsigned kinds;
	int code;
	int rc; /* what opening may answer, beside 0 and ERR_IO */
} failures[] = {
	{FAULTY_WRITE, SQLITE_IOERR_WRITE, 0},
	{FAULTY_WRITE, SQLITE_FULL, 0},
	{FAULTY_SYNC, 0, 0},
	/* What cannot be read while the file is checked is taken for damage. */
	{FAULTY_READ, 0, ERR_INVALID},
};

START_TEST(whatever_fails)
{
	unsigned failed = 1;

	for (unsigned n = 1; failed > 0; n++) {
		struct store *s = NULL;
		struct err e = {0};
		ck_assert_uint_lt(n, ROUNDS_MAX);
		fill(fixture_begin());
		run_sql(to_version_2);
		fixture.options.vfs = faulty_register();
		faulty_arm(failures[_i].kinds, n, 1, failures[_i].code);
		int rc = fixture_try_open(&s, &e);
		if (rc == 0)
			store_close(s);
		failed = faulty_disarm();
		ck_assert_msg(rc == 0 || rc == ERR_IO || rc == failures[_i].rc, "%u: %d %s", n, rc,
		              e.text);
		s = fixture_open_again();
		check(s, 1);
		fixture_end(s);
	}
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(an_earlier_one_is_brought_up, versions),
	SUITE_LOOP(whatever_fails, failures),
};

SUITE_MAIN("sqlite_schema", tests)
