/* A circuit breaker: stops sending to a link that fails, and tries it with one message at a time. */
#include "core/breaker.h"

#include "base/banned.h"

enum {
	ROW_FAULTS = 5,       /* that many in a row open it */
	WINDOW_REQUESTS = 10, /* fewer say nothing about a share */
	PROBES = 3,           /* that many successes close it */
	OPEN_MS = 30 * 1000,  /* times the number of trips */
	OPEN_MOST_MS = 15 * 60 * 1000,
	TRIPS_MOST = OPEN_MOST_MS / OPEN_MS,
	WELL_MS = 10 * 60 * 1000,
};

void breaker_init(struct breaker *b)
{
	*b = (struct breaker){.state = BREAKER_CLOSED, .opened_ms = -1};
}

bool breaker_permits(struct breaker *b, int64_t now_ms)
{
	if (b->state == BREAKER_OPEN && now_ms >= b->until_ms) {
		b->state = BREAKER_HALF_OPEN;
		b->successes = 0;
		b->probing = false;
	}
	return b->state == BREAKER_CLOSED || (b->state == BREAKER_HALF_OPEN && !b->probing);
}

void breaker_start(struct breaker *b)
{
	b->probing = b->state == BREAKER_HALF_OPEN;
}

/* It began before the breaker opened.  While the breaker is not closed every other is the probe. */
static bool is_stale(const struct breaker *b, int64_t began_ms)
{
	return began_ms <= b->opened_ms;
}

void breaker_forget(struct breaker *b, int64_t began_ms)
{
	if (!is_stale(b, began_ms))
		b->probing = false;
}

static bool was_well(const struct breaker *b, int64_t now_ms)
{
	int64_t open_ms = b->until_ms - b->opened_ms;

	return now_ms - b->closed_ms >= (open_ms > WELL_MS ? open_ms : WELL_MS);
}

static void clear_counts(struct breaker *b)
{
	b->faults_in_row = 0;
	for (int i = 0; i < BREAKER_SLICES; i++)
		b->slices[i].requests = b->slices[i].faults = 0;
}

static void open_now(struct breaker *b, int64_t now_ms, uint32_t (*random)(uint32_t limit))
{
	if (b->state == BREAKER_CLOSED && was_well(b, now_ms))
		b->trips = 0;
	if (b->trips < TRIPS_MOST)
		b->trips++;

	uint32_t open_ms = OPEN_MS * b->trips, spread_ms = open_ms / 5;
	b->state = BREAKER_OPEN;
	b->probing = false;
	b->opened_ms = now_ms;
	b->until_ms = now_ms + open_ms - spread_ms + random(2 * spread_ms + 1);
	clear_counts(b);
}

static void close_now(struct breaker *b, int64_t now_ms)
{
	b->state = BREAKER_CLOSED;
	b->closed_ms = now_ms;
}

static bool end_probe(struct breaker *b, bool fault, int64_t now_ms,
                      uint32_t (*random)(uint32_t limit))
{
	b->probing = false;
	if (fault) {
		open_now(b, now_ms, random);
		return true;
	}
	if (++b->successes < PROBES)
		return false;
	close_now(b, now_ms);
	return true;
}

static void count(struct breaker *b, bool fault, int64_t slice)
{
	int place = (int)(slice % BREAKER_SLICES);

	if (b->slices[place].number != slice) {
		b->slices[place].number = slice;
		b->slices[place].requests = b->slices[place].faults = 0;
	}
	b->slices[place].requests++;
	b->slices[place].faults += fault;
	b->faults_in_row = fault ? b->faults_in_row + 1 : 0;
}

static bool is_bad(const struct breaker *b, int64_t slice)
{
	uint64_t requests = 0, faults = 0;

	if (b->faults_in_row >= ROW_FAULTS)
		return true;
	for (int i = 0; i < BREAKER_SLICES; i++) {
		if (b->slices[i].number <= slice - BREAKER_SLICES)
			continue;
		requests += b->slices[i].requests;
		faults += b->slices[i].faults;
	}
	return requests >= WINDOW_REQUESTS && 2 * faults >= requests;
}

bool breaker_end(struct breaker *b, bool fault, int64_t began_ms, int64_t now_ms,
                 uint32_t (*random)(uint32_t limit))
{
	int64_t slice = now_ms / BREAKER_SLICE_MS;

	if (is_stale(b, began_ms))
		return false;
	if (b->state != BREAKER_CLOSED)
		return end_probe(b, fault, now_ms, random);
	count(b, fault, slice);
	if (!is_bad(b, slice))
		return false;
	open_now(b, now_ms, random);
	return true;
}

int64_t breaker_next_ms(const struct breaker *b, int64_t now_ms)
{
	if (b->state == BREAKER_OPEN)
		return now_ms < b->until_ms ? b->until_ms : 0;
	return b->state == BREAKER_HALF_OPEN && b->probing ? -1 : 0;
}
