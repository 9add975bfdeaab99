/*
 * Importing export bundles: first a plan, which says all that would happen and what is in the way, then its
 * carrying out, whole or not at all.  Blocking; any thread but a lane's or one of the HTTP server.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "core/bundle/bundle.h"
#include "core/catalog.h"

struct err;
struct json;

enum import_conflict { IMPORT_FAIL, IMPORT_RENAME, IMPORT_OVERWRITE };
extern const char *const import_conflicts[]; /* "fail" "rename" "overwrite", NULL */

struct import_options {
	const char *project; /* where all of it goes; NULL: as in the bundle */
	enum import_conflict on_conflict;
	bool with_files;
	/* Environments that this host does not have are left out of the definitions; else they are in the
	 * way, as a definition cannot name an unknown one. */
	bool skips_environments;
};

enum import_action {
	IMPORT_CREATES,
	IMPORT_OVERWRITES,
	IMPORT_RENAMES,
	IMPORT_CONFLICTS,
	IMPORT_IS_SAME, /* it is there already, in these very words */
};

struct import_item {
	const char *project, *name, *to_name;
	enum import_action action;
	const char *expected;    /* the revision that is overwritten */
	const char *why;         /* of a conflict */
	struct json *definition; /* owned: as it will be saved */
	char revision[REVISION_BYTES];
	struct json *missing, *faults; /* owned, arrays */
	bool blocked;
};

/* A file of the bundle: below the folder of definitions, tls/imported/HASH-NAME. */
struct import_file {
	const struct bundle_file *file;
	const char *path;
	enum bundle_file_kind kind; /* by what is in it, whatever the bundle says */
	bool needed;                /* a definition names it, or an environment needs it */
	bool there;                 /* with the same bytes */
};

struct import_plan {
	struct arena arena;
	const struct bundle *bundle; /* borrowed */
	struct import_options options;
	struct import_item *items;
	struct import_file *files;
	bool ok; /* nothing is in the way */
	/* {"format_ok": true, "items": [{"project", "name", "to_name", "action":
	 * "create"|"overwrite"|"rename"|"conflict"|"same", "revision", "reason", "missing": [{"kind":
	 * "environment"|"variable"|"secret"|"file"|"connection"|"type", "name", "path", "environment"}],
	 * "faults": [{"severity", "path", "code", "text"}]}], "files": [{"name", "kind", "path",
	 * "action": "write"|"same"|"left_out"}], "ok"}.  What is missing is in the way when it is an
	 * environment or a type, and when "faults" has it as an error: a variable or a file in an environment that is
	 * served.  The rest must be there before a deployment. */
	struct json *document;
};

/* Changes nothing.  ERR_INVALID: the project is none; ERR_NO_MEMORY.  import_plan_finish() in any case. */
int import_plan_make(struct catalog *c, const struct bundle *b,
                     const struct import_options *options, struct import_plan *ret, struct err *e);
/* Of a plan that is ok; else ERR_CONFLICT.  The files have names that no other content has, and are there or
 * not as the change has happened or not.  Answers as catalog_apply() does. */
int import_plan_apply(struct catalog *c, const struct import_plan *p,
                      const struct catalog_word *word, struct catalog_answer *a, struct err *e);
void import_plan_finish(struct import_plan *p);
