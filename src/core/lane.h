/*
 * A lane: a thread, a mailbox, timers, one instance of every plugin, and the links that live on it.
 *
 * Everything of a lane is touched by its own thread only, so nothing in it has a lock.  The lane
 * waits for its mailbox and for the descriptors of all plugins in one place, and calls a plugin's
 * run() only when that one is ready or due: no plugin starves another.
 */
#pragma once

#include <linkspan/connector.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/heap.h"
#include "base/list.h"
#include "core/mailbox.h"
#include "core/measure.h"
#include "core/op.h"

struct delivery;
struct err;
struct host;
struct plugin;
struct store_op;

/* A timer of the lane. */
struct timer {
	struct heap_node node;
	void (*fire)(struct timer *);
};

/* A plugin on this lane. */
struct instance {
	const struct plugin *plugin;
	void *state;
	int fd;     /* -1: the plugin has none */
	bool ready; /* the descriptor was readable */
};

struct lane {
	struct host *host;
	unsigned number;
	pthread_t thread;
	int epoll_fd;
	struct mailbox mailbox;
	struct heap timers;
	struct op_table ops;
	struct instance *instances;
	size_t instance_count;
	struct list links;     /* struct lk_link.node */
	struct list queues;    /* struct queue.node: those that were ever deployed */
	size_t errands_out;    /* posted and not yet home */
	struct delivery *solo; /* waits to go, or goes, alone in the whole host */
	bool solo_over;        /* the others may go on */
	atomic_bool nudged;    /* nudge is on its way */
	struct letter nudge;   /* from another lane: look again */
	struct store_op *store_first, **store_end; /* posted to the store at the end of the turn */
	bool draining;                             /* nothing more is begun */
	struct measure_phases phases;              /* any thread may read it */
	bool stopping;
	bool ended; /* a manual one that has stopped, while others are still served */
	struct letter stop_letter;
	/* The start is answered once all plugins are initialised. */
	pthread_mutex_t start_lock;
	pthread_cond_t start_wake;
	bool started;
	int start_rc;
	struct err *start_err;
};

/* Control thread.  Starts the thread and initialises every plugin of the host on it.  In a manual host
 * there is no thread: the caller's is the lane's, and lane_turn() does its work. */
int lane_start(struct lane *lane, struct host *host, unsigned number, struct err *e);
/* Control thread.  The lane closes its links once their work is done, then ends.  Waits for it. */
void lane_stop(struct lane *lane);
/* Control thread.  Nothing more is begun: stored messages that wait go back to the disk, calls that wait
 * are refused.  With `cancel` the plugins are asked to end what they have. */
void lane_drain(struct lane *lane, bool cancel);

/* Manual hosts: one turn that does not wait.  False when there was nothing to do. */
bool lane_turn(struct lane *lane);
/* When its next timer is due, -1 none. */
int64_t lane_next_ms(struct lane *lane);

/* [lane] */
int64_t lane_now_ms(const struct lane *lane);
/* Sets or moves a timer.  Without memory for it the lane cannot keep its promises: it says so and
 * ends the process. */
void lane_timer_set(struct lane *lane, struct timer *timer, int64_t due_ms,
                    void (*fire)(struct timer *));
void lane_timer_stop(struct lane *lane, struct timer *timer);
/* Posts an operation to the store with the others of this turn. */
void lane_post_store(struct lane *lane, struct store_op *op);
/* Whether something may be submitted: while a suspect waits for its turn or goes alone, nothing else may,
 * in no lane.  d: a delivery that must go alone, or NULL.  True is a place that lane_landed() gives back. */
bool lane_permits(struct lane *lane, struct delivery *d);
/* What was permitted was not submitted, or has come back. */
void lane_landed(struct lane *lane);
/* It is over for this one, if it was the one to go alone. */
void lane_solo_end(struct lane *lane, const struct delivery *d);
struct instance *lane_instance(struct lane *lane, const struct plugin *plugin);
