/* Tests of stored messages in memory: attempts, settlement, suspects, the end of a host. */
#include "durable.h"
#include "suite.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };

START_TEST(a_first_success_costs_no_row_of_its_own)
{
	durable_begin_with("");
	const char *id = durable_accept("Hook", "x");
	durable_expect(id, STORE_LEASED);
	durable_settle();
	struct durable_row row = durable_row(id);
	ck_assert_int_eq(row.state, STORE_DONE);
	ck_assert_uint_eq(row.attempts, 1);
	ck_assert_uint_eq(row.status, 200);
	ck_assert_uint_eq(row.log, 0);
	ck_assert_uint_eq(durable.book->rows[0].flags & LK_REQUEST_STORED, LK_REQUEST_STORED);
	ck_assert_str_eq(durable.book->rows[0].id, id);
	durable_end();
}
END_TEST

START_TEST(a_retry_comes_at_its_time_and_not_before)
{
	durable_begin_with("");
	const char *id = durable_accept("Hook", "@500/100 ok");
	durable_settle();
	struct durable_row row = durable_row(id);
	ck_assert_int_eq(row.state, STORE_READY);
	ck_assert_int_eq(row.due_ms, DURABLE_START_MS + 100 * 1000);
	durable_advance(100 * 1000 - 1);
	ck_assert_uint_eq(durable_submitted(), 1);
	durable_advance(1);
	ck_assert_uint_eq(durable_submitted(), 2);
	row = durable_row(id);
	ck_assert_int_eq(row.state, STORE_DONE);
	ck_assert_uint_eq(row.attempts, 2);
	ck_assert_uint_eq(row.log, 2);
	ck_assert_uint_eq(durable.book->rows[1].attempt, 2);
	ck_assert_str_eq(durable.book->rows[1].id, id);
	durable_end();
}
END_TEST

START_TEST(the_last_attempt_ends_it)
{
	durable_begin_with("retry_max_attempts = 3; retry_delay_s = 1;");
	const char *id = durable_accept("Hook", "@500");
	durable_advance(HOUR_MS);
	ck_assert_uint_eq(durable_submitted(), 3);
	struct durable_row row = durable_row(id);
	ck_assert_int_eq(row.state, STORE_DEAD);
	ck_assert_uint_eq(row.attempts, 3);
	ck_assert_uint_eq(row.log, 3);
	ck_assert_str_eq(row.log_outcome, "dead");
	ck_assert_uint_eq(durable_events(EVENT_FAILED, "Hook", NULL), 2);
	ck_assert_uint_eq(durable_events(EVENT_DEAD, "Hook", NULL), 1);
	durable_end();
}
END_TEST

START_TEST(age_ends_it)
{
	durable_begin_with("retry_max_attempts = 50; retry_max_age_s = 600; retry_delay_s = 100;");
	const char *id = durable_accept("Hook", "@500");
	durable_advance(HOUR_MS);
	durable_expect(id, STORE_DEAD);
	ck_assert_uint_lt(durable_submitted(), 8);
	durable_end();
}
END_TEST

START_TEST(a_plugin_that_does_not_take_it_uses_an_attempt)
{
	durable_begin_with("retry_max_attempts = 2; retry_delay_s = 1;");
	const char *id = durable_accept("Hook", "@fails");
	durable_settle();
	struct durable_row row = durable_row(id);
	ck_assert_int_eq(row.state, STORE_READY);
	ck_assert_str_eq(row.reason, "plugin_error");
	durable_advance(MINUTE_MS);
	durable_expect(id, STORE_DEAD);
	ck_assert_str_eq(durable_link("Hook").last_reason, "plugin_error");
	durable_end();
}
END_TEST

START_TEST(a_busy_plugin_uses_no_attempt)
{
	durable_begin_with("answers = \"busy busy busy ok\";");
	const char *id = durable_accept("Hook", "x");
	durable_advance(1000);
	struct durable_row row = durable_row(id);
	ck_assert_int_eq(row.state, STORE_DONE);
	ck_assert_uint_eq(row.attempts, 1);
	durable_end();
}
END_TEST

