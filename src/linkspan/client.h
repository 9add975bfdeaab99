/*
 * The conversation with the daemon: over its local socket, or with --url over TCP and with a token.
 *
 * The socket comes from the configuration's host group alone, so that a faulty connection never
 * keeps the command line from the daemon.  (docs/api.md)
 */
#pragma once

#include <stdint.h>

#include "fetch/fetch.h"

struct buf;
struct cli;
struct err;
struct json;

struct client {
	struct fetch *fetch;
	struct fetch_reply reply; /* the last one */
	char *config, *socket;    /* config: for messages; NULL: only the socket is known */
	int64_t timeout_ms;       /* of a call that does not wait for anything; --timeout */
};

enum { CLIENT_TIMEOUT_MS = 30000 };

/* client_close() in any case. */
int client_open(struct client *c, const struct cli *cli, struct err *e);
/* The same for whoever reports the faults of linkspan.conf itself: nothing is printed. */
int client_open_quietly(struct client *c, const struct cli *cli, struct err *e);
void client_close(struct client *c);

/* Makes a request and leaves the answer in c->reply: 0 when there is one, whatever it says.  When
 * nobody listens, the error says how to start the daemon. */
int client_run(struct client *c, const struct fetch_request *request, struct err *e);

/* The same, for answers of JSON: 0 when the status is 2xx; then *ret is the document
 * (json_free()).  A problem becomes the error of problem_error(). */
int client_json(struct client *c, const struct fetch_request *request, struct json **ret,
                struct err *e);
/* A request with a body of JSON, or with none. */
struct client_call {
	const char *method, *target;
	const char *if_match; /* with its quotes; NULL: not said */
};

/* Takes the body; NULL: none.  The document of a 2xx goes to *ret; ret NULL: it is not looked at, nor
 * needed.  Otherwise as client_json(). */
int client_ask(struct client *c, const struct client_call *call, struct json *body,
               struct json **ret, struct err *e);
/* GET target. */
int client_get(struct client *c, const char *target, struct json **ret, struct err *e);
/* POST target with a body of JSON, which is taken; NULL: no body. */
int client_post(struct client *c, const char *target, struct json *body, struct json **ret,
                struct err *e);
/* DELETE target, which answers nothing. */
int client_delete(struct client *c, const char *target, struct err *e);

/* A new idempotency key: MESSAGE_ID_BYTES of text. */
void client_make_key(char *text);
