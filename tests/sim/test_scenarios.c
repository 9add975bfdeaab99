/* What an operator relies on, each in a small world of its own: outages, hanging receivers, poison. */
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "suite.h"
#include "world.h"

static void begin(void)
{
	log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT, 2);
	world_begin(7);
}

/* Lets it happen; everything must have come to its end then. */
static void run(int64_t duration_ms)
{
	int rc = world_run(duration_ms);

	world_print_counts();
	fflush(stdout);
	ck_assert_msg(rc == 0, "see above");
}

static void send_many(unsigned link, unsigned count)
{
	const struct sending what = {.link = link, .count = count, .key = NO_KEY};

	world_send(&what);
}

static struct endpoint *receiver(unsigned link)
{
	return &world->links[link].endpoint;
}

static void serve(void *arg)
{
	endpoint_set_mood(arg, MOOD_SERVES);
}

static unsigned count_state(enum store_state state)
{
	unsigned count = 0;

	for (size_t i = 0; i < world->tales.bucket_count; i++)
		for (const struct tale *t = world->tales.buckets[i]; t; t = t->next)
			count += !t->direct && t->state == state;
	return count;
}

#define expect_count(what, count)                                                                  \
	do {                                                                                       \
		unsigned long long is_ = (what);                                                   \
		world_expect(is_ == (count), "it is %llu", is_);                                   \
	} while (0)
#define expect_most(what, most)                                                                    \
	do {                                                                                       \
		unsigned long long is_ = (what);                                                   \
		world_expect(is_ <= (most), "it is %llu", is_);                                    \
	} while (0)
#define expect_least(what, least)                                                                  \
	do {                                                                                       \
		unsigned long long is_ = (what);                                                   \
		world_expect(is_ >= (least), "it is %llu", is_);                                   \
	} while (0)

/*
 * Outage
 */
enum { BACKLOG = 10000 };

static void send_500(void *arg)
{
	(void)arg;
	send_many(0, 500);
}

static void most_at_once(void *arg)
{
	(void)arg;
	expect_most(receiver(0)->in_flight_most, 6);
}

static void wait_for_first(void *arg)
{
	if (receiver(0)->welcomed == 0) {
		world_in(10, wait_for_first, arg);
		return;
	}
	world_in(10 * SECOND_MS, most_at_once, NULL);
}

static void outage_ends(void *arg)
{
	expect_count(world->counts.accepted, BACKLOG);
	receiver(0)->in_flight_most = 0;
	serve(receiver(0));
	wait_for_first(arg);
}

static void backlog_is_gone(void *arg)
{
	(void)arg;
	expect_count(receiver(0)->welcomed, BACKLOG);
	expect_count(count_state(STORE_DONE), BACKLOG);
}

START_TEST(a_backlog_drains_slowly_at_first)
{
	begin();
	world_add_link(&(struct link_settings){.pool_size = _i ? 100 : 0});
	receiver(0)->mood = MOOD_REFUSES;
	for (int i = 0; i < BACKLOG / 500; i++)
		world_at(i * 3 * MINUTE_MS, send_500, NULL);
	world_at(HOUR_MS, outage_ends, NULL);
	world_at(5 * HOUR_MS, backlog_is_gone, NULL);
	run(5 * HOUR_MS + MINUTE_MS);
}
END_TEST

/*
 * Isolation
 */
enum { SOME = 50 };

static void send_to_all(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 2 * SOME; i++)
		send_many(i, i % 2 ? 20 : 200);
}

static void healthy_are_done(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < 2 * SOME; i++) {
		if (i % 2 == 0) {
			expect_count(receiver(i)->welcomed, 200);
		} else {
			expect_count(receiver(i)->welcomed, 0);
			expect_least(receiver(i)->in_flight, 1);
		}
	}
}

