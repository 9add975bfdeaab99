/*
 * The metrics of a host in one table, from which the exposition, the document and a test come.
 */
#pragma once

#include "admin/sheet.h"

struct metric {
	const char *name;
	enum metric_kind kind;
	const char *labels; /* their names, with commas; "" none */
	const char *help;   /* one sentence */
	void (*write)(struct sheet *s);
};

extern const struct metric metrics[];
extern const size_t metric_count;

/* All of them, and those of plugins behind. */
void metrics_write(struct sheet *s);
/* The table in Markdown. */
void metrics_document(struct buf *text);
