/*
 * Node trees for tests, written as JSON.
 *
 * Everything stands in the file "t.conf"; lines count the nodes in the order in which they are
 * written, the root being line 1.  `${…}` in strings is put in from tree_variables (NULL: without a
 * value), `${secret:…}` becomes a reference.
 */
#pragma once

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "schema/node.h"
#include "json/json.h"

struct tree_variable {
	const char *name, *text;
};

static const struct tree_variable tree_variables[] = {
	{"timeout", "2000"}, {"brace", "a{b}c"}, {"empty", ""},
	{"kind", "basic"},   {"unknown", NULL},
};

static inline const char *tree_variable(const char *name)
{
	for (size_t i = 0; i < sizeof(tree_variables) / sizeof(tree_variables[0]); i++)
		if (!strcmp(tree_variables[i].name, name))
			return tree_variables[i].text;
	ck_abort_msg("no test variable %s", name);
}

static inline void tree_split(struct arena *a, struct node *n)
{
	struct text_part *parts = arena_array(a, 16, sizeof(*parts));
	const char *s = n->u.s;

	ck_assert_ptr_nonnull(parts);
	n->parts = parts;
	while (*s) {
		const char *end = strchr(s, '}');
		struct text_part *part = &parts[n->part_count++];
		if (strncmp(s, "${", 2) != 0) {
			const char *next = strstr(s, "${");
			part->text = arena_dup(a, s, next ? (size_t)(next - s) : strlen(s));
			s += strlen(part->text);
			continue;
		}
		char *name = arena_dup(a, s + 2, (size_t)(end - s - 2));
		bool is_secret = !strncmp(name, "secret:", 7);
		part->kind = is_secret ? TEXT_SECRET : TEXT_VARIABLE;
		part->text = is_secret ? name + 7 : tree_variable(name);
		s = end + 1;
	}
}

static inline struct node *tree_node(struct arena *a, const struct json *v, const char *name,
                                     unsigned *line)
{
	static const enum node_kind kinds[] = {
		[JSON_NULL] = NODE_NULL,    [JSON_BOOL] = NODE_BOOL,     [JSON_INT] = NODE_INT,
		[JSON_DOUBLE] = NODE_FLOAT, [JSON_STRING] = NODE_STRING, [JSON_ARRAY] = NODE_LIST,
		[JSON_OBJECT] = NODE_GROUP,
	};
	struct node *n = node_create(a, kinds[json_kind(v)], name, "t.conf", ++*line);
	const void *cursor = NULL;
	const struct json *child;
	const char *key;

	ck_assert_ptr_nonnull(n);
	switch (json_kind(v)) {
	case JSON_BOOL:
		n->u.b = json_as_bool(v);
		break;
	case JSON_INT:
		n->u.i = json_as_int(v);
		break;
	case JSON_DOUBLE:
		n->u.d = json_as_double(v);
		break;
	case JSON_STRING:
		n->u.s = arena_strdup(a, json_as_string(v));
		if (strstr(n->u.s, "${"))
			tree_split(a, n);
		break;
	default:
		break;
	}
	for (size_t i = 0; json_kind(v) == JSON_ARRAY && i < json_count(v); i++)
		node_append(n, tree_node(a, json_at(v, i), NULL, line));
	while ((child = json_next(v, &cursor, &key)))
		node_append(n, tree_node(a, child, key, line));
	return n;
}

static inline struct node *tree_parse(struct arena *a, const char *text)
{
	struct json *v = NULL;
	struct err e = {0};
	unsigned line = 0;

	ck_assert_msg(json_read(text, strlen(text), &v, &e) == 0, "%s: %s", text, e.text);
	struct node *n = tree_node(a, v, NULL, &line);
	json_free(v);
	return n;
}
