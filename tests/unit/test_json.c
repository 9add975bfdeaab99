/* JSON values: building, asking, reading strictly, writing. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "suite.h"
#include "json/json.h"

static char written[4096];

static const char *text_of(const struct json *v, unsigned flags)
{
	struct buf b;

	buf_init(&b, BUF_MAX_TEXT);
	ck_assert_int_eq(json_write(v, flags, &b), 0);
	snprintf(written, sizeof(written), "%s", buf_str(&b));
	buf_finish(&b);
	return written;
}

START_TEST(a_copy_has_a_life_of_its_own)
{
	struct json *v = json_object();

	json_set(v, "n", json_null());
	json_set(v, "list", json_array());
	struct json *copy = json_copy(v), *nothing = json_null();
	json_free(v);
	ck_assert_str_eq(text_of(copy, 0), "{\"n\":null,\"list\":[]}");
	json_free(copy);
	ck_assert_ptr_eq(json_copy(nothing), nothing);
	ck_assert_ptr_null(json_copy(NULL));
}
END_TEST

START_TEST(writes_what_was_built)
{
	struct json *v = json_object(), *list = json_array();

	ck_assert_int_eq(json_push(list, json_int(INT64_MIN)), 0);
	ck_assert_int_eq(json_push(list, json_double(0.1)), 0);
	ck_assert_int_eq(json_push(list, json_bool(true)), 0);
	ck_assert_int_eq(json_push(list, json_null()), 0);
	ck_assert_int_eq(json_set(v, "z", list), 0);
	ck_assert_int_eq(json_set(v, "a", json_string("é\n\"/")), 0);
	ck_assert_int_eq(json_set(v, "n", json_null()), 0);
	ck_assert_str_eq(text_of(v, 0), "{\"z\":[-9223372036854775808,0.1,true,null],"
	                                "\"a\":\"é\\n\\\"/\",\"n\":null}");
	json_free(v);
}
END_TEST

START_TEST(writes_for_people)
{
	struct json *v = json_object();

	ck_assert_int_eq(json_set(v, "a", json_int(1)), 0);
	ck_assert_str_eq(text_of(v, JSON_PRETTY), "{\n  \"a\": 1\n}");
	json_free(v);
	ck_assert_str_eq(text_of(json_null(), JSON_PRETTY), "null");
}
END_TEST

static const struct {
	double d;
	const char *text;
} doubles[] = {
	{0.1, "0.1"},  {1.0 / 3, "0.3333333333333333"},
	{2, "2"},      {1e300, "1e+300"},
	{NAN, "null"}, {-INFINITY, "null"},
};

START_TEST(writes_doubles_shortest)
{
	struct json *v = json_double(doubles[_i].d);

	ck_assert_str_eq(text_of(v, 0), doubles[_i].text);
	json_free(v);
}
END_TEST

START_TEST(mends_strings_that_are_not_utf8)
{
	struct json *v = json_string_bytes("a\xff\xc3\xa9\xe2\x82", 6);

	ck_assert_str_eq(json_as_string(v), "a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd");
	json_free(v);
}
END_TEST

START_TEST(chains_survive_a_missing_link)
{
	struct json *v = json_object();

	ck_assert_int_eq(json_set(v, "a", NULL), ERR_NO_MEMORY);
	ck_assert_int_eq(json_set(NULL, "a", json_int(1)), ERR_NO_MEMORY);
	ck_assert_int_eq(json_push(NULL, json_string("x")), ERR_NO_MEMORY);
	ck_assert_uint_eq(json_count(v), 0);
	json_free(v);
	json_free(NULL);
}
END_TEST

static struct json *read_good(const char *text)
{
	struct json *v = NULL;
	struct err e = {0};

	ck_assert_msg(json_read(text, strlen(text), &v, &e) == 0, "%s: %s", text, e.text);
	return v;
}

START_TEST(answers_questions)
{
	struct json *v =
		read_good("{\"b\":true,\"i\":-5,\"d\":2.5,\"s\":\"x\\u00e9\",\"l\":[1,null],"
	                  "\"n\":null}");
	const char *key;

	ck_assert_int_eq(json_kind(v), JSON_OBJECT);
	ck_assert_uint_eq(json_count(v), 6);
	ck_assert(json_as_bool(json_get(v, "b")));
	ck_assert_int_eq(json_as_int(json_get(v, "i")), -5);
	ck_assert_double_eq(json_as_double(json_get(v, "d")), 2.5);
	ck_assert_double_eq(json_as_double(json_get(v, "i")), -5);
	ck_assert_str_eq(json_as_string(json_get(v, "s")), "xé");
	ck_assert_int_eq(json_kind(json_at(json_get(v, "l"), 1)), JSON_NULL);
	ck_assert_ptr_null(json_at(json_get(v, "l"), 2));
	/* Null is there; absent is not. */
	ck_assert_ptr_nonnull(json_get(v, "n"));
	ck_assert_ptr_null(json_get(v, "absent"));
	ck_assert_int_eq(json_as_int(json_member(v, 1, &key)), -5);
	ck_assert_str_eq(key, "i");
	ck_assert_ptr_null(json_member(v, 6, &key));
	/* Of another kind. */
	ck_assert_ptr_null(json_as_string(json_get(v, "i")));
	ck_assert_int_eq(json_as_int(json_get(v, "s")), 0);
	ck_assert(!json_as_bool(json_get(v, "s")));
	ck_assert_ptr_null(json_get(json_get(v, "l"), "x"));
	json_free(v);
}
END_TEST

