/* From a request to what a message is made of. */
#include "admin/parts.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "httpd/request.h"
#include "suite.h"

enum { PAIRS = 200 };

static struct http_pair headers[PAIRS], query[PAIRS];

static struct http_request request_of(size_t header_count, size_t query_count)
{
	return (struct http_request){.headers = headers,
	                             .header_count = header_count,
	                             .query = query,
	                             .query_count = query_count,
	                             .body = ""};
}

START_TEST(attributes_come_from_parameters_and_headers)
{
	headers[0] = (struct http_pair){"Content-Type", "text/plain"};
	headers[1] = (struct http_pair){"linkspan-header-X-Team", "blue"};
	headers[2] = (struct http_pair){"Traceparent", "00-ab-cd-01"};
	headers[3] = (struct http_pair){"Linkspan-Ordering-Key", "k"};
	headers[4] = (struct http_pair){"Linkspan-Header-X-Team", "red"};
	query[0] = (struct http_pair){"env", "Test"};
	query[1] = (struct http_pair){"uri.id", "7"};
	query[2] = (struct http_pair){"ce.type", "a.b"};
	query[3] = (struct http_pair){"uri.map.key", "v"};
	const struct http_request request = request_of(5, 4);
	static const char *const expected[] = {
		"uri.id",        "7",    "ce.type",     "a.b",         "uri.map.key",   "v",
		"header.X-Team", "blue", "traceparent", "00-ab-cd-01", "header.X-Team", "red"};
	struct parts parts;

	ck_assert_int_eq(parts_read(&parts, &request, NULL), 0);
	ck_assert_str_eq(parts.m.content_type, "text/plain");
	ck_assert_uint_eq(parts.m.attr_count, 6);
	for (size_t i = 0; i < 12; i++)
		ck_assert_str_eq(parts.m.attrs[i], expected[i]);
	parts_finish(&parts);
}
END_TEST

static const struct {
	const char *name, *value;
	bool has_body;
} lengths[] = {
	{"Accept", "*/*", false},
	{"Content-Length", "0", true},
	{"Transfer-Encoding", "chunked", true},
};

START_TEST(no_body_and_an_empty_one_differ)
{
	struct parts parts;

	headers[0] = (struct http_pair){lengths[_i].name, lengths[_i].value};
	const struct http_request request = request_of(1, 0);
	ck_assert_int_eq(parts_read(&parts, &request, NULL), 0);
	ck_assert_int_eq(parts.m.body != NULL, lengths[_i].has_body);
	ck_assert_uint_eq(parts.m.body_bytes, 0);
	ck_assert_ptr_null(parts.m.content_type);
	parts_finish(&parts);
}
END_TEST

static void fill(void)
{
	static char names[PAIRS][64];

	for (size_t i = 0; i < PAIRS; i++) {
		snprintf(names[i], sizeof(names[i]), "Linkspan-Header-X-Some-Long-Name-%zu", i);
		headers[i] = (struct http_pair){names[i], "v"};
		query[i] = (struct http_pair){"uri.list", "v"};
	}
}

START_TEST(many_of_them_are_taken)
{
	struct parts parts;

	fill();
	const struct http_request request = request_of(PAIRS, PAIRS);
	ck_assert_int_eq(parts_read(&parts, &request, NULL), 0);
	ck_assert_uint_eq(parts.m.attr_count, 2 * PAIRS);
	ck_assert_str_eq(parts.m.attrs[4 * PAIRS - 2], "header.X-Some-Long-Name-199");
	parts_finish(&parts);
}
END_TEST

START_TEST(a_header_without_a_name_is_refused)
{
	struct parts parts;
	struct err e = {0};

	headers[0] = (struct http_pair){"Linkspan-Header-", "v"};
	const struct http_request request = request_of(1, 0);
	ck_assert_int_eq(parts_read(&parts, &request, &e), ERR_USAGE);
	parts_finish(&parts);
}
END_TEST

START_TEST(without_memory_nothing_is_taken)
{
	fill();
	const struct http_request request = request_of(PAIRS, PAIRS);
	for (unsigned n = 1;; n++) {
		struct parts parts;
		mem_fail_at(n);
		int rc = parts_read(&parts, &request, NULL);
		bool failed = !mem_fail_pending();
		mem_fail_at(0);
		parts_finish(&parts);
		ck_assert_int_eq(rc, failed ? ERR_NO_MEMORY : 0);
		if (!failed)
			break;
	}
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(attributes_come_from_parameters_and_headers),
	SUITE_LOOP(no_body_and_an_empty_one_differ, lengths),
	SUITE_TEST(many_of_them_are_taken),
	SUITE_TEST(a_header_without_a_name_is_refused),
	SUITE_TEST(without_memory_nothing_is_taken),
};

SUITE_MAIN("parts", tests)
