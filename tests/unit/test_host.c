/* Tests of hosts and links: names, slots, secrets, closing under load, memory failures. */
#include "base/clock.h"
#include "hosting.h"
#include "suite.h"

static const char *const plugins[] = {"echo", NULL};

static void begin(void)
{
	hosting_begin(plugins, "");
}

static void start(void)
{
	hosting_start((struct host_options){.lanes = 2});
}

START_TEST(an_unknown_name_is_not_deployed)
{
	struct send_answer answer;

	begin();
	start();
	ck_assert_int_eq(hosting_try("Nobody", "x", &answer), ERR_NOT_FOUND);
	hosting_end();
}
END_TEST

START_TEST(names_compare_case_folded_and_open_once)
{
	struct err e = {0};

	begin();
	hosting_define("Echo", "echo", "");
	start();
	hosting_open("Echo");
	hosting_expect("ECHO", "ok");
	ck_assert_int_eq(host_open(hosting.host, hosting_deployment("Echo"), &e), ERR_CONFLICT);
	hosting_expect("Echo", "ok");
	hosting_end();
}
END_TEST

START_TEST(a_closed_link_takes_no_more)
{
	struct send_answer answer;

	begin();
	hosting_define("Echo", "echo", "");
	start();
	hosting_open("Echo");
	ck_assert_int_eq(host_close(hosting.host, NULL, "Echo", "Test", NULL), 0);
	ck_assert_int_eq(host_close(hosting.host, NULL, "Echo", "Test", NULL), ERR_NOT_FOUND);
	ck_assert_int_eq(hosting_try("Echo", "x", &answer), ERR_NOT_FOUND);
	hosting_open("Echo");
	hosting_expect("Echo", "ok");
	hosting_end();
}
END_TEST

START_TEST(a_disabled_connection_refuses)
{
	begin();
	folder_write("connections/Off.conf",
	             "connection: { name = \"Off\"; type = \"echo\"; enabled = false; "
	             "environments: { Test: {}; }; };\n");
	start();
	hosting_open("Off");
	hosting_expect("Off", "disabled");
	hosting_end();
}
END_TEST

START_TEST(closing_lets_work_in_flight_end)
{
	struct hosting_count count;

	hosting_count_init(&count);
	begin();
	hosting_define("Slow", "echo", "delay_ms = 50; pool_size = 4;");
	start();
	hosting_open("Slow");
	for (int i = 0; i < 12; i++)
		hosting_post("Slow", "x", &count);
	ck_assert_int_eq(host_close(hosting.host, NULL, "Slow", "Test", NULL), 0);
	/* Four were in flight and are delivered; those that waited are refused: none is lost. */
	ck_assert_uint_eq(count.answers, 12);
	ck_assert_uint_eq(count.delivered, 4);
	hosting_end();
}
END_TEST

START_TEST(destroying_a_host_answers_everything)
{
	struct hosting_count count;

	hosting_count_init(&count);
	begin();
	hosting_define("Slow", "echo", "delay_ms = 20; pool_size = 8;");
	start();
	hosting_open("Slow");
	for (int i = 0; i < 100; i++)
		hosting_post("Slow", "x", &count);
	hosting_end();
	ck_assert_uint_eq(count.answers, 100);
}
END_TEST

START_TEST(a_full_pool_is_exhausted_after_the_connection_timeout)
{
	struct hosting_count count;

	hosting_count_init(&count);
	begin();
	hosting_define("One", "echo", "delay_ms = 2500; pool_size = 1;");
	start();
	hosting_open("One");
	hosting_post("One", "x", &count);
	struct send_answer answer = hosting_send("One", "x");
	ck_assert_str_eq(answer.outcome->reason, "pool_exhausted");
	ck_assert_uint_eq(answer.outcome->flags & LK_NOT_SENT, LK_NOT_SENT);
	outcome_destroy(answer.outcome);
	hosting_wait(&count, 1);
	ck_assert_uint_eq(count.delivered, 1);
	hosting_end();
}
END_TEST

START_TEST(slots_are_shared_by_many_callers)
{
	struct hosting_count count;

	hosting_count_init(&count);
	begin();
	hosting_define("Few", "echo", "delay_ms = 1; pool_size = 3;");
	start();
	hosting_open("Few");
	for (int i = 0; i < 300; i++)
		hosting_post("Few", "x", &count);
	hosting_wait(&count, 300);
	ck_assert_uint_eq(count.delivered, 300);
	hosting_end();
}
END_TEST

