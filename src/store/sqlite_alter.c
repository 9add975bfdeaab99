/* Changes on an operator's word, by age, and after a deletion. */
#include <string.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/sqlite_impl.h"

/* Runs a statement for one delivery at a time, then looks after its ordering key. */
static int change(struct sqlite_store *s, enum stmt which, uint64_t seq, int64_t now_ms)
{
	sqlite3_stmt *stmt = s->stmts[which];

	bind_seq(stmt, 1, seq);
	sqlite3_bind_int64(stmt, 2, now_ms);
	int rc = stmt_run(stmt);
	return rc == 0 ? order_refresh_of(s, seq) : rc;
}

enum { CONFLICT = -1, LEASED = -2 };

/* What a word does to a delivery in a state: a statement, or why not. */
static const int deeds[][STORE_STATES] = {
	[STORE_RETRY_NOW] = {[STORE_READY] = STMT_DUE_NOW,
                             [STORE_LEASED] = LEASED,
                             [STORE_DONE] = STMT_REPLAY,
                             [STORE_DEAD] = STMT_REPLAY,
                             [STORE_QUARANTINED] = STMT_REPLAY,
                             [STORE_CANCELLED] = STMT_REPLAY},
	[STORE_CANCEL] = {[STORE_READY] = STMT_CANCEL,
                          [STORE_LEASED] = LEASED,
                          [STORE_DONE] = CONFLICT,
                          [STORE_DEAD] = CONFLICT,
                          [STORE_QUARANTINED] = CONFLICT,
                          [STORE_CANCELLED] = CONFLICT},
};

/* A replayed delivery with a key has its place by its number again. */
static void note_key(struct sqlite_store *s, enum stmt which)
{
	if (which == STMT_REPLAY)
		s->has_keys = true;
}

int op_alter(struct sqlite_store *s, struct store_op *op)
{
	struct store_alter *a = (struct store_alter *)op;
	sqlite3_stmt *stmt = s->stmts[STMT_STATE];
	int found;

	bind_seq(stmt, 1, a->seq);
	int rc = stmt_first(stmt, &found);
	if (rc != 0)
		return rc;
	if (!found) {
		op->rc = ERR_NOT_FOUND;
		return 0;
	}
	a->state = (enum store_state)sqlite3_column_int(stmt, 0);
	a->link = sqlite3_column_int64(stmt, 1);
	bool deleted = sqlite3_column_int(stmt, 2);
	sqlite3_reset(stmt);
	int deed = deeds[a->verb][a->state];
	if (deleted && a->verb == STORE_RETRY_NOW && deed >= 0)
		deed = CONFLICT; /* nobody would send it */
	if (deed < 0) {
		op->rc = deed == LEASED ? ERR_BUSY : ERR_CONFLICT;
		return 0;
	}
	note_key(s, (enum stmt)deed);
	return change(s, (enum stmt)deed, a->seq, a->now_ms);
}

/* The next that fit, at most STORE_GROUP_MAX. */
static int find(struct sqlite_store *s, const struct store_replay *r, struct sqlite_pick *ret,
                size_t *ret_count)
{
	struct store_filter filter = *r->filter;
	uint32_t most = r->most < STORE_GROUP_MAX ? r->most : STORE_GROUP_MAX;
	sqlite3_stmt *stmt = NULL;
	struct buf sql;

	const unsigned ended = 1u << STORE_DONE | 1u << STORE_DEAD | 1u << STORE_QUARANTINED |
	                       1u << STORE_CANCELLED;
	filter.states = filter.states ? filter.states & ended : ended;
	if (!filter.states || !most)
		return 0;
	buf_init(&sql, BUF_MAX_TEXT);
	filter_select(&sql, "seq, link, state", &filter);
	buf_printf(&sql,
	           " AND link NOT IN (SELECT id FROM link WHERE deleted <> 0)"
	           " AND seq > ?2 ORDER BY seq LIMIT %u",
	           most);
	int rc = buf_failed(&sql) ? SQLITE_NOMEM
	                          : sqlite3_prepare_v2(s->db, buf_str(&sql), -1, &stmt, NULL);
	buf_finish(&sql);
	if (rc != 0)
		return rc;
	filter_bind(stmt, &filter);
	bind_seq(stmt, 2, r->after);
	while (*ret_count < most && sqlite3_step(stmt) == SQLITE_ROW)
		ret[(*ret_count)++] =
			(struct sqlite_pick){.seq = (uint64_t)sqlite3_column_int64(stmt, 0),
		                             .link = sqlite3_column_int64(stmt, 1),
		                             .state = sqlite3_column_int(stmt, 2)};
	rc = sqlite3_reset(stmt);
	sqlite3_finalize(stmt);
	return rc;
}

