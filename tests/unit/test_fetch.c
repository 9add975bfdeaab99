/* The HTTP client against the HTTP server, over a Unix socket and over TCP. */
#include "fetch/fetch.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/banned.h"
#include "base/err.h"
#include "folder.h"
#include "httpd/server.h"
#include "suite.h"

static struct http_server *server;
static sem_t arrived;
static struct http_request *kept;
static struct fetch *client;
static struct fetch_reply reply;
static char heard[4096]; /* the last request, as the server saw it */

/* Where a request says so in its path, something else than a plain 200. */
static void handle(void *arg, struct http_request *request)
{
	static char large[100000];
	const char *type = http_request_header(request, "Content-Type");
	const char *test = http_request_header(request, "X-Test");
	const char *length = http_request_header(request, "Content-Length");
	const char *authorization = http_request_header(request, "Authorization");

	(void)arg;
	snprintf(heard, sizeof(heard), "%s %s type=%s test=%s length=%s connection=%llu body=%.*s",
	         request->method, request->target, type ? type : "-", test ? test : "-",
	         length ? length : "-", (unsigned long long)request->connection,
	         (int)request->body_bytes, (const char *)request->body);
	if (strcmp(request->path, "/keep") == 0) {
		kept = request;
		http_request_suspend(request);
		sem_post(&arrived);
		return;
	}
	if (strcmp(request->path, "/who") == 0)
		snprintf(heard, sizeof(heard), "%s", authorization ? authorization : "-");
	if (strcmp(request->path, "/busy") == 0) {
		const struct http_pair retry = {"Retry-After", "7"};
		http_reply(request, &(struct http_reply){.status = 503,
		                                         .content_type = "text/plain",
		                                         .body = "full",
		                                         .body_bytes = 4,
		                                         .headers = &retry,
		                                         .header_count = 1});
		return;
	}
	bool is_large = strcmp(request->path, "/large") == 0;
	http_reply(request, &(struct http_reply){.status = 200,
	                                         .body = is_large ? large : "good",
	                                         .body_bytes = is_large ? sizeof(large) : 4,
	                                         .close = strcmp(request->path, "/close") == 0});
}

static int bind_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static bool stop_now(void *arg)
{
	return *(bool *)arg;
}

static bool stopped;

static void create_client(const char *path, size_t reply_max_bytes)
{
	const struct fetch_options options = {
		.url = "http://localhost",
		.socket = path,
		.server = "the server",
		.reply_max_bytes = reply_max_bytes,
		.stop = stop_now,
		.arg = &stopped,
	};

	stopped = false;
	ck_assert_int_eq(fetch_create(&options, &client, NULL), 0);
	fetch_reply_init(&reply);
}

static void start(void)
{
	folder_create();
	const char *path = folder_path("socket");
	struct http_options options = {.listen_fd = bind_socket(path), .handle = handle};

	sem_init(&arrived, 0, 0);
	ck_assert_int_eq(listen(options.listen_fd, 16), 0);
	ck_assert_int_eq(http_server_start(&options, &server, NULL), 0);
	create_client(path, 0);
}

static void finish(void)
{
	fetch_destroy(client);
	fetch_reply_finish(&reply);
	http_server_stop(server, 1000);
	server = NULL;
	folder_destroy();
}

static int get(const char *target, struct err *e)
{
	const struct fetch_request request = {
		.method = "GET", .target = target, .timeout_ms = 30000};

	return fetch_run(client, &request, &reply, e);
}

static int post(const char *target, const char *body, struct err *e)
{
	static const struct fetch_header headers[] = {{"Content-Type", "text/x"}, {"X-Test", ""}};
	const struct fetch_request request = {
		.method = "POST",
		.target = target,
		.headers = headers,
		.header_count = 2,
		.body = body,
		.body_bytes = body ? strlen(body) : 0,
		.timeout_ms = 30000,
	};

	return fetch_run(client, &request, &reply, e);
}

