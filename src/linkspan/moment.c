/* Times as people write and read them. */
#include "linkspan/moment.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "schema/units.h"

/* Beyond that a number of milliseconds is surely a mistake; also keeps sums from overflowing. */
#define LENGTH_MAX_MS (100LL * 365 * 86400 * 1000)

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Numbers with units, one behind the other. */
static bool parse_length(const char *text, int64_t *ret_ms)
{
	int64_t sum_ms = 0;

	do {
		char piece[32];
		int64_t ms;
		size_t bytes = strspn(text, "0123456789");
		while (text[bytes] && !is_digit(text[bytes]))
			bytes++;
		if (!is_digit(text[0]) || bytes >= sizeof(piece))
			return false;
		memcpy(piece, text, bytes);
		piece[bytes] = '\0';
		if (!units_parse(units_of_time, piece, &ms) || ms > LENGTH_MAX_MS - sum_ms)
			return false;
		sum_ms += ms;
		text += bytes;
	} while (*text);
	*ret_ms = sum_ms;
	return true;
}

/* A whole number of exactly `count` digits within bounds, and the text behind it. */
static bool digits(const char **text, int count, int least, int most, int *ret)
{
	int value = 0;

	for (int i = 0; i < count; i++, (*text)++) {
		if (!is_digit(**text))
			return false;
		value = 10 * value + (**text - '0');
	}
	*ret = value;
	return value >= least && value <= most;
}

static bool skip(const char **text, const char *one_of)
{
	if (!**text || !strchr(one_of, **text))
		return false;
	(*text)++;
	return true;
}

static bool parse_date(const char **text, struct tm *tm)
{
	static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year, month;

	if (!digits(text, 4, 1970, 9999, &year) || !skip(text, "-") ||
	    !digits(text, 2, 1, 12, &month) || !skip(text, "-"))
		return false;
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	int last = month == 2 && !leap ? 28 : days[month - 1];
	return digits(text, 2, 1, last, &tm->tm_mday);
}

/* "Z", "+02:00", "-05:30": what is to be taken away to get UTC. */
static bool parse_zone(const char **text, int *ret_minutes)
{
	int hours, minutes;
	bool west = **text == '-';

	*ret_minutes = 0;
	if (skip(text, "Zz"))
		return true;
	if (!skip(text, "+-") || !digits(text, 2, 0, 23, &hours) || !skip(text, ":") ||
	    !digits(text, 2, 0, 59, &minutes))
		return false;
	*ret_minutes = (west ? -1 : 1) * (60 * hours + minutes);
	return true;
}

static int parse_fraction_ms(const char **text)
{
	int ms = 0, weight = 100;

	for (; is_digit(**text); (*text)++, weight /= 10)
		ms += weight * (**text - '0');
	return ms;
}

static bool parse_time(const char *text, int64_t *ret_unix_ms)
{
	struct tm tm = {0};
	int zone_minutes = 0, fraction_ms = 0;

	if (!parse_date(&text, &tm))
		return false;
	if (*text) {
		if (!skip(&text, "Tt ") || !digits(&text, 2, 0, 23, &tm.tm_hour) ||
		    !skip(&text, ":") || !digits(&text, 2, 0, 59, &tm.tm_min) ||
		    !skip(&text, ":") || !digits(&text, 2, 0, 60, &tm.tm_sec))
			return false;
		if (skip(&text, ".")) {
			if (!is_digit(*text))
				return false;
			fraction_ms = parse_fraction_ms(&text);
		}
		if (!parse_zone(&text, &zone_minutes) || *text)
			return false;
	}
	*ret_unix_ms = ((int64_t)timegm(&tm) - 60LL * zone_minutes) * 1000 + fraction_ms;
	return true;
}

int moment_parse(const char *option, const char *text, int64_t now_ms, int64_t *ret_unix_ms,
                 struct err *e)
{
	int64_t ms;

	if (parse_time(text, ret_unix_ms))
		return 0;
	if (!parse_length(text, &ms))
		return err_set(e, ERR_USAGE,
		               "--%s \"%s\": a time such as 2026-11-24T08:00:00Z is needed, or how "
		               "long ago, such as 2h or 3d",
		               option, text);
	*ret_unix_ms = now_ms - ms;
	return 0;
}

int moment_parse_length(const char *option, const char *text, int64_t *ret_ms, struct err *e)
{
	if (parse_length(text, ret_ms))
		return 0;
	return err_set(e, ERR_USAGE,
	               "--%s \"%s\": a length of time such as 500ms, 5s or 1h30m is "
	               "needed",
	               option, text);
}

int64_t moment_read(const char *text)
{
	int64_t unix_ms;

	return text && parse_time(text, &unix_ms) ? unix_ms : -1;
}

void moment_show_length(int64_t ms, struct buf *b)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}};
	int64_t left = ms > 0 ? ms / 1000 : 0;
	size_t i = 0;

	while (i < 3 && left < units[i].seconds)
		i++;
	buf_printf(b, "%lld %s", (long long)(left / units[i].seconds), units[i].name);
	left %= units[i].seconds;
	if (i < 3 && left >= units[i + 1].seconds)
		buf_printf(b, " %lld %s", (long long)(left / units[i + 1].seconds),
		           units[i + 1].name);
}
