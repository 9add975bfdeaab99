/* Walking two documents side by side. */
#include "core/difference.h"

#include <stdbool.h>
#include <string.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "json/json.h"

struct walk {
	struct json *list;
	struct buf path;
	int rc;
};

static struct json *copy_or_null(const struct json *v)
{
	return v ? json_copy(v) : json_null();
}

static void note(struct walk *w, const struct json *before, const struct json *after)
{
	struct json *item = json_object();

	json_set(item, "path", json_string(buf_str(&w->path)));
	json_set(item, "before", copy_or_null(before));
	json_set(item, "after", copy_or_null(after));
	if (json_push(w->list, item) < 0)
		w->rc = ERR_NO_MEMORY;
}

static bool same_scalar(const struct json *a, const struct json *b)
{
	switch (json_kind(a)) {
	case JSON_BOOL:
		return json_as_bool(a) == json_as_bool(b);
	case JSON_INT:
		return json_as_int(a) == json_as_int(b);
	case JSON_DOUBLE:
		return json_as_double(a) == json_as_double(b);
	case JSON_STRING:
		return strcmp(json_as_string(a), json_as_string(b)) == 0;
	default:
		return true;
	}
}

static void compare(struct walk *w, const struct json *before, const struct json *after);

/* Appends to the path while a part is compared. */
static void compare_member(struct walk *w, const char *name, const struct json *before,
                           const struct json *after)
{
	size_t length = w->path.len_bytes;

	buf_printf(&w->path, "%s%s", length ? "." : "", name);
	compare(w, before, after);
	buf_cut(&w->path, length);
}

static void compare_groups(struct walk *w, const struct json *before, const struct json *after)
{
	const void *cursor = NULL;
	const struct json *value;
	const char *name;

	while ((value = json_next(before, &cursor, &name)))
		compare_member(w, name, value, json_get(after, name));
	cursor = NULL;
	while ((value = json_next(after, &cursor, &name)))
		if (!json_get(before, name))
			compare_member(w, name, NULL, value);
}

static void compare_lists(struct walk *w, const struct json *before, const struct json *after)
{
	for (size_t i = 0; i < json_count(before); i++) {
		size_t length = w->path.len_bytes;
		buf_printf(&w->path, "[%zu]", i);
		compare(w, json_at(before, i), json_at(after, i));
		buf_cut(&w->path, length);
	}
}

/* A group that is not there is as good as one without members. */
static bool is_group(const struct json *v)
{
	return !v || json_kind(v) == JSON_OBJECT;
}

static void compare(struct walk *w, const struct json *before, const struct json *after)
{
	if (is_group(before) && is_group(after)) {
		compare_groups(w, before, after);
	} else if (!before || !after || json_kind(before) != json_kind(after)) {
		note(w, before, after);
	} else if (json_kind(before) == JSON_ARRAY) {
		if (json_count(before) == json_count(after))
			compare_lists(w, before, after);
		else
			note(w, before, after);
	} else if (!same_scalar(before, after)) {
		note(w, before, after);
	}
}

int difference_add(struct json *list, const char *prefix, const struct json *before,
                   const struct json *after)
{
	struct walk w = {.list = list};

	buf_init(&w.path, BUF_MAX_LINE);
	buf_add_str(&w.path, prefix);
	compare(&w, before, after);
	if (buf_failed(&w.path))
		w.rc = ERR_NO_MEMORY;
	buf_finish(&w.path);
	return w.rc;
}