START_TEST(a_request_arrives_as_it_was_meant)
{
	start();
	ck_assert_int_eq(get("/a?b=c%20d", NULL), 0);
	ck_assert_str_eq(heard, "GET /a?b=c%20d type=- test=- length=- connection=1 body=");
	ck_assert_uint_eq(reply.status, 200);
	ck_assert_str_eq(buf_str(&reply.body), "good");

	ck_assert_int_eq(post("/p", "text", NULL), 0);
	ck_assert_str_eq(heard, "POST /p type=text/x test= length=4 connection=1 body=text");
	/* An empty body is said to be there, no body is not. */
	ck_assert_int_eq(post("/p", "", NULL), 0);
	ck_assert_str_eq(heard, "POST /p type=text/x test= length=0 connection=1 body=");
	ck_assert_int_eq(post("/p", NULL, NULL), 0);
	ck_assert_str_eq(heard, "POST /p type=text/x test= length=- connection=1 body=");
	/* A method is used for one request only. */
	ck_assert_int_eq(get("/g", NULL), 0);
	ck_assert_str_eq(heard, "GET /g type=- test=- length=- connection=1 body=");
	finish();
}
END_TEST

START_TEST(one_connection_is_kept_and_a_closed_one_replaced)
{
	start();
	ck_assert_int_eq(get("/1", NULL), 0);
	ck_assert_int_eq(get("/2", NULL), 0);
	ck_assert_uint_eq(http_server_connections(server), 1);
	ck_assert_int_eq(get("/close", NULL), 0);
	ck_assert_int_eq(post("/3", "body", NULL), 0);
	ck_assert_uint_eq(http_server_connections(server), 2);
	finish();
}
END_TEST

START_TEST(a_refusal_is_an_answer)
{
	start();
	ck_assert_int_eq(get("/busy", NULL), 0);
	ck_assert_uint_eq(reply.status, 503);
	ck_assert_int_eq(reply.retry_after_ms, 7000);
	ck_assert_str_eq(reply.content_type, "text/plain");
	ck_assert_str_eq(buf_str(&reply.body), "full");
	ck_assert_int_eq(get("/", NULL), 0);
	ck_assert_int_eq(reply.retry_after_ms, -1);
	ck_assert_str_eq(reply.content_type, "");
	finish();
}
END_TEST

START_TEST(an_answer_has_a_bound)
{
	struct err e = {0};

	start();
	fetch_destroy(client);
	create_client(folder_path("socket"), 1000);
	ck_assert_int_eq(get("/large", &e), ERR_IO);
	ck_assert_str_eq(e.text, "the answer of the server is longer than 1000 bytes");
	ck_assert_int_eq(get("/", NULL), 0);
	ck_assert_str_eq(buf_str(&reply.body), "good");
	finish();
}
END_TEST

static const struct {
	const char *name, *value, *target;
} bad_rows[] = {
	{"X-Test", "a\r\nX-Evil: b", "/"},
	{"X-Test", "a\nb", "/"},
	{"X:Test", "a", "/"},
	{"", "a", "/"},
	{"X-Test", "a", "/a\r\nb"},
	{"X-Test", "a", "a"},
};

START_TEST(what_would_be_another_request_is_not_sent)
{
	start();
	const struct fetch_header header = {bad_rows[_i].name, bad_rows[_i].value};
	const struct fetch_request request = {
		.method = "GET",
		.target = bad_rows[_i].target,
		.headers = &header,
		.header_count = 1,
	};
	ck_assert_int_eq(fetch_run(client, &request, &reply, NULL), ERR_USAGE);
	ck_assert_uint_eq(http_server_connections(server), 0);
	finish();
}
END_TEST

START_TEST(nobody_there_is_told_apart)
{
	struct err e = {0};
	char expected[512];

	folder_create();
	const char *path = folder_path("socket");
	create_client(path, 0);
	ck_assert_int_eq(get("/", &e), ERR_UNREACHABLE);
	snprintf(expected, sizeof(expected), "the server is not running: there is no socket %s",
	         path);
	ck_assert_str_eq(e.text, expected);

	/* Left behind by one that died. */
	close(bind_socket(path));
	err_clear(&e);
	ck_assert_int_eq(get("/", &e), ERR_UNREACHABLE);
	snprintf(expected, sizeof(expected),
	         "the server is not running: nobody listens at the socket %s", path);
	ck_assert_str_eq(e.text, expected);
	ck_assert(!fetch_is_unknown(ERR_UNREACHABLE));
	fetch_destroy(client);
	fetch_reply_finish(&reply);
	folder_destroy();
}
END_TEST

START_TEST(silence_ends_with_the_time_limit)
{
	const struct fetch_request request = {
		.method = "GET", .target = "/keep", .timeout_ms = 100};
	struct err e = {0};

	start();
	ck_assert_int_eq(fetch_run(client, &request, &reply, &e), ERR_TIMEOUT);
	ck_assert_str_eq(e.text, "the server did not answer within 0.1 s");
	ck_assert(fetch_is_unknown(ERR_TIMEOUT));
	sem_wait(&arrived);
	http_reply(kept, &(struct http_reply){.status = 200});
	finish();
}
END_TEST

