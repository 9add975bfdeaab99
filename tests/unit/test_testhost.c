/* The fake host as the author of a plugin meets it: settings, secrets, time, submit and close. */
#include <linkspan/testhost.h>
#include <stdio.h>
#include <string.h>

#include "puppet.h"
#include "suite.h"

static const char *built(const char *name)
{
	static char path[4096];
	const char *where = getenv("LINKSPAN_TEST_PLUGINS");

	snprintf(path, sizeof(path), "%s/%s.so", where ? where : "tests/plugins/.libs", name);
	return path;
}

/* A host with that plugin and one link of it. */
static struct lk_test_host *open_host(int clock, const char *plugin, const char *settings,
                                      struct lk_link **ret_link)
{
	struct lk_test_host *host = lk_test_create(clock);

	ck_assert_ptr_nonnull(host);
	int rc = lk_test_load(host, built(plugin));
	ck_assert_msg(rc == 0, "%s", lk_test_error(host));
	rc = lk_test_open(host, plugin, settings, ret_link);
	ck_assert_msg(rc == 0, "%s", lk_test_error(host));
	return host;
}

static struct lk_op *make_op(struct lk_link *link, const char *body)
{
	struct lk_op *op = lk_test_op(link, LK_OP_SEND);

	ck_assert_ptr_nonnull(op);
	lk_test_op_body(op, body, strlen(body));
	return op;
}

START_TEST(sends_a_message_and_gets_the_outcome)
{
	struct lk_link *link;
	struct lk_test_host *host = open_host(LK_TEST_FAKE_CLOCK, "echo", "{}", &link);
	struct lk_op *op = make_op(link, "hello");

	lk_test_op_attr(op, "uri.id", "42");
	lk_test_op_attr(op, "header.X", "y");
	ck_assert_ptr_null(lk_test_outcome(op));
	ck_assert_ptr_null(lk_test_attr(op, "uri.id"));
	ck_assert_int_eq(lk_test_submit(op), 0);
	const struct lk_outcome *outcome = lk_test_wait(op, 0);
	ck_assert_ptr_nonnull(outcome);
	ck_assert_uint_eq(outcome->size, sizeof(*outcome));
	ck_assert_uint_eq(outcome->result, LK_DONE);
	ck_assert_str_eq(outcome->reason, "ok");
	ck_assert_uint_eq(outcome->reply_bytes, 5);
	ck_assert_mem_eq(outcome->reply, "hello", 5);
	ck_assert_str_eq(lk_test_attr(op, "uri.id"), "42");
	ck_assert_str_eq(lk_test_attr(op, "header.X"), "y");
	ck_assert_uint_eq(lk_test_counter(host, "echoes"), 1);
	ck_assert_uint_eq(lk_test_counter(host, "unheard"), 0);
	ck_assert_int_eq(lk_test_submit(op), LK_EINVAL);
	lk_test_cancel(op);
	close_host(host);
}
END_TEST

START_TEST(there_is_one_host_at_a_time)
{
	struct lk_test_host *host = lk_test_create(LK_TEST_REAL_CLOCK);

	ck_assert_ptr_nonnull(host);
	ck_assert_ptr_null(lk_test_create(LK_TEST_FAKE_CLOCK));
	lk_test_destroy(host);
	lk_test_destroy(NULL);
	host = lk_test_create(LK_TEST_FAKE_CLOCK);
	ck_assert_ptr_nonnull(host);
	close_host(host);
}
END_TEST

/*
 * Settings
 */
static const struct settings_case {
	const char *settings, *words;
} bad_settings[] = {
	{"{", "line"},
	{"[]", "error: is a list; an object is needed"},
	{"{\"delay_ms\": -1}", "error: delay_ms: "},
	{"{\"headers\": [{\"name\": \"a\"}, {\"value\": \"b\"}]}", "error: headers[1].name: "},
	{"{\"dealy_ms\": 1}", "did you mean"},
	{"{\"headers\": [{\"name\": \"${NAME}\"}]}", "error: headers[0].name: "},
	{"{\"delay_ms\": 1.5}", "error: delay_ms: "},
	{"{\"delay_ms\": null}", "error: delay_ms: "},
	{"{\"delay_ms\": true}", "error: delay_ms: "},
};

START_TEST(faults_of_settings_are_told)
{
	struct lk_test_host *host = lk_test_create(LK_TEST_FAKE_CLOCK);
	struct lk_link *link = NULL;

	ck_assert_int_eq(lk_test_load(host, built("echo")), 0);
	ck_assert_int_eq(lk_test_open(host, "echo", bad_settings[_i].settings, &link), LK_EINVAL);
	ck_assert_msg(strstr(lk_test_error(host), bad_settings[_i].words), "%s",
	              lk_test_error(host));
	ck_assert_ptr_null(link);
	close_host(host);
}
END_TEST

