/* The status of a reply: success_status, the verdict on every code, Retry-After. */
#include "webhook/status.h"

#include <linkspan/connector.h>
#include <string.h>

#include "suite.h"

static const struct {
	const char *text;
	unsigned in[4], out[4]; /* 0 ends */
} sets[] = {
	{"200-299", {200, 250, 299}, {300, 199, 404}},
	{"200", {200}, {201, 208, 599}},
	{"200,202,204", {200, 202, 204}, {201, 203, 205}},
	{"200-204, 404", {200, 204, 404}, {205, 403, 405}},
	{" 200 - 204 ,\t404 ", {200, 204, 404}, {205}},
	{"599", {599}, {598, 600, 1000}},
	{"200-599", {200, 599}, {100, 199, 600, UINT32_MAX}},
	{"204,204-206,205", {204, 205, 206}, {207}},
	{"302-302", {302}, {301, 303}},
};

START_TEST(success_is_codes_and_ranges)
{
	struct status_set set;
	const char *message = "";

	ck_assert_msg(status_set_parse(sets[_i].text, &set, &message) == 0, "%s", message);
	for (int i = 0; i < 4 && sets[_i].in[i]; i++)
		ck_assert_msg(status_set_has(&set, sets[_i].in[i]), "%u", sets[_i].in[i]);
	for (int i = 0; i < 4 && sets[_i].out[i]; i++)
		ck_assert_msg(!status_set_has(&set, sets[_i].out[i]), "%u", sets[_i].out[i]);
	ck_assert(!status_set_has(&set, 0));
}
END_TEST

static const struct {
	const char *text, *message; /* contains this */
} malformed[] = {
	{"", "codes from 200 to 599"},
	{" ", "codes from 200 to 599"},
	{"ok", "codes from 200 to 599"},
	{"20", "codes from 200 to 599"},
	{"2000", "codes from 200 to 599"},
	{"199", "codes from 200 to 599"},
	{"100-299", "codes from 200 to 599"},
	{"600", "codes from 200 to 599"},
	{"200-600", "codes from 200 to 599"},
	{"2xx", "codes from 200 to 599"},
	{"200,", "codes from 200 to 599"},
	{",200", "codes from 200 to 599"},
	{"200,,204", "codes from 200 to 599"},
	{"200 204", "codes from 200 to 599"},
	{"200;204", "codes from 200 to 599"},
	{"200-", "codes from 200 to 599"},
	{"-200", "codes from 200 to 599"},
	{"200-204-206", "codes from 200 to 599"},
	{"200--204", "codes from 200 to 599"},
	{"+200", "codes from 200 to 599"},
	{"200.", "codes from 200 to 599"},
	{"4294967496", "codes from 200 to 599"},
	{"204-200", "from the lower to the higher"},
};

START_TEST(malformed_success_says_what_would_be_right)
{
	struct status_set set, before;
	const char *message = "";

	memset(&set, 0x5a, sizeof(set));
	before = set;
	ck_assert_int_eq(status_set_parse(malformed[_i].text, &set, &message), LK_EINVAL);
	ck_assert_msg(strstr(message, malformed[_i].message), "%s", message);
	ck_assert_mem_eq(&set, &before, sizeof(set));
}
END_TEST

