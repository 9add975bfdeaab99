/* Times as people write and read them. */
#include "linkspan/moment.h"

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "suite.h"

#define NOW_MS 1764000000000LL /* 2025-11-24T16:00:00Z */

static const struct {
	const char *text;
	int64_t unix_ms;
} moments[] = {
	{"2h", NOW_MS - 2 * 3600 * 1000LL},
	{"3d", NOW_MS - 3 * 86400 * 1000LL},
	{"1d12h", NOW_MS - 36 * 3600 * 1000LL},
	{"90s", NOW_MS - 90000},
	{"250ms", NOW_MS - 250},
	{"1970-01-01T00:00:00Z", 0},
	{"2025-11-24T16:00:00Z", NOW_MS},
	{"2025-11-24t16:00:00z", NOW_MS},
	{"2025-11-24 16:00:00Z", NOW_MS},
	{"2025-11-24T16:00:00.25Z", NOW_MS + 250},
	{"2025-11-24T16:00:00.1239999Z", NOW_MS + 123},
	{"2025-11-24T18:00:00+02:00", NOW_MS},
	{"2025-11-24T10:30:00-05:30", NOW_MS},
	{"2025-11-24", NOW_MS - 16 * 3600 * 1000LL},
	{"2024-02-29T00:00:00Z", 1709164800000LL},
};

START_TEST(a_moment_is_read)
{
	int64_t unix_ms;

	ck_assert_int_eq(moment_parse("since", moments[_i].text, NOW_MS, &unix_ms, NULL), 0);
	ck_assert_int_eq(unix_ms, moments[_i].unix_ms);
}
END_TEST

static const char *const bad_moments[] = {
	"",
	"h",
	"2",
	"2x",
	"-2h",
	"2h ",
	" 2h",
	"2h-1h",
	"99999999999d",
	"9223372036854775807ms9223372036854775807ms",
	"yesterday",
	"2025-11-24T16:00:00",
	"2025-11-24T16:00Z",
	"2025-11-24T16:00:00.Z",
	"2025-11-24T16:00:00+2:00",
	"2025-11-24T16:00:00Zx",
	"2025-13-01T00:00:00Z",
	"2025-02-29T00:00:00Z",
	"2025-11-31",
	"2025-11-24T24:00:00Z",
	"1969-12-31T00:00:00Z",
	"2025-1-1",
};

START_TEST(a_bad_moment_is_refused_and_the_option_named)
{
	int64_t unix_ms = 77;
	struct err e = {0};

	ck_assert_int_eq(moment_parse("since", bad_moments[_i], NOW_MS, &unix_ms, &e), ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(e.text, "--since"));
	ck_assert_int_eq(unix_ms, 77);
}
END_TEST

static const struct {
	int64_t ms;
	const char *text;
} lengths[] = {
	{-5, "0 s"},          {0, "0 s"},
	{999, "0 s"},         {1000, "1 s"},
	{252000, "4 m 12 s"}, {240000, "4 m"},
	{3600000, "1 h"},     {3661000, "1 h 1 m"},
	{3601000, "1 h"},     {86400000LL * 3 + 7200000, "3 d 2 h"},
};

START_TEST(a_length_is_shown_in_its_two_largest_units)
{
	struct buf b;

	buf_init(&b, BUF_MAX_LINE);
	moment_show_length(lengths[_i].ms, &b);
	ck_assert_str_eq(buf_str(&b), lengths[_i].text);
	buf_finish(&b);
}
END_TEST

START_TEST(a_length_is_read)
{
	int64_t ms = 77;
	struct err e = {0};

	ck_assert_int_eq(moment_parse_length("wait", "1h30m", &ms, NULL), 0);
	ck_assert_int_eq(ms, 5400000);
	ck_assert_int_eq(moment_parse_length("wait", "5", &ms, &e), ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(e.text, "--wait \"5\""));
	ck_assert_int_eq(ms, 5400000);
}
END_TEST

START_TEST(times_of_the_api_are_read)
{
	ck_assert_int_eq(moment_read("2025-11-24T16:00:00.250Z"), NOW_MS + 250);
	ck_assert_int_eq(moment_read(""), -1);
	ck_assert_int_eq(moment_read(NULL), -1);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(a_moment_is_read, moments),
	SUITE_LOOP(a_bad_moment_is_refused_and_the_option_named, bad_moments),
	SUITE_LOOP(a_length_is_shown_in_its_two_largest_units, lengths),
	SUITE_TEST(a_length_is_read),
	SUITE_TEST(times_of_the_api_are_read),
};

SUITE_MAIN("moment", tests)
