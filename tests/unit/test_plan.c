/* What a reload has to do. */
#include "linkspand/plan.h"

#include <stdio.h>
#include <string.h>

#include "suite.h"

/* "global/Orders/Test=1 …": the digit is the fingerprint. */
static size_t read_items(const char *text, struct plan_item *items)
{
	static char names[64][3][32];
	static uint8_t prints[64][PLAN_FINGERPRINT_BYTES];
	static size_t used;
	size_t count = 0;
	char print;
	int length;

	for (; sscanf(text, " %31[^/]/%31[^/]/%31[^=]=%c%n", names[used][0], names[used][1],
	              names[used][2], &print, &length) == 4;
	     text += length, used = (used + 1) % 64) {
		memset(prints[used], print, sizeof(prints[used]));
		items[count] = (struct plan_item){.project = names[used][0],
		                                  .connection = names[used][1],
		                                  .environment = names[used][2],
		                                  .fingerprint = prints[used],
		                                  .place = count};
		count++;
	}
	return count;
}

static const struct {
	const char *before, *after, *steps;
} rows[] = {
	{"", "", ""},
	{"", "global/A/T=1", "open:A/T "},
	{"global/A/T=1", "", "close:A/T "},
	{"global/A/T=1", "global/A/T=1", "keep:A/T "},
	{"global/A/T=1", "global/A/T=2", "change:A/T "},
	{"global/A/T=1", "global/a/T=1", "keep:a/T "},
	{"global/A/T=1", "global/A/U=1", "close:A/T open:A/U "},
	{"global/A/T=1", "billing/A/T=1", "open:A/T close:A/T "},
	{"global/C/T=1 global/A/T=1 global/B/T=1", "global/B/T=1 global/D/T=1 global/C/T=2",
         "close:A/T keep:B/T change:C/T open:D/T "},
};

START_TEST(each_name_gets_one_step)
{
	static const char *const words[PLAN_ACTIONS] = {"close", "open", "change", "keep"};
	struct plan_item before[8], after[8];
	struct plan_step steps[16];
	char text[256] = "";

	size_t before_count = read_items(rows[_i].before, before);
	size_t after_count = read_items(rows[_i].after, after);
	size_t count = plan_make(before, before_count, after, after_count, steps);
	for (size_t i = 0; i < count; i++) {
		const struct plan_item *item = steps[i].after ? steps[i].after : steps[i].before;
		size_t used = strlen(text);
		snprintf(text + used, sizeof(text) - used, "%s:%s/%s ", words[steps[i].action],
		         item->connection, item->environment);
	}
	ck_assert_str_eq(text, rows[_i].steps);
}
END_TEST

START_TEST(steps_lead_back_to_what_was_given)
{
	struct plan_item before[4], after[4];
	struct plan_step steps[8];

	size_t before_count = read_items("global/A/T=1", before);
	size_t after_count = read_items("global/Z/T=1 global/A/T=2", after);
	size_t count = plan_make(before, before_count, after, after_count, steps);
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(steps[0].after->place, 1);
	ck_assert_ptr_eq(steps[0].before, &before[0]);
	ck_assert_uint_eq(steps[1].after->place, 0);
	ck_assert_ptr_null(steps[1].before);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(each_name_gets_one_step, rows),
	SUITE_TEST(steps_lead_back_to_what_was_given),
};

SUITE_MAIN("plan", tests)
