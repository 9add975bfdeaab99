/* Tests of the differences of two documents. */
#include "core/difference.h"

#include <string.h>

#include "base/buf.h"
#include "suite.h"
#include "json/json.h"

static struct json *read_if(const char *text)
{
	struct json *v = NULL;

	if (text)
		ck_assert_int_eq(json_read(text, strlen(text), &v, NULL), 0);
	return v;
}

/* Each row: two documents, or NULL, and the list of changes. */
static const struct {
	const char *prefix, *before, *after, *changes;
} rows[] = {
	{"", NULL, NULL, "[]"},
	{"", "{}", "{}", "[]"},
	{"settings", "{\"a\":1,\"b\":{\"c\":\"x\"}}", "{\"b\":{\"c\":\"x\"},\"a\":1}", "[]"},
	{"settings", "{\"a\":1}", "{\"a\":2}",
         "[{\"path\":\"settings.a\",\"before\":1,\"after\":2}]"},
	{"", "{\"a\":true}", "{\"a\":false}", "[{\"path\":\"a\",\"before\":true,\"after\":false}]"},
	{"", "{\"a\":1.5}", "{\"a\":2.5}", "[{\"path\":\"a\",\"before\":1.5,\"after\":2.5}]"},
	{"", "{\"a\":\"x\"}", "{\"a\":\"y\"}",
         "[{\"path\":\"a\",\"before\":\"x\",\"after\":\"y\"}]"},
	{"", "{\"a\":1}", "{\"a\":\"1\"}", "[{\"path\":\"a\",\"before\":1,\"after\":\"1\"}]"},
	{"", "{\"a\":1}", "{}", "[{\"path\":\"a\",\"before\":1,\"after\":null}]"},
	{"", "{}", "{\"a\":1}", "[{\"path\":\"a\",\"before\":null,\"after\":1}]"},
	{"x", NULL, "{\"a\":{\"b\":1}}", "[{\"path\":\"x.a.b\",\"before\":null,\"after\":1}]"},
	{"x", "{\"a\":{\"b\":1}}", NULL, "[{\"path\":\"x.a.b\",\"before\":1,\"after\":null}]"},
	{"", "{}", "{\"a\":{}}", "[]"},
	{"", "{\"a\":{\"b\":1}}", "{\"a\":{}}", "[{\"path\":\"a.b\",\"before\":1,\"after\":null}]"},
	{"", "{\"a\":[1,2]}", "{\"a\":[1,3]}", "[{\"path\":\"a[1]\",\"before\":2,\"after\":3}]"},
	{"", "{\"a\":[1]}", "{\"a\":[1,2]}", "[{\"path\":\"a\",\"before\":[1],\"after\":[1,2]}]"},
	{"", "{\"a\":[{\"b\":1,\"c\":2}]}", "{\"a\":[{\"b\":1,\"c\":3}]}",
         "[{\"path\":\"a[0].c\",\"before\":2,\"after\":3}]"},
	{"", "{\"a\":[]}", "{\"a\":{}}", "[{\"path\":\"a\",\"before\":[],\"after\":{}}]"},
	{"type", "\"echo\"", "\"webhook\"",
         "[{\"path\":\"type\",\"before\":\"echo\",\"after\":\"webhook\"}]"},
};

START_TEST(each_change_is_named_with_its_path)
{
	struct json *before = read_if(rows[_i].before), *after = read_if(rows[_i].after);
	struct json *list = json_array();
	struct buf text;

	ck_assert_int_eq(difference_add(list, rows[_i].prefix, before, after), 0);
	buf_init(&text, BUF_MAX_TEXT);
	ck_assert_int_eq(json_write(list, 0, &text), 0);
	ck_assert_str_eq(buf_str(&text), rows[_i].changes);
	buf_finish(&text);
	json_free(list);
	json_free(before);
	json_free(after);
}
END_TEST

START_TEST(without_memory_it_says_so)
{
	struct json *after = read_if("{\"a\":1}");

	ck_assert_int_lt(difference_add(NULL, "", NULL, after), 0);
	json_free(after);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(each_change_is_named_with_its_path, rows),
	SUITE_TEST(without_memory_it_says_so),
};
SUITE_MAIN("difference", tests)