START_TEST(a_request_can_be_given_up)
{
	struct err e = {0};

	start();
	stopped = true;
	ck_assert_int_eq(get("/keep", &e), ERR_INTERRUPTED);
	stopped = false;
	ck_assert_int_eq(get("/", NULL), 0);
	/* It may have arrived or not. */
	if (sem_trywait(&arrived) == 0)
		http_reply(kept, &(struct http_reply){.status = 200});
	finish();
}
END_TEST

/* Reads on until the text comes; false at the end of the connection. */
static bool hear(int fd, const char *text)
{
	char heard_so_far[4096] = "";
	size_t length = 0;

	while (!strstr(heard_so_far, text)) {
		ssize_t bytes =
			recv(fd, heard_so_far + length, sizeof(heard_so_far) - 1 - length, 0);
		if (bytes <= 0)
			return false;
		length += (size_t)bytes;
		heard_so_far[length] = '\0';
	}
	return true;
}

struct mortal {
	int listener;
	bool is_dead; /* afterwards: no new connection either */
	int bodies;
};

/* A server that answers one request, reads the body of the next, and dies. */
static void *read_and_die(void *arg)
{
	static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	struct mortal *m = arg;

	int fd = accept(m->listener, NULL, NULL);
	hear(fd, "GET /first");
	send(fd, ok, sizeof(ok) - 1, MSG_NOSIGNAL);
	m->bodies += hear(fd, "payload");
	if (m->is_dead)
		close(m->listener);
	close(fd);
	if (!m->is_dead) {
		fd = accept(m->listener, NULL, NULL);
		m->bodies += hear(fd, "payload");
		close(fd);
	}
	return NULL;
}

/* It may have acted on the body, so it is not given it again, and the caller is told. */
START_TEST(a_body_is_never_sent_twice)
{
	struct mortal mortal = {.is_dead = _i == 1};
	pthread_t thread;
	struct err e = {0};

	folder_create();
	mortal.listener = bind_socket(folder_path("socket"));
	ck_assert_int_eq(listen(mortal.listener, 4), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, read_and_die, &mortal), 0);
	create_client(folder_path("socket"), 0);
	ck_assert_int_eq(get("/first", NULL), 0);
	ck_assert_int_eq(post("/second", "payload", &e), ERR_IO);
	ck_assert_str_eq(e.text, "the server ended the connection before it had answered");
	fetch_destroy(client);
	pthread_join(thread, NULL);
	ck_assert_int_eq(mortal.bodies, 1);
	if (!mortal.is_dead)
		close(mortal.listener);
	fetch_reply_finish(&reply);
	folder_destroy();
}
END_TEST

START_TEST(it_speaks_over_tcp_too)
{
	struct http_options options = {.address = "127.0.0.1", .handle = handle};
	struct fetch_options to = {.server = "the server"};
	struct err e = {0};
	char url[128];

	ck_assert_int_eq(http_server_start(&options, &server, NULL), 0);
	snprintf(url, sizeof(url), "%s", http_server_url(server));
	to.url = url;
	to.bearer = "lks_secret";
	ck_assert_int_eq(fetch_create(&to, &client, NULL), 0);
	fetch_reply_init(&reply);
	ck_assert_int_eq(get("/who", NULL), 0);
	ck_assert_str_eq(heard, "Bearer lks_secret");
	ck_assert_int_eq(get("/tcp", NULL), 0);
	ck_assert_uint_eq(reply.status, 200);
	http_server_stop(server, 1000);
	ck_assert_int_eq(get("/tcp", &e), ERR_UNREACHABLE);
	ck_assert_ptr_nonnull(strstr(e.text, url));
	fetch_destroy(client);
	fetch_reply_finish(&reply);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(a_request_arrives_as_it_was_meant),
	SUITE_TEST(one_connection_is_kept_and_a_closed_one_replaced),
	SUITE_TEST(a_refusal_is_an_answer),
	SUITE_TEST(an_answer_has_a_bound),
	SUITE_LOOP(what_would_be_another_request_is_not_sent, bad_rows),
	SUITE_TEST(nobody_there_is_told_apart),
	SUITE_TEST(silence_ends_with_the_time_limit),
	SUITE_TEST(a_request_can_be_given_up),
	SUITE_TIMES(a_body_is_never_sent_twice, 2),
	SUITE_TEST(it_speaks_over_tcp_too),
};

SUITE_MAIN("fetch", tests)
