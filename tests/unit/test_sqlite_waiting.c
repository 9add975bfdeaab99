/* What waits in memory instead of in the indexes of the file: nobody but the file's size can tell. */
#include <sqlite3.h>

#include "catalogue_probe.h"
#include "faulty_vfs.h"
#include "sqlite_fixture.h"
#include "suite.h"

/* How many wait with a place in the indexes. */
static int filed(void)
{
	char path[300];
	sqlite3_stmt *stmt = NULL;
	sqlite3 *db = NULL;

	snprintf(path, sizeof(path), "%s/outbox.db", folder_root);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db,
	                                    "SELECT count(*) FROM delivery"
	                                    " WHERE state = 0 AND due_ms IS NOT NULL",
	                                    -1, &stmt, NULL),
	                 SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
	int count = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return count;
}

/* What is due between groups has been done when this returns. */
static void let_it_look(struct store *s)
{
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(probe_alter(s, 7777, STORE_CANCEL, NULL), ERR_NOT_FOUND);
}

START_TEST(looks_as_ever)
{
	static const struct store_filter ready = {.states = 1u << STORE_READY},
					 leased = {.states = 1u << STORE_LEASED};
	struct store *s = fixture_begin();
	int64_t link = probe_link(s, "A");

	for (uint64_t seq = 1; seq <= 4; seq++) {
		ck_assert_int_eq(probe_accept(s, link, seq, seq == 1), 0);
		clock_fake_advance(10);
	}
	ck_assert_int_eq(filed(), 0);
	probe_lists(s, &ready, 0, true, 10, (uint64_t[]){2, 3, 4, 0});
	probe_lists(s, &leased, 0, true, 10, (uint64_t[]){1, 0});
	ck_assert_int_eq(probe_get(s, 2)->due_ms, PROBE_START_MS + 10);
	const struct store_link *l = probe_link_get(s, link);
	ck_assert_uint_eq(l->ready, 3);
	ck_assert_uint_eq(l->leased, 1);
	ck_assert_int_eq(l->next_due_ms, PROBE_START_MS + 10);
	ck_assert_int_eq(l->oldest_ms, PROBE_START_MS);

	probe_claims(s, link, 2, false, (uint64_t[]){2, 3, 0});
	ck_assert_int_eq(probe_claimed.next_due_ms, PROBE_START_MS + 30);
	l = probe_link_get(s, link);
	ck_assert_uint_eq(l->ready, 1);
	ck_assert_uint_eq(l->leased, 3);
	ck_assert_int_eq(l->next_due_ms, PROBE_START_MS + 30);
	ck_assert_int_eq(probe_get(s, 3)->state, STORE_LEASED);
	ck_assert_int_eq(probe_settle(s, 3, probe_claimed.fence[1], STORE_DONE), 0);
	ck_assert_int_eq(probe_settle(s, 3, probe_claimed.fence[1], STORE_DONE), ERR_CONFLICT);
	probe_lists(s, &leased, 0, true, 10, (uint64_t[]){1, 2, 0});
	fixture_end(s);
}
END_TEST

/* Memory still names what an operator has changed. */
START_TEST(changed_meanwhile)
{
	struct store *s = fixture_begin();
	int64_t link = probe_link(s, "A");
	enum store_state found;

	for (uint64_t seq = 1; seq <= 5; seq++)
		ck_assert_int_eq(probe_accept(s, link, seq, false), 0);
	ck_assert_int_eq(probe_alter(s, 1, STORE_CANCEL, &found), 0);
	ck_assert_int_eq(found, STORE_READY);
	clock_fake_advance(5);
	ck_assert_int_eq(probe_alter(s, 2, STORE_RETRY_NOW, NULL), 0);
	ck_assert_int_eq(probe_alter(s, 3, STORE_CANCEL, NULL), 0);
	ck_assert_int_eq(probe_alter(s, 3, STORE_RETRY_NOW, NULL), 0);
	ck_assert_uint_eq(probe_link_get(s, link)->ready, 4);
	probe_claims(s, link, 10, false, (uint64_t[]){4, 5, 2, 3, 0});
	ck_assert_int_eq(probe_claimed.next_due_ms, 0);
	ck_assert_int_eq(probe_get(s, 1)->state, STORE_CANCELLED);
	ck_assert_int_eq(probe_alter(s, 4, STORE_CANCEL, &found), ERR_BUSY);
	ck_assert_int_eq(found, STORE_LEASED);
	/* One that comes back waits in the file. */
	ck_assert_int_eq(probe_settle(s, 4, 1, STORE_READY), 0);
	ck_assert_int_eq(filed(), 1);
	probe_claims(s, link, 10, false, (uint64_t[]){4, 0});
	ck_assert_uint_eq(probe_claimed.fence[0], 2);
	fixture_end(s);
}
END_TEST

