/* Tests of transformations: what a program gives, and what becomes of one that does not behave. */
#include "suite.h"
#include "transforming.h"

START_TEST(a_program_gives_its_value)
{
	struct transforms *pool = transforming_start(NULL);

	ck_assert_str_eq(transforming(pool, "{id: .order.id}", "{\"order\": {\"id\": 7}}"),
	                 "OK {\"id\":7}");
	ck_assert_str_eq(transforming(pool, "\"order \\(.id)\"", "{\"id\": 7}"), "TEXT order 7");
	transforms_destroy(pool);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(a_program_gives_its_value),
};

SUITE_MAIN("transform", tests)
