/* What has ended is kept for a time, and no longer. */
#include "base/err.h"
#include "catalogue_probe.h"
#include "sqlite_fixture.h"
#include "suite.h"

static const int64_t day_ms = 24 * 3600 * INT64_C(1000);

static struct store_stats stats_of(struct store *s)
{
	struct store_stats stats;

	store_stats(s, &stats);
	return stats;
}

/* Something to do, after which the store is idle. */
static void nudge(struct store *s)
{
	struct store_pause op = {.op.kind = STORE_PAUSE, .link = 999};

	probe_run(s, &op.op);
}

/* Time passes, and pruning comes to its end: some turns without a change. */
static void pass_time(struct store *s, int64_t ms)
{
	clock_fake_advance(ms);
	for (int quiet = 0; quiet < 20; quiet++) {
		uint64_t before = stats_of(s).pruned;
		nudge(s);
		if (stats_of(s).pruned != before)
			quiet = 0;
	}
}

static uint64_t count_all(struct store *s)
{
	struct store_filter all = {0};

	return probe_count(s, &all);
}

/* One in each state, 1 to 6, and 7, which is the last and stays. */
static int64_t fill(struct store *s)
{
	static const enum store_state ends[] = {STORE_DONE,  STORE_DEAD,   STORE_QUARANTINED,
	                                        STORE_READY, STORE_LEASED, STORE_READY};
	struct store_attempt attempt = {.number = 1, .outcome = "retry", .reason = "status"};
	int64_t link = probe_link(s, "A");

	for (uint64_t seq = 1; seq <= 6; seq++) {
		struct store_settle op;
		ck_assert_int_eq(probe_accept(s, link, seq, true), 0);
		probe_settle_init(&op, s, seq, 1, ends[seq - 1]);
		op.attempt = &attempt;
		if (ends[seq - 1] != STORE_LEASED)
			ck_assert_int_eq(probe_run(s, &op.op), 0);
	}
	ck_assert_int_eq(probe_alter(s, 6, STORE_CANCEL, NULL), 0);
	ck_assert_int_eq(probe_accept(s, link, 7, true), 0);
	return link;
}

START_TEST(kept_as_long_as_promised)
{
	static const uint64_t week[] = {2, 3, 4, 5, 7, 0}, month[] = {4, 5, 7, 0};
	static const uint64_t first[] = {1, 2, 3, 4, 5, 6, 7, 0};
	struct store *s = fixture_begin();
	struct store_filter all = {0};

	fill(s);
	pass_time(s, 7 * day_ms - 1);
	probe_lists(s, &all, 0, true, 10, first);
	pass_time(s, 600000);
	probe_lists(s, &all, 0, true, 10, week);
	pass_time(s, 23 * day_ms - 700000);
	probe_lists(s, &all, 0, true, 10, week);
	pass_time(s, 800000);
	probe_lists(s, &all, 0, true, 10, month);
	ck_assert_uint_eq(stats_of(s).pruned, 4);
	fixture_end(s);
}
END_TEST

/* What was open when the sweep passed is found when it ends. */
START_TEST(ended_late)
{
	struct store *s = fixture_begin();

	fill(s);
	pass_time(s, 40 * day_ms);
	ck_assert_uint_eq(count_all(s), 3);
	ck_assert_int_eq(probe_settle(s, 5, 1, STORE_DONE), 0);
	ck_assert_int_eq(probe_alter(s, 4, STORE_CANCEL, NULL), 0);
	pass_time(s, 7 * day_ms - 1);
	ck_assert_uint_eq(count_all(s), 3);
	s = fixture_reopen(s);
	pass_time(s, 600000);
	ck_assert_uint_eq(count_all(s), 1);
	ck_assert(probe_has(s, 7));
	fixture_end(s);
}
END_TEST

/* A replay of one that was about to go. */
START_TEST(replayed_is_kept)
{
	struct store *s = fixture_begin();
	int64_t link = fill(s);

	pass_time(s, 29 * day_ms);
	ck_assert_int_eq(probe_alter(s, 2, STORE_RETRY_NOW, NULL), 0);
	pass_time(s, 3 * day_ms);
	ck_assert(probe_has(s, 2));
	ck_assert(!probe_has(s, 3));
	ck_assert_uint_eq(probe_claim(s, link, 10, false), 2);
	ck_assert_int_eq(probe_settle(s, 2, 2, STORE_DEAD), 0);
	pass_time(s, 29 * day_ms);
	ck_assert(probe_has(s, 2));
	pass_time(s, 2 * day_ms);
	ck_assert(!probe_has(s, 2));
	fixture_end(s);
}
END_TEST

START_TEST(as_the_options_say)
{
	struct store *s = fixture_begin();

	fixture.options.done_keep_ms = 3600000;
	fixture.options.dead_keep_ms = 7200000;
	s = fixture_reopen(s);
	fixture_recover(s);
	fill(s);
	pass_time(s, 3600000);
	ck_assert_uint_eq(count_all(s), 5);
	pass_time(s, 3600000);
	ck_assert_uint_eq(count_all(s), 3);
	fixture_end(s);
}
END_TEST

