/* The flight register: what a process that died had submitted, and whatever the file is. */
#include "core/flight.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "suite.h"

enum { HEAD = 4096 };

static char folder[64], file[80];

static void make_folder(void)
{
	snprintf(folder, sizeof(folder), "/tmp/test_flight.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/flight", folder);
}

static void drop_folder(void)
{
	unlink(file);
	ck_assert_int_eq(rmdir(folder), 0);
}

/* Opens without beginning: what was left stays. */
static struct flight *look_at_flight(const char *name, unsigned lanes)
{
	struct flight *f = NULL;
	struct err e = {0};

	ck_assert_msg(flight_open(name, lanes, &f, &e) == 0, "%s", e.text);
	return f;
}

static struct flight *open_flight(const char *name, unsigned lanes)
{
	struct flight *f = look_at_flight(name, lanes);

	flight_begin(f);
	return f;
}

static int by_value(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/* Opens, and compares what was left with the numbers, which ascend. */
static void expect_left(unsigned lanes, const uint64_t *numbers, size_t count)
{
	struct flight *f = open_flight(file, lanes);
	size_t left_count;
	const uint64_t *left = flight_left(f, &left_count);

	ck_assert_uint_eq(left_count, count);
	if (count > 0) {
		uint64_t *copy = mem_dup(left, count * sizeof(*left));
		qsort(copy, count, sizeof(*copy), by_value);
		ck_assert_mem_eq(copy, numbers, count * sizeof(*copy));
		mem_free(copy);
	}
	flight_close(f);
}

START_TEST(a_part_has_its_places_and_gives_them_again)
{
	struct flight *f = open_flight(NULL, 2);
	static bool taken[FLIGHT_PER_LANE];
	size_t count = 99;

	flight_left(f, &count);
	ck_assert_uint_eq(count, 0);
	for (int i = 0; i < FLIGHT_PER_LANE; i++) {
		int place = flight_enter(f, 0, (uint64_t)i + 1);
		ck_assert(place >= 0 && place < FLIGHT_PER_LANE);
		ck_assert(!taken[place]);
		taken[place] = true;
	}
	ck_assert_int_eq(flight_enter(f, 0, 1), ERR_BUSY);
	/* the other lane has its own */
	ck_assert_int_ge(flight_enter(f, 1, 1), 0);
	flight_leave(f, 0, 4711);
	ck_assert_int_eq(flight_enter(f, 0, 1), 4711);
	ck_assert_int_eq(flight_enter(f, 0, 1), ERR_BUSY);
	flight_close(f);
	flight_close(NULL);
}
END_TEST

START_TEST(entering_and_leaving_allocate_nothing)
{
	struct flight *f = open_flight(NULL, 1);

	mem_fail_at(1);
	for (int i = 0; i < 100; i++)
		flight_leave(f, 0, flight_enter(f, 0, 7));
	ck_assert(mem_fail_pending());
	mem_fail_at(0);
	flight_close(f);
}
END_TEST

/* A child that enters some, leaves some, and is killed. */
static void die_in_flight(void)
{
	int ready[2];
	char byte;

	ck_assert_int_eq(pipe(ready), 0);
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		struct flight *f = NULL;
		if (flight_open(file, 3, &f, NULL) < 0)
			_exit(1);
		flight_begin(f);
		int gone = flight_enter(f, 0, 10);
		flight_enter(f, 0, 11);
		flight_leave(f, 0, gone);
		flight_enter(f, 1, UINT64_MAX);
		gone = flight_enter(f, 2, 13);
		flight_leave(f, 2, gone);
		flight_enter(f, 2, 12);
		if (write(ready[1], "", 1) != 1)
			_exit(2);
		for (;;)
			pause();
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
}

static const uint64_t in_flight[] = {11, 12, UINT64_MAX};

/* The next process may have more lanes or fewer. */
static const unsigned next_lanes[] = {3, 1, 8};

START_TEST(what_was_submitted_outlives_kill_9)
{
	make_folder();
	die_in_flight();
	expect_left(next_lanes[_i], in_flight, 3);
	/* and is told once */
	expect_left(next_lanes[_i], NULL, 0);
	expect_left(2, NULL, 0);
	drop_folder();
}
END_TEST

START_TEST(what_is_not_recorded_yet_is_told_again)
{
	make_folder();
	die_in_flight();
	for (int i = 0; i < 2; i++) { /* starts that died before they had recorded it */
		struct flight *f = look_at_flight(file, 3);
		size_t count;
		flight_left(f, &count);
		ck_assert_uint_eq(count, 3);
		flight_close(f);
	}
	expect_left(3, in_flight, 3);
	expect_left(3, NULL, 0);
	drop_folder();
}
END_TEST

START_TEST(a_file_taken_over_works_as_a_new_one)
{
	static const uint64_t second[] = {20, 21};

	make_folder();
	die_in_flight();
	struct flight *f = open_flight(file, 3);
	int place = flight_enter(f, 0, 19);
	flight_enter(f, 0, 20);
	flight_enter(f, 2, 21);
	flight_leave(f, 0, place);
	flight_close(f);
	expect_left(3, second, 2);
	drop_folder();
}
END_TEST

/* All places of all lanes, so that nothing is lost at the edges. */
START_TEST(a_full_register_is_left_whole)
{
	enum { LANES = 3, ALL = LANES * FLIGHT_PER_LANE };
	static uint64_t numbers[ALL];

	make_folder();
	struct flight *f = open_flight(file, LANES);
	for (unsigned i = 0; i < ALL; i++) {
		numbers[i] = 1000 + i;
		ck_assert_int_ge(flight_enter(f, i / FLIGHT_PER_LANE, numbers[i]), 0);
	}
	flight_close(f);
	expect_left(1, numbers, ALL);
	drop_folder();
}
END_TEST

START_TEST(the_file_is_for_its_owner_alone)
{
	struct stat st;

	make_folder();
	flight_close(open_flight(file, 1));
	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(chmod(file, 0666), 0);
	flight_close(open_flight(file, 1));
	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	/* its room is taken, so that writing to it cannot fail later */
	ck_assert_int_ge(st.st_blocks * 512, HEAD + 8 * FLIGHT_PER_LANE);
	drop_folder();
}
END_TEST

static void write_at(const void *data, size_t bytes, off_t at)
{
	int fd = open(file, O_RDWR | O_CREAT, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, data, bytes, at), (ssize_t)bytes);
	close(fd);
}

