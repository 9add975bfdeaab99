/* Tests of what operators do: retry, cancel, replay, pause, resume. */
#include "durable.h"
#include "suite.h"

enum { HOUR_MS = 3600 * 1000 };

START_TEST(a_retry_does_not_wait)
{
	durable_begin_with("");
	const char *id = durable_accept("Hook", "@500/7200 ok");
	durable_settle();
	durable_expect(id, STORE_READY);
	ck_assert_int_eq(outbox_retry(hosting.host, id, NULL, NULL), 0);
	durable_settle();
	durable_expect(id, STORE_DONE);
	ck_assert_uint_eq(durable_row(id).attempts, 2);
	ck_assert_uint_eq(durable_row(id).replay, 0);
	durable_end();
}
END_TEST

/* Each end, and what a retry makes of it. */
static const struct end_row {
	const char *body;
	enum store_state state;
} end_rows[] = {{"@404 ok", STORE_DEAD}, {"@ok 404", STORE_DONE}, {"@hangs", STORE_CANCELLED}};

START_TEST(a_retry_of_what_has_ended_is_a_replay)
{
	const struct end_row *row = &end_rows[_i];

	durable_begin_with("");
	const char *id = durable_accept("Hook", row->body);
	durable_settle();
	if (row->state == STORE_CANCELLED)
		ck_assert_int_eq(outbox_cancel(hosting.host, id, NULL, NULL), 0);
	durable_settle();
	durable_expect(id, row->state);
	clock_fake_advance(1000);
	ck_assert_int_eq(outbox_retry(hosting.host, id, NULL, NULL), 0);
	ck_assert_uint_eq(durable_link("Hook").dead, 0);
	durable_settle();
	struct durable_row seen = durable_row(id);
	ck_assert_uint_eq(seen.replay, 1);
	ck_assert_int_eq(seen.since_ms, DURABLE_START_MS + 1000);
	/* It starts from its first attempt, under the same id. */
	ck_assert_uint_eq(durable_submitted(), 2);
	ck_assert_uint_eq(durable.book->rows[1].attempt, 1);
	ck_assert_str_eq(durable.book->rows[1].id, id);
	durable_end();
}
END_TEST

START_TEST(one_that_is_on_its_way_needs_no_retry)
{
	durable_begin_with("");
	const char *id = durable_accept("Hook", "@hangs");
	durable_settle();
	ck_assert_int_eq(outbox_retry(hosting.host, id, NULL, NULL), 0);
	durable_settle();
	ck_assert_uint_eq(durable_submitted(), 1);
	durable_end();
}
END_TEST

START_TEST(what_is_not_there_is_not_found)
{
	static const char *const ids[] = {"", "x", "msg_", "msg_00000000000000000000000001"};
	struct err e = {0};

	durable_begin_with("");
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		e = (struct err){0};
		ck_assert_int_eq(outbox_retry(hosting.host, ids[i], NULL, &e), ERR_NOT_FOUND);
		ck_assert_ptr_nonnull(strstr(e.text, "no delivery"));
		ck_assert_int_eq(outbox_cancel(hosting.host, ids[i], NULL, NULL), ERR_NOT_FOUND);
	}
	ck_assert_int_eq(outbox_pause(hosting.host, NULL, "Nobody", "Test", "", NULL, NULL),
	                 ERR_NOT_FOUND);
	ck_assert_int_eq(outbox_resume(hosting.host, NULL, "Nobody", "Test", NULL, NULL),
	                 ERR_NOT_FOUND);
	durable_end();
}
END_TEST

START_TEST(an_end_cannot_be_cancelled_and_says_what_it_is)
{
	struct err e = {0};

	durable_begin_with("");
	const char *id = durable_accept("Hook", "@404");
	durable_settle();
	ck_assert_int_eq(outbox_cancel(hosting.host, id, NULL, &e), ERR_CONFLICT);
	ck_assert_ptr_nonnull(strstr(e.text, "dead"));
	ck_assert_ptr_nonnull(strstr(e.text, id));
	durable_end();
}
END_TEST

START_TEST(cancelling_the_first_of_a_key_lets_the_next_one_go)
{
	durable_begin_with("ordering = \"key\";");
	const char *first = durable_accept_keyed("Hook", "@500/7200", "k");
	const char *second = durable_accept_keyed("Hook", "x", "k");
	durable_settle();
	ck_assert_uint_eq(durable_submitted(), 1);
	ck_assert_int_eq(outbox_cancel(hosting.host, first, NULL, NULL), 0);
	durable_settle();
	durable_expect(second, STORE_DONE);
	durable_end();
}
END_TEST

/*
 * Replay
 */

static uint64_t replay(uint32_t most, uint64_t after, uint64_t *ret_last)
{
	const struct store_filter dead = {.states = 1u << STORE_DEAD};
	uint64_t count = 0;
	struct err e = {0};

	ck_assert_msg(outbox_replay(hosting.host, &dead, after, most, NULL, &count, ret_last, &e) ==
	                      0,
	              "%s", e.text);
	return count;
}

