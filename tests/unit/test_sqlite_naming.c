/* Connections that get a name, another one, or lose it: what hangs on the name follows, and what a
 * deleted one leaves behind is dropped. */
#include <sqlite3.h>

#include "catalogue_probe.h"
#include "sqlite_fixture.h"
#include "suite.h"

/*
 * Names
 */
START_TEST(a_new_one_takes_over_its_links)
{
	struct store *s = fixture_begin();
	int64_t id = probe_link_in(s, "A", "Test");

	ck_assert_int_eq(probe_accept(s, id, 1, false), 0);
	ck_assert_int_eq(probe_naming(s, NULL, "a", "u1"), 0);
	ck_assert_int_eq(probe_link_in(s, "A", "Test"), id);
	ck_assert(!probe_link_get(s, id)->deleted);
	ck_assert_uint_eq(probe_link_get(s, id)->ready, 1);
	/* The same once more changes nothing. */
	ck_assert_int_eq(probe_naming(s, NULL, "A", "u1"), 0);
	ck_assert_str_eq(probe_identities(s), "u1 global/a\n");
	fixture_end(s);
}
END_TEST

static void keep_created(void *arg, const struct store_identity *i)
{
	*(int64_t *)arg = i->created_ms;
}

START_TEST(when_it_began_is_kept)
{
	struct store *s = fixture_begin();
	int64_t created_ms = 0;

	clock_fake_advance(5000);
	ck_assert_int_eq(probe_naming(s, NULL, "A", "u1"), 0);
	clock_fake_advance(5000);
	ck_assert_int_eq(probe_naming(s, "A", "B", NULL), 0);
	ck_assert_int_eq(store_identities(s, keep_created, &created_ms, NULL), 0);
	ck_assert_int_eq(created_ms, PROBE_START_MS + 5000);
	fixture_end(s);
}
END_TEST

START_TEST(all_follows_a_new_name)
{
	struct store *s = fixture_begin();

	ck_assert_int_eq(probe_naming(s, NULL, "A", "u1"), 0);
	probe_deploy(s, "A", "Test", "r1");
	probe_deploy(s, "A", "Prod", "r1");
	int64_t id = probe_link_in(s, "A", "Test");
	ck_assert_int_eq(probe_accept(s, id, 1, false), 0);
	ck_assert_int_eq(probe_naming(s, "a", "B", NULL), 0);

	ck_assert_str_eq(probe_identities(s), "u1 global/B\n");
	ck_assert_str_eq(probe_all_deployments(s),
	                 "global/B/Prod #1 r1 active\nglobal/B/Test #1 r1 active\n");
	ck_assert_int_eq(probe_link_in(s, "B", "Test"), id);
	ck_assert_str_eq(probe_link_get(s, id)->connection, "B");
	ck_assert_uint_eq(probe_link_get(s, id)->ready, 1);
	ck_assert_uint_eq(probe_deploy(s, "B", "Test", "r2"), 2);
	/* The old name is free. */
	ck_assert_int_eq(probe_naming(s, NULL, "A", "u2"), 0);
	ck_assert_int_ne(probe_link_in(s, "A", "Test"), id);
	ck_assert_uint_eq(probe_deploy(s, "A", "Test", "r9"), 1);
	fixture_end(s);
}
END_TEST

START_TEST(into_another_project)
{
	const struct store_naming naming = {"global", "A", "p", "A", NULL};
	struct store_change c = {.names = &naming, .name_count = 1};
	struct store *s = fixture_begin();

	ck_assert_int_eq(probe_naming(s, NULL, "A", "u1"), 0);
	probe_deploy(s, "A", "Test", "r1");
	ck_assert_int_eq(probe_change(s, &c), 0);
	ck_assert_str_eq(probe_identities(s), "u1 p/A\n");
	ck_assert_str_eq(probe_all_deployments(s), "p/A/Test #1 r1 active\n");
	fixture_end(s);
}
END_TEST

START_TEST(its_own_name_is_not_taken)
{
	struct store *s = fixture_begin();

	ck_assert_int_eq(probe_naming(s, NULL, "orders", "u1"), 0);
	probe_deploy(s, "orders", "Test", "r1");
	ck_assert_int_eq(probe_naming(s, "orders", "Orders", NULL), 0);
	ck_assert_str_eq(probe_identities(s), "u1 global/Orders\n");
	ck_assert_str_eq(probe_all_deployments(s), "global/Orders/Test #1 r1 active\n");
	fixture_end(s);
}
END_TEST

