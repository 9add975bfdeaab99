/* Tests of transformations: what a program gives, and what people read when it gives nothing. */
#include <pthread.h>
#include <stdatomic.h>

#include "folder.h"
#include "suite.h"
#include "transforming.h"

static const struct {
	const char *program, *input, *result;
} runs[] = {
	{"{id: .order.id}", "{\"order\": {\"id\": 7}}", "OK {\"id\":7}"},
	{"\"order \\(.id)\"", "{\"id\": 7}", "TEXT order 7"},
	{".", NULL, "OK null"},
	{".", "", "OK null"},
	{"false", "1", "OK false"},
	{"[.[] | . * 2]", "[1, 2.5, -3]", "OK [2,5,-6]"},
	{".name", "{\"name\": \"Zoë 🎈\"}", "TEXT Zoë 🎈"},
	{"{\"ключ\": .}", "\"\\u00e9\"", "OK {\"ключ\":\"é\"}"},
	{"first(range(10))", NULL, "OK 0"},
	{"def double: . * 2; double # and no more", "21", "OK 42"},
	{"# first a comment with \" and (\n.", "1", "OK 1"},
	{"\"\\(\"in \\(\"deep\")\")\"", NULL, "TEXT in deep"},
	{"{env: 1, input}", "{\"input\": 2}", "OK {\"env\":1,\"input\":2}"},
	{".[0:2]", "\"abc\"", "TEXT ab"},
	{"\"1970-01-01T00:00:00Z\" | fromdate", NULL, "OK 0"},
	{"0 | localtime | mktime", NULL, "OK 0"},
	{"0 | strflocaltime(\"%Z\") | length > 0", NULL, "OK true"},
	{"test(\"^a+$\")", "\"aaa\"", "OK true"},

	{"empty", NULL, "FAILED the program gave no value"},
	{".[]", "[1, 2]", "FAILED the program gave more than one value"},
	{"1, error(\"late\")", NULL, "FAILED late"},
	{"error(\"no \\(.what)\")", "{\"what\": \"stock\"}", "FAILED no stock"},
	{"error({code: 7})", NULL, "FAILED {\"code\":7}"},
	{"error(\"two\\nlines\")", NULL, "FAILED two lines"},
	{".[]", NULL, "FAILED Cannot iterate over null (null)"},
	{". + 1", "\"a text that is long\"",
         "FAILED string (\"a text tha...) and number (1) cannot be added"},
	{"fromjson", "\"a secret that is long\"",
         "FAILED Invalid numeric literal at line 1, column 2"},
	{"reduce range(1000) as $i (0; [.])", NULL, "FAILED the result is nested too deep"},

	{".", "{\"a\": 1,}",
         "BAD_INPUT the input is not JSON at byte 8: a key in double quotes is expected"},
	{".", "nan", "BAD_INPUT the input is not JSON at byte 0: a value is expected"},
	{".", "1 2", "BAD_INPUT the input is not JSON at byte 2: something follows the value"},
};

START_TEST(a_program_gives_its_value)
{
	struct transforms *pool = transforming_start(NULL);

	ck_assert_str_eq(transforming(pool, runs[_i].program, runs[_i].input), runs[_i].result);
	transforms_destroy(pool);
}
END_TEST

static const struct {
	const char *program, *message;
} bad_programs[] = {
	{"", "line 1: the program is empty"},
	{".a |", "line 1: syntax error, unexpected end of the program"},
	{".a\n| .b |\n  ^", "line 3: syntax error, unexpected character"},
	{"1\n|\nfoo(1)", "line 3: foo/1 is not defined"},
	{"{a: $nope, b: nope}", "line 1: $nope is not defined; line 1: nope/0 is not defined"},
	{"if . then 1", "line 1: syntax error, unexpected end of the program; line 1: Possibly "
                        "unterminated 'if' statement"},
	{".foo bar", "line 1: syntax error, unexpected name"},
	{"1) | (2", "line 1: ')' closes nothing"},
	{"(1\n]", "line 2: ']' where ')' should close line 1"},
	{"\n\n{a: 1", "line 3: '{' is not closed"},
	{"\n\"abc", "line 2: this string has no end"},
	{"import \"a\" as a; .", "line 1: import cannot be used: there are no modules"},
	{"include \"a\"; .", "line 1: include cannot be used: there are no modules"},
	{"\n$ENV.HOME", "line 2: $ENV cannot be used: there is no environment"},
	{"env.HOME", "line 1: env cannot be used: there is no environment"},
	{"[., input]", "line 1: input cannot be used: the one input is ."},
	{"{a: inputs}", "line 1: inputs cannot be used: the one input is ."},
	{"\"\\(input_filename)\"", "line 1: input_filename cannot be used: there are no files"},
	{"halt_error", "line 1: halt_error cannot be used: a program fails by error(…)"},
	{"debug", "line 1: debug cannot be used: there is nowhere to print to"},
	{"\"a\" | modulemeta", "line 1: modulemeta cannot be used: there are no modules"},
	{"\xff", "line 1: a byte that is not UTF-8 text"},
};

