/* A queue of works, and the thread that does them. */
#include "admin/works.h"

#include "base/banned.h"
#include "base/err.h"
#include "base/thread.h"

/* Waits for the next one; NULL: there will be none. */
static struct work *take(struct works *works)
{
	struct work *work = NULL;

	pthread_mutex_lock(&works->lock);
	while (works->count == 0 && !works->stopping)
		pthread_cond_wait(&works->wake, &works->lock);
	if (!works->stopping) {
		work = container_of(list_pop(&works->queue), struct work, node);
		works->count--;
	}
	pthread_mutex_unlock(&works->lock);
	return work;
}

static void *run(void *arg)
{
	struct work *work;

	while ((work = take(arg)))
		work->run(work);
	return NULL;
}

int works_start(struct works *works, struct err *e)
{
	*works = (struct works){0};
	list_init(&works->queue);
	pthread_mutex_init(&works->lock, NULL);
	pthread_cond_init(&works->wake, NULL);
	int rc = thread_start(&works->thread, "works", run, works, e);
	if (rc < 0)
		works_finish(works);
	return rc;
}

int works_add(struct works *works, struct work *work)
{
	int rc = 0;

	pthread_mutex_lock(&works->lock);
	bool stopping = works->stopping;
	if (!stopping && works->count == WORKS_MAX) {
		rc = ERR_BUSY;
	} else if (!stopping) {
		list_append(&works->queue, &work->node);
		works->count++;
		pthread_cond_signal(&works->wake);
	}
	pthread_mutex_unlock(&works->lock);
	if (stopping)
		work->refuse(work);
	return rc;
}

void works_stop(struct works *works)
{
	struct list *node, waiting;

	list_init(&waiting);
	pthread_mutex_lock(&works->lock);
	bool stopped = works->stopping;
	works->stopping = true;
	list_splice(&waiting, &works->queue);
	works->count = 0;
	pthread_cond_signal(&works->wake);
	pthread_mutex_unlock(&works->lock);
	if (stopped)
		return;
	while ((node = list_pop(&waiting))) {
		struct work *work = container_of(node, struct work, node);
		work->refuse(work);
	}
	pthread_join(works->thread, NULL);
}

void works_finish(struct works *works)
{
	pthread_cond_destroy(&works->wake);
	pthread_mutex_destroy(&works->lock);
}
