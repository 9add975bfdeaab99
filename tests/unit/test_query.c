/* Inputs of requests: what is taken, and how what is not is explained. */
#include "admin/query.h"

#include <stdio.h>
#include <string.h>

#include "admin/problem.h"
#include "base/err.h"
#include "httpd/request.h"
#include "suite.h"
#include "json/json.h"

static const char *const colours[] = {"red", "green", "blue", NULL};

enum { NAME, LIMIT, DRY, SINCE, ONE, SOME, FAMILY, ROWS };

static const struct query_row table[ROWS] = {
	[NAME] = {.name = "name", .kind = QUERY_TEXT, .min = 1, .max = 4},
	[LIMIT] = {.name = "limit", .kind = QUERY_INT, .min = 1, .max = 100, .otherwise = 10},
	[DRY] = {.name = "dry", .kind = QUERY_FLAG},
	[SINCE] = {.name = "since", .kind = QUERY_TIME},
	[ONE] = {.name = "one", .kind = QUERY_CHOICE, .choices = colours},
	[SOME] = {.name = "some", .kind = QUERY_CHOICES, .choices = colours},
	[FAMILY] = {.name = "uri.", .kind = QUERY_FAMILY},
};

static int read_pair(const char *name, const char *value, struct query_value *ret,
                     struct problem *p)
{
	const struct http_pair pair = {name, value};
	const struct http_request request = {.query = &pair, .query_count = 1};

	*p = (struct problem){0};
	return query_read(table, ROWS, &request, ret, p);
}

static const struct {
	const char *name, *value;
	int row;
	int64_t number;
} good[] = {
	{"name", "abcd", NAME, 0},     {"limit", "1", LIMIT, 1},
	{"limit", "100", LIMIT, 100},  {"dry", "true", DRY, 1},
	{"dry", "false", DRY, 0},      {"since", "1970-01-01T00:00:01Z", SINCE, 1000},
	{"one", "green", ONE, 1},      {"some", "blue", SOME, 4},
	{"some", "blue,red", SOME, 5},
};

START_TEST(what_is_allowed_is_read)
{
	struct query_value values[ROWS];
	struct problem p;

	ck_assert_int_eq(read_pair(good[_i].name, good[_i].value, values, &p), 0);
	ck_assert(values[good[_i].row].given);
	ck_assert_str_eq(values[good[_i].row].text, good[_i].value);
	ck_assert_int_eq(values[good[_i].row].number, good[_i].number);
}
END_TEST

static const struct {
	const char *name, *value, *title;
} bad[] = {
	{"name", "", "name: \"\" is not allowed; what is: 1 to 4 bytes"},
	{"name", "abcde", "name: \"abcde\" is not allowed; what is: 1 to 4 bytes"},
	{"limit", "0", "limit: \"0\" is not allowed; what is: a number from 1 to 100"},
	{"limit", "101", "limit: \"101\" is not allowed; what is: a number from 1 to 100"},
	{"limit", "5x", "limit: \"5x\" is not allowed; what is: a number from 1 to 100"},
	{"limit", "+5", "limit: \"+5\" is not allowed; what is: a number from 1 to 100"},
	{"limit", "99999999999999999999",
         "limit: \"99999999999999999999\" is not allowed; what is: a number from 1 to 100"},
	{"dry", "yes", "dry: \"yes\" is not allowed; what is: true or false"},
	{"since", "today",
         "since: \"today\" is not allowed; what is: a time as RFC 3339 has it, such as "
         "2026-01-31T09:30:00Z"},
	{"one", "red,blue", "one: \"red,blue\" is not allowed; what is: red, green or blue"},
	{"some", "red,",
         "some: \"red,\" is not allowed; what is: one or more of red, green or blue"},
	{"limt", "5", "limt: there is no such parameter here (did you mean \"limit\"?)"},
	{"uri.", "5",
         "uri.: there is no such parameter here; there are name, limit, dry, since, one, some or "
         "uri."},
	{"nothing_like_it", "5",
         "nothing_like_it: there is no such parameter here; there are name, limit, dry, since, "
         "one, some or uri."},
};

