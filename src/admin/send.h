/* What the three ways of sending share; for api_send*.c. */
#pragma once

#include "core/outbox.h"

struct admin;
struct http_request;
struct parts;
struct problem;

enum { SEND_KEY_BYTES = 260 };

/* A send on its way.  It is the argument of what answers it, and ends there.  The API's stop waits for
 * it, so that a message whose fate is decided is not answered "stopping". */
struct sending {
	struct admin *admin;
	struct http_request *request;
	char project[104], connection[104], environment[68];
	const char *ordering_key, *idempotency_key; /* borrowed from the request, or from here */
	char ordering[SEND_KEY_BYTES];              /* one that was read out of the body */
};

struct sending *sending_create(struct admin *admin, struct http_request *request); /* or NULL */
void sending_destroy(struct sending *s);                                           /* takes NULL */

/* They take the sending, and answer its request, at once or later. */
void send_durable(struct sending *s, struct parts *parts);
void send_lines(struct sending *s, struct parts *parts);
void send_direct(struct sending *s, struct parts *parts);

/* Why nothing was sent, by its stable token.  NULL: no such token is known. */
struct send_refusal {
	const char *code;
	unsigned status;
	const char *retry_after; /* seconds; NULL: none is said */
	const char *title;
};
const struct send_refusal *send_refusal(const char *code);
void send_refuse(const struct sending *s, const char *code);
