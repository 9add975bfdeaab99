/* Reading JSON: the scanner judges the text, then a tree is built over what is known to be JSON. */
#include "json/json.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "json/jsonc.h"
#include "json/scan.h"

enum { READ_DEPTH_MAX = 64 };

/* The text is valid JSON, so characters need only be told apart, never doubted. */
struct reading {
	const char *text, *at, *end;
	struct json_tokener *tokener; /* takes the escapes out of strings */
	struct err *e;
};

static int fault_at(const struct reading *r, const char *place, const char *what)
{
	size_t line = 1, column = 1;

	for (const char *p = r->text; p < place; p++) {
		if (*p == '\n') {
			line++;
			column = 1;
		} else if ((*p & 0xc0) != 0x80) {
			column++;
		}
	}
	return err_set(r->e, ERR_INVALID, "line %zu, column %zu: %s", line, column, what);
}

static void skip_space(struct reading *r)
{
	while (r->at < r->end && strchr(" \n\r\t", *r->at))
		r->at++;
}

static int read_string(struct reading *r, struct jsonc_object **ret)
{
	const char *start = r->at, *end = start + 1;

	for (; *end != '"'; end++)
		if (*end == '\\')
			end++;
	end++;
	struct jsonc_object *v = json_tokener_parse_ex(r->tokener, start, (int)(end - start));
	json_tokener_reset(r->tokener);
	if (!v)
		return err_no_memory(r->e);
	/* Our strings end with NUL: one inside would cut off the rest in silence. */
	if (strlen(json_object_get_string(v)) != (size_t)json_object_get_string_len(v)) {
		json_object_put(v);
		return fault_at(r, start, "a string may not contain \\u0000");
	}
	r->at = end;
	*ret = v;
	return 0;
}

/* An integer that needs more than 64 bits becomes a double, like a number with a fraction; both are
 * written again as they were read. */
static int read_number(struct reading *r, struct jsonc_object **ret)
{
	const char *start = r->at;

	while (r->at < r->end && strchr("+-.0123456789eE", *r->at))
		r->at++;
	char *digits = mem_dup(start, (size_t)(r->at - start));
	if (!digits)
		return err_no_memory(r->e);
	errno = 0;
	int64_t i = strpbrk(digits, ".eE") ? 0 : strtoll(digits, NULL, 10);
	struct jsonc_object *v = strpbrk(digits, ".eE") || errno == ERANGE
	                                 ? json_object_new_double_s(strtod(digits, NULL), digits)
	                                 : json_object_new_int64(i);

	mem_free(digits);
	if (!v)
		return err_no_memory(r->e);
	*ret = v;
	return 0;
}

static int read_word(struct reading *r, struct jsonc_object **ret)
{
	char first = *r->at;

	r->at += first == 'f' ? strlen("false") : strlen("true");
	*ret = NULL; /* how json-c says null */
	if (first == 'n')
		return 0;
	*ret = json_object_new_boolean(first == 't');
	return *ret ? 0 : err_no_memory(r->e);
}

static int read_value(struct reading *r, struct jsonc_object **ret);

static int read_items(struct reading *r, struct jsonc_object *array)
{
	r->at++;
	skip_space(r);
	while (*r->at != ']') {
		struct jsonc_object *item;
		int rc = read_value(r, &item);
		if (rc < 0)
			return rc;
		if (json_object_array_add(array, item) < 0) {
			json_object_put(item);
			return err_no_memory(r->e);
		}
		if (*r->at == ',')
			r->at++;
	}
	r->at++;
	return 0;
}

static int read_member(struct reading *r, struct jsonc_object *object)
{
	const char *place = r->at;
	struct jsonc_object *key, *item;
	int rc = read_string(r, &key);

	if (rc < 0)
		return rc;
	const char *name = json_object_get_string(key);
	if (json_object_object_get_ex(object, name, NULL)) {
		rc = fault_at(r, place, "the same key was given before in this object");
		goto out;
	}
	skip_space(r);
	r->at++; /* the colon */
	rc = read_value(r, &item);
	if (rc < 0)
		goto out;
	if (json_object_object_add_ex(object, name, item, JSON_C_OBJECT_ADD_KEY_IS_NEW) < 0) {
		json_object_put(item);
		rc = err_no_memory(r->e);
	}
out:
	json_object_put(key);
	return rc;
}

static int read_members(struct reading *r, struct jsonc_object *object)
{
	r->at++;
	skip_space(r);
	while (*r->at != '}') {
		int rc = read_member(r, object);
		if (rc < 0)
			return rc;
		if (*r->at == ',') {
			r->at++;
			skip_space(r);
		}
	}
	r->at++;
	return 0;
}

static int read_container(struct reading *r, struct jsonc_object **ret)
{
	bool is_object = *r->at == '{';
	struct jsonc_object *v = is_object ? json_object_new_object() : json_object_new_array();

	if (!v)
		return err_no_memory(r->e);
	int rc = is_object ? read_members(r, v) : read_items(r, v);
	if (rc < 0) {
		json_object_put(v);
		return rc;
	}
	*ret = v;
	return 0;
}

/* Leaves r->at on what follows the value and its space.  Recursion is bounded by the scanner. */
static int read_value(struct reading *r, struct jsonc_object **ret)
{
	int rc;

	skip_space(r);
	switch (*r->at) {
	case '{':
	case '[':
		rc = read_container(r, ret);
		break;
	case '"':
		rc = read_string(r, ret);
		break;
	case 't':
	case 'f':
	case 'n':
		rc = read_word(r, ret);
		break;
	default:
		rc = read_number(r, ret);
	}
	skip_space(r);
	return rc;
}

int json_read(const char *text, size_t bytes, struct json **ret, struct err *e)
{
	struct reading r = {.text = text, .at = text, .end = text + bytes, .e = e};
	struct scan_fault fault;
	struct jsonc_object *v = NULL;

	if (bytes > INT_MAX)
		return err_set(e, ERR_INVALID, "the text is longer than 2 GiB");
	if (!json_scan(text, bytes, READ_DEPTH_MAX, &fault))
		return fault_at(&r, text + fault.offset_bytes, fault.text);
	r.tokener = json_tokener_new();
	if (!r.tokener)
		return err_no_memory(e);
	int rc = read_value(&r, &v);
	json_tokener_free(r.tokener);
	if (rc == 0)
		*ret = v ? (struct json *)v : json_null();
	return rc;
}