START_TEST(all_faults_are_told_at_once)
{
	struct lk_test_host *host = lk_test_create(LK_TEST_FAKE_CLOCK);
	struct lk_link *link;

	ck_assert_int_eq(lk_test_load(host, built("echo")), 0);
	ck_assert_int_eq(lk_test_open(host, "echo", "{\"delay_ms\": -1, \"x\": 2}", &link),
	                 LK_EINVAL);
	ck_assert_ptr_nonnull(strstr(lk_test_error(host), "delay_ms"));
	ck_assert_ptr_nonnull(strstr(lk_test_error(host), "\"x\""));
	ck_assert_int_eq(lk_test_open(host, "ehco", "{}", &link), LK_ENOENT);
	ck_assert_str_eq(lk_test_error(host), "no plugin offers the type ehco");
	close_host(host);
}
END_TEST

START_TEST(faults_of_plugins_are_told)
{
	struct lk_test_host *host = lk_test_create(LK_TEST_FAKE_CLOCK);

	ck_assert_int_eq(lk_test_load(host, built("none")), LK_ENOENT);
	ck_assert_int_eq(lk_test_load(host, built("v2_only")), LK_EINVAL);
	ck_assert_ptr_nonnull(strstr(lk_test_error(host), "built for ABI major version 2"));
	ck_assert_int_eq(lk_test_load(host, built("lint_faults")), LK_EINVAL);
	ck_assert_ptr_nonnull(strstr(lk_test_error(host), "lint_faults.no_help"));
	ck_assert_ptr_nonnull(strstr(lk_test_error(host), "lint_faults.bad_when"));
	close_host(host);
}
END_TEST

/*
 * Secrets
 */
#define WITH_TOKEN "{\"token\": \"${secret:env/TOKEN}\"}"

START_TEST(secrets_have_versions)
{
	struct lk_link *link;
	struct lk_test_host *host = open_host(LK_TEST_FAKE_CLOCK, "echo", WITH_TOKEN, &link);
	struct lk_op *ops[4];
	static const char *const texts[] = {NULL, "first", "second", NULL};
	char version[24] = "";

	for (size_t i = 0; i < 4; i++) {
		if (i > 0)
			ck_assert_int_eq(lk_test_set_secret(host, "env/TOKEN", texts[i]), 0);
		ops[i] = make_op(link, "");
		ck_assert_int_eq(lk_test_submit(ops[i]), 0);
		const struct lk_outcome *outcome = lk_test_wait(ops[i], 0);
		if (!texts[i]) {
			ck_assert_uint_eq(outcome->result, LK_BLOCKED);
			ck_assert_str_eq(outcome->reason, "secret");
			continue;
		}
		ck_assert_str_eq(lk_test_attr(ops[i], "token"), texts[i]);
		ck_assert_str_ne(lk_test_attr(ops[i], "token.version"), version);
		snprintf(version, sizeof(version), "%s", lk_test_attr(ops[i], "token.version"));
	}
	close_host(host);
}
END_TEST

static const struct token_case {
	const char *setting, *text;
} tokens[] = {
	{"plain", "plain"},
	{"a $$ or $ is no reference", "a $ or $ is no reference"},
	{"<${secret:env/A}|${secret:file/b}>", "<one|two>"},
	{"${secret:env/A}", "one"},
	{"${secret:env/EMPTY}", ""},
};

START_TEST(a_secret_is_put_together)
{
	struct lk_test_host *host = lk_test_create(LK_TEST_FAKE_CLOCK);
	struct lk_link *link;
	char settings[200];

	lk_test_set_secret(host, "env/A", "one");
	lk_test_set_secret(host, "file/b", "two");
	lk_test_set_secret(host, "env/EMPTY", "");
	ck_assert_int_eq(lk_test_load(host, built("echo")), 0);
	snprintf(settings, sizeof(settings), "{\"token\": \"%s\"}", tokens[_i].setting);
	ck_assert_msg(lk_test_open(host, "echo", settings, &link) == 0, "%s", lk_test_error(host));
	struct lk_op *op = make_op(link, "");
	ck_assert_int_eq(lk_test_submit(op), 0);
	ck_assert_ptr_nonnull(lk_test_wait(op, 0));
	ck_assert_str_eq(lk_test_attr(op, "token"), tokens[_i].text);
	close_host(host);
}
END_TEST

/*
 * Time
 */
