/*
 * From a node tree and parameter tables to checked values: parsing, defaults, bounds, choices,
 * `when`, and every fault, from the tables alone.
 */
#pragma once

#include <linkspan/connector.h>
#include <stddef.h>

#include "base/mem.h"
#include "schema/node.h"

struct report;

/* A row type of the host's own tables only: any node, checked by somebody else; its value only says
 * whether it is set. */
enum { SCHEMA_T_ANY = 1000 };

/* One table of rows and, after reading, the values in the order of its rows.  The key set of a
 * group is the union of all tables it is read with. */
struct schema_part {
	const struct lk_param *rows; /* stride sizeof(struct lk_param): see schema_import() */
	uint32_t count;
	const struct lk_value *const *values;
};

/* The text behind a secret handle (handle - 1 is the index). */
struct secret_text {
	const char *path; /* of the setting: "headers[0].value" */
	const struct node *node;
	const struct text_part *parts;
	size_t part_count;
	bool literal; /* no reference in it: written into the file itself */
};

/* Owns the values.  Literal secrets live in it: schema_values_finish() wipes. */
struct schema_values {
	struct arena arena;
	struct secret_text *secrets;
	size_t secret_count, secret_cap;
};

enum {
	SCHEMA_VARIABLES_UNKNOWN = 1, /* no environment: what holds variables is not checked */
};

void schema_values_init(struct schema_values *v);
void schema_values_finish(struct schema_values *v);

/* Reads `group` (a NODE_GROUP, borrowed for the life of the values).  Adds every fault to the
 * report; returns 0, ERR_INVALID when this call added errors, or ERR_NO_MEMORY.  Touches the disk
 * for LK_T_FILE: whether the file can be read.  The rows must have passed schema_lint(). */
int schema_read(struct schema_values *v, const struct node *group, struct schema_part *parts,
                size_t part_count, unsigned flags, struct report *report);

/* The rows of a plugin as rows of this host: copies the table, with its sub-tables, row by row with
 * the plugin's stride; what an older plugin does not have is zero.  Tables nested deeper than 8
 * lose their sub-rows, which schema_lint() then reports.  Texts stay the plugin's.  NULL: no
 * memory. */
struct lk_param *schema_import(struct arena *a, const struct lk_param *rows, uint32_t count,
                               uint32_t stride);

/* Index of the row with that name, or -1. */
int schema_row(const struct lk_param *rows, uint32_t count, const char *name);

/* Faults of a table itself: names, help, defaults against their own row, `when`, secrets without
 * default, and for any table but common_rows names that the common rows have already.  `where`
 * names the table in the report: "webhook". */
void schema_lint(const struct lk_param *rows, uint32_t count, const char *where,
                 struct report *report);
