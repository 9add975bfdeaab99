/* What each operation of a memory store does to its rows. */
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "memory_impl.h"
#include "memory_read.h"
#include "universe.h"

void memory_changed(struct memory_store *m, const struct row *row, enum store_state before)
{
	if (m->script.changed)
		m->script.changed(m->script.arg, &row->d, before);
}

static struct once_key *find_once(struct link_rows *link, const char *key)
{
	int64_t since = clock_fake.unix_ms() - DAY_MS;

	for (struct once_key **place = &link->once, *once; (once = *place);) {
		if (once->at_ms <= since) {
			*place = once->next;
			universe_free(once->key);
			universe_free(once);
		} else if (strcmp(once->key, key) == 0) {
			return once;
		} else {
			place = &once->next;
		}
	}
	return NULL;
}

static void keep_once(struct link_rows *link, const struct store_accept *accept)
{
	struct once_key *once = universe_alloc(sizeof(*once));

	once->key = universe_strdup(accept->idempotency_key);
	memcpy(once->digest, accept->digest, sizeof(once->digest));
	once->seq = accept->delivery->seq;
	once->salt = accept->delivery->salt;
	once->at_ms = accept->delivery->accepted_ms;
	once->next = link->once;
	link->once = once;
}

/* Whether the key was used before; rc says how. */
static bool is_repeated(struct link_rows *link, struct store_accept *accept)
{
	const struct once_key *once =
		accept->idempotency_key ? find_once(link, accept->idempotency_key) : NULL;

	if (!once)
		return false;
	if (memcmp(once->digest, accept->digest, sizeof(once->digest)) != 0) {
		accept->op.rc = ERR_CONFLICT;
		return true;
	}
	accept->repeated = true;
	accept->first_seq = once->seq;
	accept->first_salt = once->salt;
	return true;
}

static void do_accept(struct memory_store *m, struct store_op *op)
{
	struct store_accept *accept = container_of(op, struct store_accept, op);
	struct store_delivery d = *accept->delivery;
	struct link_rows *link = rows_link(&m->rows, d.link);

	accept->leased = accept->repeated = false;
	if (m->room != MEMORY_ROOMY) {
		op->rc = ERR_BUSY;
		return;
	}
	if (is_repeated(link, accept))
		return;
	if (accept->idempotency_key)
		keep_once(link, accept);
	accept->leased = accept->lease && !(d.ordering_key && rows_key(link, d.ordering_key));
	d.state = accept->leased ? STORE_LEASED : STORE_READY;
	d.due_ms = accept->leased ? 0 : d.accepted_ms;
	d.fence = accept->leased;
	d.since_ms = d.accepted_ms;
	d.ended_ms = 0;
	d.attempts = d.replay = d.suspect = d.status = 0;
	d.reason = NULL;
	d.duration_ms = 0;
	memory_changed(m, rows_add(&m->rows, &d), STORE_STATES);
}

static void do_settle(struct memory_store *m, struct store_op *op)
{
	struct store_settle *settle = container_of(op, struct store_settle, op);
	struct row *row = rows_find(&m->rows, settle->seq);

	if (!row || row->d.state != STORE_LEASED || row->d.fence != settle->fence) {
		op->rc = ERR_CONFLICT;
		return;
	}
	row->d.attempts = settle->attempts;
	row->d.suspect = settle->suspect;
	row->d.ended_ms = settle->state == STORE_READY ? 0 : settle->at_ms;
	if (settle->reason)
		row_set_last(row, settle->status, settle->reason, settle->duration_ms);
	if (settle->attempt)
		row_add_attempt(row, settle->attempt);
	row_move(row, settle->state, settle->state == STORE_READY ? settle->due_ms : 0);
	memory_changed(m, row, STORE_LEASED);
}

/* Leases it, unless the claim is one that is only offered and then fails. */
static bool claim_one(struct memory_store *m, struct store_claim *claim, struct row *row,
                      bool lease)
{
	struct store_delivery offered = row->d;

	offered.state = STORE_LEASED;
	offered.due_ms = 0;
	offered.fence++;
	if (!claim->take(claim, &offered))
		return false;
	claim->count++;
	if (lease) {
		row->d.fence++;
		row_move(row, STORE_LEASED, 0);
		memory_changed(m, row, STORE_READY);
	}
	return true;
}

