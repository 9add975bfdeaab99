/* Tests of events: the ring, those who follow it, alerts. */
#include "durable.h"
#include "suite.h"

enum { RING = 2048 };

static void begin(void)
{
	durable_begin_with("");
}

static void count_call(void *arg)
{
	++*(unsigned *)arg;
}

static uint64_t emit(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		event_emit(hosting.host, EVENT_RELOADED, "again");
	return event_newest(hosting.host);
}

START_TEST(numbers_have_no_gaps_and_the_oldest_are_lost)
{
	static struct event events[RING + 8];
	uint64_t lost = 99;

	begin();
	uint64_t first = event_newest(hosting.host);
	emit(RING + 10);
	size_t count = event_read(hosting.host, first, events, RING + 8, &lost);
	ck_assert_uint_eq(count, RING);
	ck_assert_uint_eq(lost, 10);
	for (size_t i = 0; i < count; i++)
		ck_assert_uint_eq(events[i].number, first + 11 + i);
	ck_assert_str_eq(events[0].detail, "again");
	ck_assert_uint_eq(event_read(hosting.host, first + 20, events, 3, &lost), 3);
	ck_assert_uint_eq(lost, 0);
	ck_assert_uint_eq(events[0].number, first + 21);
	ck_assert_uint_eq(event_read(hosting.host, 1000000, events, 3, &lost), 0);
	ck_assert_uint_eq(lost, 0);
	durable_end();
}
END_TEST

START_TEST(a_watch_is_called_once)
{
	struct event_watch *watch;
	unsigned calls = 0;

	begin();
	uint64_t newest = emit(1);
	ck_assert_int_eq(event_watch(hosting.host, newest, count_call, &calls, &watch, NULL), 0);
	ck_assert_uint_eq(calls, 0);
	emit(2);
	ck_assert_uint_eq(calls, 1);
	ck_assert_int_eq(event_unwatch(hosting.host, watch), 0);
	durable_end();
}
END_TEST

START_TEST(a_watch_behind_the_newest_is_called_at_once)
{
	struct event_watch *watch;
	unsigned calls = 0;

	begin();
	uint64_t newest = emit(1);
	ck_assert_int_eq(event_watch(hosting.host, newest - 1, count_call, &calls, &watch, NULL),
	                 0);
	ck_assert_uint_eq(calls, 1);
	ck_assert_int_eq(event_unwatch(hosting.host, watch), 0);
	durable_end();
}
END_TEST

START_TEST(a_watch_before_its_time_is_not_called)
{
	struct event_watch *watch;
	unsigned calls = 0;

	begin();
	uint64_t newest = emit(1);
	ck_assert_int_eq(event_watch(hosting.host, newest + 2, count_call, &calls, &watch, NULL),
	                 0);
	emit(2);
	ck_assert_uint_eq(calls, 0);
	emit(1);
	ck_assert_uint_eq(calls, 1);
	durable_end();
}
END_TEST

START_TEST(a_watch_that_is_taken_back_is_never_called)
{
	struct event_watch *watch, *other;
	unsigned calls = 0, others = 0;

	begin();
	uint64_t newest = emit(1);
	ck_assert_int_eq(event_watch(hosting.host, newest, count_call, &calls, &watch, NULL), 0);
	ck_assert_int_eq(event_unwatch(hosting.host, watch), 1);
	ck_assert_int_eq(event_unwatch(hosting.host, watch), 0);
	ck_assert_int_eq(event_watch(hosting.host, newest, count_call, &others, &other, NULL), 0);
	ck_assert_int_eq(event_unwatch(hosting.host, watch), 0);
	emit(1);
	ck_assert_uint_eq(calls, 0);
	ck_assert_uint_eq(others, 1);
	durable_end(); /* one that nobody takes back goes with the host */
}
END_TEST

START_TEST(successes_are_kept_only_while_somebody_follows)
{
	struct event event;

	begin();
	durable_accept("Hook", "x");
	durable_settle();
	ck_assert_uint_eq(durable_events(EVENT_DELIVERED, "Hook", NULL), 0);
	const char *id = durable_accept("Hook", "y"); /* we asked just now */
	durable_settle();
	ck_assert_uint_eq(durable_events(EVENT_DELIVERED, "Hook", &event), 1);
	ck_assert_str_eq(event.delivery, id);
	ck_assert_str_eq(event.project, CONF_GLOBAL);
	ck_assert_str_eq(event.environment, "Test");
	ck_assert_uint_eq(event.attempt, 1);
	ck_assert_uint_eq(event.status, 200);
	ck_assert_int_eq(event.at_ms, DURABLE_START_MS);
	clock_fake_advance(60 * 1000);
	durable_accept("Hook", "z");
	durable_settle();
	ck_assert_uint_eq(durable_events(EVENT_DELIVERED, "Hook", NULL), 1);
	durable_end();
}
END_TEST

START_TEST(a_failure_says_when_the_next_attempt_is)
{
	struct event event;

	begin();
	const char *id = durable_accept("Hook", "@500/60 404");
	durable_settle();
	ck_assert_uint_eq(durable_events(EVENT_FAILED, "Hook", &event), 1);
	ck_assert_str_eq(event.delivery, id);
	ck_assert_int_eq(event.next_ms, DURABLE_START_MS + 60 * 1000);
	ck_assert_str_eq(event.reason, "http_500");
	ck_assert_str_eq(event.detail, "as the script says");
	durable_advance(60 * 1000);
	ck_assert_uint_eq(durable_events(EVENT_DEAD, "Hook", &event), 1);
	ck_assert_int_eq(event.next_ms, 0);
	ck_assert_uint_eq(event.status, 404);
	ck_assert_uint_eq(event.attempt, 2);
	durable_end();
}
END_TEST

