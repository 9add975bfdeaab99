/*
 * A link: the running instance of one deployment, on one lane for its whole life.
 *
 * It hands messages to the plugin, watches their deadlines and takes back what came of them.  Whether
 * and when a message goes out is the queue's matter (core/queue.h).  All functions [lane] unless said
 * otherwise.
 */
#pragma once

#include <linkspan/connector.h>
#include <stdbool.h>

#include "base/list.h"
#include "core/lane.h"
#include "core/link_secrets.h"

struct deployment;
struct message;
struct outcome;
struct queue;

struct lk_link {
	struct list node; /* in lane.links */
	struct lane *lane;
	struct queue *queue; /* outlives the link */
	struct instance *instance;
	struct deployment *deployment; /* owned */
	void *conn;                    /* the plugin's */
	struct list owed; /* struct op.node: given up by us, not yet completed by the plugin */
	uint32_t in_flight;
	struct timer busy;   /* runs while the plugin is too busy to take more */
	struct timer forced; /* ends a close that waits for operations that are owed */
	struct link_secrets secrets;
	bool closing;
	void (*closed)(void *arg); /* after it is gone; NULL: nobody waits for it */
	void *closed_arg;
};

/* One message on its way through a link; embedded in what it is a part of. */
struct send {
	struct list node;     /* the owner's; in no list while the plugin has it */
	struct list out;      /* in queue.out while the plugin has it */
	struct timer timer;   /* the owner's; the deadline while the plugin has it */
	struct lk_link *link; /* while the plugin has it */
	struct op *op;        /* while the plugin has it */
	struct message *message;
	uint32_t kind;            /* LK_OP_SEND … */
	uint32_t flags;           /* LK_REQUEST_… */
	uint32_t attempt;         /* this one, from 1 */
	uint64_t secrets_version; /* that it was sent with */
	int64_t submitted_ms;
	struct outcome *refused; /* the peer refused our secret: waits for a fresh one */
	bool was_refused;        /* and has done so before */
	bool is_replay;          /* of a delivery that was replayed */
	/* The attempt has ended; takes the outcome. */
	void (*ended)(struct send *send, struct outcome *outcome);
};

/* Makes the plugin open its connection.  0; or the plugin's error, and the link is gone.  Takes the
 * deployment. */
int link_create(struct lane *lane, struct queue *queue, struct deployment *deployment,
                struct lk_link **ret);
/* Takes no more, waits for what is in flight, closes, frees, then calls closed() unless it is NULL. */
void link_close(struct lk_link *link, void (*closed)(void *arg), void *arg);
/* Goes on with closing when nothing needs the link any more; the link may be gone then. */
void link_end_if_idle(struct lk_link *link);

/* Whether the plugin may be given work just now: it is not too busy, and has its secrets.  When this
 * changes, the queue is pumped. */
bool link_ready(struct lk_link *link);
/* Not ready for a moment, or until something completes: the plugin, or the host, has no room. */
void link_rest(struct lk_link *link);
/* Hands it over: 0, and ended() follows once; LK_EBUSY: later; else it failed and ended() does not
 * follow. */
int link_submit(struct lk_link *link, struct send *send);
/* Asks the plugin to end it soon. */
void link_cancel(struct send *send);

/* The names of what it runs, for logs. */
const char *link_connection(const struct lk_link *link);
const char *link_environment(const struct lk_link *link);

/* An operation came back: struct op_table.settle. */
void link_settle(struct op *op);