static int rename_both(struct store *s, const char *from_1, const char *to_1, const char *from_2,
                       const char *to_2)
{
	const struct store_naming names[] = {
		{.from_project = "global",
	         .from_name = from_1,
	         .to_project = "global",
	         .to_name = to_1},
		{.from_project = "global",
	         .from_name = from_2,
	         .to_project = "global",
	         .to_name = to_2},
	};
	struct store_change c = {.names = names, .name_count = 2};

	return probe_change(s, &c);
}

START_TEST(one_after_the_other)
{
	struct store *s = fixture_begin();

	ck_assert_int_eq(probe_naming(s, NULL, "A", "u1"), 0);
	ck_assert_int_eq(probe_naming(s, NULL, "B", "u2"), 0);
	probe_deploy(s, "A", "Test", "r1");
	probe_deploy(s, "B", "Test", "r2");
	/* Each comes to a name that is taken then; what the first did is undone. */
	ck_assert_int_eq(rename_both(s, "A", "B", "B", "C"), ERR_CONFLICT);
	ck_assert_int_eq(rename_both(s, "A", "C", "B", "C"), ERR_CONFLICT);
	ck_assert_str_eq(probe_identities(s), "u1 global/A\nu2 global/B\n");
	ck_assert_str_eq(probe_all_deployments(s),
	                 "global/A/Test #1 r1 active\nglobal/B/Test #1 r2 active\n");
	ck_assert_int_eq(rename_both(s, "B", "C", "A", "B"), 0);
	ck_assert_str_eq(probe_identities(s), "u1 global/B\nu2 global/C\n");
	ck_assert_str_eq(probe_all_deployments(s),
	                 "global/B/Test #1 r1 active\nglobal/C/Test #1 r2 active\n");
	fixture_end(s);
}
END_TEST

/* Somebody took the file away by hand: its links are there, and nobody is behind them. */
START_TEST(a_name_that_nobody_has)
{
	struct store *s = fixture_begin();

	probe_deploy(s, "B", "Test", "r7");
	int64_t old = probe_link_in(s, "B", "Test");
	ck_assert_int_eq(probe_accept(s, old, 1, false), 0);
	ck_assert_int_eq(probe_naming(s, NULL, "A", "u1"), 0);
	probe_deploy(s, "A", "Test", "r1");
	int64_t id = probe_link_in(s, "A", "Test");
	ck_assert_int_eq(probe_naming(s, "A", "B", NULL), 0);
	ck_assert_str_eq(probe_all_deployments(s), "global/B/Test #1 r1 active\n");
	ck_assert_int_eq(probe_link_in(s, "B", "Test"), id);
	ck_assert(probe_link_get(s, old)->deleted);
	ck_assert_uint_eq(probe_drop(s, 10), 1);
	fixture_end(s);
}
END_TEST

/*
 * Deleted ones
 */
START_TEST(a_deleted_one_leaves_its_name)
{
	struct store *s = fixture_begin();

	ck_assert_int_eq(probe_naming(s, NULL, "A", "u1"), 0);
	probe_deploy(s, "A", "Test", "r1");
	probe_deploy(s, "A", "Test", "r2");
	probe_deploy(s, "B", "Test", "r1");
	int64_t old = probe_link_in(s, "A", "Test");
	ck_assert_int_eq(probe_naming(s, "A", NULL, NULL), 0);
	ck_assert_str_eq(probe_identities(s), "");
	ck_assert_str_eq(probe_all_deployments(s), "global/B/Test #1 r1 active\n");
	ck_assert_str_eq(probe_one_deployment(s, "A", "Test", 0), "none");
	ck_assert_str_eq(probe_one_deployment(s, "A", "Test", 1), "none");
	ck_assert(probe_link_get(s, old)->deleted);
	ck_assert_str_eq(probe_link_get(s, old)->connection, "A");

	/* A later one of the same name begins anew, and is deleted as well. */
	ck_assert_int_eq(probe_naming(s, NULL, "A", "u2"), 0);
	ck_assert_uint_eq(probe_deploy(s, "A", "Test", "r3"), 1);
	int64_t id = probe_link_in(s, "A", "Test");
	ck_assert_int_ne(id, old);
	ck_assert(!probe_link_get(s, id)->deleted);
	s = fixture_reopen(s);
	ck_assert_str_eq(probe_all_deployments(s),
	                 "global/A/Test #1 r3 active\nglobal/B/Test #1 r1 active\n");
	ck_assert_int_eq(probe_naming(s, "A", NULL, NULL), 0);
	ck_assert(probe_link_get(s, id)->deleted && probe_link_get(s, old)->deleted);
	fixture_end(s);
}
END_TEST

