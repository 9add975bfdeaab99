/* The timers of one plugin instance, as a pairing heap. */
#include "timers.h"

/* Joins two heaps; each root has no sibling. */
static struct wh_timer *meld(struct wh_timer *a, struct wh_timer *b)
{
	if (!a || !b)
		return a ? a : b;
	if (b->due_ms < a->due_ms) {
		struct wh_timer *later = a;
		a = b;
		b = later;
	}
	b->prev = a;
	b->next = a->child;
	if (a->child)
		a->child->prev = b;
	a->child = b;
	return a;
}

/* Melds a chain of siblings into one heap: in pairs from the left, then from the right. */
static struct wh_timer *meld_siblings(struct wh_timer *first)
{
	struct wh_timer *pairs = NULL, *root = NULL;

	while (first) {
		struct wh_timer *a = first, *b = first->next;
		first = b ? b->next : NULL;
		a->next = a->prev = NULL;
		if (b)
			b->next = b->prev = NULL;
		a = meld(a, b);
		a->next = pairs; /* only as a chain: it is cut before the next meld */
		pairs = a;
	}
	while (pairs) {
		struct wh_timer *a = pairs;
		pairs = a->next;
		a->next = NULL;
		root = meld(root, a);
	}
	return root;
}

static void take_out(struct wh_timers *all, struct wh_timer *timer)
{
	struct wh_timer *below = meld_siblings(timer->child);

	if (all->root == timer) {
		all->root = below;
	} else {
		if (timer->prev->child == timer)
			timer->prev->child = timer->next;
		else
			timer->prev->next = timer->next;
		if (timer->next)
			timer->next->prev = timer->prev;
		all->root = meld(all->root, below);
	}
	timer->child = timer->next = timer->prev = NULL;
	timer->set = false;
}

void wh_timer_set(struct wh_timers *all, struct wh_timer *timer, int64_t due_ms,
                  void (*fire)(struct wh_timer *))
{
	if (timer->set)
		take_out(all, timer);
	timer->due_ms = due_ms;
	timer->fire = fire;
	timer->set = true;
	timer->serial = ++all->serial;
	all->root = meld(all->root, timer);
}

void wh_timer_stop(struct wh_timers *all, struct wh_timer *timer)
{
	if (timer->set)
		take_out(all, timer);
}

int64_t wh_timers_next_ms(const struct wh_timers *all)
{
	return all->root ? all->root->due_ms : -1;
}

void wh_timers_run(struct wh_timers *all, int64_t now_ms)
{
	uint64_t last = all->serial;

	while (all->root && all->root->due_ms <= now_ms && all->root->serial <= last) {
		struct wh_timer *timer = all->root;
		take_out(all, timer);
		timer->fire(timer);
	}
}
