/*
 * Test connection: one call of the kind LK_OP_PROBE through a link of its own, that nobody else can
 * send through and that is gone afterwards; so a draft can be tested, and what is deployed is left alone.
 */
#pragma once

struct deployment;
struct err;
struct host;
struct send_answer;

/* Takes the deployment, also on failure.  0: done() is called once, on a lane's thread, which it must not
 * block; answer->outcome is its own.  ERR_INVALID: the connector cannot open it. */
int host_probe(struct host *host, struct deployment *deployment,
               void (*done)(void *arg, const struct send_answer *answer), void *arg, struct err *e);