START_TEST(a_replay_goes_in_steps_and_counts)
{
	const char *ids[5];
	uint64_t last = 0;

	durable_begin_with("");
	for (int i = 0; i < 5; i++)
		ids[i] = durable_accept("Hook", "@404 404 ok");
	const char *done = durable_accept("Hook", "x");
	durable_settle();
	ck_assert_uint_eq(durable_link("Hook").dead, 5);
	ck_assert_uint_eq(replay(3, 0, &last), 3);
	ck_assert_uint_eq(replay(3, last, &last), 2);
	struct monitor_link link = durable_link("Hook");
	ck_assert_uint_eq(link.dead + link.waiting, 5);
	durable_advance(HOUR_MS);
	/* They started anew with their first attempt, which fails. */
	for (int i = 0; i < 5; i++) {
		durable_expect(ids[i], STORE_DEAD);
		ck_assert_uint_eq(durable_row(ids[i]).replay, 1);
	}
	ck_assert_uint_eq(durable_row(done).replay, 0);
	link = durable_link("Hook");
	ck_assert_uint_eq(link.dead, 5);
	ck_assert_uint_eq(link.waiting, 0);
	durable_end();
}
END_TEST

START_TEST(a_replay_drains_slowly)
{
	uint64_t last = 0;

	durable_begin_with("pool_size = 50; answers = \"404 404 404 404 404 404 404 404 404 404 "
	                   "404 404 404 404 404 404 404 404 404 404 ok+500\";");
	for (int i = 0; i < 20; i++)
		durable_accept("Hook", "x");
	durable_settle();
	ck_assert_uint_eq(durable_link("Hook").dead, 20);
	durable.book->most = 0;
	ck_assert_uint_eq(replay(100, 0, &last), 20);
	durable_advance(1999);
	ck_assert_uint_eq(durable.book->most, 1);
	durable_advance(2000);
	ck_assert_uint_eq(durable.book->most, 2);
	durable_end();
}
END_TEST

/*
 * Pausing
 */

START_TEST(a_pause_holds_what_waits_and_not_what_flies)
{
	struct event event;

	durable_begin_with("pool_size = 1;");
	const char *flying = durable_accept("Hook", "@ok+500");
	durable_settle();
	const char *waiting = durable_accept("Hook", "x");
	durable_settle();
	ck_assert_int_eq(outbox_pause(hosting.host, NULL, "Hook", "Test", "tea", NULL, NULL), 0);
	ck_assert_int_eq(outbox_pause(hosting.host, NULL, "Hook", "Test", "tea", NULL, NULL), 0);
	durable_settle();
	durable_expect(waiting, STORE_READY);
	durable_advance(HOUR_MS);
	durable_expect(flying, STORE_DONE);
	durable_expect(waiting, STORE_READY);
	ck_assert_uint_eq(durable_events(EVENT_LINK_PAUSED, "Hook", &event), 1);
	ck_assert_str_eq(event.detail, "tea");
	ck_assert_int_eq(outbox_resume(hosting.host, NULL, "Hook", "Test", NULL, NULL), 0);
	durable_settle();
	durable_expect(waiting, STORE_DONE);
	ck_assert_uint_eq(durable_events(EVENT_LINK_RESUMED, "Hook", NULL), 1);
	durable_end();
}
END_TEST

START_TEST(a_pause_is_kept_over_a_restart)
{
	durable_begin_with("");
	ck_assert_int_eq(outbox_pause(hosting.host, NULL, "Hook", "Test", "tea", NULL, NULL), 0);
	const char *id = durable_accept("Hook", "x");
	durable_restart();
	hosting_open("Hook");
	durable_advance(HOUR_MS);
	durable_expect(id, STORE_READY);
	struct monitor_link link = durable_link("Hook");
	ck_assert_str_eq(link.state, "paused");
	ck_assert_str_eq(link.paused_reason, "tea");
	hosting_expect("Hook", "paused");
	ck_assert_int_eq(outbox_resume(hosting.host, NULL, "Hook", "Test", NULL, NULL), 0);
	durable_settle();
	durable_expect(id, STORE_DONE);
	durable_restart();
	hosting_open("Hook");
	ck_assert(!durable_link("Hook").paused);
	durable_end();
}
END_TEST

START_TEST(a_peer_that_is_gone_pauses_over_a_restart)
{
	struct event event;

	durable_begin_with("");
	const char *gone = durable_accept("Hook", "@410");
	durable_settle();
	durable_expect(gone, STORE_DEAD);
	ck_assert_uint_eq(durable_events(EVENT_LINK_PAUSED, "Hook", &event), 1);
	ck_assert_str_eq(event.detail, "as the script says");
	struct outbox_answer answer = durable_try("Hook", "x", NULL, NULL);
	ck_assert_str_eq(answer.held, "paused");
	durable_restart();
	hosting_open("Hook");
	durable_settle();
	ck_assert(durable_link("Hook").paused);
	ck_assert_str_eq(durable_link("Hook").paused_reason, "as the script says");
	durable_expect(answer.id, STORE_READY);
	durable_end();
}
END_TEST

