/*
 * What is counted of the attempts of a link: how many came to which end, and how long they took.
 *
 * The link's lane adds, anybody reads, and neither waits: each number is an atomic of its own.  What it
 * costs is a few additions for each attempt, in memory that the lane has at hand.
 */
#pragma once

#include <linkspan/connector.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/histogram.h"

struct host;
struct meter;
struct outcome;
struct send;

enum { MEASURE_OUTCOMES = LK_BLOCKED + 1 }; /* LK_DONE … */
/* The class of the protocol's own code: none, 1xx … 5xx, and whatever else there is. */
enum { MEASURE_CODE_NONE, MEASURE_CODE_OTHER = 6, MEASURE_CODES };
enum measure_try {
	MEASURE_FIRST,
	MEASURE_RETRY,
	MEASURE_REPLAY, /* the first one after a replay */
	MEASURE_TRIES,
};

/* Of one link.  Starts as zeros. */
struct measure {
	_Atomic uint64_t attempts[MEASURE_OUTCOMES][MEASURE_CODES][MEASURE_TRIES];
	struct histogram durations;     /* on histogram_requests */
	_Atomic(struct meter *) meters; /* of its plugin: core/meter.h */
};

/* The phases of an attempt, each from the end of the one before it that took place. */
enum measure_phase {
	MEASURE_RESOLVE,
	MEASURE_CONNECT,
	MEASURE_TLS,
	MEASURE_FIRST_BYTE,
	MEASURE_TRANSFER,
	MEASURE_PHASES,
};

/* Of one lane, all its links together: phases of each link would be too many series. */
struct measure_phases {
	struct histogram of[MEASURE_PHASES]; /* on histogram_requests */
};

/* The values of the labels; constant text. */
const char *measure_outcome_name(int result); /* "delivered" "failed" "rejected" "blocked" */
const char *measure_code_name(unsigned code); /* "none" "1xx" … "5xx" "other" */
const char *measure_try_name(enum measure_try try);
const char *measure_phase_name(enum measure_phase phase);

/* [lane] An attempt has ended.  Tests of a connection are none.  now_ms: the lane's. */
void measure_attempt(struct measure *m, struct measure_phases *phases, const struct send *send,
                     const struct outcome *outcome, int64_t now_ms);

/* Any thread.  Adds up a phase over all lanes. */
void measure_phase(const struct host *host, enum measure_phase phase, struct histogram_view *ret);
