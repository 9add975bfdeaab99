/*
 * A store in the memory of the universe: it obeys the laws of store/store.h as the SQLite engine does,
 * and does what no real disk does when it is asked: takes as long as the script says, is full, fails,
 * and loses what was not committed when its host crashes.
 *
 * There is no thread: what is posted waits until memory_store_turn() finds that the group under way
 * has been committed.  Time is that of clock_fake.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

struct memory_store;

/* Called for what has been committed, in its order.  Every function may be NULL. */
struct memory_script {
	int64_t (*latency_ms)(void *arg, size_t operations); /* of the commit that begins now */
	/* The row as it is now; its state before, STORE_STATES: it is new. */
	void (*changed)(void *arg, const struct store_delivery *now, enum store_state before);
	void (*pruned)(void *arg, const struct store_delivery *last);
	void *arg;
	int64_t done_keep_ms, dead_keep_ms; /* 0: 7 and 30 days */
};

/* How much room the disk has. */
enum memory_room {
	MEMORY_ROOMY,
	MEMORY_FULL,      /* nothing is accepted; what a reserve is kept for goes on */
	MEMORY_EXHAUSTED, /* the reserve is used up too: settlements wait */
};

struct memory_store *memory_store_create(const struct memory_script *script);
void memory_store_destroy(struct memory_store *m);
/* The store, for a host that begins.  After a crash it may be called again. */
struct store *memory_store_face(struct memory_store *m);

/* Commits the group under way when its time has come, and begins the next one.  False: nothing was to
 * be done. */
bool memory_store_turn(struct memory_store *m);
/* When the group under way will be committed, on clock_fake's monotonic time; -1: there is none. */
int64_t memory_store_next_ms(const struct memory_store *m);

/* The host dies.  Of what was queued the first `survive` operations have still been committed, and
 * nobody was told; the rest is lost.  done() is not called any more. */
void memory_store_crash(struct memory_store *m, size_t survive);
size_t memory_store_queued(const struct memory_store *m);

void memory_store_set_room(struct memory_store *m, enum memory_room room);
/* What is queued waits for room, and for nothing else. */
bool memory_store_is_short(const struct memory_store *m);
/* The next group fails to be committed, and the store with it: everything is answered ERR_IO.  With
 * `kept` that group is on the disk all the same. */
void memory_store_fail(struct memory_store *m, bool kept);
/* While it is set, what is posted is committed at once: for whoever waits for an answer. */
void memory_store_at_once(struct memory_store *m, bool at_once);

/* One row as it was last committed; NULL: there is none.  Borrowed until the next turn. */
const struct store_delivery *memory_store_row(const struct memory_store *m, uint64_t seq);
/* Whether that link is paused, as it was last committed. */
bool memory_store_paused(const struct memory_store *m, int64_t link);
/* The first open delivery of a link with this key, if it was accepted before seq; else NULL. */
const struct store_delivery *memory_store_earlier(const struct memory_store *m, int64_t link,
                                                  const char *key, uint64_t seq);
/* READY ones of a link that are due, and first of their ordering key where that counts; *ret_due_ms: the
 * moment the first of them became due (0: none). */
size_t memory_store_due(const struct memory_store *m, int64_t link, int64_t now_ms, bool ordered,
                        int64_t *ret_due_ms);
