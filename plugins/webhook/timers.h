/*
 * The timers of one plugin instance: a pairing heap, so that ten thousand links that sleep cost
 * nothing and setting or stopping one allocates nothing.  [lane]
 *
 * M. Fredman, R. Sedgewick, D. Sleator, R. Tarjan: The Pairing Heap, Algorithmica 1, 1986.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wh_timer {
	struct wh_timer *child, *next; /* the first child; the next sibling */
	struct wh_timer *prev;         /* the sibling before, or the parent of a first child */
	int64_t due_ms;
	uint64_t serial; /* when it was set, in the order of settings */
	bool set;
	void (*fire)(struct wh_timer *);
};

struct wh_timers {
	struct wh_timer *root;
	uint64_t serial;
};

/* Sets the timer, or moves it. */
void wh_timer_set(struct wh_timers *all, struct wh_timer *timer, int64_t due_ms,
                  void (*fire)(struct wh_timer *));
void wh_timer_stop(struct wh_timers *all, struct wh_timer *timer); /* no harm when it is not set */
int64_t wh_timers_next_ms(const struct wh_timers *all);            /* -1: none is set */
/* Fires what is due.  It stops at a timer that was set during this call, so that one that sets
 * itself anew for now cannot keep it from returning. */
void wh_timers_run(struct wh_timers *all, int64_t now_ms);

#define wh_container_of(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))