START_TEST(a_bad_program_is_refused_with_the_place)
{
	struct transforms *pool = transforming_start(NULL);
	char expected[512];

	snprintf(expected, sizeof(expected), "BAD_PROGRAM %s", bad_programs[_i].message);
	ck_assert_str_eq(transforming(pool, bad_programs[_i].program, "1"), expected);
	transforms_destroy(pool);
}
END_TEST

START_TEST(variables_are_values_of_one_run)
{
	struct transforms *pool = transforming_start(NULL);
	const char *const names[] = {"flow", "steps", NULL};
	struct transform t = {
		.program = "[., $flow, $steps.a]",
		.names = names,
		.values = "[\"orders\", {\"a\": 1}]",
		.input = "5",
		.input_bytes = 1,
	};

	ck_assert_str_eq(transforming_run(pool, &t), "OK [5,\"orders\",1]");
	t.values = "[null, {\"a\": [2]}]";
	ck_assert_str_eq(transforming_run(pool, &t), "OK [5,null,[2]]");
	t.values = NULL;
	ck_assert_str_eq(transforming_run(pool, &t), "OK [5,null,null]");
	t.values = "[1";
	ck_assert_str_eq(
		transforming_run(pool, &t),
		"BAD_INPUT the array of variables is not JSON at byte 2: \",\" or \"]\" is "
		"expected");
	t.names = NULL;
	ck_assert_str_eq(transforming_run(pool, &t),
	                 "BAD_PROGRAM line 1: $flow is not defined; line 1: $steps is not defined");
	transforms_destroy(pool);
}
END_TEST

START_TEST(a_check_compiles_and_runs_nothing)
{
	struct transforms *pool = transforming_start(NULL);
	struct transform t = {.program = "error(\"ran\")", .check_only = true};

	ck_assert_str_eq(transforming_run(pool, &t), "OK");
	t.program = "nope";
	ck_assert_str_eq(transforming_run(pool, &t), "BAD_PROGRAM line 1: nope/0 is not defined");
	transforms_destroy(pool);
}
END_TEST

START_TEST(a_text_may_hold_a_nul_byte)
{
	struct transforms *pool = transforming_start(NULL);
	struct transform t = {.program = "\"a\\u0000b\""};

	transform_wait(pool, &t);
	ck_assert_int_eq(t.result, TRANSFORM_OK);
	ck_assert(t.is_text);
	ck_assert_uint_eq(t.output_bytes, 3);
	ck_assert_mem_eq(t.output, "a\0b", 4);
	transforming_free(&t);
	transforms_destroy(pool);
}
END_TEST

START_TEST(a_long_message_is_cut_between_characters)
{
	struct transforms *pool = transforming_start(NULL);
	struct transform t = {.program = "error(\"x\" + \"é\" * 500)"};

	transform_wait(pool, &t);
	ck_assert_int_eq(t.result, TRANSFORM_FAILED);
	ck_assert_uint_eq(strlen(t.message), 254);
	ck_assert_str_eq(t.message + 249, "é…");
	transforms_destroy(pool);
}
END_TEST

/* A JSON string of so many bytes, with its quotes; the caller frees it. */
static char *long_string(size_t bytes)
{
	char *text = mem_alloc(bytes + 1);

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', bytes);
	text[0] = text[bytes - 1] = '"';
	text[bytes] = '\0';
	return text;
}

START_TEST(an_input_of_16_mib_passes)
{
	struct transforms *pool =
		transforming_start(&(struct transforms_options){.deadline_ms = 60000});
	char *input = long_string(16 * 1024 * 1024);

	ck_assert_str_eq(transforming(pool, "length", input), "OK 16777214");
	ck_assert_str_eq(transforming(pool, "length", "\"abc\""), "OK 3");
	mem_free(input);
	transforms_destroy(pool);
}
END_TEST