START_TEST(what_is_not_allowed_is_explained)
{
	struct query_value values[ROWS];
	struct problem p;

	ck_assert_int_eq(read_pair(bad[_i].name, bad[_i].value, values, &p), ERR_USAGE);
	ck_assert_uint_eq(p.status, 400);
	ck_assert_str_eq(p.title, bad[_i].title);
	ck_assert_str_eq(p.faults[0].pointer, bad[_i].name);
}
END_TEST

START_TEST(what_is_not_given_has_its_default)
{
	const struct http_request request = {0};
	struct query_value values[ROWS];
	struct problem p = {0};

	ck_assert_int_eq(query_read(table, ROWS, &request, values, &p), 0);
	ck_assert(!values[LIMIT].given);
	ck_assert_int_eq(values[LIMIT].number, 10);
	ck_assert_ptr_null(values[NAME].text);
	ck_assert_int_eq(values[SOME].number, 0);
}
END_TEST

START_TEST(several_faults_are_all_told)
{
	const struct http_pair pairs[] = {
		{"limit", "0"}, {"name", "a"}, {"name", "b"}, {"uri.id", "7"}, {"dry", "2"}};
	const struct http_request request = {.query = pairs, .query_count = 5};
	struct query_value values[ROWS];
	struct problem p = {0};

	ck_assert_int_eq(query_read(table, ROWS, &request, values, &p), ERR_USAGE);
	ck_assert_str_eq(p.title, "3 inputs are wrong");
	ck_assert_str_eq(p.code, "invalid_parameters");
	ck_assert_uint_eq(p.fault_count, 3);
	ck_assert_str_eq(p.faults[1].pointer, "name");
	ck_assert_str_eq(p.faults[1].detail, "is given twice");
	ck_assert_str_eq(values[NAME].text, "a");
}
END_TEST

static int read_text(const char *text, struct json **ret_body, struct query_value *values,
                     struct problem *p)
{
	*p = (struct problem){0};
	ck_assert_int_eq(json_read(text, strlen(text), ret_body, NULL), 0);
	return query_read_json(table, FAMILY, *ret_body, values, p);
}

START_TEST(a_body_has_the_same_inputs)
{
	struct query_value values[ROWS];
	struct problem p;
	struct json *body;

	ck_assert_int_eq(read_text("{\"one\": null, \"name\": \"abc\", \"limit\": 7, "
	                           "\"dry\": true, \"some\": \"red,green\"}",
	                           &body, values, &p),
	                 0);
	ck_assert_str_eq(values[NAME].text, "abc");
	ck_assert_int_eq(values[LIMIT].number, 7);
	ck_assert_int_eq(values[DRY].number, 1);
	ck_assert_int_eq(values[SOME].number, 3);
	ck_assert(!values[ONE].given);
	json_free(body);
}
END_TEST

static const struct {
	const char *text, *title;
} bodies[] = {
	{"{\"limit\": 1000}", "/limit: \"1000\" is not allowed; what is: a number from 1 to 100"},
	{"{\"limit\": [1]}", "/limit: is of the wrong kind"},
	{"{\"name\": 7}", "/name: is of the wrong kind"},
	{"{\"dry\": 1}", "/dry: is of the wrong kind"},
	{"{\"nam\": \"x\"}", "/nam: there is no such parameter here (did you mean \"name\"?)"},
};

START_TEST(a_faulty_body_is_explained)
{
	struct query_value values[ROWS];
	struct problem p;
	struct json *body;

	ck_assert_int_eq(read_text(bodies[_i].text, &body, values, &p), ERR_USAGE);
	ck_assert_str_eq(p.title, bodies[_i].title);
	json_free(body);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(what_is_allowed_is_read, good),
	SUITE_LOOP(what_is_not_allowed_is_explained, bad),
	SUITE_TEST(what_is_not_given_has_its_default),
	SUITE_TEST(several_faults_are_all_told),
	SUITE_TEST(a_body_has_the_same_inputs),
	SUITE_LOOP(a_faulty_body_is_explained, bodies),
};

SUITE_MAIN("query", tests)
