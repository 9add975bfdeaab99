/*
 * Pruning: what has ended is kept for a time, then deleted, in small steps while nothing else is to do.
 *
 * No index knows when a delivery ended, for that would cost every one of them.  A sweep passes over
 * the rows in the order of acceptance, once, as they come of age: what has ended long enough ago is
 * deleted; what is left gets a mark, and with it a place in delivery_old, which is in order of the
 * end.  The sweep never goes back, and never reaches the last row, which tells the greatest number.
 *
 * When the store takes nine tenths of what it may, the same is done without regard to age.
 */
#include "base/banned.h"
#include "base/clock.h"
#include "store/sqlite_impl.h"

enum {
	PRUNE_PRESSED_MS = 1000, /* between passes while there is too much */
	PRUNE_BUSY_MS = 100,     /* between steps while there is other work */
	SWEEP_BEHIND_MS = 60000, /* the sweep stays behind what is being accepted */
};

enum phase { PHASE_KEYS, PHASE_OLD, PHASE_SWEEP, PHASES };

static int64_t keep_ms(const struct sqlite_store *s, enum store_state state)
{
	bool is_dead = state == STORE_DEAD || state == STORE_QUARANTINED;
	int64_t set = is_dead ? s->options.dead_keep_ms : s->options.done_keep_ms;

	return set ? set : (is_dead ? 30 : 7) * DAY_MS;
}

bool prune_is_pressed(const struct sqlite_store *s)
{
	uint64_t most = (uint64_t)s->options.state_max_bytes;

	return s->options.state_max_bytes > 0 && s->data_bytes > most / 10 * 9;
}

static int note_bytes(struct sqlite_store *s, uint64_t seq)
{
	sqlite3_stmt *stmt = s->stmts[STMT_BODY_BYTES];
	int found;

	bind_seq(stmt, 1, seq);
	int rc = stmt_first(stmt, &found);
	if (rc == 0 && found)
		s->pruned_bytes += (uint64_t)sqlite3_column_int64(stmt, 0);
	sqlite3_reset(stmt);
	return rc;
}

static int delete_row(struct sqlite_store *s, uint64_t seq)
{
	static const enum stmt steps[] = {STMT_DELETE_DELIVERY, STMT_DELETE_PAYLOAD,
	                                  STMT_DELETE_ATTEMPTS};

	int rc = note_bytes(s, seq);
	for (unsigned i = 0; rc == 0 && i < sizeof(steps) / sizeof(steps[0]); i++) {
		bind_seq(s->stmts[steps[i]], 1, seq);
		rc = stmt_run(s->stmts[steps[i]]);
	}
	s->pruned_now++;
	return rc;
}

static int prune_keys(struct sqlite_store *s, int64_t now_ms, bool *ret_more)
{
	sqlite3_stmt *stmt = s->stmts[STMT_PRUNE_KEYS];

	sqlite3_bind_int64(stmt, 1, now_ms - DAY_MS);
	sqlite3_bind_int(stmt, 2, PRUNE_STEP);
	int rc = stmt_run(stmt);
	*ret_more = sqlite3_changes(s->db) == PRUNE_STEP;
	return rc;
}

static int prune_old(struct sqlite_store *s, int64_t now_ms, bool *ret_more)
{
	sqlite3_stmt *stmt = s->stmts[STMT_PRUNE_OLD];
	uint64_t seqs[PRUNE_STEP];
	int count = 0;

	bool all = prune_is_pressed(s);
	sqlite3_bind_int64(stmt, 1, all ? INT64_MAX : now_ms - keep_ms(s, STORE_DONE));
	sqlite3_bind_int64(stmt, 2, all ? INT64_MAX : now_ms - keep_ms(s, STORE_DEAD));
	sqlite3_bind_int(stmt, 3, PRUNE_STEP);
	while (count < PRUNE_STEP && sqlite3_step(stmt) == SQLITE_ROW)
		seqs[count++] = (uint64_t)sqlite3_column_int64(stmt, 0);
	int rc = sqlite3_reset(stmt);
	int i = 0;
	for (; rc == 0 && i < count && s->pruned_bytes < PRUNE_STEP_BYTES; i++)
		rc = delete_row(s, seqs[i]);
	*ret_more = i < count || count == PRUNE_STEP;
	return rc;
}

