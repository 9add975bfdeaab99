/* The store of the simulation obeys the laws of every store, and does what its script says. */
#include "base/clock.h"
#include "catalogue_probe.h"
#include "memory_store.h"
#include "store_laws.h"
#include "universe.h"

static struct memory_store *memory;

static struct store *open_store(void)
{
	struct store_recovery found;

	universe_begin((size_t)1 << 30);
	clock_fake_set(5000, PROBE_START_MS);
	memory = memory_store_create(NULL);
	ck_assert_int_eq(store_recover(memory_store_face(memory), NULL, 0, &found, NULL), 0);
	return memory_store_face(memory);
}

static struct store *reopen_store(struct store *store)
{
	ck_assert_ptr_eq(store, memory_store_face(memory));
	memory_store_crash(memory, 0);
	return memory_store_face(memory);
}

static void pump(struct store *store)
{
	(void)store;
	while (memory_store_turn(memory))
		;
}

static const struct store_maker maker = {
	.open = open_store,
	.reopen = reopen_store,
	.advance = clock_fake_advance,
	.pump = pump,
};
STORE_LAWS_TEST(laws, &maker)

/* Posts acceptances of 1 … count, leased. */
static struct probe_accept posted[8];
static void post_accepts(struct store *s, int64_t link, uint64_t count)
{
	probe_forget();
	for (uint64_t seq = 1; seq <= count; seq++) {
		probe_accept_init(&posted[seq], s, link, seq);
		posted[seq].accept.lease = true;
		probe_post(s, &posted[seq].accept.op);
	}
}

static int64_t seven_ms(void *arg, size_t operations)
{
	*(size_t *)arg = operations;
	return 7;
}

START_TEST(a_commit_takes_as_long_as_the_script_says)
{
	size_t operations = 0;
	const struct memory_script script = {.latency_ms = seven_ms, .arg = &operations};

	probe_maker = &maker;
	open_store();
	memory_store_destroy(memory);
	memory = memory_store_create(&script);
	struct store *s = memory_store_face(memory);
	memory_store_at_once(memory, true);
	int64_t link = probe_link(s, "A");
	memory_store_at_once(memory, false);

	post_accepts(s, link, 2);
	ck_assert(!memory_store_turn(memory));
	ck_assert_uint_eq(operations, 2);
	ck_assert_int_eq(memory_store_next_ms(memory), 5007);
	/* What comes while one is under way waits for the next. */
	probe_accept_init(&posted[3], s, link, 3);
	probe_post(s, &posted[3].accept.op);
	clock_fake_advance(6);
	ck_assert(!memory_store_turn(memory));
	ck_assert(!probe_has(s, 1));
	clock_fake_advance(1);
	ck_assert(memory_store_turn(memory));
	ck_assert_uint_eq(probe_ended_count, 2);
	ck_assert(probe_has(s, 2) && !probe_has(s, 3));
	ck_assert_int_eq(memory_store_next_ms(memory), 5014);
}
END_TEST

START_TEST(a_crash_loses_what_was_not_committed)
{
	struct store *s = open_store();
	struct store_recovery found;

	probe_maker = &maker;
	int64_t link = probe_link(s, "A");
	post_accepts(s, link, 3);
	memory_store_crash(memory, 2);
	ck_assert_uint_eq(probe_ended_count, 0);
	ck_assert_int_eq(store_recover(s, NULL, 0, &found, NULL), 0);
	ck_assert_uint_eq(found.released, 2);
	ck_assert_uint_eq(found.seq_most, 2);
	ck_assert(probe_has(s, 1) && probe_has(s, 2) && !probe_has(s, 3));
}
END_TEST

