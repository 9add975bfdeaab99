/* A memory store from within. */
#pragma once

#include "memory_rows.h"
#include "memory_store.h"

#define DAY_MS (24 * INT64_C(3600000))

struct memory_store {
	struct store face;
	struct memory_script script;
	struct rows rows;
	/* The operations are the host's: they end with it. */
	struct store_op *first, **end;
	size_t queued;
	size_t group;      /* of these in the group under way; 0: none is */
	int64_t commit_ms; /* when that one is committed */
	enum memory_room room;
	bool failing, failed, kept, at_once, committing;
	int64_t pruned_ms;
	struct store_stats stats;
};

/* Tells the script of a committed change. */
void memory_changed(struct memory_store *m, const struct row *row, enum store_state before);
void memory_carry_out(struct memory_store *m, struct store_op *op);
/* Offers what is due; without `lease` nothing is changed: the transaction fails afterwards. */
void memory_claim(struct memory_store *m, struct store_claim *claim, bool lease);
void memory_recover(struct memory_store *m, const uint64_t *suspects, size_t count,
                    struct store_recovery *ret);
