/* Lint of parameter tables: each fault of a table is found, named, and found alone. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "schema/check.h"
#include "schema/common.h"
#include "schema/report.h"
#include "suite.h"

static int check_never(const struct lk_value *value, const char **ret_message)
{
	(void)value;
	*ret_message = "nothing is right";
	return LK_EINVAL;
}

static const char *const kinds[] = {"none", "basic", NULL};
static const char *const no_choices[] = {NULL};
static const struct lk_param inner[] = {{.name = "n", .type = LK_T_INT, .help = "h"},
                                        {.name = "m", .type = LK_T_INT, .help = "h"}};
static const struct lk_param bad_inner[] = {
	{.name = "n", .type = LK_T_INT, .def = "x", .help = "h"}};

#define BASE .name = "x", .help = "h"

/* Each row stands beside an ENUM "kind" and an INT "number". */
static const struct {
	struct lk_param row;
	const char *codes; /* NULL: no fault */
} samples[] = {
	{{BASE, .type = LK_T_INT, .def = "5", .min = 5, .max = 5}, NULL},
	{{BASE, .type = LK_T_BOOL, .def = "true"}, NULL},
	{{BASE, .type = LK_T_DURATION, .def = "10s"}, NULL},
	{{BASE, .type = LK_T_SIZE, .def = "16KiB"}, NULL},
	{{BASE, .type = LK_T_STRING, .def = ""}, NULL},
	{{BASE, .type = LK_T_FILE, .def = "/nowhere"}, NULL},
	{{BASE, .type = LK_T_STRING, .flags = LK_SECRET}, NULL},
	{{BASE, .type = LK_T_URL, .flags = LK_TEMPLATE, .def = "https://h/{x}"}, NULL},
	{{BASE, .type = LK_T_ENUM, .choices = kinds, .def = "basic"}, NULL},
	{{BASE, .type = LK_T_LIST, .sub = inner, .sub_count = 2}, NULL},
	{{BASE, .type = LK_T_MAP, .sub = inner, .sub_count = 1}, NULL},
	{{BASE, .type = LK_T_STRING, .when = "kind=none|basic"}, NULL},
	{{.help = "h", .type = LK_T_INT}, "bad_name"},
	{{.name = "", .help = "h", .type = LK_T_INT}, "bad_name"},
	{{.name = "Max", .help = "h", .type = LK_T_INT}, "bad_name"},
	{{.name = "a-b", .help = "h", .type = LK_T_INT}, "bad_name"},
	{{.name = "number", .help = "h", .type = LK_T_INT}, "duplicate_name"},
	{{.name = "burst", .help = "h", .type = LK_T_INT}, "reserved_name"},
	{{BASE, .type = LK_T_GROUP + 1}, "bad_type"},
	{{BASE, .type = LK_T_GROUP + 1, .def = "x"}, "bad_type"},
	{{.name = "x", .type = LK_T_INT}, "no_help"},
	{{.name = "x", .help = "", .type = LK_T_INT}, "no_help"},
	{{BASE, .type = LK_T_INT, .flags = LK_REQUIRED, .def = "1"}, "required_default"},
	{{BASE, .type = LK_T_STRING, .flags = LK_SECRET, .def = "1"}, "secret_default"},
	{{BASE, .type = LK_T_INT, .flags = LK_SECRET}, "secret_type"},
	{{BASE, .type = LK_T_INT, .flags = LK_TEMPLATE}, "template_type"},
	{{BASE, .type = LK_T_ENUM}, "no_choices"},
	{{BASE, .type = LK_T_ENUM, .choices = no_choices}, "no_choices"},
	{{BASE, .type = LK_T_LIST}, "no_rows"},
	{{BASE, .type = LK_T_MAP}, "no_rows"},
	{{BASE, .type = LK_T_GROUP}, "no_rows"},
	{{BASE, .type = LK_T_MAP, .sub = inner, .sub_count = 2}, "map_rows"},
	{{BASE, .type = LK_T_LIST, .sub = inner, .sub_count = 1, .def = "(1)"}, "rows_default"},
	{{BASE, .type = LK_T_INT, .min = 2, .max = 1}, "bad_bounds"},
	{{BASE, .type = LK_T_INT, .def = "ten"}, "bad_default"},
	{{BASE, .type = LK_T_INT, .def = "4", .min = 5, .max = 9}, "bad_default"},
	{{BASE, .type = LK_T_INT, .def = "4", .check = check_never}, "bad_default"},
	{{BASE, .type = LK_T_BOOL, .def = "yes"}, "bad_default"},
	{{BASE, .type = LK_T_DURATION, .def = "10"}, "bad_default"},
	{{BASE, .type = LK_T_SIZE, .def = "1kb"}, "bad_default"},
	{{BASE, .type = LK_T_STRING, .def = "abc", .min = 0, .max = 2}, "bad_default"},
	{{BASE, .type = LK_T_STRING, .def = "\xff"}, "bad_default"},
	{{BASE, .type = LK_T_URL, .def = "host"}, "bad_default"},
	{{BASE, .type = LK_T_ENUM, .choices = kinds, .def = "digest"}, "bad_default"},
	{{BASE, .type = LK_T_GROUP, .sub = bad_inner, .sub_count = 1}, "bad_default"},
	{{BASE, .type = LK_T_INT, .when = "kind"}, "bad_when"},
	{{BASE, .type = LK_T_INT, .when = "kind="}, "bad_when"},
	{{BASE, .type = LK_T_INT, .when = "=none"}, "bad_when"},
	{{BASE, .type = LK_T_INT, .when = "kind=digest"}, "bad_when"},
	{{BASE, .type = LK_T_INT, .when = "kind=none|"}, "bad_when"},
	{{BASE, .type = LK_T_INT, .when = "kind=none||basic"}, "bad_when"},
	{{BASE, .type = LK_T_INT, .when = "absent=none"}, "bad_when"},
	{{BASE, .type = LK_T_INT, .when = "number=1"}, "bad_when"},
	{{BASE, .type = LK_T_ENUM, .choices = kinds, .when = "x=none"}, "bad_when"},
};

