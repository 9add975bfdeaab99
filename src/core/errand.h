/*
 * The errand pool: a few threads for whatever may block (name resolution, secrets, certificates).
 *
 * An errand is embedded in what it belongs to.  Its work() runs on a pool thread; then its
 * finish() runs on the thread of the mailbox it came from.  Every posted errand comes home, also
 * when the pool is being stopped: then work() is left out and `skipped` is true.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "core/mailbox.h"

struct err;

struct errand {
	struct errand *next;
	struct mailbox *home;
	struct letter letter;
	bool skipped;
	void (*work)(struct errand *);   /* on a pool thread */
	void (*finish)(struct errand *); /* at home; the errand may be freed inside */
};

enum { ERRAND_THREADS = 4 };

struct errands {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct errand *first, **end;
	pthread_t threads[ERRAND_THREADS];
	int thread_count;
	bool stopping;
};

/* A pool without threads: errands are done where they are posted. */
void errands_init(struct errands *pool);
int errands_start(struct errands *pool, struct err *e);
/* No new work is begun; waits for what is under way. */
void errands_stop(struct errands *pool);
void errands_post(struct errands *pool, struct errand *errand); /* any thread */
