/* Tests of Test connection: a draft through a link of its own, that leaves no trace. */
#include <sys/stat.h>

#include "core/probe.h"
#include "durable.h"
#include "suite.h"

struct answered {
	unsigned times;
	struct send_answer answer; /* the last; its outcome is destroyed by expect() */
};

static void keep(void *arg, const struct send_answer *answer)
{
	struct answered *a = arg;

	a->times++;
	a->answer = *answer;
}

static void begin(const char *settings)
{
	durable_begin();
	hosting_define("Draft", "actor", settings);
	durable_start();
}

static void probe(struct answered *a)
{
	struct err e = {0};

	*a = (struct answered){0};
	ck_assert_msg(host_probe(hosting.host, hosting_deployment("Draft"), keep, a, &e) == 0, "%s",
	              e.text);
}

static void expect(struct answered *a, const char *reason)
{
	ck_assert_uint_eq(a->times, 1);
	ck_assert_str_eq(a->answer.outcome->reason, reason);
	outcome_destroy(a->answer.outcome);
}

static const struct answer_row {
	const char *settings;
	int64_t waits_ms;
	const char *reason;
} answer_rows[] = {
	{"", 0, "ok"},
	{"answers = \"500 ok\"; retry_inline = 3;", 10000, "http_500"}, /* it is tried once */
	{"answers = \"refused ok\"; retry_inline = 3;", 10000, "refused"},
	{"answers = \"401 ok\"; token = \"${secret:file/token}\";", 10000, "auth"},
	{"answers = \"410\";", 0, "gone"},
	{"answers = \"fails\";", 0, "plugin_error"},
	{"answers = \"busy\";", 3000, "pool_exhausted"},
	{"answers = \"deaf\"; request_timeout_ms = 1000;", 2000, "timeout"},
	{"token = \"${secret:file/nothing}\";", 2000, "secret"},
};

START_TEST(it_says_what_came_of_it)
{
	const struct answer_row *row = &answer_rows[_i];
	struct answered a;

	durable_begin();
	folder_write("secrets/token", "s3cret\n");
	ck_assert_int_eq(chmod(folder_path("secrets/token"), 0600), 0);
	hosting_define("Draft", "actor", row->settings);
	durable_start();
	probe(&a);
	durable_advance(row->waits_ms);
	expect(&a, row->reason);
	ck_assert_uint_le(durable_submitted(), 1);
	durable_end();
}
END_TEST

START_TEST(a_disabled_connection_is_tested_all_the_same)
{
	struct answered a;

	durable_begin();
	folder_write("connections/Draft.conf",
	             "connection: { name = \"Draft\"; type = \"actor\"; enabled = false; "
	             "environments: { Test: {}; }; };\n");
	durable_start();
	probe(&a);
	durable_settle();
	expect(&a, "ok");
	durable_end();
}
END_TEST

START_TEST(nothing_is_told_of_it)
{
	struct answered a;
	uint64_t lost;
	struct event event;

	begin("answers = \"401\"; alert_connection = \"Draft\";");
	probe(&a);
	durable_advance(60 * 1000);
	expect(&a, "auth");
	ck_assert_uint_eq(event_read(hosting.host, 0, &event, 1, &lost), 0);
	ck_assert_str_eq(durable_link("Draft").state, "absent");
	durable_end();
}
END_TEST

START_TEST(what_is_deployed_is_left_alone)
{
	struct answered a;

	begin("answers = \"503 503 503 503 503 503 503 503 503 503\"; pool_size = 1;");
	hosting_open("Draft");
	for (int i = 0; i < 10; i++) {
		probe(&a);
		durable_settle();
		expect(&a, "http_503");
	}
	ck_assert_str_eq(durable_link("Draft").state, "idle");
	ck_assert_int_eq(durable_link("Draft").last_error_ms, 0);
	ck_assert_uint_eq(durable_events(EVENT_DEPLOYED, "Draft", NULL), 1);
	durable_end();
}
END_TEST

