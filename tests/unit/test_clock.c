/* The clock service: text of moments, the fake clock, the system's order of time. */
#include "base/clock.h"

#include "base/err.h"
#include "suite.h"

static const struct {
	int64_t unix_ms;
	const char *text;
} moments[] = {
	{0, "1970-01-01T00:00:00.000Z"},
	{1, "1970-01-01T00:00:00.001Z"},
	{-1, "1969-12-31T23:59:59.999Z"},
	{-1000, "1969-12-31T23:59:59.000Z"},
	{951782400000, "2000-02-29T00:00:00.000Z"},
	{1763021730123, "2025-11-13T08:15:30.123Z"},
	{253402300799999, "9999-12-31T23:59:59.999Z"},
};

START_TEST(formats_as_rfc_3339)
{
	char text[CLOCK_TEXT_BYTES];

	clock_format(moments[_i].unix_ms, text);
	ck_assert_str_eq(text, moments[_i].text);
}
END_TEST

START_TEST(reads_what_it_formats)
{
	int64_t ms = 7;

	ck_assert_int_eq(clock_parse(moments[_i].text, &ms), 0);
	ck_assert_int_eq(ms, moments[_i].unix_ms);
}
END_TEST

static const struct {
	const char *text;
	int64_t unix_ms; /* 7: refused */
} texts[] = {
	{"2025-11-13T08:15:30Z", 1763021730000},
	{"2025-11-13t08:15:30z", 1763021730000},
	{"2025-11-13T08:15:30.1Z", 1763021730100},
	{"2025-11-13T08:15:30.1239999Z", 1763021730123},
	{"2025-11-13T09:15:30+01:00", 1763021730000},
	{"2025-11-12T22:45:30-09:30", 1763021730000},
	{"2016-12-31T23:59:60Z", 1483228800000},
	{"", 7},
	{"2025-11-13", 7},
	{"2025-11-13 08:15:30Z", 7},
	{"2025-11-13T08:15:30", 7},
	{"2025-11-13T08:15:30.Z", 7},
	{"2025-11-13T08:15:30Z ", 7},
	{"2025-11-13T08:15:30+1:00", 7},
	{"2025-11-13T24:15:30Z", 7},
	{"2025-13-13T08:15:30Z", 7},
	{"2025-02-30T08:15:30Z", 7},
	{"25-02-13T08:15:30Z", 7},
	{"tomorrow", 7},
};

START_TEST(reads_rfc_3339_and_nothing_else)
{
	int64_t ms = 7;
	int rc = clock_parse(texts[_i].text, &ms);

	ck_assert_int_eq(rc, texts[_i].unix_ms == 7 ? ERR_INVALID : 0);
	ck_assert_int_eq(ms, texts[_i].unix_ms);
}
END_TEST

START_TEST(fake_clock_moves_only_when_told)
{
	clock_fake_set(100, 5000);
	ck_assert_int_eq(clock_fake.mono_ms(), 100);
	ck_assert_int_eq(clock_fake.unix_ms(), 5000);
	clock_fake_advance(25);
	ck_assert_int_eq(clock_fake.mono_ms(), 125);
	ck_assert_int_eq(clock_fake.unix_ms(), 5025);
	ck_assert_int_eq(clock_fake.mono_ms(), 125);
}
END_TEST

START_TEST(system_clock_goes_forward)
{
	int64_t before = clock_system.mono_ms();
	int64_t year_2024_ms = 1704067200000;

	ck_assert_int_ge(clock_system.mono_ms(), before);
	ck_assert_int_gt(clock_system.unix_ms(), year_2024_ms);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(formats_as_rfc_3339, moments),
	SUITE_LOOP(reads_what_it_formats, moments),
	SUITE_LOOP(reads_rfc_3339_and_nothing_else, texts),
	SUITE_TEST(fake_clock_moves_only_when_told),
	SUITE_TEST(system_clock_goes_forward),
};

SUITE_MAIN("clock", tests)