/* Damage to a register with 11, 12 and UINT64_MAX in it; what can be read is read. */
static const struct {
	off_t size; /* -1: as it is */
	off_t at;   /* something is written there; -1: nothing */
	const char *text;
	size_t bytes, left;
} damages[] = {
	{-1, 0, "", 0, 3},
	{0, -1, NULL, 0, 0},
	{3, -1, NULL, 0, 0},
	{HEAD - 1, -1, NULL, 0, 0},
	{HEAD, -1, NULL, 0, 0},
	{HEAD + 7, -1, NULL, 0, 0},
	{HEAD + 8 * FLIGHT_PER_LANE + 3, -1, NULL, 0, 1},      /* one lane is there */
	{HEAD + 8 * 2 * FLIGHT_PER_LANE + 12, -1, NULL, 0, 3}, /* the third one's first place */
	{1 << 20, -1, NULL, 0, 3},
	{-1, 0, "SQLite f", 8, 0},
	{-1, 8, "\x02", 1, 0},              /* another version */
	{-1, 12, "\xff\xff\xff\xff", 4, 0}, /* more lanes than can be */
	{-1, 16, "\xff\xff\xff\xff", 4, 0}, /* more places */
	{-1, 12, "\x08\x00\x00\x00", 4, 3}, /* more lanes than there are */
	{-1, 12, "\x00\x00\x00\x00", 4, 0},
};