/* The table "What happened, what we do", with success_status = "200-299". */
static const struct {
	unsigned from, to;
	uint32_t result, flags;
	const char *reason;
} verdicts[] = {
	{0, 0, LK_RETRY, LK_LINK_FAULT, "protocol"},
	{1, 99, LK_RETRY, LK_LINK_FAULT, "protocol"},
	{100, 199, LK_RETRY, LK_LINK_FAULT, "protocol"},
	{200, 299, LK_DONE, 0, "ok"},
	{300, 399, LK_REJECT, 0, "redirect"},
	{400, 400, LK_REJECT, 0, "http_4xx"},
	{401, 401, LK_BLOCKED, 0, "auth"},
	{402, 402, LK_REJECT, 0, "http_4xx"},
	{403, 403, LK_REJECT, 0, "http_403"},
	{404, 406, LK_REJECT, 0, "http_4xx"},
	{407, 407, LK_BLOCKED, 0, "auth"},
	{408, 408, LK_RETRY, 0, "http_408"},
	{409, 409, LK_REJECT, 0, "http_4xx"},
	{410, 410, LK_REJECT, LK_LINK_GONE, "http_410"},
	{411, 424, LK_REJECT, 0, "http_4xx"},
	{425, 425, LK_RETRY, 0, "http_425"},
	{426, 428, LK_REJECT, 0, "http_4xx"},
	{429, 429, LK_RETRY, LK_LINK_FAULT | LK_CONGESTED, "http_429"},
	{430, 499, LK_REJECT, 0, "http_4xx"},
	{500, 501, LK_RETRY, 0, "http_5xx"},
	{502, 502, LK_RETRY, LK_LINK_FAULT, "http_502"},
	{503, 503, LK_RETRY, LK_LINK_FAULT | LK_CONGESTED, "http_503"},
	{504, 504, LK_RETRY, LK_LINK_FAULT, "http_504"},
	{505, 599, LK_RETRY, 0, "http_5xx"},
	{600, 999, LK_RETRY, LK_LINK_FAULT, "protocol"},
	{UINT32_MAX, UINT32_MAX, LK_RETRY, LK_LINK_FAULT, "protocol"},
};

START_TEST(every_status_has_its_verdict)
{
	struct status_set success;
	const char *message;

	ck_assert_int_eq(status_set_parse("200-299", &success, &message), 0);
	for (unsigned n = 0; n <= verdicts[_i].to - verdicts[_i].from; n++) {
		struct status_verdict v = status_judge(&success, verdicts[_i].from + n);
		ck_assert_uint_eq(v.result, verdicts[_i].result);
		ck_assert_uint_eq(v.flags, verdicts[_i].flags);
		ck_assert_str_eq(reason_text(v.reason), verdicts[_i].reason);
		ck_assert_str_ne(v.hint, "");
	}
}
END_TEST

START_TEST(success_status_comes_first)
{
	struct status_set success;
	const char *message;

	ck_assert_int_eq(status_set_parse("202, 304, 404, 503", &success, &message), 0);
	ck_assert_uint_eq(status_judge(&success, 202).result, LK_DONE);
	ck_assert_uint_eq(status_judge(&success, 304).result, LK_DONE);
	ck_assert_uint_eq(status_judge(&success, 404).result, LK_DONE);
	ck_assert_uint_eq(status_judge(&success, 503).result, LK_DONE);
	ck_assert_uint_eq(status_judge(&success, 503).flags, 0);
	ck_assert_uint_eq(status_judge(&success, 200).result, LK_REJECT);
	ck_assert_str_eq(reason_text(status_judge(&success, 200).reason), "http_2xx");
}
END_TEST

static const struct {
	unsigned status;
	bool has_location;
	const char *detail;
} details[] = {
	{404, false, "404: the peer refuses this request"},
	{404, true, "404: the peer refuses this request"},
	{204, false, "204: a success, but not one that success_status names"},
	{302, true,
         "302: redirects are never followed; if its Location header is right, put that into url"},
	{304, false, "304: redirects are never followed, and this one has no Location header"},
	{99, false, "99: this is no final status of HTTP"},
};

START_TEST(the_detail_is_for_people)
{
	struct status_set success;
	const char *message;
	char text[160];

	ck_assert_int_eq(status_set_parse("200", &success, &message), 0);
	struct status_verdict v = status_judge(&success, details[_i].status);
	status_detail(&v, details[_i].status, details[_i].has_location, text, sizeof(text));
	ck_assert_str_eq(text, details[_i].detail);
}
END_TEST

#define S   INT64_C(1000)
#define DAY (86400 * S)
/* Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110; and Fri, 01 Jan 2027 00:00:00 GMT */
#define NOV94 (INT64_C(784111777) * S)
#define JAN27 (INT64_C(1798761600) * S)

