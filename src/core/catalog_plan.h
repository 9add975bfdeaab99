/* One edit of the catalogue thought through: what it makes of files, names and entries.  With `changing` held. */
#pragma once

#include "core/catalog_impl.h"

struct planned {
	const struct catalog_edit *edit;
	const char
		*action; /* "create" "update" "enable" "disable" "rename" "move" "delete" "none" */
	struct entry *before, *after; /* NULL: there is none; `after` is counted */
	const char *project, *name;   /* as it will be called; of a deleted one, as it is */
	char uid[UID_BYTES];          /* of a new one */
	/* Files: what is to be written (NULL: nothing), and what is to be removed. */
	const char *path, *path_before;
	const char *text;
	size_t text_bytes;
	uint8_t digest_before[HASH_BYTES]; /* of what path_before holds */
	struct literal *literals;
	size_t literal_count;
	struct actives_renamed actives; /* of one that gets another name */
};

struct plan {
	struct catalog *catalog;
	struct arena arena;
	struct planned *items;
	size_t count;
};

/* p has its catalogue and an empty arena; plan_finish() in any case. */
int plan_edits(struct plan *p, const struct catalog_edit *edits, size_t count,
               struct catalog_answer *a, struct err *e);
void plan_finish(struct plan *p);
bool planned_renames(const struct planned *item);

/* catalog_files.c: files that come with a change. */
struct files_placed {
	struct store_file *removals; /* in the arena: what takes them away again */
	size_t count;                /* of files that were not there */
	size_t written;
	uint64_t journal; /* the row with the removals; 0: none is open */
};

/* Writes them; what follows is files_take_back(), or a change that ends the row. */
int files_place(struct catalog *c, struct arena *a, const struct catalog_file *files, size_t count,
                struct files_placed *ret, struct err *e);
void files_take_back(struct catalog *c, struct files_placed *placed);