START_TEST(a_full_disk_accepts_nothing_and_settles)
{
	struct store *s = open_store();

	probe_maker = &maker;
	int64_t link = probe_link(s, "A");
	ck_assert_int_eq(probe_accept(s, link, 1, true), 0);
	memory_store_set_room(memory, MEMORY_FULL);
	ck_assert_int_eq(probe_accept(s, link, 2, true), ERR_BUSY);
	ck_assert(!probe_has(s, 2));
	ck_assert_int_eq(probe_settle(s, 1, 1, STORE_DONE), 0);
	memory_store_set_room(memory, MEMORY_ROOMY);
	ck_assert_int_eq(probe_accept(s, link, 2, true), 0);
}
END_TEST

START_TEST(without_its_reserve_settlements_wait)
{
	struct store *s = open_store();
	struct store_settle settle;

	probe_maker = &maker;
	int64_t link = probe_link(s, "A");
	ck_assert_int_eq(probe_accept(s, link, 1, true), 0);
	ck_assert_int_eq(probe_accept(s, link, 2, false), 0);
	memory_store_set_room(memory, MEMORY_EXHAUSTED);
	probe_settle_init(&settle, s, 1, 1, STORE_DONE);
	probe_forget();
	probe_post(s, &settle.op);
	pump(s);
	ck_assert_uint_eq(probe_ended_count, 0);
	/* What was offered to a claim that fails is not claimed. */
	struct store_claim claim = {.op.kind = STORE_CLAIM,
	                            .link = link,
	                            .now_ms = store_now_ms(s),
	                            .most = 10,
	                            .bytes_most = 100,
	                            .take = probe_take};
	probe_claimed.count = 0;
	ck_assert_int_eq(probe_run(s, &claim.op), ERR_BUSY);
	ck_assert_uint_eq(probe_claimed.count, 1);
	ck_assert_int_eq(probe_get(s, 2)->state, STORE_READY);
	ck_assert_int_eq(memory_store_next_ms(memory), -1);

	probe_forget();
	memory_store_set_room(memory, MEMORY_ROOMY);
	pump(s);
	ck_assert_uint_eq(probe_ended_count, 1);
	ck_assert_int_eq(settle.op.rc, 0);
	ck_assert_int_eq(probe_get(s, 1)->state, STORE_DONE);
}
END_TEST

START_TEST(a_failure_leaves_it_unknown)
{
	struct store *s = open_store();

	probe_maker = &maker;
	int64_t link = probe_link(s, "A");
	memory_store_fail(memory, _i);
	ck_assert_int_eq(probe_accept(s, link, 1, true), ERR_IO);
	ck_assert_int_eq(probe_accept(s, link, 2, true), ERR_IO);
	memory_store_crash(memory, 0);
	ck_assert_int_eq(probe_has(s, 1), _i);
	ck_assert(!probe_has(s, 2));
	ck_assert_int_eq(probe_accept(s, link, 3, true), 0);
}
END_TEST

/* It says so, and reads as if nothing was there. */
START_TEST(keeps_no_catalogue)
{
	struct store *s = open_store();
	struct store_deployment d = probe_deployment("A", "Test", "r1");
	struct store_change c = {.deployments = &d, .deployment_count = 1};

	probe_maker = &maker;
	ck_assert_int_eq(probe_change(s, &c), ERR_FAILED);
	ck_assert_int_eq(probe_journal_done(s, 1), ERR_FAILED);
	ck_assert_str_eq(probe_all_deployments(s), "");
	ck_assert_str_eq(probe_one_deployment(s, "A", "Test", 0), "none");
	ck_assert_str_eq(probe_identities(s), "");
	ck_assert_str_eq(probe_approvals(s), "");
	ck_assert_str_eq(probe_journal(s), "");
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(laws, store_laws),
	SUITE_TEST(a_commit_takes_as_long_as_the_script_says),
	SUITE_TEST(a_crash_loses_what_was_not_committed),
	SUITE_TEST(a_full_disk_accepts_nothing_and_settles),
	SUITE_TEST(without_its_reserve_settlements_wait),
	SUITE_TEST(keeps_no_catalogue),
	SUITE_TIMES(a_failure_leaves_it_unknown, 2),
};

SUITE_MAIN("memory_store", tests)
