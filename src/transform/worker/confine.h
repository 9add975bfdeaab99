/* What a worker takes from itself before it meets a program: files, network, other processes, endless memory. */
#pragma once

#include <stddef.h>

enum { CONFINE_WHY_BYTES = 128 };

struct confine {
	size_t memory_bytes;  /* of address space */
	unsigned cpu_seconds; /* of one run, before the kernel ends the process */
	unsigned long host;   /* process id of the host; the worker ends with it */

	char why[CONFINE_WHY_BYTES]; /* what could not be done */
	unsigned long cpu_until;     /* seconds of the processor at which the kernel ends it */
};

/* 0, or -1 with why: then no program may be run.  Only FRAME_FD stays open. */
int confine_self(struct confine *c);
/* Gives the next run its time, once most of what the last ones had is used up. */
void confine_renew_cpu(struct confine *c);