START_TEST(walks_members_in_the_order_of_writing)
{
	struct json *v = read_good("{\"z\":1,\"a\":2,\"m\":null}");
	const void *cursor = NULL;
	const char *key;
	char keys[8] = "";

	while (json_next(v, &cursor, &key))
		strncat(keys, key, sizeof(keys) - strlen(keys) - 1);
	ck_assert_str_eq(keys, "zam");
	json_free(v);
}
END_TEST

static const struct {
	const char *text, *again;
} round_trips[] = {
	{" null ", "null"},
	{"9223372036854775807", "9223372036854775807"},
	{"-9223372036854775808", "-9223372036854775808"},
	{"18446744073709551616", "18446744073709551616"},
	{"1.10", "1.10"},
	{"1e400", "1e400"},
	{"[ 1 , [ ] , { } ]", "[1,[],{}]"},
	{"{ \"a\" : { \"b\" : [ true , false ] } }", "{\"a\":{\"b\":[true,false]}}"},
	{"\"\\ud83d\\ude00\\/\"", "\"\xf0\x9f\x98\x80/\""},
	{"\"\\\\\\\"\"", "\"\\\\\\\"\""},
};

START_TEST(reads_and_writes_again)
{
	struct json *v = read_good(round_trips[_i].text);

	ck_assert_str_eq(text_of(v, 0), round_trips[_i].again);
	json_free(v);
}
END_TEST

START_TEST(never_rounds_an_integer_in_silence)
{
	struct json *v = read_good("[9223372036854775807,9223372036854775808]");

	ck_assert_int_eq(json_kind(json_at(v, 0)), JSON_INT);
	ck_assert_int_eq(json_kind(json_at(v, 1)), JSON_DOUBLE);
	ck_assert_double_eq(json_as_double(json_at(v, 1)), 9223372036854775808.0);
	json_free(v);
}
END_TEST

static const struct {
	const char *text, *error;
} faults[] = {
	{"", "line 1, column 1: a value is expected"},
	{"{\n  \"a\": 1,\n  \"é\": x\n}", "line 3, column 8: a value is expected"},
	{"[1 2]", "line 1, column 4: \",\" or \"]\" is expected"},
	{"{\"a\" 1}", "line 1, column 6: \":\" is expected"},
	{"{\"a\":1,}", "line 1, column 8: a key in double quotes is expected"},
	{"{} {}", "line 1, column 4: something follows the value"},
	{"[01]", "line 1, column 3: a number may not begin with 0"},
	{"[\"a\nb\"]", "line 1, column 4: control character in a string"},
	{"\"\xff\"", "line 1, column 2: not valid UTF-8"},
	{"{\"a\":1,\n \"b\":2,\n \"a\":3}",
         "line 3, column 2: the same key was given before in this object"},
	{"[{\"a\":1,\"\\u0061\":2}]",
         "line 1, column 9: the same key was given before in this object"},
	{"[\"a\\u0000b\"]", "line 1, column 2: a string may not contain \\u0000"},
	{"{\"a\\u0000b\":1}", "line 1, column 2: a string may not contain \\u0000"},
};

START_TEST(says_where_the_fault_is)
{
	struct json *v = NULL;
	struct err e = {0};

	ck_assert_int_eq(json_read(faults[_i].text, strlen(faults[_i].text), &v, &e), ERR_INVALID);
	ck_assert_str_eq(e.text, faults[_i].error);
	ck_assert_ptr_null(v);
}
END_TEST

START_TEST(reads_64_deep_and_no_deeper)
{
	char text[2 * 65 + 1];
	struct json *v = NULL;
	struct err e = {0};

	memset(text, '[', 65);
	memset(text + 65, ']', 65);
	ck_assert_int_eq(json_read(text, 130, &v, &e), ERR_INVALID);
	ck_assert_str_eq(e.text, "line 1, column 65: nested too deeply");
	ck_assert_int_eq(json_read(text + 1, 128, &v, NULL), 0);
	json_free(v);
}
END_TEST

START_TEST(survives_every_failing_allocation)
{
	static const char text[] = "{\"a\":[1,2.5,\"x\",true,null]}";
	unsigned n = 0;
	int rc;

	do {
		struct json *v = NULL;
		struct err e = {0};
		mem_fail_at(++n);
		rc = json_read(text, sizeof(text) - 1, &v, &e);
		ck_assert(rc == 0 || (rc == ERR_NO_MEMORY && !v));
		json_free(v);
	} while (!mem_fail_pending());
	mem_fail_at(0);
	ck_assert_int_eq(rc, 0);
	ck_assert_uint_gt(n, 1);
}
END_TEST

START_TEST(stops_at_the_cap_of_the_buffer)
{
	struct json *v = json_string("more than eight bytes");
	struct buf b;

	buf_init(&b, 8);
	ck_assert_int_eq(json_write(v, 0, &b), ERR_NO_MEMORY);
	ck_assert_int_eq(buf_failed(&b), BUF_TOO_LONG);
	buf_finish(&b);
	json_free(v);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(writes_what_was_built),
	SUITE_TEST(a_copy_has_a_life_of_its_own),
	SUITE_TEST(writes_for_people),
	SUITE_LOOP(writes_doubles_shortest, doubles),
	SUITE_TEST(mends_strings_that_are_not_utf8),
	SUITE_TEST(chains_survive_a_missing_link),
	SUITE_TEST(answers_questions),
	SUITE_TEST(walks_members_in_the_order_of_writing),
	SUITE_LOOP(reads_and_writes_again, round_trips),
	SUITE_TEST(never_rounds_an_integer_in_silence),
	SUITE_LOOP(says_where_the_fault_is, faults),
	SUITE_TEST(reads_64_deep_and_no_deeper),
	SUITE_TEST(survives_every_failing_allocation),
	SUITE_TEST(stops_at_the_cap_of_the_buffer),
};
SUITE_MAIN("json", tests)
