/* Tables on a terminal. */
#include "linkspan/table.h"

#include <libsmartcols.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"

struct table {
	struct libscols_table *lines;
	struct libscols_line *last; /* added last; NULL: none */
	size_t columns;
	bool failed;
};

struct table *table_create(const char *const *columns, bool headings)
{
	struct table *t = mem_zalloc(sizeof(*t));

	if (!t)
		return NULL;
	scols_init_debug(0);
	t->lines = scols_new_table();
	if (!t->lines) {
		mem_free(t);
		return NULL;
	}
	scols_table_enable_noheadings(t->lines, !headings);
	for (; columns[t->columns]; t->columns++)
		if (!scols_table_new_column(t->lines, columns[t->columns], 0, 0))
			t->failed = true;
	return t;
}

void table_align_right(struct table *t, size_t column)
{
	if (t && !t->failed)
		scols_column_set_flags(scols_table_get_column(t->lines, column), SCOLS_FL_RIGHT);
}

void table_add(struct table *t, const char *const *cells)
{
	if (!t || t->failed)
		return;
	struct libscols_line *line = scols_table_new_line(t->lines, NULL);
	t->failed = !line;
	t->last = line;
	for (size_t i = 0; i < t->columns && !t->failed; i++)
		t->failed = scols_line_set_data(line, i, cells[i]) != 0;
}

void table_colour(struct table *t)
{
	if (t)
		scols_table_enable_colors(t->lines, 1);
}

void table_colour_cell(struct table *t, size_t column, const char *sequence)
{
	if (t && t->last && sequence && !t->failed)
		scols_cell_set_color(scols_line_get_cell(t->last, column), sequence);
}

int table_print_and_destroy(struct table *t, struct err *e)
{
	if (!t)
		return err_no_memory(e);
	int rc = t->failed || scols_print_table(t->lines) != 0 ? err_no_memory(e) : 0;
	scols_unref_table(t->lines);
	mem_free(t);
	return rc;
}
