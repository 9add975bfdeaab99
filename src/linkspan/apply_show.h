/* What `linkspan apply` would do, or has done. */
#pragma once

#include <stddef.h>

#include "linkspan/list_show.h"

struct buf;
struct cli;
struct definitions;
struct json;

extern const struct list_column apply_columns[];
/* A line for each connection that is touched, its changes below it, and how many stay as they are. */
void apply_show_plan(const struct cli *cli, const struct json *document, struct buf *b);
void apply_show_done(const struct cli *cli, const struct json *document, struct buf *b);

/* How many connections are touched; how many deployments were held back. */
size_t apply_count_changes(const struct json *document);
size_t apply_count_held(const struct json *document);

/* A fault at a JSON pointer of the request, as it is in the file: "FILE:LINE: error: …". */
void apply_show_fault(const struct definitions *d, const char *pointer, const char *text,
                      struct buf *b);
