/* The HTTP server's requests and replies: what a peer sees, and what a handler is given. */
#include <stdatomic.h>
#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "http_peer.h"
#include "httpd/server.h"
#include "suite.h"

static _Atomic unsigned handled;

/* Says what it was given. */
static void describe(void *arg, struct http_request *request)
{
	struct buf text;

	(void)arg;
	handled++;
	buf_init(&text, BUF_MAX_TEXT);
	buf_printf(&text, "%s|%s|%s|%s|%zu|%lu", request->method, request->target, request->path,
	           request->version, request->body_bytes, (unsigned long)request->connection);
	for (size_t i = 0; i < request->query_count; i++)
		buf_printf(&text, "|%s=%s", request->query[i].name, request->query[i].value);
	struct http_reply reply = {
		.status = 200,
		.content_type = "text/plain",
		.body = buf_str(&text),
		.body_bytes = text.len_bytes,
	};
	http_reply(request, &reply);
	buf_finish(&text);
}

static int dial(const struct http_server *server)
{
	socklen_t bytes;
	const struct sockaddr *address = http_server_address(server, &bytes);

	return peer_dial(address, bytes);
}

static struct http_server *start(struct http_options options)
{
	struct http_server *server;
	struct err e = {0};

	options.address = "127.0.0.1";
	if (!options.handle)
		options.handle = describe;
	handled = 0;
	ck_assert_msg(http_server_start(&options, &server, &e) == 0, "%s", e.text);
	return server;
}

static struct http_server *start_guarded(void)
{
	static const char *const hosts[] = {"localhost", NULL};

	return start((struct http_options){.guards = {HTTP_GUARD_ALL, hosts}});
}

static void stop(struct http_server *server, int fd)
{
	close(fd);
	http_server_stop(server, 1000);
}

/*
 * Requests and answers
 */

static const char *const in_turn[] = {"/a",      "/b",      "/longer", "/c",
                                      "/longer", "/shorts", "/d",      "/e"};

START_TEST(a_connection_gets_each_answer_with_its_own_body)
{
	struct http_server *server = start((struct http_options){0});
	char text[256], expected[64];
	int fd = dial(server);

	for (size_t i = 0; i < sizeof(in_turn) / sizeof(in_turn[0]); i++) {
		snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", in_turn[i]);
		snprintf(expected, sizeof(expected), "GET|%s|%s|HTTP/1.1|0|1", in_turn[i],
		         in_turn[i]);
		peer_say(fd, text);
		ck_assert_str_eq(peer_body(peer_hear(fd)), expected);
	}
	stop(server, fd);
}
END_TEST

/* As long as an expanded URL and a header of a call may be. */
START_TEST(a_long_target_and_a_long_header_arrive)
{
	enum { TARGET = 16 * 1024, HEADER = 8 * 1024 };
	struct http_server *server = start((struct http_options){0});
	char target[TARGET + 1], header[HEADER + 1];
	int fd = dial(server);

	memset(target, 'a', TARGET);
	memset(header, 'b', HEADER);
	target[0] = '/';
	target[TARGET] = header[HEADER] = '\0';
	peer_say(fd, "GET ");
	peer_say(fd, target);
	peer_say(fd, " HTTP/1.1\r\nHost: h\r\nX: ");
	peer_say(fd, header);
	peer_say(fd, "\r\n\r\n");
	ck_assert_uint_eq(peer_status(peer_hear(fd)), 200);
	stop(server, fd);
}
END_TEST

static const char *const methods[] = {"GET",  "POST",    "PUT",   "DELETE", "PATCH",
                                      "HEAD", "OPTIONS", "TRACE", "PURGE"};