/* In the order in which they are due, wherever they wait. */
START_TEST(taken_in_order)
{
	struct store *s = fixture_begin();
	int64_t link = probe_link(s, "A"), other = probe_link(s, "B");

	ck_assert_int_eq(probe_accept(s, link, 1, true), 0);
	ck_assert_int_eq(probe_accept(s, link, 2, false), 0);
	ck_assert_int_eq(probe_accept(s, other, 3, false), 0);
	clock_fake_advance(20);
	ck_assert_int_eq(probe_accept(s, link, 4, false), 0);
	ck_assert_int_eq(probe_later(s, 1, 1, PROBE_START_MS + 10), 0);
	probe_claims(s, link, 1, false, (uint64_t[]){2, 0});
	ck_assert_int_eq(probe_claimed.next_due_ms, PROBE_START_MS + 10);
	probe_claimed.refuse_at = 2;
	probe_claims(s, link, 10, false, (uint64_t[]){1, 0});
	probe_claimed.refuse_at = 0;
	ck_assert_int_eq(probe_claimed.next_due_ms, PROBE_START_MS + 20);
	probe_claims(s, link, 10, false, (uint64_t[]){4, 0});
	probe_claims(s, other, 10, false, (uint64_t[]){3, 0});
	fixture_end(s);
}
END_TEST

/* A claim sees what was accepted before it in the same transaction. */
START_TEST(in_one_transaction)
{
	struct store *s = fixture_begin();
	struct probe_accept a;
	int64_t link = probe_link(s, "A");
	struct store_claim claim = {.op = {.kind = STORE_CLAIM, .done = probe_done},
	                            .link = link,
	                            .now_ms = store_now_ms(s),
	                            .most = 10,
	                            .bytes_most = 1000,
	                            .take = probe_take};

	probe_accept_init(&a, s, link, 1);
	a.accept.op.done = probe_done;
	a.accept.op.next = &claim.op;
	probe_claimed.count = 0;
	probe_forget();
	store_post(s, &a.accept.op);
	probe_wait(s, 2);
	ck_assert_int_eq(claim.op.rc, 0);
	ck_assert_uint_eq(claim.count, 1);
	ck_assert_uint_eq(probe_link_get(s, link)->leased, 1);
	ck_assert_uint_eq(probe_link_get(s, link)->ready, 0);
	fixture_end(s);
}
END_TEST

/* The process dies: what waited waits again, and what was taken from memory is released. */
START_TEST(found_by_the_next_start)
{
	struct store *s = fixture_begin();
	struct store_recovery found;
	int64_t link = probe_link(s, "A");

	for (uint64_t seq = 1; seq <= 4; seq++)
		ck_assert_int_eq(probe_accept(s, link, seq, false), 0);
	probe_claims(s, link, 2, false, (uint64_t[]){1, 2, 0});
	s = fixture_reopen(s);
	ck_assert_int_eq(store_recover(s, (uint64_t[]){2}, 1, &found, NULL), 0);
	ck_assert_uint_eq(found.released, 2);
	ck_assert_uint_eq(found.suspects, 1);
	ck_assert_uint_eq(probe_link_get(s, link)->ready, 4);
	ck_assert_uint_eq(probe_get(s, 2)->attempts, 1);
	ck_assert_uint_eq(probe_get(s, 3)->attempts, 0);
	probe_claims(s, link, 10, false, (uint64_t[]){1, 2, 3, 4, 0});
	/* The one before may have been on its way: its settlement comes too late. */
	ck_assert_int_eq(probe_settle(s, 1, 1, STORE_DONE), ERR_CONFLICT);
	fixture_end(s);
}
END_TEST