START_TEST(the_hanging_hold_nobody_up)
{
	begin();
	world->lanes = 2;
	for (unsigned i = 0; i < 2 * SOME; i++) {
		world_add_link(&(struct link_settings){0});
		receiver(i)->mood = i % 2 ? MOOD_HANGS : MOOD_SERVES;
	}
	world_at(SECOND_MS, send_to_all, NULL);
	world_at(25 * SECOND_MS, healthy_are_done, NULL);
	for (unsigned i = 1; i < 2 * SOME; i += 2)
		world_at(5 * MINUTE_MS, serve, receiver(i));
	run(30 * HOUR_MS);
}
END_TEST

/*
 * Poison
 */
static void send_poison(void *arg)
{
	const struct sending poison = {.count = 1, .key = NO_KEY, .fate = FATE_DEADLY};

	(void)arg;
	send_many(0, 20);
	world_send(&poison);
	send_many(1, 20);
}

static void poison_is_out(void *arg)
{
	(void)arg;
	expect_count(count_state(STORE_QUARANTINED), 1);
	expect_count(count_state(STORE_DONE), 40);
	/* Twice among others, once alone. */
	expect_count(world->counts.crashes, 3);
}

START_TEST(poison_is_quarantined_and_nobody_else)
{
	begin();
	world->lanes = _i ? 2 : 1;
	for (unsigned i = 0; i < 2; i++) {
		world_add_link(&(struct link_settings){.pool_size = 50});
		receiver(i)->latency_ms = 3000;
	}
	world_at(SECOND_MS, send_poison, NULL);
	world_at(HOUR_MS, poison_is_out, NULL);
	run(2 * HOUR_MS);
}
END_TEST

/*
 * Links that hold back
 */
static void send_100(void *arg)
{
	(void)arg;
	send_many(0, 100);
}

static void was_probed(void *arg)
{
	(void)arg;
	/* What was under way at first, and one each minute. */
	expect_least(receiver(0)->submitted, 10);
	expect_most(receiver(0)->submitted, 12);
	serve(receiver(0));
}

static void all_100_are_done(void *arg)
{
	(void)arg;
	expect_count(count_state(STORE_DONE), 100);
}

static void no_attempt_was_used(void *arg)
{
	all_100_are_done(arg);
	for (size_t i = 0; i < world->tales.bucket_count; i++)
		for (const struct tale *t = world->tales.buckets[i]; t; t = t->next)
			expect_count(t->attempts, 1);
}

START_TEST(a_blocked_link_is_probed_once_a_minute)
{
	begin();
	world_add_link(&(struct link_settings){0});
	receiver(0)->mood = MOOD_UNAUTHORISED;
	world_at(SECOND_MS, send_100, NULL);
	world_at(10 * MINUTE_MS, was_probed, NULL);
	world_at(20 * MINUTE_MS, no_attempt_was_used, NULL);
	run(21 * MINUTE_MS);
}
END_TEST

static void two_are_dead(void *arg)
{
	(void)arg;
	expect_count(count_state(STORE_DEAD), 2);
	expect_count(count_state(STORE_DONE), 0);
	serve(receiver(0));
}

static void the_others_are_done(void *arg)
{
	(void)arg;
	expect_count(count_state(STORE_DEAD), 2);
	expect_count(count_state(STORE_DONE), 98);
}

START_TEST(three_times_403_blocks)
{
	begin();
	world_add_link(&(struct link_settings){.pool_size = 1});
	receiver(0)->mood = MOOD_FORBIDS;
	world_at(SECOND_MS, send_100, NULL);
	world_at(10 * MINUTE_MS, two_are_dead, NULL);
	world_at(20 * MINUTE_MS, the_others_are_done, NULL);
	run(21 * MINUTE_MS);
}
END_TEST

static void pause_it(void *arg)
{
	(void)arg;
	world_pause(0);
}

static void resume_it(void *arg)
{
	(void)arg;
	world_resume(0);
}

static void nothing_was_sent(void *arg)
{
	(void)arg;
	expect_count(world->counts.accepted, 100);
	expect_count(receiver(0)->submitted, 0);
}

