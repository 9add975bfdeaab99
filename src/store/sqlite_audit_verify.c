/* Checking the audit trail from its first row to its end. */
#include <string.h>

#include "base/banned.h"
#include "base/err.h"
#include "store/sqlite_impl.h"

struct walk {
	const uint8_t *key;
	struct store_audit_verdict *verdict;
	uint8_t before[STORE_DIGEST_BYTES]; /* the hash of the row before */
	uint64_t next;                      /* the number that has to come */
};

static void note(struct walk *w, uint64_t number, const char *how)
{
	if (w->verdict->broken)
		return;
	w->verdict->broken = number;
	w->verdict->how = how;
}

static void check_row(struct walk *w, sqlite3_stmt *stmt)
{
	uint8_t expected[STORE_DIGEST_BYTES];
	struct store_audit_row row;
	uint32_t count;

	row_audit(stmt, &row, &count);
	w->verdict->count++;
	if (row.number != w->next)
		note(w, w->next, "it is missing");
	audit_hash(w->key, w->before, row.number, &row.audit, row.audit.count ? (int64_t)count : -1,
	           expected);
	if (!row.hash || !mac_equal(row.hash, expected, sizeof(expected)))
		note(w, row.number, "it is not as it was written, or not where");
	if (row.hash)
		memcpy(w->before, row.hash, sizeof(w->before));
	w->next = row.number + 1;
	if (!w->verdict->broken) {
		w->verdict->newest = row.number;
		memcpy(w->verdict->hash, w->before, sizeof(w->before));
	}
}

static int check_rows(struct walk *w, sqlite3 *db)
{
	sqlite3_stmt *stmt = NULL;

	int rc = sqlite3_prepare_v2(db, "SELECT " AUDIT_COLUMNS " FROM audit ORDER BY number", -1,
	                            &stmt, NULL);
	while (rc == 0 && sqlite3_step(stmt) == SQLITE_ROW)
		check_row(w, stmt);
	int ended = sqlite3_finalize(stmt);
	return rc ? rc : ended;
}

static int check_end(struct walk *w, const struct sqlite_store *s, sqlite3 *db)
{
	struct audit_end end;
	bool good;

	int rc = audit_read_end(s, db, &end, &good);
	if (rc != 0)
		return rc;
	if (!good || end.number + 1 < w->next)
		note(w, w->next, "the note of where the trail ends is not as it was written");
	else if (end.number >= w->next)
		note(w, w->next, "it is missing, with all that came after it");
	else if (!mac_equal(end.hash, w->before, sizeof(end.hash)))
		note(w, end.number, "it is not the row that the trail ended with");
	return 0;
}

int read_audit_verify(struct store *store, struct store_audit_verdict *ret, struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	struct walk w = {.key = s->audit_key, .verdict = ret, .next = 1};
	struct sqlite_reader *reader;

	int rc = reader_take(s, &reader, e);
	if (rc < 0)
		return rc;
	/* Rows and end of one moment. */
	rc = sqlite3_exec(reader->db, "BEGIN", NULL, NULL, NULL);
	if (rc == 0)
		rc = check_rows(&w, reader->db);
	if (rc == 0)
		rc = check_end(&w, s, reader->db);
	if (!sqlite3_get_autocommit(reader->db))
		sqlite3_exec(reader->db, "COMMIT", NULL, NULL, NULL);
	return reader_return(s, reader, rc, e);
}
