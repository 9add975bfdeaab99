/* What `linkspan import` would do, or has done. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "linkspan/list_show.h"

struct buf;
struct cli;
struct json;

extern const struct list_column import_columns[];
void import_show_plan(const struct cli *cli, const struct json *document, struct buf *b);
void import_show_done(const struct cli *cli, const struct json *document, struct buf *b);
/* How many connections would be created, overwritten or renamed. */
size_t import_count_changes(const struct json *document);
/* How many files would be written. */
size_t import_count_files(const struct json *document);
