/*
 * Sending batches of lines to the daemon.
 *
 * JSON lines go in one request for each batch (framing=ndjson); raw ones each in their own, since
 * that framing knows JSON alone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "core/message.h"
#include "linkspan/problem.h"

struct client;
struct pipe_batch;
struct send_route;

struct pipe_sender {
	struct client *client;
	struct send_route *route; /* has room for one header more */
	bool is_raw;
	/* Told now and then why it waits; NULL: nobody is. */
	void (*complain)(void *arg, const char *why);
	void *arg;
	/* Its own. */
	struct buf body;
	int64_t complained_ms;      /* 0: never */
	char key[MESSAGE_ID_BYTES]; /* of the body, "" for none */
};

/* Why a try came to nothing for all lines without a fate of their own. */
struct pipe_refusal {
	bool is_passing, is_unknown;
	unsigned status;        /* 0: there was no answer */
	int64_t retry_after_ms; /* -1: not said */
	char code[PROBLEM_CODE_BYTES];
	struct err why;
};

void pipe_sender_init(struct pipe_sender *s, struct client *client, struct send_route *route);
void pipe_sender_finish(struct pipe_sender *s);

/* One try for the open lines, without a key: whoever gets an answer repeats lines as it sees fit.
 * 0 when there is an answer for each line, or the error, which is the fate of those without. */
int pipe_send_once(struct pipe_sender *s, struct pipe_batch *b);

/* Tries until each line is stored or refused for good, waiting in between; what was perhaps stored
 * is asked for with the same key, so that it is not stored twice.  0; ERR_INTERRUPTED; or the error
 * that no line would be spared.  Lines that are still open then have not been accepted, or are
 * PIPE_UNKNOWN. */
int pipe_send(struct pipe_sender *s, struct pipe_batch *b, struct err *e);
