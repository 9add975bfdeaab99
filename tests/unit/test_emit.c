/* Documents out of parameter tables: JSON Schema and the option reference of the manual. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "schema/common.h"
#include "schema/emit.h"
#include "suite.h"
#include "json/json.h"

static const char *const kinds[] = {"none", "basic", "bearer", NULL};

static const struct lk_param auth_rows[] = {
	{.name = "kind", .type = LK_T_ENUM, .choices = kinds, .def = "none", .help = "How."},
	{.name = "username",
         .type = LK_T_STRING,
         .flags = LK_REQUIRED,
         .when = "kind=basic",
         .min = 1,
         .max = 10,
         .help = "Who."},
	{.name = "token",
         .type = LK_T_STRING,
         .flags = LK_SECRET,
         .when = "kind=basic|bearer",
         .help = "What."},
};
static const struct lk_param header_rows[] = {
	{.name = "name",
         .type = LK_T_STRING,
         .flags = LK_REQUIRED,
         .min = 1,
         .help = "Its name.",
         .max = INT64_MAX},
	{.name = "value", .type = LK_T_STRING, .flags = LK_REQUIRED, .help = "Its value."},
};

static const struct lk_param rows[] = {
	{.name = "url",
         .type = LK_T_URL,
         .flags = LK_REQUIRED | LK_TEMPLATE,
         .label = "URL",
         .group = "General",
         .help = "- Where *it* goes_ [#1] `+`"},
	{.name = "time",
         .type = LK_T_DURATION,
         .def = "2s",
         .min = 1000,
         .max = 60000,
         .help = "How long."},
	{.name = "verify", .type = LK_T_BOOL, .def = "true", .help = "Whether."},
	{.name = "size",
         .type = LK_T_SIZE,
         .def = "4096",
         .max = 1048576,
         .flags = LK_ADVANCED,
         .help = "How big."},
	{.name = "headers",
         .type = LK_T_LIST,
         .max = 200,
         .sub = header_rows,
         .sub_count = 2,
         .help = "Lines."},
	{.name = "names", .type = LK_T_LIST, .sub = header_rows, .sub_count = 1, .help = "Names."},
	{.name = "map",
         .type = LK_T_MAP,
         .sub = header_rows,
         .sub_count = 1,
         .help = "Map.",
         .flags = LK_DEPRECATED},
	{.name = "auth", .type = LK_T_GROUP, .sub = auth_rows, .sub_count = 3, .help = "Auth."},
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static const struct lk_type type = {
	.size = sizeof(type),
	.id = "test",
	.label = "Test",
	.help = "Sends tests.",
};

/* The member of that path, steps divided by "/"; numbers step into arrays. */
static const struct json *at(const struct json *v, const char *path)
{
	char step[64];

	while (v && *path) {
		size_t length = strcspn(path, "/");
		snprintf(step, sizeof(step), "%.*s", (int)length, path);
		v = json_kind(v) == JSON_ARRAY ? json_at(v, strtoul(step, NULL, 10))
		                               : json_get(v, step);
		path += length + (path[length] == '/');
	}
	return v;
}

static const struct {
	const char *path, *text; /* text NULL: absent */
} members[] = {
	{"$schema", "\"https://json-schema.org/draft/2020-12/schema\""},
	{"title", "\"Test\""},
	{"description", "\"Sends tests.\""},
	{"type", "\"object\""},
	{"additionalProperties", "false"},
	{"required", "[\"url\"]"},
	{"allOf", NULL},
	{"$defs/reference", "{\"type\":\"string\",\"pattern\":\"\\\\$\\\\{[^}]+\\\\}\"}"},
	{"properties/url/title", "\"URL\""},
	{"properties/url/x-linkspan-group", "\"General\""},
	{"properties/url/x-linkspan-template", "true"},
	{"properties/url/default", NULL},
	{"properties/url/anyOf/1", "{\"$ref\":\"#/$defs/reference\"}"},
	{"properties/time",
         "{\"description\":\"How long.\",\"anyOf\":[{\"type\":\"string\",\"pattern\":\"^[0-9]+("
         "ms|s|m|h|d)$\",\"x-linkspan-minimum-ms\":1000,"
         "\"x-linkspan-maximum-ms\":60000},{\"$ref\":\"#/$defs/reference\"}],\"default\":\"2s\"}"},
	{"properties/verify/anyOf/0", "{\"type\":\"boolean\"}"},
	{"properties/verify/default", "true"},
	{"properties/size/anyOf/0", "{\"type\":\"integer\",\"minimum\":0,\"maximum\":1048576}"},
	{"properties/size/default", "4096"},
	{"properties/size/x-linkspan-advanced", "true"},
	{"properties/headers/type", "\"array\""},
	{"properties/headers/maxItems", "200"},
	{"properties/headers/items/required", "[\"name\",\"value\"]"},
	{"properties/headers/items/additionalProperties", "false"},
	{"properties/headers/items/properties/name/anyOf/0",
         "{\"type\":\"string\",\"minLength\":1}"},
	{"properties/names/items/anyOf/0/type", "\"string\""},
	{"properties/map/additionalProperties/anyOf/0/type", "\"string\""},
	{"properties/map/deprecated", "true"},
	{"properties/auth/required", NULL},
	{"properties/auth/properties/kind/anyOf/0", "{\"enum\":[\"none\",\"basic\",\"bearer\"]}"},
	{"properties/auth/properties/token/writeOnly", "true"},
	{"properties/auth/properties/token/x-linkspan-when", "\"kind=basic|bearer\""},
	/* Forbidden where kind is, by default or in words, something else; */
	{"properties/auth/allOf/0",
         "{\"if\":{\"properties\":{\"kind\":{\"enum\":[\"none\",\"bearer\"]}}},\"then\":{"
         "\"properties\":{\"username\":false}}}"},
	/* required where it is basic in words. */
	{"properties/auth/allOf/1",
         "{\"if\":{\"properties\":{\"kind\":{\"enum\":[\"basic\"]}},\"required\":[\"kind\"]},"
         "\"then\":{\"required\":[\"username\"]}}"},
	{"properties/auth/allOf/2/then", "{\"properties\":{\"token\":false}}"},
	{"properties/auth/allOf/3", NULL},
	{"properties/pool_size/anyOf/0", "{\"type\":\"integer\",\"minimum\":0,\"maximum\":1000}"},
	{"properties/alert_connection/anyOf/0",
         "{\"type\":\"string\",\"minLength\":1,\"maxLength\":100}"},
};

