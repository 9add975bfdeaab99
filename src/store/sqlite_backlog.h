/*
 * What waits for its claim without a place in the indexes of the file: an index in memory.
 *
 * When more is accepted than the links take for a moment, most of a burst is claimed again within
 * seconds.  Two indexes in the file that hold it for so long are most of what such a delivery costs.
 * So its row says READY without a due time, it is found after a crash as fresh leases are, and here
 * stands which ones of a link are next.  What waits for longer gets its place in the file after all
 * (sqlite_file.c).
 *
 * Changes are part of the writer's transaction: they count for it at once, and are made or undone with
 * it.  An entry may be stale, for whatever changes the row leaves it alone: whoever takes one looks at
 * the row.  Only the writer may call these.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BACKLOG_MOST = 100000 /* 16 bytes each, and as much among the fresh */ };

struct backlog_row {
	uint64_t seq;
	int64_t due_ms : 63;
	uint64_t gone : 1; /* taken, and not leased: it is of no more interest */
};

/* Of one link, in the order of acceptance.  Places are counted on and on; that of a count is its
 * remainder by `cap`, a power of two. */
struct backlog_ring {
	int64_t link;
	struct backlog_row *rows;
	size_t cap;
	size_t start, end;     /* committed */
	size_t next, end_next; /* as the transaction has it: taken up to, added up to */
	struct backlog_ring *touched;
	bool is_touched;
};

struct backlog {
	struct backlog_ring **rings; /* in the order of link */
	size_t ring_count, ring_cap;
	struct backlog_ring *touched; /* by this transaction */
	size_t count;
};

void backlog_finish(struct backlog *w);

/* At the end of its link.  False: there is no room. */
bool backlog_add(struct backlog *w, int64_t link, uint64_t seq, int64_t due_ms);
/* The first of a link; NULL: there is none. */
const struct backlog_row *backlog_first(const struct backlog *w, int64_t link);
/* Takes the first, which is there; `leased`: it is leased now. */
void backlog_take(struct backlog *w, int64_t link, bool leased);
/* A link that has something, the one after `link` in their order; 0: there is none. */
int64_t backlog_link_after(const struct backlog *w, int64_t link);

/* The end of a transaction: what it added and took is told in its order, and is so for good; or it was
 * never added nor taken. */
struct backlog_told {
	void (*added)(void *arg, uint64_t seq, int64_t link);
	void (*taken)(void *arg, uint64_t seq, bool leased);
	void *arg;
};
void backlog_commit(struct backlog *w, const struct backlog_told *told);
void backlog_roll_back(struct backlog *w);
