/* Suspended requests: rung, too late, and both at once. */
#include "admin/waits.h"

#include <semaphore.h>
#include <string.h>

#include "base/clock.h"
#include "suite.h"

static struct waits waits;
static sem_t answered, asked;

struct wait {
	struct waiting waiting;
	bool can_give_up;
	bool was_rung;
	unsigned answers;
};

static bool give_up(struct waiting *waiting)
{
	struct wait *w = container_of(waiting, struct wait, waiting);

	sem_post(&asked);
	return w->can_give_up;
}

static void answer(struct waiting *waiting)
{
	struct wait *w = container_of(waiting, struct wait, waiting);

	w->was_rung = waiting->rung;
	w->answers++;
	sem_post(&answered);
}

static void start(void)
{
	sem_init(&answered, 0, 0);
	sem_init(&asked, 0, 0);
	ck_assert_int_eq(waits_start(&waits, NULL), 0);
}

/* in_ms before it is too late; a long one never is. */
static void prepare(struct wait *w, int64_t in_ms)
{
	*w = (struct wait){
		.waiting = {.deadline_ms = clock_system.mono_ms() + in_ms,
	                    .give_up = give_up,
	                    .answer = answer},
		.can_give_up = true,
	};
}

enum { NEVER_MS = 3600000 };

START_TEST(what_is_rung_is_answered)
{
	struct wait w;

	start();
	prepare(&w, NEVER_MS);
	waits_add(&waits, &w.waiting);
	waits_ring(&waits, &w.waiting);
	sem_wait(&answered);
	ck_assert(w.was_rung);
	waits_stop(&waits);
	ck_assert_uint_eq(w.answers, 1);
}
END_TEST

START_TEST(what_was_rung_before_it_waits_is_answered)
{
	struct wait w;

	start();
	prepare(&w, NEVER_MS);
	waits_ring(&waits, &w.waiting);
	waits_add(&waits, &w.waiting);
	sem_wait(&answered);
	ck_assert(w.was_rung);
	waits_stop(&waits);
}
END_TEST

START_TEST(what_is_too_late_is_answered)
{
	struct wait late, other;

	start();
	prepare(&other, NEVER_MS);
	prepare(&late, 1);
	waits_add(&waits, &other.waiting);
	waits_add(&waits, &late.waiting);
	sem_wait(&answered);
	ck_assert(!late.was_rung);
	ck_assert_uint_eq(late.answers, 1);
	waits_stop(&waits);
	ck_assert_uint_eq(other.answers, 1);
}
END_TEST

START_TEST(what_is_rung_while_it_is_given_up_is_answered_once)
{
	struct wait w;

	start();
	prepare(&w, 0);
	w.can_give_up = false;
	waits_add(&waits, &w.waiting);
	sem_wait(&asked);
	/* Whoever would ring could not be stopped any more: nothing happens until it has rung. */
	waits_ring(&waits, &w.waiting);
	sem_wait(&answered);
	ck_assert(w.was_rung);
	waits_stop(&waits);
	ck_assert_uint_eq(w.answers, 1);
}
END_TEST

static void *ring_later(void *arg)
{
	struct wait *w = arg;

	sem_wait(&asked);
	waits_ring(&waits, &w->waiting);
	return NULL;
}

START_TEST(stopping_waits_for_what_is_being_rung)
{
	struct wait given_up, rung;
	pthread_t thread;

	start();
	prepare(&given_up, NEVER_MS);
	prepare(&rung, NEVER_MS);
	rung.can_give_up = false;
	waits_add(&waits, &rung.waiting);
	waits_add(&waits, &given_up.waiting);
	pthread_create(&thread, NULL, ring_later, &rung);
	waits_stop(&waits);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(given_up.answers, 1);
	ck_assert_uint_eq(rung.answers, 1);
	ck_assert(rung.was_rung);
}
END_TEST

enum { MANY = 500 };

static void *ring_all(void *arg)
{
	struct wait *all = arg;

	for (int i = 0; i < MANY; i++)
		waits_ring(&waits, &all[i].waiting);
	return NULL;
}

START_TEST(many_are_each_answered_once)
{
	static struct wait all[MANY];
	pthread_t thread;

	start();
	for (int i = 0; i < MANY; i++) {
		prepare(&all[i], 0);
		all[i].can_give_up = false;
	}
	pthread_create(&thread, NULL, ring_all, all);
	for (int i = 0; i < MANY; i++)
		waits_add(&waits, &all[i].waiting);
	pthread_join(thread, NULL);
	waits_stop(&waits);
	for (int i = 0; i < MANY; i++)
		ck_assert_uint_eq(all[i].answers, 1);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(what_is_rung_is_answered),
	SUITE_TEST(what_was_rung_before_it_waits_is_answered),
	SUITE_TEST(what_is_too_late_is_answered),
	SUITE_TEST(what_is_rung_while_it_is_given_up_is_answered_once),
	SUITE_TEST(stopping_waits_for_what_is_being_rung),
	SUITE_TEST(many_are_each_answered_once),
};

SUITE_MAIN("waits", tests)