START_TEST(a_plugin_that_never_answers_is_given_up)
{
	durable_begin_with("request_timeout_ms = 5000;");
	const char *id = durable_accept("Hook", "@deaf ok");
	durable_advance(6000);
	struct durable_row row = durable_row(id);
	ck_assert_int_eq(row.state, STORE_READY);
	ck_assert_str_eq(row.reason, "timeout");
	durable_advance(MINUTE_MS);
	durable_expect(id, STORE_DONE);
	durable_end();
}
END_TEST

/*
 * Cancelling, wherever it is
 */

START_TEST(one_in_flight_is_cancelled)
{
	durable_begin_with("");
	const char *id = durable_accept("Hook", "@hangs");
	durable_settle();
	ck_assert_int_eq(outbox_cancel(hosting.host, id, NULL, NULL), 0);
	durable_settle();
	durable_expect(id, STORE_CANCELLED);
	ck_assert_uint_eq(durable_events(EVENT_CANCELLED, "Hook", NULL), 1);
	ck_assert_uint_eq(durable_link("Hook").waiting, 0);
	ck_assert_int_eq(outbox_cancel(hosting.host, id, NULL, NULL), ERR_CONFLICT);
	durable_end();
}
END_TEST

START_TEST(one_in_its_last_attempt_is_cancelled_not_dead)
{
	durable_begin_with("retry_max_attempts = 1;");
	const char *id = durable_accept("Hook", "@hangs");
	durable_settle();
	ck_assert_int_eq(outbox_cancel(hosting.host, id, NULL, NULL), 0);
	durable_settle();
	durable_expect(id, STORE_CANCELLED);
	ck_assert_uint_eq(durable_events(EVENT_DEAD, "Hook", NULL), 0);
	durable_end();
}
END_TEST

START_TEST(one_that_is_being_answered_ends_as_was_said)
{
	durable_begin_with("");
	const char *id = durable_accept("Hook", "@ok+100");
	durable_settle();
	/* The plugin answers in the turn that brings it the wish, or in the one before. */
	clock_fake_advance(100);
	int rc = outbox_cancel(hosting.host, id, NULL, NULL);
	ck_assert(rc == 0 || rc == ERR_CONFLICT);
	durable_settle();
	durable_expect(id, rc == 0 ? STORE_CANCELLED : STORE_DONE);
	ck_assert_uint_eq(durable_link("Hook").waiting, 0);
	durable_end();
}
END_TEST

START_TEST(one_that_waits_in_memory_is_cancelled)
{
	durable_begin_with("pool_size = 1;");
	durable_accept("Hook", "@hangs");
	durable_settle();
	const char *id = durable_accept("Hook", "x");
	durable_settle();
	durable_expect(id, STORE_LEASED);
	ck_assert_int_eq(outbox_cancel(hosting.host, id, NULL, NULL), 0);
	durable_settle();
	durable_expect(id, STORE_CANCELLED);
	ck_assert_uint_eq(durable_submitted(), 1);
	ck_assert_uint_eq(durable_link("Hook").in_memory, 1);
	durable_end();
}
END_TEST

START_TEST(one_that_is_on_its_way_to_the_lane_is_cancelled)
{
	durable_begin_with("");
	const char *id = durable_accept("Hook", "@hangs"); /* the lane has not turned */
	ck_assert_int_eq(outbox_cancel(hosting.host, id, NULL, NULL), 0);
	durable_settle();
	durable_expect(id, STORE_CANCELLED);
	durable_end();
}
END_TEST

START_TEST(one_on_the_disk_is_cancelled)
{
	durable_begin_with("");
	const char *id = durable_accept("Hook", "@500");
	durable_settle();
	durable_expect(id, STORE_READY);
	ck_assert_int_eq(outbox_cancel(hosting.host, id, NULL, NULL), 0);
	durable_advance(HOUR_MS);
	durable_expect(id, STORE_CANCELLED);
	ck_assert_uint_eq(durable_submitted(), 1);
	durable_end();
}
END_TEST

