/*
 * Reading standard input beside sending: a thread fills one batch while another is on its way.
 *
 * At most one batch and one piece of input are kept ahead; then reading waits, and so does whoever
 * writes.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "linkspan/pipe_lines.h"

struct err;

struct pipe_input {
	pthread_t thread;
	pthread_mutex_t lock; /* what follows */
	pthread_cond_t changed;
	struct pipe_batch *open; /* being filled */
	bool has_ended;          /* nothing more is coming */
	bool is_stopped;         /* nobody takes any more */
	int rc, read_errno;      /* why it ended early */
	/* The thread's own. */
	struct pipe_lines lines;
	int fd, stop_fd, wake_fd;
};

/* Starts reading fd, until its end or until stop_fd becomes readable, into `open`, which is lent
 * until pipe_input_finish(). */
int pipe_input_start(struct pipe_input *in, int fd, int stop_fd, struct pipe_batch *open,
                     struct err *e);
/* Waits for lines and takes them, however few; gives the empty batch `next` in exchange.
 * *ret NULL: the end.  0, ERR_IO or ERR_NO_MEMORY, when all that could be read was taken. */
int pipe_input_take(struct pipe_input *in, struct pipe_batch *next, struct pipe_batch **ret,
                    struct err *e);
void pipe_input_finish(struct pipe_input *in);