START_TEST(direct_calls_that_wait_are_refused_by_a_pause)
{
	struct hosting_count count;

	hosting_count_init(&count);
	durable_begin_with("pool_size = 1;");
	hosting_post("Hook", "@ok+500", &count);
	hosting_post("Hook", "x", &count);
	durable_settle();
	ck_assert_uint_eq(durable_link("Hook").calls_waiting, 1);
	ck_assert_int_eq(outbox_pause(hosting.host, NULL, "Hook", "Test", "tea", NULL, NULL), 0);
	ck_assert_uint_eq(count.answers, 1);
	ck_assert_uint_eq(count.delivered, 0);
	durable_advance(500);
	ck_assert_uint_eq(count.delivered, 1);
	durable_end();
}
END_TEST

START_TEST(a_pause_without_a_store_holds_in_memory)
{
	static const char *const plugins[] = {"actor", NULL};

	hosting_begin(plugins, "");
	hosting_define("Hook", "actor", "");
	hosting_start((struct host_options){.lanes = 1});
	hosting_open("Hook");
	ck_assert_int_eq(outbox_pause(hosting.host, NULL, "Hook", "Test", "tea", NULL, NULL), 0);
	hosting_expect("Hook", "paused");
	ck_assert_int_eq(outbox_resume(hosting.host, NULL, "Hook", "Test", NULL, NULL), 0);
	hosting_expect("Hook", "ok");
	hosting_end();
}
END_TEST

/*
 * Deployments
 */

START_TEST(a_queue_is_kept_while_nothing_is_deployed)
{
	durable_begin_with("pool_size = 1;");
	durable_accept("Hook", "1");
	ck_assert_int_eq(outbox_pause(hosting.host, NULL, "Hook", "Test", "", NULL, NULL), 0);
	const char *id = durable_accept("Hook", "2");
	ck_assert_int_eq(host_close(hosting.host, NULL, "Hook", "Test", NULL), 0);
	ck_assert_str_eq(durable_link("Hook").state, "undeployed");
	ck_assert_int_eq(outbox_resume(hosting.host, NULL, "Hook", "Test", NULL, NULL), 0);
	durable_advance(HOUR_MS);
	durable_expect(id, STORE_READY);
	ck_assert_uint_eq(durable_link("Hook").waiting, durable_submitted() ? 1 : 2);
	hosting_open("Hook");
	durable_settle();
	durable_expect(id, STORE_DONE);
	durable_end();
}
END_TEST

START_TEST(a_replacement_takes_over_the_queue)
{
	durable_begin_with("pool_size = 1; answers = \"ok\";");
	const char *old = durable_accept("Hook", "@ok+500");
	durable_settle();
	const char *waiting = durable_accept("Hook", "x");
	durable_settle();
	durable_replace("Hook", "pool_size = 1; answers = \"404\";");
	durable_settle();
	durable_expect(waiting, STORE_LEASED);
	durable_advance(500);
	durable_expect(old, STORE_DONE);     /* by the old link */
	durable_expect(waiting, STORE_DEAD); /* by the new one */
	durable_end();
}
END_TEST

START_TEST(what_a_closed_link_has_in_flight_ends)
{
	durable_begin_with("pool_size = 1;");
	const char *flying = durable_accept("Hook", "@ok+500");
	durable_settle();
	const char *waiting = durable_accept("Hook", "x");
	durable_settle();
	durable.moves = true;
	ck_assert_int_eq(host_close(hosting.host, NULL, "Hook", "Test", NULL), 0);
	durable.moves = false;
	durable_settle();
	durable_expect(flying, STORE_DONE);
	durable_expect(waiting, STORE_READY);
	durable_end();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(a_retry_does_not_wait),
	SUITE_LOOP(a_retry_of_what_has_ended_is_a_replay, end_rows),
	SUITE_TEST(one_that_is_on_its_way_needs_no_retry),
	SUITE_TEST(what_is_not_there_is_not_found),
	SUITE_TEST(an_end_cannot_be_cancelled_and_says_what_it_is),
	SUITE_TEST(cancelling_the_first_of_a_key_lets_the_next_one_go),
	SUITE_TEST(a_replay_goes_in_steps_and_counts),
	SUITE_TEST(a_replay_drains_slowly),
	SUITE_TEST(a_pause_holds_what_waits_and_not_what_flies),
	SUITE_TEST(a_pause_is_kept_over_a_restart),
	SUITE_TEST(a_peer_that_is_gone_pauses_over_a_restart),
	SUITE_TEST(direct_calls_that_wait_are_refused_by_a_pause),
	SUITE_TEST(a_pause_without_a_store_holds_in_memory),
	SUITE_TEST(a_queue_is_kept_while_nothing_is_deployed),
	SUITE_TEST(a_replacement_takes_over_the_queue),
	SUITE_TEST(what_a_closed_link_has_in_flight_ends),
};

SUITE_MAIN("operator", tests)