START_TEST(a_result_has_a_most)
{
	struct transforms *pool =
		transforming_start(&(struct transforms_options){.deadline_ms = 60000});
	struct transform t = {.program = "\"x\" * 1048576"};

	transform_wait(pool, &t);
	ck_assert_int_eq(t.result, TRANSFORM_OK);
	ck_assert_uint_eq(t.output_bytes, TRANSFORM_OUTPUT_MAX);
	transforming_free(&t);
	ck_assert_str_eq(transforming(pool, "\"x\" * 1048577", NULL),
	                 "TOO_LARGE the result has 1048577 bytes; at most 1048576 are allowed");
	transforms_destroy(pool);
}
END_TEST

START_TEST(a_program_has_a_most)
{
	struct transforms *pool = transforming_start(NULL);
	char *program = long_string(TRANSFORM_PROGRAM_MAX);
	char *too_long = long_string(TRANSFORM_PROGRAM_MAX + 1);
	struct transform t = {.program = program};

	transform_wait(pool, &t);
	ck_assert_int_eq(t.result, TRANSFORM_OK);
	ck_assert_uint_eq(t.output_bytes, TRANSFORM_PROGRAM_MAX - 2);
	transforming_free(&t);
	ck_assert_str_eq(transforming(pool, too_long, NULL),
	                 "BAD_PROGRAM the program is longer than 16384 bytes");
	mem_free(program);
	mem_free(too_long);
	transforms_destroy(pool);
}
END_TEST

/* Numbers are those of jq: doubles.  Who must keep all digits sends the message as it is. */
START_TEST(large_numbers_are_rounded)
{
	struct transforms *pool = transforming_start(NULL);

	ck_assert_str_eq(transforming(pool, ".", "9007199254740991"), "OK 9007199254740991");
	ck_assert_str_eq(transforming(pool, ".", "12345678901234567890"),
	                 "OK 12345678901234567000");
	transforms_destroy(pool);
}
END_TEST

START_TEST(no_file_of_the_user_is_read)
{
	folder_create();
	folder_write(".jq", "def sneaky: 1;");
	ck_assert_int_eq(setenv("HOME", folder_root, 1), 0);
	struct transforms *pool = transforming_start(NULL);

	ck_assert_str_eq(transforming(pool, "sneaky", NULL),
	                 "BAD_PROGRAM line 1: sneaky/0 is not defined");
	transforms_destroy(pool);
	folder_destroy();
}
END_TEST

enum { THREADS = 4, RUNS = 250 };

static void *run_many(void *arg)
{
	struct transforms *pool = arg;
	static atomic_uint number;

	for (unsigned i = 0; i < RUNS; i++) {
		char input[32], result[64];
		struct transform t = {.program = i % 3 ? "{n: .}" : "\"n is \\(.)\"",
		                      .input = input};
		int n = (int)atomic_fetch_add(&number, 1);
		t.input_bytes = (size_t)snprintf(input, sizeof(input), "%d", n);
		snprintf(result, sizeof(result), i % 3 ? "{\"n\":%d}" : "n is %d", n);
		transform_wait(pool, &t);
		ck_assert_msg(t.result == TRANSFORM_OK, "%s", t.message);
		ck_assert_str_eq(t.output, result);
		transforming_free(&t);
	}
	return NULL;
}

START_TEST(many_threads_get_each_their_own_results)
{
	struct transforms *pool = transforming_start(
		&(struct transforms_options){.workers = 2, .deadline_ms = 60000});
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, run_many, pool), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	transforms_destroy(pool);
}
END_TEST

START_TEST(more_programs_than_are_kept_still_run)
{
	struct transforms *pool = transforming_start(
		&(struct transforms_options){.workers = 1, .deadline_ms = 60000});

	for (int i = 0; i < 150; i++) {
		char program[32], result[32];
		snprintf(program, sizeof(program), ". + %d", i % 100);
		snprintf(result, sizeof(result), "OK %d", 1 + i % 100);
		ck_assert_str_eq(transforming(pool, program, "1"), result);
	}
	transforms_destroy(pool);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(a_program_gives_its_value, runs),
	SUITE_LOOP(a_bad_program_is_refused_with_the_place, bad_programs),
	SUITE_TEST(variables_are_values_of_one_run),
	SUITE_TEST(a_check_compiles_and_runs_nothing),
	SUITE_TEST(a_text_may_hold_a_nul_byte),
	SUITE_TEST(a_long_message_is_cut_between_characters),
	SUITE_TEST(an_input_of_16_mib_passes),
	SUITE_TEST(a_result_has_a_most),
	SUITE_TEST(a_program_has_a_most),
	SUITE_TEST(large_numbers_are_rounded),
	SUITE_TEST(no_file_of_the_user_is_read),
	SUITE_TEST(many_threads_get_each_their_own_results),
	SUITE_TEST(more_programs_than_are_kept_still_run),
};

SUITE_MAIN("transform", tests)
