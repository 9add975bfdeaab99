/* The clock service: the system's clock and a fake one. */
#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "base/banned.h"
#include "base/err.h"

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

/* Exactly `digits` digits, which are left behind; -1: they are not there, or beyond `most`. */
static int take_number(const char **text, int digits, int most)
{
	int number = 0;

	for (int i = 0; i < digits; i++) {
		if (**text < '0' || **text > '9')
			return -1;
		number = 10 * number + (*(*text)++ - '0');
	}
	return number <= most ? number : -1;
}

/* The sign before a number that must follow. */
static int take_field(const char **text, char before, int digits, int most)
{
	if (**text != before)
		return -1;
	(*text)++;
	return take_number(text, digits, most);
}

/* What follows the seconds; milliseconds, the rest left out.  -1: a point without digits. */
static int take_fraction(const char **text)
{
	int ms = 0, digits = 0;

	if (**text != '.')
		return 0;
	for ((*text)++; **text >= '0' && **text <= '9'; (*text)++, digits++)
		if (digits < 3)
			ms = 10 * ms + (**text - '0');
	for (int i = digits; i < 3; i++)
		ms *= 10;
	return digits > 0 ? ms : -1;
}

/* "Z", "+01:00" in seconds east of Greenwich. */
static int take_offset(const char **text, int *ret_seconds)
{
	char sign = **text;

	*ret_seconds = 0;
	if (sign == 'Z' || sign == 'z') {
		(*text)++;
		return 0;
	}
	if (sign != '+' && sign != '-')
		return ERR_INVALID;
	int hours = take_field(text, sign, 2, 23), minutes = take_field(text, ':', 2, 59);
	if (hours < 0 || minutes < 0)
		return ERR_INVALID;
	*ret_seconds = (sign == '-' ? -60 : 60) * (60 * hours + minutes);
	return 0;
}

int clock_parse(const char *text, int64_t *ret_unix_ms)
{
	int year = take_number(&text, 4, 9999), month = take_field(&text, '-', 2, 12);
	int day = take_field(&text, '-', 2, 31);
	int hour = take_field(&text, *text == 't' ? 't' : 'T', 2, 23);
	int minute = take_field(&text, ':', 2, 59), second = take_field(&text, ':', 2, 60);
	int ms = take_fraction(&text), offset = 0;
	struct tm tm = {.tm_year = year - 1900,
	                .tm_mon = month - 1,
	                .tm_mday = day,
	                .tm_hour = hour,
	                .tm_min = minute,
	                .tm_sec = second};

	if (year < 0 || month < 1 || day < 1 || hour < 0 || minute < 0 || second < 0 || ms < 0 ||
	    take_offset(&text, &offset) < 0 || *text)
		return ERR_INVALID;
	/* timegm() makes 1 March of 30 February, and the next minute of a leap second. */
	int64_t seconds = timegm(&tm);
	if (tm.tm_mday != day && second < 60)
		return ERR_INVALID;
	*ret_unix_ms = (seconds - offset) * 1000 + ms;
	return 0;
}
