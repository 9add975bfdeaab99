/* How many requests of a link may be under way at once, and how many may start in a second. */
#include "core/limiter.h"

#include "base/banned.h"

enum {
	STEP_MS = 2000, /* of a recovery */
	STEPS = 15,
	FORGET_MS = 10 * 60 * 1000, /* in that time the floor has moved two thirds of the way */
	FLOOR_LEAST_MS = 10, /* below, latency is our own turns and the milliseconds of the clock */
	WEIGHT = 8,          /* a new latency is one part in so many of the mean */
};

void limiter_init(struct limiter *l, uint32_t fixed)
{
	*l = (struct limiter){
		.fixed = fixed,
		.limit = LIMITER_FIRST,
		.floor_ms = -1,
		.cut_ms = -1,
		.recovery_ms = -1,
	};
}

void limiter_set_fixed(struct limiter *l, uint32_t fixed)
{
	l->fixed = fixed;
}

/* Recovery */

static bool recovers(const struct limiter *l, int64_t now_ms)
{
	return l->recovery_ms >= 0 && now_ms - l->recovery_ms < (int64_t)STEP_MS * STEPS;
}

/* What a recovery allows: 1, 2 after the first step, … */
static uint32_t recovery_bound(const struct limiter *l, int64_t now_ms)
{
	return 1 + (uint32_t)((now_ms - l->recovery_ms) / STEP_MS);
}

static uint32_t steady_limit(const struct limiter *l)
{
	return l->fixed ? l->fixed : (uint32_t)l->limit;
}

uint32_t limiter_limit(const struct limiter *l, int64_t now_ms)
{
	uint32_t limit = steady_limit(l);

	if (recovers(l, now_ms) && limit > recovery_bound(l, now_ms))
		return recovery_bound(l, now_ms);
	return limit;
}

void limiter_recover(struct limiter *l, int64_t now_ms)
{
	l->recovery_ms = now_ms;
	l->limit = 1;
}

int64_t limiter_next_ms(const struct limiter *l, int64_t now_ms)
{
	if (!recovers(l, now_ms) || steady_limit(l) <= recovery_bound(l, now_ms))
		return -1;
	return l->recovery_ms + (int64_t)recovery_bound(l, now_ms) * STEP_MS;
}

/* Latency */

/* Alone in flight, a request meets no queue of our making: what it takes is the peer's own time, so the
 * floor follows it soon.  Otherwise a peer that has become slow for good would be kept at 1 until the
 * old floor is forgotten. */
static bool flew_alone(const struct limiter *l, int64_t began_ms)
{
	return !l->fixed && l->limit < 2 && began_ms > l->cut_ms;
}

static double raised_floor(const struct limiter *l, double took_ms, int64_t now_ms, bool alone)
{
	double passed = (double)(now_ms - l->seen_ms) / FORGET_MS;

	if (alone)
		passed = 1.0 / WEIGHT;
	return l->floor_ms + (took_ms - l->floor_ms) * (passed < 1 ? passed : 1);
}

static void learn(struct limiter *l, double took_ms, int64_t now_ms, bool alone)
{
	if (l->floor_ms < 0) {
		l->floor_ms = l->moving_ms = took_ms;
	} else {
		l->moving_ms += (took_ms - l->moving_ms) / WEIGHT;
		l->floor_ms =
			took_ms <= l->floor_ms ? took_ms : raised_floor(l, took_ms, now_ms, alone);
	}
	l->seen_ms = now_ms;
}

/* The last one, too: the mean alone lags behind, and would cut again when all is well already. */
static bool is_slow(const struct limiter *l, double took_ms)
{
	double most_ms = 2 * (l->floor_ms > FLOOR_LEAST_MS ? l->floor_ms : FLOOR_LEAST_MS);

	return l->moving_ms > most_ms && took_ms > most_ms;
}

/* The limit */

static void grow(struct limiter *l, int64_t now_ms, uint32_t in_flight)
{
	double most = recovers(l, now_ms) ? recovery_bound(l, now_ms) : LIMITER_MOST;

	if (2.0 * in_flight < l->limit)
		return;
	l->limit += 1 / l->limit;
	if (l->limit > most)
		l->limit = most;
}

void limiter_success(struct limiter *l, int64_t began_ms, int64_t now_ms, uint32_t in_flight)
{
	double took_ms = (double)(now_ms - began_ms);

	learn(l, took_ms, now_ms, flew_alone(l, began_ms));
	if (l->fixed)
		return;
	if (is_slow(l, took_ms))
		limiter_congested(l, began_ms, now_ms);
	else
		grow(l, now_ms, in_flight);
}

void limiter_congested(struct limiter *l, int64_t began_ms, int64_t now_ms)
{
	if (l->fixed || began_ms <= l->cut_ms)
		return;
	l->limit = l->limit > 2 ? l->limit / 2 : 1;
	l->cut_ms = now_ms;
}

/* Rate */

static double room(const struct bucket *b)
{
	return b->burst > 0 ? b->burst : 1;
}

void bucket_init(struct bucket *b, uint32_t rate_per_s, uint32_t burst, int64_t now_ms)
{
	*b = (struct bucket){.rate_per_s = rate_per_s, .burst = burst, .filled_ms = now_ms};
	b->tokens = room(b);
}

static void fill(struct bucket *b, int64_t now_ms)
{
	b->tokens += (double)(now_ms - b->filled_ms) * b->rate_per_s / 1000;
	b->filled_ms = now_ms;
	if (b->tokens > room(b) || b->rate_per_s == 0)
		b->tokens = room(b);
}

void bucket_set(struct bucket *b, uint32_t rate_per_s, uint32_t burst, int64_t now_ms)
{
	bool had_no_limit = b->rate_per_s == 0;

	fill(b, now_ms);
	b->rate_per_s = rate_per_s;
	b->burst = burst;
	if (b->tokens > room(b) || had_no_limit)
		b->tokens = room(b);
}

int64_t bucket_take(struct bucket *b, int64_t now_ms)
{
	/* A token that lacks less is there: sums of parts are not exact. */
	const double nothing = 1e-6;

	if (b->rate_per_s == 0)
		return 0;
	fill(b, now_ms);
	if (b->tokens >= 1 - nothing) {
		b->tokens = b->tokens > 1 ? b->tokens - 1 : 0;
		return 0;
	}
	double wait_ms = (1 - b->tokens) * 1000 / b->rate_per_s;
	int64_t whole_ms = (int64_t)wait_ms;
	return whole_ms + (wait_ms > (double)whole_ms);
}

void bucket_return(struct bucket *b)
{
	b->tokens = b->tokens + 1 < room(b) ? b->tokens + 1 : room(b);
}
