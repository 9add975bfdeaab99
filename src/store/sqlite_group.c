/*
 * A group: what was queued when the writer was free, as one transaction; and what the end of a
 * transaction means.
 *
 *	committed      each operation is answered with what it found
 *	no room        rolled back; the reserve is given up, and it is done again without what adds;
 *	               if that has no room either, settlements are held until there is some
 *	anything else  whether it was committed is not known: ERR_IO, and the store has failed
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "store/sqlite_impl.h"

static int (*const deeds[SQLITE_OP_KINDS])(struct sqlite_store *s, struct store_op *op) = {
	[STORE_ACCEPT] = op_accept,
	[STORE_SETTLE] = op_settle,
	[STORE_CLAIM] = op_claim,
	[STORE_ALTER] = op_alter,
	[STORE_REPLAY] = op_replay,
	[STORE_EXPIRE] = op_expire,
	[STORE_LINK] = op_link,
	[STORE_PAUSE] = op_pause,
	[SQLITE_RECOVER] = op_recover,
	[STORE_TOKEN_ADD] = op_token_add,
	[STORE_TOKEN_REMOVE] = op_token_remove,
	[STORE_TOKEN_USED] = op_token_used,
	[STORE_CHANGE] = op_change,
	[STORE_JOURNAL_DONE] = op_journal_done,
	[STORE_DROP] = op_drop,
	[STORE_NOTE] = op_note,
};

/*
 * Transactions
 */
int group_begin(struct sqlite_store *s)
{
	fresh_lock(&s->fresh);
	s->watermark_next = fresh_least(&s->fresh);
	fresh_unlock(&s->fresh);
	s->sweep_next = s->sweep;
	s->audit_end_next = s->audit_end;
	s->pruned_now = s->pruned_bytes = 0;
	return stmt_run(s->stmts[STMT_BEGIN]);
}

static int save_meta(struct sqlite_store *s, const char *name, uint64_t value)
{
	sqlite3_stmt *stmt = s->stmts[STMT_META_SET];

	bind_text(stmt, 1, name);
	bind_seq(stmt, 2, value);
	return stmt_run(stmt);
}

/* Must go down with a lease below it, in the same transaction; goes up when that is worth a page. */
static int save_watermark(struct sqlite_store *s)
{
	uint64_t next = s->watermark_next <= s->seq_seen ? s->watermark_next : s->seq_seen + 1;
	bool is_time =
		s->accepts_unsaved >= FRESH_SAVE_ROWS ||
		(s->accepts_unsaved > 0 && s->clock->mono_ms() - s->watermark_ms >= FRESH_SAVE_MS);

	s->watermark_next = s->watermark;
	if (next >= s->watermark && (!s->recovered || !is_time))
		return 0;
	s->watermark_next = next;
	return next != s->watermark ? save_meta(s, "watermark", next) : 0;
}

static int save_sweep(struct sqlite_store *s)
{
	return s->sweep_next != s->sweep ? save_meta(s, "sweep", s->sweep_next) : 0;
}

/* The clock service counts milliseconds; many a commit takes less. */
static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static int commit(struct sqlite_store *s)
{
	uint64_t start = now_us();
	int rc = stmt_run(s->stmts[STMT_COMMIT]);

	if (rc != 0)
		return rc;
	uint64_t took = now_us() - start;
	pthread_mutex_lock(&s->lock);
	s->stats.commits++;
	s->stats.commit_us += took;
	s->stats.commit_times.counts[histogram_bucket(&histogram_commits, took)]++;
	s->stats.commit_times.sum_us += took;
	if (took > s->stats.commit_us_max)
		s->stats.commit_us_max = took;
	s->stats.pruned += s->pruned_now;
	pthread_mutex_unlock(&s->lock);
	return 0;
}

static void note_added(void *arg, uint64_t seq, int64_t link)
{
	fresh_add(arg, seq, link, true);
}

static void note_taken(void *arg, uint64_t seq, bool leased)
{
	if (leased)
		fresh_lease(arg, seq);
	else
		fresh_remove(arg, seq);
}