START_TEST(a_later_one_has_keys_of_its_own)
{
	struct store *s = fixture_begin();
	struct probe_accept a;

	for (uint64_t seq = 1; seq <= 2; seq++) {
		probe_accept_init(&a, s, probe_link_in(s, "A", "Test"), seq);
		a.accept.idempotency_key = "k";
		ck_assert_int_eq(probe_run(s, &a.accept.op), 0);
		ck_assert(!a.accept.repeated);
		ck_assert_int_eq(probe_naming(s, "A", NULL, NULL), 0);
	}
	fixture_end(s);
}
END_TEST

static const struct store_filter cancelled = {.states = 1u << STORE_CANCELLED};

START_TEST(what_waits_is_dropped)
{
	static const uint64_t first[] = {1, 2, 0}, all[] = {1, 2, 3, 4, 0};
	struct store *s = fixture_begin();
	int64_t a = probe_link_in(s, "A", "Test"), b = probe_link_in(s, "B", "Test");
	int64_t prod = probe_link_in(s, "A", "Prod");

	for (uint64_t seq = 1; seq <= 3; seq++)
		ck_assert_int_eq(probe_accept(s, a, seq, false), 0);
	ck_assert_int_eq(probe_accept(s, prod, 4, false), 0);
	ck_assert_int_eq(probe_accept(s, b, 5, false), 0);
	ck_assert_int_eq(probe_accept(s, a, 6, true), 0);
	ck_assert_int_eq(probe_settle(s, 6, 1, STORE_DEAD), 0);
	ck_assert_uint_eq(probe_drop(s, 10), 0);
	ck_assert_int_eq(probe_naming(s, "A", NULL, NULL), 0);
	clock_fake_advance(70);

	ck_assert_uint_eq(probe_drop(s, 2), 2);
	probe_lists(s, &cancelled, 0, true, 10, first);
	ck_assert_uint_eq(probe_drop(s, 3), 2);
	ck_assert_uint_eq(probe_drop(s, 3), 0);
	probe_lists(s, &cancelled, 0, true, 10, all);
	ck_assert_str_eq(probe_get(s, 1)->reason, "deleted");
	ck_assert_int_eq(probe_got.d.ended_ms, PROBE_START_MS + 70);
	ck_assert_int_eq(probe_got.d.link, a);
	ck_assert_uint_eq(probe_link_get(s, a)->ready, 0);
	ck_assert_int_eq(probe_get(s, 5)->state, STORE_READY);
	ck_assert_int_eq(probe_get(s, 6)->state, STORE_DEAD);
	fixture_end(s);
}
END_TEST

START_TEST(what_waits_for_its_turn_is_dropped)
{
	struct store *s = fixture_begin();
	int64_t link = probe_link_in(s, "A", "Test");

	ck_assert(probe_accept_keyed(s, link, 1, "k"));
	ck_assert(!probe_accept_keyed(s, link, 2, "k"));
	ck_assert(!probe_accept_keyed(s, link, 3, "k"));
	ck_assert_int_eq(probe_naming(s, "A", NULL, NULL), 0);
	ck_assert_uint_eq(probe_drop(s, 10), 2);
	fixture_end(s);
}
END_TEST

/* From memory and from the disk. */
START_TEST(what_is_leased_is_dropped_when_it_comes_back)
{
	static const uint64_t one[] = {2, 0};
	struct store *s = fixture_begin();
	int64_t link = probe_link_in(s, "A", "Test");

	ck_assert_int_eq(probe_accept(s, link, 1, true), 0);
	ck_assert_int_eq(probe_accept(s, link, 2, false), 0);
	ck_assert_int_eq(probe_accept(s, link, 3, true), 0);
	probe_claims(s, link, 1, false, one);
	ck_assert_int_eq(probe_naming(s, "A", NULL, NULL), 0);
	ck_assert_uint_eq(probe_drop(s, 10), 0);
	ck_assert_uint_eq(probe_link_get(s, link)->leased, 3);
	ck_assert_int_eq(probe_settle(s, 1, 1, STORE_READY), 0);
	ck_assert_int_eq(probe_later(s, 2, probe_claimed.fence[0], PROBE_START_MS + 60000), 0);
	ck_assert_int_eq(probe_settle(s, 3, 1, STORE_DONE), 0);
	ck_assert_uint_eq(probe_drop(s, 10), 2);
	ck_assert_int_eq(probe_get(s, 1)->state, STORE_CANCELLED);
	ck_assert_int_eq(probe_get(s, 2)->state, STORE_CANCELLED);
	ck_assert_int_eq(probe_get(s, 3)->state, STORE_DONE);
	fixture_end(s);
}
END_TEST