START_TEST(every_method_arrives)
{
	struct http_server *server = start((struct http_options){0});
	char text[256], expected[64];
	int fd = dial(server);
	bool head = strcmp(methods[_i], "HEAD") == 0;

	snprintf(text, sizeof(text), "%s /a%%20b?x=1 HTTP/1.1\r\nHost: h\r\n\r\n", methods[_i]);
	snprintf(expected, sizeof(expected), "%s|/a%%20b?x=1|/a b|HTTP/1.1|0|1|x=1", methods[_i]);
	peer_say(fd, text);
	const char *reply = peer_hear_reply(fd, !head);
	ck_assert_uint_eq(peer_status(reply), 200);
	ck_assert_str_eq(peer_body(reply), head ? "" : expected);
	snprintf(text, sizeof(text), "Content-Length: %zu\r\n", strlen(expected));
	ck_assert_ptr_nonnull(strstr(reply, text));
	stop(server, fd);
}
END_TEST

static const struct {
	const char *target, *expected;
} query_rows[] = {
	{"/", "/"},
	{"/?", "/"},
	{"/?a=1&b=2&a=3", "/|a=1|b=2|a=3"},
	{"/?a", "/|a="},
	{"/?a=", "/|a="},
	{"/?a%3d=b%26c+d", "/|a==b&c d"},
	{"/x%2Fy?%C3%A4=%C3%B6", "/x/y|\xc3\xa4=\xc3\xb6"},
};

START_TEST(targets_are_decoded)
{
	struct http_server *server = start((struct http_options){0});
	char text[256], path[64], expected[256];
	int fd = dial(server);
	const char *bar = strchr(query_rows[_i].expected, '|');

	snprintf(path, sizeof(path), "%.*s",
	         bar ? (int)(bar - query_rows[_i].expected) : (int)sizeof(path) - 1,
	         query_rows[_i].expected);
	snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", query_rows[_i].target);
	snprintf(expected, sizeof(expected), "GET|%s|%s|HTTP/1.1|0|1%s", query_rows[_i].target,
	         path, bar ? bar : "");
	peer_say(fd, text);
	ck_assert_str_eq(peer_body(peer_hear(fd)), expected);
	stop(server, fd);
}
END_TEST

