/*
 * A peer of an HTTP server under test, on raw sockets: it says what it is told, and hears replies
 * that have a Content-Length.  A server that stays silent for 30 s fails the test.
 */
#pragma once

#include <check.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static inline int peer_dial(const struct sockaddr *address, socklen_t bytes)
{
	const struct timeval patience = {.tv_sec = 30};
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	ck_assert_int_eq(connect(fd, address, bytes), 0);
	return fd;
}

static inline void peer_put(int fd, const char *data, size_t bytes)
{
	while (bytes > 0) {
		ssize_t sent = send(fd, data, bytes, MSG_NOSIGNAL);

		ck_assert_int_gt(sent, 0);
		data += sent;
		bytes -= (size_t)sent;
	}
}

static inline void peer_say(int fd, const char *text)
{
	peer_put(fd, text, strlen(text));
}

/* The next reply, without its body when the request was HEAD, until the next call; or what came
 * before the end: "" when nothing did. */
static inline const char *peer_hear_reply(int fd, bool has_body)
{
	static char reply[256 * 1024];
	size_t length = 0, want = sizeof(reply) - 1;

	reply[0] = '\0';
	while (length < want) {
		ssize_t got = recv(fd, reply + length, want - length, 0);

		ck_assert_msg(got >= 0 || errno == ECONNRESET, "no answer: %s", strerror(errno));
		if (got <= 0)
			break;
		length += (size_t)got;
		reply[length] = '\0';

		const char *end = strstr(reply, "\r\n\r\n");
		const char *field = strstr(reply, "Content-Length: ");
		if (end && field)
			want = (size_t)(end - reply) + 4 +
			       (has_body ? strtoul(field + 16, NULL, 10) : 0);
	}
	return reply;
}

static inline const char *peer_hear(int fd)
{
	return peer_hear_reply(fd, true);
}

/* True when the server has ended the connection; waits for that or for bytes. */
static inline bool peer_at_end(int fd)
{
	char byte;

	return recv(fd, &byte, 1, 0) <= 0;
}

/* 0: the reply has none. */
static inline unsigned peer_status(const char *reply)
{
	return strncmp(reply, "HTTP/1.1 ", 9) == 0 ? (unsigned)strtoul(reply + 9, NULL, 10) : 0;
}

static inline const char *peer_body(const char *reply)
{
	const char *end = strstr(reply, "\r\n\r\n");

	return end ? end + 4 : "";
}
