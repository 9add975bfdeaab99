/* The limiter: growth, cuts, recovery, bounds; and the token bucket. */
#include "core/limiter.h"

#include "suite.h"

#define S INT64_C(1000)

static uint32_t state = 2463534242u;

static uint32_t any(uint32_t limit)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % limit;
}

/* A round: as many requests as are permitted, together, each taking took_ms.  The moment of its end. */
static int64_t pass(struct limiter *l, int64_t now, int64_t took_ms)
{
	uint32_t in_flight = limiter_limit(l, now);

	for (; in_flight > 0; in_flight--)
		limiter_success(l, now, now + took_ms, in_flight);
	return now + took_ms;
}

START_TEST(grows_by_one_for_each_round_that_uses_it)
{
	struct limiter l;
	int64_t now = 1000;

	limiter_init(&l, 0);
	ck_assert_uint_eq(limiter_limit(&l, now), 2);
	for (uint32_t n = 0; n < 1000; n++) {
		uint32_t before = limiter_limit(&l, now);
		now = pass(&l, now, 50);
		uint32_t after = limiter_limit(&l, now);
		ck_assert(after == before || after == before + 1);
	}
	ck_assert_uint_eq(limiter_limit(&l, now), 256);
}
END_TEST

START_TEST(a_limit_that_is_not_used_does_not_grow)
{
	struct limiter l;
	int64_t now = 1000;

	limiter_init(&l, 0);
	for (int n = 0; n < 1000; n++, now += 50)
		limiter_success(&l, now, now + 50, 1);
	uint32_t limit = limiter_limit(&l, now);
	ck_assert_uint_ge(limit, 2); /* one of two is half of it */
	ck_assert_uint_le(limit, 3);
	for (int n = 0; n < 1000; n++, now += 50)
		limiter_success(&l, now, now + 50, 7);
	ck_assert_uint_ge(limiter_limit(&l, now), 14);
	ck_assert_uint_le(limiter_limit(&l, now), 15);
}
END_TEST

START_TEST(congestion_halves_once_a_round_and_not_below_one)
{
	struct limiter l;
	int64_t now = 1000;

	limiter_init(&l, 0);
	while (limiter_limit(&l, now) < 64)
		now = pass(&l, now, 50);
	for (uint32_t limit = 32; limit > 0; limit /= 2) {
		int64_t began = now;
		now += 50;
		for (int i = 0; i < 40; i++)
			limiter_congested(&l, began, now);
		ck_assert_uint_eq(limiter_limit(&l, now), limit);
		/* began in the very moment of the cut, or before */
		limiter_congested(&l, now, now + 1);
		limiter_congested(&l, began + 1, now + 2);
		ck_assert_uint_eq(limiter_limit(&l, now), limit);
		now += 1;
	}
	limiter_congested(&l, now, now + 1);
	ck_assert_uint_eq(limiter_limit(&l, now + 1), 1);
	/* and it comes back */
	for (int i = 0; i < 30; i++)
		now = pass(&l, now + 1, 50);
	ck_assert_uint_gt(limiter_limit(&l, now), 5);
}
END_TEST

START_TEST(latency_beyond_twice_its_floor_cuts)
{
	struct limiter l;
	int64_t now = 1000;

	limiter_init(&l, 0);
	while (limiter_limit(&l, now) < 40)
		now = pass(&l, now, 50);
	/* twice the floor is still well */
	for (int i = 0; i < 10; i++)
		now = pass(&l, now, 100);
	uint32_t full = limiter_limit(&l, now);
	ck_assert_uint_gt(full, 40);
	now = pass(&l, now + 1, 150);
	ck_assert_uint_eq(limiter_limit(&l, now), full / 2);
	now = pass(&l, now + 1, 150);
	ck_assert_uint_eq(limiter_limit(&l, now), full / 4);
	/* quick again: no more cuts, though the mean still lags behind */
	for (int i = 0; i < 10; i++) {
		now = pass(&l, now + 1, 50);
		ck_assert_uint_ge(limiter_limit(&l, now), full / 4);
	}
	ck_assert_uint_gt(limiter_limit(&l, now), full / 4 + 4);
}
END_TEST

