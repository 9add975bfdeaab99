/* Timers on a thread of their own. */
#include "httpd/timers.h"

#include <semaphore.h>
#include <stdatomic.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"
#include "suite.h"

struct bell {
	struct timer timer;
	char name;
};

static sem_t fired;
static char order[16];
static _Atomic unsigned count;
static _Atomic int64_t fired_ms;

static void ring(struct timer *timer)
{
	order[count++] = container_of(timer, struct bell, timer)->name;
	fired_ms = clock_system.mono_ms();
	sem_post(&fired);
}

static void await(void)
{
	struct timespec deadline;

	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += 30;
	ck_assert_int_eq(sem_timedwait(&fired, &deadline), 0);
}

static void start(struct timers *timers)
{
	sem_init(&fired, 0, 0);
	count = 0;
	ck_assert_int_eq(timers_start(timers, NULL), 0);
}

START_TEST(timers_fire_in_the_order_of_their_moments_and_never_early)
{
	struct bell a = {.timer.fire = ring, .name = 'a'}, b = a, c = a;
	struct timers timers;

	b.name = 'b', c.name = 'c';
	start(&timers);
	int64_t begin_ms = clock_system.mono_ms();
	ck_assert_int_eq(timers_set(&timers, &c.timer, 90), 0);
	ck_assert_int_eq(timers_set(&timers, &b.timer, 60), 0);
	ck_assert_int_eq(timers_set(&timers, &a.timer, 0), 0);
	await();
	await();
	ck_assert_int_ge(fired_ms, begin_ms + 60);
	await();
	ck_assert_int_ge(fired_ms, begin_ms + 90);
	timers_stop(&timers, false);
	ck_assert_mem_eq(order, "abc", 3);
}
END_TEST

START_TEST(a_timer_set_anew_fires_once_and_a_removed_one_never)
{
	struct bell moved = {.timer.fire = ring, .name = 'm'}, removed = moved, last = moved;
	struct timers timers;

	removed.name = 'r', last.name = 'l';
	start(&timers);
	timers_set(&timers, &moved.timer, 10000000);
	timers_set(&timers, &removed.timer, 10);
	timers_remove(&timers, &removed.timer);
	timers_remove(&timers, &removed.timer);
	timers_set(&timers, &moved.timer, 20);
	timers_set(&timers, &last.timer, 60);
	await();
	await();
	timers_stop(&timers, true);
	ck_assert_uint_eq(count, 2);
	ck_assert_mem_eq(order, "ml", 2);
}
END_TEST

START_TEST(a_timer_that_was_moved_to_a_later_moment_fires_then)
{
	struct bell moved = {.timer.fire = ring, .name = 'm'}, between = moved;
	struct timers timers;

	between.name = 'b';
	start(&timers);
	int64_t begin_ms = clock_system.mono_ms();
	timers_set(&timers, &moved.timer, 20);
	timers_set(&timers, &between.timer, 60);
	timers_set(&timers, &moved.timer, 100);
	await();
	await();
	ck_assert_int_ge(fired_ms, begin_ms + 100);
	timers_set(&timers, &moved.timer, 0);
	await();
	timers_stop(&timers, true);
	ck_assert_uint_eq(count, 3);
	ck_assert_mem_eq(order, "bmm", 3);
}
END_TEST

static const struct {
	bool fire_all;
	unsigned fired;
} stop_rows[] = {{true, 2}, {false, 0}};

START_TEST(stop_fires_or_forgets_what_is_left)
{
	struct bell far = {.timer.fire = ring, .name = 'f'}, farther = far;
	struct timers timers;

	start(&timers);
	timers_set(&timers, &far.timer, 10000000);
	timers_set(&timers, &farther.timer, 20000000);
	timers_stop(&timers, stop_rows[_i].fire_all);
	ck_assert_uint_eq(count, stop_rows[_i].fired);
}
END_TEST

START_TEST(what_was_reserved_needs_no_memory)
{
	struct bell a = {.timer.fire = ring, .name = 'a'}, b = a;
	struct timers timers;

	start(&timers);
	mem_fail_at(1);
	ck_assert_int_eq(timers_set(&timers, &a.timer, 0), ERR_NO_MEMORY);
	ck_assert_int_eq(timers_reserve(&timers, 2), 0);
	mem_fail_at(1);
	ck_assert_int_eq(timers_set(&timers, &a.timer, 0), 0);
	ck_assert_int_eq(timers_set(&timers, &b.timer, 0), 0);
	ck_assert(mem_fail_pending());
	mem_fail_at(0);
	await();
	await();
	timers_stop(&timers, false);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(timers_fire_in_the_order_of_their_moments_and_never_early),
	SUITE_TEST(a_timer_set_anew_fires_once_and_a_removed_one_never),
	SUITE_TEST(a_timer_that_was_moved_to_a_later_moment_fires_then),
	SUITE_LOOP(stop_fires_or_forgets_what_is_left, stop_rows),
	SUITE_TEST(what_was_reserved_needs_no_memory),
};

SUITE_MAIN("timers", tests)
