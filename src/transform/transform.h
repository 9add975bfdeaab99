/*
 * Transformations: jq programs that make one value from another, each run by a worker process.
 *
 * libjq has no time-out, aborts when memory ends and reads files, so a program never runs in the host:
 * workers have no files, no network, no environment, and bounds of memory and time.  What a program does
 * to its worker fails that one run alone, and the worker is replaced.
 *
 * A pool has one thread and its workers, which start with the first run.  Runs of different programs take
 * turns, so that a slow one holds up its own alone as far as there are workers.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct transforms;

enum {
	TRANSFORM_PROGRAM_MAX = 16384,  /* bytes of a program */
	TRANSFORM_OUTPUT_MAX = 1048576, /* bytes of a result */
};

enum transform_result {
	TRANSFORM_OK,
	TRANSFORM_BAD_PROGRAM, /* it does not compile; message says where */
	TRANSFORM_BAD_INPUT,   /* the input is not JSON */
	TRANSFORM_FAILED, /* the program ended with an error, or did not give exactly one value */
	TRANSFORM_TOO_LARGE,   /* the result is longer than TRANSFORM_OUTPUT_MAX */
	TRANSFORM_TIMEOUT,     /* it took longer than the deadline */
	TRANSFORM_DIED,        /* its worker ended: it needed too much memory, or went too deep */
	TRANSFORM_UNAVAILABLE, /* no worker can be started, or the pool is stopping */
};

/* One run; embedded in what it is a part of, which stays until done(). */
struct transform {
	/* The caller's; borrowed until done(). */
	const char *program; /* jq, without what a worker does not have: files, modules, inputs */
	const char *const *names; /* variables that it may use besides ".", without "$"; NULL at the
	                           * end; NULL: none */
	const char *values;       /* their values: a JSON array, in the order of the names */
	const void *input;        /* one JSON value; NULL or 0 bytes: null */
	size_t input_bytes;
	bool check_only;                  /* compile it, and no more */
	void (*done)(struct transform *); /* on the pool's thread, or in transform_post(); must not
	                                   * block, may post */

	/* The answer. */
	enum transform_result result;
	char *output; /* owned by the receiver (mem_free); NUL-terminated; NULL unless there is one */
	size_t output_bytes;
	bool is_text;      /* the value is a string, and output its text; else output is JSON */
	char message[256]; /* of a failure: one line for people */

	struct transform *next; /* the pool's */
	int64_t due_ms;         /* the pool's */
};

struct transforms_options {
	const char *worker;  /* the program; NULL: the installed linkspan-transform */
	unsigned workers;    /* 0: one per CPU, at most 4 */
	int64_t deadline_ms; /* of one run, from when a worker has it; 0: 2000 */
	size_t memory_bytes; /* address space of a worker; 0: 256 MiB */
};

/* options NULL: all of them 0.  0, ERR_NO_MEMORY or ERR_IO. */
int transforms_create(const struct transforms_options *options, struct transforms **ret,
                      struct err *e);
/* Ends the workers.  What still waits is answered TRANSFORM_UNAVAILABLE first.  Takes NULL. */
void transforms_destroy(struct transforms *pool);

/* Any thread.  done() follows exactly once; what can be refused at once is, on this thread, before this
 * returns.  pool NULL: there is none, which is answered TRANSFORM_UNAVAILABLE. */
void transform_post(struct transforms *pool, struct transform *t);
/* The same, waiting for the answer; done is not used.  Not on the pool's thread. */
void transform_wait(struct transforms *pool, struct transform *t);
