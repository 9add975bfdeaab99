/* Documents that come out of the parameter tables: JSON Schema and manual-page sections. */
#pragma once

#include <linkspan/connector.h>

struct buf;
struct json;

/* JSON Schema (draft 2020-12) of a definition's `settings`: the type's rows and the common rows.
 * NULL: no memory. */
struct json *emit_schema(const struct lk_type *type, const struct lk_param *rows, uint32_t count);

/* The option reference of a manual page in scdoc syntax. */
void emit_man(const struct lk_param *rows, uint32_t count, struct buf *b);
