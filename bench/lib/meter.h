/*
 * What a stretch of work costs: requests, time, and the CPU time of the whole process.  One thread.
 *
 * The first part of a run fills pools and caches and is not counted.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#define METER_WARM_UP_S 0.2

struct meter {
	double begin_s, end_s;       /* when counting begins and ends */
	double first_s, first_cpu_s; /* when it really began; 0: not yet */
	double last_s, last_cpu_s;
	unsigned long requests, failures, resumed;
};

static inline double meter_now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline double meter_cpu_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static inline void meter_start(struct meter *m, double seconds)
{
	*m = (struct meter){.begin_s = meter_now_s() + METER_WARM_UP_S};
	m->end_s = m->begin_s + seconds;
}

/* Counts a request that has ended.  False when the run is over. */
static inline bool meter_count(struct meter *m, bool delivered, bool resumed)
{
	double now = meter_now_s();

	m->failures += !delivered;
	if (m->last_s > 0 || now < m->begin_s)
		return m->last_s == 0;
	if (m->first_s == 0) {
		m->first_s = now;
		m->first_cpu_s = meter_cpu_s();
		return true;
	}
	m->requests++;
	m->resumed += resumed;
	if (now < m->end_s)
		return true;
	m->last_s = now;
	m->last_cpu_s = meter_cpu_s();
	return false;
}

/* One line of key=value.  The status of the program. */
static inline int meter_print(const struct meter *m)
{
	double seconds = m->last_s - m->first_s, count = m->requests ? (double)m->requests : 1;

	printf("requests=%lu seconds=%.3f rate=%.0f cpu_s_per_100k=%.3f resumed=%.3f failures=%lu\n",
	       m->requests, seconds, count / seconds,
	       (m->last_cpu_s - m->first_cpu_s) * 1e5 / count, (double)m->resumed / count,
	       m->failures);
	return m->failures > 0;
}
