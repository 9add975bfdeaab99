/* What a memory store keeps: rows in the orders that its operations ask for.  Inside the store only. */
#pragma once

#include "store/store.h"

struct row;

/* Rows in an order; taking from the front costs nothing. */
struct sorted {
	int (*compare)(const struct row *a, const struct row *b);
	struct row **rows; /* first … first + count - 1 */
	size_t first, count, cap;
};

/* The open deliveries of one ordering key. */
struct key_rows {
	struct key_rows *next;
	char *key;
	struct sorted open; /* by seq */
	unsigned leased;
};

struct once_key {
	struct once_key *next;
	char *key;
	uint8_t digest[STORE_DIGEST_BYTES];
	uint64_t seq, salt;
	int64_t at_ms;
};

struct link_rows {
	struct link_rows *next;
	int64_t id;
	char *project, *connection, *environment;
	bool paused;
	char *paused_reason;
	struct sorted ready; /* by due_ms, then seq */
	struct sorted open;  /* by seq */
	struct key_rows *keys;
	struct once_key *once;
	uint64_t counts[STORE_STATES];
};

/* All texts are the row's own. */
struct row {
	struct store_delivery d;
	struct link_rows *link;
	struct key_rows *key; /* NULL: none */
	struct store_attempt *attempts;
	size_t attempt_count;
};

struct rows {
	struct sorted all; /* by seq */
	struct link_rows *links;
	int64_t last_link;
	uint64_t seq_most; /* of all that ever were */
};

static inline struct row *sorted_at(const struct sorted *s, size_t i)
{
	return s->rows[s->first + i];
}

/* The place of the first row that is not before this one. */
size_t sorted_place(const struct sorted *s, const struct row *row);

void rows_init(struct rows *r);
void rows_finish(struct rows *r);
struct row *rows_find(const struct rows *r, uint64_t seq);
struct link_rows *rows_link(const struct rows *r, int64_t id);
struct link_rows *rows_link_named(struct rows *r, const char *project, const char *connection,
                                  const char *environment);
struct key_rows *rows_key(struct link_rows *link, const char *key); /* NULL: none is open */

/* A new row, a copy of d; its state and due_ms hold. */
struct row *rows_add(struct rows *r, const struct store_delivery *d);
void rows_remove(struct rows *r, struct row *row);
/* Another state, or another due time. */
void row_move(struct row *row, enum store_state state, int64_t due_ms);
void row_set_last(struct row *row, uint32_t status, const char *reason, int64_t duration_ms);
void row_add_attempt(struct row *row, const struct store_attempt *a);
/* Whether its ordering key lets it be leased. */
bool row_is_first(const struct row *row);
