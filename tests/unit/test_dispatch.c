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

static const struct suite_test tests[] = {
	SUITE_TEST(what_is_put_on_the_disk_while_a_claim_is_under_way_is_fetched_too),
	SUITE_TEST(a_hint_that_is_older_than_a_claim_does_not_hide_a_younger_one),
};

SUITE_MAIN("dispatch", tests)
