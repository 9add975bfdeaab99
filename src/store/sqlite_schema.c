/* The tables, as a list of migrations: the number of the last one that was made is user_version. */
#include <inttypes.h>

#include "base/banned.h"
#include "base/err.h"
#include "store/sqlite_impl.h"

/* "Lnks": tells our file from others. */
enum { APPLICATION_ID = 0x4c6e6b73 };

/*
 * delivery: due_ms is set while the row waits for longer, or is claimed then, so that delivery_due and
 * delivery_since hold what came from disk and is open, and nothing of what never waited, or not for long.  parked: it may not go yet
 * by its ordering key.  old: the sweep has passed it (sqlite_prune.c), delivery_old finds its end.
 *
 * States are those of enum store_state: they are numbers in files now and keep their meaning, and order:
 * up to 1 a delivery is open, from 3 on it is worth listing.  (IN would cost a temporary table.)
 */
static const char version_1[] =
	"CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE link(id INTEGER PRIMARY KEY,"
	" project TEXT NOT NULL COLLATE NOCASE, connection TEXT NOT NULL COLLATE NOCASE,"
	" environment TEXT NOT NULL COLLATE NOCASE,"
	" paused INTEGER NOT NULL DEFAULT 0, paused_reason TEXT,"
	" UNIQUE(project, connection, environment)) STRICT;"
	"CREATE TABLE delivery(seq INTEGER PRIMARY KEY, salt INTEGER NOT NULL,"
	" link INTEGER NOT NULL, state INTEGER NOT NULL, parked INTEGER NOT NULL,"
	" old INTEGER NOT NULL DEFAULT 0, due_ms INTEGER, accepted_ms INTEGER NOT NULL,"
	" since_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL DEFAULT 0,"
	" attempts INTEGER NOT NULL DEFAULT 0, replay INTEGER NOT NULL DEFAULT 0,"
	" suspect INTEGER NOT NULL DEFAULT 0, fence INTEGER NOT NULL,"
	" status INTEGER NOT NULL DEFAULT 0, duration_ms INTEGER NOT NULL DEFAULT 0,"
	" ordering_key TEXT, reason TEXT) STRICT;"
	"CREATE INDEX delivery_due ON delivery(state, parked, link, due_ms)"
	" WHERE due_ms IS NOT NULL;"
	"CREATE INDEX delivery_since ON delivery(link, since_ms) WHERE due_ms IS NOT NULL;"
	"CREATE INDEX delivery_order ON delivery(link, ordering_key, state, parked, seq)"
	" WHERE ordering_key IS NOT NULL AND state <= 1;"
	"CREATE INDEX delivery_ended ON delivery(seq, link, state) WHERE state >= 3;"
	"CREATE INDEX delivery_old ON delivery(state, ended_ms) WHERE old = 1;"
	"CREATE TABLE payload(seq INTEGER PRIMARY KEY, content_type TEXT, attrs BLOB, body BLOB)"
	" STRICT;"
	"CREATE TABLE attempt(id INTEGER PRIMARY KEY, seq INTEGER NOT NULL,"
	" replay INTEGER NOT NULL, number INTEGER NOT NULL, at_ms INTEGER NOT NULL,"
	" duration_ms INTEGER NOT NULL, status INTEGER NOT NULL, outcome TEXT, reason TEXT,"
	" detail TEXT, excerpt BLOB) STRICT;"
	"CREATE INDEX attempt_seq ON attempt(seq);"
	"CREATE TABLE idempotency(seq INTEGER PRIMARY KEY, link INTEGER NOT NULL,"
	" key TEXT NOT NULL, salt INTEGER NOT NULL, at_ms INTEGER NOT NULL, digest BLOB NOT NULL,"
	" UNIQUE(link, key)) STRICT;";

/*
 * audit: rows are only added.  audit_end: the number and the hash of the last one under a hash of its
 * own, so that rows missing at the end are noticed.
 */
static const char version_2[] =
	"CREATE TABLE token(id TEXT PRIMARY KEY, name TEXT NOT NULL COLLATE NOCASE UNIQUE,"
	" role TEXT NOT NULL, projects TEXT NOT NULL, connections TEXT, created_by TEXT NOT NULL,"
	" created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,"
	" used_ms INTEGER NOT NULL DEFAULT 0, digest BLOB NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE audit(number INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL,"
	" actor TEXT NOT NULL, action TEXT NOT NULL, project TEXT, subject TEXT, detail TEXT,"
	" count INTEGER, hash BLOB NOT NULL) STRICT;"
	"CREATE TABLE audit_end(one INTEGER PRIMARY KEY CHECK(one = 1), number INTEGER NOT NULL,"
	" last BLOB NOT NULL, hash BLOB NOT NULL) STRICT;";