START_TEST(a_paused_link_holds)
{
	begin();
	world_add_link(&(struct link_settings){0});
	world_at(0, pause_it, NULL);
	world_at(SECOND_MS, send_100, NULL);
	world_at(HOUR_MS, nothing_was_sent, NULL);
	world_at(HOUR_MS + 1, resume_it, NULL);
	world_at(HOUR_MS + 2 * MINUTE_MS, all_100_are_done, NULL);
	run(2 * HOUR_MS);
}
END_TEST

static void one_is_dead(void *arg)
{
	(void)arg;
	expect_count(count_state(STORE_DEAD), 1);
	expect_count(receiver(0)->submitted, 1);
	serve(receiver(0));
	world_resume(0);
}

static void ninety_nine_are_done(void *arg)
{
	(void)arg;
	expect_count(count_state(STORE_DEAD), 1);
	expect_count(count_state(STORE_DONE), 99);
}

START_TEST(gone_pauses)
{
	begin();
	world_add_link(&(struct link_settings){.pool_size = 1});
	receiver(0)->mood = MOOD_GONE;
	world_at(SECOND_MS, send_100, NULL);
	world_at(HOUR_MS, one_is_dead, NULL);
	world_at(HOUR_MS + 2 * MINUTE_MS, ninety_nine_are_done, NULL);
	run(2 * HOUR_MS);
}
END_TEST

static void breaker_held(void *arg)
{
	(void)arg;
	/* Five faults, and a probe after 30, 60, 90 … seconds. */
	expect_least(receiver(0)->submitted, 7);
	expect_most(receiver(0)->submitted, 12);
	serve(receiver(0));
}

START_TEST(a_breaker_opens)
{
	begin();
	world_add_link(&(struct link_settings){.pool_size = 1});
	receiver(0)->mood = MOOD_REFUSES;
	world_at(SECOND_MS, send_100, NULL);
	world_at(5 * MINUTE_MS, breaker_held, NULL);
	world_at(HOUR_MS, all_100_are_done, NULL);
	run(2 * HOUR_MS);
}
END_TEST

/*
 * Order, rate, memory, disk
 */
static void send_keyed(void *arg)
{
	(void)arg;
	for (int i = 0; i < 200; i++) {
		const struct sending what = {.count = 1, .key = i % 5};
		world_send(&what);
	}
}

static void stop_host(void *arg)
{
	(void)arg;
	world_stop_host();
}

static void crash_submitted(void *arg)
{
	(void)arg;
	world_crash(CRASH_SUBMITTED);
}

static void all_200_are_done(void *arg)
{
	(void)arg;
	expect_count(count_state(STORE_DONE) + count_state(STORE_DEAD), 200);
	expect_least(count_state(STORE_DONE), 190);
}

/* That the order is kept is an invariant: see check_order(). */
START_TEST(order_is_kept_through_faults_and_crashes)
{
	begin();
	world_add_link(&(struct link_settings){.ordered = true, .retry_delay_s = 1});
	receiver(0)->mood = MOOD_FLAKY;
	world_at(SECOND_MS, send_keyed, NULL);
	world_at(2 * SECOND_MS, crash_submitted, NULL);
	world_at(30 * SECOND_MS, stop_host, NULL);
	world_at(HOUR_MS, serve, receiver(0));
	world_at(20 * HOUR_MS, all_200_are_done, NULL);
	run(24 * HOUR_MS);
}
END_TEST

static void not_all_yet(void *arg)
{
	(void)arg;
	expect_most(receiver(0)->welcomed, 95 * 10 + 5);
	expect_least(receiver(0)->welcomed, 93 * 10);
}

static void send_1000(void *arg)
{
	(void)arg;
	send_many(0, 1000);
}

static void all_1000_are_done(void *arg)
{
	(void)arg;
	expect_count(count_state(STORE_DONE), 1000);
}

