/* Answers without an end: said piece by piece, suspended between, ended by either side. */
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "http_peer.h"
#include "httpd/server.h"
#include "httpd/stream.h"
#include "suite.h"

/* What the one stream has to say, a byte for each wake. */
static struct {
	struct http_stream *stream;
	atomic_int pieces, reads, rc;
	atomic_bool over;
	sem_t read, done;
} told;

static ssize_t on_read(void *arg, char *to, size_t bytes)
{
	(void)arg;
	ck_assert_uint_ge(bytes, 1);
	atomic_fetch_add(&told.reads, 1);
	ssize_t count = atomic_load(&told.pieces) > 0 ? 1 : atomic_load(&told.over) ? -1 : 0;
	if (count > 0) {
		atomic_fetch_sub(&told.pieces, 1);
		to[0] = 'x';
	}
	sem_post(&told.read);
	return count;
}

static void on_done(void *arg)
{
	(void)arg;
	sem_post(&told.done);
}

static void handle(void *arg, struct http_request *request)
{
	const struct http_stream_reply reply = {
		.content_type = "text/plain",
		.stall_ms = arg ? *(const int64_t *)arg : 30000,
		.read = on_read,
		.done = on_done,
	};

	int rc = http_reply_stream(request, &reply, &told.stream);
	atomic_store(&told.rc, rc);
	if (rc < 0)
		http_reply_problem(request, 503, "no_memory", "no memory");
}

static struct http_server *start(int64_t *stall_ms)
{
	const struct http_options options = {
		.address = "127.0.0.1",
		.timeout_ms = 200,
		.handle = handle,
		.arg = stall_ms,
	};
	struct http_server *server;
	struct err e = {0};

	told.stream = NULL;
	atomic_store(&told.pieces, 0);
	atomic_store(&told.reads, 0);
	atomic_store(&told.over, false);
	sem_init(&told.read, 0, 0);
	sem_init(&told.done, 0, 0);
	ck_assert_msg(http_server_start(&options, &server, &e) == 0, "%s", e.text);
	return server;
}

static int dial(const struct http_server *server)
{
	socklen_t bytes;
	const struct sockaddr *address = http_server_address(server, &bytes);

	return peer_dial(address, bytes);
}

/* Hears until `end` has come. */
static void hear_until(int fd, const char *end)
{
	char text[4096];
	size_t length = 0;

	text[0] = '\0';
	while (!strstr(text, end)) {
		ssize_t got = recv(fd, text + length, sizeof(text) - 1 - length, 0);
		ck_assert_msg(got > 0, "no more after %s", text);
		length += (size_t)got;
		text[length] = '\0';
	}
}

static void say_one(void)
{
	atomic_store(&told.pieces, 1);
	http_stream_wake(told.stream);
}

