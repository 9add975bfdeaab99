/* The value of a setting as somebody writes it on a command line. */
#include "linkspan/setting.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "json/json.h"

enum { KEY_BYTES = 256 };

/* The first name of a path; *path goes on behind it. */
static void next_key(const char **path, char *key)
{
	size_t bytes = strcspn(*path, ".");

	snprintf(key, KEY_BYTES, "%.*s", (int)bytes, *path);
	*path += bytes + ((*path)[bytes] == '.');
}

const struct json *setting_schema(const struct json *schema, const char *path)
{
	char key[KEY_BYTES];

	while (schema && *path) {
		next_key(&path, key);
		const struct json *known = json_get(json_get(schema, "properties"), key);
		const struct json *any = json_get(schema, "additionalProperties");
		schema = known ? known : json_kind(any) == JSON_OBJECT ? any : NULL;
	}
	return schema;
}

bool setting_is_secret(const struct json *schema)
{
	return json_as_bool(json_get(schema, "writeOnly"));
}

bool setting_is_reference(const char *text)
{
	return strstr(text, "${") != NULL;
}

/* Whether one of the forms that it may be written in is of the type. */
static bool allows(const struct json *schema, const char *type)
{
	const struct json *forms = json_get(schema, "anyOf");
	const char *own = json_as_string(json_get(schema, "type"));

	if (own && strcmp(own, type) == 0)
		return true;
	for (size_t i = 0; i < json_count(forms); i++)
		if (allows(json_at(forms, i), type))
			return true;
	return false;
}

static struct json *whole_number(const char *text)
{
	char *end;

	errno = 0;
	long long value = strtoll(text, &end, 10);
	return errno || end == text || *end ? NULL : json_int(value);
}

static struct json *number(const char *text)
{
	char *end;

	errno = 0;
	double value = strtod(text, &end);
	return errno || end == text || *end ? NULL : json_double(value);
}

static struct json *truth(const char *text)
{
	bool yes = strcmp(text, "true") == 0;

	return yes || strcmp(text, "false") == 0 ? json_bool(yes) : NULL;
}

static const struct form {
	const char *type;
	struct json *(*read)(const char *text); /* NULL: it is none, or there is no memory */
	bool is_guessed;                        /* where nothing is known */
} forms[] = {
	{"integer", whole_number, true},
	{"number", number, true},
	{"boolean", truth, true},
};

static int read_scalar(const struct json *schema, const char *text, struct json **ret,
                       struct err *e)
{
	struct json *value = NULL;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]) && !value; i++)
		if (schema ? allows(schema, forms[i].type) : forms[i].is_guessed)
			value = forms[i].read(text);
	if (!value)
		value = json_string(text);
	if (!value)
		return err_no_memory(e);
	*ret = value;
	return 0;
}

/* Items with commas between them; an empty text is a list of none. */
static int read_list(const struct json *items, const char *text, struct json **ret, struct err *e)
{
	struct json *list = json_array();
	int rc = list ? 0 : err_no_memory(e);

	for (const char *at = text; rc == 0 && *at;) {
		size_t bytes = strcspn(at, ",");
		char *item = mem_dup(at, bytes);
		struct json *value = NULL;
		rc = item ? read_scalar(items, item, &value, e) : err_no_memory(e);
		if (rc == 0 && json_push(list, value) < 0)
			rc = err_no_memory(e);
		mem_free(item);
		at += bytes + (at[bytes] == ',');
	}
	if (rc == 0)
		*ret = list;
	else
		json_free(list);
	return rc;
}

static int read_json(const char *path, const char *text, struct json **ret, struct err *e)
{
	struct err why = {0};
	int rc = json_read(text, strlen(text), ret, &why);

	if (rc == ERR_INVALID)
		return err_set(e, ERR_USAGE, "--set %s: this is no JSON: %s", path, why.text);
	return rc < 0 ? err_no_memory(e) : 0;
}

int setting_value(const struct json *schema, const char *path, const char *text, struct json **ret,
                  struct err *e)
{
	bool list = allows(schema, "array"), object = allows(schema, "object");

	if ((text[0] == '[' && (list || !schema)) || (text[0] == '{' && (object || !schema)))
		return read_json(path, text, ret, e);
	if (list)
		return read_list(json_get(schema, "items"), text, ret, e);
	return read_scalar(schema, text, ret, e);
}

struct json *setting_with(const struct json *object, const char *path, struct json *value)
{
	struct json *copy = json_kind(object) == JSON_OBJECT ? json_copy(object) : json_object();
	char key[KEY_BYTES];

	next_key(&path, key);
	if (value && *path)
		value = setting_with(json_get(object, key), path, value);
	if (copy && value && json_set(copy, key, value) == 0)
		return copy;
	if (!copy)
		json_free(value);
	json_free(copy);
	return NULL;
}
