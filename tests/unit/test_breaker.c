/* The circuit breaker: when it opens, for how long, how it closes, and one probe at a time. */
#include "core/breaker.h"

#include <string.h>

#include "suite.h"

#define S      INT64_C(1000)
#define MINUTE (60 * S)

static uint32_t least(uint32_t limit)
{
	(void)limit;
	return 0;
}

static uint32_t middle(uint32_t limit)
{
	return limit / 2;
}

static uint32_t most(uint32_t limit)
{
	return limit - 1;
}

static uint32_t state = 2463534242u;

static uint32_t any(uint32_t limit)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % limit;
}

/* One request that begins and ends at now. */
static bool request(struct breaker *b, bool fault, int64_t now)
{
	ck_assert(breaker_permits(b, now));
	breaker_start(b);
	return breaker_end(b, fault, now, now, middle);
}

/* Opens it by faults in a row. */
static void trip(struct breaker *b, int64_t now)
{
	for (int i = 0; i < 4; i++)
		ck_assert(!request(b, true, now));
	ck_assert(request(b, true, now));
	ck_assert_int_eq(b->state, BREAKER_OPEN);
}

/* Waits until it is half open, and lets three probes succeed.  The moment when it closed. */
static int64_t mend(struct breaker *b, int64_t now)
{
	int64_t then = breaker_next_ms(b, now);

	ck_assert(!request(b, false, then));
	ck_assert(!request(b, false, then));
	ck_assert(request(b, false, then));
	ck_assert_int_eq(b->state, BREAKER_CLOSED);
	return then;
}

/* What is sent, one letter each ("F" a link fault, "." none), `apart` from each other; the breaker opens
 * with the last one, or never. */
static const struct {
	const char *sent;
	int64_t apart_ms;
	bool opens;
} rows[] = {
	{"FFFFF", 1, true},
	{"FFFFF", 10 * MINUTE, true},
	{"FFFF", 1, false},
	{"FFFF.FFFF", 1, false},
	{"FFFF.FFFF.", 1, true}, /* 8 of 10 */
	{"F.F.F.F.F.", 1, true}, /* 5 of 10 */
	{"F.F.F.F.F", 1, false},
	{"F.F.F.F..F", 1, true},
	{"F.F.F.F...", 1, false},
	{"......FF.FF.FFFF", 1, true}, /* 8 of 16 at last */
	{"....................................", 1, false},
	{"F.F.F.F.F.", 5 * S, true},                      /* 45 s */
	{"F.F.F.F.F.F.F.F.F.F.F.F.F.F.F.", 7 * S, false}, /* never 10 in 60 s */
	{"FF..FF..FF..FF..FF..FF..FF..", 10 * S, false},
};

START_TEST(opens_on_faults_in_a_row_or_on_their_share)
{
	struct breaker b;
	size_t last = strlen(rows[_i].sent) - 1;
	int64_t now = 12345;

	breaker_init(&b);
	for (size_t i = 0; i <= last; i++) {
		now += rows[_i].apart_ms;
		bool opened = request(&b, rows[_i].sent[i] == 'F', now);
		ck_assert_msg(opened == (rows[_i].opens && i == last), "%s: request %zu",
		              rows[_i].sent, i);
	}
	ck_assert_int_eq(breaker_permits(&b, now), !rows[_i].opens);
}
END_TEST

START_TEST(old_faults_do_not_count)
{
	struct breaker b;
	int64_t now = 0;

	breaker_init(&b);
	for (int i = 0; i < 9; i++)
		ck_assert(!request(&b, i % 2 == 0, now));
	now += 60 * S;
	for (int i = 0; i < 9; i++)
		ck_assert(!request(&b, i % 4 == 0, now));
	ck_assert(!request(&b, false, now));
	ck_assert_int_eq(b.state, BREAKER_CLOSED);
}
END_TEST