START_TEST(one_slow_request_is_no_congestion)
{
	struct limiter l;
	int64_t now = 1000;

	limiter_init(&l, 0);
	while (limiter_limit(&l, now) < 40)
		now = pass(&l, now, 50);
	limiter_success(&l, now, now + 300, 40);
	ck_assert_uint_ge(limiter_limit(&l, now + 300), 40);
}
END_TEST

START_TEST(milliseconds_of_a_quick_peer_are_no_congestion)
{
	struct limiter l;
	int64_t now = 1000;

	limiter_init(&l, 0);
	for (int i = 0; i < 600; i++)
		now = pass(&l, now, i % 8 == 0 ? 0 : 1 + any(12));
	ck_assert_uint_eq(limiter_limit(&l, now), 256);
}
END_TEST

START_TEST(a_peer_that_is_slower_for_good_is_not_kept_at_one)
{
	struct limiter l;
	int64_t now = 1000;
	uint32_t lowest = 256;

	limiter_init(&l, 0);
	while (limiter_limit(&l, now) < 40)
		now = pass(&l, now, 50);
	for (int i = 0; i < 200; i++) {
		now = pass(&l, now + 1, 500);
		lowest = limiter_limit(&l, now) < lowest ? limiter_limit(&l, now) : lowest;
	}
	ck_assert_uint_eq(lowest, 1);
	ck_assert_uint_gt(limiter_limit(&l, now), 40);
}
END_TEST

START_TEST(a_fixed_bound_is_not_moved)
{
	struct limiter l;
	int64_t now = 1000;

	limiter_init(&l, 1000);
	for (int i = 0; i < 20; i++) {
		now = pass(&l, now, 10 + 100 * i);
		limiter_congested(&l, now, now + 1);
		ck_assert_uint_eq(limiter_limit(&l, now), 1000);
		ck_assert_int_eq(limiter_next_ms(&l, now), -1);
	}
	limiter_set_fixed(&l, 3);
	ck_assert_uint_eq(limiter_limit(&l, now), 3);
}
END_TEST

START_TEST(a_changed_bound_keeps_what_was_learned)
{
	struct limiter l;
	int64_t now = 1000;

	limiter_init(&l, 0);
	while (limiter_limit(&l, now) < 20)
		now = pass(&l, now, 50);
	limiter_set_fixed(&l, 5);
	ck_assert_uint_eq(limiter_limit(&l, now), 5);
	now = pass(&l, now, 50);
	limiter_set_fixed(&l, 0);
	ck_assert_uint_eq(limiter_limit(&l, now), 20);
}
END_TEST

/* A recovery at moment 0 of a clock, too.  With a fixed bound it grows by itself, without it only when
 * used. */
static const struct {
	uint32_t fixed;
	int64_t start_ms;
} recoveries[] = {{100, 0}, {100, 5000}, {0, 0}, {0, 777}};

START_TEST(a_recovery_grows_by_one_every_two_seconds)
{
	struct limiter l;
	int64_t start = recoveries[_i].start_ms;

	limiter_init(&l, recoveries[_i].fixed);
	limiter_recover(&l, start);
	ck_assert_uint_eq(limiter_limit(&l, start), 1);
	for (int64_t now = start; now < start + 30 * S; now += 10) {
		uint32_t bound = 1 + (uint32_t)((now - start) / (2 * S));
		uint32_t limit = limiter_limit(&l, now);
		ck_assert_uint_le(limit, bound);
		if (now - start <= 10 * S)
			ck_assert_uint_le(limit, 6);
		if (recoveries[_i].fixed) {
			ck_assert_uint_eq(limit, bound);
			ck_assert_int_eq(limiter_next_ms(&l, now), start + 2 * S * bound);
		} else {
			ck_assert_int_eq(limiter_next_ms(&l, now), -1);
		}
		for (uint32_t n = limit; n > 0; n--)
			limiter_success(&l, now, now + 10, n);
	}
	uint32_t after = limiter_limit(&l, start + 30 * S);
	ck_assert_uint_eq(after, recoveries[_i].fixed ? 100 : 15);
	ck_assert_int_eq(limiter_next_ms(&l, start + 30 * S), -1);
}
END_TEST

