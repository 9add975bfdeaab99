/* What a reload has to do: the difference between what runs and what is to run. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { PLAN_FINGERPRINT_BYTES = 32 };

/* A deployment as far as a plan looks at it.  All is borrowed. */
struct plan_item {
	const char *project, *connection, *environment;
	const uint8_t *fingerprint;
	size_t place; /* the caller's own */
};

enum plan_action { PLAN_CLOSE, PLAN_OPEN, PLAN_CHANGE, PLAN_KEEP, PLAN_ACTIONS };

struct plan_step {
	enum plan_action action;
	const struct plan_item *before; /* NULL: OPEN */
	const struct plan_item *after;  /* NULL: CLOSE */
};

/* Sorts both lists, and writes a step for each name in either into steps, which has room for
 * before_count + after_count; how many these are.  Names compare as in a host: those of connections
 * case-folded. */
size_t plan_make(struct plan_item *before, size_t before_count, struct plan_item *after,
                 size_t after_count, struct plan_step *steps);
