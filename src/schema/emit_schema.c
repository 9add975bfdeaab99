/* JSON Schema (draft 2020-12) out of parameter tables. */
#include "schema/emit.h"

#include <stdbool.h>
#include <string.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/mem.h"
#include "schema/check.h"
#include "schema/common.h"
#include "schema/units.h"
#include "schema/value.h"
#include "schema/when.h"
#include "json/json.h"

/* A chain of json_set() fails as a whole: each step gets the outcome of those before it. */
static void set(struct json *object, const char *key, struct json *child, bool *failed)
{
	*failed |= json_set(object, key, child) < 0;
}

static void push(struct json *array, struct json *child, bool *failed)
{
	*failed |= json_push(array, child) < 0;
}

static struct json *done(struct json *v, bool failed)
{
	if (!failed)
		return v;
	json_free(v);
	return NULL;
}

static struct json *typed(const char *type)
{
	struct json *v = json_object();
	bool failed = false;

	set(v, "type", json_string(type), &failed);
	return done(v, failed);
}

static struct json *patterned(const char *pattern)
{
	struct json *v = typed("string");
	bool failed = false;

	set(v, "pattern", json_string(pattern), &failed);
	return done(v, failed);
}

static struct json *reference(void)
{
	struct json *v = json_object();
	bool failed = false;

	set(v, "$ref", json_string("#/$defs/reference"), &failed);
	return done(v, failed);
}

static void set_bounds(struct json *v, const struct lk_param *row, const char *least,
                       const char *most, bool *failed)
{
	if (!row->min && !row->max)
		return;
	if (row->min != INT64_MIN)
		set(v, least, json_int(row->min), failed);
	if (row->max != INT64_MAX)
		set(v, most, json_int(row->max), failed);
}

static struct json *emit_choices(const struct lk_param *row)
{
	struct json *v = json_object(), *names = json_array();
	bool failed = false;

	for (size_t i = 0; row->choices && row->choices[i]; i++)
		push(names, json_string(row->choices[i]), &failed);
	set(v, "enum", names, &failed);
	return done(v, failed);
}

static struct json *emit_text(const struct lk_param *row)
{
	struct json *v = row->type == LK_T_URL
	                         ? patterned("^[A-Za-z][A-Za-z0-9+.-]*://[^/?# ][^ ]*$")
	                         : typed("string");
	bool failed = false;

	set_bounds(v, row, "minLength", "maxLength", &failed);
	return done(v, failed);
}

static struct json *emit_integer(const struct lk_param *row)
{
	struct json *v = typed("integer");
	bool failed = false;

	set_bounds(v, row, "minimum", "maximum", &failed);
	return done(v, failed);
}

/* Bounds of a number with a unit are beyond JSON Schema; they stand as annotations. */
static struct json *emit_duration(const struct lk_param *row)
{
	struct json *v = patterned("^[0-9]+(ms|s|m|h|d)$");
	bool failed = false;

	set_bounds(v, row, "x-linkspan-minimum-ms", "x-linkspan-maximum-ms", &failed);
	return done(v, failed);
}

/* The forms a scalar can be written in, besides a string that holds a reference. */
static void push_forms(struct json *forms, const struct lk_param *row, bool *failed)
{
	switch (row->type) {
	case LK_T_INT:
		push(forms, emit_integer(row), failed);
		break;
	case LK_T_BOOL:
		push(forms, typed("boolean"), failed);
		break;
	case LK_T_ENUM:
		push(forms, emit_choices(row), failed);
		break;
	case LK_T_DURATION:
		push(forms, emit_duration(row), failed);
		break;
	case LK_T_SIZE:
		push(forms, emit_integer(row), failed);
		push(forms, patterned("^[0-9]+(KiB|MiB|GiB)$"), failed);
		break;
	default:
		push(forms, emit_text(row), failed);
	}
}

static struct json *emit_row(const struct lk_param *row);
static void set_table(struct json *v, const struct schema_part *parts, size_t part_count,
                      bool *failed);

/* What one item of a list looks like. */
static struct json *emit_item(const struct lk_param *row)
{
	const struct schema_part part = {.rows = row->sub, .count = row->sub_count};

	if (row->sub_count == 1)
		return emit_row(&row->sub[0]);
	struct json *v = json_object();
	bool failed = v == NULL;
	set_table(v, &part, 1, &failed);
	return done(v, failed);
}

static void set_type(struct json *v, const struct lk_param *row, bool *failed)
{
	const struct schema_part part = {.rows = row->sub, .count = row->sub_count};
	struct json *forms;

	switch (row->type) {
	case SCHEMA_T_ANY:
		break;
	case LK_T_LIST:
		set(v, "type", json_string("array"), failed);
		set(v, "items", emit_item(row), failed);
		set_bounds(v, row, "minItems", "maxItems", failed);
		break;
	case LK_T_MAP:
		set(v, "type", json_string("object"), failed);
		set(v, "additionalProperties", emit_row(&row->sub[0]), failed);
		set_bounds(v, row, "minProperties", "maxProperties", failed);
		break;
	case LK_T_GROUP:
		set_table(v, &part, 1, failed);
		break;
	default:
		forms = json_array();
		push_forms(forms, row, failed);
		push(forms, reference(), failed);
		set(v, "anyOf", forms, failed);
	}
}

/* A default in the type in which a definition would hold it. */
static struct json *emit_default(const struct lk_param *row)
{
	int64_t n;

