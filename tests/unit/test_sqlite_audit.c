/* The audit trail in the SQLite store: written with what it tells of, and nothing in it can be changed
 * unnoticed. */
#include <sqlite3.h>

#include "base/err.h"
#include "base/mem.h"
#include "sqlite_fixture.h"
#include "suite.h"

/* Pauses a link as somebody. */
static int act(struct store *s, int64_t link, const char *actor, const char *detail)
{
	static const uint32_t count = 7;
	const struct store_audit audit = {
		.at_ms = store_now_ms(s),
		.actor = actor,
		.action = "connection.pause",
		.project = "global",
		.subject = "A",
		.detail = detail,
		.count = detail ? NULL : &count,
	};
	struct store_pause op = {.op = {.kind = STORE_PAUSE, .audit = &audit},
	                         .link = link,
	                         .paused = true,
	                         .reason = "r"};

	return probe_run(s, &op.op);
}

static struct store_audit_verdict verify(struct store *s)
{
	struct store_audit_verdict v;

	ck_assert_int_eq(store_audit_verify(s, &v, NULL), 0);
	return v;
}

/* Somebody who may write to the file, and does not have the key. */
static void tamper(const char *sql)
{
	char path[300], *why = NULL;
	sqlite3 *db = NULL;

	snprintf(path, sizeof(path), "%s/outbox.db", folder_root);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_exec(db, sql, NULL, NULL, &why);
	ck_assert_msg(!why, "%s", why);
	sqlite3_close(db);
}

static struct store *with_rows(size_t count)
{
	struct store *s = fixture_begin();
	int64_t link = probe_link(s, "A");

	for (size_t i = 0; i < count; i++) {
		ck_assert_int_eq(act(s, link, i % 2 ? "token:b" : "local:a", i % 3 ? "{}" : NULL),
		                 0);
		clock_fake_advance(10);
	}
	return s;
}

static struct {
	uint64_t number;
	char actor[32], detail[32];
	int64_t at_ms, count;
} seen[20];
static size_t seen_count;

static void see(void *arg, const struct store_audit_row *row)
{
	(void)arg;
	ck_assert_uint_lt(seen_count, 20);
	seen[seen_count].number = row->number;
	seen[seen_count].at_ms = row->audit.at_ms;
	seen[seen_count].count = row->audit.count ? (int64_t)*row->audit.count : -1;
	snprintf(seen[seen_count].actor, 32, "%s", row->audit.actor);
	snprintf(seen[seen_count].detail, 32, "%s", row->audit.detail ? row->audit.detail : "-");
	seen_count++;
}

START_TEST(rows_are_read_newest_first)
{
	struct store *s = with_rows(5);

	seen_count = 0;
	ck_assert_int_eq(store_audit(s, 0, 3, see, NULL, NULL), 0);
	ck_assert_uint_eq(seen_count, 3);
	ck_assert_uint_eq(seen[0].number, 5);
	ck_assert_int_eq(seen[0].at_ms, PROBE_START_MS + 40);
	ck_assert_str_eq(seen[0].actor, "local:a");
	ck_assert_str_eq(seen[0].detail, "{}");
	ck_assert_int_eq(seen[0].count, -1);
	ck_assert_int_eq(store_audit(s, seen[2].number, 10, see, NULL, NULL), 0);
	ck_assert_uint_eq(seen_count, 5);
	ck_assert_uint_eq(seen[4].number, 1);
	ck_assert_str_eq(seen[4].detail, "-");
	ck_assert_int_eq(seen[4].count, 7);
	fixture_end(s);
}
END_TEST

START_TEST(what_was_not_done_is_not_told_of)
{
	struct store *s = with_rows(1);

	ck_assert_int_eq(act(s, 999, "local:a", "{}"), ERR_NOT_FOUND);
	ck_assert_uint_eq(verify(s).count, 1);
	fixture_end(s);
}
END_TEST

START_TEST(what_changes_nothing_can_be_noted)
{
	struct store *s = with_rows(1);
	const struct store_audit rows[] = {
		{.at_ms = 1, .actor = "token:b", .action = "connection.export", .subject = "A"},
		{.at_ms = 1, .actor = "token:b", .action = "connection.export", .subject = "B"},
	};
	struct store_note op = {.op.kind = STORE_NOTE, .rows = rows, .count = 2};

	ck_assert_int_eq(probe_run(s, &op.op), 0);
	seen_count = 0;
	ck_assert_int_eq(store_audit(s, 0, 10, see, NULL, NULL), 0);
	ck_assert_uint_eq(seen_count, 3);
	ck_assert_uint_eq(seen[0].number, 3);
	ck_assert_str_eq(seen[1].actor, "token:b");
	struct store_audit_verdict v = verify(s);
	ck_assert_uint_eq(v.broken, 0);
	ck_assert_uint_eq(v.count, 3);
	fixture_end(s);
}
END_TEST

START_TEST(a_trail_goes_on_after_a_restart)
{
	struct store *s = with_rows(3);
	struct store_audit_verdict before = verify(s);

	s = fixture_reopen(s);
	ck_assert_int_eq(act(s, probe_link(s, "A"), "local:a", "{}"), 0);
	struct store_audit_verdict v = verify(s);
	ck_assert_uint_eq(v.broken, 0);
	ck_assert_uint_eq(v.count, 4);
	ck_assert_uint_eq(v.newest, 4);
	ck_assert_mem_ne(v.hash, before.hash, sizeof(v.hash));
	fixture_end(s);
}
END_TEST