static void lint_beside_others(const struct lk_param *row, struct report *r)
{
	const struct lk_param rows[] = {
		{.name = "kind", .type = LK_T_ENUM, .choices = kinds, .help = "h"},
		{.name = "number", .type = LK_T_INT, .help = "h"},
		*row,
	};

	report_init(r);
	schema_lint(rows, 3, "webhook", r);
}

START_TEST(finds_each_fault)
{
	struct report r;

	lint_beside_others(&samples[_i].row, &r);
	if (samples[_i].codes) {
		ck_assert_uint_ge(r.errors, 1);
		for (size_t i = 0; i < r.count; i++)
			ck_assert_str_eq(r.faults[i].code, samples[_i].codes);
	} else {
		ck_assert_msg(r.errors == 0, "%s", r.count ? r.faults[0].text : "");
	}
	report_finish(&r);
}
END_TEST

START_TEST(names_the_row_and_the_reason)
{
	const struct lk_param row = {BASE, .type = LK_T_GROUP, .sub = bad_inner, .sub_count = 1};
	struct report r;
	struct buf b;

	lint_beside_others(&row, &r);
	buf_init(&b, BUF_MAX_TEXT);
	report_print(&r, &b);
	ck_assert_str_eq(
		buf_str(&b),
		"error: webhook.x.n: the default breaks the row's own rules: \"x\" is not a "
		"whole number; allowed: any whole number\n");
	buf_finish(&b);
	report_finish(&r);
}
END_TEST

START_TEST(reports_every_fault_of_a_row)
{
	const struct lk_param row = {.name = "A", .type = LK_T_ENUM, .min = 2, .max = 1};
	struct report r;

	lint_beside_others(&row, &r);
	ck_assert_uint_eq(r.errors, 4); /* name, help, choices, bounds */
	report_finish(&r);
}
END_TEST

START_TEST(ends_on_a_table_that_contains_itself)
{
	struct lk_param loop = {BASE, .type = LK_T_GROUP, .sub_count = 1};
	struct report r;
	struct arena arena;

	loop.sub = &loop;
	loop.sub_size = sizeof(loop);
	arena_init(&arena);
	report_init(&r);
	struct lk_param *copy = schema_import(&arena, &loop, 1, sizeof(loop));
	schema_lint(copy, 1, "t", &r);
	ck_assert_uint_eq(r.errors, 1);
	ck_assert_str_eq(r.faults[0].code, "no_rows");
	report_finish(&r);
	arena_finish(&arena);
}
END_TEST

START_TEST(remembers_that_memory_ran_out)
{
	unsigned n = 0;
	bool pending;

	do {
		struct report r;
		mem_fail_at(++n);
		lint_beside_others(&samples[0].row, &r);
		pending = mem_fail_pending();
		mem_fail_at(0);
		ck_assert_int_eq(report_verdict(&r, NULL), pending ? 0 : ERR_NO_MEMORY);
		report_finish(&r);
	} while (!pending);
	ck_assert_uint_gt(n, 1);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(finds_each_fault, samples),     SUITE_TEST(names_the_row_and_the_reason),
	SUITE_TEST(reports_every_fault_of_a_row),  SUITE_TEST(ends_on_a_table_that_contains_itself),
	SUITE_TEST(remembers_that_memory_ran_out),
};
SUITE_MAIN("lint", tests)
