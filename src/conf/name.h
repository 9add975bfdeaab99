/*
 * The rules of names: connections, environments, variables, projects.
 */
#pragma once

#include <stdbool.h>

struct lk_value;

/* [A-Za-z][A-Za-z0-9_-]{0,63}: environments, variables and projects. */
#define NAME_RULE "a letter, then at most 63 letters, digits, `_` or `-`"
bool name_is_plain(const char *name);

/* Case-folded (ASCII), as names are compared everywhere; the order of lists too. */
int name_compare(const char *a, const char *b);

/* Checks of parameter rows. */
int name_check_plain(const struct lk_value *value, const char **ret_message);
int name_check_connection(const struct lk_value *value, const char **ret_message);
