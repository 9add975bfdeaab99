/*
 * A histogram of durations: how many took at most so long, in buckets that are fixed when it is compiled.
 *
 * Any thread, without locks.  Whoever reads while others add may see an addition half: counted, and not
 * yet in the sum.
 */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { HISTOGRAM_BOUNDS = 13, HISTOGRAM_BUCKETS = HISTOGRAM_BOUNDS + 1 };

/* Upper bounds in microseconds, ascending; the last bucket has none. */
struct histogram_scale {
	uint32_t bounds_us[HISTOGRAM_BOUNDS];
};

extern const struct histogram_scale histogram_requests; /* 5 ms to 60 s: requests over a network */
extern const struct histogram_scale histogram_commits;  /* 0.1 ms to 1 s: what a disk takes */

struct histogram {
	_Atomic uint64_t counts[HISTOGRAM_BUCKETS];
	_Atomic uint64_t sum_us;
};

/* What was read of one, or of several together. */
struct histogram_view {
	uint64_t counts[HISTOGRAM_BUCKETS];
	uint64_t sum_us;
};

/* The bucket of a duration. */
size_t histogram_bucket(const struct histogram_scale *scale, uint64_t us);
void histogram_add(struct histogram *h, const struct histogram_scale *scale, uint64_t us);
/* Adds what is in it to *to. */
void histogram_gather(const struct histogram *h, struct histogram_view *to);
/* How many there are in all buckets. */
uint64_t histogram_count(const struct histogram_view *v);
