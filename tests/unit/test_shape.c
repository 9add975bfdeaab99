/* Tests of shaping: what becomes of a message whose body a program makes, on a pool that is a fake. */
#include <stdio.h>

#include "durable.h"
#include "fake_transform.h"
#include "suite.h"

/* A program says what becomes of it: "wrap" puts the body between angles, "say X" gives X, and the rest fail
 * so. */
static const struct failing {
	const char *program;
	enum transform_result result;
	const char *reason;
	unsigned outcome, flags;
} failing[] = {
	{"invalid", TRANSFORM_BAD_PROGRAM, "template_invalid", LK_REJECT, LK_NOT_SENT},
	{"input", TRANSFORM_BAD_INPUT, "template_input", LK_REJECT, LK_NOT_SENT},
	{"fails", TRANSFORM_FAILED, "template_failed", LK_REJECT, LK_NOT_SENT},
	{"large", TRANSFORM_TOO_LARGE, "template_too_large", LK_REJECT, LK_NOT_SENT},
	{"hangs", TRANSFORM_TIMEOUT, "template_timeout", LK_RETRY, LK_NOT_SENT | LK_LINK_FAULT},
	{"dies", TRANSFORM_DIED, "template_died", LK_RETRY, LK_NOT_SENT | LK_LINK_FAULT},
	{"nobody", TRANSFORM_UNAVAILABLE, "template_unavailable", LK_RETRY,
         LK_NOT_SENT | LK_LINK_FAULT},
};

static void answer(struct transform *t)
{
	char text[256];

	for (size_t i = 0; i < sizeof(failing) / sizeof(failing[0]); i++) {
		if (strcmp(t->program, failing[i].program) == 0) {
			fake_transform_fail(t, failing[i].result, "what \"payload\" did");
			return;
		}
	}
	if (strncmp(t->program, "say ", 4) == 0) {
		fake_transform_ok(t, t->program + 4, true);
		return;
	}
	snprintf(text, sizeof(text), "<%.*s>", (int)t->input_bytes, (const char *)t->input);
	fake_transform_ok(t, text, false);
}

struct answered {
	unsigned times, attempts, result, flags;
	char reason[32], detail[128];
	int64_t duration_ms;
};

static void keep(void *arg, const struct send_answer *a)
{
	struct answered *to = arg;

	to->times++;
	to->attempts = a->attempts;
	to->result = (unsigned)a->outcome->result;
	to->flags = a->outcome->flags;
	to->duration_ms = a->duration_ms;
	snprintf(to->reason, sizeof(to->reason), "%s", a->outcome->reason);
	snprintf(to->detail, sizeof(to->detail), "%s",
	         a->outcome->detail ? a->outcome->detail : "");
	outcome_destroy(a->outcome);
}

static void post_kind(const char *body, uint32_t kind, struct answered *a)
{
	struct send_call call = {.connection = "Hook",
	                         .environment = "Test",
	                         .kind = kind,
	                         .message = hosting_message(body)};

	*a = (struct answered){0};
	ck_assert_int_eq(host_send(hosting.host, &call, keep, a, NULL), 0);
	message_unref(call.message);
}

static void post(const char *body, struct answered *a)
{
	post_kind(body, LK_OP_SEND, a);
}

static void begin(const char *settings)
{
	durable_begin();
	fake_transform_begin(answer);
	transforms_create(NULL, &durable.options.transforms, NULL);
	hosting_define("Hook", "actor", settings);
	durable_start();
	hosting_open("Hook");
}

static void end(void)
{
	fake_transform_hold(false);
	fake_transform_let_go(1000);
	durable_end();
}

/*
 * What goes out
 */

START_TEST(what_the_program_made_is_sent)
{
	struct answered a;

	begin("body_template = \"wrap\";");
	post("{}", &a);
	durable_settle();
	ck_assert_str_eq(a.reason, "ok");
	ck_assert_uint_eq(a.attempts, 1);
	ck_assert_str_eq(durable_seen(), "<{}>");
	ck_assert_str_eq(durable.book->rows[0].content_type, "application/json");
	end();
}
END_TEST

