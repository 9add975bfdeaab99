/* The catalogue's words as HTTP has them: places of faults, and preconditions. */
#include "admin/catalogue.h"

#include "admin/problem.h"
#include "admin/route.h"
#include "base/buf.h"
#include "base/err.h"
#include "httpd/request.h"
#include "suite.h"

#define REVISION "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
	const char *path, *pointer;
} places[] = {
	{"", ""},
	{"settings", "/settings"},
	{"settings.url", "/settings/url"},
	{"settings.headers[0].name", "/settings/headers/0/name"},
	{"environments.Test.headers[12].value", "/environments/Test/headers/12/value"},
	{"connection.odd", "/odd"},
	{"connection.settings.odd", "/settings/odd"},
	{"connection_timeout_ms", "/connection_timeout_ms"},
	{"a~b.c/d", "/a~0b/c~1d"},
};

START_TEST(a_place_becomes_a_pointer)
{
	struct buf text;

	buf_init(&text, BUF_MAX_LINE);
	catalogue_pointer(places[_i].path, &text);
	ck_assert_str_eq(buf_str(&text), places[_i].pointer);
	buf_finish(&text);
}
END_TEST

/* A second header; NULL: none. */
static int match(const char *first, const char *second, bool needed, char *ret, struct problem *p)
{
	const struct http_pair headers[] = {{"if-match", first}, {"If-Match", second}};
	struct http_request request = {.headers = headers,
	                               .header_count = second  ? 2
	                                               : first ? 1
	                                                       : 0};
	const struct api_call call = {.request = &request};

	*p = (struct problem){0};
	memcpy(ret, "untouched", 10);
	return catalogue_match(&call, needed, ret, p);
}

START_TEST(one_revision_is_matched)
{
	char revision[REVISION_BYTES];
	struct problem p;

	ck_assert_int_eq(match("\"" REVISION "\"", NULL, true, revision, &p), 0);
	ck_assert_str_eq(revision, REVISION);
	ck_assert_int_eq(match("*", NULL, true, revision, &p), 0);
	ck_assert_str_eq(revision, "");
	ck_assert_int_eq(match(NULL, NULL, false, revision, &p), 0);
	ck_assert_str_eq(revision, "");
}
END_TEST

START_TEST(one_that_is_needed_is_missed)
{
	char revision[REVISION_BYTES];
	struct problem p;

	ck_assert_int_eq(match(NULL, NULL, true, revision, &p), ERR_USAGE);
	ck_assert_uint_eq(p.status, 428);
	ck_assert_str_eq(p.code, "if_match_needed");
}
END_TEST

static const struct {
	const char *first, *second;
} odd[] = {
	{"", NULL},
	{REVISION, NULL},
	{"\"" REVISION, NULL},
	{"\"" REVISION "\" ", NULL},
	{"\"" REVISION "\", \"" REVISION "\"", NULL},
	{"\"a b\"", NULL},
	{"w/\"" REVISION "\"", NULL},
	{"W/", NULL},
	{"\"" REVISION "\"", "*"},
	{"*", "*"},
};

START_TEST(anything_else_is_refused)
{
	char revision[REVISION_BYTES];
	struct problem p;

	ck_assert_int_eq(match(odd[_i].first, odd[_i].second, false, revision, &p), ERR_USAGE);
	ck_assert_uint_eq(p.status, 400);
	ck_assert_str_eq(p.faults[0].pointer, "If-Match");
}
END_TEST

static const char *const foreign[] = {
	"\"\"",
	"\"0123\"",
	"W/\"" REVISION "\"",
	"\"" REVISION "0\"",
	"\"what-another-server-calls-a-revision,-which-is-longer-than-one-of-ours\"",
};

/* RFC 9110, 13.1.1: the condition is false, so that the answer is 412. */
START_TEST(a_tag_that_is_no_revision_matches_nothing)
{
	char revision[REVISION_BYTES];
	struct problem p;

	ck_assert_int_eq(match(foreign[_i], NULL, true, revision, &p), 0);
	ck_assert_str_ne(revision, REVISION);
	ck_assert_str_ne(revision, "");
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(a_place_becomes_a_pointer, places),
	SUITE_TEST(one_revision_is_matched),
	SUITE_TEST(one_that_is_needed_is_missed),
	SUITE_LOOP(a_tag_that_is_no_revision_matches_nothing, foreign),
	SUITE_LOOP(anything_else_is_refused, odd),
};

SUITE_MAIN("catalogue_http", tests)
