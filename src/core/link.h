/*
 * A link: the running instance of a deployment, on one lane for its whole life.
 *
 * It admits calls up to its bound, holds the others until there is room, gives them to the plugin,
 * and judges what came back.  All functions [lane] unless said otherwise.
 */
#pragma once

#include <linkspan/connector.h>
#include <stdbool.h>

#include "base/list.h"
#include "core/host.h"
#include "core/lane.h"
#include "core/link_secrets.h"

struct deployment;

struct lk_link {
	struct list node; /* in lane.links */
	struct lane *lane;
	struct instance *instance;
	struct deployment *deployment; /* owned */
	void *conn;                    /* the plugin's */
	struct list waiting;           /* struct send.node: no slot, or no secrets yet */
	struct list pausing;           /* before the next try */
	struct list owed;              /* given up by us, not yet completed by the plugin */
	uint32_t in_flight;
	struct timer busy;   /* runs while the plugin is too busy to take more */
	struct timer forced; /* ends a close that waits for operations that are owed */
	struct link_secrets secrets;
	bool closing;
	struct letter letter;      /* to its lane: open, close */
	void (*closed)(void *arg); /* after it is gone */
	void *closed_arg;
	int open_rc; /* what opening gave */
	void *gate;  /* what the control thread waits at, for open and close */
};

/* One direct call on its way. */
struct send {
	struct letter letter;
	struct list node;   /* in one of the link's lists */
	struct timer timer; /* the wait for a slot, the pause before a retry, the deadline */
	struct lk_link *link;
	struct op *op; /* while the plugin has it */
	struct message *message;
	uint32_t kind;
	uint32_t attempts;
	uint64_t secrets_version; /* of the last attempt */
	struct outcome *refused;  /* the peer refused our secret: waits for a fresh one */
	int64_t called_ms;
	void (*done)(void *arg, const struct send_answer *answer);
	void *arg;
};

/* Makes the plugin open its connection; sets open_rc. */
void link_open(struct lk_link *link);
/* Takes no more calls, waits for what is in flight, closes, frees, then calls closed(). */
void link_close(struct lk_link *link, void (*closed)(void *arg), void *arg);
/* Takes the call. */
void link_send(struct send *send);
/* Gives waiting calls to the plugin while there is room. */
void link_pump(struct lk_link *link);
/* Refuses everything that waits. */
void link_refuse_waiting(struct lk_link *link, uint32_t result, const char *reason,
                         const char *detail);
/* An operation came back: struct op_table.settle. */
void link_settle(struct op *op);