START_TEST(each_wake_is_heard_and_nothing_is_read_between)
{
	struct http_server *server = start(NULL);
	int fd = dial(server);

	atomic_store(&told.pieces, 1);
	peer_say(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	hear_until(fd, "Content-Type: text/plain");
	for (int i = 0; i < 200; i++) {
		say_one();
		hear_until(fd, "1\r\nx\r\n");
	}
	/* Each piece, and each time that there was none. */
	ck_assert_int_le(atomic_load(&told.reads), 2 * 201 + 1);
	atomic_store(&told.over, true);
	http_stream_wake(told.stream);
	hear_until(fd, "0\r\n\r\n");
	/* The connection goes on. */
	atomic_store(&told.over, false);
	atomic_store(&told.pieces, 1);
	peer_say(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	hear_until(fd, "Content-Type: text/plain");
	close(fd);
	http_server_stop(server, 1000);
}
END_TEST

START_TEST(a_wake_while_it_is_read_is_not_lost)
{
	struct http_server *server = start(NULL);
	int fd = dial(server), heard = 0;
	char bytes[4096];

	atomic_store(&told.pieces, 1);
	peer_say(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	hear_until(fd, "x\r\n");
	/* Wakes come at any moment of a read; each piece arrives even so. */
	for (int i = 0; i < 2000; i++) {
		atomic_fetch_add(&told.pieces, 1);
		http_stream_wake(told.stream);
	}
	while (heard < 2000) {
		ssize_t got = recv(fd, bytes, sizeof(bytes), 0);
		ck_assert_int_gt(got, 0);
		for (ssize_t i = 0; i < got; i++)
			heard += bytes[i] == 'x';
	}
	close(fd);
	http_server_stop(server, 1000);
}
END_TEST

START_TEST(stop_ends_those_that_are_suspended)
{
	struct http_server *server = start(NULL);
	int fds[20];

	for (int i = 0; i < 20; i++) {
		fds[i] = dial(server);
		atomic_store(&told.pieces, 1);
		peer_say(fds[i], "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
		hear_until(fds[i], "x\r\n");
		/* The piece, and that there is no other: now it is suspended, or is about to be. */
		sem_wait(&told.read);
		sem_wait(&told.read);
	}
	http_server_stop(server, 30000);
	for (int i = 0; i < 20; i++) {
		sem_wait(&told.done);
		hear_until(fds[i], "0\r\n\r\n");
		ck_assert(peer_at_end(fds[i]));
		close(fds[i]);
	}
}
END_TEST

/* The first piece may still go into the network; the answer to it says that nobody is there. */
START_TEST(a_peer_that_left_is_found_out_by_what_is_said)
{
	struct http_server *server = start(NULL);
	int fd = dial(server);

	atomic_store(&told.pieces, 1);
	peer_say(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	hear_until(fd, "x\r\n");
	close(fd);
	atomic_store(&told.pieces, 1000000);
	http_stream_wake(told.stream);
	sem_wait(&told.done);
	ck_assert_int_gt(atomic_load(&told.pieces), 0);
	http_server_stop(server, 1000);
}
END_TEST

START_TEST(the_limit_of_a_request_is_not_that_of_a_stream)
{
	struct http_server *server = start(NULL);
	int fd = dial(server);
	const struct timeval twice = {.tv_usec = 500000};
	char byte;

	atomic_store(&told.pieces, 1);
	peer_say(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	hear_until(fd, "x\r\n");
	/* Silent for longer than timeout_ms, and still there. */
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &twice, sizeof(twice));
	ck_assert_int_eq(recv(fd, &byte, 1, 0), -1);
	say_one();
	hear_until(fd, "x\r\n");
	close(fd);
	http_server_stop(server, 1000);
}
END_TEST

START_TEST(one_that_says_nothing_for_too_long_is_cut)
{
	int64_t stall_ms = 50;
	struct http_server *server = start(&stall_ms);
	int fd = dial(server);

	atomic_store(&told.pieces, 1);
	peer_say(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	hear_until(fd, "x\r\n");
	ck_assert(peer_at_end(fd));
	close(fd);
	http_server_stop(server, 1000);
}
END_TEST

START_TEST(head_has_no_body)
{
	struct http_server *server = start(NULL);
	int fd = dial(server);

	peer_say(fd, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
	hear_until(fd, "\r\n\r\n");
	sem_wait(&told.done);
	ck_assert_int_eq(atomic_load(&told.reads), 0);
	/* Nothing more: what comes next answers the next. */
	peer_say(fd, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert_uint_eq(peer_status(peer_hear_reply(fd, false)), 200);
	close(fd);
	http_server_stop(server, 1000);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(each_wake_is_heard_and_nothing_is_read_between),
	SUITE_TEST(a_wake_while_it_is_read_is_not_lost),
	SUITE_TEST(stop_ends_those_that_are_suspended),
	SUITE_TEST(a_peer_that_left_is_found_out_by_what_is_said),
	SUITE_TEST(the_limit_of_a_request_is_not_that_of_a_stream),
	SUITE_TEST(one_that_says_nothing_for_too_long_is_cut),
	SUITE_TEST(head_has_no_body),
};

SUITE_MAIN("httpd_stream", tests)
