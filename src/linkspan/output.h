/* What a command shows, in the form that -o names. */
#pragma once

#include "linkspan/list_show.h"

struct buf;
struct cli;
struct err;
struct json;

struct output_shape {
	const struct list_column *columns; /* of an item */
	const char *name;                  /* the member of an item that -o name prints */
	const char *items; /* the member that holds the items; NULL: the document is the only one */
	/* For people; NULL: the table. */
	void (*text)(const struct cli *cli, const struct json *document, struct buf *b);
};

/* Prints the document, which is taken; NULL: there was no memory for it.  --quiet: nothing. */
int output_show(const struct cli *cli, const struct output_shape *shape, struct json *document,
                struct err *e);
