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

/* What may be claimed: two parts of the index, as they were read, and what waits in memory. */
enum source { FREE, PARKED, IN_MEMORY, SOURCES };

struct sources {
	const struct sqlite_pick *rows[SOURCES];
	size_t counts[SOURCES];
	struct sqlite_pick in_memory; /* the first one there */
};

static void look_into_memory(struct sqlite_store *s, const struct store_claim *c,
                             struct sources *from)
{
	const struct backlog_row *row = backlog_first(&s->backlog, c->link);

	from->counts[IN_MEMORY] = row && row->due_ms <= c->now_ms;
	if (from->counts[IN_MEMORY])
		from->in_memory = (struct sqlite_pick){.seq = row->seq, .due_ms = row->due_ms};
	from->rows[IN_MEMORY] = &from->in_memory;
}

static bool comes_first(const struct sqlite_pick *a, const struct sqlite_pick *b)
{
	return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->seq < b->seq;
}

/* Where the next one is; SOURCES: there is none. */
static enum source choose(const struct sources *from)
{
	enum source best = SOURCES;

	for (enum source i = FREE; i < SOURCES; i++)
		if (from->counts[i] &&
		    (best == SOURCES || comes_first(from->rows[i], from->rows[best])))
			best = i;
	return best;
}

/* What became of one that was chosen. */
enum gift { GIVEN, STALE, NOT_TAKEN };

/* Gives it away, unless it does not fit or is not taken. */
static enum gift hand_over(struct sqlite_store *s, struct store_claim *c, sqlite3_stmt *stmt,
                           size_t *bytes)
{
	struct store_delivery d;

	row_delivery(stmt, &d);
	d.state = STORE_LEASED;
	d.due_ms = 0;
	d.fence++;
	bool taken = row_payload(stmt, DELIVERY_COLUMN_COUNT, &s->attrs_in, &d) == 0 &&
	             (c->count == 0 ||
	              (d.body_bytes <= c->bytes_most && *bytes <= c->bytes_most - d.body_bytes)) &&
	             c->take(c, &d);
	*bytes += d.body_bytes;
	return taken ? GIVEN : NOT_TAKEN;
}

/* What memory names may have been changed, or be gone, since; what the file names is as it says. */
static bool still_waits(sqlite3_stmt *stmt)
{
	return sqlite3_column_int(stmt, 3) == STORE_READY &&
	       sqlite3_column_type(stmt, 4) == SQLITE_NULL;
}

static int give(struct sqlite_store *s, struct store_claim *c, enum source source, uint64_t seq,
                size_t *bytes, enum gift *ret)
{
	sqlite3_stmt *stmt = s->stmts[STMT_PAYLOAD], *lease = s->stmts[STMT_LEASE];
	int found;

	bind_seq(stmt, 1, seq);
	int rc = stmt_first(stmt, &found);
	if (rc != 0)
		return rc;
	if (!found && source != IN_MEMORY)
		return SQLITE_CORRUPT; /* an index names what is not there */
	bool stale = source == IN_MEMORY && !(found && still_waits(stmt));
	*ret = stale ? STALE : hand_over(s, c, stmt, bytes);
	sqlite3_reset(stmt);
	if (*ret != GIVEN)
		return 0;
	c->count++;
	bind_seq(lease, 1, seq);
	rc = stmt_run(lease);
	return rc == 0 && source != IN_MEMORY ? order_refresh_of(s, seq) : rc;
}

/* The next one; *ret_more: there may be another. */
static int give_next(struct sqlite_store *s, struct store_claim *c, struct sources *from,
                     size_t *bytes, bool *ret_more)
{
	enum gift gift = NOT_TAKEN;

	look_into_memory(s, c, from);
	enum source source = choose(from);
	*ret_more = false;
	if (source == SOURCES)
		return 0;
	int rc = give(s, c, source, from->rows[source]->seq, bytes, &gift);
	if (rc != 0 || gift == NOT_TAKEN)
		return rc;
	*ret_more = true;
	if (source == IN_MEMORY) {
		backlog_take(&s->backlog, c->link, gift == GIVEN);
		return 0;
	}
	from->rows[source]++;
	from->counts[source]--;
	return 0;
}

static void note_due(int64_t *due_ms, int64_t at_ms)
{
	if (*due_ms == 0 || at_ms < *due_ms)
		*due_ms = at_ms;
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
	note_due(ret, due_ms);
	return 0;
}

int op_claim(struct sqlite_store *s, struct store_op *op)
{
	struct store_claim *c = (struct store_claim *)op;
	struct sources from = {.rows = {s->picks[FREE], s->picks[PARKED]}};
	const struct backlog_row *waiting;
	size_t bytes = 0;
	bool more = true;

	c->count = 0;
	c->next_due_ms = 0;
	int rc = find_due(s, c, false, s->picks[FREE], &from.counts[FREE]);
	if (rc == 0 && !c->ordered)
		rc = find_due(s, c, true, s->picks[PARKED], &from.counts[PARKED]);
	while (rc == 0 && more && c->count < c->most)
		rc = give_next(s, c, &from, &bytes, &more);
	if (rc == 0)
		rc = next_due(s, c, false, &c->next_due_ms);
	if (rc == 0 && !c->ordered)
		rc = next_due(s, c, true, &c->next_due_ms);
	if (rc == 0 && (waiting = backlog_first(&s->backlog, c->link)))
		note_due(&c->next_due_ms, waiting->due_ms);
	return rc;
}
