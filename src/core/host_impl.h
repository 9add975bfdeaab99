/* What the parts of a host know of each other; for files of this folder. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "core/errand.h"
#include "core/gate.h"
#include "core/host.h"
#include "core/lane.h"
#include "core/meter.h"
#include "store/store.h"

struct events;
struct flight;
struct queue;
struct watches;

struct host {
	const struct plugins *plugins;
	const struct clock *clock;
	host_lookup *lookup;
	struct transforms *transforms; /* NULL: none */
	struct errands errands;
	struct lane *lanes;
	unsigned lane_count;
	unsigned next_lane;     /* for the next queue */
	atomic_uint next_probe; /* the lane of the next test */
	struct store *store;
	struct flight *flight;
	struct events *events;
	struct watches *watches;
	struct meters meters;
	int64_t started_ms;
	bool manual;
	void (*idle)(void *arg);
	void *idle_arg;

	pthread_rwlock_t lock; /* guards the register of queues */
	void *queues;          /* a tree (tsearch) of struct queue by project, name, environment */
	void *queue_ids;       /* the same, by id */
	struct queue *forgotten; /* those of connections that were deleted: in queue_ids alone */
	char **old_names;        /* what queues were called before */
	size_t old_name_count;

	pthread_mutex_t alert_lock; /* guards queue.alert_connection */

	atomic_bool stopping; /* accepts nothing more */
	/* For who must go alone in the whole host: how much plugins have or are about to get, and the lane
	 * whose message waits to go, or goes, alone. */
	atomic_uint in_flight;
	_Atomic(struct lane *) alone;
	atomic_uint active; /* deliveries in memory */
	atomic_size_t active_bytes;
	int64_t state_max_bytes;
	atomic_bool state_full;
	_Atomic int64_t state_seen_ms; /* when the store was asked last how large it is */

	pthread_mutex_t held_lock;
	pthread_cond_t held_wake;
	_Atomic size_t held; /* what still points at the host, in the store and on its way */
};

/* Any thread.  Between them the host stays, whatever it is told. */
void host_hold(struct host *host);
void host_let_go(struct host *host);

/* Manual hosts: what a function does that waits. */
void host_idle(struct host *host);
/* Posts to the store and waits.  Any thread but the store's and a lane's. */
int host_store_wait(struct host *host, struct store_op *op);

/* Any thread.  The queue by name: in the project first, then globally.  NULL: never deployed. */
struct queue *host_queue(struct host *host, const char *project, const char *connection,
                         const char *environment);
struct queue *host_queue_by_id(struct host *host, int64_t id);
/* Every queue; the caller frees the array (mem_free).  NULL: no memory. */
struct queue **host_queues(struct host *host, size_t *ret_count);
/* Control thread, when the lanes have ended. */
void register_finish(struct host *host);
/* Control thread: makes a queue of each link that the store knows. */
int register_stored(struct host *host, struct err *e);

/* The table that every plugin is given (offer.c). */
const struct lk_host *host_face(void);
/* Sets the clock behind it: there is one for the process. */
void host_face_clock(const struct clock *clock);

/* The extension linkspan.resolve/1 (lookup.c). */
extern const struct lk_ext_resolve lookup_extension;
int lookup_system(const char *name, uint16_t port, struct sockaddr_storage *ret, size_t cap,
                  char *text, size_t text_bytes);