/* The caller of host_probe() may be gone: the host ends it, and is answered. */
START_TEST(a_host_that_ends_waits_for_it)
{
	struct answered a;

	begin("answers = \"ok+500\";");
	probe(&a);
	durable_settle();
	ck_assert_uint_eq(a.times, 0);
	durable_stop();
	expect(&a, "ok");
	durable_end();
}
END_TEST

START_TEST(one_that_waits_is_refused_when_the_host_ends)
{
	struct answered a;

	begin("answers = \"busy\";");
	probe(&a);
	durable_settle();
	durable_stop();
	expect(&a, "stopping");
	durable_end();
}
END_TEST

START_TEST(a_host_that_drains_cuts_it_and_takes_no_more)
{
	struct answered a;
	struct err e = {0};

	begin("answers = \"hangs\";");
	probe(&a);
	durable_settle();
	durable.moves = true;
	host_drain(hosting.host, 1000, NULL);
	durable.moves = false;
	durable_settle();
	expect(&a, "cancelled");
	ck_assert_int_eq(host_probe(hosting.host, hosting_deployment("Draft"), keep, &a, &e),
	                 ERR_BUSY);
	durable_end();
}
END_TEST

START_TEST(a_connector_that_cannot_open_it_says_so)
{
	static const char *const plugins[] = {"webhook", NULL};
	struct send_answer answer;
	struct err e = {0};
	char settings[900];

	hosting_begin(plugins, "");
	folder_write("ca.pem", "no certificate");
	snprintf(settings, sizeof(settings),
	         "method = \"GET\"; url = \"https://a.example/\"; tls: { ca_file = \"%s\"; };",
	         folder_path("ca.pem"));
	hosting_define("Draft", "webhook", settings);
	hosting_start((struct host_options){.lanes = 2});
	ck_assert_int_eq(host_probe_wait(hosting.host, hosting_deployment("Draft"), &answer, &e),
	                 ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(e.text, "the connector cannot open it"));
	hosting_end();
}
END_TEST

START_TEST(several_at_a_time_run_on_all_lanes)
{
	static const char *const plugins[] = {"echo", NULL};
	struct hosting_count count;

	hosting_count_init(&count);
	hosting_begin(plugins, "");
	hosting_define("Draft", "echo", "delay_ms = 5;");
	hosting_start((struct host_options){.lanes = 3});
	for (int i = 0; i < 30; i++)
		ck_assert_int_eq(host_probe(hosting.host, hosting_deployment("Draft"),
		                            hosting_counted, &count, NULL),
		                 0);
	hosting_end();
	ck_assert_uint_eq(count.answers, 30);
	ck_assert_uint_eq(count.delivered, 30);
}
END_TEST

START_TEST(every_failed_allocation_is_answered)
{
	struct answered a;
	unsigned n = 1;

	begin("");
	/* A lane without memory for its first timers ends the process; it has them now. */
	probe(&a);
	durable_settle();
	expect(&a, "ok");
	for (bool pending = false; !pending; n++) {
		struct deployment *d = hosting_deployment("Draft");
		a = (struct answered){0};
		mem_fail_at(n);
		int rc = host_probe(hosting.host, d, keep, &a, NULL);
		durable_settle();
		pending = mem_fail_pending();
		mem_fail_at(0);
		ck_assert(rc == 0 || rc == ERR_NO_MEMORY);
		ck_assert_uint_eq(a.times, rc == 0);
		if (rc == 0)
			outcome_destroy(a.answer.outcome);
	}
	ck_assert_uint_gt(n, 6);
	durable_end();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(it_says_what_came_of_it, answer_rows),
	SUITE_TEST(a_disabled_connection_is_tested_all_the_same),
	SUITE_TEST(nothing_is_told_of_it),
	SUITE_TEST(what_is_deployed_is_left_alone),
	SUITE_TEST(a_host_that_ends_waits_for_it),
	SUITE_TEST(one_that_waits_is_refused_when_the_host_ends),
	SUITE_TEST(a_host_that_drains_cuts_it_and_takes_no_more),
	SUITE_TEST(a_connector_that_cannot_open_it_says_so),
	SUITE_TEST(several_at_a_time_run_on_all_lanes),
	SUITE_TEST(every_failed_allocation_is_answered),
};

SUITE_MAIN("probe", tests)
