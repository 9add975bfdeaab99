/* Splitting input into lines, batches of them, and what became of each. */
#include "linkspan/pipe_lines.h"

#include <stdio.h>

#include "base/banned.h"
#include "base/err.h"
#include "suite.h"
#include "json/json.h"

static struct pipe_lines lines;
static struct pipe_batch batch;
static struct buf body, answer;

static void begin(void)
{
	pipe_lines_init(&lines);
	ck_assert_int_eq(pipe_batch_init(&batch), 0);
	buf_init(&body, BUF_MAX_TEXT);
	buf_init(&answer, BUF_MAX_TEXT);
}

static void finish(void)
{
	pipe_lines_finish(&lines);
	pipe_batch_finish(&batch);
	buf_finish(&body);
	buf_finish(&answer);
}

static size_t add(const char *text)
{
	size_t used = 0;

	ck_assert_int_eq(pipe_lines_add(&lines, text, strlen(text), &batch, &used), 0);
	return used;
}

static const char *to_send(void)
{
	pipe_batch_body(&batch, &body);
	return buf_str(&body);
}

static const char *answers(void)
{
	buf_clear(&answer);
	pipe_batch_answer(&batch, &answer);
	return buf_str(&answer);
}

static bool settle(const char *items)
{
	struct json *value;

	ck_assert_int_eq(json_read(items, strlen(items), &value, NULL), 0);
	bool fits = pipe_batch_settle(&batch, value);
	json_free(value);
	return fits;
}

/* How many bytes are given at once. */
static const size_t pieces[] = {1, 2, 3, 7, 1000};

/* Wherever the pieces are cut, the lines are the same. */
START_TEST(lines_are_found_however_the_input_is_cut)
{
	const char *input = "{\"a\":1}\n\n  \t\r\n[2]\nlast";
	char piece[64];

	begin();
	for (const char *s = input; *s; s += strlen(piece)) {
		snprintf(piece, sizeof(piece), "%.*s", (int)pieces[_i], s);
		ck_assert_uint_eq(add(piece), strlen(piece));
	}
	ck_assert_uint_eq(batch.count, 4);
	ck_assert_str_eq(to_send(), "{\"a\":1}\n[2]\n");
	ck_assert(pipe_lines_end(&lines, &batch));
	ck_assert_uint_eq(batch.count, 5);
	ck_assert_str_eq(to_send(), "{\"a\":1}\n[2]\nlast\n");
	ck_assert_uint_eq(pipe_batch_count(&batch, PIPE_BLANK), 2);
	/* The end is an end only once. */
	ck_assert(pipe_lines_end(&lines, &batch));
	ck_assert_uint_eq(batch.count, 5);
	finish();
}
END_TEST

START_TEST(a_batch_has_at_most_so_many_lines)
{
	struct buf text;
	size_t used = 0;

	begin();
	buf_init(&text, BUF_MAX_TEXT);
	for (int i = 0; i < PIPE_LINES_MAX + 5; i++)
		buf_add_str(&text, "1\n");
	ck_assert_int_eq(pipe_lines_add(&lines, buf_str(&text), text.len_bytes, &batch, &used), 0);
	ck_assert_uint_eq(batch.count, PIPE_LINES_MAX);
	ck_assert_uint_eq(used, 2 * PIPE_LINES_MAX);
	ck_assert_uint_eq(batch.first, 1);
	pipe_batch_clear(&batch);
	ck_assert_uint_eq(add(buf_str(&text) + used), 10);
	ck_assert_uint_eq(batch.count, 5);
	ck_assert_uint_eq(batch.first, PIPE_LINES_MAX + 1);
	buf_finish(&text);
	finish();
}
END_TEST

START_TEST(a_batch_has_at_most_so_many_bytes_but_one_line_at_least)
{
	size_t large = PIPE_BATCH_BYTES + 10, used = 0;
	char *text = malloc(large + 1);

	begin();
	memset(text, 'x', large);
	text[large - 1] = '\n';
	ck_assert_uint_eq(add("1\n"), 2);
	ck_assert_int_eq(pipe_lines_add(&lines, text, large, &batch, &used), 0);
	ck_assert_uint_eq(used, 0);
	pipe_batch_clear(&batch);
	ck_assert_int_eq(pipe_lines_add(&lines, text, large, &batch, &used), 0);
	ck_assert_uint_eq(used, large);
	ck_assert_uint_eq(add("1\n"), 0);
	/* A last line without its end waits for the next batch too. */
	ck_assert_uint_eq(add("1"), 1);
	ck_assert(!pipe_lines_end(&lines, &batch));
	pipe_batch_clear(&batch);
	ck_assert(pipe_lines_end(&lines, &batch));
	ck_assert_str_eq(to_send(), "1\n");
	free(text);
	finish();
}
END_TEST

START_TEST(a_line_beyond_the_bound_is_refused_and_the_next_one_is_not)
{
	size_t piece_bytes = 1024 * 1024, used = 0;
	char *piece = malloc(piece_bytes);

	begin();
	memset(piece, 'x', piece_bytes);
	for (size_t i = 0; i <= PIPE_LINE_BYTES / piece_bytes; i++)
		ck_assert_int_eq(pipe_lines_add(&lines, piece, piece_bytes, &batch, &used), 0);
	add("still the same\n2\n");
	ck_assert_uint_eq(batch.count, 2);
	ck_assert_str_eq(to_send(), "2\n");
	ck_assert(settle("[{\"id\": \"msg_1\"}]"));
	ck_assert_str_eq(answers(), "too_long: the line has more than 16 MiB\nOK\n");
	free(piece);
	finish();
}
END_TEST

