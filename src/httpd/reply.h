/* Answering an HTTP request. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "httpd/request.h"

struct http_reply {
	unsigned status;          /* 200 to 599 */
	const char *content_type; /* NULL: none */
	const void *body;         /* a HEAD request gets its length only */
	size_t body_bytes;
	const struct http_pair
		*headers; /* further ones; not Content-Length, Date, or about framing */
	size_t header_count;
	bool close; /* ends the connection after this answer */
};

/* Answers a request: inside the handler, or, once it was suspended, on any thread.  Exactly once
 * for each request; afterwards the request may be gone.  Copies the reply.  There is no failure to
 * report: without memory, or when the peer has left, the connection is closed. */
void http_reply(struct http_request *request, const struct http_reply *reply);

/* Answers with a problem document (RFC 9457) made of the status, a stable code ([a-z0-9_]+) and a
 * constant sentence without quotation marks. */
void http_reply_problem(struct http_request *request, unsigned status, const char *code,
                        const char *title);

/* Whether a header can be sent as a reply's: the name is a token (RFC 9110, 5.6.2), the value is not
 * empty (libmicrohttpd sends none) and has no control characters. */
bool http_reply_header_valid(const char *name, const char *value);
