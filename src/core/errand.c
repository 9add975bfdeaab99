/* The errand pool: threads that do what a lane must not wait for. */
#include "core/errand.h"

#include "base/banned.h"
#include "base/err.h"
#include "base/list.h"
#include "base/thread.h"

static void come_home(struct letter *letter)
{
	struct errand *errand = container_of(letter, struct errand, letter);

	errand->finish(errand);
}

/* Waits for the next errand; NULL when the pool stops and none is left. */
static struct errand *next_errand(struct errands *pool)
{
	pthread_mutex_lock(&pool->lock);
	while (!pool->first && !pool->stopping)
		pthread_cond_wait(&pool->wake, &pool->lock);

	struct errand *errand = pool->first;
	if (errand) {
		pool->first = errand->next;
		if (!pool->first)
			pool->end = &pool->first;
		errand->skipped = pool->stopping;
	}
	pthread_mutex_unlock(&pool->lock);
	return errand;
}

static void run(struct errand *errand)
{
	if (!errand->skipped)
		errand->work(errand);
	errand->letter.deliver = come_home;
	mailbox_post(errand->home, &errand->letter);
}

static void *serve(void *arg)
{
	struct errands *pool = arg;

	for (struct errand *errand; (errand = next_errand(pool));)
		run(errand);
	return NULL;
}

void errands_init(struct errands *pool)
{
	*pool = (struct errands){
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.wake = PTHREAD_COND_INITIALIZER,
	};
	pool->end = &pool->first;
}

int errands_start(struct errands *pool, struct err *e)
{
	errands_init(pool);
	for (int i = 0; i < ERRAND_THREADS; i++) {
		int rc = thread_start(&pool->threads[i], "ls-errand", serve, pool, e);
		if (rc < 0) {
			errands_stop(pool);
			errands_init(pool); /* as before: it may be stopped once more */
			return rc;
		}
		pool->thread_count++;
	}
	return 0;
}

void errands_stop(struct errands *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	pthread_cond_broadcast(&pool->wake);
	pthread_mutex_unlock(&pool->lock);
	for (int i = 0; i < pool->thread_count; i++)
		pthread_join(pool->threads[i], NULL);
	pool->thread_count = 0;
	pthread_cond_destroy(&pool->wake);
	pthread_mutex_destroy(&pool->lock);
}

void errands_post(struct errands *pool, struct errand *errand)
{
	errand->next = NULL;
	if (pool->thread_count == 0) {
		run(errand);
		return;
	}
	pthread_mutex_lock(&pool->lock);
	*pool->end = errand;
	pool->end = &errand->next;
	pthread_cond_signal(&pool->wake);
	pthread_mutex_unlock(&pool->lock);
}
