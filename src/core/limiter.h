/*
 * How many requests of a link may be under way at once, and how many may start in a second.
 *
 * Concurrency: adaptive (AIMD) between 1 and 256 from 2, or a fixed bound, which nothing moves; after
 * an outage it grows from 1 by at most 1 every 2 s for 30 s, whatever the mode.  Rate: a token bucket.
 * Plain state, one thread at a time; time is handed in.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { LIMITER_MOST = 256, LIMITER_FIRST = 2 };

struct limiter {
	uint32_t fixed;   /* 0: adaptive */
	double limit;     /* present one; the whole part counts */
	double floor_ms;  /* least latency seen lately, slowly forgotten; -1: none */
	double moving_ms; /* moving mean of the latency */
	int64_t seen_ms;  /* when the floor was last looked at */
	int64_t cut_ms; /* last cut: results of requests that began before it do not cut again; -1 */
	int64_t recovery_ms; /* when the recovery began; -1: there was none */
};

/* fixed: the bound of the pool; 0: adaptive. */
void limiter_init(struct limiter *l, uint32_t fixed);
/* A changed bound keeps what was learned. */
void limiter_set_fixed(struct limiter *l, uint32_t fixed);
/* At least 1. */
uint32_t limiter_limit(const struct limiter *l, int64_t now_ms);
/* A request that began at began_ms has ended.  in_flight: how many were under way, it included: a limit
 * that is not used does not grow.  A success can cut, too: when it took too long, as others did lately. */
void limiter_success(struct limiter *l, int64_t began_ms, int64_t now_ms, uint32_t in_flight);
void limiter_congested(struct limiter *l, int64_t began_ms, int64_t now_ms);
/* An outage is over, or a backlog was put in by replay. */
void limiter_recover(struct limiter *l, int64_t now_ms);
/* When the limit grows by itself next; -1: it does not. */
int64_t limiter_next_ms(const struct limiter *l, int64_t now_ms);

struct bucket {
	uint32_t rate_per_s; /* 0: no limit */
	uint32_t burst;      /* 0 counts as 1 */
	double tokens;
	int64_t filled_ms;
};

void bucket_init(struct bucket *b, uint32_t rate_per_s, uint32_t burst, int64_t now_ms);
/* A changed rate keeps the tokens, up to the new burst. */
void bucket_set(struct bucket *b, uint32_t rate_per_s, uint32_t burst, int64_t now_ms);
/* Takes a token: 0.  Or says in how many milliseconds (≥ 1) there will be one. */
int64_t bucket_take(struct bucket *b, int64_t now_ms);
/* Gives one back that was not used. */
void bucket_return(struct bucket *b);
