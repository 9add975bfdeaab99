/* Links as JSON. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct admin;
struct err;
struct json;
struct who;

/* All that have these names (NULL: any) and may be seen by who (NULL: whoever), as an array; *ret_count is how many.  ERR_NO_MEMORY, or what
 * the monitor says. */
int links_json(struct admin *admin, const char *project, const char *connection,
               const char *environment, const struct who *who, struct json **ret, size_t *ret_count,
               struct err *e);
/* A connection where nothing of it is deployed, in the same words.  NULL: no memory. */
struct json *links_undeployed_json(const char *project, const char *connection,
                                   const char *environment, bool enabled);
