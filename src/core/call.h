/* A direct call on its way: somebody waits for its answer, and nothing is stored.  [lane] */
#pragma once

#include "core/host.h"
#include "core/link.h"
#include "core/mailbox.h"

struct queue;

struct call {
	struct send send; /* first */
	struct letter letter;
	struct queue *queue;
	int64_t called_ms;
	int64_t until_ms; /* how long it may wait for its turn */
	void (*done)(void *arg, const struct send_answer *answer);
	void *arg;
};

/* Takes the call. */
void call_begin(struct call *call);
/* Ends one that waits in a queue, without an attempt. */
void call_refuse(struct call *call, uint32_t result, const char *reason, const char *detail);
/* Puts it back among those that wait, in front. */
void call_hold_first(struct call *call);
/* The plugin did not take it (an LK_E code). */
void call_not_taken(struct call *call, int rc);

static inline struct call *call_of(struct send *send)
{
	return (struct call *)send;
}
