/* The common rows: their defaults, both sides of every bound, and what is said beyond it. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "schema/check.h"
#include "schema/common.h"
#include "schema/report.h"
#include "suite.h"
#include "tree.h"

START_TEST(pass_their_own_lint)
{
	struct report r;

	report_init(&r);
	schema_lint(common_rows, COMMON_ROWS, "common", &r);
	ck_assert_msg(r.count == 0, "%s", r.count ? r.faults[0].text : "");
	report_finish(&r);
}
END_TEST

START_TEST(have_everything_a_form_needs)
{
	for (size_t i = 0; i < COMMON_ROWS; i++) {
		ck_assert_ptr_nonnull(common_rows[i].name);
		ck_assert_ptr_nonnull(common_rows[i].label);
		ck_assert_ptr_nonnull(common_rows[i].group);
		size_t length = strlen(common_rows[i].help);
		ck_assert_msg(common_rows[i].help[length - 1] == '.', "%s", common_rows[i].name);
	}
}
END_TEST

/* The text of the first fault, or "" when there is none. */
static const char *fault_of(const char *settings)
{
	static char text[1024];
	struct schema_part part = {.rows = common_rows, .count = COMMON_ROWS};
	struct schema_values values;
	struct arena arena;
	struct report r;

	arena_init(&arena);
	report_init(&r);
	schema_values_init(&values);
	schema_read(&values, tree_parse(&arena, settings), &part, 1, 0, &r);
	ck_assert_uint_le(r.count, 1);
	if (r.count)
		snprintf(text, sizeof(text), "%s: %s", r.faults[0].path, r.faults[0].text);
	else
		text[0] = '\0';
	schema_values_finish(&values);
	report_finish(&r);
	arena_finish(&arena);
	return text;
}

#define LONG_100                                                                                   \
	"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567" \
	"890123456789"

static const struct {
	const char *settings;
	const char *fault; /* "": none */
} bounds[] = {
	{"{\"pool_size\":0}", ""},
	{"{\"pool_size\":1000}", ""},
	{"{\"pool_size\":-1}", "pool_size: -1 is out of range; allowed: 0 to 1000"},
	{"{\"pool_size\":1001}", "pool_size: 1001 is out of range; allowed: 0 to 1000"},
	{"{\"retry_delay_s\":1}", ""},
	{"{\"retry_delay_s\":86400}", ""},
	{"{\"retry_delay_s\":0}", "retry_delay_s: 0 is out of range; allowed: 1 to 86400"},
	{"{\"retry_delay_s\":86401}", "retry_delay_s: 86401 is out of range; allowed: 1 to 86400"},
	{"{\"retry_max_attempts\":1}", ""},
	{"{\"retry_max_attempts\":50}", ""},
	{"{\"retry_max_attempts\":0}", "retry_max_attempts: 0 is out of range; allowed: 1 to 50"},
	{"{\"retry_max_attempts\":51}", "retry_max_attempts: 51 is out of range; allowed: 1 to 50"},
	{"{\"retry_max_age_s\":60}", ""},
	{"{\"retry_max_age_s\":2592000}", ""},
	{"{\"retry_max_age_s\":59}", "retry_max_age_s: 59 is out of range; allowed: 60 to 2592000"},
	{"{\"retry_max_age_s\":2592001}",
         "retry_max_age_s: 2592001 is out of range; allowed: 60 to 2592000"},
	{"{\"retry_inline\":0}", ""},
	{"{\"retry_inline\":5}", ""},
	{"{\"retry_inline\":-1}", "retry_inline: -1 is out of range; allowed: 0 to 5"},
	{"{\"retry_inline\":6}", "retry_inline: 6 is out of range; allowed: 0 to 5"},
	{"{\"rate_per_s\":0}", ""},
	{"{\"rate_per_s\":1000000}", ""},
	{"{\"rate_per_s\":-1}", "rate_per_s: -1 is out of range; allowed: 0 to 1000000"},
	{"{\"rate_per_s\":1000001}", "rate_per_s: 1000001 is out of range; allowed: 0 to 1000000"},
	{"{\"burst\":1}", ""},
	{"{\"burst\":1000000}", ""},
	{"{\"burst\":0}", "burst: 0 is out of range; allowed: 1 to 1000000"},
	{"{\"burst\":1000001}", "burst: 1000001 is out of range; allowed: 1 to 1000000"},
	{"{\"ordering\":\"off\"}", ""},
	{"{\"ordering\":\"key\"}", ""},
	{"{\"ordering\":\"keys\"}",
         "ordering: \"keys\" is not known; allowed: off, key (did you mean \"key\"?)"},
	{"{\"response_keep_bytes\":0}", ""},
	{"{\"response_keep_bytes\":\"1MiB\"}", ""},
	{"{\"response_keep_bytes\":-1}",
         "response_keep_bytes: -1 is out of range; allowed: 0 to 1MiB"},
	{"{\"response_keep_bytes\":1048577}",
         "response_keep_bytes: 1048577 is out of range; allowed: 0 to 1MiB"},
	{"{\"alert_connection\":\"A\"}", ""},
	{"{\"alert_connection\":\"" LONG_100 "\"}", ""},
	{"{\"alert_connection\":\"\"}", "alert_connection: is empty; allowed: 1 to 100 characters"},
	{"{\"alert_connection\":\"" LONG_100 "x\"}",
         "alert_connection: is 101 characters long; allowed: 1 to 100 characters"},
	{"{\"test_every_s\":0}", ""},
	{"{\"test_every_s\":60}", ""},
	{"{\"test_every_s\":86400}", ""},
	{"{\"test_every_s\":1}",
         "test_every_s: 1 is not allowed; allowed: 0 (off), or 60 to 86400"},
	{"{\"test_every_s\":59}",
         "test_every_s: 59 is not allowed; allowed: 0 (off), or 60 to 86400"},
	{"{\"test_every_s\":86401}", "test_every_s: 86401 is out of range; allowed: 0 to 86400"},
	{"{\"test_every_s\":-1}", "test_every_s: -1 is out of range; allowed: 0 to 86400"},
};

