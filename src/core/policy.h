/*
 * What happened to an attempt → what becomes of the message and its link.  Pure: no state, no clock, no
 * randomness of its own.  The tables are delivery.md's; the reasons are in the body.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum policy_action {
	POLICY_DONE,  /* delivered */
	POLICY_RETRY, /* again, wait_ms from now; the attempt is used up */
	POLICY_WAIT,  /* again once the link is mended; the attempt is not used up */
	POLICY_DEAD,  /* a dead letter */
};

/*
 * What it says about the link: for the breaker and the limiter.  A link that answered and is not to
 * blame does well, whatever it thinks of the message: 422, 500 and 401 are SUCCESS like 200.  NEUTRAL:
 * the peer was not asked (refused here, no secret, certificate not verified, cancelled).
 */
enum policy_link { POLICY_NEUTRAL, POLICY_SUCCESS, POLICY_FAULT };

/* From the common rows of a connection. */
struct policy_rules {
	int64_t retry_delay_ms; /* base of the exponential schedule; 0: the standard one */
	uint32_t retry_max_attempts;
	int64_t retry_max_age_ms;
};

struct policy_case {
	int result;      /* LK_DONE … */
	unsigned flags;  /* LK_LINK_FAULT … */
	unsigned status; /* 0 none */
	const char *
		reason; /* the outcome's token: "timeout" and "timeout_…" are time-outs; NULL none */
	int64_t retry_after_ms; /* -1 none */
	uint32_t attempt;       /* this one, from 1 */
	int64_t age_ms;
	uint32_t forbidden; /* how many other messages before this one got 403, with none DONE between */
};

struct policy_verdict {
	enum policy_action action;
	enum policy_link link;
	int64_t wait_ms; /* RETRY; 0 for what was cancelled: nobody failed */
	bool congested;  /* cut the concurrency: the peer asks for less, or time-outs show */
	bool blocks;     /* nothing more is sent but a probe now and then */
	bool pauses;     /* the peer says never again */
	const char *end; /* DEAD: "rejected" "attempts" "age"; else NULL */
};

/* random(limit) gives 0 … limit-1, as random_below(). */
struct policy_verdict policy_judge(const struct policy_rules *rules, const struct policy_case *c,
                                   uint32_t (*random)(uint32_t limit));

/* The wait after the attempt-th failure (from 1).  The schedule ends at 24 h; jitter comes on top. */
int64_t policy_delay_ms(const struct policy_rules *rules, uint32_t attempt,
                        uint32_t (*random)(uint32_t limit));

/* How long a blocked link waits between two probes. */
int64_t policy_probe_ms(const struct policy_rules *rules);
