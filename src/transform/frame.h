/*
 * What the host and a worker say to each other over their socket pair.  Both are built together and run on
 * one machine, so numbers are as the processor has them.
 *
 * The worker speaks first: one answer, TRANSFORM_OK when it has confined itself, else why it could not.
 * From then on each request gets one answer.  Whoever sees the other's end closed is done.  A worker may be in
 * the hands of a program that broke out of jq: the host believes no number of an answer.
 */
#pragma once

#include <stdint.h>

enum {
	FRAME_FD = 3, /* the worker's end */
	FRAME_NAMES_MAX = 4096,
	FRAME_VALUES_MAX = 4 * 1024 * 1024,
	FRAME_INPUT_MAX = 64 * 1024 * 1024,
	FRAME_MESSAGE_BYTES = 256, /* the longest message, its NUL included */
	FRAME_PROGRAMS_KEPT = 64,  /* that a worker has compiled */
};

/* How a worker ended by its own will. */
enum {
	WORKER_EXIT_DONE = 0,
	WORKER_EXIT_USAGE = 64,     /* it was not started by a host */
	WORKER_EXIT_NO_MEMORY = 65, /* an allocation failed */
	WORKER_EXIT_UNCONFINED = 66,
	WORKER_EXIT_FRAME = 67, /* the host's request made no sense */
};

enum { FRAME_CHECK_ONLY = 1 };

/* Followed by program, names, values and input, without anything between them. */
struct frame_request {
	uint32_t flags; /* FRAME_… */
	uint32_t program_bytes;
	uint32_t names_bytes; /* each name with its NUL */
	uint32_t values_bytes;
	uint32_t input_bytes;
};

/* Followed by the message, which ends with a NUL that is counted, or has 0 bytes; then the output. */
struct frame_answer {
	uint32_t result; /* enum transform_result */
	uint32_t is_text;
	uint32_t message_bytes;
	uint32_t output_bytes;
};
