/* Tests of lanes with plugins that break the contract, each in its own way. */
#include "core/op.h"
#include "hosting.h"
#include "suite.h"

static const char *const all[] = {
	"echo", "busy", "complete_never", "complete_twice", "submit_fails", "driven", NULL};

static void begin(void)
{
	hosting_begin(all, "");
}

static void start(void)
{
	hosting_start((struct host_options){.lanes = 1});
}

START_TEST(a_message_comes_back_from_echo)
{
	begin();
	hosting_define("Echo", "echo", "");
	start();
	hosting_open("Echo");
	struct send_answer answer = hosting_send("Echo", "hello");
	ck_assert_int_eq(answer.outcome->result, LK_DONE);
	ck_assert_str_eq(answer.outcome->reply, "hello");
	ck_assert_uint_eq(answer.attempts, 1);
	outcome_destroy(answer.outcome);
	hosting_end();
}
END_TEST

START_TEST(a_second_completion_is_ignored)
{
	begin();
	hosting_define("Twice", "complete_twice", "");
	start();
	hosting_open("Twice");
	unsigned before = op_violations();
	for (int i = 0; i < 50; i++) {
		struct send_answer answer = hosting_send("Twice", "x");
		ck_assert_int_eq(answer.outcome->result, LK_DONE);
		outcome_destroy(answer.outcome);
	}
	hosting_end();
	ck_assert_uint_eq(op_violations() - before, 50);
}
END_TEST

START_TEST(a_missing_completion_is_a_timeout)
{
	begin();
	hosting_define("Never", "complete_never", "request_timeout_ms = 1; retry_inline = 0;");
	start();
	hosting_open("Never");
	struct send_answer answer = hosting_send("Never", "x");
	ck_assert_int_eq(answer.outcome->result, LK_RETRY);
	ck_assert_uint_eq(answer.outcome->flags & LK_LINK_FAULT, LK_LINK_FAULT);
	ck_assert_str_eq(answer.outcome->reason, "timeout");
	outcome_destroy(answer.outcome);
	hosting_end(); /* closes although the plugin still owes an answer */
}
END_TEST

START_TEST(a_late_completion_is_ignored)
{
	begin();
	hosting_define("Late", "complete_never",
	               "request_timeout_ms = 1; late_ms = 1300; retry_inline = 0;");
	hosting_define("Echo", "echo", "delay_ms = 600;");
	start();
	hosting_open("Late");
	hosting_open("Echo");
	hosting_expect("Late", "timeout");
	/* When the echo is back, the late completion has come. */
	hosting_expect("Echo", "ok");
	hosting_expect("Late", "timeout");
	hosting_end();
	ck_assert_uint_eq(op_violations(), 0);
}
END_TEST

START_TEST(a_failing_submit_is_said)
{
	begin();
	hosting_define("Fails", "submit_fails", "");
	start();
	hosting_open("Fails");
	struct send_answer answer = hosting_send("Fails", "x");
	ck_assert_int_eq(answer.outcome->result, LK_RETRY);
	ck_assert_str_eq(answer.outcome->reason, "plugin_error");
	ck_assert_uint_eq(answer.outcome->flags & LK_NOT_SENT, LK_NOT_SENT);
	outcome_destroy(answer.outcome);
	hosting_end();
}
END_TEST

START_TEST(a_busy_plugin_is_offered_the_message_again)
{
	begin();
	hosting_define("Busy", "busy", "times = 5;");
	start();
	hosting_open("Busy");
	struct send_answer answer = hosting_send("Busy", "x");
	ck_assert_int_eq(answer.outcome->result, LK_DONE);
	ck_assert_uint_eq(answer.attempts, 1);
	outcome_destroy(answer.outcome);
	hosting_end();
}
END_TEST

START_TEST(a_plugin_that_is_always_ready_starves_nobody)
{
	struct hosting_count count;

	hosting_count_init(&count);
	begin();
	hosting_define("Hot", "driven", "hot = true;");
	hosting_define("Echo", "echo", "delay_ms = 1;");
	start();
	hosting_open("Hot");
	hosting_open("Echo");
	for (int i = 0; i < 200; i++) {
		hosting_post("Echo", "x", &count);
		hosting_post("Hot", "x", &count);
	}
	hosting_wait(&count, 400);
	ck_assert_uint_eq(count.delivered, 400);
	hosting_end();
}
END_TEST

START_TEST(a_driven_plugin_is_run_when_its_descriptor_is_ready)
{
	begin();
	hosting_define("Driven", "driven", "delay_ms = 20;");
	start();
	hosting_open("Driven");
	hosting_expect("Driven", "ok");
	hosting_end();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(a_message_comes_back_from_echo),
	SUITE_TEST(a_second_completion_is_ignored),
	SUITE_TEST(a_missing_completion_is_a_timeout),
	SUITE_TEST(a_late_completion_is_ignored),
	SUITE_TEST(a_failing_submit_is_said),
	SUITE_TEST(a_busy_plugin_is_offered_the_message_again),
	SUITE_TEST(a_plugin_that_is_always_ready_starves_nobody),
	SUITE_TEST(a_driven_plugin_is_run_when_its_descriptor_is_ready),
};

SUITE_MAIN("lane", tests)
