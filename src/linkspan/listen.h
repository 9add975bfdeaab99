/*
 * `linkspan listen`: a local receiver that prints what arrives and answers as it was told.
 *
 * It accepts whatever libmicrohttpd can read, odd requests too: it is there to show them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct buf;
struct err;
struct http_request;

enum { LISTEN_STEPS_MAX = 64 };

/* What to answer: so many times each status; the last one for ever. */
struct listen_step {
	unsigned status;
	unsigned count; /* at least 1 */
};

struct listen_script {
	struct listen_step steps[LISTEN_STEPS_MAX];
	size_t count; /* 0: always 200 */
};

/* Reads "503x2,429,200": statuses from 200 to 599, each with an optional count.  0, or ERR_USAGE
 * with what is wrong. */
int listen_parse_script(const char *text, struct listen_script *ret, struct err *e);
/* The status for a request; 0 is the first. */
unsigned listen_script_status(const struct listen_script *script, uint64_t request);

enum listen_output { LISTEN_TEXT, LISTEN_JSON };

struct listen_options {
	const char *address; /* NULL: 127.0.0.1 */
	uint16_t port;       /* 0: a free one */
	struct listen_script script;
	int64_t delay_ms;           /* before each answer */
	const char *body;           /* of the answers; NULL: none */
	const char *const *headers; /* of the answers: "Name: value", NULL-terminated; or NULL */
	const char *certificate_file, *key_file; /* PEM; both for HTTPS, or neither */
	uint64_t count; /* ends after so many answers; 0: when told by a signal */
	enum listen_output output;
	bool quiet;      /* prints no requests */
	FILE *out, *log; /* requests; messages.  NULL: standard output, standard error */
};

/* Receives until SIGINT or SIGTERM, or `count` is reached.  The first line on the log is "listening
 * on http://127.0.0.1:9000", the last one a summary.  Blocks the two signals in the calling thread
 * meanwhile.  0; ERR_USAGE for options that cannot be; ERR_INVALID for a certificate or key that
 * cannot be used; ERR_IO. */
int listen_run(const struct listen_options *options, struct err *e);

/* One request as lines for people, or as one line of JSON: time, connection, method, target,
 * version, headers ([[name, value], …]), body (or body_base64 when it is not UTF-8 or contains NUL),
 * body_bytes, status.  0 or ERR_NO_MEMORY. */
int listen_print(const struct http_request *request, unsigned status, int64_t unix_ms,
                 enum listen_output output, struct buf *text);
