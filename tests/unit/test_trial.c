/* Tests of periodic tests: when they come, what is kept and told of them. */
#include "core/trial.h"

#include "durable.h"
#include "suite.h"

START_TEST(it_is_tested_once_in_each_period)
{
	durable_begin_with("test_every_s = 60;");
	ck_assert_int_eq(durable_link("Hook").test_ms, 0);
	durable_advance(10 * 60 * 1000);
	ck_assert_uint_eq(durable_submitted(), 10);
	struct monitor_link link = durable_link("Hook");
	ck_assert(link.test_ok);
	ck_assert_uint_eq(link.test_status, 200);
	ck_assert_str_eq(link.test_reason, "ok");
	ck_assert_int_gt(link.test_ms, clock_fake.unix_ms() - 60 * 1000);
	/* Nothing was delivered. */
	ck_assert_uint_eq(link.delivered, 0);
	ck_assert_uint_eq(durable_events(EVENT_TEST_OK, NULL, NULL), 0);
	durable_end();
}
END_TEST

START_TEST(without_the_setting_nothing_is_tested)
{
	durable_begin_with("");
	durable_advance(24ll * 60 * 60 * 1000);
	ck_assert_uint_eq(durable_submitted(), 0);
	durable_end();
}
END_TEST

START_TEST(what_changes_is_told)
{
	struct event event;

	durable_begin_with("test_every_s = 60; answers = \"503\";");
	durable_advance(2 * 60 * 1000);
	ck_assert_uint_eq(durable_events(EVENT_TEST_FAILED, "Hook", &event), 1);
	ck_assert_str_eq(event.reason, "http_503");
	/* The link itself has not failed. */
	ck_assert_str_eq(durable_link("Hook").state, "idle");
	durable_replace("Hook", "test_every_s = 60;");
	durable_advance(2 * 60 * 1000);
	ck_assert_uint_eq(durable_events(EVENT_TEST_OK, "Hook", NULL), 1);
	durable_replace("Hook", "test_every_s = 60; answers = \"404\";");
	durable_advance(3 * 60 * 1000);
	ck_assert_uint_eq(durable_events(EVENT_TEST_FAILED, "Hook", &event), 2);
	ck_assert_str_eq(event.reason, "http_404");
	ck_assert_uint_eq(durable_link("Hook").test_status, 404);
	durable_end();
}
END_TEST

START_TEST(a_disabled_connection_is_not_tested_by_itself)
{
	durable_begin();
	folder_write(
		"connections/Hook.conf",
		"connection: { name = \"Hook\"; type = \"actor\"; enabled = false; settings: { "
		"test_every_s = 60; }; environments: { Test: {}; }; };\n");
	durable_start();
	hosting_open("Hook");
	durable_advance(10 * 60 * 1000);
	ck_assert_uint_eq(durable_submitted(), 0);
	durable_end();
}
END_TEST

START_TEST(a_closed_one_is_not_tested_any_more)
{
	durable_begin_with("test_every_s = 60;");
	durable_advance(60 * 1000);
	ck_assert_int_eq(host_close(hosting.host, NULL, "Hook", "Test", NULL), 0);
	unsigned before = durable_submitted();
	durable_advance(10 * 60 * 1000);
	ck_assert_uint_eq(durable_submitted(), before);
	durable_end();
}
END_TEST

/* The settings that a test reads outlive the deployment that it tests. */
START_TEST(a_deployment_may_end_while_it_is_tested)
{
	durable_begin_with("test_every_s = 60; answers = \"ok+5000\";");
	durable_advance(60 * 1000 - 1);
	while (durable_submitted() == 0)
		durable_advance(100);
	durable_replace("Hook", "test_every_s = 3600;");
	durable_settle();
	durable_advance(10 * 1000);
	ck_assert(durable_link("Hook").test_ok);
	durable_end();
}
END_TEST

START_TEST(a_host_may_end_while_it_is_tested)
{
	durable_begin_with("test_every_s = 60; answers = \"ok+5000\";");
	while (durable_submitted() == 0)
		durable_advance(100);
	durable_end();
}
END_TEST

START_TEST(want_of_memory_costs_one_test)
{
	durable_begin_with("test_every_s = 60;");
	durable_advance(60 * 1000);
	for (unsigned n = 1; n <= 8; n++) {
		mem_fail_at(n);
		durable_advance(60 * 1000);
		mem_fail_at(0);
	}
	unsigned before = durable_submitted();
	durable_advance(60 * 1000);
	ck_assert_uint_eq(durable_submitted(), before + 1);
	ck_assert(durable_link("Hook").test_ok);
	durable_end();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(it_is_tested_once_in_each_period),
	SUITE_TEST(without_the_setting_nothing_is_tested),
	SUITE_TEST(what_changes_is_told),
	SUITE_TEST(a_disabled_connection_is_not_tested_by_itself),
	SUITE_TEST(a_closed_one_is_not_tested_any_more),
	SUITE_TEST(a_deployment_may_end_while_it_is_tested),
	SUITE_TEST(a_host_may_end_while_it_is_tested),
	SUITE_TEST(want_of_memory_costs_one_test),
};

SUITE_MAIN("trial", tests)
