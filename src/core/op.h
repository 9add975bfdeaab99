/*
 * Operations: what a lane has handed to plugins and not yet got back.
 *
 * A plugin knows an operation only by a handle that holds a place in the lane's table and a
 * generation.  So a completion that comes twice, too late, or for nothing at all is recognised and
 * ignored, whatever thread it comes on, and no completion can hit a younger operation.
 */
#pragma once

#include <linkspan/connector.h>
#include <stdatomic.h>

#include "base/list.h"
#include "core/mailbox.h"
#include "core/trace.h"

struct message;
struct outcome;
struct send;
struct shape;
struct op_table;
struct err;

struct op {
	struct letter letter;
	struct list node; /* in the table's free or done list, or its link's list of those owed */
	struct op_table *table;
	_Atomic uint64_t holder; /* who may end it: see op.c */
	uint64_t generation;
	uint32_t index;
	struct lk_request request; /* request.op is the handle */
	struct outcome *outcome;   /* once it is complete */
	struct lk_link *link;      /* that it was submitted through */
	struct send *owner;        /* who waits for it; NULL: given up */
	struct message *message;   /* a reference: the plugin may read it until it completes */
	struct shape *shape;       /* of one whose body is made by a program; owned */
	struct trace trace;
};

enum { OP_CHUNK = 1024, OP_CHUNKS = 4096 };

struct op_table {
	unsigned id;                 /* place in the process-wide register of tables */
	struct mailbox *mailbox;     /* of the lane */
	void (*settle)(struct op *); /* [lane] the op is complete, or an abandoned one came home */
	struct list free, done;
	_Atomic(struct op *) chunks[OP_CHUNKS];
	uint32_t chunk_count;
	uint32_t held; /* with plugins */
};

/* [lane] The lane's thread calls all of these. */
int op_table_init(struct op_table *t, struct mailbox *mailbox, void (*settle)(struct op *),
                  struct err *e);
void op_table_finish(struct op_table *t);
/* A free operation, its request zeroed but for size and op.  NULL: no memory. */
struct op *op_take(struct op_table *t);
/* The plugin may complete it from now on. */
void op_hand_over(struct op *op);
/* The plugin did not take it: as if op_hand_over() had not been. */
void op_take_back(struct op *op);
/* Stops waiting: false when it was completed in this moment, and settle() is about to come. */
bool op_abandon(struct op *op);
/* Takes an abandoned operation from a plugin that will not complete it any more: false when it was
 * completed in this moment, and settle() is about to come. */
bool op_reclaim(struct op *op);
/* Back to the free list; destroys the outcome and the shape, and drops the message. */
void op_release(struct op *op);
/* Settles what was completed on the lane's own thread.  True when there was something. */
bool op_settle_done(struct op_table *t);

/* [any] What struct lk_host offers as complete(). */
void op_complete(struct lk_op *handle, const struct lk_outcome *outcome);
/* How many completions broke the law since the start of the process. */
unsigned op_violations(void);