START_TEST(an_empty_trail_is_whole)
{
	struct store *s = fixture_begin();
	struct store_audit_verdict v = verify(s);

	ck_assert_uint_eq(v.count + v.broken + v.newest, 0);
	fixture_end(s);
}
END_TEST

static const struct {
	const char *sql;
	uint64_t broken;
	const char *how;
} crimes[] = {
	{"UPDATE audit SET actor = 'token:c' WHERE number = 3", 3, "as it was written"},
	{"UPDATE audit SET detail = '' WHERE number = 1", 1, "as it was written"},
	{"UPDATE audit SET project = NULL WHERE number = 2", 2, "as it was written"},
	{"UPDATE audit SET at_ms = at_ms + 1 WHERE number = 5", 5, "as it was written"},
	{"UPDATE audit SET count = 8 WHERE number = 4", 4, "as it was written"},
	{"UPDATE audit SET hash = zeroblob(32) WHERE number = 2", 2, "as it was written"},
	{"UPDATE audit SET hash = x'00' WHERE number = 2", 2, "as it was written"},
	/* The text moved from one column to the next. */
	{"UPDATE audit SET subject = 'AA', project = 'globa' WHERE number = 2", 2, "as it was"},
	{"DELETE FROM audit WHERE number = 1", 1, "it is missing"},
	{"DELETE FROM audit WHERE number = 3", 3, "it is missing"},
	{"DELETE FROM audit WHERE number >= 4", 4, "with all that came after"},
	{"DELETE FROM audit", 1, "with all that came after"},
	/* Reordered, hashes and all. */
	{"UPDATE audit SET number = 100 WHERE number = 2; UPDATE audit SET number = 2 WHERE number"
         " = 3; UPDATE audit SET number = 3 WHERE number = 100",
         2, "not where"},
	{"DELETE FROM audit WHERE number = 2; UPDATE audit SET number = number - 1 WHERE number > 2",
         2, "not where"},
	/* The end with it. */
	{"DELETE FROM audit WHERE number >= 4; UPDATE audit_end SET number = 3, last = (SELECT hash"
         " FROM audit WHERE number = 3)",
         4, "where the trail ends"},
	{"DELETE FROM audit_end", 6, "where the trail ends"},
	{"INSERT INTO audit SELECT 6, at_ms, actor, action, project, subject, detail, count, hash"
         " FROM audit WHERE number = 5",
         6, "not where"},
};

START_TEST(a_crime_is_found)
{
	struct store *s = with_rows(5);

	store_close(s);
	tamper(crimes[_i].sql);
	s = fixture_open_again();
	struct store_audit_verdict v = verify(s);
	ck_assert_uint_eq(v.broken, crimes[_i].broken);
	ck_assert_msg(strstr(v.how, crimes[_i].how) != NULL, "%s", v.how);
	ck_assert_uint_eq(v.newest, v.broken - 1);
	/* What is written afterwards does not cover it up. */
	ck_assert_int_eq(act(s, probe_link(s, "A"), "local:a", "{}"), 0);
	v = verify(s);
	ck_assert_uint_eq(v.broken, crimes[_i].broken);
	s = fixture_reopen(s);
	ck_assert_uint_eq(verify(s).broken, crimes[_i].broken);
	fixture_end(s);
}
END_TEST

START_TEST(the_key_is_the_hosts_own)
{
	struct store *s = with_rows(2);
	struct stat st;

	ck_assert_int_eq(stat(folder_path("audit.key"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(st.st_size, 32);
	/* With another key nothing fits. */
	store_close(s);
	ck_assert_int_eq(unlink(folder_path("audit.key")), 0);
	s = fixture_open_again();
	ck_assert_uint_eq(verify(s).broken, 1);
	fixture_end(s);
}
END_TEST

START_TEST(a_key_that_others_can_read_is_refused)
{
	struct store *s = with_rows(1), *again = NULL;
	struct err e = {0};

	store_close(s);
	ck_assert_int_eq(chmod(folder_path("audit.key"), 0640), 0);
	ck_assert_int_eq(fixture_try_open(&again, &e), ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(e.text, "mode 0600"));
	folder_destroy();
}
END_TEST

START_TEST(a_copy_holds_all)
{
	const struct store_audit audit = {.at_ms = 5, .actor = "a", .action = "b", .detail = "{}"};
	struct store_audit *copy = store_audit_copy(&audit);

	ck_assert_int_eq(copy->at_ms, 5);
	ck_assert_str_eq(copy->actor, "a");
	ck_assert_str_eq(copy->action, "b");
	ck_assert_ptr_null(copy->project);
	ck_assert_str_eq(copy->detail, "{}");
	ck_assert_ptr_ne(copy->actor, audit.actor);
	mem_free(copy);
	ck_assert_ptr_null(store_audit_copy(NULL));
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(rows_are_read_newest_first),
	SUITE_TEST(what_was_not_done_is_not_told_of),
	SUITE_TEST(what_changes_nothing_can_be_noted),
	SUITE_TEST(a_trail_goes_on_after_a_restart),
	SUITE_TEST(an_empty_trail_is_whole),
	SUITE_LOOP(a_crime_is_found, crimes),
	SUITE_TEST(the_key_is_the_hosts_own),
	SUITE_TEST(a_key_that_others_can_read_is_refused),
	SUITE_TEST(a_copy_holds_all),
};

SUITE_MAIN("sqlite_audit", tests)
