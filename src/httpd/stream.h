/*
 * An answer without an end: a body that comes piece by piece, as there is something to say.
 *
 * A stream that has nothing to say is suspended, and costs nothing until it is woken.  It lives until
 * its connection does, or read() says that it is over; whichever, done() is called once, and is the last
 * that is heard of it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct http_request;
struct http_stream;

struct http_stream_reply {
	const char *content_type; /* answered with 200 */
	/* A peer that takes nothing for so long is cut off.  The server's own limit does not apply.  Say
	 * something more often than that. */
	int64_t stall_ms;
	/* On a thread of the server: at most `bytes` of what comes next.  0: nothing, until the stream is
	 * woken; -1: it is over.  Must not block. */
	ssize_t (*read)(void *arg, char *to, size_t bytes);
	/* On any thread of the server; takes arg. */
	void (*done)(void *arg);
	void *arg;
};

/* Instead of http_reply(), inside the handler, of a request that was not suspended.  0; or
 * ERR_NO_MEMORY: nothing was answered, and done() is not called. */
int http_reply_stream(struct http_request *request, const struct http_stream_reply *reply,
                      struct http_stream **ret);
/* Lets it be read again.  Any thread but read(), from http_reply_stream() until done() returns; does not
 * block. */
void http_stream_wake(struct http_stream *stream);