/* A number is never given twice, even if all that had it are gone. */
START_TEST(the_greatest_number_stays)
{
	struct store *s = fixture_begin();
	struct store_recovery found;
	struct err e = {0};

	fill(s);
	ck_assert_int_eq(probe_settle(s, 7, 1, STORE_DONE), 0);
	pass_time(s, 50 * day_ms);
	s = fixture_reopen(s);
	ck_assert_int_eq(store_recover(s, NULL, 0, &found, &e), 0);
	ck_assert_uint_eq(found.seq_most, 7);
	fixture_end(s);
}
END_TEST

/* History is no delivery, and a connection may be deployed for years. */
START_TEST(deployments_stay)
{
	struct store *s = fixture_begin();

	fixture.options.state_max_bytes = 4096;
	s = fixture_reopen(s);
	fixture_recover(s);
	fill(s);
	probe_deploy(s, "A", "Test", "r1");
	probe_deploy(s, "A", "Test", "r2");
	pass_time(s, 1000 * day_ms);
	ck_assert_uint_eq(stats_of(s).pruned, 4);
	ck_assert_str_eq(probe_all_deployments(s),
	                 "global/A/Test #2 r2 active\nglobal/A/Test #1 r1\n");
	fixture_end(s);
}
END_TEST

START_TEST(old_keys_go)
{
	struct store *s = fixture_begin();
	int64_t link = probe_link(s, "A");
	struct probe_accept a;

	probe_accept_init(&a, s, link, 1);
	a.accept.idempotency_key = "k";
	ck_assert_int_eq(probe_run(s, &a.accept.op), 0);
	pass_time(s, day_ms + 600000);
	/* The delivery stays; under the same key another one is accepted. */
	ck_assert(probe_has(s, 1));
	probe_accept_init(&a, s, link, 2);
	a.accept.idempotency_key = "k";
	a.accept.digest[0] = 1;
	ck_assert_int_eq(probe_run(s, &a.accept.op), 0);
	ck_assert(!a.accept.repeated);
	fixture_end(s);
}
END_TEST

enum { BIG = 4096, BIG_COUNT = 1500 };

/* 1500 deliveries of 4 KiB, the first of which stay open; all in one or two transactions. */
static void fill_big(struct store *s, int64_t link, uint64_t open)
{
	static struct probe_accept accepts[BIG_COUNT];
	static struct store_settle settles[BIG_COUNT];
	static char body[BIG];

	probe_forget();
	for (uint64_t i = 0; i < BIG_COUNT; i++) {
		probe_accept_init(&accepts[i], s, link, i + 1);
		accepts[i].accept.lease = true;
		accepts[i].delivery.body = body;
		accepts[i].delivery.body_bytes = BIG;
		probe_post(s, &accepts[i].accept.op);
		if (i < open)
			continue;
		probe_settle_init(&settles[i], s, i + 1, 1, i % 2 ? STORE_DONE : STORE_DEAD);
		probe_post(s, &settles[i].op);
	}
	probe_wait(s, 2 * BIG_COUNT - open);
}

START_TEST(pressed_the_oldest_go)
{
	struct store *s = fixture_begin();

	fixture.options.state_max_bytes = 6 << 20;
	s = fixture_reopen(s);
	fixture_recover(s);
	fill_big(s, probe_link(s, "A"), 100);
	ck_assert_uint_gt(stats_of(s).size_bytes, 6 << 20);
	pass_time(s, 61000);
	struct store_filter leased = {.states = 1u << STORE_LEASED};
	ck_assert_uint_eq(probe_count(s, &leased), 100);
	/* Enough went, not more: steps are of 500. */
	uint64_t left = count_all(s);
	ck_assert_uint_gt(left, 500);
	ck_assert_uint_lt(left, 1400);
	ck_assert(probe_has(s, 1));
	ck_assert(!probe_has(s, 101));
	ck_assert(probe_has(s, BIG_COUNT));
	ck_assert_uint_eq(stats_of(s).pruned, BIG_COUNT - left);
	/* Not again for what is there now. */
	pass_time(s, 600000);
	ck_assert_uint_eq(count_all(s), left);
	fixture_end(s);
}
END_TEST

/* All of it is open: nothing is dropped, whatever it takes. */
START_TEST(pressed_with_open_ones)
{
	struct store *s = fixture_begin();

	fixture.options.state_max_bytes = 1 << 20;
	s = fixture_reopen(s);
	fixture_recover(s);
	fill_big(s, probe_link(s, "A"), BIG_COUNT);
	pass_time(s, 61000);
	ck_assert_uint_eq(count_all(s), BIG_COUNT);
	/* They end, and go. */
	for (uint64_t seq = 1; seq <= BIG_COUNT; seq++)
		ck_assert_int_eq(probe_settle(s, seq, 1, STORE_DONE), 0);
	pass_time(s, 61000);
	ck_assert_uint_lt(count_all(s), BIG_COUNT / 2);
	fixture_end(s);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(kept_as_long_as_promised),  SUITE_TEST(ended_late),
	SUITE_TEST(replayed_is_kept),          SUITE_TEST(as_the_options_say),
	SUITE_TEST(the_greatest_number_stays), SUITE_TEST(old_keys_go),
	SUITE_TEST(deployments_stay),          SUITE_TEST(pressed_the_oldest_go),
	SUITE_TEST(pressed_with_open_ones),
};

SUITE_MAIN("sqlite prune", tests)