/*
 * Suspects
 */

static const char *crash_bodies[4];

static void crash_in_flight(void)
{
	durable_start();
	hosting_open("Hook");
	for (int i = 0; i < 4 && crash_bodies[i]; i++)
		durable_accept("Hook", crash_bodies[i]);
	durable_settle();
}

static void crash_again(void)
{
	durable_start();
	hosting_open("Hook");
	durable_settle();
}

static void first_id(void *arg, const struct store_delivery *d)
{
	char *id = arg;

	if (!id[0])
		message_id_write(d->seq, d->salt, id);
}

static const char *oldest_id(void)
{
	static char id[MESSAGE_ID_BYTES];
	const struct store_filter any = {0};

	id[0] = '\0';
	ck_assert_int_eq(store_list(durable.store, &any, 0, true, 1, first_id, id, NULL), 0);
	ck_assert_str_ne(id, "");
	return id;
}

START_TEST(what_was_submitted_when_the_host_died_has_used_an_attempt)
{
	durable_begin();
	hosting_define("Hook", "actor", "pool_size = 1;");
	crash_bodies[0] = "@hangs ok";
	crash_bodies[1] = "waits";
	crash_bodies[2] = NULL;
	durable_die_after(crash_in_flight);
	durable_start();
	const char *id = oldest_id();
	struct durable_row row = durable_row(id);
	ck_assert_int_eq(row.state, STORE_READY);
	ck_assert_uint_eq(row.attempts, 1);
	ck_assert_uint_eq(row.suspect, 1);
	hosting_open("Hook");
	durable_settle();
	row = durable_row(id);
	ck_assert_int_eq(row.state, STORE_DONE);
	ck_assert_uint_eq(row.attempts, 2);
	ck_assert_uint_eq(row.suspect, 0);
	ck_assert_str_eq(durable_seen(), "@hangs ok waits");
	ck_assert_uint_eq(durable.book->rows[1].attempt, 1);
	durable_end();
}
END_TEST

START_TEST(attempts_never_pass_the_limit_over_crashes)
{
	durable_begin();
	hosting_define("Hook", "actor", "retry_max_attempts = 1;");
	crash_bodies[0] = "@hangs";
	crash_bodies[1] = NULL;
	durable_die_after(crash_in_flight);
	durable_start();
	const char *id = oldest_id();
	hosting_open("Hook");
	durable_settle();
	ck_assert_uint_eq(durable_submitted(), 0);
	durable_expect(id, STORE_DEAD);
	ck_assert_uint_eq(durable_events(EVENT_DEAD, "Hook", NULL), 1);
	ck_assert_uint_eq(durable_link("Hook").waiting, 0);
	durable_end();
}
END_TEST

/* A suspect of two crashes, and another link that is busy when it comes. */
static void begin_suspect(void)
{
	durable_begin();
	hosting_define("Hook", "actor", "pool_size = 8;");
	hosting_define("Other", "actor", "pool_size = 8;");
	crash_bodies[0] = "@hangs hangs ok+1000";
	crash_bodies[1] = NULL;
	durable_die_after(crash_in_flight);
	durable_die_after(crash_again);
	durable_start();
	hosting_open("Other");
}

START_TEST(a_suspect_goes_alone)
{
	begin_suspect();
	durable_accept("Other", "@ok+500 before");
	durable_settle();
	hosting_open("Hook");
	durable_settle();
	durable_accept("Other", "@ok+500 beside");
	durable_settle();
	/* It waits for what is under way, and the rest waits for it. */
	ck_assert_str_eq(durable_seen(), "@ok+500 before");
	durable_advance(500);
	ck_assert_str_eq(durable_seen(), "@ok+500 before @hangs hangs ok+1000");
	ck_assert_uint_eq(durable.book->rows[1].others, 0);
	durable_advance(1000);
	ck_assert_str_eq(durable_seen(), "@ok+500 before @hangs hangs ok+1000 @ok+500 beside");
	ck_assert_uint_eq(durable.book->rows[2].others, 0);
	durable_expect(oldest_id(), STORE_DONE);
	durable_end();
}
END_TEST

