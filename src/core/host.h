/*
 * A host: lanes, plugins, and the links that are open; where callers send through a connection by
 * its name.
 *
 * host_send() may be called on any thread; the answer comes on the lane's thread.  Opening, closing
 * and destroying belong to one control thread at a time.
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

/* Resolves a name into at most `cap` addresses.  Blocking; on the errand pool.  Returns how many,
 * or negative with one line in text (text_bytes long). */
typedef int host_lookup(const char *name, uint16_t port, struct sockaddr_storage *ret, size_t cap,
                        char *text, size_t text_bytes);

struct host_options {
	const struct plugins *plugins; /* borrowed until host_destroy() */
	unsigned lanes;                /* 0: one per CPU, at most 4 */
	const struct clock *clock;     /* NULL: the system's */
	host_lookup *lookup;           /* NULL: getaddrinfo() */
	struct store *store;           /* borrowed; NULL: no durable sending */
	const char *flight_file;       /* of the flight register */
	void (*failed)(void *arg, const char *why); /* the store failed; any thread */
	void *failed_arg;
};

int host_create(const struct host_options *options, struct host **ret, struct err *e);
/* Waits for the work under way, then closes all links.  Takes NULL. */
void host_destroy(struct host *host);

/* Opens the link of a deployment.  Takes the deployment, also on failure.  The plugin's open() has
 * returned when this returns.  ERR_CONFLICT when a link of that name is open already. */
int host_open(struct host *host, struct deployment *deployment, struct err *e);
/* Opens the link of a deployment, or swaps the one that runs, hot.  Takes the deployment. */
int host_replace(struct host *host, struct deployment *deployment, struct err *e);
/* No new attempts; waits for what is in flight, then leaves the rest READY. */
void host_drain(struct host *host, int64_t grace_ms);
struct store *host_store(struct host *host);
/* Closes it once its work is done; waiting calls are refused.  ERR_NOT_FOUND. */
int host_close(struct host *host, const char *project, const char *connection,
               const char *environment, struct err *e);

struct send_call {
	const char *project; /* NULL: global */
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
