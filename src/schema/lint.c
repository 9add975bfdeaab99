/* Faults of a parameter table itself, found before any definition is read with it. */
#include <stdbool.h>
#include <string.h>

#include "base/banned.h"
#include "base/buf.h"
#include "schema/check.h"
#include "schema/common.h"
#include "schema/report.h"
#include "schema/value.h"
#include "schema/when.h"

/* What is being looked at. */
struct lint {
	const struct lk_param *rows; /* row and those beside it */
	uint32_t count, index;
	bool is_top;
	const char *path; /* "webhook.auth.kind" */
	struct report *report;
};

static void fault(const struct lint *l, const char *code, const char *text)
{
	report_add_at(l->report, LK_FAULT_ERROR, NULL, 0, l->path, code, "%s", text);
}

static bool holds_rows(const struct lk_param *row)
{
	return row->type == LK_T_LIST || row->type == LK_T_MAP || row->type == LK_T_GROUP;
}

static bool has_bad_name(const struct lk_param *row)
{
	return !row->name || !row->name[0] ||
	       row->name[strspn(row->name, "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0';
}

static bool has_bad_type(const struct lk_param *row)
{
	return row->type > LK_T_GROUP && row->type != SCHEMA_T_ANY;
}

static bool has_no_help(const struct lk_param *row)
{
	return !row->help || !row->help[0];
}

static bool is_required_with_default(const struct lk_param *row)
{
	return (row->flags & LK_REQUIRED) && row->def;
}

static bool is_secret_with_default(const struct lk_param *row)
{
	return (row->flags & LK_SECRET) && row->def;
}

static bool is_secret_of_other_type(const struct lk_param *row)
{
	return (row->flags & LK_SECRET) && row->type != LK_T_STRING;
}

static bool is_template_of_other_type(const struct lk_param *row)
{
	return (row->flags & LK_TEMPLATE) && row->type != LK_T_STRING && row->type != LK_T_URL;
}

static bool is_enum_without_choices(const struct lk_param *row)
{
	return row->type == LK_T_ENUM && (!row->choices || !row->choices[0]);
}

static bool lacks_rows(const struct lk_param *row)
{
	return holds_rows(row) && row->sub_count == 0;
}

static bool is_map_of_many(const struct lk_param *row)
{
	return row->type == LK_T_MAP && row->sub_count > 1;
}

static bool has_default_for_rows(const struct lk_param *row)
{
	return holds_rows(row) && row->def;
}

static bool has_crossed_bounds(const struct lk_param *row)
{
	return row->min > row->max;
}

static const struct rule {
	bool (*broken)(const struct lk_param *row);
	const char *code, *text;
} rules[] = {
	{has_bad_name, "bad_name", "the name must consist of a to z, 0 to 9 and _"},
	{has_bad_type, "bad_type", "the type is not known to this host"},
	{has_no_help, "no_help", "help is missing; write one sentence"},
	{is_required_with_default, "required_default", "a required row may not have a default"},
	{is_secret_with_default, "secret_default", "a secret may not have a default"},
	{is_secret_of_other_type, "secret_type", "only a STRING can be a secret"},
	{is_template_of_other_type, "template_type", "only a STRING or a URL can be a template"},
	{is_enum_without_choices, "no_choices", "an ENUM needs choices"},
	{lacks_rows, "no_rows", "a LIST, MAP or GROUP needs rows, at most 8 tables deep"},
	{is_map_of_many, "map_rows", "a MAP has one row"},
	{has_default_for_rows, "rows_default", "a LIST, MAP or GROUP may not have a default"},
	{has_crossed_bounds, "bad_bounds", "min is greater than max"},
};

static const struct lk_param *row_named(const struct lint *l, const char *name, size_t length)
{
	for (uint32_t i = 0; i < l->count; i++) {
		const char *other = l->rows[i].name;
		if (other && strlen(other) == length && !memcmp(other, name, length))
			return &l->rows[i];
	}
	return NULL;
}

static void lint_name(const struct lint *l)
{
	const struct lk_param *row = &l->rows[l->index];

	if (!row->name)
		return;
	if (row_named(l, row->name, strlen(row->name)) != row)
		fault(l, "duplicate_name", "another row of this table has the same name");
	if (l->is_top && l->rows != common_rows &&
	    schema_row(common_rows, COMMON_ROWS, row->name) >= 0)
		fault(l, "reserved_name", "the host has a row of this name for every type");
}

static bool is_choice(const struct lk_param *row, const char *word, size_t length)
{
	for (size_t i = 0; row->choices && row->choices[i]; i++)
		if (strlen(row->choices[i]) == length && !memcmp(row->choices[i], word, length))
			return true;
	return false;
}

static void lint_when(const struct lint *l)
{
	const struct lk_param *row = &l->rows[l->index];
	const char *list, *word;

	if (!row->when)
		return;
	size_t length = when_name(row->when, &list);
	const struct lk_param *sibling = length > 0 ? row_named(l, row->when, length) : NULL;
	if (!sibling || sibling == row || sibling->type != LK_T_ENUM) {
		fault(l, "bad_when",
		      "when must read \"NAME=CHOICE|CHOICE\", NAME being an ENUM "
		      "beside this row");
		return;
	}
	while (*list) {
		length = when_next(&list, &word);
		if (!is_choice(sibling, word, length))
			fault(l, "bad_when", "when names a value that is not one of the choices");
		if (length == 0)
			break;
	}
}

static void lint_default(const struct lint *l)
{
	const struct lk_param *row = &l->rows[l->index];
	const char *message = NULL;
	struct schema_values values;
	struct report quiet;
	struct value_reader r = {.values = &values, .report = &quiet, .quiet = &quiet};
	struct lk_value value;

	if (!row->def || holds_rows(row) || has_bad_type(row) || (row->flags & LK_SECRET))
		return;
	schema_values_init(&values);
	report_init(&quiet);
	int outcome = value_default(&r, row, &value);
	if (outcome < 0 || quiet.out_of_memory)
		l->report->out_of_memory = true;
	else if (outcome == VALUE_FAULT)
		report_add_at(l->report, LK_FAULT_ERROR, NULL, 0, l->path, "bad_default",
		              "the default breaks the row's own rules: %s", quiet.faults[0].text);
	else if (row->check && row->check(&value, &message) < 0)
		report_add_at(l->report, LK_FAULT_ERROR, NULL, 0, l->path, "bad_default",
		              "the default breaks the row's own rules: %s",
		              message ? message : "its check refuses it");
	report_finish(&quiet);
	schema_values_finish(&values);
}

static void lint_rows(const struct lk_param *rows, uint32_t count, const char *where, bool is_top,
                      struct report *report)
{
	struct lint l = {.rows = rows, .count = count, .is_top = is_top, .report = report};
	struct buf path;

	buf_init(&path, BUF_MAX_LINE);
	for (l.index = 0; l.index < count; l.index++) {
		const struct lk_param *row = &rows[l.index];
		buf_clear(&path);
		buf_printf(&path, "%s.%s", where,
		           row->name && row->name[0] ? row->name : "(unnamed)");
		if (buf_failed(&path) == BUF_NO_MEMORY)
			report->out_of_memory = true;
		l.path = buf_str(&path);
		for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
			if (rules[i].broken(row))
				fault(&l, rules[i].code, rules[i].text);
		lint_name(&l);
		lint_when(&l);
		lint_default(&l);
		if (holds_rows(row))
			lint_rows(row->sub, row->sub_count, l.path, false, report);
	}
	buf_finish(&path);
}

void schema_lint(const struct lk_param *rows, uint32_t count, const char *where,
                 struct report *report)
{
	lint_rows(rows, count, where, true, report);
}
