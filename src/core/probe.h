/*
 * Test connection: one call of the kind LK_OP_PROBE through a link of its own, that nobody else can
 * send through and that is gone afterwards; so a draft can be tested, and what is deployed is left alone.
 */
#pragma once

struct deployment;
struct err;
struct host;
struct lane;
struct send_answer;

/*
 * Takes the deployment, also on failure.  Waits until the connector has opened it, so not on a lane nor on a
 * thread of the HTTP server.  0: done() is called once, on a lane's thread, perhaps before this returns; it
 * must not block, and answer->outcome is its own.  It comes within the time-outs of the deployment.
 * ERR_INVALID: the connector cannot open it; ERR_BUSY: the host is stopping; ERR_NO_MEMORY.
 *
 * Whether the deployment is enabled makes no difference.  Nothing of it is an event, an alert or counted.
 */
int host_probe(struct host *host, struct deployment *deployment,
               void (*done)(void *arg, const struct send_answer *answer), void *arg, struct err *e);
/* The same, waiting for the answer; the caller owns its outcome. */
int host_probe_wait(struct host *host, struct deployment *deployment, struct send_answer *ret,
                    struct err *e);
/* The same on a lane's own thread, which does not wait: done() comes on it, perhaps before this returns.
 * 0, or an LK_E code: then done() is not called. */
int probe_begin(struct lane *lane, struct deployment *deployment,
                void (*done)(void *arg, const struct send_answer *answer), void *arg);