static const char *attr(const struct send_answer *answer, const char *key)
{
	const char *value = outcome_attr(answer->outcome, key);

	return value ? value : "";
}

START_TEST(a_secret_is_resolved_before_the_first_submit)
{
	begin();
	folder_write("secrets/token", "s3cret\n");
	ck_assert_int_eq(chmod(folder_path("secrets/token"), 0600), 0);
	hosting_define("Echo", "echo", "token = \"Bearer ${secret:file/token}\";");
	start();
	hosting_open("Echo");
	struct send_answer answer = hosting_send("Echo", "x");
	ck_assert_str_eq(attr(&answer, "token"), "Bearer s3cret");
	ck_assert_str_eq(attr(&answer, "token.version"), "1");
	outcome_destroy(answer.outcome);
	hosting_end();
}
END_TEST

START_TEST(a_missing_secret_blocks)
{
	begin();
	hosting_define("Echo", "echo", "token = \"${secret:file/nothing}\";");
	clock_fake_set(1000, 1000);
	hosting_start((struct host_options){.lanes = 1, .clock = &clock_fake});
	hosting_open("Echo");
	struct send_answer answer = hosting_send("Echo", "x");
	ck_assert_int_eq(answer.outcome->result, LK_BLOCKED);
	ck_assert_str_eq(answer.outcome->reason, "secret");
	ck_assert_ptr_nonnull(strstr(answer.outcome->detail, "file/nothing"));
	outcome_destroy(answer.outcome);
	folder_write("secrets/nothing", "there");
	ck_assert_int_eq(chmod(folder_path("secrets/nothing"), 0600), 0);
	/* Until it is time for a probe every call fails at once, and says why. */
	answer = hosting_send("Echo", "x");
	ck_assert_str_eq(answer.outcome->reason, "blocked");
	ck_assert_ptr_nonnull(strstr(answer.outcome->detail, "file/nothing"));
	outcome_destroy(answer.outcome);
	clock_fake_advance(60 * 1000);
	answer = hosting_send("Echo", "x");
	ck_assert_str_eq(attr(&answer, "token"), "there");
	outcome_destroy(answer.outcome);
	hosting_end();
}
END_TEST

START_TEST(too_large_a_body_is_refused)
{
	static char body[LK_BODY_MAX + 1];
	struct message_parts parts = {.body = body, .body_bytes = sizeof(body)};
	struct message *m = NULL;
	struct err e = {0};

	ck_assert_int_eq(message_create(&parts, &m, &e), ERR_USAGE);
	ck_assert_ptr_nonnull(strstr(e.text, "16777216"));
	parts.body_bytes--;
	ck_assert_int_eq(message_create(&parts, &m, NULL), 0);
	message_unref(m);
}
END_TEST

START_TEST(creating_a_host_survives_every_failed_allocation)
{
	begin();
	conf_load(&hosting.conf, folder_path("linkspan.conf"), &hosting.report);
	struct host_options options = {.lanes = 2, .plugins = &hosting.plugins};
	for (unsigned n = 1;; n++) {
		struct err e = {0};
		mem_fail_at(n);
		int rc = host_create(&options, &hosting.host, &e);
		bool pending = mem_fail_pending();
		mem_fail_at(0);
		if (rc == 0) {
			host_destroy(hosting.host);
			hosting.host = NULL;
		}
		if (pending)
			break;
		ck_assert_int_lt(rc, 0);
		ck_assert_str_ne(e.text, "");
	}
	hosting_end();
}
END_TEST

/*
 * Names
 */

static void begin_slow(struct hosting_count *count)
{
	hosting_count_init(count);
	begin();
	hosting_define("Slow", "echo", "delay_ms = 50; pool_size = 2;");
	start();
	hosting_open("Slow");
	for (int i = 0; i < 6; i++)
		hosting_post("Slow", "x", count);
}

