/* What the host keeps of an outcome: all that a good plugin said, nothing that a bad one forged. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "plug/hostapi.h"
#include "suite.h"

static const char *const attrs[] = {"header.A", "1", "time.total_us", "42", "header.A", "2"};

static struct lk_outcome good(void)
{
	return (struct lk_outcome){
		.size = sizeof(struct lk_outcome),
		.result = LK_REJECT,
		.flags = LK_NOT_SENT | LK_IDEMPOTENT,
		.status = 422,
		.retry_after_ms = 1500,
		.reason = "http_4xx",
		.detail = "the peer refused it",
		.reply_attrs = attrs,
		.reply_attr_count = 3,
		.reply = "a\0b",
		.reply_bytes = 3,
		.reply_total_bytes = 100,
	};
}

START_TEST(keeps_all_of_a_good_outcome)
{
	struct lk_outcome from = good();
	struct outcome *o = outcome_copy(&from);

	ck_assert_int_eq(o->result, LK_REJECT);
	ck_assert_uint_eq(o->flags, LK_NOT_SENT | LK_IDEMPOTENT);
	ck_assert_uint_eq(o->status, 422);
	ck_assert_int_eq(o->retry_after_ms, 1500);
	ck_assert_str_eq(o->reason, "http_4xx");
	ck_assert_str_eq(o->detail, "the peer refused it");
	ck_assert_uint_eq(o->attr_count, 3);
	ck_assert_str_eq(outcome_attr(o, "header.A"), "1");
	ck_assert_str_eq(outcome_attr(o, "time.total_us"), "42");
	ck_assert_ptr_null(outcome_attr(o, "header.B"));
	ck_assert_ptr_null(o->attrs[6]);
	ck_assert_uint_eq(o->reply_bytes, 3);
	ck_assert_mem_eq(o->reply, "a\0b", 4);
	ck_assert_uint_eq(o->reply_total_bytes, 100);
	outcome_destroy(o);
}
END_TEST

START_TEST(owns_what_it_keeps)
{
	char reason[] = "ok", detail[] = "fine", key[] = "k", value[] = "v", reply[] = "body";
	const char *pair[] = {key, value};
	struct lk_outcome from = good();

	from.reason = reason;
	from.detail = detail;
	from.reply_attrs = pair;
	from.reply_attr_count = 1;
	from.reply = reply;
	from.reply_bytes = 4;
	struct outcome *o = outcome_copy(&from);
	reason[0] = detail[0] = key[0] = value[0] = reply[0] = '!';
	pair[0] = NULL;
	ck_assert_str_eq(o->reason, "ok");
	ck_assert_str_eq(o->detail, "fine");
	ck_assert_str_eq(outcome_attr(o, "k"), "v");
	ck_assert_str_eq(o->reply, "body");
	outcome_destroy(o);
}
END_TEST

START_TEST(an_unusable_outcome_becomes_a_plugin_error)
{
	struct lk_outcome none = good(), small = good(), strange = good();

	none.size = 0;
	small.size = sizeof(small) - 8;
	strange.result = LK_BLOCKED + 1;
	const struct lk_outcome *const unusable[] = {NULL, &none, &small, &strange};
	for (size_t i = 0; i < sizeof(unusable) / sizeof(unusable[0]); i++) {
		struct outcome *o = outcome_copy(unusable[i]);
		ck_assert_int_eq(o->result, LK_RETRY);
		ck_assert_str_eq(o->reason, "plugin_error");
		ck_assert_uint_eq(o->flags, 0);
		ck_assert_uint_eq(o->attr_count, 0);
		ck_assert_ptr_null(o->reply);
		ck_assert_ptr_nonnull(o->detail);
		outcome_destroy(o);
	}
}
END_TEST

START_TEST(reads_an_outcome_of_a_later_version)
{
	struct {
		struct lk_outcome o;
		uint64_t younger[4];
	} later = {.o = good(), .younger = {UINT64_MAX}};

	later.o.size = sizeof(later);
	later.o.flags |= 1u << 30;
	struct outcome *o = outcome_copy(&later.o);
	ck_assert_str_eq(o->reason, "http_4xx");
	ck_assert_uint_eq(o->flags, LK_NOT_SENT | LK_IDEMPOTENT);
	outcome_destroy(o);
}
END_TEST

#define A16 "aaaaaaaaaaaaaaaa"
#define A64 A16 A16 A16 A16

static const struct text_case {
	const char *given, *kept;
} reasons[] =
	{
		{"tls_verify", "tls_verify"},
		{"HTTP-5xx", "http_5xx"},
		{"two words\n", "two_words_"},
		{"", "unspecified"},
		{NULL, "unspecified"},
		{"\xc3\xa9", "__"},
		{A64, A64},
		{A64 "b", A64},
},
  details[] = {
	  {NULL, NULL},
	  {"", ""},
	  {"one\r\ntwo\n", "one  two"},
	  {"\x1b[31mred\x7f.", " [31mred ."},
	  {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x9a\x80",
           "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x9a\x80"},
	  {"\xc2\x9b"
           "31m",
           " 31m"},                   /* CSI in one character */
	  {"\xc2\xa0.", "\xc2\xa0."}, /* a no-break space is no control */
	  {"a\xff\xc3", "a??"},
	  {"\xe2\x82", "??"},
};

START_TEST(a_reason_is_a_token)
{
	struct lk_outcome from = good();

	from.reason = reasons[_i].given;
	struct outcome *o = outcome_copy(&from);
	ck_assert_str_eq(o->reason, reasons[_i].kept);
	outcome_destroy(o);
}
END_TEST

