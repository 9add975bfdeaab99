/* Merge patches: the table of RFC 7396, appendix A, and a removal that stays to be seen. */
#include "json/merge.h"

#include "base/buf.h"
#include "suite.h"
#include "json/json.h"

static const struct {
	const char *target, *patch, *result;
} cases[] = {
	{"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
	{"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
	{"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
	{"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
	{"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
	{"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
	{"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"},
	{"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
	{"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"},
	{"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
	{"{\"a\":\"foo\"}", "null", "null"},
	{"{\"a\":\"foo\"}", "\"bar\"", "\"bar\""},
	{"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
	{"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
	{"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
};

static struct json *read(const char *text)
{
	struct json *v = NULL;

	ck_assert_int_eq(json_read(text, strlen(text), &v, NULL), 0);
	return v;
}

static void check(const char *target, const char *patch, unsigned flags, const char *expected)
{
	struct json *t = read(target), *p = read(patch), *result = merge_patch(t, p, flags);
	struct buf text;

	buf_init(&text, BUF_MAX_LINE);
	ck_assert_int_eq(json_write(result, 0, &text), 0);
	ck_assert_str_eq(buf_str(&text), expected);
	buf_clear(&text);
	/* Neither has changed. */
	ck_assert_int_eq(json_write(t, 0, &text), 0);
	ck_assert_str_eq(buf_str(&text), target);
	buf_finish(&text);
	json_free(result);
	json_free(t);
	json_free(p);
}

START_TEST(the_table_of_the_rfc)
{
	check(cases[_i].target, cases[_i].patch, 0, cases[_i].result);
}
END_TEST

START_TEST(a_removal_can_be_kept)
{
	check("{\"a\":\"b\",\"c\":1}", "{\"a\":null,\"d\":{\"e\":null}}", MERGE_KEEPS_NULL,
	      "{\"a\":null,\"c\":1,\"d\":{\"e\":null}}");
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(the_table_of_the_rfc, cases),
	SUITE_TEST(a_removal_can_be_kept),
};

SUITE_MAIN("merge", tests)