START_TEST(a_suspect_that_waits_is_not_passed_by_what_comes_new_to_its_queue)
{
	begin_suspect();
	durable_accept("Other", "@ok+500 before");
	durable_settle();
	hosting_open("Hook");
	durable_settle();
	const char *fresh = durable_accept("Hook", "fresh");
	durable_settle();
	durable_advance(2000);
	durable_expect(oldest_id(), STORE_DONE);
	durable_expect(fresh, STORE_DONE);
	durable_end();
}
END_TEST

START_TEST(a_suspect_that_waits_is_not_passed_by_a_direct_call)
{
	struct hosting_count count;

	hosting_count_init(&count);
	begin_suspect();
	durable_accept("Other", "@ok+500 before");
	durable_settle();
	hosting_open("Hook");
	durable_settle();
	hosting_post("Hook", "direct", &count);
	durable_settle();
	durable_advance(1999); /* before the call gives up */
	durable_expect(oldest_id(), STORE_DONE);
	ck_assert_uint_eq(count.delivered, 1);
	durable_end();
}
END_TEST

START_TEST(a_suspect_that_is_held_back_lets_the_others_go)
{
	begin_suspect();
	durable_accept("Other", "@ok+500 before");
	durable_settle();
	hosting_open("Hook");
	durable_settle();
	const char *beside = durable_accept("Other", "beside");
	durable_settle();
	ck_assert_int_eq(outbox_pause(hosting.host, NULL, "Hook", "Test", "", NULL, NULL), 0);
	durable_settle();
	durable_expect(beside, STORE_DONE);
	durable_end();
}
END_TEST

START_TEST(a_third_crash_puts_it_into_quarantine)
{
	durable_begin();
	hosting_define("Hook", "actor", "");
	crash_bodies[0] = "@hangs";
	crash_bodies[1] = NULL;
	durable_die_after(crash_in_flight);
	durable_die_after(crash_again);
	durable_die_after(crash_again);
	durable_start();
	hosting_open("Hook");
	durable_settle();
	durable_expect(oldest_id(), STORE_QUARANTINED);
	ck_assert_uint_eq(durable_link("Hook").dead, 1);
	durable_end();
}
END_TEST

/*
 * The end of the host
 */

START_TEST(destroying_leaves_everything_ready)
{
	durable_begin_with("pool_size = 1;");
	const char *flying = durable_accept("Hook", "@ok+5000");
	durable_settle();
	const char *waiting = durable_accept("Hook", "x");
	durable_settle();
	const char *coming = durable_accept("Hook", "y"); /* the lane does not know it yet */
	durable_stop();
	durable_start();
	durable_expect(flying, STORE_DONE); /* it could end */
	durable_expect(waiting, STORE_READY);
	durable_expect(coming, STORE_READY);
	ck_assert_uint_eq(durable_row(waiting).attempts, 0);
	durable_end();
}
END_TEST

static void drain(void)
{
	durable.moves = true;
	host_drain(hosting.host, 1000, NULL);
	durable.moves = false;
}

START_TEST(draining_cuts_what_does_not_end)
{
	durable_begin_with("pool_size = 4; retry_max_attempts = 1;");
	const char *long_one = durable_accept("Hook", "@hangs ok"),
		   *short_one = durable_accept("Hook", "@ok+500");
	durable_settle();
	drain();
	struct outbox_answer answer = durable_try("Hook", "z", NULL, NULL);
	ck_assert_int_eq(answer.rc, ERR_BUSY);
	ck_assert_str_eq(answer.reason, "stopping");
	durable_restart();
	durable_expect(short_one, STORE_DONE);
	durable_expect(long_one, STORE_READY);
	/* It was we who ended it: that is no attempt of the message's. */
	hosting_open("Hook");
	durable_settle();
	ck_assert_uint_eq(durable_submitted(), 3);
	durable_end();
}
END_TEST

