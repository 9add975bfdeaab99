/* Walking through definitions for what they refer to. */
#include "core/needs.h"

#include <linkspan/connector.h>
#include <stdbool.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "plug/load.h"
#include "schema/common.h"
#include "schema/node.h"
#include "json/json.h"

#define SECRET_PREFIX "secret:"

const char *const need_kinds[] = {
	[NEED_FILE] = "file",
	[NEED_VARIABLE] = "variable",
	[NEED_SECRET] = "secret",
	[NEED_ENVIRONMENT] = "environment",
	[NEED_CONNECTION] = "connection",
};

struct walk {
	struct arena *arena;
	struct need *items;
	size_t count, cap;
	struct buf path; /* of what is being looked at */
	bool failed;
};

/* A table of rows, as a place in a document has it. */
struct rows {
	const struct lk_param *items;
	uint32_t count;
};

/*
 * Noting
 */

static bool is_known(const struct walk *w, enum need_kind kind, const char *name)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->items[i].kind == kind && strcmp(w->items[i].name, name) == 0)
			return true;
	return false;
}

static void note(struct walk *w, enum need_kind kind, const char *name)
{
	if (kind != NEED_FILE && is_known(w, kind, name))
		return;
	if (w->count == w->cap) {
		size_t cap = w->cap ? 2 * w->cap : 16;
		struct need *items = arena_array(w->arena, cap, sizeof(*items));
		if (!items) {
			w->failed = true;
			return;
		}
		if (w->count > 0)
			memcpy(items, w->items, w->count * sizeof(*items));
		w->items = items;
		w->cap = cap;
	}
	struct need *need = &w->items[w->count++];
	*need = (struct need){kind, arena_strdup(w->arena, name),
	                      arena_strdup(w->arena, buf_str(&w->path))};
	if (!need->name || !need->path) {
		w->failed = true;
		w->count--;
	}
}

/* The references in a text, as conf/vars.h reads them. */
static void note_references(struct walk *w, const char *text)
{
	while ((text = strchr(text, '$'))) {
		const char *end = text[1] == '{' ? strchr(text, '}') : NULL;
		if (!end) {
			text += text[1] == '$' ? 2 : 1;
			continue;
		}
		char *name = arena_dup(w->arena, text + 2, (size_t)(end - text - 2));
		size_t prefix = strlen(SECRET_PREFIX);
		if (!name)
			w->failed = true;
		else if (strncmp(name, SECRET_PREFIX, prefix) == 0)
			note(w, NEED_SECRET, name + prefix);
		else
			note(w, NEED_VARIABLE, name);
		text = end + 1;
	}
}

/*
 * Walking
 */

static const struct lk_param *find_row(const struct rows *tables, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		for (uint32_t k = 0; k < tables[i].count; k++)
			if (strcmp(tables[i].items[k].name, name) == 0)
				return &tables[i].items[k];
	return NULL;
}

static void walk_value(struct walk *w, const struct json *v, const struct lk_param *row);

static void walk_group(struct walk *w, const struct json *group, const struct rows *tables,
                       size_t count)
{
	size_t length = w->path.len_bytes;
	const void *cursor = NULL;
	const struct json *child;
	const char *name;

	while ((child = json_next(group, &cursor, &name))) {
		buf_printf(&w->path, "%s%s", length ? "." : "", name);
		walk_value(w, child, find_row(tables, count, name));
		buf_cut(&w->path, length);
	}
}

/* Members of a map, items of a list with one sub-row: all have that row's shape. */
static void walk_alike(struct walk *w, const struct json *v, const struct lk_param *row)
{
	size_t length = w->path.len_bytes;
	const void *cursor = NULL;
	const struct json *child;
	const char *name;

	while (json_kind(v) == JSON_OBJECT && (child = json_next(v, &cursor, &name))) {
		buf_printf(&w->path, ".%s", name);
		walk_value(w, child, row);
		buf_cut(&w->path, length);
	}
	for (size_t i = 0; json_kind(v) == JSON_ARRAY && i < json_count(v); i++) {
		buf_printf(&w->path, "[%zu]", i);
		walk_value(w, json_at(v, i), row);
		buf_cut(&w->path, length);
	}
}

static void walk_text(struct walk *w, const char *text, const struct lk_param *row)
{
	note_references(w, text);
	if (row && row->type == LK_T_FILE && text[0] != '\0')
		note(w, NEED_FILE, text);
	if (row == &common_rows[COMMON_ALERT_CONNECTION] && text[0] != '\0')
		note(w, NEED_CONNECTION, text);
}

/* A list of groups: the row stands for one item, with the list's sub-rows. */
static struct lk_param item_row(const struct lk_param *list)
{
	return (struct lk_param){
		.name = "", .type = LK_T_GROUP, .sub = list->sub, .sub_count = list->sub_count};
}

