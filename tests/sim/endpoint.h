/*
 * Receivers by script: a connector plugin of type "scripted", linked in, that answers each message as
 * its receiver's mood has it at that moment, after a time that the clock of the simulation measures.
 */
#pragma once

#include <linkspan/connector.h>
#include <stdbool.h>
#include <stdint.h>

#include "universe.h"

struct tale;

/* One answer. */
enum answer {
	ANSWER_OK,
	ANSWER_500,
	ANSWER_RESET,   /* the connection broke: nobody knows whether it arrived */
	ANSWER_REFUSED, /* no connection */
	ANSWER_TIMEOUT, /* told by the connector at the deadline */
	ANSWER_NEVER,   /* the connector never completes it */
	ANSWER_LATE,    /* 2xx, long after the host has given up */
	ANSWER_503,
	ANSWER_429,
	ANSWER_401,
	ANSWER_403,
	ANSWER_410,
	ANSWER_422,
	ANSWERS,
};

enum mood_kind {
	MOOD_SERVES,
	MOOD_SLOW,        /* the more is under way, the slower */
	MOOD_FLAKY,       /* 500, resets, now and then */
	MOOD_REFUSES,     /* no connection */
	MOOD_HANGS,       /* until the deadline, or for ever */
	MOOD_UNAVAILABLE, /* 503, with Retry-After */
	MOOD_THROTTLES,   /* 429 above a rate */
	MOOD_UNAUTHORISED,
	MOOD_FORBIDS,
	MOOD_GONE,
	MOOD_BUSY, /* the connector itself takes no more than a few */
	MOODS,
};

const char *mood_name(enum mood_kind mood);

/* The receiver of one link. */
struct endpoint {
	unsigned link;
	enum mood_kind mood;
	int64_t mood_ms; /* since when */
	int64_t latency_ms, spread_ms;
	double faults; /* share of 500 and resets while it serves */
	double late;   /* share of time-outs while it serves */
	unsigned throttle_per_s;
	int64_t throttled_second;
	unsigned throttled_count;
	/* What it has seen. */
	uint32_t in_flight, in_flight_most;
	uint64_t submitted, welcomed, refused_busy;
	int64_t submitted_ms; /* the last */
};

/* The plugin's description, for plugin_adopt(). */
extern const struct lk_plugin endpoint_plugin;

void endpoint_init(struct endpoint *e, unsigned link);
void endpoint_set_mood(struct endpoint *e, enum mood_kind mood);

/* For whoever ends the host: what was with the plugin. */
void endpoint_each_in_flight(void (*each)(void *arg, struct tale *tale), void *arg);