	if (row->type == LK_T_BOOL)
		return json_bool(!strcmp(row->def, "true"));
	if ((row->type == LK_T_INT || row->type == LK_T_SIZE) && units_parse_int(row->def, &n))
		return json_int(n);
	return json_string(row->def);
}

static struct json *emit_row(const struct lk_param *row)
{
	static const struct {
		uint32_t flag;
		const char *key;
	} marks[] = {
		{LK_SECRET, "writeOnly"},
		{LK_DEPRECATED, "deprecated"},
		{LK_ADVANCED, "x-linkspan-advanced"},
		{LK_TEMPLATE, "x-linkspan-template"},
	};
	struct json *v = json_object();
	bool failed = false;

	if (row->label)
		set(v, "title", json_string(row->label), &failed);
	set(v, "description", json_string(row->help), &failed);
	set_type(v, row, &failed);
	if (row->def)
		set(v, "default", emit_default(row), &failed);
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (row->flags & marks[i].flag)
			set(v, marks[i].key, json_bool(true), &failed);
	if (row->group)
		set(v, "x-linkspan-group", json_string(row->group), &failed);
	if (row->when)
		set(v, "x-linkspan-when", json_string(row->when), &failed);
	return done(v, failed);
}

/* A schema that holds where `sibling` has one of its choices that is in the list (or, with
 * is_listed false, one that is not).  A reference is neither: then nothing is known. */
static struct json *emit_condition(const struct lk_param *sibling, const char *list, bool is_listed)
{
	struct json *v = json_object(), *properties = json_object(), *property = json_object();
	struct json *names = json_array();
	bool failed = false;

	for (size_t i = 0; sibling->choices && sibling->choices[i]; i++)
		if (when_lists(list, sibling->choices[i]) == is_listed)
			push(names, json_string(sibling->choices[i]), &failed);
	set(property, "enum", names, &failed);
	set(properties, sibling->name, property, &failed);
	set(v, "properties", properties, &failed);

	/* Absent, it counts as its default: which the condition holds for, or not. */
	bool holds_absent = sibling->def ? when_lists(list, sibling->def) == is_listed : !is_listed;
	if (!holds_absent) {
		struct json *required = json_array();
		push(required, json_string(sibling->name), &failed);
		set(v, "required", required, &failed);
	}
	return done(v, failed);
}

/* Where a row applies and is required it must be there; where it does not apply it may not. */
static void push_when(struct json *rules, const struct lk_param *row,
                      const struct lk_param *sibling, const char *list, bool *failed)
{
	struct json *rule = json_object(), *then = json_object(), *properties = json_object();

	set(properties, row->name, json_bool(false), failed);
	set(then, "properties", properties, failed);
	set(rule, "if", emit_condition(sibling, list, false), failed);
	set(rule, "then", then, failed);
	push(rules, rule, failed);
	if (!(row->flags & LK_REQUIRED))
		return;

	struct json *required = json_array();
	rule = json_object();
	then = json_object();
	push(required, json_string(row->name), failed);
	set(then, "required", required, failed);
	set(rule, "if", emit_condition(sibling, list, true), failed);
	set(rule, "then", then, failed);
	push(rules, rule, failed);
}

/* Sorts the rows of a table into its properties, what it requires, and its rules. */
static void add_rows(const struct schema_part *part, struct json *properties, struct json *required,
                     struct json *rules, bool *failed)
{
	for (uint32_t i = 0; i < part->count; i++) {
		const struct lk_param *row = &part->rows[i];
		const char *list;
		size_t length = row->when ? when_name(row->when, &list) : 0;
		int sibling = -1;

		set(properties, row->name, emit_row(row), failed);
		for (uint32_t s = 0; s < part->count && length > 0; s++)
			if (strlen(part->rows[s].name) == length &&
			    !memcmp(part->rows[s].name, row->when, length))
				sibling = (int)s;
		if (sibling >= 0)
			push_when(rules, row, &part->rows[sibling], list, failed);
		else if (row->flags & LK_REQUIRED)
			push(required, json_string(row->name), failed);
	}
}

static void set_table(struct json *v, const struct schema_part *parts, size_t part_count,
                      bool *failed)
{
	struct json *properties = json_object(), *required = json_array(), *rules = json_array();

	for (size_t i = 0; i < part_count; i++)
		add_rows(&parts[i], properties, required, rules, failed);
	set(v, "type", json_string("object"), failed);
	set(v, "properties", properties, failed);
	set(v, "additionalProperties", json_bool(false), failed);
	if (json_count(required) > 0)
		set(v, "required", required, failed);
	else
		json_free(required);
	if (json_count(rules) > 0)
		set(v, "allOf", rules, failed);
	else
		json_free(rules);
}

struct json *emit_schema(const struct lk_type *type, const struct lk_param *rows, uint32_t count)
{
	const struct schema_part parts[] = {
		{.rows = rows, .count = count},
		{.rows = common_rows, .count = COMMON_ROWS},
	};
	struct json *v = json_object(), *definitions = json_object();
	bool failed = v == NULL;

	set(v, "$schema", json_string("https://json-schema.org/draft/2020-12/schema"), &failed);
	set(v, "title", json_string(type->label ? type->label : type->id), &failed);
	if (type->help)
		set(v, "description", json_string(type->help), &failed);
	set_table(v, parts, sizeof(parts) / sizeof(parts[0]), &failed);
	/* `${name}` and `${secret:provider/path}` may stand in any text. */
	set(definitions, "reference", patterned("\\$\\{[^}]+\\}"), &failed);
	set(v, "$defs", definitions, &failed);
	return done(v, failed);
}