struct swept {
	uint64_t seq;
	bool goes;
};

/* What the sweep comes to next.  *ret_count < PRUNE_STEP: then it is too young. */
static int look(struct sqlite_store *s, int64_t now_ms, struct swept *ret, int *ret_count)
{
	sqlite3_stmt *stmt = s->stmts[STMT_SWEEP];
	bool all = prune_is_pressed(s);
	int64_t least = keep_ms(s, STORE_DONE), dead = keep_ms(s, STORE_DEAD);

	if (dead < least)
		least = dead;
	int64_t young_ms = now_ms - (all || least < SWEEP_BEHIND_MS ? SWEEP_BEHIND_MS : least);
	bind_seq(stmt, 1, s->sweep);
	sqlite3_bind_int(stmt, 2, PRUNE_STEP);
	while (*ret_count < PRUNE_STEP && sqlite3_step(stmt) == SQLITE_ROW) {
		enum store_state state = (enum store_state)sqlite3_column_int(stmt, 1);
		if (sqlite3_column_int64(stmt, 2) > young_ms)
			break;
		bool ended = state != STORE_READY && state != STORE_LEASED;
		int64_t age_ms = now_ms - sqlite3_column_int64(stmt, 3);
		ret[(*ret_count)++] =
			(struct swept){.seq = (uint64_t)sqlite3_column_int64(stmt, 0),
		                       .goes = ended && (all || age_ms >= keep_ms(s, state))};
	}
	return sqlite3_reset(stmt);
}

static int sweep(struct sqlite_store *s, int64_t now_ms, bool *ret_more)
{
	sqlite3_stmt *mark = s->stmts[STMT_MARK_OLD];
	struct swept rows[PRUNE_STEP];
	int count = 0, i = 0;

	int rc = look(s, now_ms, rows, &count);
	for (; rc == 0 && i < count && s->pruned_bytes < PRUNE_STEP_BYTES; i++) {
		if (rows[i].goes) {
			rc = delete_row(s, rows[i].seq);
		} else {
			bind_seq(mark, 1, rows[i].seq);
			rc = stmt_run(mark);
		}
		s->sweep_next = rows[i].seq;
	}
	*ret_more = i < count || count == PRUNE_STEP;
	return rc;
}

static int (*const phases[PHASES])(struct sqlite_store *s, int64_t now_ms, bool *ret_more) = {
	[PHASE_KEYS] = prune_keys,
	[PHASE_OLD] = prune_old,
	[PHASE_SWEEP] = sweep,
};

static void end_step(struct sqlite_store *s, bool more)
{
	bool was_pressed = s->prune_pressed;

	s->prune_pressed = prune_is_pressed(s);
	/* No longer than the pressure lasts: what is not of age stays. */
	if (was_pressed && !s->prune_pressed)
		more = false;
	if (more)
		return;
	s->prune_phase = (s->prune_phase + 1) % PHASES;
	if (s->prune_phase == 0)
		s->prune_ended_ms = s->clock->mono_ms();
}

static bool step(struct sqlite_store *s)
{
	bool more = false;

	s->prune_pressed = prune_is_pressed(s);
	int rc = group_begin(s);
	if (rc == 0)
		rc = phases[s->prune_phase](s, s->clock->unix_ms(), &more);
	switch (group_end(s, rc)) {
	case GROUP_COMMITTED:
		end_step(s, more);
		return s->prune_phase != 0;
	case GROUP_NO_ROOM:
		space_release(s);
		s->prune_phase = 0;
		s->prune_ended_ms = s->clock->mono_ms();
		return false;
	default:
		group_fail(s, s->rc, s->why);
		return false;
	}
}

int64_t prune_due_ms(const struct sqlite_store *s)
{
	if (s->prune_phase != 0)
		return INT64_MIN;
	return s->prune_ended_ms + (prune_is_pressed(s) ? PRUNE_PRESSED_MS : PRUNE_EVERY_MS);
}

bool prune(struct sqlite_store *s, bool idle)
{
	int64_t now_ms = s->clock->mono_ms();

	/* Under load too, or it might never come to it; but seldom. */
	if (s->held || prune_due_ms(s) > now_ms ||
	    (!idle && now_ms - s->prune_step_ms < PRUNE_BUSY_MS))
		return false;
	s->prune_step_ms = now_ms;
	return step(s);
}
