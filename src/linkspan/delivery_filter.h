/* Which deliveries a command means: the options of the table's FILTER_OPTIONS. */
#pragma once

#include <stdint.h>

struct buf;
struct cli;
struct err;
struct json;

/* As query parameters behind a target. */
int delivery_filter_query(const struct cli *cli, int64_t now_ms, struct buf *target, struct err *e);
/* As members of an object. */
int delivery_filter_set(const struct cli *cli, int64_t now_ms, struct json *object, struct err *e);
