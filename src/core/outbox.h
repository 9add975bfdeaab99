/*
 * The outbox: durable sending.  What it has accepted is on stable storage, and is sent at least once.
 *
 * outbox_accept() may be called on any thread; the others on any but a lane's and the store's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/message.h"
#include "store/store.h"

struct err;
struct host;

/* One message to be accepted. */
struct outbox_call {
	const char *project; /* NULL: global.  The project is searched first, then global */
	const char *connection;
	const char *environment;
	struct message *message;     /* a reference is taken; its id names the delivery */
	const char *ordering_key;    /* NULL none */
	const char *idempotency_key; /* NULL none */
};

struct outbox_answer {
	int rc; /* 0: accepted.  ERR_NOT_FOUND: not deployed; ERR_BUSY: no room (see reason); ERR_CONFLICT:
	         * the idempotency key was used for another message; ERR_IO: unknown */
	const char *reason; /* a stable token when rc < 0: "not_deployed" "queue_full" "state_full"
	                     * "disk_full" "stopping" "idempotency_conflict" "store" "no_memory" */
	char id[MESSAGE_ID_BYTES]; /* what is sent as webhook-id; of the first one when repeated */
	bool repeated;             /* by its idempotency key: nothing new was accepted */
	const char *held;          /* NULL, or why it waits: "disabled" "paused" */
};

/* Accepts `count` messages (1 to STORE_GROUP_MAX), in their order, in one transaction where they fit.  answered() follows
 * exactly once, after the commit, with count answers in the same order (borrowed for the call), on the
 * store's thread or, when nothing reached the store, on this one; it must not block. */
void outbox_accept(struct host *host, const struct outbox_call *calls, size_t count,
                   void (*answered)(void *arg, const struct outbox_answer *answers, size_t count),
                   void *arg);

/*
 * What operators do.  audit tells of it in the same transaction; NULL: nobody is to be told of.
 */

/* ERR_NOT_FOUND: no delivery has this id; ERR_CONFLICT: its state does not permit it. */
int outbox_retry(struct host *host, const char *id, const struct store_audit *audit, struct err *e);
int outbox_cancel(struct host *host, const char *id, const struct store_audit *audit,
                  struct err *e);

/* Replays what fits, at most `most` (≤ STORE_GROUP_MAX) of them behind `after`; *ret_last is where to
 * go on; *ret_count < most: that was all. */
int outbox_replay(struct host *host, const struct store_filter *filter, uint64_t after,
                  uint32_t most, const struct store_audit *audit, uint64_t *ret_count,
                  uint64_t *ret_last, struct err *e);

/* Holds back what is stored for a connection in an environment, and refuses direct calls; or lets it
 * go on.  Kept over restarts.  ERR_NOT_FOUND: never deployed there. */
int outbox_pause(struct host *host, const char *project, const char *connection,
                 const char *environment, const char *reason, const struct store_audit *audit,
                 struct err *e);
int outbox_resume(struct host *host, const char *project, const char *connection,
                  const char *environment, const struct store_audit *audit, struct err *e);

/* Calls ended() once, when the delivery has come to an end (or at once, when it has already), on any
 * thread; it must not block.  Until then outbox_unwatch() takes it back: false when ended() was or is
 * being called.  *ret is owned by the outbox. */
struct outbox_watch;
int outbox_watch(struct host *host, const char *id, void (*ended)(void *arg), void *arg,
                 struct outbox_watch **ret, struct err *e);
bool outbox_unwatch(struct host *host, struct outbox_watch *watch);
