/*
 * An HTTP request as a handler sees it: read completely, copied out of the library, read-only.
 *
 * A request belongs to the server.  It is valid during the handler's call; and a handler that
 * called http_request_suspend() may keep reading it, on any thread, until http_reply() has
 * returned, even when the server is stopped in between.  (RFC 9110, RFC 9112)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

struct http_pair {
	const char *name, *value; /* value is never NULL */
};

struct http_peer {
	struct sockaddr_storage address;
	bool local; /* came over a Unix socket: pid, uid and gid are known */
	pid_t pid;
	uid_t uid;
	gid_t gid;
	bool shares_group; /* it is a member of this process's group */
};

struct http_request {
	const char *method;              /* as sent: methods are case-sensitive */
	const char *target;              /* as sent, not decoded: "/a%20b?c=d" */
	const char *path;                /* decoded: "/a b" */
	const char *version;             /* "HTTP/1.1" */
	const struct http_pair *headers; /* in the order in which they came, repeated ones too */
	size_t header_count;
	const struct http_pair *query; /* decoded */
	size_t query_count;
	const void *body; /* a NUL byte follows it; never NULL */
	size_t body_bytes;
	uint64_t connection; /* the number of its connection: 1 is the server's first */
	bool tls;
	struct http_peer peer;
	bool odd_head; /* it came in lines that RFC 9112 does not have: what is here may be less */
	unsigned note; /* the handler's own: it may set it; 0 at first */
};

/* The value of the first header of that name (in any case), or NULL; and how many there are. */
const char *http_request_header(const struct http_request *request, const char *name);
size_t http_request_header_count(const struct http_request *request, const char *name);

/* The value of the first query parameter of that name, or NULL. */
const char *http_request_query(const struct http_request *request, const char *name);

/* Inside the handler, at most once, before the request is handed to anybody else: the handler
 * returns without an answer, and http_reply() is called once, later, on any thread. */
void http_request_suspend(struct http_request *request);

/* Inside the handler, before http_request_suspend(): the server's time limit for this request
 * starts anew with timeout_ms; 0: no limit. */
void http_request_set_timeout(struct http_request *request, int64_t timeout_ms);