static const struct {
	const char *value;
	int64_t now_ms, wait_ms;
} waits[] = {
	{"0", JAN27, 0},
	{"1", JAN27, 1 * S},
	{"120", JAN27, 120 * S},
	{" 120\t", JAN27, 120 * S},
	{"0000000000000000000000000120", JAN27, 120 * S},
	{"31536000", JAN27, 365 * DAY},
	{"31536001", JAN27, 365 * DAY},
	{"99999999999999999999999999999999", JAN27, 365 * DAY},
	{"", JAN27, -1},
	{" ", JAN27, -1},
	{"-1", JAN27, -1},
	{"+1", JAN27, -1},
	{"1.5", JAN27, -1},
	{"1s", JAN27, -1},
	{"1 2", JAN27, -1},
	{"0x10", JAN27, -1},
	{"soon", JAN27, -1},

	{"Sun, 06 Nov 1994 08:49:37 GMT", NOV94, 0},
	{"Sun, 06 Nov 1994 08:49:37 GMT", NOV94 - 90 * S, 90 * S},
	{"Sun, 06 Nov 1994 08:49:37 GMT", NOV94 - 90 * S + 250, 90 * S - 250},
	{"Sun, 06 Nov 1994 08:49:37 GMT", NOV94 + 1, 0},
	{" Sun, 06 Nov 1994 08:49:37 GMT ", NOV94 - 1 * S, 1 * S},
	{"Sunday, 06-Nov-94 08:49:37 GMT", NOV94 - 90 * S, 90 * S},
	{"Sun Nov  6 08:49:37 1994", NOV94 - 90 * S, 90 * S},
	{"Wed Nov 16 08:49:37 1994", NOV94, 10 * DAY},
	{"Fri, 01 Jan 2027 00:00:00 GMT", JAN27 - 1 * S, 1 * S},
	{"Thu, 31 Dec 2026 23:59:60 GMT", JAN27 - 1 * S, 1 * S},
	{"Mon, 01 Mar 2027 00:00:00 GMT", JAN27, 59 * DAY},
	{"Tue, 29 Feb 2028 00:00:00 GMT", JAN27 + 400 * DAY, 24 * DAY},
	{"Wed, 01 Mar 2028 00:00:00 GMT", JAN27 + 400 * DAY, 25 * DAY},
	{"Fri, 31 Dec 9999 23:59:59 GMT", JAN27, 365 * DAY},
	{"Thu, 01 Jan 1970 00:00:00 GMT", JAN27, 0},
	{"Thu, 01 Jan 1970 00:00:01 GMT", 0, 1 * S},
	{"Mon, 01 Jan 0001 00:00:00 GMT", JAN27, 0},
	/* two digits: at most 50 years ahead */
	{"Friday, 01-Jan-27 00:00:10 GMT", JAN27, 10 * S},
	{"Tuesday, 01-Jan-30 00:00:00 GMT", JAN27, 365 * DAY},
	{"Saturday, 01-Jan-77 00:00:00 GMT", JAN27, 365 * DAY},
	{"Sunday, 01-Jan-78 00:00:00 GMT", JAN27, 0},
	{"Saturday, 01-Jan-00 00:00:00 GMT", INT64_C(946684800) * S - 5 * S, 5 * S},

	{"Sun, 6 Nov 1994 08:49:37 GMT", NOV94 - 1 * S, -1},
	{"Sun, 06 Nov 1994 8:49:37 GMT", NOV94 - 1 * S, -1},
	{"Sun, 06 Nov 1994 08:49 GMT", NOV94 - 1 * S, -1},
	{"Sun, 06 Nov 1994 08:49:37", NOV94 - 1 * S, -1},
	{"Sun, 06 Nov 1994 08:49:37 UTC", NOV94 - 1 * S, -1},
	{"Sun, 06 Nov 1994 08:49:37 +0000", NOV94 - 1 * S, -1},
	{"Sun, 06 Nov 1994 08:49:37 GMT x", NOV94 - 1 * S, -1},
	{"Sun, 06 Nov 94 08:49:37 GMT", NOV94 - 1 * S, -1},
	{"Sunday, 06-Nov-1994 08:49:37 GMT", NOV94 - 1 * S, -1},
	{"Sunday, 06 Nov 1994 08:49:37 GMT", NOV94 - 1 * S, -1},
	{"Sun Nov 6 08:49:37 1994", NOV94 - 1 * S, -1},
	{"Sun Nov  6 08:49:37 1994 GMT", NOV94 - 1 * S, -1},
	{"Son, 06 Nov 1994 08:49:37 GMT", NOV94 - 1 * S, -1},
	{"Sun, 06 Nop 1994 08:49:37 GMT", NOV94 - 1 * S, -1},
	{"sun, 06 nov 1994 08:49:37 gmt", NOV94 - 1 * S, -1},
	{"Sun, 00 Nov 1994 08:49:37 GMT", NOV94 - 1 * S, -1},
	{"Sun, 31 Nov 1994 08:49:37 GMT", NOV94 - 1 * S, -1},
	{"Wed, 29 Feb 2023 08:49:37 GMT", NOV94 - 1 * S, -1},
	{"Thu, 29 Feb 2100 08:49:37 GMT", NOV94 - 1 * S, -1},
	{"Sun, 06 Nov 1994 24:00:00 GMT", NOV94 - 1 * S, -1},
	{"Sun, 06 Nov 1994 08:60:00 GMT", NOV94 - 1 * S, -1},
	{"Sun, 06 Nov 1994 08:49:61 GMT", NOV94 - 1 * S, -1},
	{"1994-11-06T08:49:37Z", NOV94 - 1 * S, -1},
	{"Sun", NOV94, -1},
	{"Sun, 06 Nov 19", NOV94, -1},
};

