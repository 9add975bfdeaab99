/*
 * A small blocking HTTP client: one server, one connection that is kept, one request at a time.
 *
 * It speaks over TCP or over a Unix socket, follows no redirects, takes no proxy from the
 * environment, and never repeats a request of which the server may have read the body.  An object
 * belongs to one thread at a time.  This room alone knows libcurl.  (RFC 9110)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct err;
struct fetch;

#define FETCH_REPLY_MAX_BYTES (64u * 1024u * 1024u)

struct fetch_options {
	const char *url;         /* how every URL begins: "http://localhost" */
	const char *socket;      /* the path of a Unix socket; NULL: TCP, to the host of url */
	const char *ca_file;     /* PEM: whose certificates are trusted; NULL: the system's */
	const char *bearer;      /* the token of every request (RFC 6750); NULL: none */
	const char *server;      /* what messages call the other side: "linkspand" */
	size_t reply_max_bytes;  /* of a body; 0: FETCH_REPLY_MAX_BYTES */
	bool (*stop)(void *arg); /* asked at least once a second, and after a signal: true gives
	                          * the request up.  NULL: never */
	void *arg;
};

struct fetch_header {
	const char *name, *value;
};

struct fetch_request {
	const char *method;
	const char *target; /* "/a?b=c", encoded already */
	const struct fetch_header *headers;
	size_t header_count;
	const void *body; /* NULL: none, which is not the same as an empty one */
	size_t body_bytes;
	int64_t timeout_ms; /* for all of it; 0: none */
};

struct fetch_reply {
	unsigned status;
	char content_type[128]; /* "" when there is none */
	char file_name[256];    /* that Content-Disposition proposes; "" when there is none */
	int64_t retry_after_ms; /* -1: not said */
	struct buf body;
};

/* 0 or ERR_NO_MEMORY.  Options are copied; `arg` is borrowed. */
int fetch_create(const struct fetch_options *options, struct fetch **ret, struct err *e);
void fetch_destroy(struct fetch *f); /* takes NULL */

void fetch_reply_init(struct fetch_reply *reply);
void fetch_reply_finish(struct fetch_reply *reply);

/*
 * Makes a request; the reply is emptied first.  0 whatever the status is.
 * Nothing was sent: ERR_UNREACHABLE (nobody listens), ERR_DENIED (the socket is not for us),
 * ERR_USAGE (a header or the target cannot be sent), ERR_NO_MEMORY.
 * Not known what the server did: ERR_TIMEOUT, ERR_IO (the connection broke, the reply is too large
 * or no HTTP), ERR_INTERRUPTED (stop() said so).
 */
int fetch_run(struct fetch *f, const struct fetch_request *request, struct fetch_reply *reply,
              struct err *e);

/* Whether the server may have acted although fetch_run() returned rc. */
bool fetch_is_unknown(int rc);
