/* `when` of a row: "kind=basic|bearer" makes it apply only for some values of an ENUM beside it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* Splits off the name: its length, and in *ret_list what stands behind "=".  0: malformed. */
size_t when_name(const char *when, const char **ret_list);
/* Whether `value` is one of list, which is separated by "|". */
bool when_lists(const char *list, const char *value);
/* The next word of a list: its length, or 0 at the end; *list moves on behind it. */
size_t when_next(const char **list, const char **ret_word);
/* "kind is "basic" or "bearer"". */
void when_describe(const char *when, struct buf *b);