static void count_for(struct store_replay *r, const struct sqlite_pick *row)
{
	size_t i = 0;

	while (i < r->link_count && r->links[i].link != row->link)
		i++;
	if (i == r->link_count) {
		r->links[i].link = row->link;
		r->links[i].count = r->links[i].dead = 0;
		r->link_count++;
	}
	r->links[i].count++;
	r->links[i].dead += row->state == STORE_DEAD || row->state == STORE_QUARANTINED;
}

int op_replay(struct sqlite_store *s, struct store_op *op)
{
	struct store_replay *r = (struct store_replay *)op;
	struct sqlite_pick *rows = s->picks[0];
	size_t count = 0;

	r->count = 0;
	r->last = r->after;
	r->link_count = 0;
	int rc = find(s, r, rows, &count);
	if (rc == 0 && count > 0)
		note_key(s, STMT_REPLAY);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		rc = change(s, STMT_REPLAY, rows[i].seq, r->now_ms);
		count_for(r, &rows[i]);
		r->last = rows[i].seq;
		r->count++;
	}
	return rc;
}

/* Changes what a query finds, at most `most`; all of it is found before the first is changed. */
static int change_found(struct sqlite_store *s, sqlite3_stmt *query, uint32_t most, enum stmt which,
                        int64_t now_ms, uint32_t *ret_count)
{
	struct sqlite_pick *rows = s->picks[0];
	uint32_t count = 0;

	while (count < most && sqlite3_step(query) == SQLITE_ROW)
		rows[count++].seq = (uint64_t)sqlite3_column_int64(query, 0);
	int rc = sqlite3_reset(query);
	for (uint32_t i = 0; rc == 0 && i < count; i++)
		rc = change(s, which, rows[i].seq, now_ms);
	*ret_count = count;
	return rc;
}

static uint32_t bounded(uint32_t most)
{
	return most < STORE_GROUP_MAX ? most : STORE_GROUP_MAX;
}

int op_expire(struct sqlite_store *s, struct store_op *op)
{
	struct store_expire *x = (struct store_expire *)op;
	sqlite3_stmt *stmt = s->stmts[STMT_EXPIRED];
	uint32_t most = bounded(x->most);

	int rc = file_waiting(s, x->link, x->since_ms, most);
	if (rc != 0)
		return rc;
	sqlite3_bind_int64(stmt, 1, x->link);
	sqlite3_bind_int64(stmt, 2, x->since_ms);
	sqlite3_bind_int64(stmt, 3, most);
	return change_found(s, stmt, most, STMT_EXPIRE, x->now_ms, &x->count);
}

int op_drop(struct sqlite_store *s, struct store_op *op)
{
	struct store_drop *d = (struct store_drop *)op;
	sqlite3_stmt *stmt = s->stmts[STMT_DROPPABLE];
	uint32_t most = bounded(d->most);

	int rc = file_deleted(s, most);
	if (rc != 0)
		return rc;
	sqlite3_bind_int64(stmt, 1, most);
	return change_found(s, stmt, most, STMT_DROP, d->now_ms, &d->count);
}