START_TEST(text_is_called_text)
{
	struct answered a;

	begin("body_template = \"say hello\";");
	post("{}", &a);
	durable_settle();
	ck_assert_str_eq(durable_seen(), "hello");
	ck_assert_str_eq(durable.book->rows[0].content_type, "text/plain; charset=utf-8");
	end();
}
END_TEST

START_TEST(without_a_template_nothing_is_touched)
{
	struct answered a;

	begin("body_template = \"\";");
	fake_transform_hold(true);
	post("{ 1 ", &a);
	durable_settle();
	ck_assert_str_eq(durable_seen(), "{ 1 ");
	ck_assert_uint_eq(fake_transform_held(), 0);
	end();
}
END_TEST

START_TEST(a_description_is_shaped_and_a_test_is_not)
{
	struct answered a;

	begin("body_template = \"wrap\";");
	post_kind("x", LK_OP_DESCRIBE, &a);
	durable_settle();
	post_kind("y", LK_OP_PROBE, &a);
	durable_settle();
	ck_assert_uint_eq(a.times, 1);
	ck_assert_str_eq(durable_seen(), "<x> y");
	end();
}
END_TEST

START_TEST(a_stored_message_stays_as_it_came)
{
	begin("body_template = \"wrap\"; answers = \"500 ok\";");
	const char *id = durable_accept("Hook", "{}");
	durable_advance(60 * 1000);
	durable_expect(id, STORE_DONE);
	ck_assert_str_eq(durable_seen(), "<{}> <{}>"); /* and not a body of a body */
	end();
}
END_TEST

/*
 * Failures
 */

START_TEST(a_failure_is_of_the_message_or_of_the_link)
{
	const struct failing *f = &failing[_i];
	struct answered a;
	char settings[96];

	snprintf(settings, sizeof(settings), "body_template = \"%s\"; retry_inline = 0;",
	         f->program);
	begin(settings);
	post("{}", &a);
	durable_settle();
	ck_assert_uint_eq(a.times, 1);
	ck_assert_str_eq(a.reason, f->reason);
	ck_assert_uint_eq(a.result, f->outcome);
	ck_assert_uint_eq(a.flags, f->flags);
	ck_assert_str_eq(a.detail, "body_template: what \"payload\" did");
	ck_assert_uint_eq(durable_submitted(), 0);
	ck_assert_uint_eq(durable_link("Hook").in_flight, 0);

	const char *id = durable_accept("Hook", "{}");
	durable_settle();
	durable_expect(id, f->outcome == LK_REJECT ? STORE_DEAD : STORE_READY);
	ck_assert_str_eq(durable_row(id).reason, f->reason);
	ck_assert_uint_eq(durable_row(id).attempts, 1);
	end();
}
END_TEST

START_TEST(what_jq_quotes_is_told_to_nobody_but_who_sees_the_message)
{
	struct event event;

	begin("body_template = \"fails\";");
	durable_accept("Hook", "{}");
	durable_settle();
	ck_assert_uint_eq(durable_events(EVENT_DEAD, "Hook", &event), 1);
	ck_assert_str_eq(event.reason, "template_failed");
	ck_assert_str_eq(event.detail, "");
	ck_assert_str_eq(durable_link("Hook").last_reason, "template_failed");
	ck_assert_str_eq(durable_link("Hook").last_detail, "");
	end();
}
END_TEST

static void replay_dead(void)
{
	const struct store_filter filter = {.states = 1u << STORE_DEAD};
	uint64_t count = 0, last = 0;

	ck_assert_int_eq(outbox_replay(hosting.host, &filter, 0, 10, NULL, &count, &last, NULL), 0);
	ck_assert_uint_eq(count, 1);
}

