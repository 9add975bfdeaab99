/* Deliveries as JSON. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct admin;
struct arena;
struct err;
struct json;
struct store_delivery;

/* Why deliveries that are READY wait, for each link that holds its own back; read once for a list. */
struct holds;
int holds_read(struct admin *admin, struct holds **ret, struct err *e);
void holds_destroy(struct holds *holds); /* takes NULL */

/* Copies all of it into the arena; false: no memory.  While the store hands one out, it may not be asked
 * for more, so what shows deliveries works on copies. */
bool delivery_copy(struct arena *a, struct store_delivery *to, const struct store_delivery *from);

/* What a list has of it.  NULL: no memory. */
struct json *delivery_json(struct admin *admin, const struct store_delivery *d,
                           const struct holds *holds);
/* One alone, by its id.  ERR_NOT_FOUND and what the store says. */
int delivery_read(struct admin *admin, const char *id, struct json **ret, struct err *e);
