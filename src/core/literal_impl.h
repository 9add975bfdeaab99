/* What finding literal secrets and keeping them have in common. */
#pragma once

#include <linkspan/connector.h>
#include <stdbool.h>

struct arena;
struct err;
struct json;
struct node;
struct plugins;

/* The string of that name; NULL: there is none. */
const char *literal_text_of(const struct node *group, const char *name);

/* The row of a group of settings; the one of a member of a group that is read with `row`; the one of each item
 * of a list.  NULL: nothing is known of it. */
struct lk_param literal_row_of_type(const struct plugins *plugins, const char *type);
const struct lk_param *literal_row_of_member(const struct lk_param *row, const char *name);
const struct lk_param *literal_row_of_item(const struct lk_param *row);

/* Whether a group is an item of a list, and `name` and `value` in it are those of a header that carries a
 * secret.  row: that of the group. */
bool literal_is_header(const struct lk_param *row, const struct node *item);

/* What a node holds a literal secret as. */
enum literal_kind { LITERAL_NONE, LITERAL_VALUE, LITERAL_HEADER };
enum literal_kind literal_kind_of(const struct lk_param *row, const struct node *n, bool in_header);

/* The document as a tree, and back into it what can hold secrets. */
int literal_read(struct arena *a, const struct json *definition, struct node **ret, struct err *e);
int literal_write(const struct node *group, struct json *definition, struct err *e);
