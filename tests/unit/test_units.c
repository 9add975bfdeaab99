/* Numbers with units: what is read, what is refused, how they are written. */
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "schema/units.h"
#include "suite.h"

static const struct {
	const struct unit *units;
	const char *text;
	int64_t n; /* -1: refused */
} readings[] = {
	{units_of_time, "0ms", 0},
	{units_of_time, "250ms", 250},
	{units_of_time, "10s", 10000},
	{units_of_time, "5m", 300000},
	{units_of_time, "2h", 7200000},
	{units_of_time, "7d", 604800000},
	{units_of_time, "10", -1},
	{units_of_time, "s", -1},
	{units_of_time, "", -1},
	{units_of_time, "1.5s", -1},
	{units_of_time, "10 s", -1},
	{units_of_time, " 10s", -1},
	{units_of_time, "10S", -1},
	{units_of_time, "10s ", -1},
	{units_of_time, "106751991168d", -1},
	{units_of_time, "99999999999999999999s", -1},
	{units_of_size, "4096", 4096},
	{units_of_size, "16KiB", 16384},
	{units_of_size, "1MiB", 1048576},
	{units_of_size, "3GiB", INT64_C(3221225472)},
	{units_of_size, "16kB", -1},
	{units_of_size, "KiB", -1},
	{units_of_size, "9007199254740993KiB", -1},
};

START_TEST(reads_exactly)
{
	int64_t n = -1;

	ck_assert_int_eq(units_parse(readings[_i].units, readings[_i].text, &n),
	                 readings[_i].n >= 0);
	ck_assert_msg(n == readings[_i].n, "%s", readings[_i].text);
}
END_TEST

static const struct {
	const struct unit *units;
	int64_t n;
	const char *text;
} writings[] = {
	{units_of_time, 0, "0ms"},        {units_of_time, 1, "1ms"},
	{units_of_time, 1500, "1500ms"},  {units_of_time, 60000, "1m"},
	{units_of_time, 86400000, "1d"},  {units_of_size, 0, "0"},
	{units_of_size, 1000, "1000"},    {units_of_size, 16384, "16KiB"},
	{units_of_size, 1 << 30, "1GiB"},
};

START_TEST(writes_without_fractions)
{
	struct buf b;

	buf_init(&b, 64);
	units_format(writings[_i].units, writings[_i].n, &b);
	ck_assert_str_eq(buf_str(&b), writings[_i].text);
	buf_finish(&b);
}
END_TEST

static const struct {
	const char *text;
	int good;
	int64_t n;
} integers[] = {
	{"0", 1, 0},
	{"-5", 1, -5},
	{"+5", 1, 5},
	{"007", 1, 7},
	{"9223372036854775807", 1, INT64_MAX},
	{"9223372036854775808", 0, 0},
	{"-9223372036854775808", 1, INT64_MIN},
	{"", 0, 0},
	{"-", 0, 0},
	{"+-5", 0, 0},
	{" 5", 0, 0},
	{"5 ", 0, 0},
	{"5x", 0, 0},
	{"0x10", 0, 0},
	{"1e3", 0, 0},
	{"1.0", 0, 0},
};

START_TEST(reads_whole_numbers)
{
	int64_t n = 0;

	ck_assert_int_eq(units_parse_int(integers[_i].text, &n), integers[_i].good);
	ck_assert_msg(n == integers[_i].n, "%s", integers[_i].text);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(reads_exactly, readings),
	SUITE_LOOP(writes_without_fractions, writings),
	SUITE_LOOP(reads_whole_numbers, integers),
};
SUITE_MAIN("units", tests)
