/* Accepting a delivery. */
#include <string.h>

#include "base/banned.h"
#include "base/err.h"
#include "store/sqlite_impl.h"

/* Looks for an earlier use of the key.  Sets op->rc to ERR_CONFLICT, or `repeated`, where there is one;
 * one that is a day old is forgotten. */
static int find_first_use(struct sqlite_store *s, struct store_accept *a)
{
	sqlite3_stmt *stmt = s->stmts[STMT_KEY_FIND], *forget = s->stmts[STMT_KEY_FORGET];
	int found;

	sqlite3_bind_int64(stmt, 1, a->delivery->link);
	bind_text(stmt, 2, a->idempotency_key);
	int rc = stmt_first(stmt, &found);
	if (rc != 0 || !found)
		return rc;
	a->first_seq = (uint64_t)sqlite3_column_int64(stmt, 0);
	a->first_salt = (uint64_t)sqlite3_column_int64(stmt, 1);
	bool is_old = sqlite3_column_int64(stmt, 2) + DAY_MS <= a->delivery->accepted_ms;
	const void *digest = sqlite3_column_blob(stmt, 3);
	bool is_same = sqlite3_column_bytes(stmt, 3) == STORE_DIGEST_BYTES && digest &&
	               memcmp(digest, a->digest, STORE_DIGEST_BYTES) == 0;
	sqlite3_reset(stmt);
	if (is_old) {
		bind_seq(forget, 1, a->first_seq);
		return stmt_run(forget);
	}
	a->repeated = is_same;
	if (!is_same)
		a->op.rc = ERR_CONFLICT;
	return 0;
}

static int key_is_open(struct sqlite_store *s, const struct store_delivery *d, bool *ret)
{
	sqlite3_stmt *stmt = s->stmts[STMT_ORDER_OPEN];
	int found;

	sqlite3_bind_int64(stmt, 1, d->link);
	bind_text(stmt, 2, d->ordering_key);
	int rc = stmt_first(stmt, &found);
	*ret = rc == 0 && found;
	sqlite3_reset(stmt);
	return rc;
}

/* ERR_NO_MEMORY, or where there are too many of them: nothing was done. */
static int write_attrs(struct buf *out, const struct store_delivery *d)
{
	buf_clear(out);
	for (size_t i = 0; i < 2 * (size_t)d->attr_count; i++)
		buf_add(out, d->attrs[i], strlen(d->attrs[i]) + 1);
	return buf_failed(out) == BUF_OK ? 0 : ERR_NO_MEMORY;
}

static int add_payload(struct sqlite_store *s, const struct store_delivery *d)
{
	sqlite3_stmt *stmt = s->stmts[STMT_ADD_PAYLOAD];

	bind_seq(stmt, 1, d->seq);
	bind_text(stmt, 2, d->content_type);
	if (d->attr_count)
		sqlite3_bind_blob64(stmt, 3, s->attrs_out.data, s->attrs_out.len_bytes,
		                    SQLITE_STATIC);
	else
		sqlite3_bind_null(stmt, 3);
	sqlite3_bind_blob64(stmt, 4, d->body, d->body_bytes, SQLITE_STATIC);
	return stmt_run(stmt);
}

/* Where the row has its place: leased to the host, or in the index in memory, or in those of the file. */
enum place { LEASED, IN_MEMORY, IN_FILE };

static int add_delivery(struct sqlite_store *s, const struct store_delivery *d, enum place place)
{
	sqlite3_stmt *stmt = s->stmts[STMT_ADD_DELIVERY];

	bind_seq(stmt, 1, d->seq);
	sqlite3_bind_int64(stmt, 2, (int64_t)d->salt);
	sqlite3_bind_int64(stmt, 3, d->link);
	sqlite3_bind_int(stmt, 4, place == LEASED ? STORE_LEASED : STORE_READY);
	sqlite3_bind_int(stmt, 5, 0);
	if (place == IN_FILE)
		sqlite3_bind_int64(stmt, 6, d->accepted_ms);
	else
		sqlite3_bind_null(stmt, 6);
	sqlite3_bind_int64(stmt, 7, d->accepted_ms);
	sqlite3_bind_int(stmt, 8, place == LEASED);
	bind_text(stmt, 9, d->ordering_key);
	return stmt_run(stmt);
}

static int add_key(struct sqlite_store *s, const struct store_accept *a)
{
	sqlite3_stmt *stmt = s->stmts[STMT_KEY_ADD];

	bind_seq(stmt, 1, a->delivery->seq);
	sqlite3_bind_int64(stmt, 2, a->delivery->link);
	bind_text(stmt, 3, a->idempotency_key);
	sqlite3_bind_int64(stmt, 4, (int64_t)a->delivery->salt);
	sqlite3_bind_int64(stmt, 5, a->delivery->accepted_ms);
	sqlite3_bind_blob(stmt, 6, a->digest, STORE_DIGEST_BYTES, SQLITE_STATIC);
	return stmt_run(stmt);
}

/* The watermark covers this one before it is committed. */
static void cover(struct sqlite_store *s, uint64_t seq)
{
	if (seq < s->watermark_next)
		s->watermark_next = seq;
}

static enum place choose_place(struct sqlite_store *s, const struct store_delivery *d, bool leases)
{
	if (leases)
		return LEASED;
	/* Which one of a key may go only the file knows. */
	if (!d->ordering_key && backlog_add(&s->backlog, d->link, d->seq, d->accepted_ms))
		return IN_MEMORY;
	return IN_FILE;
}

int op_accept(struct sqlite_store *s, struct store_op *op)
{
	struct store_accept *a = (struct store_accept *)op;
	const struct store_delivery *d = a->delivery;
	bool waits = false;

	a->leased = a->repeated = false;
	int rc = a->idempotency_key ? find_first_use(s, a) : 0;
	if (rc != 0 || a->repeated || op->rc != 0)
		return rc;
	if (a->lease && d->ordering_key)
		rc = key_is_open(s, d, &waits);
	if (rc != 0)
		return rc;
	op->rc = write_attrs(&s->attrs_out, d);
	if (op->rc != 0)
		return 0;
	/* The only statement that a caller can make fail, by a number that was given before, comes
	 * while nothing is done yet. */
	rc = add_payload(s, d);
	if ((rc & 0xff) == SQLITE_CONSTRAINT || rc == SQLITE_TOOBIG) {
		op->rc = ERR_FAILED;
		return 0;
	}
	enum place place = IN_FILE;
	if (rc == 0) {
		place = choose_place(s, d, a->lease && !waits);
		rc = add_delivery(s, d, place);
	}
	if (rc == 0 && a->idempotency_key)
		rc = add_key(s, a);
	if (d->ordering_key)
		s->has_keys = true;
	if (rc == 0 && d->ordering_key && place != LEASED)
		rc = order_refresh(s, d->link, d->ordering_key);
	if (rc == 0 && place != IN_FILE)
		cover(s, d->seq);
	s->accepts_unsaved++;
	if (d->seq > s->seq_seen)
		s->seq_seen = d->seq;
	a->leased = place == LEASED;
	return rc;
}