START_TEST(schema_says_what_the_rows_say)
{
	struct json *schema = emit_schema(&type, rows, ROWS);
	const struct json *v = at(schema, members[_i].path);
	struct buf b;

	ck_assert_ptr_nonnull(schema);
	if (members[_i].text) {
		ck_assert_ptr_nonnull(v);
		buf_init(&b, BUF_MAX_TEXT);
		ck_assert_int_eq(json_write(v, 0, &b), 0);
		ck_assert_str_eq(buf_str(&b), members[_i].text);
		buf_finish(&b);
	} else {
		ck_assert_ptr_null(v);
	}
	json_free(schema);
}
END_TEST

START_TEST(schema_has_every_row_once)
{
	struct json *schema = emit_schema(&type, rows, ROWS);

	ck_assert_uint_eq(json_count(at(schema, "properties")), ROWS + COMMON_ROWS);
	json_free(schema);
}
END_TEST

static const char manual[] =
	"*url* = _URL_ (required)\n"
	"\t\\- Where \\*it\\* goes\\_ \\[\\#1\\] \\`\\+\\` A URI Template (RFC 6570).\n\n"
	"*time* = _time_\n"
	"\tHow long. Default: *2s*. Allowed: 1s to 1m.\n\n"
	"*verify* = _boolean_\n"
	"\tWhether. Default: *true*.\n\n"
	"*size* = _size_\n"
	"\tHow big. Default: *4096*. Allowed: 0 to 1MiB.\n\n"
	"*headers* = _list_\n"
	"\tLines. Allowed: 0 to 200 items.\n\n"
	"\t*name* = _string_ (required)\n"
	"\t\tIts name. Allowed: at least 1 character.\n\n"
	"\t*value* = _string_ (required)\n"
	"\t\tIts value.\n\n"
	"*names* = _list_\n"
	"\tNames.\n\n"
	"\t*name* = _string_ (required)\n"
	"\t\tIts name. Allowed: at least 1 character.\n\n"
	"*map* = _map_\n"
	"\tMap. Deprecated.\n\n"
	"\t*name* = _string_ (required)\n"
	"\t\tIts name. Allowed: at least 1 character.\n\n"
	"*auth* = _group_\n"
	"\tAuth.\n\n"
	"\t*kind* = _choice_\n"
	"\t\tHow. Default: *none*. Allowed: none, basic, bearer.\n\n"
	"\t*username* = _string_ (required)\n"
	"\t\tWho. Allowed: 1 to 10 characters. Only when kind is \"basic\".\n\n"
	"\t*token* = _string_\n"
	"\t\tWhat. Only when kind is \"basic\" or \"bearer\". A secret: write a reference such as "
	"${secret:file/NAME}.\n\n";

START_TEST(manual_says_what_the_rows_say)
{
	struct buf b;

	buf_init(&b, BUF_MAX_TEXT);
	emit_man(rows, ROWS, &b);
	ck_assert_str_eq(buf_str(&b), manual);
	buf_finish(&b);
}
END_TEST

/* Where scdoc is installed, it must take the page; its complaint is its exit status. */
START_TEST(manual_is_what_scdoc_takes)
{
	if (system("command -v scdoc >/dev/null") != 0)
		return;
	FILE *scdoc = popen("scdoc >/dev/null", "w");
	struct buf b;

	ck_assert_ptr_nonnull(scdoc);
	buf_init(&b, BUF_MAX_TEXT);
	buf_add_str(&b, "linkspan-test(5)\n\n# OPTIONS\n\n");
	emit_man(rows, ROWS, &b);
	emit_man(common_rows, COMMON_ROWS, &b);
	ck_assert_int_ge(fputs(buf_str(&b), scdoc), 0);
	ck_assert_int_eq(pclose(scdoc), 0);
	buf_finish(&b);
}
END_TEST

START_TEST(a_full_buffer_is_noticed)
{
	struct buf b;

	buf_init(&b, 100);
	emit_man(rows, ROWS, &b);
	ck_assert_int_eq(buf_failed(&b), BUF_TOO_LONG);
	buf_finish(&b);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(schema_says_what_the_rows_say, members),
	SUITE_TEST(schema_has_every_row_once),
	SUITE_TEST(manual_says_what_the_rows_say),
	SUITE_TEST(manual_is_what_scdoc_takes),
	SUITE_TEST(a_full_buffer_is_noticed),
};
SUITE_MAIN("emit", tests)
