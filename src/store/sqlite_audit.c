/* Writing the audit trail, and its key. */
#include <stdio.h>
#include <string.h>

#include "base/banned.h"
#include "base/err.h"
#include "crypto/keyfile.h"
#include "store/sqlite_impl.h"

_Static_assert((int)STORE_DIGEST_BYTES == (int)MAC_BYTES,
               "a hash of the trail is one of the room crypto");
_Static_assert((int)KEYFILE_BYTES == (int)MAC_KEY_BYTES, "a key of the trail is one of a file");

/*
 * The key
 */

int audit_open_key(struct sqlite_store *s, struct err *e)
{
	char path[1024];

	int length = snprintf(path, sizeof(path), "%s/audit.key", s->folder);
	if (length < 0 || (size_t)length >= sizeof(path))
		return err_set(e, ERR_INVALID, "the path of the state folder is too long");
	return keyfile_take(path, s->audit_key, e);
}

/*
 * The chain
 */

static bool take_hash(sqlite3_stmt *stmt, int column, uint8_t *ret)
{
	const void *hash = sqlite3_column_blob(stmt, column);
	bool whole = hash && sqlite3_column_bytes(stmt, column) == STORE_DIGEST_BYTES;

	if (whole)
		memcpy(ret, hash, STORE_DIGEST_BYTES);
	return whole;
}

int audit_read_end(const struct sqlite_store *s, sqlite3 *db, struct audit_end *ret, bool *ret_good)
{
	uint8_t found[STORE_DIGEST_BYTES], expected[STORE_DIGEST_BYTES];
	sqlite3_stmt *stmt = NULL;

	*ret = (struct audit_end){0};
	*ret_good = true;
	int rc =
		sqlite3_prepare_v2(db, "SELECT number, last, hash FROM audit_end", -1, &stmt, NULL);
	if (rc == 0 && sqlite3_step(stmt) == SQLITE_ROW) {
		ret->number = (uint64_t)sqlite3_column_int64(stmt, 0);
		bool whole = take_hash(stmt, 1, ret->hash) && take_hash(stmt, 2, found);
		audit_hash_end(s->audit_key, ret, expected);
		*ret_good = whole && mac_equal(found, expected, sizeof(expected));
	}
	int ended = sqlite3_finalize(stmt);
	return rc ? rc : ended;
}

static int read_newest(sqlite3 *db, uint64_t *ret)
{
	sqlite3_stmt *stmt = NULL;

	int rc =
		sqlite3_prepare_v2(db, "SELECT ifnull(max(number), 0) FROM audit", -1, &stmt, NULL);
	if (rc == 0 && sqlite3_step(stmt) == SQLITE_ROW)
		*ret = (uint64_t)sqlite3_column_int64(stmt, 0);
	int ended = sqlite3_finalize(stmt);
	return rc ? rc : ended;
}

/* The chain goes on from its end, not from the last row that is there: what somebody has taken away
 * stays missing.  Where the end itself was tampered with, it goes on from nothing, which does not fit
 * to what is there, and so stays visible as well. */
int audit_load(struct sqlite_store *s)
{
	uint64_t newest = 0;
	bool good = true;

	int rc = audit_read_end(s, s->db, &s->audit_end, &good);
	if (rc == 0)
		rc = read_newest(s->db, &newest);
	if (rc != 0)
		return rc;
	if (!good || newest > s->audit_end.number) {
		s->audit_end = (struct audit_end){
			.number = newest > s->audit_end.number ? newest : s->audit_end.number};
	}
	return 0;
}

static void bind_hash(sqlite3_stmt *stmt, int index, const uint8_t *hash)
{
	sqlite3_bind_blob(stmt, index, hash, STORE_DIGEST_BYTES, SQLITE_STATIC);
}

int audit_add(struct sqlite_store *s, const struct store_audit *audit)
{
	sqlite3_stmt *stmt = s->stmts[STMT_AUDIT_ADD];
	struct audit_end *end = &s->audit_end_next, next = {.number = end->number + 1};
	int64_t count = audit->count ? (int64_t)*audit->count : -1;

	audit_hash(s->audit_key, end->hash, next.number, audit, count, next.hash);
	bind_seq(stmt, 1, next.number);
	sqlite3_bind_int64(stmt, 2, audit->at_ms);
	bind_text(stmt, 3, audit->actor);
	bind_text(stmt, 4, audit->action);
	bind_text(stmt, 5, audit->project);
	bind_text(stmt, 6, audit->subject);
	bind_text(stmt, 7, audit->detail);
	if (audit->count)
		sqlite3_bind_int64(stmt, 8, count);
	else
		sqlite3_bind_null(stmt, 8);
	bind_hash(stmt, 9, next.hash);
	int rc = stmt_run(stmt);
	if (rc == 0)
		*end = next;
	return rc;
}

int op_note(struct sqlite_store *s, struct store_op *op)
{
	const struct store_note *note = (const struct store_note *)op;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < note->count; i++)
		rc = audit_add(s, &note->rows[i]);
	return rc;
}

int audit_save(struct sqlite_store *s)
{
	sqlite3_stmt *stmt = s->stmts[STMT_AUDIT_END];
	uint8_t hash[STORE_DIGEST_BYTES];

	if (s->audit_end_next.number == s->audit_end.number)
		return 0;
	audit_hash_end(s->audit_key, &s->audit_end_next, hash);
	bind_seq(stmt, 1, s->audit_end_next.number);
	bind_hash(stmt, 2, s->audit_end_next.hash);
	bind_hash(stmt, 3, hash);
	return stmt_run(stmt);
}
