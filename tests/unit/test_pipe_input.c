/* Reading beside sending: batches come as the input does, and reading waits for room. */
#include "linkspan/pipe_input.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/err.h"
#include "suite.h"

static struct pipe_input input;
static struct pipe_batch batches[2];
static int ends[2], stop_fd;

static void begin(void)
{
	ck_assert_int_eq(pipe(ends), 0);
	stop_fd = eventfd(0, EFD_CLOEXEC);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pipe_batch_init(&batches[i]), 0);
	ck_assert_int_eq(pipe_input_start(&input, ends[0], stop_fd, &batches[0], NULL), 0);
}

static void finish(void)
{
	pipe_input_finish(&input);
	for (int i = 0; i < 2; i++)
		pipe_batch_finish(&batches[i]);
	close(ends[0]);
	close(stop_fd);
}

static void say(const char *text)
{
	ck_assert_int_eq(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
}

static struct pipe_batch *take(struct pipe_batch *next)
{
	struct pipe_batch *batch;

	ck_assert_int_eq(pipe_input_take(&input, next, &batch, NULL), 0);
	return batch;
}

START_TEST(lines_come_without_waiting_for_more)
{
	begin();
	say("1\nhalf");
	struct pipe_batch *first = take(&batches[1]);
	ck_assert_ptr_eq(first, &batches[0]);
	ck_assert_uint_eq(first->count, 1);
	pipe_batch_clear(first);
	say(" a line\n");
	struct pipe_batch *second = take(first);
	ck_assert_ptr_eq(second, &batches[1]);
	ck_assert_str_eq(buf_str(&second->text), "half a line\n");
	pipe_batch_clear(second);
	say("last");
	close(ends[1]);
	struct pipe_batch *third = take(second);
	ck_assert_str_eq(buf_str(&third->text), "last\n");
	ck_assert_uint_eq(third->first, 3);
	pipe_batch_clear(third);
	ck_assert_ptr_null(take(third));
	ck_assert_ptr_null(take(third));
	finish();
}
END_TEST

/* More than two batches and all buffers hold: it arrives whole, in order, because reading waits. */
START_TEST(nothing_is_lost_when_input_is_faster)
{
	enum { LINES = 200000 };
	struct pipe_batch *empty = &batches[1], *batch;
	unsigned long expected = 0;
	FILE *file = tmpfile();

	for (int i = 0; i < LINES; i++)
		fprintf(file, "%d\n", i);
	fflush(file);
	rewind(file);
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(dup2(fileno(file), ends[0]), ends[0]);
	stop_fd = eventfd(0, EFD_CLOEXEC);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pipe_batch_init(&batches[i]), 0);
	ck_assert_int_eq(pipe_input_start(&input, ends[0], stop_fd, &batches[0], NULL), 0);
	while ((batch = take(empty))) {
		ck_assert_uint_le(batch->count, PIPE_LINES_MAX);
		ck_assert_uint_eq(batch->first, expected + 1);
		for (size_t i = 0; i < batch->count; i++, expected++)
			ck_assert_uint_eq(
				strtoul(batch->text.data + batch->lines[i].offset_bytes, NULL, 10),
				expected);
		pipe_batch_clear(batch);
		empty = batch;
	}
	ck_assert_uint_eq(expected, LINES);
	close(ends[1]);
	fclose(file);
	finish();
}
END_TEST

START_TEST(a_signal_ends_the_input_and_keeps_what_was_read)
{
	const uint64_t one = 1;

	begin();
	say("1\nnot complete");
	struct pipe_batch *first = take(&batches[1]);
	ck_assert_uint_eq(first->count, 1);
	pipe_batch_clear(first);
	ck_assert_int_eq(write(stop_fd, &one, sizeof(one)), sizeof(one));
	struct pipe_batch *last = take(first);
	ck_assert_str_eq(buf_str(&last->text), "not complete\n");
	pipe_batch_clear(last);
	ck_assert_ptr_null(take(last));
	close(ends[1]);
	finish();
}
END_TEST

/* Whoever gives up does not wait for the end of an input that has none. */
START_TEST(it_can_be_given_up)
{
	begin();
	say("1\n");
	finish();
	close(ends[1]);
}
END_TEST

START_TEST(an_input_that_cannot_be_read_is_an_error)
{
	struct pipe_batch *batch;
	struct err e = {0};
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	stop_fd = eventfd(0, EFD_CLOEXEC);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pipe_batch_init(&batches[i]), 0);
	ck_assert_int_eq(pipe_input_start(&input, fd, stop_fd, &batches[0], NULL), 0);
	ck_assert_int_eq(pipe_input_take(&input, &batches[1], &batch, &e), ERR_IO);
	ck_assert_str_eq(e.text, "standard input cannot be read: Is a directory");
	ends[0] = fd;
	finish();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(lines_come_without_waiting_for_more),
	SUITE_TEST(nothing_is_lost_when_input_is_faster),
	SUITE_TEST(a_signal_ends_the_input_and_keeps_what_was_read),
	SUITE_TEST(it_can_be_given_up),
	SUITE_TEST(an_input_that_cannot_be_read_is_an_error),
};

SUITE_MAIN("pipe_input", tests)