START_TEST(a_fake_clock_makes_an_hour_short)
{
	struct lk_link *link;
	struct lk_test_host *host =
		open_host(LK_TEST_FAKE_CLOCK, "echo", "{\"delay_ms\": 3600000}", &link);
	struct lk_op *op = make_op(link, "x");
	int64_t start_ms = lk_test_now_ms(host);

	ck_assert_int_eq(lk_test_submit(op), 0);
	ck_assert_ptr_null(lk_test_wait(op, 3599999));
	ck_assert_int_eq(lk_test_now_ms(host) - start_ms, 3599999);
	ck_assert_ptr_nonnull(lk_test_wait(op, 3600000));
	ck_assert_int_eq(lk_test_now_ms(host) - start_ms, 3600000);
	close_host(host);
}
END_TEST

START_TEST(advancing_stops_at_each_timer)
{
	struct lk_link *slow, *fast;
	struct lk_test_host *host =
		open_host(LK_TEST_FAKE_CLOCK, "echo", "{\"delay_ms\": 300}", &slow);

	ck_assert_int_eq(lk_test_open(host, "echo", "{\"delay_ms\": 100}", &fast), 0);
	struct lk_op *a = make_op(slow, "a"), *b = make_op(fast, "b");
	ck_assert_int_eq(lk_test_submit(a), 0);
	ck_assert_int_eq(lk_test_submit(b), 0);
	lk_test_advance(host, 99);
	ck_assert_ptr_null(lk_test_outcome(b));
	lk_test_advance(host, 1);
	ck_assert_ptr_nonnull(lk_test_outcome(b));
	ck_assert_ptr_null(lk_test_outcome(a));
	lk_test_advance(host, 1000);
	ck_assert_ptr_nonnull(lk_test_outcome(a));
	close_host(host);
}
END_TEST

START_TEST(a_real_clock_runs_by_itself)
{
	struct lk_link *link;
	struct lk_test_host *host =
		open_host(LK_TEST_REAL_CLOCK, "echo", "{\"delay_ms\": 20}", &link);
	struct lk_op *op = make_op(link, "x");
	int64_t start_ms = lk_test_now_ms(host);

	ck_assert_int_eq(lk_test_submit(op), 0);
	ck_assert_ptr_null(lk_test_wait(op, 0));
	ck_assert_ptr_nonnull(lk_test_wait(op, 30000));
	ck_assert_int_ge(lk_test_now_ms(host) - start_ms, 20);
	close_host(host);
}
END_TEST

START_TEST(descriptors_are_served_while_a_fake_clock_stands)
{
	struct lk_link *link;
	struct lk_test_host *host =
		open_host(LK_TEST_FAKE_CLOCK, "driven", "{\"delay_ms\": 20}", &link);
	struct lk_op *op = make_op(link, "x");
	int64_t start_ms = lk_test_now_ms(host);

	ck_assert_int_eq(lk_test_submit(op), 0);
	ck_assert_ptr_nonnull(lk_test_wait_still(op, 30000));
	ck_assert_int_eq(lk_test_now_ms(host), start_ms);
	close_host(host);
}
END_TEST

START_TEST(plugins_are_driven_side_by_side)
{
	struct lk_link *driven, *echo;
	struct lk_test_host *host =
		open_host(LK_TEST_REAL_CLOCK, "driven", "{\"hot\": true}", &driven);

	ck_assert_int_eq(lk_test_load(host, built("echo")), 0);
	ck_assert_int_eq(lk_test_open(host, "echo", "{\"delay_ms\": 5}", &echo), 0);
	struct lk_op *a = make_op(echo, "a"), *b = make_op(driven, "b");
	ck_assert_int_eq(lk_test_submit(a), 0);
	ck_assert_int_eq(lk_test_submit(b), 0);
	ck_assert_ptr_nonnull(lk_test_wait(a, 30000));
	ck_assert_ptr_nonnull(lk_test_wait(b, 30000));
	close_host(host);
}
END_TEST

START_TEST(a_plugin_that_spins_is_told)
{
	struct lk_link *link;
	struct lk_test_host *host =
		open_host(LK_TEST_FAKE_CLOCK, "driven", "{\"hot\": true}", &link);

	lk_test_advance(host, 1);
	close_host_with(host, "a plugin spins: it is always ready, or its timer always due");
}
END_TEST

/*
 * Submit, cancel, close
 */
START_TEST(a_busy_plugin_is_offered_again)
{
	struct lk_link *link;
	struct lk_test_host *host = open_host(LK_TEST_FAKE_CLOCK, "busy", "{\"times\": 2}", &link);
	struct lk_op *op = make_op(link, "x");

	ck_assert_int_eq(lk_test_submit(op), LK_EBUSY);
	ck_assert_int_eq(lk_test_submit(op), LK_EBUSY);
	ck_assert_int_eq(lk_test_submit(op), 0);
	ck_assert_ptr_nonnull(lk_test_wait(op, 0));
	close_host(host);
}
END_TEST

