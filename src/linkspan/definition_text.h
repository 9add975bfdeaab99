/* A definition as people write it, libconfig, and as the API takes it, JSON. */
#pragma once

#include <stddef.h>

struct arena;
struct buf;
struct err;
struct json;
struct node;
struct report;

/* The members of a connection's document that can be written: what else the API says of it is left out.
 * NULL: no memory. */
struct json *definition_part(const struct json *document);

/* Appends the libconfig text of a connection's document: `connection: { … };`, behind a head of comments. */
int definition_text(const struct json *document, const char *head, struct buf *b, struct err *e);

/* Reads a text that holds one group `connection`.  file names it and is borrowed for the arena's life.
 * *ret_group: where each setting stands.  ERR_INVALID with faults in the report; ERR_NO_MEMORY. */
int definition_parse(struct arena *a, const char *file, const char *text, size_t bytes,
                     struct report *report, struct json **ret, const struct node **ret_group);
/* The same for a tree that was read already: ERR_NOT_FOUND where it is another kind of definition. */
int definition_of_root(const struct node *root, struct report *report, struct json **ret,
                       const struct node **ret_group);
