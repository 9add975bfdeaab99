/* Settings of a test: a JSON object as a tree of definitions, `${secret:…}` included. */
#include "base/banned.h"
#include "schema/node.h"
#include "schema/report.h"
#include "testhost/inside.h"
#include "json/json.h"

static const char reference_start[] = "${secret:";

struct expansion {
	struct arena *arena;
	struct node *node;
	struct text_part *parts;
	size_t count;
};

static int add_part(struct expansion *x, enum text_kind kind, const char *text, size_t bytes)
{
	char *copy = arena_dup(x->arena, text, bytes);

	if (!copy)
		return ERR_NO_MEMORY;
	x->parts[x->count++] = (struct text_part){kind, copy};
	return 0;
}

/* At a '$': how many bytes it and what belongs to it have, having added their part. */
static int add_dollar(struct expansion *x, const char *s, struct report *report, size_t *ret_bytes)
{
	size_t start_bytes = sizeof(reference_start) - 1;

	if (s[1] == '$') {
		*ret_bytes = 2;
		return add_part(x, TEXT_LITERAL, "$", 1);
	}
	if (strncmp(s, reference_start, start_bytes) == 0 && strchr(s, '}')) {
		size_t bytes = strcspn(s + start_bytes, "}");
		*ret_bytes = start_bytes + bytes + 1;
		return add_part(x, TEXT_SECRET, s + start_bytes, bytes);
	}
	if (s[1] == '{')
		report_add(report, LK_FAULT_ERROR, x->node, "unknown_variable",
		           "a test knows ${secret:PATH} only; write $$ for a dollar sign");
	*ret_bytes = 1;
	return add_part(x, TEXT_LITERAL, "$", 1);
}

static int expand(struct arena *a, struct node *n, struct report *report)
{
	struct expansion x = {.arena = a, .node = n};
	size_t dollars = 0;

	for (const char *s = n->u.s; *s; s++)
		dollars += *s == '$';
	if (dollars == 0)
		return 0;
	x.parts = arena_array(a, 2 * dollars + 1, sizeof(*x.parts));
	if (!x.parts)
		return ERR_NO_MEMORY;
	for (const char *s = n->u.s; *s;) {
		size_t bytes = strcspn(s, "$");
		int rc = bytes ? add_part(&x, TEXT_LITERAL, s, bytes)
		               : add_dollar(&x, s, report, &bytes);
		if (rc < 0)
			return rc;
		s += bytes;
	}
	n->parts = x.parts;
	n->part_count = x.count;
	return 0;
}

static const enum node_kind kinds[] = {
	[JSON_NULL] = NODE_NULL,    [JSON_BOOL] = NODE_BOOL,     [JSON_INT] = NODE_INT,
	[JSON_DOUBLE] = NODE_FLOAT, [JSON_STRING] = NODE_STRING, [JSON_ARRAY] = NODE_LIST,
	[JSON_OBJECT] = NODE_GROUP,
};

/* What it holds besides children. */
static int fill(struct arena *a, struct node *n, const struct json *v)
{
	switch (n->kind) {
	case NODE_BOOL:
		n->u.b = json_as_bool(v);
		return 0;
	case NODE_INT:
		n->u.i = json_as_int(v);
		return 0;
	case NODE_FLOAT:
		n->u.d = json_as_double(v);
		return 0;
	case NODE_STRING:
		n->u.s = arena_strdup(a, json_as_string(v));
		return n->u.s ? 0 : ERR_NO_MEMORY;
	default:
		return 0;
	}
}

static struct node *tree(struct arena *a, const char *name, const struct json *v,
                         struct node *parent, struct report *report)
{
	struct node *n = node_create(a, kinds[json_kind(v)], name, NULL, 0);

	if (!n || fill(a, n, v) < 0)
		return NULL;
	if (parent)
		node_append(parent, n);
	if (n->kind == NODE_STRING && expand(a, n, report) < 0)
		return NULL;
	if (n->kind != NODE_GROUP && n->kind != NODE_LIST)
		return n;
	for (size_t i = 0; i < json_count(v); i++) {
		const char *key = NULL;
		const struct json *child =
			n->kind == NODE_LIST ? json_at(v, i) : json_member(v, i, &key);
		if (!tree(a, key, child, n, report))
			return NULL;
	}
	return n;
}

struct node *testhost_settings(struct arena *a, const struct json *v, struct report *report)
{
	return tree(a, NULL, v, NULL, report);
}