/* What waits for long is not held in memory, nor does it hold up the watermark. */
START_TEST(filed_after_a_while)
{
	enum { COUNT = 1200 };
	struct store *s = fixture_begin();
	int64_t link = probe_link(s, "A"), other = probe_link(s, "B");

	for (uint64_t seq = 1; seq <= COUNT; seq++)
		ck_assert_int_eq(probe_accept(s, seq % 100 ? link : other, seq, false), 0);
	clock_fake_advance(59000);
	ck_assert_int_eq(probe_accept(s, link, COUNT + 1, false), 0);
	let_it_look(s);
	ck_assert_int_eq(filed(), 0);
	clock_fake_advance(2000);
	let_it_look(s);
	/* In steps, the rest while nothing else is to do: the last look is not before they are done. */
	for (int i = 0; i < 10; i++)
		let_it_look(s);
	ck_assert_int_eq(filed(), COUNT);
	ck_assert_uint_eq(probe_link_get(s, link)->ready, COUNT + 1 - COUNT / 100);
	ck_assert_uint_eq(probe_link_get(s, other)->ready, COUNT / 100);
	probe_claims(s, other, 2, false, (uint64_t[]){100, 200, 0});
	probe_claims(s, link, 3, false, (uint64_t[]){1, 2, 3, 0});
	fixture_end(s);
}
END_TEST

START_TEST(expire)
{
	struct store *s = fixture_begin();
	int64_t link = probe_link(s, "A");

	ck_assert_int_eq(probe_accept(s, link, 1, false), 0);
	ck_assert_int_eq(probe_accept(s, link, 2, false), 0);
	clock_fake_advance(1000);
	ck_assert_int_eq(probe_accept(s, link, 3, false), 0);
	struct store_expire op = {.op.kind = STORE_EXPIRE,
	                          .link = link,
	                          .since_ms = PROBE_START_MS + 500,
	                          .now_ms = store_now_ms(s),
	                          .most = 1};
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(probe_run(s, &op.op), 0);
		ck_assert_uint_eq(op.count, 1);
	}
	ck_assert_int_eq(probe_run(s, &op.op), 0);
	ck_assert_uint_eq(op.count, 0);
	ck_assert_int_eq(probe_get(s, 2)->state, STORE_DEAD);
	probe_claims(s, link, 10, false, (uint64_t[]){3, 0});
	fixture_end(s);
}
END_TEST

START_TEST(deleted)
{
	struct store *s = fixture_begin();

	ck_assert_int_eq(probe_naming(s, NULL, "A", "u1"), 0);
	ck_assert_int_eq(probe_naming(s, NULL, "B", "u2"), 0);
	int64_t a = probe_link_in(s, "A", "Test"), b = probe_link_in(s, "B", "Test");
	for (uint64_t seq = 1; seq <= 6; seq++)
		ck_assert_int_eq(probe_accept(s, seq % 2 ? a : b, seq, false), 0);
	ck_assert_int_eq(probe_naming(s, "A", NULL, NULL), 0);
	ck_assert_uint_eq(probe_drop(s, 2), 2);
	ck_assert_uint_eq(probe_drop(s, 2), 1);
	ck_assert_int_eq(probe_get(s, 5)->state, STORE_CANCELLED);
	probe_claims(s, b, 10, false, (uint64_t[]){2, 4, 6, 0});
	fixture_end(s);
}
END_TEST

/* Whatever fails while it is claimed: it is given then, or again. */
START_TEST(a_claim_without_room)
{
	for (unsigned n = 1, failed = 1; failed > 0; n++) {
		struct store *s = fixture_begin();
		fixture.options.vfs = faulty_register();
		s = fixture_reopen(s);
		fixture_recover(s);
		int64_t link = probe_link(s, "A");
		ck_assert_int_eq(probe_accept(s, link, 1, false), 0);
		ck_assert_int_eq(probe_accept(s, link, 2, false), 0);
		struct store_claim claim = {.op.kind = STORE_CLAIM,
		                            .link = link,
		                            .now_ms = store_now_ms(s),
		                            .most = 10,
		                            .bytes_most = 1000,
		                            .take = probe_take};
		probe_claimed.count = 0;
		faulty_arm(FAULTY_WRITE, n, 1, SQLITE_FULL);
		int rc = probe_run(s, &claim.op);
		failed = faulty_disarm();
		ck_assert(rc == 0 || rc == ERR_BUSY);
		ck_assert_uint_eq(probe_link_get(s, link)->ready, rc == 0 ? 0 : 2);
		if (rc == 0)
			ck_assert_uint_eq(claim.count, 2);
		else
			probe_claims(s, link, 10, false, (uint64_t[]){1, 2, 0});
		fixture_end(s);
	}
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(looks_as_ever),
	SUITE_TEST(changed_meanwhile),
	SUITE_TEST(taken_in_order),
	SUITE_TEST(in_one_transaction),
	SUITE_TEST(found_by_the_next_start),
	SUITE_TEST(filed_after_a_while),
	SUITE_TEST(expire),
	SUITE_TEST(deleted),
	SUITE_TEST(a_claim_without_room),
};

SUITE_MAIN("sqlite_waiting", tests)