/* The value is given without a NUL behind it, in memory of its own: reading past it would show. */
static int64_t wait_for(const char *value, size_t bytes, int64_t now_ms)
{
	char *copy = malloc(bytes + !bytes);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, value, bytes);
	int64_t wait = status_retry_after_ms(copy, bytes, now_ms);
	free(copy);
	return wait;
}

START_TEST(retry_after_is_seconds_or_a_date)
{
	int64_t wait = wait_for(waits[_i].value, strlen(waits[_i].value), waits[_i].now_ms);

	ck_assert_msg(wait == waits[_i].wait_ms, "%s: %lld", waits[_i].value, (long long)wait);
}
END_TEST

/* A fixed sequence (xorshift), so that a failure can be repeated. */
static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

START_TEST(damaged_retry_after_gives_a_wait_or_nothing)
{
	uint32_t state = 362436069u;
	unsigned understood = 0;

	for (int round = 0; round < 5000; round++) {
		const char *value =
			waits[next_random(&state) % (sizeof(waits) / sizeof(waits[0]))].value;
		char copy[64];
		size_t bytes = strlen(value);

		memcpy(copy, value, bytes);
		if (bytes > 0 && next_random(&state) % 2)
			copy[next_random(&state) % bytes] = (char)(next_random(&state) % 256);
		bytes -= bytes && next_random(&state) % 4 == 0;
		int64_t wait = wait_for(copy, bytes, JAN27);
		ck_assert(wait >= -1 && wait <= STATUS_RETRY_AFTER_MAX_MS);
		understood += wait >= 0;
	}
	ck_assert_uint_gt(understood, 500);
	ck_assert_uint_lt(understood, 4500);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(success_is_codes_and_ranges, sets),
	SUITE_LOOP(malformed_success_says_what_would_be_right, malformed),
	SUITE_LOOP(every_status_has_its_verdict, verdicts),
	SUITE_TEST(success_status_comes_first),
	SUITE_LOOP(the_detail_is_for_people, details),
	SUITE_LOOP(retry_after_is_seconds_or_a_date, waits),
	SUITE_TEST(damaged_retry_after_gives_a_wait_or_nothing),
};

SUITE_MAIN("status", tests)
