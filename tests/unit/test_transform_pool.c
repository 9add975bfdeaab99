/* Tests of the pool with workers that break the rules: this program itself plays them. */
#include <limits.h>
#include <time.h>
#include <unistd.h>

#include "suite.h"
#include "transform/frame.h"
#include "transforming.h"

/* Which part it plays comes as the worker's limit of memory, for that is what the pool hands through. */
enum part {
	PART_ENDS_AT_ONCE = 1,
	PART_DIES_AT_ONCE,
	PART_CANNOT_BE_CONFINED,
	PART_GARBAGE_AT_ONCE,
	PART_SILENT,
	PART_TRUNCATED,
	PART_HUGE_OUTPUT,
	PART_HUGE_MESSAGE,
	PART_STRANGE_RESULT,
	PART_TIMEOUT_RESULT,
	PART_UNAVAILABLE_RESULT,
	PART_OUTPUT_OF_A_FAILURE,
	PART_STRANGE_TEXT,
	PART_ANSWERS_BEFORE_THE_END,
	PART_TWO_ANSWERS,
	PART_WRITES_TO_PEOPLE,
};

static void put(const void *data, size_t bytes)
{
	for (const char *at = data; bytes > 0;) {
		ssize_t n = write(FRAME_FD, at, bytes);
		if (n <= 0)
			_exit(0);
		at += n;
		bytes -= (size_t)n;
	}
}

static void put_head(uint32_t result, uint32_t is_text, uint32_t message_bytes,
                     uint32_t output_bytes)
{
	const struct frame_answer head = {result, is_text, message_bytes, output_bytes};

	put(&head, sizeof(head));
}

/* Reads so many bytes and throws them away. */
static void take(size_t bytes)
{
	char some[4096];

	while (bytes > 0) {
		ssize_t n = read(FRAME_FD, some, bytes < sizeof(some) ? bytes : sizeof(some));
		if (n <= 0)
			_exit(0);
		bytes -= (size_t)n;
	}
}

static void take_request(void)
{
	struct frame_request head;
	char *at = (char *)&head;

	for (size_t done = 0; done < sizeof(head);) {
		ssize_t n = read(FRAME_FD, at + done, sizeof(head) - done);
		if (n <= 0)
			_exit(0);
		done += (size_t)n;
	}
	take((size_t)head.program_bytes + head.names_bytes + head.values_bytes + head.input_bytes);
}

static void answer(enum part part)
{
	switch (part) {
	case PART_TRUNCATED:
		put_head(TRANSFORM_OK, 0, 0, 100);
		put("half", 4);
		_exit(0);
	case PART_HUGE_OUTPUT:
		put_head(TRANSFORM_OK, 0, 0, UINT32_MAX);
		return;
	case PART_HUGE_MESSAGE:
		put_head(TRANSFORM_FAILED, 0, 1000000, 0);
		return;
	case PART_STRANGE_RESULT:
		put_head(77, 0, 0, 0);
		return;
	case PART_TIMEOUT_RESULT:
		put_head(TRANSFORM_TIMEOUT, 0, 0, 0);
		return;
	case PART_UNAVAILABLE_RESULT:
		put_head(TRANSFORM_UNAVAILABLE, 0, 0, 0);
		return;
	case PART_OUTPUT_OF_A_FAILURE:
		put_head(TRANSFORM_FAILED, 0, 0, 4);
		put("null", 4);
		return;
	case PART_STRANGE_TEXT:
		put_head(TRANSFORM_OK, 2, 0, 4);
		put("null", 4);
		return;
	case PART_TWO_ANSWERS:
		put_head(TRANSFORM_OK, 0, 0, 4);
		put("truenull", 8);
		return;
	case PART_WRITES_TO_PEOPLE:
		put_head(TRANSFORM_FAILED, 0, FRAME_MESSAGE_BYTES, 0);
		for (int i = 0; i < FRAME_MESSAGE_BYTES; i += 2)
			put("\x1b\xff", 2);
		return;
	default:
		put_head(TRANSFORM_OK, 0, 0, 4);
		put("null", 4);
	}
}

static int play(enum part part)
{
	static const char why[] = "it may not";

	switch (part) {
	case PART_ENDS_AT_ONCE:
		return 3;
	case PART_DIES_AT_ONCE:
		abort();
	case PART_CANNOT_BE_CONFINED:
		put_head(TRANSFORM_UNAVAILABLE, 0, sizeof(why), 0);
		put(why, sizeof(why));
		return 1;
	case PART_GARBAGE_AT_ONCE:
		put("HTTP/1.1 400 Bad Request\r\n\r\n", 28);
		pause();
		return 1;
	default:
		put_head(TRANSFORM_OK, 0, 0, 0);
	}
	if (part == PART_SILENT)
		pause();
	if (part == PART_ANSWERS_BEFORE_THE_END) {
		take(sizeof(struct frame_request));
		answer(part);
		pause();
	}
	for (;;) {
		take_request();
		answer(part);
	}
}

