/* A full disk: accepts are refused, settlements go on or wait, and it resumes by itself. */
#include <sys/stat.h>

#include "base/err.h"
#include "catalogue_probe.h"
#include "faulty_vfs.h"
#include "sqlite_fixture.h"
#include "suite.h"

enum { ALWAYS = 1 << 30 };

static struct store *begin(void)
{
	probe_maker = &fixture_maker;
	fixture.options = (struct sqlite_options){.vfs = faulty_register()};
	return fixture_open();
}

static bool has_reserve(void)
{
	struct stat st;

	return stat(folder_path("reserve"), &st) == 0 && st.st_size == 16 << 20 &&
	       st.st_blocks * 512 >= 16 << 20;
}

static bool is_full(struct store *s)
{
	struct store_stats stats;

	store_stats(s, &stats);
	ck_assert_uint_gt(stats.disk_free_bytes, 0);
	return stats.full;
}

/* Something to do, so that the store looks about. */
static void nudge(struct store *s)
{
	struct store_pause op = {.op.kind = STORE_PAUSE, .link = 999};

	probe_run(s, &op.op);
}

/* A second later the store looks at the disk, which has room in truth. */
static void wait_for_room(struct store *s)
{
	while (is_full(s)) {
		clock_fake_advance(1000);
		nudge(s);
	}
}

START_TEST(the_reserve_is_real)
{
	struct store *s = begin();

	ck_assert(has_reserve());
	ck_assert(!is_full(s));
	ck_assert_int_eq(fixture.full_edges, 0);
	fixture_end(s);
}
END_TEST

START_TEST(goes_on_within_the_reserve)
{
	struct store *s = begin();
	int64_t link = probe_link(s, "A");

	ck_assert_int_eq(probe_accept(s, link, 1, true), 0);
	ck_assert_int_eq(probe_accept(s, link, 2, false), 0);
	faulty_arm(FAULTY_WRITE, 1, 1, SQLITE_FULL);
	ck_assert_int_eq(probe_accept(s, link, 3, true), ERR_BUSY);
	ck_assert_uint_eq(faulty_disarm(), 1);
	ck_assert(!probe_has(s, 3));
	ck_assert(is_full(s));
	ck_assert_int_eq(fixture.full, 1);
	ck_assert(!has_reserve());
	/* Refused without a look at the disk. */
	faulty_arm(FAULTY_WRITE | FAULTY_READ, ALWAYS, 1, SQLITE_FULL);
	ck_assert_int_eq(probe_accept(s, link, 4, true), ERR_BUSY);
	ck_assert_uint_eq(faulty.count, 0);
	faulty_disarm();
	/* What is under way ends, and what waits is claimed. */
	ck_assert_int_eq(probe_settle(s, 1, 1, STORE_READY), 0);
	ck_assert_uint_eq(probe_claim(s, link, 10, false), 2);
	ck_assert_int_eq(probe_alter(s, 77, STORE_CANCEL, NULL), ERR_NOT_FOUND);

	wait_for_room(s);
	ck_assert_int_eq(fixture.full, 0);
	ck_assert_int_eq(fixture.full_edges, 2);
	ck_assert(has_reserve());
	ck_assert_int_eq(probe_accept(s, link, 5, true), 0);
	ck_assert_int_eq(fixture.failed, 0);
	fixture_end(s);
}
END_TEST

/* Changes are refused as accepts are; what they have left to do goes on. */
START_TEST(a_change_counts_as_an_accept)
{
	static const struct store_file file = {.path = "/f", .bytes = "f", .size_bytes = 1};
	struct store_change c = {.files = &file, .file_count = 1};
	struct store *s = begin();

	ck_assert_int_eq(probe_change(s, &c), 0);
	ck_assert_int_eq(probe_accept(s, probe_link_in(s, "A", "Test"), 1, false), 0);
	ck_assert_int_eq(probe_naming(s, "A", NULL, NULL), 0);
	uint64_t journal = c.journal;
	faulty_arm(FAULTY_WRITE, 1, 1, SQLITE_FULL);
	ck_assert_int_eq(probe_change(s, &c), ERR_BUSY);
	ck_assert_uint_eq(faulty_disarm(), 1);
	ck_assert_int_eq(probe_naming(s, NULL, "B", "u1"), ERR_BUSY);
	ck_assert_str_eq(probe_identities(s), "");
	ck_assert_uint_eq(probe_drop(s, 10), 1);
	ck_assert_int_eq(probe_journal_done(s, journal), 0);
	ck_assert_str_eq(probe_journal(s), "");
	ck_assert(is_full(s));

	wait_for_room(s);
	ck_assert_int_eq(probe_naming(s, NULL, "B", "u1"), 0);
	ck_assert_str_eq(probe_identities(s), "u1 global/B\n");
	ck_assert_int_eq(fixture.failed, 0);
	fixture_end(s);
}
END_TEST

