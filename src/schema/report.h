/*
 * Faults of definitions, gathered so that a user sees all of them at once.
 *
 * One fault reads: FILE:LINE: error: KEY: what is wrong; what is allowed (did you mean "x"?)
 * One thread at a time.  Running out of memory is itself recorded (out_of_memory), and more than
 * 1000 faults are counted but not kept.
 */
#pragma once

#include <linkspan/connector.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

struct buf;
struct err;
struct node;

struct fault {
	uint32_t severity; /* LK_FAULT_… */
	const char *file;  /* NULL: none */
	unsigned line;     /* 0: none */
	const char *path;  /* "settings.headers[3].name"; "" for the whole */
	const char *code;  /* stable token: "unknown_key" "out_of_range" … */
	const char *text;
};

struct report {
	struct arena arena;
	struct fault *faults;
	size_t count, cap;
	size_t errors, warnings;
	bool out_of_memory;
};

void report_init(struct report *r);
void report_finish(struct report *r);

/* node says where; NULL: nowhere. */
void report_add(struct report *r, uint32_t severity, const struct node *node, const char *code,
                const char *format, ...) __attribute__((format(printf, 5, 6)));
/* The same at a place that has no node. */
void report_add_at(struct report *r, uint32_t severity, const char *file, unsigned line,
                   const char *path, const char *code, const char *format, ...)
	__attribute__((format(printf, 7, 8)));

/* 0, or ERR_INVALID when there are errors (e gets the first one, and how many more), or
 * ERR_NO_MEMORY. */
int report_verdict(const struct report *r, struct err *e);
void report_print(const struct report *r, struct buf *b); /* one line each, by file and line */

/* The name nearest to `word` among count names, if it is at most two typing errors away, the case
 * of letters aside; else NULL. */
const char *report_nearest(const char *word, const char *const *names, size_t count);

/* What is handed to lk_type.check(): faults land at the node of their path below `root`. */
struct report_adapter {
	struct lk_report face; /* first */
	struct report *report;
	const struct node *root;
};
void report_adapter_init(struct report_adapter *a, struct report *r, const struct node *root);