/* The first row behind *place that its order lets go; NULL: none. */
static struct row *next_claimable(const struct link_rows *link, size_t place, bool ordered)
{
	for (; place < link->ready.count; place++) {
		struct row *row = sorted_at(&link->ready, place);
		if (!ordered || row_is_first(row))
			return row;
	}
	return NULL;
}

void memory_claim(struct memory_store *m, struct store_claim *claim, bool lease)
{
	struct link_rows *link = rows_link(&m->rows, claim->link);
	size_t bytes = 0, place = 0;
	struct row *row;

	claim->count = 0;
	while ((row = next_claimable(link, place, claim->ordered)) && claim->count < claim->most &&
	       row->d.due_ms <= claim->now_ms) {
		bytes += row->d.body_bytes;
		if ((claim->count > 0 && bytes > claim->bytes_most) ||
		    !claim_one(m, claim, row, lease))
			break;
		/* A leased row has left the order, the others keep their places. */
		place = lease ? 0 : sorted_place(&link->ready, row) + 1;
	}
	row = next_claimable(link, 0, claim->ordered);
	claim->next_due_ms = row ? row->d.due_ms : 0;
}

static void do_claim(struct memory_store *m, struct store_op *op)
{
	bool works = m->room != MEMORY_EXHAUSTED;

	if (!works)
		op->rc = ERR_BUSY;
	memory_claim(m, container_of(op, struct store_claim, op), works);
}

static void replay(struct memory_store *m, struct row *row, int64_t at_ms)
{
	enum store_state before = row->d.state;

	row->d.since_ms = at_ms;
	row->d.ended_ms = 0;
	row->d.attempts = row->d.suspect = 0;
	row->d.replay++;
	row_move(row, STORE_READY, at_ms);
	memory_changed(m, row, before);
}

static int retry_now(struct memory_store *m, struct row *row, int64_t at_ms)
{
	if (row->d.state == STORE_LEASED)
		return ERR_BUSY;
	if (row->d.state == STORE_READY) {
		row_move(row, STORE_READY, at_ms);
		memory_changed(m, row, STORE_READY);
	} else {
		replay(m, row, at_ms);
	}
	return 0;
}

static int cancel(struct memory_store *m, struct row *row, int64_t at_ms)
{
	if (row->d.state != STORE_READY)
		return row->d.state == STORE_LEASED ? ERR_BUSY : ERR_CONFLICT;
	row->d.ended_ms = at_ms;
	row_move(row, STORE_CANCELLED, 0);
	memory_changed(m, row, STORE_READY);
	return 0;
}

static void do_alter(struct memory_store *m, struct store_op *op)
{
	struct store_alter *alter = container_of(op, struct store_alter, op);
	struct row *row = rows_find(&m->rows, alter->seq);

	if (!row) {
		op->rc = ERR_NOT_FOUND;
		return;
	}
	alter->link = row->d.link;
	alter->state = row->d.state;
	op->rc = alter->verb == STORE_CANCEL ? cancel(m, row, alter->now_ms)
	                                     : retry_now(m, row, alter->now_ms);
}

static void note_link(struct store_replay *op, int64_t link, bool dead)
{
	size_t i = 0;

	while (i < op->link_count && op->links[i].link != link)
		i++;
	if (i == op->link_count) {
		op->links[i].link = link;
		op->links[i].count = op->links[i].dead = 0;
		op->link_count++;
	}
	op->links[i].count++;
	op->links[i].dead += dead;
}

