/* Listing the folders of a configuration. */
#pragma once

#include <stddef.h>

struct arena;
struct report;

enum folder_kind {
	FOLDER_DEFINITIONS, /* files NAME.conf, named without the suffix; others are passed over */
	FOLDER_FOLDERS,     /* the folders in it */
	FOLDER_FILES,       /* the plain files in it */
};

/* Names in the order of name_compare(); hidden ones are passed over.  0; ERR_NOT_FOUND when there is
 * no such folder; ERR_IO with a fault in the report; ERR_NO_MEMORY. */
int folder_list(struct arena *a, const char *folder, enum folder_kind kind, struct report *report,
                const char *const **ret_names, size_t *ret_count);
