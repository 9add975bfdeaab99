/*
 * Compiled programs, the ones that were used last kept.
 *
 * A program is wrapped, so that variables are values of a run and not of the compilation, which takes
 * 15 ms: `.[1] as [$a, $b] | .[0] | (PROGRAM)`, all before the program on its first line.
 */
#pragma once

#include <stddef.h>

#include "transform/frame.h"

struct jq_state;
struct message;

struct program {
	char *key; /* names, each with its NUL, and the text; NULL: none here */
	size_t key_bytes;
	struct jq_state *jq;
	unsigned long used; /* when, in runs */
};

struct programs {
	struct program kept[FRAME_PROGRAMS_KEPT];
	unsigned long runs;
	size_t memory_bytes; /* beyond which nothing is kept */
};

/* names: each with its NUL.  NULL: it does not compile, and the message says why. */
struct jq_state *programs_get(struct programs *all, const char *names, size_t names_bytes,
                              const char *text, size_t bytes, struct message *m);
void programs_forget(struct programs *all);
/* Ends the worker; the handler of jq_set_nomem_handler(), which jq forgets at each new state. */
void programs_no_memory(void *arg) __attribute__((noreturn));