START_TEST(each_kind_has_a_name_of_its_own)
{
	for (int i = 0; i < EVENT_KINDS; i++)
		for (int k = 0; k < i; k++)
			ck_assert_str_ne(event_name((enum event_kind)i),
			                 event_name((enum event_kind)k));
}
END_TEST

/*
 * Alerts
 */

static void begin_alerts(const char *hook, const char *bell)
{
	durable_begin();
	hosting_define("Hook", "actor", hook);
	hosting_define("Bell", "actor", bell);
	durable_start();
	hosting_open("Hook");
	hosting_open("Bell");
}

START_TEST(a_dead_letter_goes_through_the_alert_connection)
{
	begin_alerts("alert_connection = \"Bell\"; answers = \"404\";", "");
	durable_accept("Hook", "x");
	durable_settle();
	ck_assert_uint_eq(durable_submitted(), 2);
	ck_assert_str_eq(durable.book->rows[1].connection, "Bell");
	ck_assert_uint_eq(durable.book->rows[1].flags, LK_REQUEST_STORED);
	ck_assert_msg(strncmp(durable.book->rows[1].body, "{\"event\":\"dead\"", 15) == 0, "%s",
	              durable.book->rows[1].body);
	durable_end();
}
END_TEST

START_TEST(an_alert_comes_of_each_change_of_a_link)
{
	begin_alerts("alert_connection = \"Bell\"; answers = \"tls ok\";", "");
	durable_accept("Hook", "x");
	durable_settle();
	ck_assert_uint_eq(durable_link("Bell").delivered, 1); /* blocked */
	durable_advance(60 * 1000);
	ck_assert_uint_eq(durable_link("Bell").delivered, 2); /* unblocked */
	ck_assert_int_eq(outbox_pause(hosting.host, NULL, "Hook", "Test", "", NULL, NULL), 0);
	durable_settle();
	ck_assert_uint_eq(durable_link("Bell").delivered, 3);
	durable_end();
}
END_TEST

START_TEST(an_alert_that_nobody_takes_is_given_up)
{
	begin_alerts("alert_connection = \"Nobody\"; answers = \"404\";", "");
	durable_accept("Hook", "x");
	durable_settle();
	ck_assert_uint_eq(durable_events(EVENT_DEAD, NULL, NULL), 1);
	durable_end();
}
END_TEST

/* Names compare case-folded here, too. */
static const char *const own_names[] = {"Hook", "hook"};

START_TEST(a_connection_does_not_tell_itself)
{
	char settings[128];

	snprintf(settings, sizeof(settings), "alert_connection = \"%s\"; answers = \"404\";",
	         own_names[_i]);
	durable_begin_with(settings);
	durable_accept("Hook", "x");
	for (int i = 0; i < 100; i++) {
		host_turn(hosting.host);
		durable_barrier();
	}
	ck_assert_uint_eq(durable_submitted(), 1);
	durable_end();
}
END_TEST

START_TEST(two_that_tell_each_other_do_not_go_on_for_ever)
{
	begin_alerts("alert_connection = \"Bell\"; answers = \"404\";",
	             "alert_connection = \"Hook\"; answers = \"404\";");
	durable_accept("Hook", "x");
	for (int i = 0; i < 100; i++) {
		host_turn(hosting.host);
		durable_barrier();
	}
	ck_assert_uint_eq(durable_submitted(), 2);
	durable_end();
}
END_TEST

START_TEST(two_that_fail_do_not_tell_each_other_for_ever)
{
	begin_alerts(
		"alert_connection = \"Bell\"; answers = \"refused\"; retry_max_attempts = 50;",
		"alert_connection = \"Hook\"; answers = \"refused\"; retry_max_attempts = 50;");
	for (int i = 0; i < 5; i++)
		durable_accept("Hook", "x");
	durable_advance(24 * 3600 * 1000);
	/* Five messages, the alert that Hook fails, and no alert about that alert. */
	ck_assert_uint_le(durable_link("Hook").waiting, 5 + 1);
	ck_assert_uint_le(durable_link("Bell").waiting, 40);
	durable_end();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(numbers_have_no_gaps_and_the_oldest_are_lost),
	SUITE_TEST(a_watch_is_called_once),
	SUITE_TEST(a_watch_behind_the_newest_is_called_at_once),
	SUITE_TEST(a_watch_before_its_time_is_not_called),
	SUITE_TEST(a_watch_that_is_taken_back_is_never_called),
	SUITE_TEST(successes_are_kept_only_while_somebody_follows),
	SUITE_TEST(a_failure_says_when_the_next_attempt_is),
	SUITE_TEST(each_kind_has_a_name_of_its_own),
	SUITE_TEST(a_dead_letter_goes_through_the_alert_connection),
	SUITE_TEST(an_alert_comes_of_each_change_of_a_link),
	SUITE_TEST(an_alert_that_nobody_takes_is_given_up),
	SUITE_LOOP(a_connection_does_not_tell_itself, own_names),
	SUITE_TEST(two_that_tell_each_other_do_not_go_on_for_ever),
	SUITE_TEST(two_that_fail_do_not_tell_each_other_for_ever),
};

SUITE_MAIN("event", tests)
