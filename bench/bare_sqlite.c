/*
 * bare_sqlite FILE GROUP SECONDS: what SQLite costs with nothing around it.
 *
 * Rows of the shape that the store keeps of a message that waits (src/store/sqlite_schema.c), inserted
 * in groups, each group one transaction: WAL, synchronous=FULL, prepared statements, one thread, which
 * also makes the checkpoints.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bare_sql.h"
#include "lib/meter.h"

enum { BODY_BYTES = 512, GROUP_MOST = 10000 };

static const char schema[] =
	"PRAGMA journal_mode=WAL;"
	"PRAGMA synchronous=FULL;"
	"PRAGMA wal_autocheckpoint=10000;"
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
	"CREATE TABLE payload(seq INTEGER PRIMARY KEY, content_type TEXT, attrs BLOB, body BLOB)"
	" STRICT;";

static const char insert_delivery[] =
	"INSERT INTO delivery(seq, salt, link, state, parked, due_ms, accepted_ms, since_ms, fence)"
	" VALUES(?1, ?2, 1, 0, 0, ?3, ?3, ?3, 0)";
static const char insert_payload[] = "INSERT INTO payload(seq, content_type, attrs, body)"
				     " VALUES(?1, 'application/json', NULL, ?2)";

static struct bare {
	sqlite3_stmt *delivery, *payload, *begin, *commit;
	sqlite3_int64 seq;
	char body[BODY_BYTES];
} bare;

static void open_file(const char *file)
{
	sql_open(file, schema);
	bare.delivery = sql_prepare(insert_delivery);
	bare.payload = sql_prepare(insert_payload);
	bare.begin = sql_prepare("BEGIN IMMEDIATE");
	bare.commit = sql_prepare("COMMIT");
	memset(bare.body, 'x', sizeof(bare.body));
}

static void insert(void)
{
	bare.seq++;
	sqlite3_bind_int64(bare.delivery, 1, bare.seq);
	sqlite3_bind_int64(bare.delivery, 2, bare.seq * 0x9e3779b97f4a7c1);
	sqlite3_bind_int64(bare.delivery, 3, 1790000000000 + bare.seq);
	sql_run(bare.delivery);
	sqlite3_bind_int64(bare.payload, 1, bare.seq);
	sqlite3_bind_blob(bare.payload, 2, bare.body, sizeof(bare.body), SQLITE_STATIC);
	sql_run(bare.payload);
}

static bool insert_group(struct meter *meter, unsigned long group)
{
	bool more = true;

	sql_run(bare.begin);
	for (unsigned long i = 0; i < group; i++)
		insert();
	sql_run(bare.commit);
	for (unsigned long i = 0; i < group && more; i++)
		more = meter_count(meter, true, false);
	return more;
}

int main(int argc, char **argv)
{
	struct meter meter;

	if (argc != 4)
		errx(2, "usage: bare_sqlite FILE GROUP SECONDS");
	unsigned long group = strtoul(argv[2], NULL, 10);
	if (group < 1 || group > GROUP_MOST)
		errx(2, "between 1 and %d rows in a group", GROUP_MOST);
	open_file(argv[1]);
	meter_start(&meter, strtod(argv[3], NULL));
	while (insert_group(&meter, group))
		;
	return meter_print(&meter);
}