START_TEST(each_line_gets_its_own_answer_in_order)
{
	begin();
	add("1\n\nbad\n4\n");
	ck_assert_str_eq(to_send(), "1\nbad\n4\n");
	ck_assert(settle("[{\"id\": \"msg_1\"},"
	                 " {\"code\": \"invalid_json\", \"detail\": \"line 2, no\\nvalue\"},"
	                 " {\"code\": \"queue_full\"}]"));
	ck_assert_str_eq(answers(), "OK\nOK\ninvalid_json: no value\nqueue_full\n");
	ck_assert_uint_eq(pipe_batch_count(&batch, PIPE_STORED), 1);
	ck_assert_uint_eq(pipe_batch_count(&batch, PIPE_REFUSED), 1);
	/* Only the one that may be taken later is sent again. */
	ck_assert_str_eq(to_send(), "4\n");
	ck_assert(settle("[{\"id\": \"msg_4\"}]"));
	ck_assert_str_eq(answers(), "OK\nOK\ninvalid_json: no value\nOK\n");
	ck_assert_str_eq(to_send(), "");
	finish();
}
END_TEST

/* A body may be sent again as it was, when it is not known what became of some lines. */
START_TEST(the_same_body_can_be_answered_again)
{
	begin();
	add("1\n2\n3\n");
	to_send();
	ck_assert(settle("[{\"id\": \"msg_1\"}, {\"code\": \"store\"}, {\"code\": \"x\"}]"));
	ck_assert_uint_eq(pipe_batch_count(&batch, PIPE_UNKNOWN), 1);
	ck_assert_str_eq(answers(), "OK\nstore\nx\n");
	ck_assert(settle("[{\"id\": \"msg_1\"}, {\"id\": \"msg_2\"}, {\"code\": \"x\"}]"));
	ck_assert_str_eq(answers(), "OK\nOK\nx\n");
	ck_assert_str_eq(to_send(), "");
	finish();
}
END_TEST

/* Else it would be sent with another key, and perhaps stored twice. */
START_TEST(what_is_unknown_stays_so_until_it_is_known)
{
	begin();
	add("1\n");
	to_send();
	pipe_batch_settle_all(&batch, PIPE_UNKNOWN, "io: lost");
	pipe_batch_settle_all(&batch, PIPE_WAITS, "unreachable: nobody there");
	ck_assert_uint_eq(pipe_batch_count(&batch, PIPE_UNKNOWN), 1);
	ck_assert(settle("[{\"code\": \"queue_full\"}]"));
	ck_assert_uint_eq(pipe_batch_count(&batch, PIPE_UNKNOWN), 1);
	ck_assert(settle("[{\"id\": \"msg_1\"}]"));
	ck_assert_uint_eq(pipe_batch_count(&batch, PIPE_STORED), 1);
	finish();
}
END_TEST

static const char *const misfits[] = {"[]", "[{\"id\": \"1\"}]", "{}", "null",
                                      "[{\"id\": \"1\"}, {\"id\": \"2\"}, {\"id\": \"3\"}]"};

START_TEST(an_answer_that_does_not_fit_changes_nothing)
{
	begin();
	add("1\n2\n");
	to_send();
	ck_assert(!settle(misfits[_i]));
	ck_assert_uint_eq(pipe_batch_count(&batch, PIPE_PENDING), 2);
	ck_assert_str_eq(answers(), "unknown: there was no answer\nunknown: there was no answer\n");
	finish();
}
END_TEST

/* An item that is no answer is no acceptance. */
START_TEST(only_an_id_says_ok)
{
	begin();
	add("1\n2\n3\n");
	to_send();
	ck_assert(settle("[{}, null, {\"id\": 7}]"));
	ck_assert_str_eq(answers(), "refused\nrefused\nrefused\n");
	finish();
}
END_TEST

START_TEST(one_fate_for_all_that_were_sent)
{
	begin();
	add("1\n\n2\n");
	to_send();
	pipe_batch_settle_all(&batch, PIPE_WAITS, "unreachable: nobody\x01there");
	ck_assert_str_eq(answers(), "unreachable: nobody there\nOK\nunreachable: nobody there\n");
	ck_assert_str_eq(to_send(), "1\n2\n");
	finish();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(lines_are_found_however_the_input_is_cut, pieces),
	SUITE_TEST(a_batch_has_at_most_so_many_lines),
	SUITE_TEST(a_batch_has_at_most_so_many_bytes_but_one_line_at_least),
	SUITE_TEST(a_line_beyond_the_bound_is_refused_and_the_next_one_is_not),
	SUITE_TEST(each_line_gets_its_own_answer_in_order),
	SUITE_TEST(the_same_body_can_be_answered_again),
	SUITE_TEST(what_is_unknown_stays_so_until_it_is_known),
	SUITE_LOOP(an_answer_that_does_not_fit_changes_nothing, misfits),
	SUITE_TEST(only_an_id_says_ok),
	SUITE_TEST(one_fate_for_all_that_were_sent),
};

SUITE_MAIN("pipe_lines", tests)
