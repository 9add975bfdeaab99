/* The intrusive list: order, removal while walking, splicing. */
#include "base/list.h"

#include "suite.h"

struct item {
	int number;
	struct list node;
};

static int number_of(struct list *node)
{
	return container_of(node, struct item, node)->number;
}

static void fill(struct list *l, struct item *items, int count, int first)
{
	list_init(l);
	for (int i = 0; i < count; i++) {
		items[i].number = first + i;
		list_append(l, &items[i].node);
	}
}

START_TEST(pops_in_the_order_of_appending)
{
	struct item items[3];
	struct list l;

	fill(&l, items, 3, 1);
	for (int i = 1; i <= 3; i++) {
		ck_assert(!list_empty(&l));
		ck_assert_int_eq(number_of(list_pop(&l)), i);
	}
	ck_assert(list_empty(&l));
	ck_assert_ptr_null(list_pop(&l));
}
END_TEST

START_TEST(the_body_may_remove_its_node)
{
	struct item items[5];
	struct list l;
	int seen = 0;

	fill(&l, items, 5, 0);
	list_each(node, &l) {
		ck_assert_int_eq(number_of(node), seen++);
		if (number_of(node) % 2 == 0)
			list_remove(node);
	}
	ck_assert_int_eq(seen, 5);
	list_remove(&items[0].node);
	ck_assert_int_eq(number_of(list_pop(&l)), 1);
	ck_assert_int_eq(number_of(list_pop(&l)), 3);
	ck_assert(list_empty(&l));
}
END_TEST

static const struct {
	int to_count, from_count;
} splices[] = {{0, 0}, {0, 2}, {2, 0}, {2, 3}};

START_TEST(splice_moves_everything_to_the_end)
{
	int count = splices[_i].to_count + splices[_i].from_count, seen = 0;
	struct item items[5];
	struct list to, from;

	fill(&to, items, splices[_i].to_count, 0);
	fill(&from, items + splices[_i].to_count, splices[_i].from_count, splices[_i].to_count);
	list_splice(&to, &from);
	ck_assert(list_empty(&from));
	list_each(node, &to)
		ck_assert_int_eq(number_of(node), seen++);
	ck_assert_int_eq(seen, count);
	ck_assert_int_eq(list_empty(&to), count == 0);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(pops_in_the_order_of_appending),
	SUITE_TEST(the_body_may_remove_its_node),
	SUITE_LOOP(splice_moves_everything_to_the_end, splices),
};

SUITE_MAIN("list", tests)
