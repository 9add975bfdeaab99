/*
 * Suspended requests that wait for something, or for their time to be up.
 *
 * Somebody else rings when it has happened; a thread of their own then answers, which may read the
 * store, as whoever rings may not.  Whatever comes first, a request is answered once, and a waiting is
 * never freed while it may still be rung.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

struct err;

struct waiting {
	struct list node;
	int64_t deadline_ms; /* on the monotonic clock */
	bool rung;
	/* Tries to stop whoever would ring: true when nobody will. */
	bool (*give_up)(struct waiting *);
	/* Answers and frees it. */
	void (*answer)(struct waiting *);
};

struct waits {
	pthread_mutex_t lock;
	pthread_cond_t wake; /* monotonic */
	pthread_t thread;
	struct list waiting;
	bool stopping;
};

int waits_start(struct waits *waits, struct err *e);
/* Answers everything that waits, then ends. */
void waits_stop(struct waits *waits);

/* From now on it is answered when it is rung, also if it was before, or at its deadline. */
void waits_add(struct waits *waits, struct waiting *w);
/* Any thread, once; does not block.  The waiting may be gone afterwards. */
void waits_ring(struct waits *waits, struct waiting *w);