START_TEST(a_small_bound_is_not_raised_by_a_recovery)
{
	struct limiter l;

	limiter_init(&l, 3);
	limiter_recover(&l, 1000);
	ck_assert_int_eq(limiter_next_ms(&l, 1000), 3000);
	ck_assert_uint_eq(limiter_limit(&l, 4999), 2);
	ck_assert_uint_eq(limiter_limit(&l, 5000), 3);
	ck_assert_int_eq(limiter_next_ms(&l, 5000), -1);
	ck_assert_uint_eq(limiter_limit(&l, 20000), 3);
}
END_TEST

START_TEST(the_limit_never_leaves_its_bounds)
{
	struct limiter l;
	int64_t now = 1, recovered = -30 * S;
	uint32_t fixed = 0, highest = 0, lowest = 256;

	limiter_init(&l, 0);
	for (int round = 0; round < 500000; round++) {
		uint32_t what = any(100000), before = limiter_limit(&l, now);
		int64_t took = what < 90000 ? 15 : what < 99000 ? any(30) : any(500);
		int64_t began = now > took ? now - took : 0;
		if (what < 99000)
			limiter_success(&l, began, now, before);
		else if (what < 99900)
			limiter_success(&l, began, now, any(before + 1));
		else if (what < 99990)
			limiter_congested(&l, began, now);
		else if (what < 99993)
			limiter_recover(&l, recovered = now);
		else
			limiter_set_fixed(&l, fixed = any(2) * any(1001));
		uint32_t limit = limiter_limit(&l, now);
		ck_assert_uint_ge(limit, 1);
		ck_assert_uint_le(limit, fixed ? fixed : 256);
		if (now - recovered < 30 * S)
			ck_assert_uint_le(limit, 1 + (uint32_t)((now - recovered) / (2 * S)));
		int64_t next = limiter_next_ms(&l, now);
		if (next != -1) {
			ck_assert_int_gt(next, now);
			ck_assert_uint_gt(limiter_limit(&l, next), limit);
		}
		if (!fixed) {
			highest = limit > highest ? limit : highest;
			lowest = limit < lowest ? limit : lowest;
		}
		now += any(40);
	}
	ck_assert_uint_eq(lowest, 1);
	ck_assert_uint_gt(highest, 30);
}
END_TEST

/*
 * The token bucket
 */
START_TEST(without_a_rate_there_is_always_a_token)
{
	struct bucket b;

	bucket_init(&b, 0, 1, 0);
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(bucket_take(&b, 5), 0);
	bucket_return(&b);
}
END_TEST

static const struct {
	uint32_t rate, burst;
	int64_t wait_ms; /* after the burst */
} rates[] = {
	{1, 1, 1000},     {1, 5, 1000},  {3, 1, 334},  {7, 100, 143},
	{1000, 1, 1},     {5000, 10, 1}, {10, 0, 100}, /* 0: 1 */
	{1000000, 50, 1},
};