static void note_committed(struct sqlite_store *s)
{
	const struct backlog_told told = {note_added, note_taken, &s->fresh};

	fresh_lock(&s->fresh);
	backlog_commit(&s->backlog, &told);
	fresh_unlock(&s->fresh);
	if (s->watermark_next != s->watermark) {
		s->watermark = s->watermark_next;
		s->accepts_unsaved = 0;
		s->watermark_ms = s->clock->mono_ms();
	}
	s->sweep = s->sweep_next;
	s->audit_end = s->audit_end_next;
	upkeep_show_size(s);
}

/* Only what writes: an fsync that found no room has lost data, and is not asked again. */
static bool is_full(struct sqlite_store *s, int rc)
{
	int reason = sqlite3_system_errno(s->db);

	switch (rc) {
	case SQLITE_IOERR_WRITE:
	case SQLITE_IOERR_TRUNCATE:
	case SQLITE_IOERR_SHMSIZE:
	case SQLITE_IOERR_SHMOPEN:
		return reason == ENOSPC || reason == EDQUOT;
	default:
		return (rc & 0xff) == SQLITE_FULL || (rc & 0xff) == SQLITE_NOMEM;
	}
}

enum group_end group_judge(struct sqlite_store *s, int rc)
{
	s->rc = rc;
	snprintf(s->why, sizeof(s->why), "%s (SQLite's code %d)", sqlite3_errmsg(s->db), rc);
	return is_full(s, rc) ? GROUP_NO_ROOM : GROUP_FAILED;
}

enum group_end group_end(struct sqlite_store *s, int rc)
{
	if (rc == 0)
		rc = save_watermark(s);
	if (rc == 0)
		rc = save_sweep(s);
	if (rc == 0)
		rc = audit_save(s);
	if (rc == 0)
		rc = upkeep_note_size(s);
	if (rc == 0)
		rc = commit(s);
	if (rc == 0) {
		note_committed(s);
		return GROUP_COMMITTED;
	}
	enum group_end end = group_judge(s, rc);
	backlog_roll_back(&s->backlog);
	/* SQLite has often rolled back already; then there is nothing to do. */
	if (!sqlite3_get_autocommit(s->db) && stmt_run(s->stmts[STMT_ROLLBACK]) != 0)
		end = GROUP_FAILED;
	return end;
}

void group_fail(struct sqlite_store *s, int rc, const char *why)
{
	if (s->failed)
		return;
	s->failed = true;
	if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB)
		damage_mark(s, why);
	if (s->options.failed)
		s->options.failed(s->options.arg, why);
}

/*
 * Groups
 */
static void note_op(struct sqlite_store *s, const struct store_op *op)
{
	const struct store_accept *a = (const struct store_accept *)op;
	const struct store_settle *t = (const struct store_settle *)op;

	if (op->rc != 0)
		return;
	if (op->kind == STORE_ACCEPT && a->leased)
		fresh_add(&s->fresh, a->delivery->seq, a->delivery->link, false);
	else if (op->kind == STORE_SETTLE)
		fresh_remove(&s->fresh, t->seq);
	else if (op->kind == STORE_ALTER)
		fresh_remove(&s->fresh, ((const struct store_alter *)op)->seq);
	else if (op->kind == (enum store_op_kind)SQLITE_RECOVER)
		s->recovered = true;
}

static int carry_out(struct sqlite_store *s, struct store_op *op)
{
	int rc = deeds[op->kind](s, op);

	return rc == 0 && op->rc == 0 && op->audit ? audit_add(s, op->audit) : rc;
}

/* Carries out those whose rc is 0. */
static enum group_end transact(struct sqlite_store *s, struct store_op *first)
{
	int rc = group_begin(s);

	for (struct store_op *op = first; rc == 0 && op; op = op->next)
		if (op->rc == 0)
			rc = carry_out(s, op);
	enum group_end end = group_end(s, rc);
	if (end != GROUP_COMMITTED)
		return end;
	fresh_lock(&s->fresh);
	for (const struct store_op *op = first; op; op = op->next)
		note_op(s, op);
	fresh_unlock(&s->fresh);
	return end;
}

static void answer(struct sqlite_store *s, struct store_op *first)
{
	uint64_t count = 0;

	for (const struct store_op *op = first; op; op = op->next)
		count++;
	pthread_mutex_lock(&s->lock);
	s->stats.operations += count;
	s->stats.queued -= count;
	pthread_mutex_unlock(&s->lock);
	for (struct store_op *op = first, *next; op; op = next) {
		next = op->next;
		op->done(op);
	}
}