/* All in one transaction that finds no room: what need not be written is refused, the rest is done. */
START_TEST(a_group_without_room)
{
	struct store *s = begin();
	int64_t link = probe_link(s, "A");
	struct store_settle settle;
	struct probe_accept accept;
	struct store_claim claim = {.op = {.kind = STORE_CLAIM, .done = probe_done},
	                            .link = link,
	                            .now_ms = store_now_ms(s),
	                            .most = 5,
	                            .bytes_most = 100,
	                            .take = probe_take};

	ck_assert_int_eq(probe_accept(s, link, 1, true), 0);
	ck_assert_int_eq(probe_accept(s, link, 2, false), 0);
	probe_settle_init(&settle, s, 1, 1, STORE_DONE);
	probe_accept_init(&accept, s, link, 3);
	settle.op.done = accept.accept.op.done = probe_done;
	claim.op.next = &accept.accept.op;
	accept.accept.op.next = &settle.op;
	probe_claimed.count = 0;
	probe_forget();
	faulty_arm(FAULTY_WRITE, 1, 1, SQLITE_FULL);
	store_post(s, &claim.op);
	probe_wait(s, 3);
	ck_assert_uint_eq(faulty_disarm(), 1);
	ck_assert_ptr_eq(probe_ended[0], &claim.op);
	ck_assert_ptr_eq(probe_ended[2], &settle.op);
	/* It gave one away, and then did not happen. */
	ck_assert_int_eq(claim.op.rc, ERR_BUSY);
	ck_assert_uint_eq(probe_claimed.count, 1);
	ck_assert_int_eq(probe_get(s, 2)->state, STORE_READY);
	ck_assert_int_eq(accept.accept.op.rc, ERR_BUSY);
	ck_assert_int_eq(settle.op.rc, 0);
	ck_assert_int_eq(probe_get(s, 1)->state, STORE_DONE);
	fixture_end(s);
}
END_TEST

START_TEST(settlements_are_held)
{
	struct store *s = begin();
	int64_t link = probe_link(s, "A");
	struct store_settle first, second;

	ck_assert_int_eq(probe_accept(s, link, 1, true), 0);
	ck_assert_int_eq(probe_accept(s, link, 2, true), 0);
	faulty_arm(FAULTY_WRITE, 1, ALWAYS, SQLITE_FULL);
	probe_settle_init(&first, s, 1, 1, STORE_DONE);
	probe_settle_init(&second, s, 2, 1, STORE_DEAD);
	probe_forget();
	probe_post(s, &first.op);
	probe_post(s, &second.op);
	/* Everything else is answered, and at once. */
	struct store_pause pause = {.op.kind = STORE_PAUSE, .link = link, .paused = true};
	struct probe_accept accept;
	probe_accept_init(&accept, s, link, 3);
	probe_post(s, &pause.op);
	probe_post(s, &accept.accept.op);
	probe_wait(s, 2);
	ck_assert_ptr_eq(probe_ended[0], &pause.op);
	ck_assert_ptr_eq(probe_ended[1], &accept.accept.op);
	ck_assert_int_eq(pause.op.rc, ERR_BUSY);
	ck_assert_int_eq(accept.accept.op.rc, ERR_BUSY);
	ck_assert(is_full(s));
	ck_assert_int_eq(fixture.full_edges, 1);

	faulty_disarm();
	clock_fake_advance(1000);
	struct store_pause look = {.op.kind = STORE_PAUSE, .link = 999};
	probe_post(s, &look.op);
	probe_wait(s, 5);
	/* In their order, before or after the one that woke the store. */
	size_t at = probe_ended[2] == &look.op ? 3 : 2;
	ck_assert_ptr_eq(probe_ended[at], &first.op);
	ck_assert_ptr_eq(probe_ended[at + 1], &second.op);
	ck_assert_int_eq(first.op.rc, 0);
	ck_assert_int_eq(second.op.rc, 0);
	ck_assert_int_eq(probe_get(s, 1)->state, STORE_DONE);
	ck_assert_int_eq(probe_get(s, 2)->state, STORE_DEAD);
	wait_for_room(s);
	ck_assert_int_eq(probe_accept(s, link, 4, true), 0);
	ck_assert_int_eq(fixture.failed, 0);
	fixture_end(s);
}
END_TEST

