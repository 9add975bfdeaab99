/* A run that a thread waits for. */
#include <pthread.h>

#include "base/banned.h"
#include "base/list.h"
#include "transform/transform.h"

struct waiting {
	struct transform run;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool is_done;
};

static void note_done(struct transform *t)
{
	struct waiting *w = container_of(t, struct waiting, run);

	pthread_mutex_lock(&w->lock);
	w->is_done = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
}

void transform_wait(struct transforms *pool, struct transform *t)
{
	struct waiting w = {
		.run = *t,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.wake = PTHREAD_COND_INITIALIZER,
	};
	void (*done)(struct transform *) = t->done;

	w.run.done = note_done;
	transform_post(pool, &w.run);
	pthread_mutex_lock(&w.lock);
	while (!w.is_done)
		pthread_cond_wait(&w.wake, &w.lock);
	pthread_mutex_unlock(&w.lock);
	pthread_cond_destroy(&w.wake);
	pthread_mutex_destroy(&w.lock);
	*t = w.run;
	t->done = done;
}
