/*
 * Reading definitions in tests: one table with a row of every type, and what reading it needs.
 *
 * Each test begins with start() and ends with stop().  Definitions are JSON (see tree.h) whose
 * group "s" holds the settings.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "schema/check.h"
#include "schema/report.h"
#include "suite.h"
#include "tree.h"

static inline int check_even(const struct lk_value *value, const char **ret_message)
{
	*ret_message = "it must be even";
	return value->u.i % 2 ? LK_EINVAL : 0;
}

static inline int check_pairs(const struct lk_value *value, const char **ret_message)
{
	*ret_message = "as many keys as values are needed";
	return value->count % 2 ? LK_EINVAL : 0;
}

static inline int check_word(const struct lk_value *value, const char **ret_message)
{
	*ret_message = "spaces may not stand in it";
	return strchr(value->u.s, ' ') ? LK_EINVAL : 0;
}

static const char *const methods[] = {"GET", "POST", "DELETE", NULL};
static const char *const kinds[] = {"none", "basic", "bearer", NULL};

static const struct lk_param auth_rows[] = {
	{.name = "kind", .type = LK_T_ENUM, .choices = kinds, .def = "none", .help = "h"},
	{.name = "username",
         .type = LK_T_STRING,
         .when = "kind=basic",
         .flags = LK_REQUIRED,
         .help = "h",
         .min = 1,
         .max = 10},
	{.name = "token",
         .type = LK_T_STRING,
         .when = "kind=basic|bearer",
         .flags = LK_SECRET,
         .help = "h",
         .max = 8},
	{.name = "ttl", .type = LK_T_INT, .when = "kind=bearer", .def = "60", .help = "h"},
};
static const struct lk_param header_rows[] = {
	{.name = "name", .type = LK_T_STRING, .flags = LK_REQUIRED, .min = 1, .max = 8, .help = "h"},
	{.name = "value", .type = LK_T_STRING, .flags = LK_REQUIRED, .help = "h"},
};
static const struct lk_param word_row[] = {
	{.name = "word", .type = LK_T_STRING, .min = 1, .max = 5, .help = "h"},
};
static const struct lk_param number_row[] = {
	{.name = "number", .type = LK_T_INT, .min = 1, .max = 9, .help = "h"},
};

enum {
	INT,
	ANY_INT,
	EVEN,
	BOOL,
	ENUM,
	TIME,
	SIZE,
	STRING,
	WORD,
	URL,
	FILE_,
	LIST,
	HEADERS,
	MAP,
	AUTH,
	PAIRS,
	OLD,
	FLOOR,
	ROWS,
};

static const struct lk_param rows[ROWS] = {
	[INT] = {.name = "int", .type = LK_T_INT, .min = 1000, .max = 60000, .def = "2000"},
	[ANY_INT] = {.name = "any_int", .type = LK_T_INT},
	[EVEN] = {.name = "even", .type = LK_T_INT, .check = check_even, .def = "2"},
	[BOOL] = {.name = "bool", .type = LK_T_BOOL, .def = "true"},
	[ENUM] = {.name = "method", .type = LK_T_ENUM, .choices = methods},
	[TIME] = {.name = "time", .type = LK_T_DURATION, .min = 250, .max = 120000, .def = "10s"},
	[SIZE] = {.name = "size", .type = LK_T_SIZE, .min = 0, .max = 1048576, .def = "16KiB"},
	[STRING] = {.name = "string", .type = LK_T_STRING, .min = 2, .max = 4},
	[WORD] = {.name = "word", .type = LK_T_STRING, .check = check_word, .def = ""},
	[URL] = {.name = "url", .type = LK_T_URL, .flags = LK_TEMPLATE, .max = 40},
	[FILE_] = {.name = "file", .type = LK_T_FILE},
	[LIST] = {.name = "list", .type = LK_T_LIST, .max = 2, .sub = word_row, .sub_count = 1},
	[HEADERS] = {.name = "headers", .type = LK_T_LIST, .sub = header_rows, .sub_count = 2},
	[MAP] = {.name = "map",
                 .type = LK_T_MAP,
                 .min = 0,
                 .max = 2,
                 .sub = number_row,
                 .sub_count = 1},
	[AUTH] = {.name = "auth", .type = LK_T_GROUP, .sub = auth_rows, .sub_count = 4},
	[PAIRS] = {.name = "pairs",
                   .type = LK_T_LIST,
                   .sub = number_row,
                   .sub_count = 1,
                   .check = check_pairs},
	[OLD] = {.name = "old", .type = LK_T_BOOL, .flags = LK_DEPRECATED, .help = "Use bool."},
	[FLOOR] = {.name = "floor", .type = LK_T_INT, .min = 1, .max = INT64_MAX},
};

static struct arena arena;
static struct schema_values values;
static struct report report;
static struct schema_part part;
static char printed[8192];

static inline void start(void)
{
	arena_init(&arena);
	schema_values_init(&values);
	report_init(&report);
	part = (struct schema_part){.rows = rows, .count = ROWS};
}

static inline void stop(void)
{
	schema_values_finish(&values);
	report_finish(&report);
	arena_finish(&arena);
}

/* Reads the group "s" of the text. */
static inline int read_text(const char *text, unsigned flags)
{
	struct node *root = tree_parse(&arena, text);
	int rc = schema_read(&values, node_get(root, "s"), &part, 1, flags, &report);
	struct buf b;

	buf_init(&b, BUF_MAX_TEXT);
	report_print(&report, &b);
	snprintf(printed, sizeof(printed), "%s", buf_str(&b));
	buf_finish(&b);
	return rc;
}

static inline const struct lk_value *good(const char *text, size_t row)
{
	int rc = read_text(text, 0);

	ck_assert_msg(rc == 0, "%s: %s", text, printed);
	const struct lk_value *v = part.values[row];
	ck_assert_uint_eq(v->size, sizeof(*v));
	return v;
}
