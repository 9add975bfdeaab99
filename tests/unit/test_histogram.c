/* Histograms: which bucket a duration falls into, and what a reader gets. */
#include "base/histogram.h"

#include "suite.h"

static const struct {
	uint64_t us;
	size_t bucket;
} durations[] = {
	{0, 0},
	{4999, 0},
	{5000, 0},
	{5001, 1},
	{10000, 1},
	{10001, 2},
	{1000000, 7},
	{59999999, 12},
	{60000000, 12},
	{60000001, 13},
	{UINT64_MAX / 2, 13},
};

START_TEST(a_bound_belongs_to_its_bucket)
{
	ck_assert_uint_eq(histogram_bucket(&histogram_requests, durations[_i].us),
	                  durations[_i].bucket);
}
END_TEST

static const struct histogram_scale *const scales[] = {&histogram_requests, &histogram_commits};

START_TEST(bounds_ascend)
{
	for (size_t i = 1; i < HISTOGRAM_BOUNDS; i++)
		ck_assert_uint_gt(scales[_i]->bounds_us[i], scales[_i]->bounds_us[i - 1]);
}
END_TEST

START_TEST(several_are_read_together)
{
	struct histogram a = {0}, b = {0};
	struct histogram_view v = {0};

	histogram_add(&a, &histogram_requests, 1000);
	histogram_add(&a, &histogram_requests, 70000000);
	histogram_add(&b, &histogram_requests, 2000);
	histogram_gather(&a, &v);
	histogram_gather(&b, &v);
	ck_assert_uint_eq(v.counts[0], 2);
	ck_assert_uint_eq(v.counts[HISTOGRAM_BOUNDS], 1);
	ck_assert_uint_eq(v.sum_us, 70003000);
	ck_assert_uint_eq(histogram_count(&v), 3);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(a_bound_belongs_to_its_bucket, durations),
	SUITE_LOOP(bounds_ascend, scales),
	SUITE_TEST(several_are_read_together),
};

SUITE_MAIN("histogram", tests)
