/* The plugin's growing text: content, cap, sticky failure, wiping; and UTF-8. */
#include "webhook/text.h"

#include <linkspan/connector.h>
#include <string.h>

#include "suite.h"

static const struct {
	size_t max_bytes, add_bytes;
	int failed;
} caps[] = {
	{0, 0, 0},       {0, 1, LK_ETOOBIG},           {10, 10, 0}, {10, 11, LK_ETOOBIG},
	{1000, 1000, 0}, {1000, SIZE_MAX, LK_ETOOBIG},
};

START_TEST(the_cap_is_exact)
{
	static char data[1000];
	struct text t;

	text_init(&t, caps[_i].max_bytes);
	text_add(&t, data, caps[_i].add_bytes);
	ck_assert_int_eq(text_failed(&t), caps[_i].failed);
	ck_assert_uint_eq(t.len_bytes, caps[_i].failed ? 0 : caps[_i].add_bytes);
	text_finish(&t);
}
END_TEST

START_TEST(grows_and_ends_with_nul)
{
	struct text t;

	text_init(&t, 10000);
	ck_assert_str_eq(text_str(&t), "");
	for (int i = 0; i < 1000; i++)
		text_printf(&t, "%d,", i % 10);
	text_add_char(&t, 'x');
	text_add_str(&t, "yz");
	ck_assert_int_eq(text_failed(&t), 0);
	ck_assert_uint_eq(t.len_bytes, 2003);
	ck_assert_uint_eq(strlen(text_str(&t)), 2003);
	ck_assert_str_eq(text_str(&t) + 1998, "9,xyz");
	text_finish(&t);
	ck_assert_str_eq(text_str(&t), "");
}
END_TEST

START_TEST(failure_sticks_until_cleared)
{
	struct text t;

	text_init(&t, 4);
	text_add_str(&t, "abc");
	text_printf(&t, "%s", "de");
	text_add_char(&t, 'f');
	ck_assert_int_eq(text_failed(&t), LK_ETOOBIG);
	ck_assert_str_eq(text_str(&t), "abc");

	text_clear(&t);
	text_add_str(&t, "abcd");
	ck_assert_int_eq(text_failed(&t), 0);
	ck_assert_str_eq(text_str(&t), "abcd");
	text_finish(&t);
}
END_TEST

START_TEST(wipe_leaves_nothing_behind)
{
	struct text t;

	text_init(&t, 100);
	text_wipe(&t);
	text_add_str(&t, "secret");
	text_clear(&t);
	text_add_str(&t, "s");
	text_wipe(&t);
	ck_assert_uint_eq(t.len_bytes, 0);
	for (size_t i = 0; i < t.cap_bytes; i++)
		ck_assert_int_eq(t.data[i], 0);
	text_finish(&t);
}
END_TEST

START_TEST(survives_every_failed_allocation)
{
	int pending = 0;

	for (unsigned n = 1; !pending; n++) {
		struct text t;

		text_init(&t, 10000);
		wh_fail_at(n);
		for (int i = 0; i < 500; i++)
			text_printf(&t, "%d ", i);
		pending = wh_fail_pending();
		wh_fail_at(0);
		ck_assert_int_eq(text_failed(&t), pending ? 0 : LK_ENOMEM);
		ck_assert_uint_eq(strlen(text_str(&t)), t.len_bytes);
		text_finish(&t);
		ck_assert_uint_lt(n, 20);
	}
}
END_TEST

START_TEST(an_array_is_zeroed)
{
	static const char zero[60];
	void *p = wh_array(6, 10);

	ck_assert_mem_eq(p, zero, sizeof(zero));
	wh_free(p);
	wh_free(NULL);
	wh_wipe(NULL, 10);
}
END_TEST

/* Unicode, table 3-7, and what stands just outside each row. */
static const struct {
	const char *s;
	size_t bytes, step;
} characters[] = {
	{"", 0, 0},
	{"\0", 1, 1},
	{"a", 1, 1},
	{"\x7f", 1, 1},
	{"\x80", 1, 0},
	{"\xc1\xbf", 2, 0},
	{"\xc2\x80", 2, 2},
	{"\xc2\x7f", 2, 0},
	{"\xc2", 1, 0},
	{"\xdf\xbf", 2, 2},
	{"\xdf\xc0", 2, 0},
	{"\xe0\x9f\xbf", 3, 0},
	{"\xe0\xa0\x80", 3, 3},
	{"\xe0\xa0", 2, 0},
	{"\xe1\x80\x41", 3, 0},
	{"\xed\x9f\xbf", 3, 3},
	{"\xed\xa0\x80", 3, 0},
	{"\xef\xbf\xbf", 3, 3},
	{"\xf0\x8f\xbf\xbf", 4, 0},
	{"\xf0\x90\x80\x80", 4, 4},
	{"\xf0\x90\x80", 3, 0},
	{"\xf4\x8f\xbf\xbf", 4, 4},
	{"\xf4\x90\x80\x80", 4, 0},
	{"\xf5\x80\x80\x80", 4, 0},
	{"\xff", 1, 0},
	{"\xc3\xa9more", 6, 2},
};

START_TEST(utf8_is_stepped_over_by_character)
{
	ck_assert_uint_eq(text_utf8_step(characters[_i].s, characters[_i].bytes),
	                  characters[_i].step);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(the_cap_is_exact, caps),
	SUITE_TEST(grows_and_ends_with_nul),
	SUITE_TEST(failure_sticks_until_cleared),
	SUITE_TEST(wipe_leaves_nothing_behind),
	SUITE_TEST(survives_every_failed_allocation),
	SUITE_TEST(an_array_is_zeroed),
	SUITE_LOOP(utf8_is_stepped_over_by_character, characters),
};

SUITE_MAIN("text", tests)
