/* Schemas of the OpenAPI document (JSON Schema 2020-12), from the tables of members and of inputs. */
#include <stdio.h>
#include <string.h>

#include "admin/openapi_impl.h"
#include "base/banned.h"
#include "json/json.h"

struct json *doc_ref(const char *section, const char *name)
{
	struct json *object = json_object();
	char text[128];

	snprintf(text, sizeof(text), "#/components/%s/%s", section, name);
	json_set(object, "$ref", json_string(text));
	return object;
}

static struct json *typed(const char *type)
{
	struct json *object = json_object();

	json_set(object, "type", json_string(type));
	return object;
}

static struct json *choices_json(const char *const *choices)
{
	struct json *list = json_array();

	for (size_t i = 0; choices[i]; i++)
		json_push(list, json_string(choices[i]));
	return list;
}

static struct json *text_schema(const char *const *choices)
{
	struct json *schema = typed("string");

	if (choices)
		json_set(schema, "enum", choices_json(choices));
	return schema;
}

static struct json *time_schema(void)
{
	struct json *schema = typed("string");

	json_set(schema, "format", json_string("date-time"));
	return schema;
}

static struct json *list_schema(struct json *items)
{
	struct json *schema = typed("array");

	json_set(schema, "items", items);
	return schema;
}

static struct json *lists_schema(void)
{
	struct json *schema = typed("object");

	json_set(schema, "additionalProperties", list_schema(typed("string")));
	return schema;
}

static struct json *base_schema(const struct doc_field *f)
{
	switch (f->type) {
	case DOC_TEXT:
		return text_schema(f->choices);
	case DOC_TIME:
		return time_schema();
	case DOC_INT:
		return typed("integer");
	case DOC_NUMBER:
		return typed("number");
	case DOC_FLAG:
		return typed("boolean");
	case DOC_LISTS:
		return lists_schema();
	case DOC_ANY:
		return json_object();
	default:
		return doc_ref("schemas", f->of);
	}
}

static struct json *or_null(struct json *schema)
{
	struct json *object = json_object(), *list = json_array();

	json_push(list, schema);
	json_push(list, typed("null"));
	json_set(object, "anyOf", list);
	return object;
}

static struct json *field_schema(const struct doc_field *f)
{
	struct json *schema = base_schema(f);

	if (f->flags & DOC_LIST)
		schema = list_schema(schema);
	if (f->flags & DOC_NULL)
		schema = or_null(schema);
	if (f->help)
		json_set(schema, "description", json_string(f->help));
	return schema;
}

/* The rows of one schema, from the first; how many they are. */
static size_t add_schema(struct json *schemas, const struct doc_field *first, size_t most)
{
	struct json *schema = typed("object"), *properties = json_object(), *needed = json_array();
	size_t i = 0;

	for (; i < most && strcmp(first[i].schema, first->schema) == 0; i++) {
		const struct doc_field *f = &first[i];
		if (f->type == DOC_ALL_OF) {
			struct json *all = json_array();
			json_push(all, doc_ref("schemas", f->of));
			json_set(schema, "allOf", all);
			continue;
		}
		json_set(properties, f->name, field_schema(f));
		if (!(f->flags & DOC_OPTIONAL))
			json_push(needed, json_string(f->name));
	}
	json_set(schema, "properties", properties);
	if (json_count(needed) > 0)
		json_set(schema, "required", needed);
	else
		json_free(needed);
	json_set(schemas, first->schema, schema);
	return i;
}

/* One of several schemas, which have no members of their own. */
static void add_choice(struct json *schemas, const char *name, const char *a, const char *b)
{
	struct json *schema = json_object(), *list = json_array();

	json_push(list, doc_ref("schemas", a));
	json_push(list, doc_ref("schemas", b));
	json_set(schema, "oneOf", list);
	json_set(schemas, name, schema);
}

/* What a change answers: the connection, or what would be done, or one deployment. */
static const char *const changed[] = {"SavedConnection", "Edit", "Toggled", NULL};

