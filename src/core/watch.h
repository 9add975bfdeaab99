/* Those who wait for the end of a delivery (core/outbox.h).  Any thread. */
#pragma once

#include <stdint.h>

struct host;
struct lane;
struct watches;

struct watches *watches_create(void);      /* NULL: no memory */
void watches_destroy(struct watches *all); /* takes NULL */
/* The delivery has ended. */
void watch_ended(struct host *host, uint64_t seq);
/* [lane] Some have ended that cannot be named: the store is asked about all that are waited for, on the
 * errand pool. */
void watch_look(struct lane *lane);