static struct transforms *start_part(enum part part, int64_t deadline_ms)
{
	static char self[PATH_MAX];
	ssize_t bytes = readlink("/proc/self/exe", self, sizeof(self) - 1);

	ck_assert_int_gt(bytes, 0);
	self[bytes] = '\0';
	return transforming_start(&(struct transforms_options){
		.worker = self, .workers = 1, .deadline_ms = deadline_ms, .memory_bytes = part});
}

static const struct {
	enum part part;
	const char *why; /* the end of the message */
} at_start[] = {
	{PART_ENDS_AT_ONCE, " ended at once (status 3)"},
	{PART_DIES_AT_ONCE, " ended at once (signal 6)"},
	{PART_CANNOT_BE_CONFINED, "it may not"},
	{PART_GARBAGE_AT_ONCE, " is no worker of this version"},
};

START_TEST(a_worker_that_does_not_start_is_reported)
{
	struct transforms *pool = start_part(at_start[_i].part, 60000);
	struct transform t = {.program = "."};

	/* At once, and again while the pool waits before it tries again. */
	for (int i = 0; i < 3; i++) {
		transform_wait(pool, &t);
		ck_assert_int_eq(t.result, TRANSFORM_UNAVAILABLE);
		ck_assert_msg(strstr(t.message, at_start[_i].why) != NULL, "%s", t.message);
		ck_assert_ptr_null(t.output);
	}
	transforms_destroy(pool);
}
END_TEST

static const struct {
	enum part part;
	const char *result;
} at_work[] = {
	{PART_TRUNCATED, "DIED the worker that ran the program ended with status 0"},
	{PART_HUGE_OUTPUT, "DIED the worker that ran the program gave no answer"},
	{PART_HUGE_MESSAGE, "DIED the worker that ran the program gave no answer"},
	{PART_STRANGE_RESULT, "DIED the worker that ran the program gave no answer"},
	{PART_TIMEOUT_RESULT, "DIED the worker that ran the program gave no answer"},
	{PART_UNAVAILABLE_RESULT, "DIED the worker that ran the program gave no answer"},
	{PART_OUTPUT_OF_A_FAILURE, "DIED the worker that ran the program gave no answer"},
	{PART_STRANGE_TEXT, "DIED the worker that ran the program gave no answer"},
};

START_TEST(an_answer_that_is_none_is_not_believed)
{
	struct transforms *pool = start_part(at_work[_i].part, 60000);

	/* Often enough to post while the last worker is being cleared away. */
	for (int i = 0; i < 30; i++)
		ck_assert_str_eq(transforming(pool, ".", "1"), at_work[_i].result);
	transforms_destroy(pool);
}
END_TEST

/* The input does not fit into a socket, so the answer comes while it is still being written. */
START_TEST(an_answer_before_the_question_is_not_believed)
{
	struct transforms *pool = start_part(PART_ANSWERS_BEFORE_THE_END, 60000);
	const size_t bytes = 8 * 1024 * 1024;
	char *input = mem_zalloc(bytes);
	struct transform t = {.program = ".", .input = input, .input_bytes = bytes};

	ck_assert_ptr_nonnull(input);
	ck_assert_str_eq(transforming_run(pool, &t),
	                 "DIED the worker that ran the program gave no answer");
	mem_free(input);
	transforms_destroy(pool);
}
END_TEST

START_TEST(what_follows_an_answer_is_no_answer_to_the_next)
{
	struct transforms *pool = start_part(PART_TWO_ANSWERS, 60000);

	for (int i = 0; i < 20; i++) {
		const char *result = transforming(pool, ".", "1");
		ck_assert_msg(
			strcmp(result, "OK true") == 0 ||
				strcmp(result,
		                       "DIED the worker that ran the program gave no answer") == 0,
			"%s", result);
	}
	transforms_destroy(pool);
}
END_TEST

START_TEST(a_silent_worker_comes_to_the_deadline)
{
	struct transforms *pool = start_part(PART_SILENT, 100);

	ck_assert_str_eq(transforming(pool, ".", "1"),
	                 "TIMEOUT the program ran longer than 100 ms");
	transforms_destroy(pool);
}
END_TEST

static void note(struct transform *t)
{
	(void)t;
}

START_TEST(a_worker_that_hangs_does_not_keep_the_pool)
{
	struct transforms *pool = start_part(PART_SILENT, INT32_MAX);
	struct transform t = {.program = ".", .done = note};

	transform_post(pool, &t);
	transforms_destroy(pool);
	ck_assert_int_eq(t.result, TRANSFORM_UNAVAILABLE);
}
END_TEST

