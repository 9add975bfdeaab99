/*
 * A look at the text of a definition before libconfig gets it: what libconfig 1.5 would take that
 * we refuse (`@include`, deep nesting), what it takes wrongly without a word (numbers out of range,
 * NUL), and what it reports poorly (duplicates, brackets and quotes that do not match).
 */
#pragma once

#include <stddef.h>

struct arena;
struct report;

enum {
	SCREEN_DEPTH_MAX = 16, /* groups and lists inside each other */
	SCREEN_NAMES_MAX =
		10000, /* settings in one file: libconfig's search for duplicates is quadratic */
};

/* Lines of the strings that are items of lists, in the order of the text: libconfig gives the line
 * of whatever follows the string. */
struct screen {
	unsigned *item_lines;
	size_t item_count;
};

/* text is NUL-terminated.  0; ERR_INVALID with faults in the report; ERR_NO_MEMORY. */
int screen_text(struct arena *a, const char *file, const char *text, size_t bytes,
                struct report *report, struct screen *ret);