/* A stop while there is no room: what could not be written is released by the next start. */
START_TEST(closed_without_room)
{
	struct store *s = begin();
	int64_t link = probe_link(s, "A");
	struct store_settle settle;
	struct store_recovery found;
	struct err e = {0};

	ck_assert_int_eq(probe_accept(s, link, 1, true), 0);
	faulty_arm(FAULTY_WRITE, 1, ALWAYS, SQLITE_FULL);
	probe_settle_init(&settle, s, 1, 1, STORE_DONE);
	probe_forget();
	probe_post(s, &settle.op);
	store_close(s);
	ck_assert_uint_eq(probe_ended_count, 1);
	ck_assert_int_eq(settle.op.rc, ERR_IO);
	faulty_disarm();
	s = fixture_open_again();
	ck_assert_int_eq(store_recover(s, NULL, 0, &found, &e), 0);
	ck_assert_uint_eq(found.released, 1);
	ck_assert_uint_eq(probe_claim(s, link, 1, false), 1);
	fixture_end(s);
}
END_TEST

/* A month with a full disk: retries over and over, within what the WAL has already. */
START_TEST(the_wal_is_used_again)
{
	struct store *s = begin();
	int64_t link = probe_link(s, "A");
	struct stat st;

	for (uint64_t seq = 1; seq <= 40; seq++)
		ck_assert_int_eq(probe_accept(s, link, seq, true), 0);
	faulty_arm(FAULTY_WRITE, 1, 1, SQLITE_FULL);
	ck_assert_int_eq(probe_accept(s, link, 99, true), ERR_BUSY);
	faulty_disarm();
	for (uint32_t fence = 1; fence <= 60; fence++) {
		for (uint64_t seq = 1; seq <= 40; seq++)
			ck_assert_int_eq(probe_settle(s, seq, fence, STORE_READY), 0);
		ck_assert_uint_eq(probe_claim(s, link, 40, false), 40);
	}
	ck_assert(is_full(s));
	ck_assert_int_eq(stat(folder_path("outbox.db-wal"), &st), 0);
	ck_assert_int_lt(st.st_size, 4 << 20);
	fixture_end(s);
}
END_TEST

/* A start on a full disk: the reserve of the run before is room enough to begin. */
START_TEST(opened_without_room)
{
	struct store *s = begin();
	int64_t link = probe_link(s, "A");

	ck_assert_int_eq(probe_accept(s, link, 1, true), 0);
	store_close(s);
	faulty_arm(FAULTY_WRITE, 1, 1, SQLITE_FULL);
	s = fixture_open_again();
	if (!faulty.failed)
		fixture_recover(s);
	ck_assert_uint_eq(faulty_disarm(), 1);
	wait_for_room(s);
	ck_assert_uint_eq(fixture.full_edges % 2, 0);
	ck_assert(has_reserve());
	ck_assert(probe_has(s, 1));
	ck_assert_int_eq(probe_accept(s, link, 2, true), 0);
	fixture_end(s);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(the_reserve_is_real),          SUITE_TEST(goes_on_within_the_reserve),
	SUITE_TEST(a_change_counts_as_an_accept), SUITE_TEST(a_group_without_room),
	SUITE_TEST(settlements_are_held),         SUITE_TEST(closed_without_room),
	SUITE_TEST(the_wal_is_used_again),        SUITE_TEST(opened_without_room),
};

SUITE_MAIN("sqlite space", tests)
