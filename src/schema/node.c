/* Trees of parsed definitions: building, copying, merging, and naming a place in them. */
#include "schema/node.h"

#include <string.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

struct node *node_create(struct arena *a, enum node_kind kind, const char *name, const char *file,
                         unsigned line)
{
	struct node *n = arena_alloc(a, sizeof(*n));
	char *copy = n ? arena_strdup(a, name) : NULL;

	if (!n || (name && !copy))
		return NULL;
	n->kind = kind;
	n->name = copy;
	n->file = file;
	n->line = line;
	return n;
}

void node_append(struct node *parent, struct node *child)
{
	child->parent = parent;
	child->next = NULL;
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	parent->count++;
}

struct node *node_get(const struct node *group, const char *name)
{
	for (struct node *n = group->first; n; n = n->next)
		if (n->name && !strcmp(n->name, name))
			return n;
	return NULL;
}

const struct text_part *node_copy_parts(struct arena *a, const struct text_part *parts,
                                        size_t count)
{
	struct text_part *copy = arena_array(a, count, sizeof(*copy));

	for (size_t i = 0; copy && i < count; i++) {
		copy[i].kind = parts[i].kind;
		copy[i].text = arena_strdup(a, parts[i].text);
		if (parts[i].text && !copy[i].text)
			return NULL;
	}
	return copy;
}

/* The node alone, under another name and without children. */
static struct node *copy_alone(struct arena *a, const struct node *n, const char *name)
{
	struct node *copy = node_create(a, n->kind, name, n->file, n->line);

	if (!copy)
		return NULL;
	copy->u = n->u;
	if (n->kind == NODE_STRING) {
		copy->u.s = arena_strdup(a, n->u.s);
		if (!copy->u.s)
			return NULL;
	}
	if (n->parts) {
		copy->parts = node_copy_parts(a, n->parts, n->part_count);
		copy->part_count = n->part_count;
		if (!copy->parts)
			return NULL;
	}
	return copy;
}

static struct node *copy_as(struct arena *a, const struct node *n, const char *name)
{
	struct node *copy = copy_alone(a, n, name);

	for (const struct node *child = n->first; copy && child; child = child->next) {
		struct node *twin = copy_as(a, child, child->name);
		if (!twin)
			return NULL;
		node_append(copy, twin);
	}
	return copy;
}

struct node *node_copy(struct arena *a, const struct node *n)
{
	return copy_as(a, n, n->name);
}

/* Neighbours are mostly of one file: it is copied once for them. */
struct file_name {
	const char *lent, *own;
};

static int own_files(struct arena *a, struct node *n, struct file_name *last)
{
	if (n->file && n->file != last->lent) {
		*last = (struct file_name){n->file, arena_strdup(a, n->file)};
		if (!last->own)
			return ERR_NO_MEMORY;
	}
	if (n->file)
		n->file = last->own;
	for (struct node *child = n->first; child; child = child->next) {
		int rc = own_files(a, child, last);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int node_own_files(struct arena *a, struct node *tree)
{
	struct file_name last = {0};

	return own_files(a, tree, &last);
}

/* The members of `base` in their order, each with its counterpart laid over it, then what only
 * `over` has. */
static struct node *merge_groups(struct arena *a, const struct node *base, const struct node *over)
{
	struct node *merged = copy_alone(a, over, base->name ? base->name : over->name);

	for (const struct node *n = base->first; merged && n; n = n->next) {
		struct node *twin = node_merge(a, n, n->name ? node_get(over, n->name) : NULL);
		if (!twin)
			return NULL;
		node_append(merged, twin);
	}
	for (const struct node *n = over->first; merged && n; n = n->next) {
		if (n->name && node_get(base, n->name))
			continue;
		struct node *twin = node_copy(a, n);
		if (!twin)
			return NULL;
		node_append(merged, twin);
	}
	return merged;
}

struct node *node_merge(struct arena *a, const struct node *base, const struct node *over)
{
	if (base && over && base->kind == NODE_GROUP && over->kind == NODE_GROUP)
		return merge_groups(a, base, over);
	if (base && over)
		return copy_as(a, over, base->name ? base->name : over->name);
	if (base || over)
		return node_copy(a, over ? over : base);
	return NULL;
}

static size_t place_in_list(const struct node *n)
{
	size_t place = 0;

	for (const struct node *p = n->parent->first; p != n; p = p->next)
		place++;
	return place;
}

void node_path(const struct node *n, struct buf *path)
{
	if (!n->parent)
		return;
	node_path(n->parent, path);
	if (n->parent->kind == NODE_LIST) {
		buf_printf(path, "[%zu]", place_in_list(n));
		return;
	}
	if (path->len_bytes > 0)
		buf_add_char(path, '.');
	buf_add_str(path, n->name ? n->name : "");
}

const char *node_kind_name(enum node_kind kind)
{
	static const char *const names[] = {
		[NODE_NULL] = "null",          [NODE_BOOL] = "true or false",
		[NODE_INT] = "a whole number", [NODE_FLOAT] = "a number with a fraction",
		[NODE_STRING] = "a string",    [NODE_LIST] = "a list",
		[NODE_GROUP] = "a group",
	};

	return names[kind];
}