START_TEST(stays_open_longer_with_each_trip)
{
	struct breaker b;
	int64_t now = 1000;

	breaker_init(&b);
	trip(&b, now);
	for (int trips = 1; trips <= 100; trips++) {
		int64_t open_ms = 30 * S * trips < 15 * MINUTE ? 30 * S * trips : 15 * MINUTE;
		ck_assert_int_eq(breaker_next_ms(&b, now), now + open_ms);
		ck_assert(!breaker_permits(&b, now));
		now += open_ms;
		ck_assert(!breaker_permits(&b, now - 1));
		ck_assert_int_eq(b.state, BREAKER_OPEN);
		ck_assert_int_eq(breaker_next_ms(&b, now), 0);
		ck_assert(breaker_permits(&b, now));
		ck_assert_int_eq(b.state, BREAKER_HALF_OPEN);
		breaker_start(&b);
		ck_assert(breaker_end(&b, true, now, now, middle));
		ck_assert_int_eq(b.state, BREAKER_OPEN);
	}
}
END_TEST

START_TEST(open_times_are_spread_by_a_fifth)
{
	static uint32_t (*const randoms[])(uint32_t) = {least, most};
	static const int64_t open_ms[] = {24 * S, 36 * S};

	for (int i = 0; i < 2; i++) {
		struct breaker b;
		breaker_init(&b);
		for (int n = 0; n < 5; n++) {
			breaker_start(&b);
			breaker_end(&b, true, 7, 7, randoms[i]);
		}
		ck_assert_int_eq(breaker_next_ms(&b, 7), 7 + open_ms[i]);
	}
}
END_TEST

START_TEST(half_open_lets_one_probe_through_at_a_time)
{
	struct breaker b;

	breaker_init(&b);
	trip(&b, 1000);
	int64_t now = breaker_next_ms(&b, 1000);
	for (int probe = 1; probe <= 3; probe++) {
		ck_assert(breaker_permits(&b, now));
		breaker_start(&b);
		ck_assert(!breaker_permits(&b, now + MINUTE));
		ck_assert_int_eq(breaker_next_ms(&b, now), -1);
		/* a probe that was cancelled makes room for another one */
		breaker_forget(&b, now);
		ck_assert_int_eq(breaker_next_ms(&b, now), 0);
		ck_assert(breaker_permits(&b, now));
		breaker_start(&b);
		ck_assert_int_eq(breaker_end(&b, false, now, now, middle), probe == 3);
	}
	ck_assert_int_eq(b.state, BREAKER_CLOSED);
	ck_assert_int_eq(breaker_next_ms(&b, now), 0);
	breaker_start(&b);
	ck_assert(breaker_permits(&b, now));
}
END_TEST

START_TEST(successes_before_a_failed_probe_do_not_count)
{
	struct breaker b;

	breaker_init(&b);
	trip(&b, 1000);
	int64_t now = breaker_next_ms(&b, 1000);
	ck_assert(!request(&b, false, now));
	ck_assert(!request(&b, false, now));
	ck_assert(request(&b, true, now));
	mend(&b, now);
}
END_TEST

START_TEST(requests_from_before_the_trip_say_nothing)
{
	struct breaker b;

	breaker_init(&b);
	for (int i = 0; i < 20; i++)
		breaker_start(&b);
	for (int i = 0; i < 5; i++)
		breaker_end(&b, true, 1000, 2000, middle);
	ck_assert_int_eq(b.state, BREAKER_OPEN);
	/* while open */
	int64_t until = breaker_next_ms(&b, 2000);
	ck_assert(!breaker_end(&b, true, 1000, 2001, middle));
	ck_assert(!breaker_end(&b, false, 2000, 2001, middle));
	ck_assert_int_eq(breaker_next_ms(&b, 2001), until);
	/* while a probe is under way: it stays the only one */
	ck_assert(breaker_permits(&b, until));
	breaker_start(&b);
	for (int i = 0; i < 5; i++) {
		ck_assert(!breaker_end(&b, i % 2, 1000, until, middle));
		breaker_forget(&b, 1000);
		ck_assert_int_eq(b.state, BREAKER_HALF_OPEN);
		ck_assert(!breaker_permits(&b, until));
	}
	ck_assert(!breaker_end(&b, false, until, until, middle));
	ck_assert(!request(&b, false, until));
	ck_assert(request(&b, false, until));
	int64_t closed = until + S;
	/* and when it is closed again */
	for (int i = 0; i < 8; i++)
		ck_assert(!breaker_end(&b, true, 1000, closed, middle));
	ck_assert_int_eq(b.state, BREAKER_CLOSED);
}
END_TEST

