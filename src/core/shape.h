/*
 * Shaping: on its way through a link a message gets the body that the deployment's template makes of its
 * own.
 *
 * The program runs in the pool of the host (transform/transform.h), and its answer comes home as a letter;
 * then the plugin gets the message.  Meanwhile the link has it like one that the plugin has: a link that
 * closes and a host that stops wait for it.  Its deadline counts from the hand-over to the plugin, as the
 * pool has one of its own.  All functions [lane].
 */
#pragma once

#include <linkspan/connector.h>
#include <stdbool.h>

struct lk_link;
struct send;
struct shape;

/* Whether the body is to be made before the plugin gets it. */
bool shape_wanted(const struct send *send);
/* The link has it.  0: the plugin gets it, or link_end_unsent() ends it; LK_ENOMEM: neither happens. */
int shape_begin(struct send *send);
/* The body that was made, and its type, instead of the message's own. */
void shape_fill(const struct shape *shape, struct lk_request *request);
/* Offers again what the plugin was too busy to take. */
void shape_offer(struct lk_link *link);
/* Its end is wanted: false when that is the plugin's matter. */
bool shape_cancel(struct send *send);
void shape_destroy(struct shape *shape); /* takes NULL; the program does not run */