START_TEST(a_drain_that_is_cut_waits_no_longer)
{
	const bool cut = true;

	durable_begin_with("request_timeout_ms = 3600000;");
	const char *id = durable_accept("Hook", "@hangs");
	durable_settle();
	int64_t before_ms = clock_fake.mono_ms();
	host_drain(hosting.host, 3600 * 1000, &cut);
	ck_assert_int_eq(clock_fake.mono_ms(), before_ms);
	durable_restart();
	durable_expect(id, STORE_READY);
	durable_end();
}
END_TEST

START_TEST(draining_cuts_direct_calls_too)
{
	struct hosting_count count;

	hosting_count_init(&count);
	durable_begin_with("pool_size = 1; request_timeout_ms = 3600000;");
	hosting_post("Hook", "@hangs", &count);
	hosting_post("Hook", "waits", &count);
	durable_settle();
	int64_t before_ms = clock_fake.mono_ms();
	drain();
	durable_stop();
	ck_assert_uint_eq(count.answers, 2);
	ck_assert_uint_eq(count.delivered, 0);
	ck_assert_int_le(clock_fake.mono_ms() - before_ms, 2000);
	durable_end();
}
END_TEST

START_TEST(a_refused_secret_does_not_hold_up_the_end)
{
	durable_begin();
	folder_write("secrets/token", "s3cret\n");
	ck_assert_int_eq(chmod(folder_path("secrets/token"), 0600), 0);
	hosting_define("Hook", "actor", "token = \"${secret:file/token}\";");
	durable_start();
	hosting_open("Hook");
	const char *id = durable_accept("Hook", "@401+100 ok");
	durable_settle();
	ck_assert_uint_eq(durable_submitted(), 1);
	durable_stop(); /* the answer comes while the host is ending */
	durable_start();
	durable_expect(id, STORE_READY);
	ck_assert_uint_eq(durable_row(id).attempts, 0);
	durable_end();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(a_first_success_costs_no_row_of_its_own),
	SUITE_TEST(a_retry_comes_at_its_time_and_not_before),
	SUITE_TEST(the_last_attempt_ends_it),
	SUITE_TEST(age_ends_it),
	SUITE_TEST(a_plugin_that_does_not_take_it_uses_an_attempt),
	SUITE_TEST(a_busy_plugin_uses_no_attempt),
	SUITE_TEST(a_plugin_that_never_answers_is_given_up),
	SUITE_TEST(one_in_flight_is_cancelled),
	SUITE_TEST(one_in_its_last_attempt_is_cancelled_not_dead),
	SUITE_TEST(one_that_is_being_answered_ends_as_was_said),
	SUITE_TEST(one_that_waits_in_memory_is_cancelled),
	SUITE_TEST(one_that_is_on_its_way_to_the_lane_is_cancelled),
	SUITE_TEST(one_on_the_disk_is_cancelled),
	SUITE_TEST(what_was_submitted_when_the_host_died_has_used_an_attempt),
	SUITE_TEST(attempts_never_pass_the_limit_over_crashes),
	SUITE_TEST(a_suspect_goes_alone),
	SUITE_TEST(a_suspect_that_waits_is_not_passed_by_what_comes_new_to_its_queue),
	SUITE_TEST(a_suspect_that_waits_is_not_passed_by_a_direct_call),
	SUITE_TEST(a_suspect_that_is_held_back_lets_the_others_go),
	SUITE_TEST(a_third_crash_puts_it_into_quarantine),
	SUITE_TEST(destroying_leaves_everything_ready),
	SUITE_TEST(draining_cuts_what_does_not_end),
	SUITE_TEST(a_drain_that_is_cut_waits_no_longer),
	SUITE_TEST(draining_cuts_direct_calls_too),
	SUITE_TEST(a_refused_secret_does_not_hold_up_the_end),
};

SUITE_MAIN("delivery", tests)
