/* Tests of dispatch: what goes out of a queue next, and what is fetched from the disk. */
#include "durable.h"
#include "suite.h"

START_TEST(what_is_put_on_the_disk_while_a_claim_is_under_way_is_fetched_too)
{
	durable_begin_with("pool_size = 8;");
	/* The first of its key is with the plugin, so the others of the key are not leased at once. */
	const char *first = durable_accept_keyed("Hook", "@ok+9000", "k");
	durable_settle();
	ck_assert_uint_eq(durable_submitted(), 1);
	/* The disk has work; the claim of it is posted in the next turn. */
	const char *second = durable_accept_keyed("Hook", "b", "k");
	host_turn(hosting.host);
	/* One more comes before the claim's answer is read, and one behind it. */
	const char *third = durable_accept_keyed("Hook", "c", "k");
	durable_barrier();
	const char *fourth = durable_accept_keyed("Hook", "d", "k");
	durable_settle();
	durable_expect(second, STORE_DONE);
	durable_expect(third, STORE_DONE);
	durable_expect(fourth, STORE_DONE);
	durable_advance(9000);
	durable_expect(first, STORE_DONE);
	durable_end();
}
END_TEST

static void accept_in_the_turn(void *arg, const struct send_answer *answer)
{
	(void)arg;
	outcome_destroy(answer->outcome);
	durable_accept_keyed("Hook", "@ok+9000 3", "k");
}

START_TEST(a_hint_that_is_older_than_a_claim_does_not_hide_a_younger_one)
{
	durable_begin_with("pool_size = 8;");
	durable_accept_keyed("Hook", "@ok+9000 1", "k");
	durable_settle();
	durable_accept_keyed("Hook", "@ok+9000 2", "k");
	/* In one turn: the claim is prepared, another message comes to the disk, the claim is posted. */
	struct send_call call = {.connection = "Hook", .environment = "Test"};
	call.message = hosting_message("direct");
	ck_assert_int_eq(host_send(hosting.host, &call, accept_in_the_turn, NULL, NULL), 0);
	message_unref(call.message);
	host_turn(hosting.host);
	durable_barrier();
	/* The claim has taken both.  This one comes after it, and before the lane knows. */
	durable_accept_keyed("Hook", "@ok+9000 4", "k");
	durable_settle();
	ck_assert_str_eq(durable_seen(), "@ok+9000 1 direct @ok+9000 2 @ok+9000 3 @ok+9000 4");
	durable_end();
}
END_TEST

/*
 * Turns
 */

START_TEST(direct_and_stored_messages_take_turns)
{
	struct hosting_count count;

	hosting_count_init(&count);
	durable_begin_with("pool_size = 1;");
	durable_accept("Hook", "@ok+10");
	durable_settle();
	for (int i = 0; i < 4; i++)
		durable_accept("Hook", "s");
	durable_settle();
	for (int i = 0; i < 4; i++)
		hosting_post("Hook", "d", &count);
	durable_settle();
	durable_advance(10);
	ck_assert_uint_eq(count.delivered, 4);
	ck_assert_msg(strcmp(durable_seen(), "@ok+10 d s d s d s d s") == 0 ||
	                      strcmp(durable_seen(), "@ok+10 s d s d s d s d") == 0,
	              "%s", durable_seen());
	durable_end();
}
END_TEST

START_TEST(old_and_new_messages_take_turns)
{
	durable_begin_with("pool_size = 1; retry_delay_s = 1;");
	for (int i = 0; i < 4; i++)
		durable_accept("Hook", "@500 ok old");
	durable_settle();
	ck_assert_uint_eq(durable_submitted(), 4);
	durable_accept("Hook", "@ok+5000");
	durable_settle();
	for (int i = 0; i < 4; i++)
		durable_accept("Hook", "new");
	durable_advance(5000);
	/* Old ones are not behind all of the new, nor before. */
	const char *seen = strstr(durable_seen(), "@ok+5000") + 9;
	ck_assert_msg(strncmp(seen, "new @500 ok old new @500 ok old", 31) == 0 ||
	                      strncmp(seen, "@500 ok old new @500 ok old new", 31) == 0,
	              "%s", seen);
	durable_end();
}
END_TEST

START_TEST(no_more_than_the_pool_are_in_flight)
{
	durable_begin_with("pool_size = 3; answers = \"ok+10\";");
	for (int i = 0; i < 50; i++)
		durable_accept("Hook", "x");
	durable_advance(1000);
	ck_assert_uint_eq(durable_link("Hook").delivered, 50);
	ck_assert_uint_eq(durable.book->most, 3);
	durable_end();
}
END_TEST

START_TEST(the_rate_is_kept_by_stored_and_direct_messages_together)
{
	durable_begin_with("rate_per_s = 2; burst = 3; pool_size = 50;");
	for (int i = 0; i < 20; i++)
		durable_accept("Hook", "x");
	durable_settle();
	ck_assert_uint_eq(durable_submitted(), 3);
	durable_advance(1000);
	ck_assert_uint_eq(durable_submitted(), 5);
	durable_advance(1000);
	ck_assert_uint_eq(durable_submitted(), 7);
	durable_advance(7000);
	ck_assert_uint_eq(durable_submitted(), 20);
	durable_end();
}
END_TEST