START_TEST(a_detail_is_one_harmless_line)
{
	struct lk_outcome from = good();

	from.detail = details[_i].given;
	struct outcome *o = outcome_copy(&from);
	if (details[_i].kept)
		ck_assert_str_eq(o->detail, details[_i].kept);
	else
		ck_assert_ptr_null(o->detail);
	outcome_destroy(o);
}
END_TEST

START_TEST(a_long_detail_is_cut_between_characters)
{
	char detail[OUTCOME_DETAIL_MAX + 100];
	struct lk_outcome from = good();

	/* Three bytes each: the cap falls after the first byte of the 342nd. */
	for (size_t i = 0; i + 3 < sizeof(detail); i += 3)
		memcpy(detail + i, "\xe2\x82\xac", 4);
	from.detail = detail;
	struct outcome *o = outcome_copy(&from);
	ck_assert_uint_eq(strlen(o->detail), OUTCOME_DETAIL_MAX / 3 * 3);
	ck_assert_mem_eq(o->detail, detail, strlen(o->detail));
	outcome_destroy(o);
}
END_TEST

START_TEST(lengths_and_counts_stay_in_bounds)
{
	static const char *many[2 * (OUTCOME_ATTRS_MAX + 5)];
	static const char *const holes[] = {"k", NULL, NULL, "v"};
	struct lk_outcome from = good();

	for (size_t i = 0; i < sizeof(many) / sizeof(many[0]); i++)
		many[i] = "x";
	from.reply = NULL;
	from.retry_after_ms = -7;
	from.reply_total_bytes = 0;
	from.reply_attrs = many;
	from.reply_attr_count = OUTCOME_ATTRS_MAX + 5;
	struct outcome *o = outcome_copy(&from);
	ck_assert_ptr_null(o->reply);
	ck_assert_uint_eq(o->reply_bytes, 0);
	ck_assert_int_eq(o->retry_after_ms, -1);
	ck_assert_uint_eq(o->attr_count, OUTCOME_ATTRS_MAX);
	outcome_destroy(o);

	from.reply = "";
	from.reply_bytes = 1;
	from.reply_attrs = holes;
	from.reply_attr_count = 2;
	o = outcome_copy(&from);
	ck_assert_str_eq(outcome_attr(o, "k"), "");
	ck_assert_str_eq(outcome_attr(o, ""), "v");
	ck_assert_uint_eq(o->reply_total_bytes, 1);
	outcome_destroy(o);

	from.reply_attrs = NULL;
	o = outcome_copy(&from);
	ck_assert_uint_eq(o->attr_count, 0);
	outcome_destroy(o);
}
END_TEST

START_TEST(a_reply_beyond_the_largest_body_is_cut)
{
	struct lk_outcome from = good();
	char *reply = mem_zalloc(LK_BODY_MAX + 1);

	ck_assert_ptr_nonnull(reply);
	from.reply = reply;
	from.reply_bytes = LK_BODY_MAX + 1;
	struct outcome *o = outcome_copy(&from);
	ck_assert_uint_eq(o->reply_bytes, LK_BODY_MAX);
	ck_assert_uint_ne(o->flags & LK_REPLY_CUT, 0);
	outcome_destroy(o);
	mem_free(reply);
}
END_TEST

START_TEST(is_one_allocation_and_never_fails)
{
	static const int results[] = {LK_DONE, LK_RETRY, LK_REJECT, LK_BLOCKED};
	struct lk_outcome from = good();

	mem_fail_at(2);
	struct outcome *o = outcome_copy(&from);
	ck_assert_str_eq(o->reason, "http_4xx");
	ck_assert_int_ne(mem_fail_pending(), 0);
	outcome_destroy(o);

	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
		from.result = (uint32_t)results[i];
		mem_fail_at(1);
		o = outcome_copy(&from);
		ck_assert_int_eq(mem_fail_pending(), 0);
		ck_assert_int_eq(o->result, results[i]);
		ck_assert_str_eq(o->reason, "no_memory");
		ck_assert_ptr_null(outcome_attr(o, "header.A"));
		outcome_destroy(o);
	}
	outcome_destroy(NULL);
}
END_TEST

START_TEST(the_host_makes_its_own)
{
	struct outcome *o = outcome_make(LK_RETRY, LK_LINK_FAULT, "timeout", "after %d ms", 250);

	ck_assert_int_eq(o->result, LK_RETRY);
	ck_assert_uint_eq(o->flags, LK_LINK_FAULT);
	ck_assert_str_eq(o->reason, "timeout");
	ck_assert_str_eq(o->detail, "after 250 ms");
	ck_assert_int_eq(o->retry_after_ms, -1);
	ck_assert_uint_eq(o->attr_count, 0);
	ck_assert_ptr_null(o->reply);
	outcome_destroy(o);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(keeps_all_of_a_good_outcome),
	SUITE_TEST(owns_what_it_keeps),
	SUITE_TEST(an_unusable_outcome_becomes_a_plugin_error),
	SUITE_TEST(reads_an_outcome_of_a_later_version),
	SUITE_LOOP(a_reason_is_a_token, reasons),
	SUITE_LOOP(a_detail_is_one_harmless_line, details),
	SUITE_TEST(a_long_detail_is_cut_between_characters),
	SUITE_TEST(lengths_and_counts_stay_in_bounds),
	SUITE_TEST(a_reply_beyond_the_largest_body_is_cut),
	SUITE_TEST(is_one_allocation_and_never_fails),
	SUITE_TEST(the_host_makes_its_own),
};

SUITE_MAIN("hostapi", tests)
