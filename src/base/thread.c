/* Threads with names and without signals. */
#include "base/thread.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>

#include "base/banned.h"
#include "base/err.h"

int thread_start(pthread_t *ret_thread, const char *name, void *(*run)(void *), void *arg,
                 struct err *e)
{
	sigset_t all, before;
	pthread_t thread;

	/* The new thread inherits the mask: signals belong to the control thread alone. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int rc = pthread_create(&thread, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0) {
		errno = rc;
		return err_set_errno(e, ERR_NO_MEMORY, "cannot start the thread \"%s\"", name);
	}
	pthread_setname_np(thread, name);
	*ret_thread = thread;
	return 0;
}

int thread_cpus(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	int count = CPU_COUNT(&set);
	return count > 0 ? count : 1;
}
