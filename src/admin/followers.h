/*
 * Who follows the events as a stream (server-sent events, text/event-stream of the HTML standard).
 *
 * One watch of the host's events and one thread serve all followers: the thread wakes them when there is
 * something new, and together every 20 seconds for a comment, which keeps proxies from giving up and
 * finds out who has left.  In between they cost nothing.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

struct admin;
struct api_call;
struct err;
struct event_filter;
struct event_watch;
struct host;

enum { FOLLOWERS_MAX = 2048 };

struct followers {
	struct admin *admin;
	struct host *host;
	int64_t started_ms; /* of the host, Unix time */
	pthread_t thread;
	pthread_mutex_t lock; /* what follows; never held while core/event.h is called */
	pthread_cond_t wake;  /* monotonic */
	struct list items;
	size_t count;
	struct event_watch *watch; /* NULL: nobody will ring */
	bool rung, stopping;
	int64_t tick_ms; /* when all are to say something; monotonic */
};

int followers_start(struct followers *f, struct admin *admin, struct err *e);
/* Once the server has stopped, so that nobody follows any more. */
void followers_stop(struct followers *f);

/* Answers the call's request, inside its handler, by the events behind `after` that fit and that whoever
 * asks may see, for as long as the token or session that was shown is good.  0; ERR_BUSY: there are
 * FOLLOWERS_MAX already; ERR_NO_MEMORY.  On failure nothing was answered. */
int followers_add(struct followers *f, const struct api_call *call,
                  const struct event_filter *filter, uint64_t after, struct err *e);
