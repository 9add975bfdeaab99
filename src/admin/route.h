/*
 * The routes of the API in one table, from which requests are dispatched.
 *
 * A pattern's "{x}" stands for one or more bytes other than "/" and ":"; what they were is in
 * api_call.args, in their order.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "admin/identify.h"
#include "admin/query.h"
#include "core/access.h"

struct admin;
struct http_request;
struct settings;

/* An argument is a name or an id; what is longer names nothing. */
enum { API_ARGS = 3, API_ARG_BYTES = 104 };

/* In the place of a project: all that whoever asks may see. */
#define API_ALL_PROJECTS "-"

/* One request while its handler runs.  All in it that is borrowed is the request's, which may be gone once it
 * is answered, but for the asker and the settings. */
struct api_call {
	struct admin *admin;
	struct http_request *request;
	struct settings *settings; /* as they were when it came; admin_settings() */
	struct asker asker;
	char args[API_ARGS][API_ARG_BYTES];
	char project
		[API_ARG_BYTES]; /* that was authorised: SCOPE_PROJECT, _PROJECTS, _DELIVERY; else "" */
	struct query_value query[QUERY_ROWS_MAX]; /* one for each of the route's rows */
};

/* Where the action of a route must be allowed. */
enum route_scope {
	SCOPE_HOST,      /* in all projects */
	SCOPE_PUBLIC,    /* anybody may, without being known */
	SCOPE_SELF,      /* it concerns only whoever asks, who must be known */
	SCOPE_SOMEWHERE, /* in any project; the handler shows and does only what is allowed there */
	SCOPE_PROJECT,  /* in the project of the first argument, for the connection of the second */
	SCOPE_PROJECTS, /* the same, or, where that is API_ALL_PROJECTS, as SCOPE_SOMEWHERE */
	SCOPE_DELIVERY, /* in the project of the delivery of the first argument */
	ROUTE_SCOPES,
};

const char *route_scope_name(enum route_scope scope);

struct route {
	const char *method;
	const char *pattern;
	const char *name; /* what documents call it */
	enum action action;
	enum route_scope scope;
	const char *summary; /* one sentence */
	void (*handle)(struct api_call *call);
	const struct query_row *query;
	size_t query_count;
	bool works; /* the handler waits for the disk or for links: it runs on the thread of works.h */
};

extern const struct route routes[];
extern const size_t route_count;

/* Whether a path fits a pattern; then its arguments are in args. */
int route_match(const char *pattern, const char *path, char args[API_ARGS][API_ARG_BYTES]);
/* Answers the request by its route's handler, or says why there is none. */
void route_dispatch(struct admin *admin, struct http_request *request);
