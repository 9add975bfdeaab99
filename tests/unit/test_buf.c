/* The growing buffer: content, cap, sticky failure, giving the text away. */
#include "base/buf.h"

#include <string.h>

#include "base/mem.h"
#include "suite.h"

static const struct {
	size_t max_bytes, add_bytes;
	int failed;
} caps[] = {
	{0, 0, BUF_OK},         {0, 1, BUF_TOO_LONG}, {10, 10, BUF_OK},
	{10, 11, BUF_TOO_LONG}, {1000, 999, BUF_OK},  {1000, SIZE_MAX, BUF_TOO_LONG},
};

START_TEST(the_cap_is_exact)
{
	static char data[1000];
	struct buf b;

	buf_init(&b, caps[_i].max_bytes);
	buf_add(&b, data, caps[_i].add_bytes);
	ck_assert_int_eq(buf_failed(&b), caps[_i].failed);
	ck_assert_uint_eq(b.len_bytes, caps[_i].failed ? 0 : caps[_i].add_bytes);
	buf_finish(&b);
}
END_TEST

START_TEST(grows_and_ends_with_nul)
{
	struct buf b;

	buf_init(&b, BUF_MAX_TEXT);
	ck_assert_str_eq(buf_str(&b), "");
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%d,", i % 10);
	buf_add_char(&b, 'x');
	buf_add_str(&b, "yz");
	ck_assert_int_eq(buf_failed(&b), BUF_OK);
	ck_assert_uint_eq(b.len_bytes, 2003);
	ck_assert_uint_eq(strlen(buf_str(&b)), 2003);
	ck_assert_str_eq(buf_str(&b) + 1998, "9,xyz");
	buf_cut(&b, 3);
	ck_assert_str_eq(buf_str(&b), "0,1");
	buf_cut(&b, 10);
	ck_assert_str_eq(buf_str(&b), "0,1");
	buf_finish(&b);
	ck_assert_str_eq(buf_str(&b), "");
}
END_TEST

START_TEST(failure_sticks_until_cleared)
{
	struct buf b;

	buf_init(&b, 4);
	buf_add_str(&b, "abc");
	buf_add_str(&b, "de");
	buf_add_char(&b, 'f');
	ck_assert_int_eq(buf_failed(&b), BUF_TOO_LONG);
	ck_assert_str_eq(buf_str(&b), "abc");
	ck_assert_ptr_null(buf_take(&b));

	buf_clear(&b);
	buf_add_str(&b, "abcd");
	ck_assert_int_eq(buf_failed(&b), BUF_OK);
	ck_assert_str_eq(buf_str(&b), "abcd");
	buf_finish(&b);
}
END_TEST

START_TEST(take_gives_the_text_away)
{
	struct buf b;

	buf_init(&b, BUF_MAX_LINE);
	char *empty = buf_take(&b);
	ck_assert_str_eq(empty, "");
	buf_add_str(&b, "text");
	char *text = buf_take(&b);
	ck_assert_str_eq(text, "text");
	ck_assert_str_eq(buf_str(&b), "");
	buf_finish(&b);
	mem_free(empty);
	mem_free(text);
}
END_TEST

START_TEST(wipe_leaves_nothing_behind)
{
	struct buf b;

	buf_init(&b, BUF_MAX_LINE);
	buf_wipe(&b);
	buf_add_str(&b, "secret");
	buf_cut(&b, 2);
	buf_wipe(&b);
	ck_assert_uint_eq(b.len_bytes, 0);
	for (size_t i = 0; i < b.cap_bytes; i++)
		ck_assert_int_eq(b.data[i], 0);
	buf_finish(&b);
}
END_TEST

START_TEST(survives_every_failed_allocation)
{
	for (unsigned n = 1;; n++) {
		struct buf b;

		buf_init(&b, BUF_MAX_TEXT);
		mem_fail_at(n);
		for (int i = 0; i < 500; i++)
			buf_printf(&b, "%d ", i);
		int pending = mem_fail_pending();
		mem_fail_at(0);
		ck_assert_int_eq(buf_failed(&b), pending ? BUF_OK : BUF_NO_MEMORY);
		ck_assert_uint_eq(strlen(buf_str(&b)), b.len_bytes);
		buf_finish(&b);
		if (pending)
			break;
		ck_assert_uint_lt(n, 20);
	}
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(the_cap_is_exact, caps),       SUITE_TEST(grows_and_ends_with_nul),
	SUITE_TEST(failure_sticks_until_cleared), SUITE_TEST(take_gives_the_text_away),
	SUITE_TEST(wipe_leaves_nothing_behind),   SUITE_TEST(survives_every_failed_allocation),
};

SUITE_MAIN("buf", tests)