START_TEST(a_failing_submit_is_the_end)
{
	struct lk_link *link;
	struct lk_test_host *host =
		open_host(LK_TEST_FAKE_CLOCK, "submit_fails", "{\"code\": -4}", &link);
	struct lk_op *op = make_op(link, "x");

	ck_assert_int_eq(lk_test_submit(op), LK_EDENIED);
	ck_assert_str_eq(lk_test_error(host), "submit() gave -4 for operation 1");
	ck_assert_ptr_null(lk_test_wait(op, 1000));
	close_host(host);
}
END_TEST

START_TEST(no_more_is_submitted_than_was_promised)
{
	struct lk_test_host *host = lk_test_create(LK_TEST_FAKE_CLOCK);
	struct lk_link *link;

	ck_assert_int_eq(lk_test_load(host, built("echo")), 0);
	lk_test_set_limits(host, 1, 2);
	ck_assert_int_eq(lk_test_open(host, "echo", "{\"delay_ms\": 10}", &link), 0);
	struct lk_op *a = make_op(link, "long"), *b = make_op(link, "b");
	ck_assert_int_eq(lk_test_submit(a), 0);
	ck_assert_int_eq(lk_test_submit(b), LK_EINVAL);
	ck_assert_str_eq(lk_test_error(host), "a host submits at most 1 at a time");
	const struct lk_outcome *outcome = lk_test_wait(a, 100);
	ck_assert_uint_eq(outcome->reply_bytes, 2);
	ck_assert_uint_eq(outcome->reply_total_bytes, 4);
	ck_assert_uint_eq(outcome->flags, LK_REPLY_CUT);
	ck_assert_int_eq(lk_test_submit(b), 0);
	close_host(host);
}
END_TEST

START_TEST(closing_cancels_what_is_in_flight)
{
	struct lk_link *link;
	struct lk_test_host *host =
		open_host(LK_TEST_FAKE_CLOCK, "echo", "{\"delay_ms\": 1000}", &link);
	struct lk_op *op = make_op(link, "x"), *later = make_op(link, "y");

	ck_assert_int_eq(lk_test_submit(op), 0);
	lk_test_close(link);
	lk_test_close(link);
	ck_assert_str_eq(lk_test_outcome(op)->reason, "cancelled");
	ck_assert_uint_eq(lk_test_outcome(op)->flags, LK_CANCELLED | LK_NOT_SENT);
	ck_assert_int_eq(lk_test_submit(later), LK_EINVAL);
	ck_assert_str_eq(lk_test_error(host), "the link is closed");
	close_host(host);
}
END_TEST

START_TEST(an_operation_completed_twice_is_told)
{
	struct lk_link *link;
	struct lk_test_host *host = open_host(LK_TEST_FAKE_CLOCK, "complete_twice", "{}", &link);
	struct lk_op *op = make_op(link, "x");

	ck_assert_int_eq(lk_test_submit(op), 0);
	ck_assert_str_eq(lk_test_wait(op, 0)->reason, "ok");
	close_host_with(host, "operation 1 was completed twice");
}
END_TEST

START_TEST(an_operation_never_completed_is_told)
{
	struct lk_link *link;
	struct lk_test_host *host = open_host(LK_TEST_FAKE_CLOCK, "complete_never", "{}", &link);
	struct lk_op *op = make_op(link, "x");

	ck_assert_int_eq(lk_test_submit(op), 0);
	ck_assert_ptr_null(lk_test_wait(op, 60000));
	close_host_with(host, "operation 1 was never completed");
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(sends_a_message_and_gets_the_outcome),
	SUITE_TEST(there_is_one_host_at_a_time),
	SUITE_LOOP(faults_of_settings_are_told, bad_settings),
	SUITE_TEST(all_faults_are_told_at_once),
	SUITE_TEST(faults_of_plugins_are_told),
	SUITE_TEST(secrets_have_versions),
	SUITE_LOOP(a_secret_is_put_together, tokens),
	SUITE_TEST(a_fake_clock_makes_an_hour_short),
	SUITE_TEST(advancing_stops_at_each_timer),
	SUITE_TEST(a_real_clock_runs_by_itself),
	SUITE_TEST(descriptors_are_served_while_a_fake_clock_stands),
	SUITE_TEST(plugins_are_driven_side_by_side),
	SUITE_TEST(a_plugin_that_spins_is_told),
	SUITE_TEST(a_busy_plugin_is_offered_again),
	SUITE_TEST(a_failing_submit_is_the_end),
	SUITE_TEST(no_more_is_submitted_than_was_promised),
	SUITE_TEST(closing_cancels_what_is_in_flight),
	SUITE_TEST(an_operation_completed_twice_is_told),
	SUITE_TEST(an_operation_never_completed_is_told),
};

SUITE_MAIN("testhost", tests)
