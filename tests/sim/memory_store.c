/* A store in memory: the queue of operations, its commits, and what each operation does. */
#include "memory_store.h"

#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "memory_impl.h"
#include "memory_read.h"
#include "universe.h"

enum { DONE_KEEP_DAYS = 7, DEAD_KEEP_DAYS = 30, PRUNE_EVERY_MS = 60000 };

static struct memory_store *store_of(struct store *store)
{
	return container_of(store, struct memory_store, face);
}

static int64_t now_ms(struct store *store)
{
	(void)store;
	return clock_fake.unix_ms();
}

/* Takes the first operations out of the queue; the chain ends with NULL. */
static struct store_op *take_out(struct memory_store *m, size_t count)
{
	struct store_op *first = m->first, **end = &first;

	for (size_t i = 0; i < count; i++)
		end = &(*end)->next;
	m->first = *end;
	*end = NULL;
	if (!m->first)
		m->end = &m->first;
	m->queued -= count;
	return first;
}

/* Without room a settlement goes back to where it was, in its order, and is not answered. */
static bool must_wait(const struct memory_store *m, const struct store_op *op)
{
	return m->room == MEMORY_EXHAUSTED && op->kind == STORE_SETTLE && !m->failed;
}

static void put_back(struct memory_store *m, struct store_op *first, struct store_op **end,
                     size_t count)
{
	if (!first)
		return;
	*end = m->first;
	if (m->end == &m->first)
		m->end = end;
	m->first = first;
	m->queued += count;
}

static void fail_claim(struct memory_store *m, struct store_op *op)
{
	if (op->kind == STORE_CLAIM && !m->failed)
		memory_claim(m, container_of(op, struct store_claim, op), false);
	op->rc = ERR_IO;
}

static void commit(struct memory_store *m, size_t count)
{
	struct store_op *first = take_out(m, count), *op;
	struct store_op *waits = NULL, **waits_end = &waits, *done = NULL, **done_end = &done;
	size_t waiting = 0;

	m->committing = true;
	m->stats.commits++;
	while ((op = first)) {
		first = op->next;
		op->next = NULL;
		if (must_wait(m, op)) {
			*waits_end = op;
			waits_end = &op->next;
			waiting++;
			continue;
		}
		if (!m->failed && (!m->failing || m->kept))
			memory_carry_out(m, op);
		if (m->failing || m->failed)
			fail_claim(m, op);
		*done_end = op;
		done_end = &op->next;
	}
	m->failed = m->failed || m->failing;
	put_back(m, waits, waits_end, waiting);
	while ((op = done)) {
		done = op->next;
		op->next = NULL;
		op->done(op);
	}
	m->committing = false;
}

static void prune(struct memory_store *m)
{
	int64_t now = now_ms(&m->face), done_ms = m->script.done_keep_ms,
		dead_ms = m->script.dead_keep_ms;

	if (now < m->pruned_ms + PRUNE_EVERY_MS)
		return;
	m->pruned_ms = now;
	done_ms = now - (done_ms ? done_ms : DONE_KEEP_DAYS * DAY_MS);
	dead_ms = now - (dead_ms ? dead_ms : DEAD_KEEP_DAYS * DAY_MS);
	for (size_t i = 0; i < m->rows.all.count;) {
		struct row *row = sorted_at(&m->rows.all, i);
		bool dead = row->d.state == STORE_DEAD || row->d.state == STORE_QUARANTINED;
		if (row->d.ended_ms == 0 || row->d.ended_ms >= (dead ? dead_ms : done_ms)) {
			i++;
			continue;
		}
		if (m->script.pruned)
			m->script.pruned(m->script.arg, &row->d);
		rows_remove(&m->rows, row);
		m->stats.pruned++;
	}
}

/* With the reserve used up the settlements at the head of the queue cannot go, and are no work. */
static size_t workable(const struct memory_store *m)
{
	const struct store_op *op = m->first;

	while (op && must_wait(m, op))
		op = op->next;
	return op ? m->queued : 0;
}

static void begin_group(struct memory_store *m)
{
	size_t count = workable(m);

	m->group = count < STORE_GROUP_MAX ? count : STORE_GROUP_MAX;
	if (m->group > 0)
		m->commit_ms =
			clock_fake.mono_ms() +
			(m->script.latency_ms ? m->script.latency_ms(m->script.arg, m->group) : 0);
}

bool memory_store_turn(struct memory_store *m)
{
	bool worked = false;

	if (m->group == 0)
		begin_group(m);
	while (m->group > 0 && m->commit_ms <= clock_fake.mono_ms()) {
		commit(m, m->group);
		worked = true;
		begin_group(m);
	}
	prune(m);
	return worked;
}

int64_t memory_store_next_ms(const struct memory_store *m)
{
	if (m->group > 0)
		return m->commit_ms;
	return workable(m) ? clock_fake.mono_ms() : -1;
}

static void commit_all(struct memory_store *m)
{
	while (workable(m))
		commit(m, m->queued < STORE_GROUP_MAX ? m->queued : STORE_GROUP_MAX);
	m->group = 0;
}