START_TEST(a_message_is_made_fit_for_people)
{
	struct transforms *pool = start_part(PART_WRITES_TO_PEOPLE, 60000);
	struct transform t = {.program = "."};

	transform_wait(pool, &t);
	ck_assert_int_eq(t.result, TRANSFORM_FAILED);
	ck_assert_int_eq(strncmp(t.message, " ? ? ? ?", 8), 0);
	ck_assert_uint_le(strlen(t.message), 255);
	transforms_destroy(pool);
}
END_TEST

START_TEST(without_the_program_nothing_can_be_transformed)
{
	struct transforms *pool =
		transforming_start(&(struct transforms_options){.worker = "/nowhere/transform"});

	for (int i = 0; i < 3; i++)
		ck_assert_str_eq(transforming(pool, ".", "1"),
		                 "UNAVAILABLE /nowhere/transform cannot be started: No such file "
		                 "or directory");
	transforms_destroy(pool);
}
END_TEST

/* The pool waits before it starts one again. */
static const char *run_until_there_is_a_worker(struct transforms *pool)
{
	const struct timespec moment = {0, 1000000};
	const char *result = transforming(pool, ".", "1");

	for (int i = 0; i < 60000 && strncmp(result, "UNAVAILABLE", 11) == 0; i++) {
		nanosleep(&moment, NULL);
		result = transforming(pool, ".", "1");
	}
	return result;
}

/* A link to the worker appears where there was none. */
START_TEST(a_worker_that_is_there_later_is_found)
{
	char folder[] = "/tmp/linkspan-test-XXXXXX", path[64];

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/worker", folder);
	struct transforms *pool = transforming_start(&(struct transforms_options){.worker = path});
	ck_assert_int_eq(strncmp(transforming(pool, ".", "1"), "UNAVAILABLE ", 12), 0);
	ck_assert_int_eq(symlink(transforming_worker(), path), 0);
	ck_assert_str_eq(run_until_there_is_a_worker(pool), "OK 1");
	transforms_destroy(pool);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

START_TEST(without_a_pool_the_answer_is_that_there_is_none)
{
	ck_assert_str_eq(transforming(NULL, ".", "1"),
	                 "UNAVAILABLE this process runs no transformations");
	transforms_destroy(NULL);
}
END_TEST

START_TEST(a_pool_that_was_not_used_ends_without_workers)
{
	transforms_destroy(transforming_start(NULL));
}
END_TEST

/* Every allocation of a pool's life fails once: an error or an answer, and the next run works. */
START_TEST(without_memory_there_is_an_answer)
{
	for (unsigned n = 1;; n++) {
		struct transforms_options options = {.worker = transforming_worker(), .workers = 1};
		struct transforms *pool = NULL;
		struct transform t = {.program = "{a: .}", .input = "1", .input_bytes = 1};
		mem_fail_at(n);
		int rc = transforms_create(&options, &pool, NULL);
		if (rc < 0)
			ck_assert_int_eq(rc, ERR_NO_MEMORY);
		else
			transform_wait(pool, &t);
		int unused = mem_fail_pending();
		mem_fail_at(0);
		if (rc == 0) {
			ck_assert_msg(t.result == TRANSFORM_OK || strstr(t.message, "no memory"),
			              "%s", t.message);
			transforming_free(&t);
			ck_assert_str_eq(run_until_there_is_a_worker(pool), "OK 1");
			transforms_destroy(pool);
		}
		if (unused)
			break;
	}
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(a_worker_that_does_not_start_is_reported, at_start),
	SUITE_LOOP(an_answer_that_is_none_is_not_believed, at_work),
	SUITE_TEST(an_answer_before_the_question_is_not_believed),
	SUITE_TEST(what_follows_an_answer_is_no_answer_to_the_next),
	SUITE_TEST(a_silent_worker_comes_to_the_deadline),
	SUITE_TEST(a_worker_that_hangs_does_not_keep_the_pool),
	SUITE_TEST(a_message_is_made_fit_for_people),
	SUITE_TEST(without_the_program_nothing_can_be_transformed),
	SUITE_TEST(a_worker_that_is_there_later_is_found),
	SUITE_TEST(without_a_pool_the_answer_is_that_there_is_none),
	SUITE_TEST(a_pool_that_was_not_used_ends_without_workers),
	SUITE_TEST(without_memory_there_is_an_answer),
};

/* The pool starts this program with three arguments. */
int main(int argc, char **argv)
{
	if (argc == 4)
		return play((enum part)strtoul(argv[1], NULL, 10));
	return suite_run("transform_pool", tests, sizeof(tests) / sizeof(tests[0]));
}
