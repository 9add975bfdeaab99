/* Tables on a terminal, by libsmartcols; the only file that knows it is table.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct err;
struct table;

/* columns ends with NULL.  NULL: no memory, which the other functions accept. */
struct table *table_create(const char *const *columns, bool headings);
void table_align_right(struct table *t, size_t column);
void table_colour(struct table *t);                        /* colours are printed */
void table_add(struct table *t, const char *const *cells); /* one for each column; copied */
/* Of the row added last; an escape sequence, NULL: none. */
void table_colour_cell(struct table *t, size_t column, const char *sequence);
int table_print_and_destroy(struct table *t, struct err *e); /* to standard output */
