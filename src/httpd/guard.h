/*
 * Checks of incoming requests that libmicrohttpd does not make.
 *
 * They run when the header section is complete, before a byte of the body is accepted.  Each is a
 * row of one table and can be chosen, since a receiver for tests wants to see even odd requests.
 */
#pragma once

#include "httpd/request.h"

enum {
	/* Lines as RFC 9112 has them, names that are tokens, values without control characters; one
	 * Content-Length at most, none beside Transfer-Encoding, which may only be "chunked":
	 * what a proxy before us might read differently (RFC 9112, 6.3). */
	HTTP_GUARD_FRAMING = 1,
	/* The target begins with "/", or is "*"; no space; no control characters in the path, raw
	 * or percent-encoded; no %00 anywhere. */
	HTTP_GUARD_TARGET = 2,
	/* Exactly one Host, and it is in the list: a page whose name was pointed at our address
	 * (DNS rebinding) is refused. */
	HTTP_GUARD_HOST = 4,
	/* Methods other than GET, HEAD, OPTIONS and TRACE: Origin, when a browser sends it, is
	 * ourselves. */
	HTTP_GUARD_ORIGIN = 8,
	HTTP_GUARD_ALL = 15,
};

/* A method, the name of a header (RFC 9110, 5.6.2). */
bool http_is_token(const char *text);

struct http_guards {
	unsigned checks;          /* HTTP_GUARD_…; 0: none */
	const char *const *hosts; /* NULL-terminated names without port, IPv6 in brackets */
};

struct http_refusal {
	unsigned status;
	const char *code, *title; /* as http_reply_problem() takes them */
};

/* The first check that the request does not pass; NULL: it passes. */
const struct http_refusal *http_guard(const struct http_guards *guards,
                                      const struct http_request *request);
