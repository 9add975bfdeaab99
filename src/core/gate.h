/* A gate: one thread waits at it until another one opens it.  In a manual host the one that waits makes
 * the host go on meanwhile. */
#pragma once

#include <pthread.h>
#include <stdbool.h>

struct host;

struct gate {
	struct host *host;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool open;
};

void gate_init(struct gate *g, struct host *host);
void gate_open(void *gate);     /* a struct gate *, so that it fits callbacks */
void gate_wait(struct gate *g); /* once; finishes it */
