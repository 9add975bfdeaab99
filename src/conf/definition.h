/*
 * One definition as a document: what the API, bundles and the store hold is the JSON of the group
 * `connection`, what people hold is a libconfig file.  Any thread; nothing is kept.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct buf;
struct err;
struct json;
struct node;

/* The tree as it was written, `${…}` included.  A name that stands twice does not occur.  NULL: no memory. */
struct json *definition_json(const struct node *group);
/* The reverse; each node says it was written in `file` (borrowed for the arena's life), line 0.  A null
 * is left out: libconfig has none.  ERR_INVALID, where a name is none that libconfig takes, says which;
 * ERR_NO_MEMORY. */
int definition_node(struct arena *a, const struct json *document, const char *name,
                    const char *file, struct node **ret, struct err *e);

/* Lower-case hexadecimal, and the NUL byte. */
enum { REVISION_BYTES = 65 };

/* SHA-256 of the canonical JSON (members sorted by name, no white space) of a group `connection`,
 * without its member `enabled`, which acts without a deployment.  0 or ERR_NO_MEMORY. */
int definition_revision(const struct node *group, char ret[REVISION_BYTES]);

/* The text of a file that holds this one group: `connection: { … };`, in the layout of conf/ and
 * readable by read_text() to the same tree.  before: what the file holds now; its leading comment block
 * is kept, and *ret_comments_lost says whether other comments in it are not (before NULL: there is no
 * file yet; ret_comments_lost may be NULL).  0; ERR_INVALID: the text is longer than a definition file may be; ERR_NO_MEMORY. */
int definition_write(const struct node *group, const char *before, size_t before_bytes,
                     struct buf *ret, bool *ret_comments_lost);

/* Appends the text of a definition with the value of its member `enabled` changed, or put in where there is none, and
 * everything else as it is; false: there is no such place. */
bool definition_flip(const char *text, bool enabled, struct buf *ret);
