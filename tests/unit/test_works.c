/* Works: one after the other, at most so many, none twice, none after the stop. */
#include "admin/works.h"

#include <sched.h>
#include <semaphore.h>

#include "base/err.h"
#include "suite.h"

static struct works works;
static sem_t begun, go_on, ended;

struct piece {
	struct work work;
	unsigned runs, refusals;
};

static unsigned order[WORKS_MAX + 1], done;
static struct piece pieces[WORKS_MAX + 2];

static void run(struct work *work)
{
	struct piece *piece = container_of(work, struct piece, work);

	piece->runs++;
	order[done++] = (unsigned)(piece - pieces);
	sem_post(&ended);
}

/* Holds up the thread until it is told to go on. */
static void run_slowly(struct work *work)
{
	sem_post(&begun);
	sem_wait(&go_on);
	run(work);
}

static void refuse(struct work *work)
{
	container_of(work, struct piece, work)->refusals++;
}

static int add(unsigned i, void (*how)(struct work *))
{
	pieces[i] = (struct piece){.work = {.run = how, .refuse = refuse}};
	return works_add(&works, &pieces[i].work);
}

static void start(void)
{
	done = 0;
	sem_init(&begun, 0, 0);
	sem_init(&go_on, 0, 0);
	sem_init(&ended, 0, 0);
	ck_assert_int_eq(works_start(&works, NULL), 0);
}

static void hold_up(void)
{
	ck_assert_int_eq(add(0, run_slowly), 0);
	sem_wait(&begun);
}

static void stop(void)
{
	works_stop(&works);
	works_finish(&works);
}

START_TEST(they_are_done_in_their_order)
{
	start();
	hold_up();
	for (unsigned i = 1; i <= 10; i++)
		ck_assert_int_eq(add(i, run), 0);
	sem_post(&go_on);
	for (unsigned i = 0; i <= 10; i++)
		sem_wait(&ended);
	for (unsigned i = 0; i <= 10; i++)
		ck_assert_uint_eq(order[i], i);
	stop();
	for (unsigned i = 0; i <= 10; i++)
		ck_assert(pieces[i].runs == 1 && pieces[i].refusals == 0);
}
END_TEST

START_TEST(at_most_so_many_wait)
{
	start();
	hold_up();
	for (unsigned i = 1; i <= WORKS_MAX; i++)
		ck_assert_int_eq(add(i, run), 0);
	ck_assert_int_eq(add(WORKS_MAX + 1, run), ERR_BUSY);
	ck_assert_uint_eq(pieces[WORKS_MAX + 1].refusals, 0);
	sem_post(&go_on);
	for (unsigned i = 0; i <= WORKS_MAX; i++)
		sem_wait(&ended);
	/* There is room again. */
	done = 0;
	ck_assert_int_eq(add(WORKS_MAX + 1, run), 0);
	sem_wait(&ended);
	stop();
	ck_assert_uint_eq(pieces[WORKS_MAX + 1].runs, 1);
}
END_TEST

static void *let_go(void *arg)
{
	/* The queue is full: it is refused once the stop has emptied it. */
	while (works_add(&works, arg) == ERR_BUSY)
		sched_yield();
	sem_post(&go_on);
	return NULL;
}

START_TEST(a_stop_lets_one_end_and_refuses_the_others)
{
	struct piece late = {.work = {.run = run, .refuse = refuse}};
	pthread_t thread;

	start();
	hold_up();
	for (unsigned i = 1; i <= WORKS_MAX; i++)
		ck_assert_int_eq(add(i, run), 0);
	pthread_create(&thread, NULL, let_go, &late.work);
	works_stop(&works);
	pthread_join(thread, NULL);
	ck_assert(pieces[0].runs == 1 && pieces[0].refusals == 0);
	for (unsigned i = 1; i <= WORKS_MAX; i++)
		ck_assert(pieces[i].runs == 0 && pieces[i].refusals == 1);
	ck_assert(late.runs == 0 && late.refusals == 1);
	works_stop(&works);
	works_finish(&works);
	ck_assert_uint_eq(late.refusals, 1);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(they_are_done_in_their_order),
	SUITE_TEST(at_most_so_many_wait),
	SUITE_TEST(a_stop_lets_one_end_and_refuses_the_others),
};

SUITE_MAIN("works", tests)
