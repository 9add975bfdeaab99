/*
 * A circuit breaker: stops sending to a link that fails, and tries it with one message at a time.
 *
 * Opens on 5 link faults in a row, or when at least 10 requests in 60 s show at least half of them
 * faulty.  Stays open 30 s × the number of trips, at most 15 min, ± 20 %.  Then it is half open: one
 * probe at a time, and 3 successes close it.  What is the message's own fault never opens it.
 * Trips are counted from 1 again once it has stayed closed as long as it was last open, and at least
 * 10 min.  Requests that were under way when it opened say nothing any more: only the probes count.
 * Plain state, one thread at a time; time is handed in, never goes back, and is the same for all.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

enum { BREAKER_SLICES = 12, BREAKER_SLICE_MS = 5000 };

struct breaker {
	enum breaker_state state;
	uint32_t faults_in_row;
	uint32_t trips;     /* since it was last well for long */
	uint32_t successes; /* while half open */
	bool probing;       /* a probe is under way */
	int64_t opened_ms;  /* last time; -1: never */
	int64_t until_ms;   /* how long it is, or was last, open */
	int64_t closed_ms;
	struct {
		int64_t number; /* of the slice of time */
		uint32_t requests, faults;
	} slices[BREAKER_SLICES];
};

void breaker_init(struct breaker *b);
/* Whether a request may start now.  An open breaker whose time has come is half open by asking. */
bool breaker_permits(struct breaker *b, int64_t now_ms);
/* A request starts (breaker_permits() was true). */
void breaker_start(struct breaker *b);
/* A request that had started at began_ms ended without saying anything about the link (cancelled). */
void breaker_forget(struct breaker *b, int64_t began_ms);
/* A request that had started at began_ms ended.  True when this has opened or closed the breaker. */
bool breaker_end(struct breaker *b, bool fault, int64_t began_ms, int64_t now_ms,
                 uint32_t (*random)(uint32_t limit));
/* When to ask again: 0 now, -1 when the probe has ended, else the moment. */
int64_t breaker_next_ms(const struct breaker *b, int64_t now_ms);
