/* Tests of what a host tells about itself. */
#include "durable.h"
#include "suite.h"

/*
 * States
 */

static void nothing(void)
{
}

static void fly(void)
{
	durable_accept("Hook", "@ok+60000");
	durable_settle();
}

static void fail_once(void)
{
	durable_accept("Hook", "@500/30");
	durable_settle();
}

static void block(void)
{
	durable_accept("Hook", "@401");
	durable_settle();
}

static void break_link(void)
{
	for (int i = 0; i < 5; i++)
		hosting_expect("Hook", "refused");
}

static void half_open(void)
{
	break_link();
	durable_advance(36 * 1000);
	durable_accept("Hook", "@ok+60000");
	durable_settle();
}

static void pause_it(void)
{
	ck_assert_int_eq(outbox_pause(hosting.host, NULL, "Hook", "Test", "lunch", NULL, NULL), 0);
}

static void close_it(void)
{
	ck_assert_int_eq(host_close(hosting.host, NULL, "Hook", "Test", NULL), 0);
}

static void disable_it(void)
{
	folder_write("connections/Hook.conf",
	             "connection: { name = \"Hook\"; type = \"actor\"; enabled = false; "
	             "environments: { Test: {}; }; };\n");
	conf_finish(&hosting.conf);
	conf_load(&hosting.conf, folder_path("linkspan.conf"), &hosting.report);
	ck_assert_int_eq(host_replace(hosting.host, hosting_deployment("Hook"), NULL), 0);
}

static const struct state_row {
	void (*deed)(void);
	const char *state, *detail; /* a part of it */
} state_rows[] = {
	{nothing, "idle", ""},
	{fly, "sending", ""},
	{fail_once, "waiting", ""},
	{block, "blocked", "auth: as the script says; next probe in 60 s"},
	{break_link, "breaker_open",
         "the link failed, last with refused: as the script says; next"},
	{half_open, "breaker_half_open", "one message at a time"},
	{pause_it, "paused", "the connection is paused: lunch"},
	{close_it, "undeployed", "not deployed in Test"},
	{disable_it, "disabled", "the connection is disabled"},
};

START_TEST(a_state_says_why)
{
	const struct state_row *row = &state_rows[_i];

	durable_begin_with("answers = \"refused\"; retry_inline = 0; request_timeout_ms = 100000;");
	row->deed();
	struct monitor_link link = durable_link("Hook");
	ck_assert_str_eq(link.state, row->state);
	ck_assert_msg(strstr(link.state_detail, row->detail) != NULL, "%s", link.state_detail);
	ck_assert((link.state_detail[0] == '\0') == (row->detail[0] == '\0'));
	durable_end();
}
END_TEST

START_TEST(numbers_follow_the_messages)
{
	durable_begin_with("pool_size = 1; retry_delay_s = 10;");
	struct monitor_link link = durable_link("Hook");
	ck_assert_int_ne(link.id, 0);
	ck_assert(link.deployed && link.enabled && !link.paused);
	ck_assert_uint_eq(link.concurrency_limit, 1);
	ck_assert_int_eq(link.oldest_ms, 0);
	ck_assert_int_eq(link.last_error_ms, 0);

	durable_accept("Hook", "@404");
	durable_accept("Hook", "@500/600 ok");
	durable_accept("Hook", "@ok");
	durable_settle();
	clock_fake_advance(5);
	durable_accept("Hook", "@ok+50");
	durable_settle();
	durable_accept("Hook", "x");
	durable_settle();
	link = durable_link("Hook");
	ck_assert_uint_eq(link.delivered, 1);
	ck_assert_uint_eq(link.dead, 1);
	ck_assert_uint_eq(link.dead_lettered, 1);
	ck_assert_uint_eq(link.failed, 2);
	ck_assert_uint_eq(link.retried, 1);
	ck_assert_uint_eq(link.waiting, 3);
	ck_assert_uint_eq(link.in_flight, 1);
	ck_assert_uint_eq(link.in_memory, 2);
	ck_assert_int_eq(link.oldest_ms, DURABLE_START_MS);
	ck_assert_int_eq(link.next_retry_ms, DURABLE_START_MS + 600 * 1000);
	ck_assert_int_eq(link.last_error_ms, DURABLE_START_MS);
	ck_assert_str_eq(link.last_reason, "http_500");
	ck_assert_str_eq(link.last_detail, "as the script says");

	struct monitor_host host;
	monitor_host(hosting.host, &host);
	ck_assert_int_eq(host.started_ms, DURABLE_START_MS);
	ck_assert_uint_eq(host.lanes, 1);
	ck_assert_uint_eq(host.active, 2);
	ck_assert_uint_eq(host.active_bytes, strlen("@ok+50") + 1);
	ck_assert(!host.stopping);
	durable_end();
}
END_TEST

START_TEST(what_is_stored_is_counted_after_a_restart)
{
	durable_begin_with("pool_size = 1;");
	durable_accept("Hook", "@404");
	durable_accept("Hook", "@500/600");
	durable_settle();
	durable_restart();
	struct monitor_link link = durable_link("Hook");
	ck_assert_str_eq(link.state, "undeployed");
	ck_assert_uint_eq(link.waiting, 1);
	ck_assert_uint_eq(link.dead, 1);
	hosting_open("Hook");
	link = durable_link("Hook");
	ck_assert_str_eq(link.state, "waiting");
	ck_assert_int_eq(link.next_retry_ms, DURABLE_START_MS + 600 * 1000);
	ck_assert_uint_eq(link.delivered, 0);
	durable_end();
}
END_TEST

static void count_link(void *arg, const struct monitor_link *link)
{
	(void)link;
	++*(unsigned *)arg;
}

static unsigned count(const char *project, const char *name, const char *environment)
{
	unsigned found = 0;

	ck_assert_int_eq(
		monitor_links(hosting.host, project, name, environment, count_link, &found, NULL),
		0);
	return found;
}

START_TEST(links_are_found_by_their_names)
{
	durable_begin();
	hosting_define("Hook", "actor", "");
	hosting_define("Other", "actor", "");
	durable.options.lanes = 3;
	durable_start();
	ck_assert_uint_eq(count(NULL, NULL, NULL), 0);
	hosting_open("Hook");
	hosting_open("Other");
	ck_assert_uint_eq(count(NULL, NULL, NULL), 2);
	ck_assert_uint_eq(count(CONF_GLOBAL, "hook", "Test"), 1);
	ck_assert_uint_eq(count("shop", NULL, NULL), 0);
	ck_assert_uint_eq(count(NULL, NULL, "test"), 0);
	durable_end();
}
END_TEST

START_TEST(no_memory_is_said)
{
	unsigned found = 0;
	struct err e = {0};

	durable_begin_with("");
	for (unsigned n = 1;; n++) {
		e = (struct err){0};
		found = 0;
		mem_fail_at(n);
		int rc = monitor_links(hosting.host, NULL, NULL, NULL, count_link, &found, &e);
		bool pending = mem_fail_pending();
		mem_fail_at(0);
		if (pending)
			break;
		/* Either it fails and says so, or all links are there. */
		ck_assert((rc < 0 && found == 0 && e.text[0]) || (rc == 0 && found == 1));
	}
	durable_end();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(a_state_says_why, state_rows),
	SUITE_TEST(numbers_follow_the_messages),
	SUITE_TEST(what_is_stored_is_counted_after_a_restart),
	SUITE_TEST(links_are_found_by_their_names),
	SUITE_TEST(no_memory_is_said),
};

SUITE_MAIN("monitor", tests)