START_TEST(a_mended_template_delivers_what_was_dead)
{
	begin("body_template = \"fails\";");
	const char *id = durable_accept("Hook", "{}");
	durable_settle();
	durable_expect(id, STORE_DEAD);
	durable_replace("Hook", "body_template = \"wrap\";");
	replay_dead();
	durable_settle();
	durable_expect(id, STORE_DONE);
	ck_assert_str_eq(durable_seen(), "<{}>");
	end();
}
END_TEST

START_TEST(a_program_that_never_ends_opens_the_breaker)
{
	struct answered a;

	begin("body_template = \"hangs\"; retry_inline = 0;");
	for (int i = 0; i < 5; i++) {
		post("{}", &a);
		durable_settle();
		ck_assert_str_eq(a.reason, "template_timeout");
	}
	post("{}", &a);
	durable_settle();
	ck_assert_str_eq(a.reason, "breaker_open");
	end();
}
END_TEST

START_TEST(without_a_pool_it_is_said)
{
	struct answered a;

	begin("body_template = \"wrap\"; retry_inline = 0;");
	durable_stop();
	durable.options.transforms = NULL;
	report_init(&hosting.report);
	durable_start();
	hosting_open("Hook");
	post("{}", &a);
	durable_settle();
	ck_assert_str_eq(a.reason, "template_unavailable");
	end();
}
END_TEST

/*
 * While the program runs
 */

START_TEST(it_takes_a_slot_and_its_time_does_not_count_as_the_peers)
{
	struct answered first, second;

	begin("body_template = \"wrap\"; pool_size = 1; request_timeout_ms = 1000;");
	fake_transform_hold(true);
	post("a", &first);
	post("b", &second);
	durable_advance(1500);
	ck_assert_uint_eq(fake_transform_held(), 1);
	ck_assert_uint_eq(durable_link("Hook").in_flight, 1);
	ck_assert_uint_eq(first.times, 0); /* its deadline has not begun */
	fake_transform_let_go(1);
	durable_settle();
	ck_assert_str_eq(first.reason, "ok");
	ck_assert_int_eq(first.duration_ms, 1500);
	ck_assert_uint_eq(fake_transform_held(), 1);
	fake_transform_let_go(1);
	durable_settle();
	ck_assert_str_eq(second.reason, "ok");
	ck_assert_str_eq(durable_seen(), "<a> <b>");
	end();
}
END_TEST

START_TEST(the_deadline_of_the_peer_begins_with_the_hand_over)
{
	struct answered a;

	begin("body_template = \"say @deaf\"; request_timeout_ms = 1000;");
	fake_transform_hold(true);
	post("x", &a);
	durable_advance(5000);
	fake_transform_let_go(1);
	durable_advance(1999);
	ck_assert_uint_eq(a.times, 0);
	durable_advance(1);
	ck_assert_str_eq(a.reason, "timeout");
	end();
}
END_TEST

START_TEST(messages_of_one_key_keep_their_order)
{
	begin("body_template = \"wrap\"; ordering = \"key\"; pool_size = 4;");
	fake_transform_hold(true);
	durable_accept_keyed("Hook", "1", "k");
	durable_accept_keyed("Hook", "2", "k");
	durable_accept_keyed("Hook", "3", "k");
	for (int i = 0; i < 3; i++) {
		durable_advance(1000);
		ck_assert_uint_eq(fake_transform_held(), 1);
		fake_transform_let_go(1);
	}
	durable_advance(1000);
	ck_assert_str_eq(durable_seen(), "<1> <2> <3>");
	end();
}
END_TEST

