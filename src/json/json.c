/* JSON values as json-c objects; null, which json-c has no object for, is one object of ours. */
#include "json/json.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "json/jsonc.h"
#include "json/utf8.h"

/* Every other struct json is a struct jsonc_object under another name. */
struct json {
	char unused;
};

static struct json null_value;

static struct jsonc_object *inner(const struct json *v)
{
	return v == &null_value ? NULL : (struct jsonc_object *)v;
}

static struct json *outer(struct jsonc_object *o)
{
	return o ? (struct json *)o : &null_value;
}

struct json *json_object(void)
{
	return (struct json *)json_object_new_object();
}

struct json *json_array(void)
{
	return (struct json *)json_object_new_array();
}

struct json *json_null(void)
{
	return &null_value;
}

struct json *json_bool(bool b)
{
	return (struct json *)json_object_new_boolean(b);
}

struct json *json_int(int64_t i)
{
	return (struct json *)json_object_new_int64(i);
}

struct json *json_double(double d)
{
	char text[40];

	if (!isfinite(d))
		return json_null();
	/* The shortest decimal that reads back as the same number. */
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, d);
		if (strtod(text, NULL) == d)
			break;
	}
	return (struct json *)json_object_new_double_s(d, text);
}

struct json *json_string(const char *s)
{
	return json_string_bytes(s, strlen(s));
}

/* What is written must be JSON whatever a peer sent, so bytes that are not UTF-8 are replaced. */
static struct json *string_mended(const unsigned char *s, size_t bytes)
{
	static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */
	struct json *v = NULL;
	struct buf b;

	buf_init(&b, INT_MAX);
	while (bytes > 0) {
		size_t step = utf8_step(s, bytes);
		if (step > 0)
			buf_add(&b, s, step);
		else
			buf_add(&b, replacement, sizeof(replacement) - 1);
		step += step == 0;
		s += step;
		bytes -= step;
	}
	if (!buf_failed(&b))
		v = (struct json *)json_object_new_string_len(buf_str(&b), (int)b.len_bytes);
	buf_finish(&b);
	return v;
}

struct json *json_string_or_null(const char *s)
{
	return s ? json_string(s) : json_null();
}

struct json *json_string_bytes(const void *s, size_t bytes)
{
	size_t points;

	if (bytes > INT_MAX)
		return NULL;
	if (!utf8_count(s, bytes, &points))
		return string_mended(s, bytes);
	return (struct json *)json_object_new_string_len(s, (int)bytes);
}

struct json *json_copy(const struct json *v)
{
	struct jsonc_object *copy = NULL;

	if (v == &null_value)
		return &null_value;
	return v && json_object_deep_copy(inner(v), &copy, NULL) == 0 ? (struct json *)copy : NULL;
}

void json_free(struct json *v)
{
	json_object_put(inner(v));
}

int json_set(struct json *object, const char *key, struct json *child)
{
	if (object && child && json_object_object_add(inner(object), key, inner(child)) == 0)
		return 0;
	json_free(child);
	return ERR_NO_MEMORY;
}

int json_push(struct json *array, struct json *child)
{
	if (array && child && json_object_array_add(inner(array), inner(child)) == 0)
		return 0;
	json_free(child);
	return ERR_NO_MEMORY;
}

enum json_kind json_kind(const struct json *v)
{
	static const enum json_kind kinds[] = {
		[json_type_null] = JSON_NULL,     [json_type_boolean] = JSON_BOOL,
		[json_type_double] = JSON_DOUBLE, [json_type_int] = JSON_INT,
		[json_type_object] = JSON_OBJECT, [json_type_array] = JSON_ARRAY,
		[json_type_string] = JSON_STRING,
	};

	return kinds[json_object_get_type(inner(v))];
}

bool json_as_bool(const struct json *v)
{
	return json_kind(v) == JSON_BOOL && json_object_get_boolean(inner(v));
}

int64_t json_as_int(const struct json *v)
{
	return json_kind(v) == JSON_INT ? json_object_get_int64(inner(v)) : 0;
}

double json_as_double(const struct json *v)
{
	enum json_kind kind = json_kind(v);

	return kind == JSON_DOUBLE || kind == JSON_INT ? json_object_get_double(inner(v)) : 0;
}

const char *json_as_string(const struct json *v)
{
	return json_kind(v) == JSON_STRING ? json_object_get_string(inner(v)) : NULL;
}

size_t json_count(const struct json *v)
{
	switch (json_kind(v)) {
	case JSON_ARRAY:
		return json_object_array_length(inner(v));
	case JSON_OBJECT:
		return (size_t)json_object_object_length(inner(v));
	default:
		return 0;
	}
}

const struct json *json_get(const struct json *object, const char *key)
{
	struct jsonc_object *v;

	if (json_kind(object) != JSON_OBJECT || !json_object_object_get_ex(inner(object), key, &v))
		return NULL;
	return outer(v);
}

const struct json *json_at(const struct json *array, size_t i)
{
	if (json_kind(array) != JSON_ARRAY || i >= json_count(array))
		return NULL;
	return outer(json_object_array_get_idx(inner(array), i));
}

const struct json *json_next(const struct json *object, const void **cursor, const char **ret_key)
{
	const struct lh_entry *entry = *cursor;

	if (json_kind(object) != JSON_OBJECT)
		return NULL;
	entry = entry ? entry->next : json_object_get_object(inner(object))->head;
	if (!entry)
		return NULL;
	*cursor = entry;
	*ret_key = entry->k;
	return outer((struct jsonc_object *)entry->v);
}

const struct json *json_member(const struct json *object, size_t i, const char **ret_key)
{
	const struct json *v;
	const void *cursor = NULL;

	do {
		v = json_next(object, &cursor, ret_key);
	} while (v && i-- > 0);
	return v;
}

int json_write(const struct json *v, unsigned flags, struct buf *b)
{
	int style = JSON_C_TO_STRING_NOSLASHESCAPE;
	size_t bytes = strlen("null");

	if (flags & JSON_PRETTY)
		style |= JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	const char *text =
		inner(v) ? json_object_to_json_string_length(inner(v), style, &bytes) : "null";
	if (!text)
		return ERR_NO_MEMORY;
	buf_add(b, text, bytes);
	return buf_failed(b) ? ERR_NO_MEMORY : 0;
}
