/* What the daemon refuses, and the exit status that it means. */
#include "linkspan/problem.h"

#include <stdio.h>

#include "base/banned.h"
#include "base/err.h"
#include "fetch/fetch.h"
#include "suite.h"
#include "json/json.h"

static const struct {
	unsigned status;
	const char *code;
	int exit_status;
	bool is_passing, is_unknown;
} rows[] = {
	{400, "bad_request", 2, false, false},
	{401, NULL, 4, false, false},
	{403, "denied", 4, false, false},
	{404, "not_deployed", 3, false, false},
	{409, "paused", 5, false, false},
	{409, "name_taken", 5, false, false},
	{409, "in_use", 5, false, false},
	{409, "protected", 5, false, false},
	{409, "secret_origin", 5, false, false},
	{409, "comments_lost", 5, false, false},
	{412, "stale", 5, false, false},
	{413, "too_large", 2, false, false},
	{422, "invalid_definition", 7, false, false},
	{422, "invalid_name", 7, false, false},
	{428, "if_match_needed", 2, false, false},
	{422, "idempotency_conflict", 5, false, false},
	{429, "queue_full", 1, true, false},
	{429, "state_full", 1, true, false},
	{500, NULL, 1, false, true},
	{503, "disk_full", 1, true, false},
	{503, "stopping", 1, true, false},
	{503, "breaker_open", 1, true, false},
	{503, "store", 1, true, true},
	{503, NULL, 1, true, false},
	{504, NULL, 1, true, true},
	{418, NULL, 1, false, false},
	/* Of one line among many. */
	{0, "queue_full", 1, true, false},
	{0, "store", 1, true, true},
	{0, "invalid_json", 1, false, false},
	{0, NULL, 1, false, false},
};

START_TEST(each_problem_means_one_exit_status)
{
	int code = problem_code(rows[_i].status, rows[_i].code);

	ck_assert_int_eq(err_exit_status(code), rows[_i].exit_status);
	ck_assert_int_eq(problem_is_passing(rows[_i].status, rows[_i].code), rows[_i].is_passing);
	ck_assert_int_eq(problem_is_unknown(rows[_i].status, rows[_i].code), rows[_i].is_unknown);
}
END_TEST

static const struct {
	const char *type, *body, *text, *code;
} bodies[] = {
	{"application/problem+json",
         "{\"title\": \"no connection Orders\", \"code\": \"not_deployed\"}",
         "no connection Orders (not_deployed)", "not_deployed"},
	{"application/problem+json; charset=utf-8",
         "{\"title\": \"no\", \"detail\": \"more\", \"code\": \"c\"}", "no: more (c)", "c"},
	{"application/problem+json", "{\"title\": \"no\"}", "no", ""},
	{"application/problem+json", "{\"title\": \"it is used\", \"code\": \"in_use\"}",
         "it is used (in_use); see: linkspan connection usage", "in_use"},
	{"application/problem+json", "{\"title\"",
         "the daemon answered with status 404: {\"title\"", ""},
	{"application/problem+json", "[]", "the daemon answered with status 404: []", ""},
	{"text/html", "<html>\nmore", "the daemon answered with status 404: <html>", ""},
	{"", "", "the daemon answered with status 404", ""},
	{"", "\x01\x02", "the daemon answered with status 404", ""},
};

START_TEST(a_problem_is_told_in_its_own_words)
{
	struct fetch_reply reply;
	struct err e = {0};
	char code[PROBLEM_CODE_BYTES];

	fetch_reply_init(&reply);
	reply.status = 404;
	snprintf(reply.content_type, sizeof(reply.content_type), "%s", bodies[_i].type);
	buf_add_str(&reply.body, bodies[_i].body);
	ck_assert_int_eq(problem_error(&reply, &e), ERR_NOT_FOUND);
	ck_assert_str_eq(e.text, bodies[_i].text);
	problem_read_code(&reply, code);
	ck_assert_str_eq(code, bodies[_i].code);
	fetch_reply_finish(&reply);
}
END_TEST

START_TEST(each_fault_is_a_line)
{
	static const char text[] =
		"{\"errors\": [{\"pointer\": \"/settings/url\", \"detail\": \"is missing\"},"
		" {\"pointer\": \"\", \"detail\": \"is odd\"}, {\"code\": \"range\"}, {}, {\"code\": \"range\"}]}";
	struct json *problem = NULL;
	struct buf b;

	buf_init(&b, BUF_MAX_LINE);
	ck_assert_int_eq(json_read(text, sizeof(text) - 1, &problem, NULL), 0);
	problem_faults(problem, "at ", &b);
	ck_assert_str_eq(buf_str(&b), "at /settings/url: is missing\nat is odd\nat range\n"
	                              "at is not allowed\n");
	buf_finish(&b);
	json_free(problem);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(each_fault_is_a_line),
	SUITE_LOOP(each_problem_means_one_exit_status, rows),
	SUITE_LOOP(a_problem_is_told_in_its_own_words, bodies),
};

SUITE_MAIN("problem", tests)
