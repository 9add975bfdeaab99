/*
 * A host: lanes, plugins, and the connections that are deployed; where callers send through a
 * connection by its name.  What is stored and sent later goes through core/outbox.h.
 *
 * host_send() may be called on any thread; the answer comes on the lane's thread.  Opening, closing,
 * draining and destroying belong to one control thread at a time.
 */
#pragma once

#include <linkspan/connector.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct clock;
struct conf;
struct deployment;
struct err;
struct host;
struct message;
struct outcome;
struct plugins;
struct store;
struct transforms;

/* Resolves a name into at most `cap` addresses.  Blocking; on the errand pool.  Returns how many,
 * or negative with one line in text (text_bytes long). */
typedef int host_lookup(const char *name, uint16_t port, struct sockaddr_storage *ret, size_t cap,
                        char *text, size_t text_bytes);

struct host_options {
	const struct plugins *plugins; /* borrowed until host_destroy() */
	unsigned lanes;                /* 0: one per CPU, at most 4 */
	const struct clock *clock;     /* NULL: the system's */
	struct transforms *transforms; /* for body templates; borrowed, as above; NULL: none */
	host_lookup *lookup;           /* NULL: getaddrinfo() */

	/* Durable sending; without a store there is none. */
	struct store *store;     /* borrowed until host_destroy(); host_create() recovers it */
	const char *flight_file; /* of the flight register; NULL: in memory alone */
	int64_t state_max_bytes; /* beyond it nothing is accepted; 0: no bound */

	/* The simulation: no threads; everything happens inside host_turn() on the caller's.  Functions
	 * that wait call host_turn() meanwhile, and idle() when there was nothing to do. */
	bool manual;
	void (*idle)(void *arg);
	void *idle_arg;
};

int host_create(const struct host_options *options, struct host **ret, struct err *e);
/* Waits for the work under way and for the store, then closes all links.  What is stored and waits goes
 * back to the disk.  Takes NULL. */
void host_destroy(struct host *host);
/* Begins nothing more, and waits at most grace_ms for what is in flight; then the plugins are asked to
 * give up the rest, and *cut, when not NULL, ends the waiting at once.  host_destroy() follows. */
void host_drain(struct host *host, int64_t grace_ms, const bool *cut);

/* Opens the link of a deployment.  Takes the deployment, also on failure.  The plugin's open() has
 * returned when this returns.  ERR_CONFLICT when a link of that name is open already. */
int host_open(struct host *host, struct deployment *deployment, struct err *e);
/* The same; one that is open is replaced: what is in flight ends with the old one, everything else goes
 * through the new one.  On failure the old one goes on. */
int host_replace(struct host *host, struct deployment *deployment, struct err *e);
/* Closes it once its work is done; waiting calls are refused, stored messages wait on the disk: what is to
 * be noted of them has been posted to the store when this returns.  ERR_NOT_FOUND. */
int host_close(struct host *host, const char *project, const char *connection,
               const char *environment, struct err *e);

/* A connection is called so from now on, in all of its environments; what waits and what is in flight is not
 * touched.  What is deployed is to be replaced then: a deployment keeps the name that it was made with.
 * ERR_NO_MEMORY: nothing has changed. */
int host_rename(struct host *host, const char *from_project, const char *from_name,
                const char *to_project, const char *to_name, struct err *e);
/* A connection is not there any more; its links are closed.  Its name is free for another one. */
void host_forget(struct host *host, const char *project, const char *connection);

/* What is deployed now, each on this thread; the deployment is borrowed for the call. */
void host_deployments(struct host *host, void (*each)(void *arg, const struct deployment *),
                      void *arg);

struct store *host_store(const struct host *host); /* NULL: none */
const struct clock *host_clock(const struct host *host);

/* Manual hosts: one turn of all lanes, without waiting; false when there was nothing to do.  And when
 * the next timer is due, on the monotonic clock; -1: none. */
bool host_turn(struct host *host);
int64_t host_next_ms(const struct host *host);

struct send_call {
	const char *project; /* NULL: global.  The project is searched first, then global */
	const char *connection;
	const char *environment;
	uint32_t kind;           /* LK_OP_SEND, … */
	struct message *message; /* a reference is taken */
};

/* outcome is owned by the receiver of the answer (outcome_destroy). */
struct send_answer {
	struct outcome *outcome;
	uint32_t attempts;
	int64_t duration_ms; /* from the call to the answer */
};

/* Sends directly: 0 means that done() follows exactly once, on the lane's thread, which it must not
 * block.  ERR_NOT_FOUND when no such link is open. */
int host_send(struct host *host, const struct send_call *call,
              void (*done)(void *arg, const struct send_answer *answer), void *arg, struct err *e);
/* The same, waiting for the answer.  Not on a lane's thread. */
int host_send_wait(struct host *host, const struct send_call *call, struct send_answer *ret,
                   struct err *e);
