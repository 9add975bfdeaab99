/* One request to make many connections what documents say; for api_apply.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "core/catalog.h"

struct api_call;

struct apply_item {
	const char *project, *name;
	struct json *definition; /* owned */
};

struct apply {
	struct api_call *call;
	struct catalog *catalog;
	struct arena arena;
	struct json *body; /* the items' names and the lists are its own */
	bool dry_run, drops_comments, prunes, deploys;
	const struct json
		*projects; /* where what no item names is deleted; NULL: those of the items */
	const struct json *environments; /* where is deployed; NULL: where it is usual */
	const struct json *confirmed;    /* protected environments; NULL: none */
	const char *note;                /* NULL: none */
	bool confirms_secrets;
	struct apply_item *items;
	size_t item_count;
};

/* Saves, deletes and deploys.  *ret: {"items": [{"project", "name", "action", "revision", "changes", "secrets",
 * "deployed", "held"}]}, the same for a dry run.  On failure nothing was changed, and paths of faults begin with
 * "items[N].definition". */
int apply_run(struct apply *a, struct json **ret, struct catalog_answer *answer, struct err *e);
