/* What the parts of a host know of each other; for files of this folder. */
#pragma once

#include <pthread.h>

#include "core/errand.h"
#include "core/host.h"
#include "core/lane.h"

struct host {
	const struct plugins *plugins;
	const struct clock *clock;
	host_lookup *lookup;
	struct errands errands;
	struct lane *lanes;
	unsigned lane_count;
	unsigned next_lane;   /* for the next link */
	pthread_mutex_t lock; /* guards the register of links */
	void *links;          /* a tree (tsearch) of struct lk_link by project, name, environment */
};

/* The table that every plugin is given (offer.c). */
const struct lk_host *host_face(void);
/* Sets the clock behind it: there is one for the process. */
void host_face_clock(const struct clock *clock);

/* The extension linkspan.resolve/1 (lookup.c). */
extern const struct lk_ext_resolve lookup_extension;
int lookup_system(const char *name, uint16_t port, struct sockaddr_storage *ret, size_t cap,
                  char *text, size_t text_bytes);