START_TEST(cancelling_ends_it_when_the_answer_is_home)
{
	begin("body_template = \"wrap\";");
	fake_transform_hold(true);
	const char *id = durable_accept("Hook", "{}");
	durable_settle();
	ck_assert_uint_eq(fake_transform_held(), 1);
	ck_assert_int_eq(outbox_cancel(hosting.host, id, NULL, NULL), 0);
	durable_settle();
	durable_expect(id, STORE_LEASED);
	fake_transform_let_go(1);
	durable_settle();
	durable_expect(id, STORE_CANCELLED);
	ck_assert_uint_eq(durable_submitted(), 0);
	ck_assert_uint_eq(durable_link("Hook").in_flight, 0);
	end();
}
END_TEST

START_TEST(a_link_that_is_replaced_meanwhile_still_sends_it)
{
	struct answered a;

	begin("body_template = \"wrap\";");
	fake_transform_hold(true);
	post("a", &a);
	durable_settle();
	durable_replace("Hook", "body_template = \"say new\";");
	fake_transform_let_go(1);
	durable_settle();
	ck_assert_str_eq(a.reason, "ok");
	fake_transform_hold(false);
	post("b", &a);
	durable_settle();
	ck_assert_str_eq(durable_seen(), "<a> new");
	end();
}
END_TEST

/* Somebody waits for the end of what is in flight: the program ends then. */
static void idle_and_let_go(void *arg)
{
	fake_transform_let_go(1);
	durable_idle(arg);
}

static void begin_waiting(const char *settings)
{
	begin(settings);
	durable_stop();
	durable.options.idle = idle_and_let_go;
	report_init(&hosting.report);
	durable_start();
	hosting_open("Hook");
	fake_transform_hold(true);
}

START_TEST(closing_waits_for_it)
{
	struct answered a;

	begin_waiting("body_template = \"wrap\";");
	post("a", &a);
	durable_settle();
	ck_assert_int_eq(host_close(hosting.host, NULL, "Hook", "Test", NULL), 0);
	durable_settle();
	ck_assert_str_eq(a.reason, "ok");
	end();
}
END_TEST

START_TEST(a_host_that_has_no_time_gives_it_up_unsent)
{
	begin_waiting("body_template = \"wrap\";");
	const char *id = durable_accept("Hook", "{}");
	durable_settle();
	host_drain(hosting.host, 0, NULL);
	fake_transform_let_go(1);
	durable_settle();
	durable_expect(id, STORE_READY);
	ck_assert_uint_eq(durable_row(id).attempts, 0);
	ck_assert_uint_eq(durable_submitted(), 0);
	end();
}
END_TEST

/*
 * A connector that is busy
 */

START_TEST(a_busy_connector_is_offered_it_again)
{
	struct answered a;

	begin("body_template = \"wrap\"; answers = \"busy busy ok\";");
	post("x", &a);
	durable_advance(49);
	ck_assert_uint_eq(a.times, 0);
	durable_advance(51);
	ck_assert_str_eq(a.reason, "ok");
	ck_assert_uint_eq(a.attempts, 1);
	ck_assert_str_eq(durable_seen(), "<x>");
	end();
}
END_TEST

START_TEST(it_is_offered_again_when_another_has_ended)
{
	struct answered first, second, third;

	begin("body_template = \"wrap\"; answers = \"ok+10 busy ok\"; pool_size = 4;");
	fake_transform_hold(true);
	post("1", &first);
	post("2", &second);
	post("3", &third);
	durable_settle();
	fake_transform_let_go(3);
	durable_settle();
	ck_assert_str_eq(durable_seen(), "<1>");
	durable_advance(10);
	ck_assert_str_eq(durable_seen(), "<1> <2> <3>"); /* in their order */
	ck_assert_uint_eq(first.times + second.times + third.times, 3);
	end();
}
END_TEST

START_TEST(a_connector_that_stays_busy_is_given_up_at_the_deadline)
{
	struct answered a;

	begin("body_template = \"wrap\"; answers = \"busy\"; request_timeout_ms = 1000; "
	      "retry_inline = 0;");
	post("x", &a);
	durable_advance(999);
	ck_assert_uint_eq(a.times, 0);
	durable_advance(51);
	ck_assert_str_eq(a.reason, "busy");
	ck_assert_uint_eq(a.flags, LK_NOT_SENT);
	end();
}
END_TEST

