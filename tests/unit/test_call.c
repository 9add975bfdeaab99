/* Tests of direct calls: their wait for a slot, their retries, their answer. */
#include "durable.h"
#include "suite.h"

struct answered {
	unsigned times, attempts, result, flags;
	char reason[32], detail[256];
	int64_t duration_ms, at_ms;
};

static void keep(void *arg, const struct send_answer *answer)
{
	struct answered *a = arg;

	a->times++;
	a->attempts = answer->attempts;
	a->result = (unsigned)answer->outcome->result;
	a->flags = answer->outcome->flags;
	a->duration_ms = answer->duration_ms;
	a->at_ms = clock_fake.mono_ms();
	snprintf(a->reason, sizeof(a->reason), "%s", answer->outcome->reason);
	snprintf(a->detail, sizeof(a->detail), "%s",
	         answer->outcome->detail ? answer->outcome->detail : "");
	outcome_destroy(answer->outcome);
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

/*
 * Retries
 */

static const struct retry_row {
	const char *body;
	int inline_most;
	unsigned attempts;
	int64_t duration_ms;
	const char *reason;
} retry_rows[] = {
	{"@ok", 3, 1, 0, "ok"},
	{"@refused ok", 1, 2, 200, "ok"},
	{"@refused", 2, 3, 400, "refused"},
	{"@refused ok", 0, 1, 0, "refused"},
	{"@500 ok", 3, 1, 0, "http_500"}, /* it may have reached the peer */
	{"@404 ok", 3, 1, 0, "http_404"},
	{"@refused/3 ok", 1, 2, 3000, "ok"},
	{"@refused/5 ok", 1, 2, 5000, "ok"},
	{"@refused/6 ok", 1, 1, 0, "refused"},
};

START_TEST(it_is_tried_again_only_where_nothing_can_double)
{
	const struct retry_row *row = &retry_rows[_i];
	struct answered a;
	char settings[64];

	snprintf(settings, sizeof(settings), "retry_inline = %d;", row->inline_most);
	durable_begin_with(settings);
	post(row->body, &a);
	durable_advance(10 * 1000);
	ck_assert_uint_eq(a.times, 1);
	ck_assert_str_eq(a.reason, row->reason);
	ck_assert_uint_eq(a.attempts, row->attempts);
	ck_assert_int_eq(a.duration_ms, row->duration_ms);
	durable_end();
}
END_TEST

START_TEST(a_wait_between_two_tries_takes_no_slot)
{
	struct answered slow, quick;

	durable_begin_with("pool_size = 1; retry_inline = 1;");
	post("@refused/5 ok", &slow);
	durable_settle();
	post("quick", &quick);
	durable_settle();
	ck_assert_uint_eq(quick.times, 1);
	ck_assert_uint_eq(slow.times, 0);
	durable_advance(5000);
	ck_assert_str_eq(slow.reason, "ok");
	durable_end();
}
END_TEST

START_TEST(the_world_may_have_changed_between_two_tries)
{
	struct answered a;

	durable_begin_with("retry_inline = 1;");
	post("@refused/5 ok", &a);
	durable_settle();
	ck_assert_int_eq(outbox_pause(hosting.host, NULL, "Hook", "Test", "tea", NULL, NULL), 0);
	ck_assert_uint_eq(a.times, 1);
	ck_assert_str_eq(a.reason, "paused");
	ck_assert_uint_eq(a.result, LK_REJECT);
	durable_end();
}
END_TEST

/*
 * Slots
 */

START_TEST(without_a_free_slot_it_gives_up)
{
	struct answered first, second;

	durable_begin_with("pool_size = 1; retry_inline = 3;");
	post("@ok+5000", &first);
	durable_settle();
	post("x", &second);
	durable_advance(1999);
	ck_assert_uint_eq(second.times, 0);
	durable_advance(1);
	ck_assert_uint_eq(second.times, 1);
	ck_assert_str_eq(second.reason, "pool_exhausted");
	ck_assert_str_eq(second.detail, "all 1 slots were in use for 2000 ms");
	ck_assert_uint_eq(second.attempts, 0);
	ck_assert_uint_eq(second.flags & LK_NOT_SENT, LK_NOT_SENT);
	durable_advance(5000);
	ck_assert_str_eq(first.reason, "ok");
	ck_assert_str_eq(durable_seen(), "@ok+5000");
	durable_end();
}
END_TEST

START_TEST(a_slot_that_comes_free_is_taken_at_once)
{
	struct answered first, second;

	durable_begin_with("pool_size = 1;");
	post("@ok+1000", &first);
	post("x", &second);
	durable_advance(1000);
	ck_assert_str_eq(second.reason, "ok");
	ck_assert_int_eq(second.duration_ms, 1000);
	durable_end();
}
END_TEST

START_TEST(a_busy_connector_is_offered_it_again)
{
	struct answered a;

	durable_begin_with("answers = \"busy busy ok\";");
	post("x", &a);
	durable_advance(49);
	ck_assert_uint_eq(a.times, 0);
	durable_advance(51);
	ck_assert_str_eq(a.reason, "ok");
	ck_assert_uint_eq(a.attempts, 1);
	durable_end();
}
END_TEST

START_TEST(a_connector_that_fails_is_said)
{
	struct answered a;

	durable_begin_with("answers = \"fails\";");
	post("x", &a);
	durable_settle();
	ck_assert_str_eq(a.reason, "plugin_error");
	ck_assert_uint_eq(a.flags, LK_NOT_SENT | LK_LINK_FAULT);
	ck_assert_str_eq(durable_link("Hook").last_reason, "plugin_error");
	durable_end();
}
END_TEST

START_TEST(a_connector_that_never_answers_is_given_up)
{
	struct answered a;

	durable_begin_with("request_timeout_ms = 3000; retry_inline = 3;");
	post("@deaf", &a);
	durable_advance(4000);
	ck_assert_str_eq(a.reason, "timeout");
	ck_assert_uint_eq(a.attempts, 1);
	durable_end();
}
END_TEST

START_TEST(a_description_is_given_whatever_the_link_is)
{
	struct answered a;

	durable_begin_with("pool_size = 1;");
	ck_assert_int_eq(outbox_pause(hosting.host, NULL, "Hook", "Test", "tea", NULL, NULL), 0);
	post_kind("x", LK_OP_DESCRIBE, &a);
	durable_settle();
	ck_assert_str_eq(a.reason, "ok");
	ck_assert_uint_eq(durable_link("Hook").in_flight, 0);
	durable_end();
}
END_TEST

START_TEST(closing_refuses_what_waits)
{
	struct answered first, second, third;

	durable_begin_with("pool_size = 1; retry_inline = 1;");
	post("@refused/5 ok", &third);
	durable_settle();
	post("@ok+500", &first);
	post("x", &second);
	durable_settle();
	durable.moves = true;
	ck_assert_int_eq(host_close(hosting.host, NULL, "Hook", "Test", NULL), 0);
	durable.moves = false;
	ck_assert_str_eq(first.reason, "ok");
	ck_assert_str_eq(second.reason, "not_deployed");
	ck_assert_str_eq(third.reason, "not_deployed");
	durable_end();
}
END_TEST

START_TEST(every_failed_allocation_is_answered)
{
	struct answered a;
	unsigned n = 1;

	durable_begin_with("");
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
	durable_end();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(it_is_tried_again_only_where_nothing_can_double, retry_rows),
	SUITE_TEST(a_wait_between_two_tries_takes_no_slot),
	SUITE_TEST(the_world_may_have_changed_between_two_tries),
	SUITE_TEST(without_a_free_slot_it_gives_up),
	SUITE_TEST(a_slot_that_comes_free_is_taken_at_once),
	SUITE_TEST(a_busy_connector_is_offered_it_again),
	SUITE_TEST(a_connector_that_fails_is_said),
	SUITE_TEST(a_connector_that_never_answers_is_given_up),
	SUITE_TEST(a_description_is_given_whatever_the_link_is),
	SUITE_TEST(closing_refuses_what_waits),
	SUITE_TEST(every_failed_allocation_is_answered),
};

SUITE_MAIN("call", tests)
