/* Tests of those who wait for the end of a delivery. */
#include "durable.h"
#include "suite.h"

static void count_end(void *arg)
{
	atomic_fetch_add((atomic_uint *)arg, 1);
}

static struct outbox_watch *watch(const char *id, atomic_uint *ends)
{
	struct outbox_watch *w = NULL;
	struct err e = {0};

	ck_assert_msg(outbox_watch(hosting.host, id, count_end, ends, &w, &e) == 0, "%s", e.text);
	return w;
}

/* Ways to an end: what the message says, and what else happens. */
static const struct end_row {
	const char *body;
	enum store_state state;
} end_rows[] = {
	{"@ok+10", STORE_DONE},
	{"@404+10", STORE_DEAD},
	{"@500 500 ok", STORE_DONE},
};

START_TEST(an_end_is_told_once)
{
	const struct end_row *row = &end_rows[_i];
	atomic_uint ends = 0;

	durable_begin_with("");
	const char *id = durable_accept("Hook", row->body);
	watch(id, &ends);
	ck_assert_uint_eq(ends, 0);
	durable_advance(600 * 1000);
	durable_expect(id, row->state);
	ck_assert_uint_eq(ends, 1);
	durable_end();
	ck_assert_uint_eq(ends, 1);
}
END_TEST

START_TEST(what_has_ended_already_is_told_at_once)
{
	atomic_uint ends = 0;

	durable_begin_with("");
	const char *id = durable_accept("Hook", "x");
	durable_settle();
	struct outbox_watch *w = watch(id, &ends);
	ck_assert_uint_eq(ends, 1);
	ck_assert(!outbox_unwatch(hosting.host, w));
	durable_end();
}
END_TEST

START_TEST(a_watch_that_is_taken_back_is_never_told)
{
	atomic_uint first = 0, second = 0;

	durable_begin_with("");
	const char *id = durable_accept("Hook", "x");
	struct outbox_watch *w = watch(id, &first);
	watch(id, &second);
	ck_assert(outbox_unwatch(hosting.host, w));
	ck_assert(!outbox_unwatch(hosting.host, w));
	durable_settle();
	ck_assert_uint_eq(first, 0);
	ck_assert_uint_eq(second, 1);
	durable_end();
}
END_TEST

START_TEST(one_that_was_told_is_not_taken_for_a_younger_one)
{
	atomic_uint first = 0, second = 0;

	durable_begin_with("");
	const char *early = durable_accept("Hook", "x"), *late = durable_accept("Hook", "@ok+50");
	durable_settle();
	struct outbox_watch *old = watch(early, &first);
	ck_assert_uint_eq(first, 1);
	/* It may have the memory of the old one. */
	watch(late, &second);
	ck_assert(!outbox_unwatch(hosting.host, old));
	durable_advance(50);
	ck_assert_uint_eq(second, 1);
	durable_end();
}
END_TEST

START_TEST(a_cancelled_one_has_ended)
{
	atomic_uint ends = 0;

	durable_begin_with("");
	ck_assert_int_eq(outbox_pause(hosting.host, NULL, "Hook", "Test", "", NULL, NULL), 0);
	const char *id = durable_accept("Hook", "x");
	durable_settle();
	watch(id, &ends);
	ck_assert_int_eq(outbox_cancel(hosting.host, id, NULL, NULL), 0);
	ck_assert_uint_eq(ends, 1);
	durable_end();
}
END_TEST

START_TEST(one_that_is_too_old_has_ended)
{
	atomic_uint ends = 0, other = 0;

	durable_begin_with("retry_max_age_s = 90; answers = \"tls\";");
	const char *id = durable_accept("Hook", "x");
	durable_settle();
	const char *late = durable_accept("Hook", "y");
	durable_settle();
	watch(id, &ends);
	watch(late, &other);
	durable_advance(10 * 60 * 1000);
	durable_expect(id, STORE_DEAD);
	durable_expect(late, STORE_DEAD);
	ck_assert_uint_eq(ends, 1);
	ck_assert_uint_eq(other, 1);
	durable_end();
}
END_TEST

START_TEST(nobody_can_wait_for_what_is_not_there)
{
	struct outbox_watch *w = NULL;
	atomic_uint ends = 0;

	durable_begin_with("");
	char id[MESSAGE_ID_BYTES];
	snprintf(id, sizeof(id), "%s", durable_accept("Hook", "x"));
	id[29] = id[29] == '0' ? '1' : '0'; /* the number fits, the rest does not */
	ck_assert_int_eq(outbox_watch(hosting.host, id, count_end, &ends, &w, NULL), ERR_NOT_FOUND);
	ck_assert_int_eq(outbox_watch(hosting.host, "msg_1", count_end, &ends, &w, NULL),
	                 ERR_NOT_FOUND);
	durable_settle();
	ck_assert_uint_eq(ends, 0);
	durable_end();
}
END_TEST

/* Threads: ends come on the store's thread while others begin to wait and change their mind. */
START_TEST(each_is_told_or_taken_back_under_load)
{
	enum { ROUNDS = 200 };
	static atomic_uint told[ROUNDS];
	unsigned taken = 0, all = 0;

	durable_begin();
	hosting_define("Hook", "actor", "pool_size = 8;");
	durable.options = (struct host_options){.lanes = 2};
	durable_start();
	hosting_open("Hook");
	for (int i = 0; i < ROUNDS; i++) {
		atomic_store(&told[i], 0);
		struct outbox_watch *w = watch(durable_accept("Hook", "x"), &told[i]);
		if (i % 2)
			taken += outbox_unwatch(hosting.host, w);
	}
	durable_end(); /* everything has ended, or waits on the disk untold */
	for (int i = 0; i < ROUNDS; i++) {
		ck_assert_uint_le(told[i], 1);
		all += told[i];
	}
	ck_assert_uint_le(all + taken, ROUNDS);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(an_end_is_told_once, end_rows),
	SUITE_TEST(what_has_ended_already_is_told_at_once),
	SUITE_TEST(a_watch_that_is_taken_back_is_never_told),
	SUITE_TEST(one_that_was_told_is_not_taken_for_a_younger_one),
	SUITE_TEST(a_cancelled_one_has_ended),
	SUITE_TEST(one_that_is_too_old_has_ended),
	SUITE_TEST(nobody_can_wait_for_what_is_not_there),
	SUITE_TEST(each_is_told_or_taken_back_under_load),
};

SUITE_MAIN("watch", tests)
