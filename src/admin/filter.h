/* Which deliveries a list or a replay is about: the inputs, and what the store understands. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin/query.h"
#include "core/access.h"
#include "store/store.h"

struct api_call;
struct err;
struct problem;

/* A replay's body has them too, without the order. */
enum {
	FILTER_STATE,
	FILTER_PROJECT,
	FILTER_CONNECTION,
	FILTER_ENVIRONMENT,
	FILTER_SINCE,
	FILTER_UNTIL,
	FILTER_Q,
	FILTER_LIMIT,
	FILTER_CURSOR,
	FILTER_ORDER,
	FILTER_ROWS,
	FILTER_REPLAY_ROWS = FILTER_ORDER,
};

enum { FILTER_DESCENDING, FILTER_ASCENDING };

/* Names of states, in the order of enum store_state; NULL-terminated. */
extern const char *const filter_states[];
extern const struct query_row filter_rows[FILTER_ROWS];

struct filter {
	struct store_filter store;
	int64_t *links;  /* what store.links points at */
	bool is_empty;   /* nothing can fit */
	uint64_t cursor; /* 0: from the beginning */
};

/* values are those of the rows; only what is in projects where the caller may do the action fits.  0;
 * ERR_USAGE with a fault in p; ERR_DENIED, or what the store did, in e.  filter_finish() in any case. */
int filter_read(struct filter *f, struct api_call *call, enum action action,
                const struct query_value *values, struct problem *p, struct err *e);
void filter_finish(struct filter *f);
