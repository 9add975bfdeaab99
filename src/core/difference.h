/* The differences of two JSON documents, one by one.  Any thread. */
#pragma once

struct json;

/* Adds {"path", "before", "after"} for each value that is not the same; a value that is not there is null.
 * Paths are "settings.headers[2].value"; prefix comes before, "" for none.  Groups are compared member by
 * member, lists of the same length item by item.  Either may be NULL.  0 or ERR_NO_MEMORY. */
int difference_add(struct json *list, const char *prefix, const struct json *before,
                   const struct json *after);
