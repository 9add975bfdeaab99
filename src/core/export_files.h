/* The files of a bundle that is being made: which may go along, and what they are called there. */
#pragma once

#include <stdbool.h>

#include "base/mem.h"
#include "core/bundle/bundle.h"

struct conf_host;
struct err;

struct export_file {
	const char *real; /* where it is, without links */
	struct bundle_file file;
};

/* export_files_finish() wipes. */
struct export_files {
	const struct conf_host *host;
	bool has_passphrase, may_take_keys;
	struct arena arena;
	struct export_file *items;
	size_t count, cap, bytes;
};

/* The file at `path`, relative to the folder of `beside`.  *ret_name: what it is called in the bundle; NULL: it
 * is not to go along.  what: for errors, whose file it is.  ERR_DENIED: a private key, which may not leave so;
 * ERR_INVALID: it cannot be read or is too large. */
int export_files_add(struct export_files *x, const char *path, const char *beside, const char *what,
                     const char **ret_name, struct err *e);
/* What bundle_write() takes; NULL: no memory. */
struct bundle_file *export_files_list(struct export_files *x);
void export_files_finish(struct export_files *x);
