/*
 * What a message says of itself: CloudEvents (binary and structured mode of the HTTP binding 1.0.2) and
 * the payload of Alertmanager's webhooks (version 4).  Its attributes are kept beside the body, which
 * stays byte for byte what it was.
 */
#pragma once

#include <stdbool.h>

#include "base/mem.h"

struct http_request;
struct parts;
struct problem;

enum ingest_format {
	INGEST_ALERTMANAGER,
	INGEST_FORMATS,
	INGEST_DETECT = -1, /* not said: it is looked for */
};

extern const char *const ingest_formats[INGEST_FORMATS + 1]; /* NULL-terminated */

struct ingest {
	enum ingest_format format;
	bool is_lines;       /* the body is many messages: what each one says is not looked at */
	bool wants_ordering; /* by the payload's groupKey */
	/* The result, besides what was added to the parts. */
	const char *ordering_key; /* NULL: none was asked for */
	struct arena arena;       /* of all that was read */
};

/* Adds to the parts of a request.  0; or negative with a problem of status 400, 415 or 503 in p.
 * ingest_finish() in any case, once the parts are not needed any more. */
int ingest_read(struct ingest *in, struct parts *parts, const struct http_request *request,
                struct problem *p);
void ingest_finish(struct ingest *in);
