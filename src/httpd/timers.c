/* A thread, a heap of timers, and a descriptor that wakes it. */
#include "httpd/timers.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "base/thread.h"

static int arm(struct timers *timers, struct timer *timer, int64_t due_ms)
{
	int rc = heap_set(&timers->heap, &timer->node, due_ms);

	if (rc == 0)
		atomic_store(&timer->armed_ms, due_ms);
	return rc;
}

/* It has left the heap; when it was moved meanwhile, it goes back there, where it has room. */
static void fire(struct timers *timers, struct heap_node *node, int64_t now_ms)
{
	struct timer *timer = container_of(node, struct timer, node);

	/* First: whoever moves it from now on finds it gone, and takes the lock. */
	atomic_store(&timer->armed_ms, 0);
	int64_t due_ms = atomic_load(&timer->due_ms);
	if (due_ms <= now_ms || arm(timers, timer, due_ms) < 0)
		timer->fire(timer);
}

/* Fires what is due; returns how long to wait for the next, -1 for ever. */
static int fire_due(struct timers *timers)
{
	int64_t now_ms = clock_system.mono_ms();
	struct heap_node *node;

	while ((node = heap_pop_due(&timers->heap, now_ms)))
		fire(timers, node, now_ms);
	node = heap_first(&timers->heap);
	timers->wake_ms = node ? node->due_ms : INT64_MAX;
	if (!node)
		return -1;
	return node->due_ms - now_ms > INT_MAX ? INT_MAX : (int)(node->due_ms - now_ms);
}

static void *run(void *arg)
{
	struct timers *timers = arg;
	struct pollfd fd = {.fd = timers->event_fd, .events = POLLIN};

	pthread_mutex_lock(&timers->lock);
	while (!timers->stopping) {
		int wait_ms = fire_due(timers);
		eventfd_t count;

		pthread_mutex_unlock(&timers->lock);
		if (poll(&fd, 1, wait_ms) > 0)
			eventfd_read(timers->event_fd, &count);
		pthread_mutex_lock(&timers->lock);
	}
	pthread_mutex_unlock(&timers->lock);
	return NULL;
}

int timers_start(struct timers *timers, struct err *e)
{
	*timers = (struct timers){.wake_ms = INT64_MAX};
	heap_init(&timers->heap);
	pthread_mutex_init(&timers->lock, NULL);
	timers->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (timers->event_fd < 0) {
		pthread_mutex_destroy(&timers->lock);
		return err_set_errno(e, ERR_IO, "cannot make an event descriptor");
	}
	int rc = thread_start(&timers->thread, "timers", run, timers, e);
	if (rc < 0) {
		close(timers->event_fd);
		pthread_mutex_destroy(&timers->lock);
	}
	return rc;
}

void timers_stop(struct timers *timers, bool fire_all)
{
	struct heap_node *node;

	pthread_mutex_lock(&timers->lock);
	timers->stopping = true;
	pthread_mutex_unlock(&timers->lock);
	eventfd_write(timers->event_fd, 1);
	pthread_join(timers->thread, NULL);

	while (fire_all && (node = heap_pop_due(&timers->heap, INT64_MAX)))
		fire(timers, node, INT64_MAX);
	heap_finish(&timers->heap);
	close(timers->event_fd);
	pthread_mutex_destroy(&timers->lock);
}

int timers_reserve(struct timers *timers, size_t count)
{
	pthread_mutex_lock(&timers->lock);
	int rc = heap_reserve(&timers->heap, count);
	pthread_mutex_unlock(&timers->lock);
	return rc;
}

int timers_set(struct timers *timers, struct timer *timer, int64_t delay_ms)
{
	int64_t due_ms = clock_system.mono_ms() + delay_ms;

	atomic_store(&timer->due_ms, due_ms);
	/* Limits mostly move later: the thread finds that out when the earlier moment has come. */
	int64_t armed_ms = atomic_load(&timer->armed_ms);
	if (armed_ms != 0 && armed_ms <= due_ms)
		return 0;
	pthread_mutex_lock(&timers->lock);
	int rc = arm(timers, timer, due_ms);
	bool wake = rc == 0 && due_ms < timers->wake_ms;
	if (wake)
		timers->wake_ms = due_ms;
	pthread_mutex_unlock(&timers->lock);
	if (wake)
		eventfd_write(timers->event_fd, 1);
	return rc;
}

void timers_remove(struct timers *timers, struct timer *timer)
{
	pthread_mutex_lock(&timers->lock);
	heap_remove(&timers->heap, &timer->node);
	atomic_store(&timer->armed_ms, 0);
	pthread_mutex_unlock(&timers->lock);
}
