/* Settings as they are written on a command line: their types, and where they go. */
#include "linkspan/setting.h"

#include <string.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "suite.h"
#include "json/json.h"

static const char schema_text[] =
	"{\"properties\": {"
	" \"url\": {\"anyOf\": [{\"type\": \"string\"}]},"
	" \"port\": {\"anyOf\": [{\"type\": \"integer\"}, {\"$ref\": \"#/$defs/reference\"}]},"
	" \"rate\": {\"type\": \"number\"},"
	" \"on\": {\"anyOf\": [{\"type\": \"boolean\"}]},"
	" \"names\": {\"type\": \"array\", \"items\": {\"anyOf\": [{\"type\": \"string\"}]}},"
	" \"codes\": {\"type\": \"array\", \"items\": {\"anyOf\": [{\"type\": \"integer\"}]}},"
	" \"auth\": {\"type\": \"object\", \"properties\":"
	"   {\"token\": {\"writeOnly\": true, \"anyOf\": [{\"type\": \"string\"}]}}},"
	" \"extra\": {\"type\": \"object\", \"additionalProperties\": {\"type\": \"string\"}}}}";

static struct json *read_json(const char *text)
{
	struct json *value = NULL;

	ck_assert_int_eq(json_read(text, strlen(text), &value, NULL), 0);
	return value;
}

static const struct {
	const char *path, *text, *json; /* path NULL: nothing is known */
} values[] = {
	{"url", "true", "\"true\""},
	{"url", "7", "\"7\""},
	{"url", "[x]", "\"[x]\""},
	{"port", "2000", "2000"},
	{"port", "-1", "-1"},
	{"port", "2000s", "\"2000s\""},
	{"port", "${port}", "\"${port}\""},
	{"port", "", "\"\""},
	{"port", "99999999999999999999", "\"99999999999999999999\""},
	{"rate", "0.5", "0.5"},
	{"on", "true", "true"},
	{"on", "false", "false"},
	{"on", "yes", "\"yes\""},
	{"names", "a,b", "[\"a\",\"b\"]"},
	{"names", "7", "[\"7\"]"},
	{"names", "", "[]"},
	{"names", "a,", "[\"a\"]"},
	{"names", "[\"x,y\"]", "[\"x,y\"]"},
	{"codes", "1,2,x", "[1,2,\"x\"]"},
	{"auth", "{\"kind\": \"none\"}", "{\"kind\":\"none\"}"},
	{"extra.a.b", "7", "7"},
	{"extra.a", "7", "\"7\""},
	{"none", "7", "7"},
	{NULL, "7", "7"},
	{NULL, "0.5", "0.5"},
	{NULL, "true", "true"},
	{NULL, "a,b", "\"a,b\""},
	{NULL, "[1]", "[1]"},
};

START_TEST(a_text_takes_the_type_of_its_setting)
{
	struct json *schema = read_json(schema_text), *value = NULL;
	const struct json *own = values[_i].path ? setting_schema(schema, values[_i].path) : NULL;
	struct buf b;

	buf_init(&b, BUF_MAX_LINE);
	ck_assert_int_eq(setting_value(own, "x", values[_i].text, &value, NULL), 0);
	json_write(value, 0, &b);
	ck_assert_str_eq(buf_str(&b), values[_i].json);
	buf_finish(&b);
	json_free(value);
	json_free(schema);
}
END_TEST

START_TEST(json_that_is_none)
{
	struct json *value = NULL;
	struct err e = {0};

	ck_assert_int_eq(setting_value(NULL, "headers", "[{]", &value, &e), ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(e.text, "--set headers: this is no JSON"));
	ck_assert_ptr_null(value);
}
END_TEST

START_TEST(secrets_are_known_by_the_schema)
{
	struct json *schema = read_json(schema_text);

	ck_assert(setting_is_secret(setting_schema(schema, "auth.token")));
	ck_assert(!setting_is_secret(setting_schema(schema, "auth.kind")));
	ck_assert(!setting_is_secret(setting_schema(schema, "url")));
	ck_assert(!setting_is_secret(NULL));
	ck_assert(setting_is_reference("Bearer ${secret:file/x}"));
	ck_assert(!setting_is_reference("$x{"));
	json_free(schema);
}
END_TEST

static const struct {
	const char *before, *path, *after;
} places[] = {
	{"{}", "a", "{\"a\":1}"},
	{"{\"a\": 2}", "a", "{\"a\":1}"},
	{"{\"a\": {\"c\": 3}}", "a.b", "{\"a\":{\"c\":3,\"b\":1}}"},
	{"{\"a\": 7}", "a.b.c", "{\"a\":{\"b\":{\"c\":1}}}"},
	{"[]", "a", "{\"a\":1}"},
};

START_TEST(a_value_at_a_path)
{
	struct json *before = read_json(places[_i].before);
	struct json *after = setting_with(before, places[_i].path, json_int(1));
	struct buf b;

	buf_init(&b, BUF_MAX_LINE);
	json_write(after, 0, &b);
	ck_assert_str_eq(buf_str(&b), places[_i].after);
	buf_finish(&b);
	json_free(after);
	json_free(before);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(a_text_takes_the_type_of_its_setting, values),
	SUITE_TEST(json_that_is_none),
	SUITE_TEST(secrets_are_known_by_the_schema),
	SUITE_LOOP(a_value_at_a_path, places),
};

SUITE_MAIN("setting", tests)