START_TEST(a_rate_is_kept_and_used)
{
	begin();
	world_add_link(&(struct link_settings){.rate_per_s = 10, .burst = 5});
	world_at(0, send_1000, NULL);
	world_at(95 * SECOND_MS, not_all_yet, NULL);
	world_at(105 * SECOND_MS, all_1000_are_done, NULL);
	run(2 * MINUTE_MS);
}
END_TEST

static void send_10(void *arg)
{
	(void)arg;
	send_many(0, 10);
}

static uint64_t newest_welcomed(void)
{
	uint64_t count = 0;

	for (size_t i = 0; i < world->tales.bucket_count; i++)
		for (const struct tale *t = world->tales.buckets[i]; t; t = t->next)
			count += t->welcomed && t->asked_ms >= world->begun_ms + 60 * SECOND_MS;
	return count;
}

static void new_ones_came_through(void *arg)
{
	(void)arg;
	/* Before many that wait on the disk, and those went on beside them. */
	expect_count(newest_welcomed(), 10);
	expect_least(count_state(STORE_READY), 15000);
	expect_least(receiver(0)->welcomed, 25000);
}

static void all_came_through(void *arg)
{
	(void)arg;
	expect_count(count_state(STORE_DONE), 50010);
}

START_TEST(a_queue_larger_than_the_memory_drains)
{
	begin();
	world_add_link(&(struct link_settings){.pool_size = 10});
	receiver(0)->latency_ms = 95;
	receiver(0)->spread_ms = 10;
	for (int i = 0; i < 50; i++)
		world_at(i, send_1000, NULL);
	world_at(70 * SECOND_MS, send_10, NULL);
	world_at(270 * SECOND_MS, new_ones_came_through, NULL);
	world_at(15 * MINUTE_MS, all_came_through, NULL);
	run(16 * MINUTE_MS);
}
END_TEST

static void set_room(void *arg)
{
	memory_store_set_room(world->store, (enum memory_room)(uintptr_t)arg);
}

static void refused_and_settled(void *arg)
{
	(void)arg;
	expect_count(world->counts.accepted, 100);
	expect_count(world->counts.refused, 10);
	expect_count(count_state(STORE_DONE), 100);
	set_room((void *)(uintptr_t)MEMORY_ROOMY);
	send_many(0, 10);
}

static void resumed(void *arg)
{
	(void)arg;
	expect_count(count_state(STORE_DONE), 110);
}

START_TEST(a_full_disk_refuses_and_goes_on)
{
	begin();
	world_add_link(&(struct link_settings){0});
	receiver(0)->mood = MOOD_REFUSES;
	world_at(0, send_100, NULL);
	world_at(SECOND_MS, set_room, (void *)(uintptr_t)MEMORY_FULL);
	world_at(2 * SECOND_MS, send_10, NULL);
	world_at(MINUTE_MS, serve, receiver(0));
	world_at(HOUR_MS, refused_and_settled, NULL);
	world_at(HOUR_MS + MINUTE_MS, resumed, NULL);
	run(2 * HOUR_MS);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TIMES(a_backlog_drains_slowly_at_first, 2),
	SUITE_TEST(the_hanging_hold_nobody_up),
	SUITE_TIMES(poison_is_quarantined_and_nobody_else, 2),
	SUITE_TEST(a_blocked_link_is_probed_once_a_minute),
	SUITE_TEST(three_times_403_blocks),
	SUITE_TEST(a_paused_link_holds),
	SUITE_TEST(gone_pauses),
	SUITE_TEST(a_breaker_opens),
	SUITE_TEST(order_is_kept_through_faults_and_crashes),
	SUITE_TEST(a_rate_is_kept_and_used),
	SUITE_TEST(a_queue_larger_than_the_memory_drains),
	SUITE_TEST(a_full_disk_refuses_and_goes_on),
};

SUITE_MAIN("scenarios", tests)
