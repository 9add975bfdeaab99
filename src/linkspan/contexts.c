/* The contexts and their document. */
#include "linkspan/contexts.h"

#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "conf/name.h"
#include "linkspan/contexts_file.h"
#include "schema/report.h"
#include "json/json.h"

enum { NAMES_SHOWN = 256 };

const struct context_row context_rows[CONTEXT_FIELDS] = {
	[CONTEXT_CONFIG] = {"config", "config", CONTEXT_PATH},
	[CONTEXT_SOCKET] = {"socket", "socket", CONTEXT_PATH},
	[CONTEXT_URL] = {"url", "url", CONTEXT_ADDRESS},
	[CONTEXT_TOKEN_FILE] = {"token_file", "token-file", CONTEXT_PATH},
	[CONTEXT_CA_FILE] = {"ca_file", "ca-file", CONTEXT_PATH},
	[CONTEXT_PROJECT] = {"project", "project", CONTEXT_TEXT},
	[CONTEXT_ENVIRONMENT] = {"environment", "env", CONTEXT_TEXT},
};

void contexts_init(struct contexts *c)
{
	*c = (struct contexts){0};
	arena_init(&c->arena);
}

void contexts_finish(struct contexts *c)
{
	mem_free(c->items);
	arena_finish(&c->arena);
	contexts_init(c);
}

struct context *contexts_find(const struct contexts *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->items[i].name, name) == 0)
			return &c->items[i];
	return NULL;
}

int contexts_unknown(const struct contexts *c, const char *name, struct err *e)
{
	const char *names[NAMES_SHOWN];
	size_t count = 0;

	for (; count < c->count && count < NAMES_SHOWN; count++)
		names[count] = c->items[count].name;
	const char *near = report_nearest(name, names, count);
	if (near)
		return err_set(e, ERR_NOT_FOUND, "no context \"%s\" (did you mean \"%s\"?)", name,
		               near);
	return err_set(e, ERR_NOT_FOUND,
	               "no context \"%s\" in %s; make it with: linkspan context set", name,
	               c->file);
}

struct context *contexts_make(struct contexts *c, const char *name)
{
	struct context *found = contexts_find(c, name);

	if (found)
		return found;
	if (c->count == c->cap) {
		size_t cap = c->cap ? 2 * c->cap : 8;
		struct context *bigger = mem_resize(c->items, cap, sizeof(*bigger));
		if (!bigger)
			return NULL;
		c->items = bigger;
		c->cap = cap;
	}
	const char *copy = arena_strdup(&c->arena, name);
	if (!copy)
		return NULL;
	/* In the order of names, so that the file and its list stay readable. */
	size_t at = c->count++;
	for (; at > 0 && strcmp(c->items[at - 1].name, copy) > 0; at--)
		c->items[at] = c->items[at - 1];
	c->items[at] = (struct context){.name = copy};
	return &c->items[at];
}

void contexts_remove(struct contexts *c, struct context *context)
{
	size_t at = (size_t)(context - c->items);

	if (c->current && strcmp(c->current, context->name) == 0)
		c->current = NULL;
	for (c->count--; at < c->count; at++)
		c->items[at] = c->items[at + 1];
}

static int fault(const struct contexts *c, struct err *e, const char *where, const char *what)
{
	return err_set(e, ERR_INVALID, "%s: %s: %s", c->file, where, what);
}

static const struct context_row *row_of(const char *key)
{
	for (size_t i = 0; i < CONTEXT_FIELDS; i++)
		if (strcmp(context_rows[i].key, key) == 0)
			return &context_rows[i];
	return NULL;
}

static int read_field(struct contexts *c, struct context *context, const char *key,
                      const struct json *value, struct err *e)
{
	const struct context_row *row = row_of(key);
	const char *text = json_as_string(value);

	/* A key of a younger program is passed over, but for what would be a secret. */
	if (strcmp(key, "token") == 0)
		return fault(c, e, context->name,
		             "a token does not belong here; write it to a file and name that as "
		             "\"token_file\"");
	if (!row)
		return 0;
	if (!text || !text[0])
		return fault(c, e, key, "must be a text");
	if (row->kind == CONTEXT_PATH && text[0] != '/')
		return fault(c, e, key, "must be an absolute path");
	context->fields[row - context_rows] = arena_strdup(&c->arena, text);
	return context->fields[row - context_rows] ? 0 : err_no_memory(e);
}

static int read_context(struct contexts *c, const char *name, const struct json *object,
                        struct err *e)
{
	const void *cursor = NULL;
	const struct json *value;
	const char *key;
	int rc = 0;

	if (!name_is_plain(name))
		return fault(c, e, name, "is no name of a context; allowed: " NAME_RULE);
	if (json_kind(object) != JSON_OBJECT)
		return fault(c, e, name, "must be an object");
	struct context *context = contexts_make(c, name);
	if (!context)
		return err_no_memory(e);
	while (rc == 0 && (value = json_next(object, &cursor, &key)))
		rc = read_field(c, context, key, value, e);
	return rc;
}

static int read_document(struct contexts *c, const struct json *document, struct err *e)
{
	const struct json *all = json_get(document, "contexts"), *value;
	const char *current = json_as_string(json_get(document, "current")), *name;
	const void *cursor = NULL;
	int rc = 0;

	if (json_kind(all) != JSON_OBJECT)
		return fault(c, e, "contexts", "must be an object");
	while (rc == 0 && (value = json_next(all, &cursor, &name)))
		rc = read_context(c, name, value, e);
	if (rc < 0 || !current)
		return rc;
	c->current = arena_strdup(&c->arena, current);
	return c->current ? 0 : err_no_memory(e);
}

int contexts_read(struct contexts *c, const char *text, size_t bytes, struct err *e)
{
	struct json *document = NULL;
	struct err why = {0};

	int rc = json_read(text, bytes, &document, &why);
	if (rc < 0)
		return err_set(e, rc, "%s: %s", c->file, why.text);
	rc = read_document(c, document, e);
	json_free(document);
	return rc;
}

struct json *contexts_document(const struct contexts *c)
{
	struct json *document = json_object(), *all = json_object();

	for (size_t i = 0; i < c->count; i++) {
		struct json *one = json_object();
		for (size_t k = 0; k < CONTEXT_FIELDS; k++)
			if (c->items[i].fields[k])
				json_set(one, context_rows[k].key,
				         json_string(c->items[i].fields[k]));
		json_set(all, c->items[i].name, one);
	}
	json_set(document, "current", json_string_or_null(c->current));
	if (json_set(document, "contexts", all) < 0) {
		json_free(document);
		return NULL;
	}
	return document;
}

int contexts_load(struct contexts *c, struct err *e)
{
	struct buf text;

	contexts_init(c);
	buf_init(&text, BUF_MAX_TEXT);
	int rc = contexts_file_path(&c->arena, &c->file, e);
	if (rc == 0)
		rc = contexts_file_read(c->file, &text, e);
	if (rc == 0 && text.len_bytes > 0)
		rc = contexts_read(c, buf_str(&text), text.len_bytes, e);
	buf_finish(&text);
	return rc;
}

int contexts_save(const struct contexts *c, struct err *e)
{
	struct json *document = contexts_document(c);
	struct buf text;
	int rc;

	buf_init(&text, BUF_MAX_TEXT);
	if (!document || json_write(document, JSON_PRETTY, &text) < 0)
		rc = err_no_memory(e);
	else {
		buf_add_char(&text, '\n');
		rc = contexts_file_write(c->file, &text, e);
	}
	json_free(document);
	buf_finish(&text);
	return rc;
}
