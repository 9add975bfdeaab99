/* Definitions as JSON, JSON as definitions, and the hash that names a revision. */
#include "conf/definition.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/screen.h"
#include "crypto/hash.h"
#include "schema/node.h"
#include "json/json.h"

/*
 * To JSON
 */

static struct json *scalar_json(const struct node *n)
{
	switch (n->kind) {
	case NODE_BOOL:
		return json_bool(n->u.b);
	case NODE_INT:
		return json_int(n->u.i);
	case NODE_FLOAT:
		return json_double(n->u.d);
	case NODE_STRING:
		return json_string(n->u.s);
	default:
		return json_null();
	}
}

/* As deep as SCREEN_DEPTH_MAX. */
struct json *definition_json(const struct node *group)
{
	if (group->kind != NODE_GROUP && group->kind != NODE_LIST)
		return scalar_json(group);
	struct json *all = group->kind == NODE_GROUP ? json_object() : json_array();
	int rc = all ? 0 : ERR_NO_MEMORY;
	for (const struct node *n = group->first; n && rc == 0; n = n->next)
		rc = group->kind == NODE_GROUP ? json_set(all, n->name, definition_json(n))
		                               : json_push(all, definition_json(n));
	if (rc == 0)
		return all;
	json_free(all);
	return NULL;
}

/*
 * From JSON
 */

struct builder {
	struct arena *arena;
	const char *file;
	struct err *e;
	size_t names;
};

/* What libconfig's scanner takes for a name, and not for true or false. */
static bool is_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ*";
	static const char others[] = "0123456789_-";

	if (!name[0] || !strchr(letters, name[0]))
		return false;
	for (const char *p = name; *p; p++)
		if (!strchr(letters, *p) && !strchr(others, *p))
			return false;
	return strcasecmp(name, "true") != 0 && strcasecmp(name, "false") != 0;
}

static int refuse_name(struct builder *b, const struct node *parent, const char *name)
{
	struct buf path;

	buf_init(&path, BUF_MAX_LINE);
	node_path(parent, &path);
	int rc = err_set(b->e, ERR_INVALID,
	                 "%.400s%s`%.80s` cannot be the name of a setting; what is allowed: a "
	                 "letter, then letters, digits, `_` and `-`, and not the words true and "
	                 "false",
	                 buf_str(&path), path.len_bytes ? ": " : "", name);
	buf_finish(&path);
	return rc;
}

static struct node *scalar_node(struct builder *b, const struct json *v, const char *name)
{
	static const enum node_kind kinds[] = {
		[JSON_BOOL] = NODE_BOOL,     [JSON_INT] = NODE_INT,    [JSON_DOUBLE] = NODE_FLOAT,
		[JSON_STRING] = NODE_STRING, [JSON_ARRAY] = NODE_LIST, [JSON_OBJECT] = NODE_GROUP,
	};
	struct node *n = node_create(b->arena, kinds[json_kind(v)], name, b->file, 0);

	if (!n)
		return NULL;
	switch (n->kind) {
	case NODE_BOOL:
		n->u.b = json_as_bool(v);
		break;
	case NODE_INT:
		n->u.i = json_as_int(v);
		break;
	case NODE_FLOAT:
		n->u.d = json_as_double(v);
		break;
	case NODE_STRING:
		n->u.s = arena_strdup(b->arena, json_as_string(v));
		return n->u.s ? n : NULL;
	default:
		break;
	}
	return n;
}

static int build(struct builder *b, struct node *parent, const struct json *v, const char *name,
                 size_t depth, struct node **ret);

static int build_members(struct builder *b, struct node *n, const struct json *v, size_t depth)
{
	const struct json *child;
	const void *cursor = NULL;
	const char *key;
	int rc = 0;

	while (rc == 0 && (child = json_next(v, &cursor, &key))) {
		struct node *made;
		if (json_kind(child) == JSON_NULL)
			continue;
		if (!is_name(key))
			return refuse_name(b, n, key);
		if (++b->names >= SCREEN_NAMES_MAX)
			return err_set(b->e, ERR_INVALID, "more than %d settings in one definition",
			               SCREEN_NAMES_MAX);
		rc = build(b, n, child, key, depth + 1, &made);
	}
	return rc;
}