static const struct {
	int trips;        /* before it is mended */
	int64_t quiet_ms; /* then it stays closed so long */
	uint32_t next;    /* number of the next trip */
} recoveries[] = {
	{1, 0, 2},
	{1, 10 * MINUTE - 1, 2},
	{1, 10 * MINUTE, 1},
	{5, 10 * MINUTE, 1},
	{24, 12 * MINUTE - 1, 25},
	{24, 12 * MINUTE, 1},
	{40, 15 * MINUTE - 1, 30}, /* more do not make it longer */
	{40, 15 * MINUTE, 1},
};

START_TEST(trips_are_forgotten_after_a_long_quiet)
{
	struct breaker b;
	int64_t now = 1000;

	breaker_init(&b);
	trip(&b, now);
	for (int i = 1; i < recoveries[_i].trips; i++) {
		now = breaker_next_ms(&b, now);
		ck_assert(request(&b, true, now));
	}
	now = mend(&b, now) + recoveries[_i].quiet_ms;
	now += recoveries[_i].quiet_ms == 0; /* else the first faults are of the closing moment */
	trip(&b, now);
	ck_assert_uint_eq(b.trips, recoveries[_i].next);
	ck_assert_int_eq(breaker_next_ms(&b, now), now + 30 * S * recoveries[_i].next);
}
END_TEST

/* Random requests that overlap, on a link that is well, bad or dead by turns. */
enum { UNDER_WAY = 64 };

struct request {
	int64_t began_ms;
	bool under_way, probe;
};

struct world {
	struct breaker b;
	struct request requests[UNDER_WAY];
	int probes;
	int64_t now;
};

static void begin(struct world *w, struct request *r)
{
	int64_t until = w->b.state == BREAKER_OPEN ? w->b.until_ms : 0;

	if (!breaker_permits(&w->b, w->now)) {
		ck_assert(w->b.state != BREAKER_CLOSED);
		ck_assert_int_ne(breaker_next_ms(&w->b, w->now), 0);
		return;
	}
	ck_assert_int_ge(w->now, until);
	ck_assert_int_ne(w->b.state, BREAKER_OPEN);
	breaker_start(&w->b);
	*r = (struct request){w->now, true, w->b.state == BREAKER_HALF_OPEN};
	w->probes += r->probe;
	ck_assert_int_le(w->probes, 1);
}

static void end(struct world *w, struct request *r, bool fault)
{
	enum breaker_state before = w->b.state;

	r->under_way = false;
	w->probes -= r->probe;
	if (any(10) == 0) {
		breaker_forget(&w->b, r->began_ms);
		ck_assert_int_eq(w->b.state, before);
		return;
	}
	bool changed = breaker_end(&w->b, fault, r->began_ms, w->now, any);
	ck_assert_int_eq(changed, w->b.state != before);
	if (w->b.state != BREAKER_OPEN || before == BREAKER_OPEN)
		return;
	int64_t open_ms = w->b.until_ms - w->now;
	ck_assert(open_ms >= 24 * S && open_ms <= 18 * MINUTE);
}

START_TEST(there_is_never_a_second_probe)
{
	struct world w = {.now = 1};
	int visits[3] = {0};

	breaker_init(&w.b);
	for (int round = 0; round < 400000; round++) {
		struct request *r = &w.requests[any(UNDER_WAY)];
		uint32_t health = (uint32_t)(w.now / (20 * MINUTE) % 3);
		if (r->under_way)
			end(&w, r, any(100) < 3 + 45 * health);
		else
			begin(&w, r);
		visits[w.b.state]++;
		w.now += any(3) ? any(100) : any(3000);
	}
	for (int i = 0; i < 3; i++)
		ck_assert_int_gt(visits[i], 1000);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(opens_on_faults_in_a_row_or_on_their_share, rows),
	SUITE_TEST(old_faults_do_not_count),
	SUITE_TEST(stays_open_longer_with_each_trip),
	SUITE_TEST(open_times_are_spread_by_a_fifth),
	SUITE_TEST(half_open_lets_one_probe_through_at_a_time),
	SUITE_TEST(successes_before_a_failed_probe_do_not_count),
	SUITE_TEST(requests_from_before_the_trip_say_nothing),
	SUITE_LOOP(trips_are_forgotten_after_a_long_quiet, recoveries),
	SUITE_TEST(there_is_never_a_second_probe),
};

SUITE_MAIN("breaker", tests)