START_TEST(what_waits_for_a_busy_connector_can_be_cancelled)
{
	begin("body_template = \"wrap\"; answers = \"busy\";");
	const char *id = durable_accept("Hook", "{}");
	durable_settle();
	ck_assert_int_eq(outbox_cancel(hosting.host, id, NULL, NULL), 0);
	durable_settle();
	durable_expect(id, STORE_CANCELLED);
	ck_assert_uint_eq(durable_link("Hook").in_flight, 0);
	end();
}
END_TEST

START_TEST(a_connector_that_fails_is_said)
{
	struct answered a;

	begin("body_template = \"wrap\"; answers = \"fails\"; retry_inline = 0;");
	post("x", &a);
	durable_settle();
	ck_assert_str_eq(a.reason, "plugin_error");
	ck_assert_uint_eq(a.flags, LK_NOT_SENT | LK_LINK_FAULT);
	end();
}
END_TEST

START_TEST(every_failed_allocation_is_answered)
{
	struct answered a;
	unsigned n = 1;

	begin("body_template = \"wrap\";");
	/* A lane without memory for its first timers ends the process; it has them now. */
	post("warm", &a);
	durable_settle();
	for (bool pending = false; !pending; n++) {
		struct send_call call = {.connection = "Hook",
		                         .environment = "Test",
		                         .message = hosting_message("x")};
		a = (struct answered){0};
		mem_fail_at(n);
		int rc = host_send(hosting.host, &call, keep, &a, NULL);
		if (rc == 0)
			durable_settle();
		pending = mem_fail_pending();
		mem_fail_at(0);
		message_unref(call.message);
		durable_advance(10 * 60 * 1000); /* a breaker that has opened closes */
		ck_assert_uint_eq(a.times, rc == 0);
	}
	ck_assert_str_eq(a.reason, "ok");
	ck_assert_uint_gt(n, 5);
	end();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(what_the_program_made_is_sent),
	SUITE_TEST(text_is_called_text),
	SUITE_TEST(without_a_template_nothing_is_touched),
	SUITE_TEST(a_description_is_shaped_and_a_test_is_not),
	SUITE_TEST(a_stored_message_stays_as_it_came),
	SUITE_LOOP(a_failure_is_of_the_message_or_of_the_link, failing),
	SUITE_TEST(what_jq_quotes_is_told_to_nobody_but_who_sees_the_message),
	SUITE_TEST(a_mended_template_delivers_what_was_dead),
	SUITE_TEST(a_program_that_never_ends_opens_the_breaker),
	SUITE_TEST(without_a_pool_it_is_said),
	SUITE_TEST(it_takes_a_slot_and_its_time_does_not_count_as_the_peers),
	SUITE_TEST(the_deadline_of_the_peer_begins_with_the_hand_over),
	SUITE_TEST(messages_of_one_key_keep_their_order),
	SUITE_TEST(cancelling_ends_it_when_the_answer_is_home),
	SUITE_TEST(a_link_that_is_replaced_meanwhile_still_sends_it),
	SUITE_TEST(closing_waits_for_it),
	SUITE_TEST(a_host_that_has_no_time_gives_it_up_unsent),
	SUITE_TEST(a_busy_connector_is_offered_it_again),
	SUITE_TEST(it_is_offered_again_when_another_has_ended),
	SUITE_TEST(a_connector_that_stays_busy_is_given_up_at_the_deadline),
	SUITE_TEST(what_waits_for_a_busy_connector_can_be_cancelled),
	SUITE_TEST(a_connector_that_fails_is_said),
	SUITE_TEST(every_failed_allocation_is_answered),
};

SUITE_MAIN("shape", tests)
