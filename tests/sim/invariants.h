/*
 * What must hold, whatever happens.  Each is checked at the moment at which it can be broken, against
 * what the simulation itself knows: the committed rows, the receivers' answers, and a simple model of
 * each link.  None asks the host.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "endpoint.h"
#include "store/store.h"

struct lk_request;
struct tale;
struct world_link;

/* What is known of a link from its answers alone. */
struct guard {
	/* Breaker: five faults in a row have surely opened it. */
	unsigned faults_in_row, successes, probes;
	bool broken;
	int64_t broken_ms;    /* since when at the earliest */
	int64_t heard_ms;     /* of the fault that did it */
	int64_t good_ms;      /* last answer that was no fault */
	int64_t bad_ms;       /* first fault since then; 0: none */
	int64_t recovered_ms; /* 0: long ago */
	uint32_t ramp;        /* under way that began since then */
	/* Blocked by a 401. */
	bool blocked;
	int64_t blocked_ms;
	/* Rate: a bucket that leaks. */
	double level;
	int64_t level_ms;
	/* Progress. */
	int64_t progress_ms;
};

/* One message with the plugin, as the guard has to remember it. */
struct guarded {
	bool probe, ramp, tried_blocked;
	int64_t began_ms;
};

/* A host begins, or a link is deployed anew: it has forgotten. */
void guard_forget(struct guard *g);
/* The plugin is given a message and takes it. */
struct guarded guard_submitted(struct world_link *link, struct tale *tale,
                               const struct lk_request *request);
/* The host has been told, or has given up waiting (ANSWER_TIMEOUT). */
void guard_told(struct world_link *link, struct tale *tale, struct guarded what, enum answer answer,
                int64_t retry_after_ms, bool cancelled);
/* A row was committed. */
void guard_changed(struct tale *tale, const struct store_delivery *now, enum store_state before);
/* An acceptance was answered. */
void guard_answered(struct tale *tale, int rc);
/* Nothing can happen any more before time passes. */
void guard_at_rest(void);
/* Now and then: slots and progress of every link. */
void guard_sweep(void);
/* A host has stopped in order. */
void guard_at_stop(void);
/* The last one has, and everything has come to an end. */
void guard_at_end(void);
