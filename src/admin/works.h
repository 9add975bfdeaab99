/*
 * Work that waits for the disk or for links, one piece after the other, on a thread of its own: so that the
 * threads of the HTTP server never do.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"

struct err;

enum { WORKS_MAX = 64 }; /* that wait, beside the one under way */

/* Exactly one of the two is called, once; it frees the work. */
struct work {
	struct list node;
	void (*run)(struct work *);    /* on the thread of the works */
	void (*refuse)(struct work *); /* any thread: the works are being stopped */
};

struct works {
	pthread_t thread;
	pthread_mutex_t lock; /* what follows */
	pthread_cond_t wake;
	struct list queue;
	size_t count; /* of the queue */
	bool stopping;
};

int works_start(struct works *works, struct err *e);
/* Any thread, also after works_stop(): then it is refused.  0, and the work is taken; ERR_BUSY: WORKS_MAX
 * wait already, and neither was called. */
int works_add(struct works *works, struct work *work);
/* Refuses what waits, and lets the one under way end.  Twice does no harm. */
void works_stop(struct works *works);
/* After works_stop(), once nobody adds any more. */
void works_finish(struct works *works);
