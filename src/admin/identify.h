/*
 * Who asks: a token, a session's cookie, or the peer of the local socket, in this order.
 *
 * The local socket's peer is its process (SO_PEERCRED): root, the host's own user and the members of the
 * host's group are administrators, as they could change everything by hand as well.
 */
#pragma once

#include <stdbool.h>

#include "core/access.h"

struct admin;
struct http_request;
struct problem;
struct token;

/* Held until asker_release(); a copy has to be held for itself. */
struct asker {
	struct who who;
	struct token *token; /* NULL: none was shown */
};

/* 0: ret says who it is, which may be nobody.  ERR_DENIED: what was shown is no good; p says so.  Any other
 * way of failing is in p as well. */
int identify(struct admin *admin, const struct http_request *request, struct asker *ret,
             struct problem *p);
/* Whether the credentials are good, without counting it when they are not. */
bool identify_is_known(struct admin *admin, const struct http_request *request);
void asker_hold(const struct asker *asker);
void asker_release(const struct asker *asker);

/* The cookie of a session as the request has it, into text of SESSION_SECRET_LENGTH + 1. */
bool identify_cookie(const struct http_request *request, char *ret);
const char *identify_cookie_name(const struct http_request *request);
/* Counts and logs wrong credentials: 401, or 429 when there were too many. */
void identify_refuse(struct admin *admin, const struct http_request *request, const char *what,
                     struct problem *p);