START_TEST(hold_their_bounds)
{
	ck_assert_str_eq(fault_of(bounds[_i].settings), bounds[_i].fault);
}
END_TEST

START_TEST(have_the_documented_defaults)
{
	static const int64_t numbers[COMMON_ROWS] = {
		[COMMON_RETRY_MAX_ATTEMPTS] = 12,
		[COMMON_RETRY_MAX_AGE_S] = 259200,
		[COMMON_RETRY_INLINE] = 1,
		[COMMON_BURST] = 1,
		[COMMON_QUEUE_MAX_MESSAGES] = 1000000,
		[COMMON_RESPONSE_KEEP_BYTES] = 16384,
	};
	struct schema_part part = {.rows = common_rows, .count = COMMON_ROWS};
	struct schema_values values;
	struct arena arena;
	struct report r;

	arena_init(&arena);
	report_init(&r);
	schema_values_init(&values);
	ck_assert_int_eq(schema_read(&values, tree_parse(&arena, "{}"), &part, 1, 0, &r), 0);
	for (size_t i = 0; i < COMMON_ROWS; i++) {
		const struct lk_value *v = part.values[i];
		ck_assert_uint_eq(v->is_set, 0);
		if (i == COMMON_ORDERING)
			ck_assert_str_eq(v->u.s, "off");
		else if (i == COMMON_ALERT_CONNECTION)
			ck_assert_ptr_null(v->u.s);
		else
			ck_assert_int_eq(v->u.i, numbers[i]);
	}
	schema_values_finish(&values);
	report_finish(&r);
	arena_finish(&arena);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(pass_their_own_lint),
	SUITE_TEST(have_everything_a_form_needs),
	SUITE_LOOP(hold_their_bounds, bounds),
	SUITE_TEST(have_the_documented_defaults),
};
SUITE_MAIN("common", tests)
