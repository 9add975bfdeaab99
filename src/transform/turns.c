/* Queues by program, in a table of lists. */
#include "transform/turns.h"

#include <string.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "transform/transform.h"

static uint64_t mix(uint64_t h)
{
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93u;
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93u;
	return h ^ (h >> 32);
}

static uint64_t add_text(uint64_t h, const char *text)
{
	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3u;
	return mix(h);
}

static uint64_t key_of(const struct turns *all, const struct transform *t)
{
	uint64_t h = add_text(mix(all->seed), t->program);

	for (const char *const *name = t->names; name && *name; name++)
		h = add_text(h, *name);
	return h;
}

void turns_init(struct turns *all, unsigned workers, uint64_t seed)
{
	*all = (struct turns){.workers = workers, .seed = seed};
	for (size_t i = 0; i < TURNS_BUCKETS; i++)
		list_init(&all->buckets[i]);
	list_init(&all->waiting);
	list_init(&all->slow);
}

static void release(struct turn *turn)
{
	list_remove(&turn->in_bucket);
	list_remove(&turn->in_waiting);
	list_remove(&turn->in_slow);
	mem_free(turn);
}

static bool is_over(const struct turn *turn)
{
	return !turn->first && turn->running == 0 && turn->slow_until_ms == 0;
}

void turns_finish(struct turns *all)
{
	for (size_t i = 0; i < TURNS_BUCKETS; i++)
		list_each(node, &all->buckets[i])
			release(container_of(node, struct turn, in_bucket));
}

static struct turn *find(const struct turns *all, uint64_t key)
{
	const struct list *bucket = &all->buckets[key % TURNS_BUCKETS];

	for (struct list *node = bucket->next; node != bucket; node = node->next) {
		struct turn *turn = container_of(node, struct turn, in_bucket);
		if (turn->key == key)
			return turn;
	}
	return NULL;
}

static struct turn *create(struct turns *all, uint64_t key)
{
	struct turn *turn = mem_zalloc(sizeof(*turn));

	if (!turn)
		return NULL;
	turn->key = key;
	turn->end = &turn->first;
	list_init(&turn->in_waiting);
	list_init(&turn->in_slow);
	list_append(&all->buckets[key % TURNS_BUCKETS], &turn->in_bucket);
	return turn;
}

int turns_add(struct turns *all, struct transform *t)
{
	uint64_t key = key_of(all, t);
	struct turn *turn = find(all, key);

	if (!turn && !(turn = create(all, key)))
		return ERR_NO_MEMORY;
	t->next = NULL;
	if (!turn->first)
		list_append(&all->waiting, &turn->in_waiting);
	*turn->end = t;
	turn->end = &t->next;
	all->waiting_runs++;
	return 0;
}

/* Lets those go whose last deadline is long enough ago. */
static void forgive(struct turns *all, int64_t now_ms)
{
	list_each(node, &all->slow) {
		struct turn *turn = container_of(node, struct turn, in_slow);
		if (turn->slow_until_ms > now_ms)
			return;
		all->slow_running -= turn->running;
		turn->slow_until_ms = 0;
		list_remove(&turn->in_slow);
		if (is_over(turn))
			release(turn);
	}
}

static bool may_run(const struct turns *all, const struct turn *turn)
{
	if (turn->slow_until_ms > 0)
		return all->workers == 1 || all->slow_running < all->workers - 1;
	return turn->is_quick || turn->running == 0;
}

static struct transform *take_first(struct turns *all, struct turn *turn)
{
	struct transform *t = turn->first;

	turn->first = t->next;
	if (!turn->first)
		turn->end = &turn->first;
	t->next = NULL;
	all->waiting_runs--;
	return t;
}

struct transform *turns_take(struct turns *all, int64_t now_ms, struct turn **ret_turn)
{
	forgive(all, now_ms);
	list_each(node, &all->waiting) {
		struct turn *turn = container_of(node, struct turn, in_waiting);
		if (!may_run(all, turn))
			continue;
		list_remove(&turn->in_waiting);
		struct transform *t = take_first(all, turn);
		if (turn->first)
			list_append(&all->waiting, &turn->in_waiting);
		turn->running++;
		all->slow_running += turn->slow_until_ms > 0;
		*ret_turn = turn;
		return t;
	}
	return NULL;
}

static void call_slow(struct turns *all, struct turn *turn, int64_t now_ms)
{
	if (turn->slow_until_ms == 0)
		all->slow_running += turn->running;
	turn->slow_until_ms = now_ms + TURNS_SLOW_MS;
	list_remove(&turn->in_slow);
	list_append(&all->slow, &turn->in_slow);
}

void turns_end(struct turns *all, struct turn *turn, enum turn_end how, int64_t now_ms)
{
	turn->running--;
	if (turn->slow_until_ms > 0)
		all->slow_running--;
	turn->is_quick = how == TURN_QUICK;
	if (how == TURN_TIMED_OUT)
		call_slow(all, turn, now_ms);
	if (is_over(turn))
		release(turn);
}

struct transform *turns_drain(struct turns *all)
{
	if (list_empty(&all->waiting))
		return NULL;

	struct turn *turn = container_of(all->waiting.next, struct turn, in_waiting);
	struct transform *t = take_first(all, turn);
	if (!turn->first)
		list_remove(&turn->in_waiting);
	if (is_over(turn))
		release(turn);
	return t;
}