START_TEST(a_renamed_link_loses_nothing)
{
	struct hosting_count count;
	struct send_answer answer;
	struct err e = {0};

	begin_slow(&count);
	ck_assert_int_eq(host_rename(hosting.host, "global", "slow", "global", "New", &e), 0);
	ck_assert_int_eq(hosting_try("Slow", "x", &answer), ERR_NOT_FOUND);
	hosting_post("New", "x", &count);
	/* Two were in flight, four waited, one came by the new name. */
	hosting_wait(&count, 7);
	ck_assert_uint_eq(count.delivered, 7);
	/* Only the case of letters; and back to a name that it had. */
	ck_assert_int_eq(host_rename(hosting.host, "global", "New", "global", "NEW", &e), 0);
	hosting_expect("new", "ok");
	ck_assert_int_eq(host_rename(hosting.host, "global", "NEW", "global", "Slow", &e), 0);
	hosting_expect("Slow", "ok");
	ck_assert_int_eq(hosting_try("New", "x", &answer), ERR_NOT_FOUND);
	ck_assert_int_eq(host_rename(hosting.host, "global", "Nobody", "global", "X", &e), 0);
	hosting_end();
}
END_TEST

START_TEST(a_link_moves_into_a_project)
{
	struct hosting_count count;
	struct send_answer answer;

	begin_slow(&count);
	ck_assert_int_eq(host_rename(hosting.host, "global", "Slow", "Shop", "Slow", NULL), 0);
	ck_assert_int_eq(hosting_try("Slow", "x", &answer), ERR_NOT_FOUND);
	struct send_call call = {.project = "Shop",
	                         .connection = "Slow",
	                         .environment = "Test",
	                         .message = hosting_message("x")};
	ck_assert_int_eq(host_send_wait(hosting.host, &call, &answer, NULL), 0);
	ck_assert_str_eq(answer.outcome->reason, "ok");
	outcome_destroy(answer.outcome);
	message_unref(call.message);
	hosting_wait(&count, 6);
	ck_assert_uint_eq(count.delivered, 6);
	hosting_end();
}
END_TEST

START_TEST(without_memory_a_link_keeps_its_name)
{
	struct hosting_count count;
	struct send_answer answer;
	int rc = -1;

	begin_slow(&count);
	hosting_wait(&count, 6);
	for (unsigned n = 1; rc < 0 && n < 50; n++) {
		struct err e = {0};
		mem_fail_at(n);
		rc = host_rename(hosting.host, "global", "Slow", "Shop", "New", &e);
		mem_fail_at(0);
		ck_assert_int_eq(rc, e.code);
		if (rc < 0)
			hosting_expect("Slow", "ok");
	}
	ck_assert_int_eq(rc, 0);
	ck_assert_int_eq(hosting_try("Slow", "x", &answer), ERR_NOT_FOUND);
	hosting_end();
}
END_TEST

START_TEST(a_forgotten_name_is_free)
{
	struct hosting_count count;
	struct send_answer answer;

	begin_slow(&count);
	ck_assert_int_eq(host_close(hosting.host, NULL, "Slow", "Test", NULL), 0);
	host_forget(hosting.host, "global", "SLOW");
	host_forget(hosting.host, "global", "Slow");
	ck_assert_uint_eq(count.answers, 6);
	ck_assert_int_eq(hosting_try("Slow", "x", &answer), ERR_NOT_FOUND);
	hosting_open("Slow");
	hosting_expect("Slow", "ok");
	hosting_end();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(an_unknown_name_is_not_deployed),
	SUITE_TEST(names_compare_case_folded_and_open_once),
	SUITE_TEST(a_closed_link_takes_no_more),
	SUITE_TEST(a_disabled_connection_refuses),
	SUITE_TEST(closing_lets_work_in_flight_end),
	SUITE_TEST(destroying_a_host_answers_everything),
	SUITE_TEST(a_full_pool_is_exhausted_after_the_connection_timeout),
	SUITE_TEST(slots_are_shared_by_many_callers),
	SUITE_TEST(a_secret_is_resolved_before_the_first_submit),
	SUITE_TEST(a_missing_secret_blocks),
	SUITE_TEST(too_large_a_body_is_refused),
	SUITE_TEST(creating_a_host_survives_every_failed_allocation),
	SUITE_TEST(a_renamed_link_loses_nothing),
	SUITE_TEST(a_link_moves_into_a_project),
	SUITE_TEST(without_memory_a_link_keeps_its_name),
	SUITE_TEST(a_forgotten_name_is_free),
};

SUITE_MAIN("host", tests)
