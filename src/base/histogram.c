/* Histograms of durations. */
#include "base/histogram.h"

#include "base/banned.h"

/* A new bound makes series of another meaning out of those that are stored: keep them. */
const struct histogram_scale histogram_requests = {
	{5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000,
         30000000, 60000000},
};
const struct histogram_scale histogram_commits = {
	{100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000},
};

size_t histogram_bucket(const struct histogram_scale *scale, uint64_t us)
{
	size_t at = 0;

	while (at < HISTOGRAM_BOUNDS && us > scale->bounds_us[at])
		at++;
	return at;
}

void histogram_add(struct histogram *h, const struct histogram_scale *scale, uint64_t us)
{
	atomic_fetch_add_explicit(&h->counts[histogram_bucket(scale, us)], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&h->sum_us, us, memory_order_relaxed);
}

void histogram_gather(const struct histogram *h, struct histogram_view *to)
{
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		to->counts[i] += atomic_load_explicit(&h->counts[i], memory_order_relaxed);
	to->sum_us += atomic_load_explicit(&h->sum_us, memory_order_relaxed);
}

uint64_t histogram_count(const struct histogram_view *v)
{
	uint64_t count = 0;

	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		count += v->counts[i];
	return count;
}
