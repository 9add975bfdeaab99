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
#include <stdbool.h>

#include "base/heap.h"
#include "base/list.h"
#include "core/mailbox.h"
#include "core/op.h"

struct err;
struct host;
struct plugin;

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
	struct list links;  /* struct lk_link.node */
	size_t errands_out; /* posted and not yet home */
	bool stopping;
	struct letter stop_letter;
	/* The start is answered once all plugins are initialised. */
	pthread_mutex_t start_lock;
	pthread_cond_t start_wake;
	bool started;
	int start_rc;
	struct err *start_err;
};

/* Control thread.  Starts the thread and initialises every plugin of the host on it. */
int lane_start(struct lane *lane, struct host *host, unsigned number, struct err *e);
/* Control thread.  The lane closes its links once their work is done, then ends.  Waits for it. */
void lane_stop(struct lane *lane);

/* [lane] */
int64_t lane_now_ms(const struct lane *lane);
/* Sets or moves a timer.  Without memory for it the lane cannot keep its promises: it says so and
 * ends the process. */
void lane_timer_set(struct lane *lane, struct timer *timer, int64_t due_ms,
                    void (*fire)(struct timer *));
void lane_timer_stop(struct lane *lane, struct timer *timer);
struct instance *lane_instance(struct lane *lane, const struct plugin *plugin);
