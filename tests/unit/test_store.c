/* What all stores share: names of states, waiting for an operation. */
#include <string.h>

#include "base/err.h"
#include "base/thread.h"
#include "store/store.h"
#include "suite.h"

START_TEST(states_have_names)
{
	enum store_state state = STORE_STATES;

	for (unsigned i = 0; i < STORE_STATES; i++) {
		ck_assert_int_eq(store_state_parse(store_state_name((enum store_state)i), &state),
		                 0);
		ck_assert_uint_eq(state, i);
	}
	ck_assert_str_eq(store_state_name(STORE_QUARANTINED), "quarantined");
	ck_assert_int_eq(store_state_parse("Ready", &state), ERR_INVALID);
	ck_assert_int_eq(store_state_parse("", &state), ERR_INVALID);
	ck_assert_uint_eq(state, STORE_CANCELLED);
}
END_TEST

/* A store that ends every operation on a thread of its own. */
static void *end_it(void *arg)
{
	struct store_op *op = arg;

	op->rc = ERR_CONFLICT;
	op->done(op);
	return NULL;
}

static pthread_t ender;

static void post(struct store *store, struct store_op *op)
{
	(void)store;
	ck_assert_ptr_null(op->next);
	ck_assert_int_eq(thread_start(&ender, "ender", end_it, op, NULL), 0);
}

/* The same at once, before the call is over. */
static void post_at_once(struct store *store, struct store_op *op)
{
	(void)store;
	end_it(op);
}

START_TEST(waits_for_the_end)
{
	static const struct store_api api = {.post = post}, api_at_once = {.post = post_at_once};
	struct store store = {&api}, store_at_once = {&api_at_once};
	struct store_op op = {.next = &op};

	ck_assert_int_eq(store_post_wait(&store, &op), ERR_CONFLICT);
	pthread_join(ender, NULL);
	op.rc = 0;
	ck_assert_int_eq(store_post_wait(&store_at_once, &op), ERR_CONFLICT);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(states_have_names),
	SUITE_TEST(waits_for_the_end),
};

SUITE_MAIN("store", tests)