static void add_any(struct json *schemas, const char *name, const char *const *choices)
{
	struct json *schema = json_object(), *list = json_array();

	for (size_t i = 0; choices[i]; i++)
		json_push(list, doc_ref("schemas", choices[i]));
	json_set(schema, "anyOf", list);
	json_set(schemas, name, schema);
}

/* Every code once, with what it means. */
static struct json *codes_schema(void)
{
	struct json *schema = typed("string"), *list = json_array();
	static const char help[] = "A stable token for programs.";

	for (size_t i = 0; i < doc_code_count; i++)
		if (i == 0 || strcmp(doc_codes[i].code, doc_codes[i - 1].code) != 0)
			json_push(list, json_string(doc_codes[i].code));
	json_set(schema, "enum", list);
	json_set(schema, "description", json_string(help));
	return schema;
}

struct json *doc_schemas_json(void)
{
	struct json *schemas = json_object();

	for (size_t i = 0; i < doc_field_count;)
		i += add_schema(schemas, &doc_fields[i], doc_field_count - i);
	json_set(schemas, "Code", codes_schema());
	add_choice(schemas, "Sent", "Direct", "Lines");
	add_choice(schemas, "Replayed", "Replay", "Count");
	add_any(schemas, "Changed", changed);
	json_set(schemas, "Document", typed("object"));
	return schemas;
}

/*
 * Inputs
 */

static struct json *bounded(const char *type, const char *least, int64_t min, const char *most,
                            int64_t max)
{
	struct json *schema = typed(type);

	json_set(schema, least, json_int(min));
	json_set(schema, most, json_int(max));
	return schema;
}

/* Several with commas: the words, and in any order. */
static struct json *several_schema(const char *const *choices)
{
	struct json *schema = typed("string");
	char words[768], pattern[2 * sizeof(words) + 16];
	size_t used = 0;

	for (size_t i = 0; choices[i] && used < sizeof(words); i++)
		used += (size_t)snprintf(words + used, sizeof(words) - used, "%s%s", i ? "|" : "",
		                         choices[i]);
	snprintf(pattern, sizeof(pattern), "^(%s)(,(%s))*$", words, words);
	json_set(schema, "pattern", json_string(pattern));
	return schema;
}

/* All names that begin so: as the members of one object, which a query string spells out. */
static struct json *family_schema(const struct query_row *row)
{
	struct json *schema = typed("object"), *names = json_object();
	char pattern[64];
	size_t used = 1;

	pattern[0] = '^';
	for (const char *s = row->name; *s && used < sizeof(pattern) - 3; s++) {
		if (*s == '.')
			pattern[used++] = '\\';
		pattern[used++] = *s;
	}
	pattern[used] = '\0';
	json_set(names, "pattern", json_string(pattern));
	json_set(schema, "propertyNames", names);
	json_set(schema, "additionalProperties", typed("string"));
	return schema;
}

struct json *doc_row_schema(const struct query_row *row)
{
	switch (row->kind) {
	case QUERY_TEXT:
		return bounded("string", "minLength", row->min, "maxLength", row->max);
	case QUERY_INT:
		return bounded("integer", "minimum", row->min, "maximum", row->max);
	case QUERY_FLAG:
		return typed("boolean");
	case QUERY_TIME:
		return time_schema();
	case QUERY_CHOICE:
		return text_schema(row->choices);
	case QUERY_CHOICES:
		return several_schema(row->choices);
	case QUERY_LIST:
		return list_schema(typed("string"));
	case QUERY_DOCUMENT:
		return json_object();
	default:
		return family_schema(row);
	}
}

struct json *doc_rows_json(const struct query_row *rows, size_t count)
{
	struct json *schema = typed("object"), *properties = json_object();

	for (size_t i = 0; i < count; i++) {
		struct json *property = doc_row_schema(&rows[i]);
		if (rows[i].help)
			json_set(property, "description", json_string(rows[i].help));
		json_set(properties, rows[i].name, or_null(property));
	}
	json_set(schema, "properties", properties);
	json_set(schema, "additionalProperties", json_bool(false));
	return schema;
}
