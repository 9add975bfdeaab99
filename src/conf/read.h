/*
 * Reading one definition file (libconfig syntax) into a tree of nodes.  The only place that knows
 * libconfig: another format would need another read.c and nothing else.
 */
#pragma once

#include <stddef.h>

struct arena;
struct node;
struct report;

enum { READ_MAX_BYTES = 1024 * 1024 };

/* Reads a plain file (no symbolic link, at most READ_MAX_BYTES).  *ret_root is a NODE_GROUP in the
 * arena; `file` is borrowed for the arena's life.  0; ERR_IO when it cannot be read, ERR_INVALID
 * when it has faults: both with faults in the report; ERR_NO_MEMORY. */
int read_file(struct arena *a, const char *file, struct report *report, struct node **ret_root);

/* The same for a text; `file` only names it. */
int read_text(struct arena *a, const char *file, const char *text, size_t bytes,
              struct report *report, struct node **ret_root);
