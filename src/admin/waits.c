/* A list of what waits, and the thread that answers it. */
#include "admin/waits.h"

#include <time.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/thread.h"

/* The first that is to be answered or given up; else how long there is none. */
static struct waiting *next(struct waits *waits, int64_t now_ms, int64_t *ret_next_ms)
{
	*ret_next_ms = INT64_MAX;
	list_each(node, &waits->waiting) {
		struct waiting *w = container_of(node, struct waiting, node);
		if (w->rung || w->deadline_ms <= now_ms)
			return w;
		if (w->deadline_ms < *ret_next_ms)
			*ret_next_ms = w->deadline_ms;
	}
	return NULL;
}

static void wait_until(struct waits *waits, int64_t mono_ms)
{
	struct timespec at = {
		.tv_sec = (time_t)(mono_ms / 1000),
		.tv_nsec = (long)(mono_ms % 1000) * 1000000,
	};

	if (mono_ms == INT64_MAX)
		pthread_cond_wait(&waits->wake, &waits->lock);
	else
		pthread_cond_timedwait(&waits->wake, &waits->lock, &at);
}

/* With the lock held, which is let go meanwhile. */
static void finish(struct waits *waits, struct waiting *w)
{
	bool rung = w->rung;

	pthread_mutex_unlock(&waits->lock);
	bool ours = rung || w->give_up(w);
	pthread_mutex_lock(&waits->lock);
	if (!ours) {
		/* It is being rung in this moment. */
		w->deadline_ms = INT64_MAX;
		return;
	}
	list_remove(&w->node);
	pthread_mutex_unlock(&waits->lock);
	w->answer(w);
	pthread_mutex_lock(&waits->lock);
}

static void *run(void *arg)
{
	struct waits *waits = arg;

	pthread_mutex_lock(&waits->lock);
	while (!waits->stopping || !list_empty(&waits->waiting)) {
		int64_t next_ms;
		struct waiting *w = next(waits, clock_system.mono_ms(), &next_ms);
		if (w)
			finish(waits, w);
		else
			wait_until(waits, next_ms);
	}
	pthread_mutex_unlock(&waits->lock);
	return NULL;
}

int waits_start(struct waits *waits, struct err *e)
{
	pthread_condattr_t monotonic;

	*waits = (struct waits){0};
	list_init(&waits->waiting);
	pthread_mutex_init(&waits->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&waits->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	int rc = thread_start(&waits->thread, "waits", run, waits, e);
	if (rc < 0) {
		pthread_cond_destroy(&waits->wake);
		pthread_mutex_destroy(&waits->lock);
	}
	return rc;
}

void waits_stop(struct waits *waits)
{
	pthread_mutex_lock(&waits->lock);
	waits->stopping = true;
	list_each(node, &waits->waiting) {
		struct waiting *w = container_of(node, struct waiting, node);
		/* One that was given up already is only waited for. */
		if (w->deadline_ms != INT64_MAX)
			w->deadline_ms = 0;
	}
	pthread_cond_signal(&waits->wake);
	pthread_mutex_unlock(&waits->lock);
	pthread_join(waits->thread, NULL);
	pthread_cond_destroy(&waits->wake);
	pthread_mutex_destroy(&waits->lock);
}

void waits_add(struct waits *waits, struct waiting *w)
{
	pthread_mutex_lock(&waits->lock);
	list_append(&waits->waiting, &w->node);
	pthread_cond_signal(&waits->wake);
	pthread_mutex_unlock(&waits->lock);
}

void waits_ring(struct waits *waits, struct waiting *w)
{
	pthread_mutex_lock(&waits->lock);
	w->rung = true;
	pthread_cond_signal(&waits->wake);
	pthread_mutex_unlock(&waits->lock);
}
