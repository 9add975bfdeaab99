/* The timer heap against a model that sorts by looking at everything. */
#include "base/heap.h"

#include "base/err.h"
#include "base/mem.h"
#include "suite.h"

enum { NODES = 64, STEPS = 20000 };

static struct heap_node nodes[NODES];

/* A reproducible sequence (the constants of Numerical Recipes). */
static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static struct heap_node *model_first(void)
{
	struct heap_node *first = NULL;

	for (size_t i = 0; i < NODES; i++)
		if (heap_holds(&nodes[i]) && (!first || nodes[i].due_ms < first->due_ms))
			first = &nodes[i];
	return first;
}

START_TEST(first_is_always_the_earliest)
{
	uint32_t seed = 1;
	struct heap h;

	heap_init(&h);
	for (int step = 0; step < STEPS; step++) {
		struct heap_node *node = &nodes[next_random(&seed) % NODES];
		if (next_random(&seed) % 3 == 0)
			heap_remove(&h, node);
		else
			ck_assert_int_eq(heap_set(&h, node, next_random(&seed) % 100), 0);

		struct heap_node *first = heap_first(&h), *model = model_first();
		ck_assert_int_eq(first != NULL, model != NULL);
		if (model)
			ck_assert_int_eq(first->due_ms, model->due_ms);
	}
	heap_finish(&h);
}
END_TEST

START_TEST(pops_what_is_due_in_order)
{
	static const int64_t due[] = {30, 10, 20, 10, 40};
	static const int64_t popped[] = {10, 10, 20, 30};
	struct heap_node timers[5] = {0};
	struct heap h;

	heap_init(&h);
	ck_assert_ptr_null(heap_first(&h));
	ck_assert_ptr_null(heap_pop_due(&h, INT64_MAX));
	for (size_t i = 0; i < 5; i++)
		ck_assert_int_eq(heap_set(&h, &timers[i], due[i]), 0);
	ck_assert_ptr_null(heap_pop_due(&h, 9));
	for (size_t i = 0; i < 4; i++) {
		struct heap_node *node = heap_pop_due(&h, 30);
		ck_assert_ptr_nonnull(node);
		ck_assert_int_eq(node->due_ms, popped[i]);
		ck_assert(!heap_holds(node));
	}
	ck_assert_ptr_null(heap_pop_due(&h, 30));
	ck_assert_ptr_eq(heap_first(&h), &timers[4]);
	heap_finish(&h);
}
END_TEST

START_TEST(removing_twice_does_no_harm)
{
	struct heap_node node = {0};
	struct heap h;

	heap_init(&h);
	heap_remove(&h, &node);
	ck_assert_int_eq(heap_set(&h, &node, 1), 0);
	heap_remove(&h, &node);
	heap_remove(&h, &node);
	ck_assert_ptr_null(heap_first(&h));
	heap_finish(&h);
}
END_TEST

START_TEST(reserved_places_cannot_fail)
{
	struct heap_node timers[40] = {0};
	struct heap h;

	heap_init(&h);
	mem_fail_at(1);
	ck_assert_int_eq(heap_set(&h, &timers[0], 1), ERR_NO_MEMORY);
	ck_assert(!heap_holds(&timers[0]));
	ck_assert_int_eq(heap_reserve(&h, 40), 0);
	mem_fail_at(1);
	for (size_t i = 0; i < 40; i++)
		ck_assert_int_eq(heap_set(&h, &timers[i], (int64_t)i), 0);
	ck_assert(mem_fail_pending());
	mem_fail_at(0);
	heap_finish(&h);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(first_is_always_the_earliest),
	SUITE_TEST(pops_what_is_due_in_order),
	SUITE_TEST(removing_twice_does_no_harm),
	SUITE_TEST(reserved_places_cannot_fail),
};

SUITE_MAIN("heap", tests)
