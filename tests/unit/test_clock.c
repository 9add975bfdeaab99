/* The clock service: text of moments, the fake clock, the system's order of time. */
#include "base/clock.h"

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
	SUITE_TEST(fake_clock_moves_only_when_told),
	SUITE_TEST(system_clock_goes_forward),
};

SUITE_MAIN("clock", tests)
