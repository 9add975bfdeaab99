/* Tables on a terminal, by libsmartcols; the only file that knows it is table.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct err;
struct table;

/* columns ends with NULL.  NULL: no memory, which the other functions accept. */
struct table *table_create(const char *const *columns, bool headings);
void table_align_right(struct table *t, size_t column);
void table_add(struct table *t, const char *const *cells);   /* one for each column; copied */
int table_print_and_destroy(struct table *t, struct err *e); /* to standard output */