static void do_replay(struct memory_store *m, struct store_op *op)
{
	struct store_replay *all = container_of(op, struct store_replay, op);
	struct row after = {.d.seq = all->after + 1};

	all->count = 0;
	all->link_count = 0;
	all->last = all->after;
	for (size_t i = sorted_place(&m->rows.all, &after);
	     i < m->rows.all.count && all->count < all->most; i++) {
		struct row *row = sorted_at(&m->rows.all, i);
		if (row->d.state == STORE_READY || row->d.state == STORE_LEASED ||
		    !memory_fits(row, all->filter))
			continue;
		note_link(all, row->d.link,
		          row->d.state == STORE_DEAD || row->d.state == STORE_QUARANTINED);
		replay(m, row, all->now_ms);
		all->last = row->d.seq;
		all->count++;
	}
}

static void do_expire(struct memory_store *m, struct store_op *op)
{
	struct store_expire *expire = container_of(op, struct store_expire, op);
	struct link_rows *link = rows_link(&m->rows, expire->link);

	expire->count = 0;
	for (size_t i = 0; i < link->open.count && expire->count < expire->most;) {
		struct row *row = sorted_at(&link->open, i);
		if (row->d.state != STORE_READY || row->d.since_ms >= expire->since_ms) {
			i++;
			continue;
		}
		row->d.ended_ms = expire->now_ms;
		row_set_last(row, row->d.status, "expired", row->d.duration_ms);
		row_move(row, STORE_DEAD, 0);
		memory_changed(m, row, STORE_READY);
		expire->count++;
	}
}

static void do_link(struct memory_store *m, struct store_op *op)
{
	struct store_link_op *link = container_of(op, struct store_link_op, op);
	const struct link_rows *row =
		rows_link_named(&m->rows, link->project, link->connection, link->environment);
	const char *reason = row->paused && row->paused_reason ? row->paused_reason : "";
	size_t most = sizeof(link->paused_reason) - 1;
	size_t bytes = strlen(reason);

	link->id = row->id;
	link->paused = row->paused;
	bytes = bytes < most ? bytes : most;
	memcpy(link->paused_reason, reason, bytes);
	link->paused_reason[bytes] = '\0';
}

static void do_pause(struct memory_store *m, struct store_op *op)
{
	const struct store_pause *pause = container_of(op, struct store_pause, op);
	struct link_rows *link = rows_link(&m->rows, pause->link);

	if (!link) {
		op->rc = ERR_NOT_FOUND;
		return;
	}
	link->paused = pause->paused;
	universe_free(link->paused_reason);
	link->paused_reason = universe_strdup(pause->paused ? pause->reason : NULL);
}

static void (*const doings[])(struct memory_store *, struct store_op *) = {
	[STORE_ACCEPT] = do_accept, [STORE_SETTLE] = do_settle, [STORE_CLAIM] = do_claim,
	[STORE_ALTER] = do_alter,   [STORE_REPLAY] = do_replay, [STORE_EXPIRE] = do_expire,
	[STORE_LINK] = do_link,     [STORE_PAUSE] = do_pause,
};

void memory_carry_out(struct memory_store *m, struct store_op *op)
{
	op->rc = 0;
	m->stats.operations++;
	/* Tokens and the audit trail are nothing that dispatch knows of. */
	if (op->kind < sizeof(doings) / sizeof(doings[0]))
		doings[op->kind](m, op);
	else
		op->rc = ERR_FAILED;
}

void memory_recover(struct memory_store *m, const uint64_t *suspects, size_t count,
                    struct store_recovery *ret)
{
	int64_t now = clock_fake.unix_ms();
	struct store_recovery found = {.seq_most = m->rows.seq_most};

	for (size_t i = 0; i < m->rows.all.count; i++) {
		struct row *row = sorted_at(&m->rows.all, i);
		if (row->d.state != STORE_LEASED)
			continue;
		bool suspect = false;
		for (size_t k = 0; k < count && !suspect; k++)
			suspect = suspects[k] == row->d.seq;
		bool deadly = suspect && row->d.suspect >= 2;
		row->d.attempts += suspect;
		row->d.suspect += suspect;
		row->d.ended_ms = deadly ? now : 0;
		row_move(row, deadly ? STORE_QUARANTINED : STORE_READY, deadly ? 0 : now);
		memory_changed(m, row, STORE_LEASED);
		found.released++;
		found.suspects += suspect;
		found.quarantined += deadly;
	}
	*ret = found;
}
