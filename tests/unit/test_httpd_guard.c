/* The checks of incoming requests, row by row. */
#include "httpd/guard.h"

#include "base/banned.h"
#include "suite.h"

static const char *const hosts[] = {"localhost", "127.0.0.1", "[::1]", "linkspan.internal", NULL};

#define GOOD_HOST                                                                                  \
	{                                                                                          \
		"Host", "localhost:8686"                                                           \
	}

static const struct {
	const char *method, *target;
	struct http_pair headers[4];
	unsigned status; /* 0: it passes */
	bool tls;
} rows[] = {
	{"GET", "/", {GOOD_HOST}, 0, false},
	{"GET", "*", {GOOD_HOST}, 0, false},
	{"POST", "/a", {GOOD_HOST, {"Content-Length", "12"}}, 0, false},
	{"POST", "/a", {GOOD_HOST, {"Transfer-Encoding", "chunked"}}, 0, false},
	{"POST", "/a", {GOOD_HOST, {"transfer-encoding", "Chunked"}}, 0, false},
	/* framing */
	{"POST",
         "/a",
         {GOOD_HOST, {"Content-Length", "3"}, {"Transfer-Encoding", "chunked"}},
         400,
         0},
	{"POST", "/a", {GOOD_HOST, {"content-length", "3"}, {"TRANSFER-ENCODING", "x"}}, 400, 0},
	{"POST", "/a", {GOOD_HOST, {"Content-Length", "3"}, {"Content-Length", "3"}}, 400, false},
	{"POST", "/a", {GOOD_HOST, {"Content-Length", "3"}, {"content-length", "4"}}, 400, false},
	{"POST", "/a", {GOOD_HOST, {"Content-Length", "3, 3"}}, 400, false},
	{"POST", "/a", {GOOD_HOST, {"Content-Length", "+3"}}, 400, false},
	{"POST", "/a", {GOOD_HOST, {"Content-Length", "-3"}}, 400, false},
	{"POST", "/a", {GOOD_HOST, {"Content-Length", "0x3"}}, 400, false},
	{"POST", "/a", {GOOD_HOST, {"Content-Length", ""}}, 400, false},
	{"POST", "/a", {GOOD_HOST, {"Transfer-Encoding", "gzip"}}, 501, false},
	{"POST", "/a", {GOOD_HOST, {"Transfer-Encoding", "gzip, chunked"}}, 501, false},
	{"POST", "/a", {GOOD_HOST, {"Transfer-Encoding", "xchunked"}}, 501, false},
	{"POST",
         "/a",
         {GOOD_HOST, {"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}},
         501,
         false},
	{"POST", "/a", {GOOD_HOST, {"Transfer-Encoding", ""}}, 501, false},
	/* target */
	{"GET", "/a%20b%C3%A4?q=%0A%7f", {GOOD_HOST}, 0, false},
	{"GET", "/100%", {GOOD_HOST}, 0, false},
	{"GET", "/%2", {GOOD_HOST}, 0, false},
	{"GET", "/%g0%0g", {GOOD_HOST}, 0, false},
	{"GET", "/a%00b", {GOOD_HOST}, 400, false},
	{"GET", "/a?q=%00", {GOOD_HOST}, 400, false},
	{"GET", "/a%0d%0ab", {GOOD_HOST}, 400, false},
	{"GET", "/a%0Ab", {GOOD_HOST}, 400, false},
	{"GET", "/a%1fb", {GOOD_HOST}, 400, false},
	{"GET", "/a%1Fb", {GOOD_HOST}, 400, false},
	{"GET", "/a%7Fb", {GOOD_HOST}, 400, false},
	{"GET", "/a\tb", {GOOD_HOST}, 400, false},
	{"GET", "/a\x01", {GOOD_HOST}, 400, false},
	{"GET", "/a\x7f", {GOOD_HOST}, 400, false},
	{"GET", "/a?q=\x1b", {GOOD_HOST}, 400, false},
	{"GET", "http://evil.example/", {GOOD_HOST}, 400, false},
	{"CONNECT", "localhost:80", {GOOD_HOST}, 400, false},
	{"GET", "", {GOOD_HOST}, 400, false},
	{"GET", "**", {GOOD_HOST}, 400, false},
	/* headers */
	{"POST", "/", {GOOD_HOST, {"Transfer-Encoding ", "chunked"}}, 400, false},
	{"GET", "/", {GOOD_HOST, {"X Y", "1"}}, 400, false},
	{"GET", "/", {GOOD_HOST, {"X\x01", "1"}}, 400, false},
	{"GET", "/", {GOOD_HOST, {"X", "a\rHost: b"}}, 400, false},
	{"GET", "/", {GOOD_HOST, {"X", "\x7f"}}, 400, false},
	{"GET", "/", {GOOD_HOST, {"X", "a\tb \xc3\xa9"}}, 0, false},
	{"GET", "/", {GOOD_HOST, {"X", ""}}, 0, false},
	/* host */
	{"GET", "/", {{"Host", "localhost"}}, 0, false},
	{"GET", "/", {{"Host", "LocalHost:1"}}, 0, false},
	{"GET", "/", {{"Host", "linkspan.internal"}}, 0, false},
	{"GET", "/", {{"Host", "127.0.0.1:8686"}}, 0, false},
	{"GET", "/", {{"Host", "[::1]:8686"}}, 0, false},
	{"GET", "/", {{"Host", "[::1]"}}, 0, false},
	{"GET", "/", {{"Accept", "*/*"}}, 400, false},
	{"GET", "/", {GOOD_HOST, GOOD_HOST}, 400, false},
	{"GET", "/", {GOOD_HOST, {"hOST", "evil.example"}}, 400, false},
	{"GET", "/", {{"Host", "evil.example"}}, 421, false},
	{"GET", "/", {{"Host", "evil.example:8686"}}, 421, false},
	{"GET", "/", {{"Host", "localhost.evil.example"}}, 421, false},
	{"GET", "/", {{"Host", "xlocalhost"}}, 421, false},
	{"GET", "/", {{"Host", "localhost."}}, 421, false},
	{"GET", "/", {{"Host", "localhost:80@evil.example"}}, 421, false},
	{"GET", "/", {{"Host", "localhost:x"}}, 421, false},
	{"GET", "/", {{"Host", "[::1"}}, 421, false},
	{"GET", "/", {{"Host", "[::2]"}}, 421, false},
	{"GET", "/", {{"Host", "::1"}}, 421, false},
	{"GET", "/", {{"Host", ""}}, 421, false},
	/* origin */
	{"POST", "/", {GOOD_HOST, {"Origin", "http://localhost:8686"}}, 0, false},
	{"POST", "/", {GOOD_HOST, {"Origin", "https://localhost:8686"}}, 0, false},
	{"POST", "/", {GOOD_HOST, {"Origin", "https://LOCALHOST:8686"}}, 0, true},
	{"POST", "/", {GOOD_HOST, {"Origin", "http://localhost:8686"}}, 403, true},
	{"POST", "/", {GOOD_HOST, {"Origin", "http://localhost"}}, 403, false},
	{"POST", "/", {GOOD_HOST, {"Origin", "http://localhost:8687"}}, 403, false},
	{"POST", "/", {GOOD_HOST, {"Origin", "http://evil.example"}}, 403, false},
	{"POST", "/", {GOOD_HOST, {"Origin", "null"}}, 403, false},
	{"POST", "/", {GOOD_HOST, {"Origin", ""}}, 403, false},
	{"POST", "/", {GOOD_HOST, {"Origin", "ftp://localhost:8686"}}, 403, false},
	{"POST",
         "/",
         {GOOD_HOST, {"Origin", "http://localhost:8686"}, {"Origin", "null"}},
         403,
         false},
	{"PUT", "/", {GOOD_HOST, {"Origin", "http://evil.example"}}, 403, false},
	{"PATCH", "/", {GOOD_HOST, {"Origin", "http://evil.example"}}, 403, false},
	{"DELETE", "/", {GOOD_HOST, {"Origin", "http://evil.example"}}, 403, false},
	{"get", "/", {GOOD_HOST, {"Origin", "http://evil.example"}}, 403, false},
	{"GET", "/", {GOOD_HOST, {"Origin", "http://evil.example"}}, 0, false},
	{"HEAD", "/", {GOOD_HOST, {"Origin", "http://evil.example"}}, 0, false},
	{"OPTIONS", "/", {GOOD_HOST, {"Origin", "http://evil.example"}}, 0, false},
	{"TRACE", "/", {GOOD_HOST, {"Origin", "null"}}, 0, false},
};

static struct http_request request_of(size_t row)
{
	struct http_request request = {
		.method = rows[row].method,
		.target = rows[row].target,
		.headers = rows[row].headers,
		.tls = rows[row].tls,
	};

	while (request.header_count < 4 && rows[row].headers[request.header_count].name)
		request.header_count++;
	return request;
}

START_TEST(all_checks_together)
{
	const struct http_guards all = {HTTP_GUARD_ALL, hosts};
	struct http_request request = request_of((size_t)_i);
	const struct http_refusal *refusal = http_guard(&all, &request);

	ck_assert_msg((refusal ? refusal->status : 0) == rows[_i].status, "%s %s: %u instead of %u",
	              request.method, request.target, refusal ? refusal->status : 0,
	              rows[_i].status);
}
END_TEST

START_TEST(a_check_that_is_not_chosen_refuses_nothing)
{
	const struct http_guards none = {0};
	struct http_request request = request_of((size_t)_i);

	ck_assert_ptr_null(http_guard(&none, &request));
}
END_TEST

START_TEST(without_a_list_every_host_is_foreign)
{
	const struct http_guards guards = {HTTP_GUARD_HOST, NULL};
	struct http_request request = request_of(0);

	ck_assert_uint_eq(http_guard(&guards, &request)->status, 421);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(all_checks_together, rows),
	SUITE_LOOP(a_check_that_is_not_chosen_refuses_nothing, rows),
	SUITE_TEST(without_a_list_every_host_is_foreign),
};

SUITE_MAIN("httpd_guard", tests)
