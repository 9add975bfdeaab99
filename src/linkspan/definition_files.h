/*
 * Definitions of connections in files that somebody names: libconfig or JSON, one file, a folder of them,
 * a folder laid out as that of a host (connections/, projects/P/connections/), or standard input.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "schema/report.h"

struct cli;
struct err;
struct json;
struct node;

struct definition_source {
	const char *file;
	const char *project; /* NULL: the file does not say */
	struct json *definition;
	const struct node *group; /* where each setting stands; NULL: JSON */
};

struct definitions {
	struct arena arena;
	struct report report;
	struct definition_source *items;
	size_t count;
	const char **projects; /* whose folders were read: what else they hold can be pruned */
	size_t project_count;
};

/* definitions_finish() in any case. */
void definitions_init(struct definitions *d);
void definitions_finish(struct definitions *d);

/* Adds what path names; "-" is standard input.  In a folder, files of other kinds of definitions are passed over.
 * ERR_INVALID with faults in the report, after all was looked at; ERR_NOT_FOUND, ERR_IO, ERR_NO_MEMORY. */
int definitions_add(struct definitions *d, const char *path, struct err *e);
/* Prints the faults to standard error; ERR_INVALID, and how many, where there are some. */
int definitions_verdict(const struct definitions *d, struct err *e);

/* "FILE:LINE: error: settings.url: TEXT": where a JSON pointer below the definition leads to. */
void definitions_fault(const struct definition_source *source, const char *pointer,
                       const char *text, struct buf *b);
