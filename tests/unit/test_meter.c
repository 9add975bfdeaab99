/* Metrics of plugins: names, bounds, threads. */
#include "core/meter.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "core/measure.h"
#include "suite.h"

static struct meters meters;
static struct measure link_a, link_b;

static void begin(void)
{
	meters_init(&meters);
}

static void end(void)
{
	meter_finish(&link_a);
	meter_finish(&link_b);
	meters_finish(&meters);
}

/* The count of a link's metric; -1: it has none. */
static long long count_of(const struct measure *m, const char *name)
{
	for (size_t i = 0; i < meters.count; i++) {
		if (strcmp(meters.families[i].name, name) != 0)
			continue;
		const struct meter *meter = meter_find(m, &meters.families[i]);
		return meter ? (long long)meter->count : -1;
	}
	return -1;
}

START_TEST(each_link_counts_for_itself)
{
	begin();
	meter_count(&meters, &link_a, "handshakes", 2);
	meter_count(&meters, &link_a, "handshakes", 3);
	meter_count(&meters, &link_b, "handshakes", 1);
	meter_count(&meters, &link_b, "_other9", 1);
	ck_assert_int_eq(count_of(&link_a, "handshakes"), 5);
	ck_assert_int_eq(count_of(&link_b, "handshakes"), 1);
	ck_assert_int_eq(count_of(&link_a, "_other9"), -1);
	ck_assert_uint_eq(meters.count, 2);
	ck_assert_uint_eq(meters.dropped, 0);
	end();
}
END_TEST

static const struct {
	double seconds;
	uint64_t us;
} observations[] = {
	{0.25, 250000}, {0, 0}, {-1, 0}, {NAN, 0}, {INFINITY, 31622400000000ull},
};

START_TEST(an_observation_is_a_duration)
{
	begin();
	meter_observe(&meters, &link_a, "wait", observations[_i].seconds);
	const struct meter *meter = meter_find(&link_a, &meters.families[0]);
	ck_assert_ptr_nonnull(meter);
	ck_assert_int_eq(meter->family->kind, METER_SECONDS);
	ck_assert_uint_eq(meter->seconds.sum_us, observations[_i].us);
	end();
}
END_TEST

static const char *const bad_names[] = {
	"",         "9lives", "a-b",
	"Upper",    "a b",    "a\n",
	"\xc3\xa4", "{}",     "a2345678901234567890123456789012345678901234567890123456789012345",
};

START_TEST(a_bad_name_is_dropped)
{
	begin();
	meter_count(&meters, &link_a, bad_names[_i], 1);
	meter_observe(&meters, &link_a, bad_names[_i], 1);
	ck_assert_uint_eq(meters.count, 0);
	ck_assert_uint_eq(meters.dropped, 2);
	end();
}
END_TEST

static void count_many(struct measure *m, int from, int to)
{
	char name[16];

	for (int i = from; i < to; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		meter_count(&meters, m, name, 1);
	}
}

START_TEST(a_link_has_only_so_many)
{
	begin();
	count_many(&link_a, 0, METER_LINK_MOST + 3);
	ck_assert_uint_eq(meters.dropped, 3);
	ck_assert_int_eq(count_of(&link_a, "n0"), 1);
	/* Those that it has go on. */
	meter_count(&meters, &link_a, "n0", 1);
	ck_assert_int_eq(count_of(&link_a, "n0"), 2);
	ck_assert_uint_eq(meters.dropped, 3);
	end();
}
END_TEST

START_TEST(a_host_has_only_so_many)
{
	struct measure links[METER_FAMILIES / METER_LINK_MOST + 1] = {0};
	int last = METER_FAMILIES / METER_LINK_MOST;

	begin();
	for (int i = 0; i <= last; i++)
		count_many(&links[i], i * METER_LINK_MOST, (i + 1) * METER_LINK_MOST);
	ck_assert_uint_eq(meters.count, METER_FAMILIES);
	ck_assert_uint_eq(meters.dropped, METER_LINK_MOST);
	for (int i = 0; i <= last; i++)
		meter_finish(&links[i]);
	end();
}
END_TEST

START_TEST(without_memory_it_is_dropped)
{
	begin();
	mem_fail_at(1);
	meter_count(&meters, &link_a, "n", 1);
	ck_assert_int_eq(mem_fail_pending(), 0);
	ck_assert_uint_eq(meters.dropped, 1);
	meter_count(&meters, &link_a, "n", 1);
	ck_assert_int_eq(count_of(&link_a, "n"), 1);
	end();
}
END_TEST

static void *count_in_a_thread(void *arg)
{
	for (int i = 0; i < 1000; i++)
		count_many(arg, 0, METER_LINK_MOST);
	return NULL;
}

START_TEST(threads_count_together)
{
	enum { THREADS = 4 };
	pthread_t threads[THREADS];

	begin();
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, count_in_a_thread, &link_a), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(count_of(&link_a, "n0"), THREADS * 1000);
	ck_assert_int_eq(count_of(&link_a, "n15"), THREADS * 1000);
	ck_assert_uint_eq(meters.dropped, 0);
	end();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(each_link_counts_for_itself),
	SUITE_LOOP(an_observation_is_a_duration, observations),
	SUITE_LOOP(a_bad_name_is_dropped, bad_names),
	SUITE_TEST(a_link_has_only_so_many),
	SUITE_TEST(a_host_has_only_so_many),
	SUITE_TEST(without_memory_it_is_dropped),
	SUITE_TEST(threads_count_together),
};

SUITE_MAIN("meter", tests)
