/*
 * What the files of this room share: entries, and the documents among them.
 */
#pragma once

#include <stdbool.h>

#include "core/bundle/bundle.h"

struct json;

#define BUNDLE_CONNECTION   "connection.json"
#define BUNDLE_METADATA     "metadata.json"
#define BUNDLE_DEPENDENCIES "dependencies.json"
#define BUNDLE_CONNECTIONS  "connections/"
#define BUNDLE_FILES        "dependencies/"
#define BUNDLE_PRODUCT      "Linkspan"

enum {
	/* "connections/", a project, a connection's name, ".json" */
	BUNDLE_NAME_BYTES = 256,
	BUNDLE_FILE_NAME_MOST = 128,
	BUNDLE_SHOWN_BYTES = 192,
	BUNDLE_SHA256_BYTES = 65, /* in hexadecimal, and the NUL byte */
	BUNDLE_NEEDS_MOST = 20000,
};

struct bundle_entry {
	const char *name;
	const void *bytes; /* a NUL byte follows */
	size_t size_bytes;
	int64_t at_ms;
	struct json *document; /* reading: borrowed from the bundle; NULL: it is a dependency */
};

struct bundle_entries {
	struct bundle_entry *items;
	size_t count;
};

/*
 * Names: bundle_name.c
 */

/* Of a connection's document; `alone`: it is the only one.  false: too long. */
bool bundle_entry_name(const char *project, const char *name, bool alone,
                       char ret[BUNDLE_NAME_BYTES]);
/* Whether an entry may be called so: the exact names above, or what stands below the two folders. */
bool bundle_entry_allowed(const char *name);
bool bundle_entry_is_connection(const char *name);
bool bundle_entry_is_file(const char *name);
/* Of a connection or a project; an error names the rule that is broken. */
int bundle_check_names(const char *project, const char *name, struct err *e);
/* A name from outside as it may be shown: printable ASCII, the rest as \xNN, cut where it is long. */
const char *bundle_shown(const char *name, char ret[BUNDLE_SHOWN_BYTES]);
void bundle_sha256(const void *bytes, size_t size_bytes, char ret[BUNDLE_SHA256_BYTES]);

/*
 * Documents: bundle_documents.c makes them, bundle_shape.c understands them
 */
int bundle_write_dependencies(const struct bundle *b, struct buf *ret);
/* Of all entries but its own; names[i] is the entry of connection i. */
int bundle_write_metadata(const struct bundle *b, const struct bundle_entries *entries,
                          const char *const *names, struct buf *ret);

/* Format and product. */
int bundle_check_format(const struct json *metadata, struct err *e);
/* Whether what metadata.json says of each entry is so, and of no other. */
int bundle_check_entries(const struct json *metadata, const struct bundle_entries *entries,
                         struct err *e);
/* Fills in b from the documents; strings are borrowed from them. */
int bundle_take_documents(struct bundle *b, const struct bundle_entries *entries, struct err *e);

/*
 * The archive: bundle_write.c, bundle_stamp.c, bundle_frame.c, bundle_archive.c
 */

/* Sets the times in an archive that libzip wrote: libzip itself knows local time alone. */
int bundle_stamp(struct buf *zip, const struct bundle_entries *entries);

/* Looks at the end and the directory of an archive before libzip does: one part, nothing before or behind, no
 * ZIP64, no comment, not too many entries; and of each entry: plain, not encrypted, its name once.  The
 * names, in the order of the directory, go to ret, in the arena. */
int bundle_frame_read(struct arena *a, const void *zip, size_t size_bytes,
                      struct bundle_entries *ret, struct err *e);

/* Reads what is in the entries of a frame into b's arena.  The documents are parsed; b->owned has them.
 * Names are looked at as soon as the format is known to be one of these. */
int bundle_archive_read(struct bundle *b, const void *zip, size_t size_bytes,
                        const struct bundle_entries *entries, struct err *e);
