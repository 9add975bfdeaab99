/* Threads with names and without signals. */
#pragma once

#include <pthread.h>

struct err;

/* Starts a thread that takes no signals, named for debuggers (at most 15 characters).  It must be
 * joined with pthread_join(). */
int thread_start(pthread_t *ret_thread, const char *name, void *(*run)(void *), void *arg,
                 struct err *e);

/* CPUs that this process may use; at least 1. */
int thread_cpus(void);