static void walk_value(struct walk *w, const struct json *v, const struct lk_param *row)
{
	const struct rows sub = {row ? row->sub : NULL, row ? row->sub_count : 0};

	if (json_kind(v) == JSON_STRING) {
		walk_text(w, json_as_string(v), row);
	} else if (row && row->type == LK_T_GROUP && json_kind(v) == JSON_OBJECT) {
		walk_group(w, v, &sub, 1);
	} else if (row && (row->type == LK_T_LIST || row->type == LK_T_MAP) && sub.count > 1) {
		const struct lk_param item = item_row(row);
		walk_alike(w, v, &item);
	} else {
		walk_alike(w, v, sub.count == 1 ? sub.items : NULL);
	}
}

static void walk_begin(struct walk *w, struct arena *a)
{
	*w = (struct walk){.arena = a};
	buf_init(&w->path, BUF_MAX_LINE);
}

static int walk_end(struct walk *w, const struct need **ret, size_t *ret_count, struct err *e)
{
	bool failed = w->failed || buf_failed(&w->path);

	buf_finish(&w->path);
	if (failed)
		return err_no_memory(e);
	*ret = w->items;
	*ret_count = w->count;
	return 0;
}

static void set_path(struct walk *w, const char *path)
{
	w->failed = w->failed || buf_failed(&w->path);
	buf_clear(&w->path);
	buf_add_str(&w->path, path);
}

static void walk_settings(struct walk *w, const struct json *group, const struct rows *tables,
                          const char *path)
{
	set_path(w, path);
	walk_group(w, group, tables, 2);
}

int needs_find(const struct plugins *plugins, const struct json *definition, struct arena *a,
               const struct need **ret, size_t *ret_count, struct err *e)
{
	const char *id = json_as_string(json_get(definition, "type")), *name;
	const struct plugin_type *type = id ? plugins_type(plugins, id) : NULL;
	const struct rows tables[] = {{type ? type->rows : NULL, type ? type->row_count : 0},
	                              {common_rows, COMMON_ROWS}};
	const struct json *part;
	const void *cursor = NULL;
	struct walk w;

	walk_begin(&w, a);
	walk_settings(&w, json_get(definition, "settings"), tables, "settings");
	while ((part = json_next(json_get(definition, "environments"), &cursor, &name))) {
		char *path = arena_printf(a, "environments.%s", name);
		if (!path) {
			w.failed = true;
			break;
		}
		set_path(&w, path);
		note(&w, NEED_ENVIRONMENT, name);
		walk_settings(&w, part, tables, path);
	}
	return walk_end(&w, ret, ret_count, e);
}

int needs_find_tls(const struct plugins *plugins, const char *type, const struct json *tls,
                   const char *prefix, struct arena *a, const struct need **ret, size_t *ret_count,
                   struct err *e)
{
	const struct plugin_type *found = plugins_type(plugins, type);
	const struct rows table = {found ? found->rows : NULL, found ? found->row_count : 0};
	const struct lk_param *row = find_row(&table, 1, "tls");
	struct walk w;

	walk_begin(&w, a);
	buf_add_str(&w.path, prefix);
	if (row)
		walk_value(&w, tls, row);
	return walk_end(&w, ret, ret_count, e);
}

/*
 * Texts at paths
 */

/* The first step of a path: a name, or [number]. */
struct step {
	char name[256];
	size_t index;
	bool is_index;
};

/* What is left of the path; NULL: it is none. */
static const char *take_step(const char *path, struct step *ret)
{
	if (*path == '[') {
		char *end;
		ret->is_index = true;
		ret->index = strtoul(path + 1, &end, 10);
		return *end == ']' ? end + 1 : NULL;
	}
	path += *path == '.';
	size_t length = strcspn(path, ".[");
	if (length == 0 || length >= sizeof(ret->name))
		return NULL;
	ret->is_index = false;
	memcpy(ret->name, path, length);
	ret->name[length] = '\0';
	return path + length;
}

const char *needs_text(const struct json *document, const char *path)
{
	struct step step;

	while (document && path && *path) {
		path = take_step(path, &step);
		if (path)
			document = step.is_index ? json_at(document, step.index)
			                         : json_get(document, step.name);
	}
	return path ? json_as_string(document) : NULL;
}

static struct json *replaced(const struct json *v, const char *path, const char *text)
{
	size_t count = json_count(v), i = 0;
	const void *cursor = NULL;
	const struct json *child;
	const char *name, *rest;
	struct step step;

	if (*path == '\0')
		return json_string(text);
	rest = take_step(path, &step);
	if (!rest)
		return NULL;
	struct json *copy = step.is_index ? json_array() : json_object();
	int rc = 0;
	for (; step.is_index && rc == 0 && i < count; i++)
		rc = json_push(copy, i == step.index ? replaced(json_at(v, i), rest, text)
		                                     : json_copy(json_at(v, i)));
	while (!step.is_index && rc == 0 && (child = json_next(v, &cursor, &name)))
		rc = json_set(copy, name,
		              strcmp(name, step.name) == 0 ? replaced(child, rest, text)
		                                           : json_copy(child));
	if (rc == 0)
		return copy;
	json_free(copy);
	return NULL;
}

struct json *needs_replace(const struct json *document, const char *path, const char *text)
{
	return needs_text(document, path) ? replaced(document, path, text) : NULL;
}
