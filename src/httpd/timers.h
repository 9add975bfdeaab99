/*
 * A thread that waits for timers: time limits of connections, answers that are due later.
 *
 * Timers are embedded in what they belong to and stay there until they fired or were removed.
 * fire() runs on the timers' thread with their lock held: it must not call timers_…(), and in
 * exchange it is not running any more once timers_remove() has returned.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/heap.h"

struct err;

struct timer {
	struct heap_node node;
	_Atomic int64_t due_ms;            /* when it is to fire */
	_Atomic int64_t armed_ms;          /* when the heap has it, never later; 0: not at all */
	void (*fire)(struct timer *timer); /* once; the timer may be freed inside */
};

struct timers {
	pthread_mutex_t lock;
	pthread_t thread;
	struct heap heap;
	int event_fd;    /* wakes the thread */
	int64_t wake_ms; /* when it wakes by itself */
	bool stopping;
};

int timers_start(struct timers *timers, struct err *e);
/* Timers that have not fired are forgotten, or fired now when `fire_all`. */
void timers_stop(struct timers *timers, bool fire_all);

/* Makes room for `count` timers, so that timers_set() cannot fail while there are no more. */
int timers_reserve(struct timers *timers, size_t count);
/* Any thread.  Fires after delay_ms, at the earliest; set anew, only the new moment counts.  Moving it
 * to a later moment costs no lock.  0 or ERR_NO_MEMORY. */
int timers_set(struct timers *timers, struct timer *timer, int64_t delay_ms);
void timers_remove(struct timers *timers,
                   struct timer *timer); /* any thread; no harm when not set */
