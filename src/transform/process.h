/*
 * One worker process as the host has it: a socket to it, what is being written and read, never blocking.
 * Used by the pool's thread alone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "transform/frame.h"

struct err;
struct transform;

enum { PROCESS_PARTS = 5 };

struct process {
	pid_t pid; /* 0: there is none */
	int fd;

	/* The request. */
	struct frame_request request;
	char names[FRAME_NAMES_MAX];
	struct {
		const void *data;
		size_t bytes;
	} parts[PROCESS_PARTS];
	unsigned part;
	size_t part_done_bytes;

	/* The answer. */
	struct frame_answer head;
	size_t head_bytes, message_bytes, output_bytes; /* read so far */
	char message[FRAME_MESSAGE_BYTES];
	char *output; /* NULL until the head is there */
};

struct process_limits {
	const char *worker; /* the program */
	size_t memory_bytes;
	unsigned cpu_seconds;
};

enum process_state {
	PROCESS_MORE,      /* it goes on when the socket is ready */
	PROCESS_ANSWER,    /* a whole, sound answer is there */
	PROCESS_END,       /* the process closed its end */
	PROCESS_WRONG,     /* what it says is no answer */
	PROCESS_NO_MEMORY, /* for its answer */
};

/* Starts it, and expects its first answer.  0; ERR_IO. */
int process_start(struct process *p, const struct process_limits *limits, struct err *e);
/* Puts an end to it and waits for that, which takes moments.  How it ended, as of waitpid(), before the kill if
 * it was dead already; 0 when there is none. */
int process_kill(struct process *p);

/* Whether names, values and input of a run are small enough to be asked; else why not, in its message. */
bool process_may_ask(struct transform *t);
/* What the next request is, and that its answer is expected; nothing is written yet. */
void process_ask(struct process *p, const struct transform *t);
bool process_has_to_write(const struct process *p);
void process_write(struct process *p);
enum process_state process_read(struct process *p);
/* Moves the answer to the run; only after PROCESS_ANSWER. */
void process_take(struct process *p, struct transform *t);
