/* Allocation: overflow, the failure switch, arenas. */
#include "base/mem.h"

#include <string.h>

#include "suite.h"

START_TEST(overflow_is_no_memory)
{
	ck_assert_ptr_null(mem_array(SIZE_MAX / 2, 4));
	ck_assert_ptr_null(mem_resize(NULL, SIZE_MAX / 2, 4));

	struct arena a;
	arena_init(&a);
	ck_assert_ptr_null(arena_array(&a, SIZE_MAX / 2, 4));
	ck_assert_ptr_null(arena_alloc(&a, SIZE_MAX));
	ck_assert_ptr_null(arena_dup(&a, "", SIZE_MAX));
	arena_finish(&a);
}
END_TEST

START_TEST(nothing_is_still_something)
{
	void *pieces[] = {mem_alloc(0), mem_zalloc(0), mem_array(0, 0), mem_resize(NULL, 0, 0)};

	for (size_t i = 0; i < 4; i++) {
		ck_assert_ptr_nonnull(pieces[i]);
		mem_free(pieces[i]);
	}
	mem_free(NULL);
	mem_wipe(NULL, 10);
}
END_TEST

START_TEST(copies_end_with_nul)
{
	char *bytes = mem_dup("a\0b", 3), *text = mem_strdup("text"), *none = mem_dup(NULL, 0);

	ck_assert_int_eq(memcmp(bytes, "a\0b\0", 4), 0);
	ck_assert_str_eq(text, "text");
	ck_assert_str_eq(none, "");
	mem_wipe(text, 4);
	ck_assert_int_eq(memcmp(text, "\0\0\0\0", 5), 0);
	mem_free(bytes);
	mem_free(text);
	mem_free(none);
}
END_TEST

START_TEST(exactly_the_nth_fails)
{
	mem_fail_at(2);
	void *first = mem_alloc(1);
	ck_assert_ptr_nonnull(first);
	ck_assert(mem_fail_pending());
	ck_assert_ptr_null(mem_zalloc(1));
	ck_assert(!mem_fail_pending());
	void *third = mem_array(1, 1);
	ck_assert_ptr_nonnull(third);

	mem_fail_at(1);
	ck_assert_ptr_null(mem_resize(first, 10, 1));
	mem_fail_at(1);
	mem_fail_at(0);
	ck_assert(!mem_fail_pending());
	mem_free(first);
	mem_free(third);
}
END_TEST

START_TEST(arena_pieces_are_zeroed_aligned_and_apart)
{
	static const size_t sizes[] = {1, 16, 17, 4095, 4096, 4097, 100000, 3};
	unsigned char *pieces[8];
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < 8; i++) {
		pieces[i] = arena_alloc(&a, sizes[i]);
		ck_assert_ptr_nonnull(pieces[i]);
		ck_assert_uint_eq((uintptr_t)pieces[i] % 16, 0);
		for (size_t j = 0; j < sizes[i]; j++)
			ck_assert_uint_eq(pieces[i][j], 0);
		memset(pieces[i], (int)i + 1, sizes[i]);
	}
	for (size_t i = 0; i < 8; i++)
		for (size_t j = 0; j < sizes[i]; j++)
			ck_assert_uint_eq(pieces[i][j], i + 1);
	arena_wipe(&a);
	ck_assert_ptr_null(a.blocks);
}
END_TEST

START_TEST(arena_keeps_texts)
{
	struct arena a;

	arena_init(&a);
	ck_assert_str_eq(arena_strdup(&a, "one"), "one");
	ck_assert_str_eq(arena_printf(&a, "%s-%d", "two", 2), "two-2");
	ck_assert_str_eq(arena_dup(&a, "three!", 5), "three");
	ck_assert_ptr_null(arena_strdup(&a, NULL));
	arena_finish(&a);
}
END_TEST

START_TEST(an_arena_is_used_again_with_nothing_left_in_it)
{
	struct arena a;

	arena_init(&a);
	for (int round = 0; round < 3; round++) {
		char *first = arena_alloc(&a, 100), *large = NULL;
		for (int i = 0; i < 100; i++)
			ck_assert_int_eq(first[i], 0);
		memset(first, 'x', 100);
		if (round == 1)
			large = arena_alloc(&a, 10000);
		if (large)
			memset(large, 'x', 10000);
		arena_reuse(&a);
	}
	mem_fail_at(1);
	ck_assert_ptr_nonnull(arena_alloc(&a, 100));
	mem_fail_at(0);
	arena_finish(&a);
}
END_TEST

static const struct {
	const char *text, *put;
} put_rows[] = {{"", ""}, {"abc", "abc"}, {"abcd", "abcd"}, {"abcde", "abcd"}};

START_TEST(a_text_is_put_as_far_as_it_fits)
{
	char to[5];

	mem_put_text(to, sizeof(to), put_rows[_i].text);
	ck_assert_str_eq(to, put_rows[_i].put);
}
END_TEST

START_TEST(arena_failure_leaves_the_rest_usable)
{
	struct arena a;

	arena_init(&a);
	char *kept = arena_strdup(&a, "kept");
	mem_fail_at(1);
	ck_assert_ptr_null(arena_alloc(&a, 5000));
	ck_assert_str_eq(kept, "kept");
	ck_assert_str_eq(arena_strdup(&a, "more"), "more");
	arena_finish(&a);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(overflow_is_no_memory),
	SUITE_TEST(nothing_is_still_something),
	SUITE_TEST(copies_end_with_nul),
	SUITE_TEST(exactly_the_nth_fails),
	SUITE_TEST(arena_pieces_are_zeroed_aligned_and_apart),
	SUITE_TEST(arena_keeps_texts),
	SUITE_TEST(an_arena_is_used_again_with_nothing_left_in_it),
	SUITE_LOOP(a_text_is_put_as_far_as_it_fits, put_rows),
	SUITE_TEST(arena_failure_leaves_the_rest_usable),
};

SUITE_MAIN("mem", tests)