/*
 * link: the names of a deleted connection are free again, so they are unique among the others only.  deleted: 1
 * while deliveries of it may be open, then 2 (sqlite_recover.c).
 *
 * deployment: active and enabled change, and have the same length as before; the rest stays.
 * journal: a number is never given twice.  journal_file: bytes NULL: the file is to be removed.
 */
static const char version_3[] =
	"CREATE TABLE link_3(id INTEGER PRIMARY KEY,"
	" project TEXT NOT NULL COLLATE NOCASE, connection TEXT NOT NULL COLLATE NOCASE,"
	" environment TEXT NOT NULL COLLATE NOCASE,"
	" paused INTEGER NOT NULL DEFAULT 0, paused_reason TEXT,"
	" deleted INTEGER NOT NULL DEFAULT 0) STRICT;"
	"INSERT INTO link_3(id, project, connection, environment, paused, paused_reason)"
	" SELECT id, project, connection, environment, paused, paused_reason FROM link;"
	"DROP TABLE link;"
	"ALTER TABLE link_3 RENAME TO link;"
	"CREATE UNIQUE INDEX link_place ON link(project, connection, environment)"
	" WHERE deleted = 0;"
	"CREATE INDEX link_deleted ON link(deleted) WHERE deleted <> 0;"
	"CREATE TABLE identity(uid TEXT PRIMARY KEY, project TEXT NOT NULL COLLATE NOCASE,"
	" name TEXT NOT NULL COLLATE NOCASE, created_ms INTEGER NOT NULL,"
	" UNIQUE(project, name)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE deployment(id INTEGER PRIMARY KEY, link INTEGER NOT NULL,"
	" number INTEGER NOT NULL, at_ms INTEGER NOT NULL, active INTEGER NOT NULL,"
	" enabled INTEGER NOT NULL, revision TEXT NOT NULL, actor TEXT NOT NULL, note TEXT,"
	" snapshot TEXT NOT NULL, UNIQUE(link, number)) STRICT;"
	"CREATE UNIQUE INDEX deployment_active ON deployment(link) WHERE active = 1;"
	"CREATE TABLE journal(id INTEGER PRIMARY KEY AUTOINCREMENT) STRICT;"
	"CREATE TABLE journal_file(id INTEGER PRIMARY KEY, journal INTEGER NOT NULL,"
	" place INTEGER NOT NULL, mode INTEGER NOT NULL, path TEXT NOT NULL, before BLOB,"
	" bytes BLOB, UNIQUE(journal, place)) STRICT;"
	"CREATE TABLE approval(secret TEXT NOT NULL, origin TEXT NOT NULL,"
	" PRIMARY KEY(secret, origin)) STRICT, WITHOUT ROWID;";

/* delivery: a row behind the watermark may be READY without due_ms (sqlite_backlog.h).  A program of an
 * earlier version would never send it, so it must not take the file. */
static const char version_4[] = "";

static const char *const migrations[] = {version_1, version_2, version_3, version_4};

enum { VERSION = sizeof(migrations) / sizeof(migrations[0]) };

static int read_number(struct sqlite_store *s, const char *sql, int64_t *ret)
{
	sqlite3_stmt *stmt = NULL;

	int rc = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*ret = sqlite3_column_int64(stmt, 0);
	int ended = sqlite3_finalize(stmt);
	return rc == SQLITE_ROW ? 0 : ended;
}

static int migrate(struct sqlite_store *s, int64_t version)
{
	char end[128];

	snprintf(end, sizeof(end),
	         "PRAGMA application_id = %d; PRAGMA user_version = %" PRId64 "; COMMIT",
	         APPLICATION_ID, version + 1);
	int rc = sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(s->db, migrations[version], NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(s->db, end, NULL, NULL, NULL);
	return rc;
}

int sqlite_schema(struct sqlite_store *s, struct err *e)
{
	int64_t version = 0, application = 0, tables = 0;

	int rc = read_number(s, "PRAGMA user_version", &version);
	if (rc == 0)
		rc = read_number(s, "PRAGMA application_id", &application);
	if (rc == 0)
		rc = read_number(s, "SELECT count(*) FROM sqlite_schema", &tables);
	if (rc != 0)
		return rc;
	if (tables > 0 && application != APPLICATION_ID) {
		err_set(e, ERR_INVALID, "%s is a database of another program", s->path);
		return 0;
	}
	if (version > VERSION) {
		err_set(e, ERR_INVALID,
		        "%s was written by a younger linkspand: its version is %" PRId64
		        ", this one knows up to %d; use the younger one",
		        s->path, version, (int)VERSION);
		return 0;
	}
	for (; rc == 0 && version < VERSION; version++)
		rc = migrate(s, version);
	return rc;
}
