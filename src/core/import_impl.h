/* What the files of the import share. */
#pragma once

#include "core/import.h"

struct conf_host;

/* The absolute path that a text means in the file of an item; NULL: no memory. */
char *import_full_path(struct import_plan *p, const struct conf_host *host,
                       const struct import_item *item, const char *text);

/* import_files.c: where each file of the bundle goes. */
int import_place_files(struct import_plan *p, const struct conf_host *host, struct err *e);
/* Puts the new places into the definition of item i, and notes which files are needed. */
int import_use_files(struct catalog *c, struct import_plan *p, size_t i, struct err *e);
/* What is needed and not there.  NULL: no memory. */
struct catalog_file *import_new_files(const struct import_plan *p, struct arena *a,
                                      size_t *ret_count);

/* import_missing.c: what an item needs and this host does not have.  Leaves out environments, if that is
 * wanted. */
int import_find_missing(struct catalog *c, struct import_plan *p, size_t i, struct err *e);
int import_add_missing(struct import_item *item, const char *kind, const char *name,
                       const char *path, const char *environment);
int import_skip_environments(struct catalog *c, struct import_plan *p, size_t i, struct err *e);

/* import_plan.c: the document. */
int import_write_plan(struct import_plan *p, struct err *e);
