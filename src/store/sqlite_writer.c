/* The writer: the one thread that writes. */
#include <errno.h>
#include <time.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/thread.h"
#include "store/sqlite_impl.h"

/* While it waits, the rc of an operation says whether its chain ends with it. */
enum { CHAIN_GOES_ON = 0, CHAIN_ENDS = 1 };

void writer_post(struct store *store, struct store_op *first)
{
	struct sqlite_store *s = sqlite_of(store);
	struct store_op *last = first;
	uint64_t count = 1;

	if (!first)
		return;
	for (; last->next; last = last->next, count++)
		last->rc = CHAIN_GOES_ON;
	last->rc = CHAIN_ENDS;
	pthread_mutex_lock(&s->lock);
	*s->end = first;
	s->end = &last->next;
	s->stats.queued += count;
	pthread_cond_signal(&s->work);
	pthread_mutex_unlock(&s->lock);
}

void writer_hurt(struct sqlite_store *s, const char *how)
{
	pthread_mutex_lock(&s->lock);
	if (!s->damaged) {
		s->damaged = true;
		snprintf(s->damage, sizeof(s->damage), "%s", how);
		pthread_cond_signal(&s->work);
	}
	pthread_mutex_unlock(&s->lock);
}

/* Takes a group: as many whole chains as it may hold, or what it may hold of a longer one. */
static struct store_op *take_group(struct sqlite_store *s)
{
	struct store_op *first = s->first, *last = NULL, *op = first;

	for (int i = 0; op && i < STORE_GROUP_MAX; i++, op = op->next)
		if (op->rc == CHAIN_ENDS || (i + 1 == STORE_GROUP_MAX && !last))
			last = op;
	if (!last)
		return NULL;
	s->first = last->next;
	if (!s->first)
		s->end = &s->first;
	last->next = NULL;
	return first;
}

static void wait_for_work(struct sqlite_store *s, int64_t ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	while (!s->first && !s->closing && !s->damaged)
		if (pthread_cond_timedwait(&s->work, &s->lock, &until) == ETIMEDOUT)
			break;
}

/* One turn: a group, or upkeep while there is none.  False: that was the last one. */
static bool turn(struct sqlite_store *s, bool *more_upkeep)
{
	pthread_mutex_lock(&s->lock);
	if (!*more_upkeep && !s->first)
		wait_for_work(s, upkeep_wait_ms(s));
	struct store_op *group = take_group(s);
	bool is_last = !group && s->closing, is_idle = !s->first, is_damaged = s->damaged;
	if (is_damaged)
		s->damaged = false;
	pthread_mutex_unlock(&s->lock);

	if (is_damaged)
		group_fail(s, SQLITE_CORRUPT, s->damage);
	if (group)
		group_run(s, group);
	if (is_last)
		return false;
	*more_upkeep = upkeep(s, is_idle);
	return true;
}

static void *run(void *arg)
{
	struct sqlite_store *s = arg;
	bool more_upkeep = false;

	if (s->full && s->options.full)
		s->options.full(s->options.arg, 1);
	while (turn(s, &more_upkeep)) {
	}
	/* What has no room even now is released by the next start, and sent again. */
	group_run_held(s);
	group_drop_held(s);
	return NULL;
}

int writer_start(struct sqlite_store *s, struct err *e)
{
	int rc = thread_start(&s->thread, "store", run, s, e);

	s->has_thread = rc == 0;
	return rc;
}

void writer_stop(struct sqlite_store *s)
{
	if (!s->has_thread)
		return;
	pthread_mutex_lock(&s->lock);
	s->closing = true;
	pthread_cond_signal(&s->work);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	s->has_thread = false;
}