static void post(struct store *store, struct store_op *first)
{
	struct memory_store *m = store_of(store);

	*m->end = first;
	for (; *m->end; m->end = &(*m->end)->next)
		m->queued++;
	/* What done() posts is met by the loop that called it. */
	if (m->at_once && !m->committing)
		commit_all(m);
}

static void forget_queue(struct memory_store *m)
{
	m->first = NULL;
	m->end = &m->first;
	m->queued = m->group = 0;
	m->committing = m->at_once = m->failing = m->failed = false;
}

void memory_store_crash(struct memory_store *m, size_t survive)
{
	struct store_op *op = m->first;

	for (size_t i = 0; op && i < survive && !m->failed; i++, op = op->next)
		if (!must_wait(m, op))
			memory_carry_out(m, op);
	forget_queue(m);
}

/* After a failure nothing waits for room any more: everything is answered. */
static void close_store(struct store *store)
{
	struct memory_store *m = store_of(store);

	m->room = MEMORY_ROOMY;
	commit_all(m);
	forget_queue(m);
}

static int recover(struct store *store, const uint64_t *suspects, size_t count,
                   struct store_recovery *ret, struct err *e)
{
	(void)e;
	memory_recover(store_of(store), suspects, count, ret);
	return 0;
}

static void stats(struct store *store, struct store_stats *ret)
{
	const struct memory_store *m = store_of(store);

	*ret = m->stats;
	ret->queued = m->queued;
	ret->full = m->room != MEMORY_ROOMY;
	ret->size_bytes = m->rows.all.count * 1024;
	ret->disk_free_bytes = ret->full ? 0 : (uint64_t)1 << 30;
}

static int each_link(struct store *store, void (*each)(void *arg, const struct store_link *),
                     void *arg, struct err *e)
{
	return memory_links(&store_of(store)->rows, each, arg, e);
}

static int list_rows(struct store *store, const struct store_filter *filter, uint64_t from,
                     bool ascending, uint32_t most,
                     void (*each)(void *arg, const struct store_delivery *), void *arg,
                     struct err *e)
{
	return memory_list(&store_of(store)->rows, filter, from, ascending, most, each, arg, e);
}

static int count_rows(struct store *store, const struct store_filter *filter, uint64_t *ret,
                      struct err *e)
{
	return memory_count(&store_of(store)->rows, filter, ret, e);
}

static int get_row(struct store *store, uint64_t seq,
                   void (*delivery)(void *arg, const struct store_delivery *),
                   void (*attempt)(void *arg, const struct store_attempt *), void *arg,
                   struct err *e)
{
	return memory_get(&store_of(store)->rows, seq, delivery, attempt, arg, e);
}

static const struct store_api api = {
	.close = close_store,
	.now_ms = now_ms,
	.post = post,
	.recover = recover,
	.links = each_link,
	.list = list_rows,
	.count = count_rows,
	.get = get_row,
	.stats = stats,
};

struct memory_store *memory_store_create(const struct memory_script *script)
{
	struct memory_store *m = universe_alloc(sizeof(*m));

	m->face.api = &api;
	if (script)
		m->script = *script;
	rows_init(&m->rows);
	forget_queue(m);
	return m;
}

void memory_store_destroy(struct memory_store *m)
{
	rows_finish(&m->rows);
	universe_free(m);
}

struct store *memory_store_face(struct memory_store *m)
{
	return &m->face;
}

size_t memory_store_queued(const struct memory_store *m)
{
	return m->queued;
}

void memory_store_set_room(struct memory_store *m, enum memory_room room)
{
	m->room = room;
}

bool memory_store_is_short(const struct memory_store *m)
{
	return m->queued > 0 && !workable(m);
}

void memory_store_fail(struct memory_store *m, bool kept)
{
	m->failing = true;
	m->kept = kept;
}

void memory_store_at_once(struct memory_store *m, bool at_once)
{
	m->at_once = at_once;
	if (at_once && !m->committing)
		commit_all(m);
}

const struct store_delivery *memory_store_row(const struct memory_store *m, uint64_t seq)
{
	const struct row *row = rows_find(&m->rows, seq);

	return row ? &row->d : NULL;
}

bool memory_store_paused(const struct memory_store *m, int64_t link)
{
	const struct link_rows *rows = rows_link(&m->rows, link);

	return rows && rows->paused;
}

const struct store_delivery *memory_store_earlier(const struct memory_store *m, int64_t link,
                                                  const char *key, uint64_t seq)
{
	struct link_rows *rows = rows_link(&m->rows, link);
	const struct key_rows *open = rows ? rows_key(rows, key) : NULL;
	const struct row *first = open ? sorted_at(&open->open, 0) : NULL;

	return first && first->d.seq < seq ? &first->d : NULL;
}

size_t memory_store_due(const struct memory_store *m, int64_t link, int64_t now, bool ordered,
                        int64_t *ret_due_ms)
{
	const struct link_rows *rows = rows_link(&m->rows, link);
	size_t count = 0;

	*ret_due_ms = 0;
	for (size_t i = 0; rows && i < rows->ready.count; i++) {
		const struct row *row = sorted_at(&rows->ready, i);
		if (row->d.due_ms > now)
			break;
		if (ordered && !row_is_first(row))
			continue;
		if (count++ == 0)
			*ret_due_ms = row->d.due_ms;
	}
	return count;
}
