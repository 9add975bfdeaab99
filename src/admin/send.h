/* What the three ways of sending share; for api_send*.c. */
#pragma once

#include "core/outbox.h"

struct admin;
struct http_request;
struct parts;
struct problem;

/* A send on its way.  It is the argument of what answers it, and freed there: by then the API may have
 * been stopped, so it knows nothing of it. */
struct sending {
	struct http_request *request;
	char project[104], connection[104], environment[68];
	const char *ordering_key, *idempotency_key; /* borrowed from the request */
};

/* They take the sending, and answer its request, at once or later. */
void send_durable(struct admin *admin, struct sending *s, struct parts *parts);
void send_lines(struct admin *admin, struct sending *s, struct parts *parts);
void send_direct(struct admin *admin, struct sending *s, struct parts *parts);

/* Why nothing was sent, by its stable token.  NULL: no such token is known. */
struct send_refusal {
	const char *code;
	unsigned status;
	const char *retry_after; /* seconds; NULL: none is said */
	const char *title;
};
const struct send_refusal *send_refusal(const char *code);
void send_refuse(const struct sending *s, const char *code);