static void answer_all(struct sqlite_store *s, struct store_op *first, int rc)
{
	for (struct store_op *op = first; op; op = op->next)
		op->rc = rc;
	answer(s, first);
}

/* How much is left out, from one try to the next.  A change of the catalogue counts as an accept. */
enum thrift { NOTHING, ACCEPTS, ALL_BUT_SETTLEMENTS };

static bool is_left_out(const struct store_op *op, enum thrift thrift)
{
	switch (op->kind) {
	case STORE_SETTLE:
		return false;
	case STORE_ACCEPT:
	case STORE_CHANGE:
		return thrift >= ACCEPTS;
	case STORE_CLAIM:
		/* What a claim gave away in a transaction that was rolled back is not given twice. */
		if (thrift == ACCEPTS)
			return ((const struct store_claim *)op)->count > 0;
		return thrift > ACCEPTS;
	default:
		return thrift >= ALL_BUT_SETTLEMENTS;
	}
}

/* Sets rc to 0 for what is to be carried out.  False: there is nothing. */
static bool choose(struct store_op *first, enum thrift thrift)
{
	bool any = false;

	for (struct store_op *op = first; op; op = op->next) {
		op->rc = is_left_out(op, thrift) ? ERR_BUSY : 0;
		any = any || op->rc == 0;
	}
	return any;
}

/* Answers all but settlements, and keeps those. */
static void hold(struct sqlite_store *s, struct store_op *first)
{
	struct store_op *rest = NULL, **rest_end = &rest;

	for (struct store_op *op = first, *next; op; op = next) {
		next = op->next;
		op->next = NULL;
		struct store_op ***end = op->kind == STORE_SETTLE ? &s->held_end : &rest_end;
		**end = op;
		*end = &op->next;
	}
	answer_all(s, rest, ERR_BUSY);
}

static void clear_counts(struct store_op *first)
{
	for (struct store_op *op = first; op; op = op->next)
		if (op->kind == STORE_CLAIM)
			((struct store_claim *)op)->count = 0;
}

void group_run(struct sqlite_store *s, struct store_op *first)
{
	enum group_end end = GROUP_NO_ROOM;
	enum thrift thrift = s->full ? ACCEPTS : NOTHING;

	if (s->failed) {
		answer_all(s, first, ERR_IO);
		return;
	}
	clear_counts(first);
	for (; !s->held && end == GROUP_NO_ROOM && thrift < ALL_BUT_SETTLEMENTS; thrift++) {
		end = choose(first, thrift) ? transact(s, first) : GROUP_COMMITTED;
		if (end == GROUP_NO_ROOM)
			space_release(s);
	}
	if (end == GROUP_COMMITTED) {
		answer(s, first);
	} else if (end == GROUP_NO_ROOM) {
		hold(s, first);
	} else {
		answer_all(s, first, ERR_IO);
		group_fail(s, s->rc, s->why);
	}
}

/* Takes at most STORE_GROUP_MAX of what is held. */
static struct store_op *take_held(struct sqlite_store *s)
{
	struct store_op *first = s->held, *last = first;

	for (int i = 1; i < STORE_GROUP_MAX && last->next; i++)
		last = last->next;
	s->held = last->next;
	if (!s->held)
		s->held_end = &s->held;
	last->next = NULL;
	return first;
}

/* Puts back what was taken, before the rest. */
static void put_back(struct sqlite_store *s, struct store_op *first)
{
	struct store_op *last = first;

	while (last->next)
		last = last->next;
	last->next = s->held;
	if (!s->held)
		s->held_end = &last->next;
	s->held = first;
}

void group_run_held(struct sqlite_store *s)
{
	enum group_end end = GROUP_COMMITTED;

	while (s->held && end == GROUP_COMMITTED) {
		struct store_op *first = take_held(s);
		choose(first, ALL_BUT_SETTLEMENTS);
		end = s->failed ? GROUP_FAILED : transact(s, first);
		if (end == GROUP_COMMITTED)
			answer(s, first);
		else
			put_back(s, first);
	}
	if (end == GROUP_FAILED) {
		group_drop_held(s);
		group_fail(s, s->rc, s->why);
	}
}

void group_drop_held(struct sqlite_store *s)
{
	struct store_op *first = s->held;

	s->held = NULL;
	s->held_end = &s->held;
	answer_all(s, first, ERR_IO);
}