static void count_deleted(int mark, int expected)
{
	char path[300];
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;

	snprintf(path, sizeof(path), "%s/outbox.db", folder_root);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT count(*) FROM link WHERE deleted = ?1", -1,
	                                    &stmt, NULL),
	                 SQLITE_OK);
	sqlite3_bind_int(stmt, 1, mark);
	ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
	ck_assert_int_eq(sqlite3_column_int(stmt, 0), expected);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
}

/* The host died with a lease.  Links that have nothing open are looked at for the last time by a start. */
START_TEST(dropped_over_a_restart)
{
	struct store *s = fixture_begin();
	int64_t link = probe_link_in(s, "A", "Test");

	probe_link_in(s, "A", "Prod");
	ck_assert_int_eq(probe_accept(s, link, 1, true), 0);
	ck_assert_int_eq(probe_naming(s, "A", NULL, NULL), 0);
	count_deleted(1, 2);
	s = fixture_reopen(s);
	ck_assert_uint_eq(probe_drop(s, 10), 0);
	fixture_recover(s);
	count_deleted(1, 1);
	ck_assert_uint_eq(probe_drop(s, 10), 1);
	s = fixture_reopen(s);
	fixture_recover(s);
	count_deleted(2, 2);
	ck_assert(probe_link_get(s, link)->deleted);
	ck_assert_uint_eq(probe_drop(s, 10), 0);
	fixture_end(s);
}
END_TEST

START_TEST(nothing_begins_again)
{
	static const uint64_t other[] = {4, 0};
	const struct store_filter ready = {.states = 1u << STORE_READY}, all = {0};
	struct store *s = fixture_begin();
	int64_t link = probe_link_in(s, "A", "Test"), b = probe_link_in(s, "B", "Test");

	for (uint64_t seq = 1; seq <= 3; seq++)
		ck_assert_int_eq(probe_accept(s, link, seq, true), 0);
	ck_assert_int_eq(probe_accept(s, b, 4, true), 0);
	ck_assert_int_eq(probe_settle(s, 1, 1, STORE_DEAD), 0);
	ck_assert_int_eq(probe_settle(s, 2, 1, STORE_READY), 0);
	ck_assert_int_eq(probe_settle(s, 4, 1, STORE_DEAD), 0);
	ck_assert_int_eq(probe_naming(s, "A", NULL, NULL), 0);

	enum store_state found;
	ck_assert_int_eq(probe_alter(s, 1, STORE_RETRY_NOW, &found), ERR_CONFLICT);
	ck_assert_int_eq(found, STORE_DEAD);
	ck_assert_int_eq(probe_alter(s, 2, STORE_RETRY_NOW, NULL), ERR_CONFLICT);
	ck_assert_int_eq(probe_alter(s, 3, STORE_RETRY_NOW, NULL), ERR_BUSY);
	ck_assert_int_eq(probe_alter(s, 2, STORE_CANCEL, NULL), 0);
	struct store_replay replay = {
		.op.kind = STORE_REPLAY, .filter = &all, .most = 10, .now_ms = store_now_ms(s)};
	ck_assert_int_eq(probe_run(s, &replay.op), 0);
	ck_assert_uint_eq(replay.count, 1);
	probe_lists(s, &ready, 0, true, 10, other);
	fixture_end(s);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(a_new_one_takes_over_its_links),
	SUITE_TEST(when_it_began_is_kept),
	SUITE_TEST(all_follows_a_new_name),
	SUITE_TEST(into_another_project),
	SUITE_TEST(its_own_name_is_not_taken),
	SUITE_TEST(one_after_the_other),
	SUITE_TEST(a_name_that_nobody_has),
	SUITE_TEST(a_deleted_one_leaves_its_name),
	SUITE_TEST(a_later_one_has_keys_of_its_own),
	SUITE_TEST(what_waits_is_dropped),
	SUITE_TEST(what_waits_for_its_turn_is_dropped),
	SUITE_TEST(what_is_leased_is_dropped_when_it_comes_back),
	SUITE_TEST(dropped_over_a_restart),
	SUITE_TEST(nothing_begins_again),
};

SUITE_MAIN("sqlite_naming", tests)
