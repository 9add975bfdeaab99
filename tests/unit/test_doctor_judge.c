/* What the doctor makes of figures, at their bounds. */
#include "linkspan/doctor_judge.h"

#include <stdbool.h>

#include "base/banned.h"
#include "suite.h"

static const struct {
	uint64_t free, used, most, reserve;
	enum doctor_state state;
} disks[] = {
	{1000, 0, 1000, 16, DOCTOR_OK},    {999, 0, 1000, 16, DOCTOR_WARN},
	{500, 500, 1000, 16, DOCTOR_OK},   {499, 500, 1000, 16, DOCTOR_WARN},
	{16, 1000, 1000, 16, DOCTOR_OK},   {15, 1000, 1000, 16, DOCTOR_FAIL},
	{0, 0, 0, 16, DOCTOR_FAIL},        {100, 2000, 1000, 16, DOCTOR_OK},
	{UINT64_MAX, 0, 1, 16, DOCTOR_OK},
};

START_TEST(room_on_the_disk)
{
	ck_assert_int_eq(doctor_judge_disk(disks[_i].free, disks[_i].used, disks[_i].most,
	                                   disks[_i].reserve),
	                 disks[_i].state);
}
END_TEST

static const struct {
	int64_t ms;
	enum doctor_state state;
} clocks[] = {
	{0, DOCTOR_OK},       {5000, DOCTOR_OK},    {-5000, DOCTOR_OK},   {5001, DOCTOR_WARN},
	{-5001, DOCTOR_WARN}, {60000, DOCTOR_WARN}, {60001, DOCTOR_FAIL}, {-60001, DOCTOR_FAIL},
};

START_TEST(clocks_apart)
{
	ck_assert_int_eq(doctor_judge_clock(clocks[_i].ms), clocks[_i].state);
}
END_TEST

static const struct {
	int64_t end_ms;
	enum doctor_state state;
} ends[] = {
	{999, DOCTOR_FAIL},  {1000, DOCTOR_FAIL}, {1001, DOCTOR_WARN},
	{1099, DOCTOR_WARN}, {1100, DOCTOR_OK},
};

START_TEST(certificates_end)
{
	ck_assert_int_eq(doctor_judge_expiry(ends[_i].end_ms, 1000, 100), ends[_i].state);
}
END_TEST

static const struct {
	unsigned page;
	uint64_t file_bytes;
	bool sane;
} pages[] = {
	{512, 512, true},    {4096, 40960, true}, {1, 65536, true}, /* 1 stands for 65536 */
	{1, 4096, false},    {256, 512, false},   {513, 513, false},
	{4096, 4097, false}, {0, 4096, false},
};

START_TEST(headers_of_databases)
{
	unsigned char header[DOCTOR_HEADER_BYTES] = "SQLite format 3";

	header[16] = (unsigned char)(pages[_i].page >> 8);
	header[17] = (unsigned char)pages[_i].page;
	ck_assert_int_eq(!doctor_judge_database(header, sizeof(header), pages[_i].file_bytes),
	                 pages[_i].sane);
}
END_TEST

START_TEST(databases_that_are_none)
{
	unsigned char header[DOCTOR_HEADER_BYTES] = "SQLite format 3";

	header[16] = 16;
	ck_assert_ptr_null(doctor_judge_database(header, 0, 0));
	ck_assert_ptr_null(doctor_judge_database(header, sizeof(header), 4096));
	ck_assert_ptr_nonnull(doctor_judge_database(header, sizeof(header) - 1, 4096));
	header[15] = '!';
	ck_assert_ptr_nonnull(doctor_judge_database(header, sizeof(header), 4096));
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(room_on_the_disk, disks), SUITE_LOOP(clocks_apart, clocks),
	SUITE_LOOP(certificates_end, ends),  SUITE_LOOP(headers_of_databases, pages),
	SUITE_TEST(databases_that_are_none),
};
SUITE_MAIN("doctor_judge", tests)
