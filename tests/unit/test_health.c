/* Tests of how a link goes: blocked, broken, recovering, and what is said of it. */
#include "durable.h"
#include "suite.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };

/*
 * Blocked
 */

START_TEST(a_blocked_link_is_probed_once_a_minute)
{
	struct event event;

	durable_begin_with("answers = \"tls tls tls ok\"; pool_size = 8;");
	const char *first = durable_accept("Hook", "1");
	durable_settle();
	const char *second = durable_accept("Hook", "2");
	durable_settle();
	ck_assert_uint_eq(durable_events(EVENT_LINK_BLOCKED, "Hook", &event), 1);
	ck_assert_str_eq(event.reason, "tls_verify");
	struct monitor_link link = durable_link("Hook");
	ck_assert_str_eq(link.state, "blocked");
	ck_assert_ptr_nonnull(strstr(link.state_detail, "tls_verify: as the script says"));
	ck_assert_ptr_nonnull(strstr(link.state_detail, "60 s"));
	ck_assert_int_eq(link.next_retry_ms, DURABLE_START_MS + MINUTE_MS);
	ck_assert_uint_eq(durable_row(first).attempts, 0);
	durable_advance(MINUTE_MS - 1);
	ck_assert_uint_eq(durable_submitted(), 1);
	durable_advance(1);
	ck_assert_uint_eq(durable_submitted(), 2);
	durable_advance(MINUTE_MS);
	ck_assert_uint_eq(durable_submitted(), 3);
	durable_expect(first, STORE_READY);
	ck_assert_uint_eq(durable_row(first).attempts, 0);
	durable_advance(MINUTE_MS);
	durable_advance(10 * 1000);
	durable_expect(first, STORE_DONE);
	durable_expect(second, STORE_DONE);
	ck_assert_uint_eq(durable_row(first).attempts, 1);
	ck_assert_uint_eq(durable_events(EVENT_LINK_BLOCKED, "Hook", NULL), 1);
	ck_assert_uint_eq(durable_events(EVENT_LINK_UNBLOCKED, "Hook", NULL), 1);
	durable_end();
}
END_TEST

START_TEST(the_probe_keeps_to_the_retry_delay)
{
	durable_begin_with("answers = \"tls\"; retry_delay_s = 7;");
	durable_accept("Hook", "1");
	durable_advance(21 * 1000);
	ck_assert_uint_eq(durable_submitted(), 4);
	durable_end();
}
END_TEST

START_TEST(what_is_too_old_behind_a_block_is_given_up)
{
	struct event event;

	durable_begin_with("answers = \"tls\"; retry_max_age_s = 300; pool_size = 1;");
	const char *ids[4];
	for (int i = 0; i < 4; i++)
		ids[i] = durable_accept("Hook", "x");
	durable_settle();
	durable_advance(299 * 1000);
	for (int i = 0; i < 4; i++)
		durable_expect(ids[i], STORE_READY);
	durable_advance(121 * 1000);
	unsigned expired = 0;
	for (int i = 0; i < 4; i++) {
		durable_expect(ids[i], STORE_DEAD);
		expired += strcmp(durable_row(ids[i]).reason, "expired") == 0;
	}
	ck_assert_uint_ge(expired, 3); /* one may have been the probe */
	ck_assert_uint_ge(durable_events(EVENT_DEAD, "Hook", &event), 1);
	struct monitor_link link = durable_link("Hook");
	ck_assert_uint_eq(link.waiting, 0);
	ck_assert_uint_eq(link.dead, 4);
	ck_assert_uint_eq(link.dead_lettered, 4);
	durable_end();
}
END_TEST

START_TEST(the_third_403_in_a_row_blocks)
{
	durable_begin_with("answers = \"403 403 403 ok\"; pool_size = 1;");
	const char *ids[3];
	for (int i = 0; i < 3; i++)
		ids[i] = durable_accept("Hook", "x");
	durable_settle();
	durable_expect(ids[0], STORE_DEAD);
	durable_expect(ids[1], STORE_DEAD);
	durable_expect(ids[2], STORE_READY);
	ck_assert_str_eq(durable_link("Hook").state, "blocked");
	durable_advance(MINUTE_MS);
	durable_expect(ids[2], STORE_DONE);
	durable_end();
}
END_TEST

