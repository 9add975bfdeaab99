/* The clock service: the system's clock and a fake one. */
#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "base/banned.h"

static int64_t read_ms(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t system_mono_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

static int64_t system_unix_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

const struct clock clock_system = {system_mono_ms, system_unix_ms};

static _Atomic int64_t fake_mono, fake_unix;

static int64_t fake_mono_ms(void)
{
	return atomic_load(&fake_mono);
}

static int64_t fake_unix_ms(void)
{
	return atomic_load(&fake_unix);
}

const struct clock clock_fake = {fake_mono_ms, fake_unix_ms};

void clock_fake_set(int64_t mono_ms, int64_t unix_ms)
{
	atomic_store(&fake_mono, mono_ms);
	atomic_store(&fake_unix, unix_ms);
}

void clock_fake_advance(int64_t ms)
{
	atomic_fetch_add(&fake_mono, ms);
	atomic_fetch_add(&fake_unix, ms);
}

void clock_format(int64_t unix_ms, char *text)
{
	time_t seconds = (time_t)(unix_ms / 1000);
	int ms = (int)(unix_ms % 1000);
	struct tm tm;

	if (ms < 0) {
		ms += 1000;
		seconds--;
	}
	gmtime_r(&seconds, &tm);
	size_t length = strftime(text, CLOCK_TEXT_BYTES, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + length, CLOCK_TEXT_BYTES - length, ".%03dZ", ms);
}