static int build_items(struct builder *b, struct node *n, const struct json *v, size_t depth)
{
	int rc = 0;

	for (size_t i = 0; i < json_count(v) && rc == 0; i++) {
		struct node *made;
		if (json_kind(json_at(v, i)) != JSON_NULL)
			rc = build(b, n, json_at(v, i), NULL, depth + 1, &made);
	}
	return rc;
}

static int build(struct builder *b, struct node *parent, const struct json *v, const char *name,
                 size_t depth, struct node **ret)
{
	struct node *n = scalar_node(b, v, name);
	int rc = 0;

	if (!n)
		return err_no_memory(b->e);
	if (parent)
		node_append(parent, n);
	if (n->kind == NODE_GROUP || n->kind == NODE_LIST) {
		if (depth > SCREEN_DEPTH_MAX)
			return err_set(b->e, ERR_INVALID,
			               "groups and lists are nested too deeply; at most %d are "
			               "allowed",
			               SCREEN_DEPTH_MAX);
		rc = n->kind == NODE_GROUP ? build_members(b, n, v, depth)
		                           : build_items(b, n, v, depth);
	}
	if (rc == 0)
		*ret = n;
	return rc;
}

int definition_node(struct arena *a, const struct json *document, const char *name,
                    const char *file, struct node **ret, struct err *e)
{
	struct builder b = {.arena = a, .file = file, .e = e};

	if (json_kind(document) != JSON_OBJECT)
		return err_set(e, ERR_INVALID, "a definition is an object");
	return build(&b, NULL, document, name, 1, ret);
}

/*
 * The revision
 */

static int by_name(const void *a, const void *b)
{
	const struct node *const *one = a, *const *other = b;

	return strcmp((*one)->name, (*other)->name);
}

static int canonical(const struct node *n, const char *left_out, struct buf *b);

static int canonical_group(const struct node *group, const char *left_out, struct buf *b)
{
	const struct node **members = mem_array(group->count + 1, sizeof(const struct node *));
	size_t count = 0;
	int rc = members ? 0 : ERR_NO_MEMORY;

	for (const struct node *n = group->first; n && rc == 0; n = n->next)
		if (n->kind != NODE_NULL && !(left_out && strcmp(n->name, left_out) == 0))
			members[count++] = n;
	if (count > 1)
		qsort(members, count, sizeof(const struct node *), by_name);
	for (size_t i = 0; i < count && rc == 0; i++) {
		/* A name holds nothing that JSON escapes. */
		buf_printf(b, "%s\"%s\":", i ? "," : "{", members[i]->name);
		rc = canonical(members[i], NULL, b);
	}
	buf_add_str(b, count ? "}" : "{}");
	mem_free((void *)members);
	return rc;
}

static int canonical_list(const struct node *list, struct buf *b)
{
	int rc = 0;

	buf_add_char(b, '[');
	for (const struct node *n = list->first; n && rc == 0; n = n->next) {
		if (n != list->first)
			buf_add_char(b, ',');
		rc = canonical(n, NULL, b);
	}
	buf_add_char(b, ']');
	return rc;
}

static int canonical(const struct node *n, const char *left_out, struct buf *b)
{
	if (n->kind == NODE_GROUP)
		return canonical_group(n, left_out, b);
	if (n->kind == NODE_LIST)
		return canonical_list(n, b);
	struct json *v = scalar_json(n);
	int rc = v ? json_write(v, 0, b) : ERR_NO_MEMORY;
	json_free(v);
	return rc;
}

int definition_revision(const struct node *group, char ret[REVISION_BYTES])
{
	uint8_t digest[HASH_BYTES];
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	int rc = canonical(group, "enabled", &text);
	if (rc == 0 && buf_failed(&text))
		rc = ERR_NO_MEMORY;
	if (rc == 0) {
		hash_of(text.data, text.len_bytes, digest);
		for (size_t i = 0; i < HASH_BYTES; i++)
			snprintf(ret + 2 * i, 3, "%02x", digest[i]);
	}
	buf_wipe(&text);
	buf_finish(&text);
	return rc;
}