START_TEST(a_success_between_starts_the_count_of_403_anew)
{
	durable_begin_with("answers = \"403 403 ok 403 403 ok\"; pool_size = 1;");
	for (int i = 0; i < 6; i++)
		durable_accept("Hook", "x");
	durable_settle();
	ck_assert_str_eq(durable_link("Hook").state, "idle");
	ck_assert_uint_eq(durable_link("Hook").dead, 4);
	durable_end();
}
END_TEST

START_TEST(a_direct_call_can_be_the_probe)
{
	durable_begin_with("answers = \"tls ok\"; retry_inline = 0;");
	hosting_expect("Hook", "tls_verify");
	hosting_expect("Hook", "blocked");
	durable_advance(MINUTE_MS);
	hosting_expect("Hook", "ok");
	ck_assert_str_eq(durable_link("Hook").state, "idle");
	durable_end();
}
END_TEST

START_TEST(a_deployment_lifts_a_block)
{
	durable_begin_with("answers = \"tls\";");
	const char *id = durable_accept("Hook", "x");
	durable_settle();
	durable_replace("Hook", "answers = \"ok\";");
	durable_settle();
	durable_expect(id, STORE_DONE);
	durable_end();
}
END_TEST

/*
 * The breaker
 */

START_TEST(a_breaker_opens_is_tried_and_closes)
{
	struct event event;

	durable_begin_with(
		"answers = \"refused refused refused refused refused refused ok\"; pool_size = 8;");
	for (int i = 0; i < 8; i++)
		durable_accept("Hook", "x");
	durable_settle();
	ck_assert_uint_eq(durable_events(EVENT_BREAKER_OPENED, "Hook", &event), 1);
	ck_assert_str_eq(event.reason, "refused");
	struct monitor_link link = durable_link("Hook");
	ck_assert_str_eq(link.state, "breaker_open");
	ck_assert_ptr_nonnull(strstr(link.state_detail, "refused: as the script says"));
	ck_assert_int_ge(link.breaker_until_ms, DURABLE_START_MS + 24000);
	ck_assert_int_le(link.breaker_until_ms, DURABLE_START_MS + 36000);
	unsigned before = durable_submitted();
	durable_advance(link.breaker_until_ms - DURABLE_START_MS - 1);
	ck_assert_uint_eq(durable_submitted(), before);
	durable_advance(HOUR_MS);
	link = durable_link("Hook");
	ck_assert_str_eq(link.state, "idle");
	ck_assert_uint_eq(link.delivered, 8);
	ck_assert_uint_eq(link.dead, 0);
	ck_assert_uint_eq(durable_events(EVENT_BREAKER_CLOSED, "Hook", NULL), 1);
	durable_end();
}
END_TEST

START_TEST(one_probe_at_a_time_goes_through_a_half_open_breaker)
{
	durable_begin_with("answers = \"refused refused refused refused refused ok+100\"; "
	                   "pool_size = 8; retry_inline = 0;");
	for (int i = 0; i < 5; i++)
		hosting_expect("Hook", "refused");
	for (int i = 0; i < 8; i++)
		durable_accept("Hook", "x");
	durable_settle();
	int64_t wait_ms = durable_link("Hook").breaker_until_ms - clock_fake.unix_ms();
	durable.book->most = 0;
	durable_advance(wait_ms);
	ck_assert_str_eq(durable_link("Hook").state, "breaker_half_open");
	ck_assert_uint_eq(durable_link("Hook").in_flight, 1);
	hosting_expect("Hook", "breaker_open");
	durable_advance(250);
	ck_assert_uint_eq(durable.book->most, 1);
	durable_advance(10 * 1000);
	ck_assert_uint_eq(durable_link("Hook").delivered, 8);
	durable_end();
}
END_TEST

START_TEST(attempts_are_not_used_while_it_is_open)
{
	durable_begin_with("answers = \"refused\"; retry_inline = 0;");
	for (int i = 0; i < 5; i++)
		hosting_expect("Hook", "refused");
	const char *id = durable_accept("Hook", "x");
	durable_advance(20 * 1000);
	durable_expect(id, STORE_READY);
	ck_assert_uint_eq(durable_row(id).attempts, 0);
	durable_end();
}
END_TEST