START_TEST(connections_are_kept_and_counted)
{
	struct http_server *server = start((struct http_options){0});
	int first = dial(server);

	for (int i = 0; i < 3; i++) {
		peer_say(first, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
		ck_assert_str_eq(peer_body(peer_hear(first)), "GET|/|/|HTTP/1.1|0|1");
	}
	int second = dial(server);
	peer_say(second, "GET / HTTP/1.0\r\n\r\n");
	ck_assert_str_eq(peer_body(peer_hear(second)), "GET|/|/|HTTP/1.0|0|2");
	ck_assert(peer_at_end(second));
	ck_assert_uint_eq(http_server_connections(server), 2);
	close(first);
	close(second);
	http_server_stop(server, 1000);
}
END_TEST

static void check_body(void *arg, struct http_request *request)
{
	const char *body = request->body;
	size_t right = 0;

	(void)arg;
	for (size_t i = 0; i < request->body_bytes; i++)
		right += body[i] == (char)('a' + i % 23);
	ck_assert_int_eq(body[request->body_bytes], 0);
	struct http_reply reply = {.status = right == request->body_bytes ? 200 : 500};
	char count[32];
	reply.body = count;
	reply.body_bytes = (size_t)snprintf(count, sizeof(count), "%zu", right);
	http_reply(request, &reply);
}

static const struct {
	size_t bytes;
	size_t chunk; /* 0: not chunked */
} body_rows[] = {{0, 0}, {1, 0}, {512, 0},           {100 * 1024, 0},    {1024 * 1024, 0},
                 {0, 7}, {1, 7}, {100 * 1024, 1000}, {100 * 1024, 65536}};

START_TEST(bodies_arrive_byte_for_byte)
{
	struct http_server *server = start((struct http_options){.handle = check_body});
	char *body = malloc(body_rows[_i].bytes + 1), text[128], expected[32];
	int fd = dial(server);

	for (size_t i = 0; i < body_rows[_i].bytes; i++)
		body[i] = (char)('a' + i % 23);
	for (int round = 0; round < 2; round++) {
		if (body_rows[_i].chunk == 0) {
			snprintf(text, sizeof(text),
			         "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n",
			         body_rows[_i].bytes);
			peer_say(fd, text);
			peer_put(fd, body, body_rows[_i].bytes);
		} else {
			peer_say(
				fd,
				"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
			for (size_t at = 0, n; at < body_rows[_i].bytes; at += n) {
				n = body_rows[_i].bytes - at;
				n = n < body_rows[_i].chunk ? n : body_rows[_i].chunk;
				snprintf(text, sizeof(text), "%zx\r\n", n);
				peer_say(fd, text);
				peer_put(fd, body + at, n);
				peer_say(fd, "\r\n");
			}
			peer_say(fd, "0\r\n\r\n");
		}
		snprintf(expected, sizeof(expected), "%zu", body_rows[_i].bytes);
		const char *reply = peer_hear(fd);
		ck_assert_uint_eq(peer_status(reply), 200);
		ck_assert_str_eq(peer_body(reply), expected);
	}
	free(body);
	stop(server, fd);
}
END_TEST

/* 200 numbered headers, one of them three times. */
static void check_headers(void *arg, struct http_request *request)
{
	char name[32];
	bool right = request->header_count == 204;

	(void)arg;
	for (size_t i = 0; right && i < 200; i++) {
		snprintf(name, sizeof(name), "X-%zu", i);
		right = strcmp(request->headers[i + 1].name, name) == 0 &&
		        strcmp(request->headers[i + 1].value, "some value") == 0;
	}
	right = right && http_request_header_count(request, "x-more") == 3 &&
	        strcmp(http_request_header(request, "X-MORE"), "1") == 0 &&
	        strcmp(request->headers[203].value, "3") == 0 &&
	        !http_request_header(request, "X-200") &&
	        http_request_header_count(request, "X-200") == 0;
	http_reply(request, &(struct http_reply){.status = right ? 204 : 500});
}

START_TEST(two_hundred_headers_arrive_in_order)
{
	struct http_server *server = start((struct http_options){.handle = check_headers});
	struct buf text;
	int fd = dial(server);

	buf_init(&text, BUF_MAX_TEXT);
	buf_add_str(&text, "GET / HTTP/1.1\r\nHost: h\r\n");
	for (int i = 0; i < 200; i++)
		buf_printf(&text, "X-%d: some value\r\n", i);
	buf_add_str(&text, "X-More: 1\r\nx-more: 2\r\nX-MORE:3\r\n\r\n");
	peer_put(fd, text.data, text.len_bytes);
	shutdown(fd, SHUT_WR);
	ck_assert_uint_eq(peer_status(peer_hear(fd)), 204);
	buf_finish(&text);
	stop(server, fd);
}
END_TEST

static const struct {
	size_t bytes;
	bool chunked;
	unsigned status; /* 0: cut without an answer */
	unsigned handled;
} cap_rows[] = {
	{1000, false, 200, 1},     {1001, false, 413, 0}, {200000, false, 413, 0},
	{90000000, false, 413, 0}, {1000, true, 200, 1},  {1001, true, 413, 0},
	{200000, true, 413, 0},    {400000, true, 0, 0},
};

START_TEST(bodies_past_the_bound_are_refused)
{
	struct http_server *server = start((struct http_options){.body_max_bytes = 1000});
	size_t bytes = cap_rows[_i].bytes > 1000000 ? 0 : cap_rows[_i].bytes;
	char *body = calloc(1, bytes + 1), text[128];
	int fd = dial(server);

	snprintf(text, sizeof(text), "POST / HTTP/1.1\r\nHost: h\r\n%s: %.0zu%s\r\n\r\n",
	         cap_rows[_i].chunked ? "Transfer-Encoding" : "Content-Length",
	         cap_rows[_i].chunked ? 0 : cap_rows[_i].bytes,
	         cap_rows[_i].chunked ? "chunked" : "");
	peer_say(fd, text);
	if (cap_rows[_i].chunked) {
		snprintf(text, sizeof(text), "%zx\r\n", bytes);
		peer_say(fd, text);
	}
	send(fd, body, bytes, MSG_NOSIGNAL);
	if (cap_rows[_i].chunked)
		send(fd, "\r\n0\r\n\r\n", 7, MSG_NOSIGNAL);
	const char *reply = peer_hear(fd);
	ck_assert_uint_eq(peer_status(reply), cap_rows[_i].status);
	if (cap_rows[_i].status == 413)
		ck_assert_ptr_nonnull(strstr(peer_body(reply), "\"code\": \"too_large\""));
	ck_assert_uint_eq(handled, cap_rows[_i].handled);
	free(body);
	stop(server, fd);
}
END_TEST

static size_t more_for_imports(void *arg, const struct http_request *request)
{
	(void)arg;
	return strcmp(request->path, "/imports") == 0 ? 500000 : 0;
}

static const struct {
	const char *path;
	size_t bytes;
	unsigned status;
} own_caps[] = {
	{"/imports", 500000, 200}, {"/imports", 500001, 413}, {"/imports", 90000000, 413},
	{"/other", 1000, 200},     {"/other", 1001, 413},
};

START_TEST(a_request_can_have_a_bound_of_its_own)
{
	struct http_server *server =
		start((struct http_options){.body_max_bytes = 1000, .body_max = more_for_imports});
	size_t bytes = own_caps[_i].bytes > 1000000 ? 0 : own_caps[_i].bytes;
	char *body = calloc(1, bytes + 1), text[128];
	int fd = dial(server);

	snprintf(text, sizeof(text), "POST %s HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n",
	         own_caps[_i].path, own_caps[_i].bytes);
	peer_say(fd, text);
	for (size_t sent = 0; sent < bytes;) {
		ssize_t n = send(fd, body + sent, bytes - sent, MSG_NOSIGNAL);
		ck_assert_int_gt(n, 0);
		sent += (size_t)n;
	}
	ck_assert_uint_eq(peer_status(peer_hear(fd)), own_caps[_i].status);
	free(body);
	stop(server, fd);
}
END_TEST

static const struct {
	const char *request;
	unsigned status;
} odd_rows[] = {
	{"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n"
         "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /b HTTP/1.1\r\nHost: localhost\r\n\r\n",
         400},
	{"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nContent-Length: 40\r\n\r\n"
         "abcdGET /b HTTP/1.1\r\nHost: localhost\r\n\r\n",
         400},
	{"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\nabcd", 501},
	{"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", 400},
	{"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421},
	{"GET / HTTP/1.1\r\n\r\n", 400},
	{"GET /a%00b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding : chunked\r\n"
         "Content-Length: 2\r\n\r\n{}",
         400},
	/* A header without a name ends the head for the library. */
	{"POST / HTTP/1.1\r\nHost: localhost\r\n: x\r\nGET /b HTTP/1.1\r\nHost: localhost\r\n\r\n",
         400},
	{"GET / HTTP/1.1\r\nHost: localhost\r\n:\r\n\r\n", 400},
	{"GET / HTTP/1.1\nHost: localhost\n:\n\n", 400},
	{"GET / HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n", 400},
	{"GET / HTTP/1.1\r\nHost: localhost\r\nX: y\n\n", 400},
	{"GET / HTTP/1.1\r\nHost: localhost\r\nX: y\rZ: z\r\n\r\n", 400},
	{"GET / HTTP/1.1\r\nHost: localhost\r\nX: y\r\n z\r\n\r\n", 400},
	{"GET / HTTP/1.1\r\nHost: localhost\r\nX: y\r\nTransfer-Encoding:\r\n chunked\r\n\r\n",
         400},
	{"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
	{"POST / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n"
         "Content-Length: 2\r\n\r\n{}",
         403},
};

START_TEST(guarded_odd_requests_are_refused_and_the_connection_ends)
{
	struct http_server *server = start_guarded();
	int fd = dial(server);

	peer_say(fd, odd_rows[_i].request);
	const char *reply = peer_hear(fd);
	ck_assert_uint_eq(peer_status(reply), odd_rows[_i].status);
	ck_assert_ptr_nonnull(strstr(reply, "application/problem+json"));
	ck_assert(peer_at_end(fd));
	ck_assert_uint_eq(handled, 0);
	stop(server, fd);
}
END_TEST

#define CUT(text)                                                                                  \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

static const struct {
	const char *request;
	size_t bytes;
} cut_rows[] = {
	CUT("GET /a\0b HTTP/1.1\r\nHost: localhost\r\n\r\n"),
	CUT("GET /a HTTP/1.1\0\r\nHost: localhost\r\n\r\n"),
	CUT("GET\0 /a HTTP/1.1\r\nHost: localhost\r\n\r\n"),
	CUT("GET /a HTTP/1.1\r\nHost: localhost\0.evil.example\r\n\r\n"),
	CUT("GET /a HTTP/1.1\r\nHost: localhost\r\nX\0Y: z\r\n\r\n"),
	CUT("GET /a HTTP/1.1\r\nX: y\0z\r\nHost: localhost\r\n\r\n"),
};

/* The library's strings end where a NUL byte stands. */
START_TEST(a_nul_byte_in_the_head_is_refused)
{
	struct http_server *server = start_guarded();
	int fd = dial(server);

	peer_put(fd, cut_rows[_i].request, cut_rows[_i].bytes);
	ck_assert_uint_eq(peer_status(peer_hear(fd)), 400);
	ck_assert(peer_at_end(fd));
	ck_assert_uint_eq(handled, 0);
	stop(server, fd);
}
END_TEST

static const char *const plain_rows[] = {
	"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"GET / HTTP/1.1\r\nHost:localhost\r\nX:\r\nY: \t z z \t\r\n\r\n",
	"\r\n\r\nGET /a%20b?c=d&e&f=%31 HTTP/1.1\r\nHost:\tlocalhost\r\nCookie: a=b; c=d\r\n\r\n",
	"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"GET / HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n",
	"POST /?a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nX: y\r\n\r\na\0b",
	"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: localhost\r\n\r\n1\r\na\r\n0\r\nX: t\r\n\r\n",
};

/* However the bytes are cut, and with another request right behind. */
START_TEST(what_is_plain_passes_the_guards)
{
	static const size_t steps[] = {1, 7, 4096};
	struct http_server *server = start_guarded();
	const char *text = plain_rows[_i];
	int fd = dial(server);

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		for (size_t at = 0; at < strlen(text); at += steps[i])
			peer_put(fd, text + at, strnlen(text + at, steps[i]));
		if (strstr(text, "Content-Length: 3"))
			peer_put(fd, "\0b", 2);
		ck_assert_uint_eq(peer_status(peer_hear(fd)), 200);
	}
	stop(server, fd);
}
END_TEST

START_TEST(unguarded_a_receiver_sees_odd_requests_too)
{
	struct http_server *server = start((struct http_options){0});
	int fd = dial(server);

	peer_say(fd, "GET /x HTTP/1.1\r\nHost: evil.example\r\nHost: b\r\nOrigin: null\r\n\r\n");
	ck_assert_uint_eq(peer_status(peer_hear(fd)), 200);
	peer_say(fd, "POST /a HTTP/1.1\r\n\r\n");
	ck_assert_uint_eq(peer_status(peer_hear(fd)), 200);
	ck_assert_uint_eq(handled, 2);
	stop(server, fd);
}
END_TEST

static void answer_with_headers(void *arg, struct http_request *request)
{
	const struct http_pair *headers = arg;
	size_t count = 0;

	while (headers[count].name)
		count++;
	http_reply(request, &(struct http_reply){
				    .status = 429,
				    .headers = headers,
				    .header_count = count,
				    .body = "later",
				    .body_bytes = 5,
				    .close = true,
			    });
}

START_TEST(a_reply_carries_its_headers_and_ends_the_connection_when_asked)
{
	struct http_pair headers[] = {{"Retry-After", "3"}, {"X-A", "b c"}, {NULL, NULL}};
	struct http_server *server =
		start((struct http_options){.handle = answer_with_headers, .arg = headers});
	int fd = dial(server);

	peer_say(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	const char *reply = peer_hear(fd);
	ck_assert_uint_eq(peer_status(reply), 429);
	ck_assert_ptr_nonnull(strstr(reply, "\r\nRetry-After: 3\r\n"));
	ck_assert_ptr_nonnull(strstr(reply, "\r\nX-A: b c\r\n"));
	ck_assert_ptr_nonnull(strstr(reply, "\r\nConnection: close\r\n"));
	ck_assert_ptr_null(strstr(reply, "Content-Type"));
	ck_assert_str_eq(peer_body(reply), "later");
	ck_assert(peer_at_end(fd));
	stop(server, fd);
}
END_TEST

static const struct {
	const char *name, *value;
	bool valid;
} header_rows[] = {
	{"X-A", "b", true},          {"x_1~!", "a b \xc3\xa4", true},
	{"X-A", "", false},          {"", "b", false},
	{"X A", "b", false},         {"X-A:", "b", false},
	{"X-\xc3\xa4", "b", false},  {"X\r\nY", "b", false},
	{"X-A", "b\r\nX: y", false}, {"X-A", "b\n", false},
	{"X-A", "\r", false},        {"X-A", "\x01", false},
	{"X-A", "\x7f", false},      {"X-A", "a\tb", false},
};

/* What is called valid leaves the server too. */
START_TEST(header_lines_that_would_break_out_are_invalid)
{
	struct http_pair headers[] = {{header_rows[_i].name, header_rows[_i].value}, {NULL, NULL}};
	struct http_server *server =
		start((struct http_options){.handle = answer_with_headers, .arg = headers});
	int fd = dial(server);

	ck_assert_int_eq(http_reply_header_valid(headers[0].name, headers[0].value),
	                 header_rows[_i].valid);
	peer_say(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	const char *reply = peer_hear(fd);
	if (header_rows[_i].valid)
		ck_assert_ptr_nonnull(strstr(reply, headers[0].value));
	else
		ck_assert_ptr_null(strstr(reply, "X: y"));
	stop(server, fd);
}
END_TEST

static void forget(void *arg, struct http_request *request)
{
	(void)arg, (void)request;
}

START_TEST(a_handler_that_forgets_to_answer_is_a_500)
{
	struct http_server *server = start((struct http_options){.handle = forget});
	int fd = dial(server);

	peer_say(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert_uint_eq(peer_status(peer_hear(fd)), 500);
	stop(server, fd);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(a_connection_gets_each_answer_with_its_own_body),
	SUITE_TEST(a_long_target_and_a_long_header_arrive),
	SUITE_LOOP(every_method_arrives, methods),
	SUITE_LOOP(targets_are_decoded, query_rows),
	SUITE_TEST(connections_are_kept_and_counted),
	SUITE_LOOP(bodies_arrive_byte_for_byte, body_rows),
	SUITE_TEST(two_hundred_headers_arrive_in_order),
	SUITE_LOOP(bodies_past_the_bound_are_refused, cap_rows),
	SUITE_LOOP(a_request_can_have_a_bound_of_its_own, own_caps),
	SUITE_LOOP(guarded_odd_requests_are_refused_and_the_connection_ends, odd_rows),
	SUITE_LOOP(a_nul_byte_in_the_head_is_refused, cut_rows),
	SUITE_LOOP(what_is_plain_passes_the_guards, plain_rows),
	SUITE_TEST(unguarded_a_receiver_sees_odd_requests_too),
	SUITE_TEST(a_reply_carries_its_headers_and_ends_the_connection_when_asked),
	SUITE_LOOP(header_lines_that_would_break_out_are_invalid, header_rows),
	SUITE_TEST(a_handler_that_forgets_to_answer_is_a_500),
};

SUITE_MAIN("httpd", tests)
