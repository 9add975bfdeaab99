/* A list of the API in the form that -o names. */
#pragma once

#include <stdbool.h>

struct cli;
struct err;
struct json;

enum list_kind {
	LIST_TEXT, /* lists (of objects: their names) and the keys of an object with commas, truth as yes and no */
	LIST_STATE, /* coloured on a terminal */
	LIST_NUMBER,
	LIST_REVISION, /* its beginning */
	LIST_AGE,      /* how long ago a time was */
	LIST_WHEN,     /* of a delivery: when it goes on, or ended; the key is not used */
};

struct list_column {
	const char *heading; /* NULL ends the columns */
	const char *key;
	enum list_kind kind;
	bool only_wide;
};

/* A table (text, table, wide), a line of JSON for each (ndjson), or the member `name` of each.  A key
 * may be a path: "store.size_bytes".  --quiet: nothing. */
int list_show(const struct cli *cli, const struct list_column *columns, const char *name,
              const struct json *items, struct err *e);