START_TEST(calls_that_wait_fail_when_it_opens)
{
	struct hosting_count count;

	hosting_count_init(&count);
	durable_begin_with("answers = \"refused+100\"; pool_size = 1; retry_inline = 0; "
	                   "retry_max_attempts = 1;");
	for (int i = 0; i < 5; i++)
		durable_accept("Hook", "x");
	durable_settle();
	for (int i = 0; i < 20; i++)
		hosting_post("Hook", "y", &count);
	durable_advance(1000);
	ck_assert_str_eq(durable_link("Hook").state, "breaker_open");
	ck_assert_uint_eq(count.answers, 20);
	ck_assert_uint_eq(durable_submitted(), 5);
	durable_end();
}
END_TEST

START_TEST(a_messages_own_fault_opens_nothing)
{
	durable_begin_with("answers = \"404\"; pool_size = 4;");
	for (int i = 0; i < 20; i++)
		durable_accept("Hook", "x");
	durable_settle();
	ck_assert_str_eq(durable_link("Hook").state, "idle");
	ck_assert_uint_eq(durable_link("Hook").dead, 20);
	durable_end();
}
END_TEST

START_TEST(a_connector_that_takes_nothing_opens_it)
{
	durable_begin_with("answers = \"fails\"; retry_max_attempts = 12;");
	for (int i = 0; i < 6; i++)
		durable_accept("Hook", "x");
	durable_settle();
	ck_assert_str_eq(durable_link("Hook").state, "breaker_open");
	durable_end();
}
END_TEST

START_TEST(a_backlog_comes_back_slowly)
{
	durable_begin_with("answers = \"refused refused refused refused refused ok+10\"; "
	                   "pool_size = 50; retry_inline = 0;");
	for (int i = 0; i < 5; i++)
		hosting_expect("Hook", "refused");
	for (int i = 0; i < 400; i++)
		durable_accept("Hook", "x");
	durable_settle();
	while (durable_link("Hook").breaker != BREAKER_CLOSED)
		durable_advance(10);
	pthread_mutex_lock(&durable.book->lock);
	durable.book->most = 0;
	pthread_mutex_unlock(&durable.book->lock);
	durable_advance(1900);
	ck_assert_uint_eq(durable.book->most, 1);
	durable_advance(300);
	ck_assert_uint_eq(durable.book->most, 2);
	durable_end();
}
END_TEST

/*
 * Secrets
 */

START_TEST(a_refused_secret_is_fetched_anew_before_it_blocks)
{
	durable_begin();
	folder_write("secrets/token", "s3cret\n");
	ck_assert_int_eq(chmod(folder_path("secrets/token"), 0600), 0);
	hosting_define("Hook", "actor", "token = \"${secret:file/token}\"; answers = \"401\";");
	durable_start();
	hosting_open("Hook");
	const char *id = durable_accept("Hook", "x");
	durable_settle();
	/* The fresh one is the same: nothing is sent twice, and the link is blocked. */
	ck_assert_uint_eq(durable_submitted(), 1);
	ck_assert_str_eq(durable_link("Hook").state, "blocked");
	durable_expect(id, STORE_READY);
	ck_assert_uint_eq(durable_row(id).attempts, 0);
	durable_end();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(a_blocked_link_is_probed_once_a_minute),
	SUITE_TEST(the_probe_keeps_to_the_retry_delay),
	SUITE_TEST(what_is_too_old_behind_a_block_is_given_up),
	SUITE_TEST(the_third_403_in_a_row_blocks),
	SUITE_TEST(a_success_between_starts_the_count_of_403_anew),
	SUITE_TEST(a_direct_call_can_be_the_probe),
	SUITE_TEST(a_deployment_lifts_a_block),
	SUITE_TEST(a_breaker_opens_is_tried_and_closes),
	SUITE_TEST(one_probe_at_a_time_goes_through_a_half_open_breaker),
	SUITE_TEST(attempts_are_not_used_while_it_is_open),
	SUITE_TEST(calls_that_wait_fail_when_it_opens),
	SUITE_TEST(a_messages_own_fault_opens_nothing),
	SUITE_TEST(a_connector_that_takes_nothing_opens_it),
	SUITE_TEST(a_backlog_comes_back_slowly),
	SUITE_TEST(a_refused_secret_is_fetched_anew_before_it_blocks),
};

SUITE_MAIN("health", tests)
