/*
 * A link: the running instance of one deployment, on one lane for its whole life.
 *
 * It has bodies made where the deployment has a template (core/shape.h), hands messages to the plugin,
 * watches their deadlines and takes back what came of them.  Whether and when a message goes out is the
 * queue's matter (core/queue.h).  All functions [lane] unless said otherwise.
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
	struct list shaped;  /* struct send.node: have their bodies, and the plugin was too busy */
	struct timer busy;   /* runs while the plugin is too busy to take more */
	struct timer forced; /* ends a close that waits for operations that are owed */
	struct link_secrets secrets;
	bool closing;
	void (*closed)(void *arg); /* after it is gone; NULL: nobody waits for it */
	void *closed_arg;
};

/* One message on its way through a link; embedded in what it is a part of.  The link has it from
 * link_submit() to ended(). */
struct send {
	struct list node;     /* the owner's; the link's while that has it */
	struct list out;      /* in queue.out while the link has it */
	struct timer timer;   /* the owner's; the deadline while the link has it */
	struct lk_link *link; /* while it has it */
	struct op *op;        /* while the link has it */
	struct message *message;
	uint32_t kind;            /* LK_OP_SEND … */
	uint32_t flags;           /* LK_REQUEST_… */
	uint32_t attempt;         /* this one, from 1 */
	uint64_t secrets_version; /* that it was sent with */
	int64_t begun_ms;         /* when the link got it */
	int64_t submitted_ms;     /* when the plugin got it; as long as that has not: as above */
	struct outcome *refused;  /* the peer refused our secret: waits for a fresh one */
	bool was_refused;         /* and has done so before */
	bool is_replay;           /* of a delivery that was replayed */
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
/* Hands it over, or has its body made first: 0, and ended() follows once; LK_EBUSY: later; else it failed
 * and ended() does not follow. */
int link_submit(struct lk_link *link, struct send *send);
/* Asks for its end, soon. */
void link_cancel(struct send *send);

/* For core/shape.h. */
/* Gives the plugin what the link has: 0, or its error, and the link still has it. */
int link_hand_over(struct send *send);
/* It ends without the plugin having it.  Takes the outcome.  link_end_if_idle() is the caller's. */
void link_end_unsent(struct send *send, struct outcome *outcome);
/* What it means that the plugin took it not (an LK_E code).  Never NULL. */
struct outcome *link_not_taken(int rc);

/* The names of what it runs, for logs. */
const char *link_connection(const struct lk_link *link);
const char *link_environment(const struct lk_link *link);

/* An operation came back: struct op_table.settle. */
void link_settle(struct op *op);
