/* The fresh leases. */
#include "base/mem.h"
#include "store/sqlite_fresh.h"
#include "suite.h"

static struct fresh fresh;

static void begin(void)
{
	fresh_init(&fresh);
}

START_TEST(least_of_what_is_there)
{
	begin();
	ck_assert(fresh_least(&fresh) == UINT64_MAX);
	fresh_add(&fresh, 20, 1, false);
	fresh_add(&fresh, 30, 1, false);
	fresh_add(&fresh, 10, 2, false); /* threads do not post in the order of their numbers */
	fresh_add(&fresh, 25, 2, false);
	ck_assert_uint_eq(fresh_least(&fresh), 10);
	fresh_remove(&fresh, 20);
	ck_assert_uint_eq(fresh_least(&fresh), 10);
	fresh_remove(&fresh, 10);
	ck_assert_uint_eq(fresh_least(&fresh), 25);
	fresh_remove(&fresh, 10);
	fresh_remove(&fresh, 26);
	fresh_remove(&fresh, 25);
	fresh_remove(&fresh, 30);
	ck_assert(fresh_least(&fresh) == UINT64_MAX);
	fresh_finish(&fresh);
}
END_TEST

static void count_links(void *arg, const struct fresh_row *row)
{
	uint64_t *sums = arg;

	sums[row->waits ? 0 : row->link] += row->seq;
}

START_TEST(each_that_is_left)
{
	uint64_t sums[3] = {0};

	begin();
	for (uint64_t seq = 1; seq <= 6; seq++)
		fresh_add(&fresh, seq, 1 + seq % 2, seq == 3 || seq == 5);
	fresh_remove(&fresh, 1);
	fresh_remove(&fresh, 4);
	fresh_lease(&fresh, 5);
	fresh_lease(&fresh, 4);
	fresh_each(&fresh, count_links, sums);
	ck_assert_uint_eq(sums[1], 2 + 6);
	ck_assert_uint_eq(sums[2], 3 + 5);
	fresh_finish(&fresh);
}
END_TEST

/* One hangs while a million come and go: the place they take is bounded. */
START_TEST(one_hangs)
{
	begin();
	fresh_add(&fresh, 1, 1, false);
	for (uint64_t seq = 2; seq < 1000000; seq++) {
		fresh_add(&fresh, seq, 1, false);
		if (seq > 100)
			fresh_remove(&fresh, seq - 50);
	}
	ck_assert_uint_eq(fresh_least(&fresh), 1);
	ck_assert_uint_le(fresh.cap, 1024);
	fresh_finish(&fresh);
}
END_TEST

/* What there is no memory for holds the watermark, so that a restart finds it. */
START_TEST(no_memory)
{
	begin();
	mem_fail_at(1);
	fresh_add(&fresh, 5, 1, false);
	mem_fail_at(0);
	fresh_add(&fresh, 9, 1, false);
	ck_assert_uint_eq(fresh_least(&fresh), 5);
	fresh_remove(&fresh, 5);
	fresh_remove(&fresh, 9);
	ck_assert_uint_eq(fresh_least(&fresh), 5);
	fresh_finish(&fresh);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(least_of_what_is_there),
	SUITE_TEST(each_that_is_left),
	SUITE_TEST(one_hangs),
	SUITE_TEST(no_memory),
};

SUITE_MAIN("fresh", tests)
