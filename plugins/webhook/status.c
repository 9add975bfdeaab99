/* The status of a reply: success, verdict, Retry-After. */
#include "status.h"

#include <linkspan/connector.h>
#include <stdio.h>
#include <string.h>

enum { CODE_DIGITS = 3, BUSY = LK_LINK_FAULT | LK_CONGESTED };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Success */

static const char *skip_blanks(const char *s)
{
	return s + strspn(s, " \t");
}

/* Reads a code of three digits; false: there is none, or it is no final one. */
static bool read_code(const char **s, unsigned *ret)
{
	const char *p = skip_blanks(*s);
	unsigned code = 0;
	int digits = 0;

	for (; is_digit(*p) && digits <= CODE_DIGITS; digits++)
		code = code * 10 + (unsigned)(*p++ - '0');
	*s = skip_blanks(p);
	*ret = code;
	return digits == CODE_DIGITS && code >= STATUS_MIN && code <= STATUS_MAX;
}

int status_set_parse(const char *text, struct status_set *ret, const char **ret_message)
{
	struct status_set set = {{0}};
	unsigned from, to;

	for (const char *s = text;; s++) {
		if (!read_code(&s, &from))
			goto malformed;
		to = from;
		if (*s == '-') {
			s++;
			if (!read_code(&s, &to))
				goto malformed;
		}
		if (from > to) {
			*ret_message = "a range goes from the lower to the higher code";
			return LK_EINVAL;
		}
		for (unsigned i = from - STATUS_MIN; i <= to - STATUS_MIN; i++)
			set.bits[i / 8] |= (uint8_t)(1u << i % 8);
		if (*s == '\0')
			break;
		if (*s != ',')
			goto malformed;
	}
	*ret = set;
	return 0;

malformed:
	*ret_message = "codes from 200 to 599 and ranges of them are needed, with commas between: "
		       "\"200-204, 404\"";
	return LK_EINVAL;
}

bool status_set_has(const struct status_set *set, unsigned status)
{
	if (status < STATUS_MIN || status > STATUS_MAX)
		return false;
	unsigned i = status - STATUS_MIN;
	return set->bits[i / 8] >> i % 8 & 1;
}

/* Verdict */

/* The first row that fits counts. */
static const struct row {
	unsigned from, to;
	struct status_verdict verdict;
} rows[] = {
	{200,
         299,
         {LK_REJECT, 0, REASON_HTTP_2XX, "a success, but not one that success_status names"}},
	{300, 399, {LK_REJECT, 0, REASON_REDIRECT, "redirects are never followed"}},
	{401, 401, {LK_BLOCKED, 0, REASON_AUTH, "the peer does not accept the credentials"}},
	{403, 403, {LK_REJECT, 0, REASON_HTTP_403, "the peer forbids this request"}},
	{407, 407, {LK_BLOCKED, 0, REASON_AUTH, "the proxy does not accept the credentials"}},
	{408, 408, {LK_RETRY, 0, REASON_HTTP_408, "the peer got the request too slowly"}},
	{410, 410, {LK_REJECT, LK_LINK_GONE, REASON_HTTP_410, "this address is gone for good"}},
	{425, 425, {LK_RETRY, 0, REASON_HTTP_425, "the peer finds it too early for this request"}},
	{429, 429, {LK_RETRY, BUSY, REASON_HTTP_429, "the peer gets too many requests"}},
	{400, 499, {LK_REJECT, 0, REASON_HTTP_4XX, "the peer refuses this request"}},
	{502, 502, {LK_RETRY, LK_LINK_FAULT, REASON_HTTP_502, "a gateway cannot reach the peer"}},
	{503, 503, {LK_RETRY, BUSY, REASON_HTTP_503, "the peer is not available now"}},
	{504,
         504,
         {LK_RETRY, LK_LINK_FAULT, REASON_HTTP_504, "a gateway got no reply from the peer"}},
	{500, 599, {LK_RETRY, 0, REASON_HTTP_5XX, "the peer has failed with this request"}},
	{0,
         UINT32_MAX,
         {LK_RETRY, LK_LINK_FAULT, REASON_PROTOCOL, "this is no final status of HTTP"}},
};

struct status_verdict status_judge(const struct status_set *success, unsigned status)
{
	const struct row *row = rows;

	if (status_set_has(success, status))
		return (struct status_verdict){LK_DONE, 0, REASON_OK, "delivered"};
	while (status < row->from || status > row->to)
		row++;
	return row->verdict;
}

void status_detail(const struct status_verdict *verdict, unsigned status, bool has_location,
                   char *text, size_t text_bytes)
{
	const char *more = "";

	if (verdict->result == LK_REJECT && status >= 300 && status <= 399)
		more = has_location ? "; if its Location header is right, put that into url"
		                    : ", and this one has no Location header";
	snprintf(text, text_bytes, "%u: %s%s", status, verdict->hint, more);
}

/* Retry-After */

struct date {
	int64_t year;
	int month, day, hour, minute, second; /* month from 0 */
	bool century_missing;
};

static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
                                     "Aug", "Sep", "Oct", "Nov", "Dec", NULL};
static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", NULL};
static const char *const long_days[] = {"Sunday",   "Monday", "Tuesday",  "Wednesday",
                                        "Thursday", "Friday", "Saturday", NULL};

