/*
 * Putting variables into the strings of a definition.
 *
 *	${name}                   the variable of that name: literal text
 *	${secret:provider/path}   kept as a reference, resolved at use (conf/secret.h)
 *	$$                        one $
 *
 * A $ before anything else stands for itself.  The value of a variable is literal text too, but for
 * `${secret:…}` and `$$`: it cannot name another variable, so there are no chains and no circles.
 */
#pragma once

#include <stddef.h>

struct arena;
struct node;
struct report;

enum { VARS_TABLES = 2 };

enum vars_mode {
	VARS_KNOWN,     /* an unknown name is a fault */
	VARS_UNKNOWN,   /* no environment: every name is taken, its text is not known */
	VARS_FORBIDDEN, /* the text is the value of a variable itself */
};

struct vars {
	enum vars_mode mode;
	const struct node *tables[VARS_TABLES]; /* GROUPs of strings; the first wins; NULL: none */
	const char *environment;                /* for messages */
};

/* A new tree in which each string that holds a `$` has its parts.  Faults name file, line and key.
 * 0, ERR_INVALID when faults were added, or ERR_NO_MEMORY.  tree and tables are borrowed for the
 * arena's life. */
int vars_expand(struct arena *a, const struct node *tree, const struct vars *vars,
                struct report *report, struct node **ret_tree);
