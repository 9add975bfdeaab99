/* The start: the leases of the process before, which has died, are released. */
#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/sqlite_impl.h"

enum { SUSPECT_MOST = 2 }; /* so often it may be suspect and is sent again, alone */

static int add_attempt(struct sqlite_store *s, uint64_t seq, int64_t replay, int64_t number,
                       const char *outcome, int64_t now_ms)
{
	sqlite3_stmt *stmt = s->stmts[STMT_ADD_ATTEMPT];

	sqlite3_clear_bindings(stmt);
	bind_seq(stmt, 1, seq);
	sqlite3_bind_int64(stmt, 2, replay);
	sqlite3_bind_int64(stmt, 3, number);
	sqlite3_bind_int64(stmt, 4, now_ms);
	sqlite3_bind_int64(stmt, 5, 0);
	sqlite3_bind_int64(stmt, 6, 0);
	bind_text(stmt, 7, outcome);
	bind_text(stmt, 8, "host_died");
	return stmt_run(stmt);
}

static int quarantine(struct sqlite_store *s, uint64_t seq, int64_t now_ms)
{
	sqlite3_stmt *stmt = s->stmts[STMT_SUSPECT_QUARANTINE];

	bind_seq(stmt, 1, seq);
	sqlite3_bind_int64(stmt, 2, now_ms);
	int rc = stmt_run(stmt);
	return rc == 0 ? order_refresh_of(s, seq) : rc;
}

/* One that was submitted when the host died, if it is still leased. */
static int suspect(struct sqlite_store *s, uint64_t seq, int64_t now_ms,
                   struct store_recovery *found)
{
	sqlite3_stmt *stmt = s->stmts[STMT_SUSPECT];
	int any;

	bind_seq(stmt, 1, seq);
	int rc = stmt_first(stmt, &any);
	if (rc != 0 || !any)
		return rc;
	int64_t times = sqlite3_column_int64(stmt, 0);
	int64_t attempts = sqlite3_column_int64(stmt, 1), replay = sqlite3_column_int64(stmt, 2);
	rc = sqlite3_reset(stmt);
	bool ends = times > SUSPECT_MOST;
	if (rc == 0)
		rc = add_attempt(s, seq, replay, attempts, ends ? "quarantined" : "retry", now_ms);
	if (rc == 0 && ends)
		rc = quarantine(s, seq, now_ms);
	found->suspects++;
	found->released += ends; /* the others are counted with all that is leased */
	found->quarantined += ends;
	return rc;
}

struct seqs {
	uint64_t *items;
	size_t count, cap;
};

static int add(struct seqs *l, uint64_t seq)
{
	if (l->count == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 256;
		uint64_t *items = mem_resize(l->items, cap, sizeof(*items));
		if (!items)
			return SQLITE_NOMEM;
		l->items = items;
		l->cap = cap;
	}
	l->items[l->count++] = seq;
	return 0;
}

/* What is leased, or waited in the memory of the process before; *ret_count: how many are leased. */
static int find_leased(struct sqlite_store *s, struct seqs *leased, uint64_t *ret_count)
{
	sqlite3_stmt *stmt = s->stmts[STMT_LEASED];
	int rc = 0;

	bind_seq(stmt, 1, s->watermark);
	while (rc == 0 && sqlite3_step(stmt) == SQLITE_ROW) {
		rc = add(leased, (uint64_t)sqlite3_column_int64(stmt, 0));
		*ret_count += sqlite3_column_int(stmt, 1) == STORE_LEASED;
	}
	int ended = sqlite3_reset(stmt);
	return rc ? rc : ended;
}

static int release(struct sqlite_store *s, uint64_t seq)
{
	sqlite3_stmt *stmt = s->stmts[STMT_RELEASE];

	bind_seq(stmt, 1, seq);
	int rc = stmt_run(stmt);
	return rc == 0 ? order_refresh_of(s, seq) : rc;
}

static int find_most(struct sqlite_store *s, uint64_t *ret)
{
	sqlite3_stmt *stmt = s->stmts[STMT_SEQ_MOST];
	int found;

	int rc = stmt_first(stmt, &found);
	if (rc != 0)
		return rc;
	*ret = (uint64_t)sqlite3_column_int64(stmt, 0);
	sqlite3_reset(stmt);
	return 0;
}

int op_recover(struct sqlite_store *s, struct store_op *op)
{
	struct sqlite_recover *r = (struct sqlite_recover *)op;
	int64_t now_ms = s->clock->unix_ms();
	struct seqs leased = {0};
	int rc = 0;

	r->found = (struct store_recovery){0};
	for (size_t i = 0; rc == 0 && i < r->count; i++)
		rc = suspect(s, r->suspects[i], now_ms, &r->found);
	if (rc == 0)
		rc = find_leased(s, &leased, &r->found.released);
	for (size_t i = 0; rc == 0 && i < leased.count; i++)
		rc = release(s, leased.items[i]);
	mem_free(leased.items);
	/* Nothing is leased now, and no queue of a deleted connection will be there: what has
	 * nothing that is open has nothing for good. */
	if (rc == 0)
		rc = stmt_run(s->stmts[STMT_DROPPED]);
	if (rc == 0)
		rc = find_most(s, &r->found.seq_most);
	/* The watermark goes up with the first transaction after this one. */
	s->accepts_unsaved = FRESH_SAVE_ROWS;
	if (s->seq_seen < r->found.seq_most)
		s->seq_seen = r->found.seq_most;
	return rc;
}