/* A text under the reader's finger. */
struct reader {
	const char *s, *end;
};

static bool read_word(struct reader *r, const char *const *words, int *ret)
{
	for (int i = 0; words[i]; i++) {
		size_t bytes = strlen(words[i]);
		if ((size_t)(r->end - r->s) >= bytes && memcmp(r->s, words[i], bytes) == 0) {
			r->s += bytes;
			*ret = i;
			return true;
		}
	}
	return false;
}

static bool read_number(struct reader *r, int digits, int *ret)
{
	int number = 0;

	for (; digits > 0; digits--, r->s++) {
		if (r->s == r->end || !is_digit(*r->s))
			return false;
		number = number * 10 + (*r->s - '0');
	}
	*ret = number;
	return true;
}

static bool read_field(struct reader *r, char kind, struct date *d)
{
	int n;

	switch (kind) {
	case 'a':
		return read_word(r, days, &n);
	case 'A':
		return read_word(r, long_days, &n);
	case 'b':
		return read_word(r, months, &d->month);
	case 'd':
		return read_number(r, 2, &d->day);
	case 'e':
		if (r->s == r->end || *r->s != ' ')
			return read_number(r, 2, &d->day);
		r->s++;
		return read_number(r, 1, &d->day);
	case 'T':
		return read_number(r, 2, &d->hour) && r->s != r->end && *r->s++ == ':' &&
		       read_number(r, 2, &d->minute) && r->s != r->end && *r->s++ == ':' &&
		       read_number(r, 2, &d->second);
	default: /* 'Y' and 'y' */
		if (!read_number(r, kind == 'Y' ? 4 : 2, &n))
			return false;
		d->year = n;
		d->century_missing = kind == 'y';
		return true;
	}
}

/* "%x" is a field, anything else stands for itself.  The whole text must fit. */
static bool read_date(struct reader r, const char *format, struct date *ret)
{
	struct date d = {0};

	for (; *format; format++) {
		if (*format == '%') {
			if (!read_field(&r, *++format, &d))
				return false;
		} else if (r.s == r.end || *r.s++ != *format) {
			return false;
		}
	}
	*ret = d;
	return r.s == r.end;
}

static bool is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool is_real(const struct date *d)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int length = lengths[d->month] + (d->month == 1 && is_leap(d->year));

	/* 60: a leap second */
	return d->day >= 1 && d->day <= length && d->hour <= 23 && d->minute <= 59 &&
	       d->second <= 60;
}

static int64_t to_unix_s(const struct date *d)
{
	static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	int64_t past = d->year - 1; /* whole years since the year 1 */
	int64_t day = past * 365 + past / 4 - past / 100 + past / 400 + before[d->month] +
	              (d->month > 1 && is_leap(d->year)) + d->day - 1;

	return (day - 719162) * 86400 + d->hour * 3600 + d->minute * 60 + d->second;
}

static int64_t year_of(int64_t unix_ms)
{
	return 1970 + unix_ms / INT64_C(31556952000); /* mean Gregorian years: near enough */
}

static int64_t wait_for_date(struct reader r, int64_t now_unix_ms)
{
	static const char *const formats[] = {
		"%a, %d %b %Y %T GMT", /* IMF-fixdate: Sun, 06 Nov 1994 08:49:37 GMT */
		"%A, %d-%b-%y %T GMT", /* RFC 850: Sunday, 06-Nov-94 08:49:37 GMT */
		"%a %b %e %T %Y",      /* asctime(): Sun Nov  6 08:49:37 1994 */
	};
	struct date d;

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (!read_date(r, formats[i], &d))
			continue;
		if (d.century_missing) {
			/* More than 50 years ahead means the past (RFC 9110, 5.6.7). */
			int64_t now = year_of(now_unix_ms);
			d.year += now - now % 100;
			if (d.year > now + 50)
				d.year -= 100;
			else if (d.year <= now - 50)
				d.year += 100;
		}
		if (!is_real(&d))
			return -1;
		int64_t wait = to_unix_s(&d) * 1000 - now_unix_ms;
		return wait < 0 ? 0 : wait;
	}
	return -1;
}

static int64_t wait_for_seconds(struct reader r)
{
	int64_t wait = 0;

	for (; r.s < r.end; r.s++) {
		if (!is_digit(*r.s))
			return -1;
		if (wait < STATUS_RETRY_AFTER_MAX_MS)
			wait = wait * 10 + (*r.s - '0') * INT64_C(1000);
	}
	return wait;
}

int64_t status_retry_after_ms(const char *value, size_t bytes, int64_t now_unix_ms)
{
	struct reader r = {value, value + bytes};
	int64_t wait;

	while (r.s < r.end && (*r.s == ' ' || *r.s == '\t'))
		r.s++;
	while (r.end > r.s && (r.end[-1] == ' ' || r.end[-1] == '\t'))
		r.end--;
	if (r.s == r.end)
		return -1;
	wait = is_digit(*r.s) ? wait_for_seconds(r) : wait_for_date(r, now_unix_ms);
	return wait > STATUS_RETRY_AFTER_MAX_MS ? STATUS_RETRY_AFTER_MAX_MS : wait;
}