START_TEST(of_a_damaged_file_is_read_what_can_be)
{
	size_t count;

	make_folder();
	die_in_flight();
	if (damages[_i].size >= 0)
		ck_assert_int_eq(truncate(file, damages[_i].size), 0);
	if (damages[_i].at >= 0)
		write_at(damages[_i].text, damages[_i].bytes, damages[_i].at);
	struct flight *f = open_flight(file, 2);
	flight_left(f, &count);
	ck_assert_uint_eq(count, damages[_i].left);
	flight_enter(f, 1, 99);
	flight_close(f);
	expect_left(2, (const uint64_t[]){99}, 1);
	drop_folder();
}
END_TEST

START_TEST(a_foreign_file_leaves_nothing)
{
	static char noise[200000];

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)(i * 7 + i / 13);
	make_folder();
	write_at(noise, sizeof(noise), 0);
	expect_left(1, NULL, 0);
	expect_left(1, NULL, 0);
	drop_folder();
}
END_TEST

static void expect_refused(const char *name, const char *text)
{
	struct flight *f = NULL;
	struct err e = {0};

	ck_assert_int_eq(flight_open(name, 1, &f, &e), ERR_IO);
	ck_assert_ptr_null(f);
	ck_assert_msg(strstr(e.text, text), "%s", e.text);
	ck_assert_msg(strstr(e.text, name), "%s", e.text);
}

START_TEST(what_is_no_plain_file_is_refused)
{
	char other[100];
	struct stat st;

	make_folder();
	expect_refused(folder, "cannot be opened");
	snprintf(other, sizeof(other), "%s/none/flight", folder);
	expect_refused(other, "cannot be opened");
	/* a link is not followed: what it points to stays as it is */
	snprintf(other, sizeof(other), "%s/other", folder);
	ck_assert_int_eq(symlink(other, file), 0);
	expect_refused(file, "cannot be opened");
	ck_assert_int_lt(stat(other, &st), 0);
	unlink(file);
	ck_assert_int_eq(mkfifo(file, 0600), 0);
	expect_refused(file, "not a plain file");
	drop_folder();
}
END_TEST

/* The whole of it is asked for at the start: later there would be nobody to tell. */
START_TEST(without_room_it_says_so)
{
	const struct rlimit limit = {HEAD, HEAD};

	make_folder();
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	expect_refused(file, "cannot have its 69632 bytes");
	drop_folder();
}
END_TEST

START_TEST(without_memory_the_file_stays_as_it_was)
{
	struct flight *f = NULL;
	struct err e;
	unsigned n = 1;

	make_folder();
	die_in_flight();
	for (;; n++) {
		err_clear(&e);
		mem_fail_at(n);
		int rc = flight_open(file, 3, &f, &e);
		if (mem_fail_pending())
			break;
		ck_assert_int_eq(rc, ERR_NO_MEMORY);
		ck_assert_ptr_null(f);
	}
	mem_fail_at(0);
	size_t count;
	flight_left(f, &count);
	ck_assert_uint_eq(count, 3);
	ck_assert_uint_gt(n, 3);
	flight_close(f);
	drop_folder();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(a_part_has_its_places_and_gives_them_again),
	SUITE_TEST(entering_and_leaving_allocate_nothing),
	SUITE_LOOP(what_was_submitted_outlives_kill_9, next_lanes),
	SUITE_TEST(what_is_not_recorded_yet_is_told_again),
	SUITE_TEST(a_file_taken_over_works_as_a_new_one),
	SUITE_TEST(a_full_register_is_left_whole),
	SUITE_TEST(the_file_is_for_its_owner_alone),
	SUITE_LOOP(of_a_damaged_file_is_read_what_can_be, damages),
	SUITE_TEST(a_foreign_file_leaves_nothing),
	SUITE_TEST(what_is_no_plain_file_is_refused),
	SUITE_TEST(without_memory_the_file_stays_as_it_was),
	SUITE_TEST(without_room_it_says_so),
};

SUITE_MAIN("flight", tests)
