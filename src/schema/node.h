/*
 * A parsed definition, whatever it was written in: a tree of named values that know where they
 * stand.  Nodes live in an arena; nothing in them is owned by the node.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;

enum node_kind {
	NODE_NULL,
	NODE_BOOL,
	NODE_INT,
	NODE_FLOAT,
	NODE_STRING,
	NODE_LIST,
	NODE_GROUP,
};

/* A string after its `${…}` were looked at. */
enum text_kind {
	TEXT_LITERAL,  /* as written */
	TEXT_VARIABLE, /* put in from a variable: never a template; text NULL: not known here */
	TEXT_SECRET,   /* text is "provider/path" */
};

struct text_part {
	enum text_kind kind;
	const char *text;
};

struct node {
	enum node_kind kind;
	const char *name; /* in a group; NULL in a list and at the root */
	const char *file; /* where it was written; NULL: not from a file */
	unsigned line;    /* 0: unknown */
	union {
		bool b;
		int64_t i;
		double d;
		const char *s; /* as written, `${…}` included */
	} u;
	const struct text_part *parts; /* STRING after expansion; NULL: not expanded, all literal */
	size_t part_count;
	struct node *parent, *first, *last, *next;
	size_t count; /* of children */
};

struct node *node_create(struct arena *a, enum node_kind kind, const char *name, const char *file,
                         unsigned line); /* copies name; file is borrowed for the arena's life */
void node_append(struct node *parent, struct node *child);
struct node *node_get(const struct node *group, const char *name); /* NULL: absent */
struct node *node_copy(struct arena *a, const struct node *n);     /* deep; shares file names */
/* Copies the file names too: the tree needs nothing outside the arena then.  0 or ERR_NO_MEMORY. */
int node_own_files(struct arena *a, struct node *tree);
const struct text_part *node_copy_parts(struct arena *a, const struct text_part *parts,
                                        size_t count); /* deep; NULL: no memory */

/* A new tree: `over` laid upon `base`.  Groups are merged member by member, anything else is
 * replaced whole.  Either may be NULL.  Nodes keep the place where they were written; a merged
 * group has the name of `base` and the place of `over`.  NULL: no memory, or both were NULL. */
struct node *node_merge(struct arena *a, const struct node *base, const struct node *over);

/* "headers[3].name", from below the root. */
void node_path(const struct node *n, struct buf *path);
const char *node_kind_name(enum node_kind kind); /* "a string", "a list" … */