START_TEST(a_direct_call_gives_up_waiting_for_the_rate)
{
	struct hosting_count count;

	hosting_count_init(&count);
	durable_begin_with("rate_per_s = 1; burst = 1; retry_inline = 0;");
	for (int i = 0; i < 6; i++)
		hosting_post("Hook", "x", &count);
	durable_advance(2000);
	ck_assert_uint_eq(count.answers, 6);
	ck_assert_uint_ge(count.delivered, 2);
	ck_assert_uint_le(count.delivered, 3);
	durable_end();
}
END_TEST

/*
 * Ordering keys
 */

START_TEST(one_key_goes_in_order_and_others_beside_it)
{
	durable_begin_with("ordering = \"key\"; pool_size = 8;");
	durable_accept_keyed("Hook", "@ok+10 a1", "a");
	durable_accept_keyed("Hook", "@ok+10 a2", "a");
	durable_accept_keyed("Hook", "@ok+10 b1", "b");
	durable_accept_keyed("Hook", "@ok+10 a3", "a");
	durable_settle();
	ck_assert_str_eq(durable_seen(), "@ok+10 a1 @ok+10 b1");
	durable_advance(10);
	ck_assert_str_eq(durable_seen(), "@ok+10 a1 @ok+10 b1 @ok+10 a2");
	durable_advance(10);
	ck_assert_str_eq(durable_seen(), "@ok+10 a1 @ok+10 b1 @ok+10 a2 @ok+10 a3");
	durable_end();
}
END_TEST

START_TEST(one_that_is_tried_again_is_not_overtaken)
{
	durable_begin_with("ordering = \"key\"; pool_size = 8;");
	durable_accept_keyed("Hook", "@500/600 ok", "a");
	const char *second = durable_accept_keyed("Hook", "second", "a");
	durable_advance(599 * 1000);
	durable_expect(second, STORE_READY);
	durable_advance(1000);
	ck_assert_str_eq(durable_seen(), "@500/600 ok @500/600 ok second");
	durable_end();
}
END_TEST

START_TEST(a_dead_letter_frees_its_key)
{
	durable_begin_with("ordering = \"key\"; pool_size = 8;");
	const char *first = durable_accept_keyed("Hook", "@404+10", "a");
	const char *second = durable_accept_keyed("Hook", "second", "a");
	durable_settle();
	durable_expect(second, STORE_READY);
	durable_advance(10);
	durable_expect(first, STORE_DEAD);
	durable_expect(second, STORE_DONE);
	durable_end();
}
END_TEST

START_TEST(order_is_kept_over_a_pause_and_a_restart)
{
	durable_begin_with("ordering = \"key\"; pool_size = 8;");
	ck_assert_int_eq(outbox_pause(hosting.host, NULL, "Hook", "Test", "", NULL, NULL), 0);
	for (char body[] = "1"; body[0] <= '6'; body[0]++)
		durable_accept_keyed("Hook", body, "a");
	durable_restart();
	hosting_open("Hook");
	ck_assert_int_eq(outbox_resume(hosting.host, NULL, "Hook", "Test", NULL, NULL), 0);
	durable_advance(1000);
	ck_assert_str_eq(durable_seen(), "1 2 3 4 5 6");
	durable_end();
}
END_TEST

/*
 * The disk
 */

START_TEST(a_long_queue_on_the_disk_drains)
{
	enum { COUNT = 700 };

	durable_begin_with("pool_size = 8;");
	ck_assert_int_eq(outbox_pause(hosting.host, NULL, "Hook", "Test", "", NULL, NULL), 0);
	for (int i = 0; i < COUNT; i++)
		durable_accept("Hook", "x");
	durable_restart();
	hosting_open("Hook");
	ck_assert_uint_eq(durable_link("Hook").waiting, COUNT);
	ck_assert_int_eq(outbox_resume(hosting.host, NULL, "Hook", "Test", NULL, NULL), 0);
	durable_advance(1000);
	ck_assert_uint_eq(durable_link("Hook").delivered, COUNT);
	ck_assert_uint_eq(durable_link("Hook").waiting, 0);
	ck_assert_uint_eq(durable_link("Hook").in_memory, 0);
	durable_end();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(what_is_put_on_the_disk_while_a_claim_is_under_way_is_fetched_too),
	SUITE_TEST(a_hint_that_is_older_than_a_claim_does_not_hide_a_younger_one),
	SUITE_TEST(direct_and_stored_messages_take_turns),
	SUITE_TEST(old_and_new_messages_take_turns),
	SUITE_TEST(no_more_than_the_pool_are_in_flight),
	SUITE_TEST(the_rate_is_kept_by_stored_and_direct_messages_together),
	SUITE_TEST(a_direct_call_gives_up_waiting_for_the_rate),
	SUITE_TEST(one_key_goes_in_order_and_others_beside_it),
	SUITE_TEST(one_that_is_tried_again_is_not_overtaken),
	SUITE_TEST(a_dead_letter_frees_its_key),
	SUITE_TEST(order_is_kept_over_a_pause_and_a_restart),
	SUITE_TEST(a_long_queue_on_the_disk_drains),
};

SUITE_MAIN("dispatch", tests)
