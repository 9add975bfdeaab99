/* Ending leases, and giving new ones. */
#include "base/banned.h"
#include "base/err.h"
#include "store/sqlite_impl.h"

static void bind_blob(sqlite3_stmt *stmt, int index, const void *data, size_t bytes)
{
	sqlite3_bind_blob64(stmt, index, data, bytes, SQLITE_STATIC);
}

static int add_attempt(struct sqlite_store *s, uint64_t seq, const struct store_attempt *a)
{
	sqlite3_stmt *stmt = s->stmts[STMT_ADD_ATTEMPT];

	bind_seq(stmt, 1, seq);
	sqlite3_bind_int64(stmt, 2, a->replay);
	sqlite3_bind_int64(stmt, 3, a->number);
	sqlite3_bind_int64(stmt, 4, a->at_ms);
	sqlite3_bind_int64(stmt, 5, a->duration_ms);
	sqlite3_bind_int64(stmt, 6, a->status);
	bind_text(stmt, 7, a->outcome);
	bind_text(stmt, 8, a->reason);
	bind_text(stmt, 9, a->detail);
	bind_blob(stmt, 10, a->excerpt, a->excerpt_bytes);
	return stmt_run(stmt);
}

int op_settle(struct sqlite_store *s, struct store_op *op)
{
	struct store_settle *t = (struct store_settle *)op;
	sqlite3_stmt *stmt = s->stmts[t->reason ? STMT_SETTLE : STMT_SETTLE_QUIETLY];
	bool waits = t->state == STORE_READY;

	bind_seq(stmt, 1, t->seq);
	sqlite3_bind_int64(stmt, 2, t->fence);
	sqlite3_bind_int(stmt, 3, (int)t->state);
	if (waits)
		sqlite3_bind_int64(stmt, 4, t->due_ms);
	else
		sqlite3_bind_null(stmt, 4);
	sqlite3_bind_int64(stmt, 5, waits ? 0 : t->at_ms);
	sqlite3_bind_int64(stmt, 6, t->attempts);
	sqlite3_bind_int64(stmt, 7, t->suspect);
	if (t->reason) {
		sqlite3_bind_int64(stmt, 8, t->status);
		bind_text(stmt, 9, t->reason);
		sqlite3_bind_int64(stmt, 10, t->duration_ms);
	}
	int rc = stmt_run(stmt);
	if (rc == 0 && sqlite3_changes(s->db) == 0) {
		op->rc = ERR_CONFLICT;
		return 0;
	}
	if (rc == 0 && t->attempt)
		rc = add_attempt(s, t->seq, t->attempt);
	return rc == 0 ? order_refresh_of(s, t->seq) : rc;
}

/* What is due of one part of the index, oldest first. */
static int find_due(struct sqlite_store *s, const struct store_claim *c, bool parked,
                    struct sqlite_pick *ret, size_t *ret_count)
{
	sqlite3_stmt *stmt = s->stmts[STMT_DUE];
	size_t count = 0, most = c->most < STORE_GROUP_MAX ? c->most : STORE_GROUP_MAX;

	sqlite3_bind_int(stmt, 1, parked);
	sqlite3_bind_int64(stmt, 2, c->link);
	sqlite3_bind_int64(stmt, 3, c->now_ms);
	sqlite3_bind_int64(stmt, 4, (int64_t)most);
	while (count < most && sqlite3_step(stmt) == SQLITE_ROW)
		ret[count++] = (struct sqlite_pick){.seq = (uint64_t)sqlite3_column_int64(stmt, 0),
		                                    .due_ms = sqlite3_column_int64(stmt, 1)};
	*ret_count = count;
	return sqlite3_reset(stmt);
}

static bool comes_first(const struct sqlite_pick *a, const struct sqlite_pick *b)
{
	return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->seq < b->seq;
}

/* Gives one away, unless it does not fit or is not taken: then *ret_more is false. */
static int give(struct sqlite_store *s, struct store_claim *c, uint64_t seq, size_t *bytes,
                bool *ret_more)
{
	sqlite3_stmt *stmt = s->stmts[STMT_PAYLOAD], *lease = s->stmts[STMT_LEASE];
	struct store_delivery d;
	int found;

	*ret_more = false;
	bind_seq(stmt, 1, seq);
	int rc = stmt_first(stmt, &found);
	if (rc != 0)
		return rc;
	if (!found)
		return SQLITE_CORRUPT; /* an index names what is not there */
	row_delivery(stmt, &d);
	d.state = STORE_LEASED;
	d.due_ms = 0;
	d.fence++;
	bool taken = row_payload(stmt, DELIVERY_COLUMN_COUNT, &s->attrs_in, &d) == 0 &&
	             (c->count == 0 ||
	              (d.body_bytes <= c->bytes_most && *bytes <= c->bytes_most - d.body_bytes)) &&
	             c->take(c, &d);
	*bytes += d.body_bytes;
	sqlite3_reset(stmt);
	if (!taken)
		return 0;
	c->count++;
	*ret_more = true;
	bind_seq(lease, 1, seq);
	rc = stmt_run(lease);
	return rc == 0 ? order_refresh_of(s, seq) : rc;
}

static int next_due(struct sqlite_store *s, const struct store_claim *c, bool parked, int64_t *ret)
{
	sqlite3_stmt *stmt = s->stmts[STMT_NEXT_DUE];
	int found;

	sqlite3_bind_int(stmt, 1, parked);
	sqlite3_bind_int64(stmt, 2, c->link);
	int rc = stmt_first(stmt, &found);
	if (rc != 0 || !found)
		return rc;
	int64_t due_ms = sqlite3_column_int64(stmt, 0);
	sqlite3_reset(stmt);
	if (*ret == 0 || due_ms < *ret)
		*ret = due_ms;
	return 0;
}

int op_claim(struct sqlite_store *s, struct store_op *op)
{
	struct store_claim *c = (struct store_claim *)op;
	struct sqlite_pick *free_ones = s->picks[0], *parked = s->picks[1];
	size_t free_count = 0, parked_count = 0, bytes = 0;
	bool more = true;

	c->count = 0;
	c->next_due_ms = 0;
	int rc = find_due(s, c, false, free_ones, &free_count);
	if (rc == 0 && !c->ordered)
		rc = find_due(s, c, true, parked, &parked_count);
	for (size_t f = 0, p = 0; rc == 0 && more && c->count < c->most;) {
		if (f == free_count && p == parked_count)
			break;
		bool from_parked = f == free_count ||
		                   (p < parked_count && comes_first(&parked[p], &free_ones[f]));
		rc = give(s, c, from_parked ? parked[p++].seq : free_ones[f++].seq, &bytes, &more);
	}
	if (rc == 0)
		rc = next_due(s, c, false, &c->next_due_ms);
	if (rc == 0 && !c->ordered)
		rc = next_due(s, c, true, &c->next_due_ms);
	return rc;
}