START_TEST(a_burst_then_the_rate)
{
	struct bucket b;
	uint32_t burst = rates[_i].burst ? rates[_i].burst : 1;

	bucket_init(&b, rates[_i].rate, rates[_i].burst, 1000);
	for (uint32_t i = 0; i < burst; i++)
		ck_assert_int_eq(bucket_take(&b, 1000), 0);
	ck_assert_int_eq(bucket_take(&b, 1000), rates[_i].wait_ms);
	/* a wait that was kept is enough */
	ck_assert_int_eq(bucket_take(&b, 1000 + rates[_i].wait_ms), 0);
	/* no more than the burst is ever saved up */
	int64_t later = 10000000;
	for (uint32_t i = 0; i < burst; i++)
		ck_assert_int_eq(bucket_take(&b, later), 0);
	ck_assert_int_eq(bucket_take(&b, later), rates[_i].wait_ms);
	bucket_return(&b);
	ck_assert_int_eq(bucket_take(&b, later), 0);
	ck_assert_int_gt(bucket_take(&b, later), 0);
}
END_TEST

START_TEST(a_changed_rate_keeps_the_tokens)
{
	struct bucket b;

	bucket_init(&b, 1, 10, 0);
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(bucket_take(&b, 0), 0);
	bucket_set(&b, 100, 20, 0);
	ck_assert_int_eq(bucket_take(&b, 0), 0);
	ck_assert_int_eq(bucket_take(&b, 0), 0);
	ck_assert_int_eq(bucket_take(&b, 0), 10);
	bucket_set(&b, 100, 3, 1000);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(bucket_take(&b, 1000), 0);
	ck_assert_int_eq(bucket_take(&b, 1000), 10);
	/* from no limit to one: the burst is there */
	bucket_set(&b, 0, 1, 1000);
	ck_assert_int_eq(bucket_take(&b, 1000), 0);
	bucket_set(&b, 2, 4, 1000);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(bucket_take(&b, 1000), 0);
	ck_assert_int_eq(bucket_take(&b, 1000), 500);
}
END_TEST

/* Whoever asks whenever: in no stretch of time more than the burst and what the rate gives in it; and
 * whoever waits as told gets all of the rate. */
START_TEST(the_rate_is_kept_and_reached)
{
	for (int round = 0; round < 300; round++) {
		uint32_t rate = 1 + any(round % 2 ? 20 : 3000), burst = 1 + any(50);
		struct bucket b;
		int64_t now = 0, taken = 0;

		bucket_init(&b, rate, burst, 0);
		while (now < 20 * S) {
			int64_t wait = bucket_take(&b, now);
			taken += wait == 0;
			ck_assert_int_le(taken, burst + now * rate / 1000 + 1);
			if (wait > 0 && any(2)) {
				now += wait;
				ck_assert_int_eq(bucket_take(&b, now), 0);
				taken++;
			} else {
				now += wait > 0 ? any((uint32_t)wait + 1) : 0;
			}
		}
		ck_assert_int_ge(taken, 19 * (int64_t)rate * (rate > 500 ? 0 : 1));
	}
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(grows_by_one_for_each_round_that_uses_it),
	SUITE_TEST(a_limit_that_is_not_used_does_not_grow),
	SUITE_TEST(congestion_halves_once_a_round_and_not_below_one),
	SUITE_TEST(latency_beyond_twice_its_floor_cuts),
	SUITE_TEST(one_slow_request_is_no_congestion),
	SUITE_TEST(milliseconds_of_a_quick_peer_are_no_congestion),
	SUITE_TEST(a_peer_that_is_slower_for_good_is_not_kept_at_one),
	SUITE_TEST(a_fixed_bound_is_not_moved),
	SUITE_TEST(a_changed_bound_keeps_what_was_learned),
	SUITE_LOOP(a_recovery_grows_by_one_every_two_seconds, recoveries),
	SUITE_TEST(a_small_bound_is_not_raised_by_a_recovery),
	SUITE_TEST(the_limit_never_leaves_its_bounds),
	SUITE_TEST(without_a_rate_there_is_always_a_token),
	SUITE_LOOP(a_burst_then_the_rate, rates),
	SUITE_TEST(a_changed_rate_keeps_the_tokens),
	SUITE_TEST(the_rate_is_kept_and_reached),
};

SUITE_MAIN("limiter", tests)
