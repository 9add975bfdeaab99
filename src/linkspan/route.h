/* Paths and queries of the API (docs/api.md).  A name is percent-encoded. */
#pragma once

struct buf;

void route_name(struct buf *b, const char *name);
/* "/api/v1/projects/P/connections/NAME" and what follows it. */
void route_connection(struct buf *b, const char *project, const char *name, const char *rest);
/* Adds "?key=value" or "&key=value"; nothing when value is NULL. */
void route_query(struct buf *b, const char *key, const char *value);
