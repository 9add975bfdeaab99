/*
 * The universe of a simulation: what outlives the simulated host.
 *
 * A host runs in a process of its own (see world.h), and a crash is the end of that process: memory,
 * descriptors and static state are gone, exactly as in life.  What must not be gone, which is the
 * disk, the receivers and the record of what happened, lives in memory that all these processes share
 * at one address, and comes from here.
 *
 * One thread.  There is one universe in a process.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Makes the memory; bytes is an upper bound and costs nothing until it is used. */
void universe_begin(size_t bytes);
void universe_end(void);

/* As calloc(), free() …; being out of memory ends the process. */
void *universe_alloc(size_t bytes);
void *universe_resize(void *p, size_t bytes);
void *universe_dup(const void *p, size_t bytes); /* NULL gives NULL; one NUL byte is added behind */
char *universe_strdup(const char *s);            /* NULL gives NULL */
void universe_free(void *p);                     /* takes NULL */
/* How many pieces are in use. */
size_t universe_pieces(void);

/* The one stream of chance that everything of the simulation draws from. */
struct dice {
	uint64_t state;
};
uint64_t dice_next(struct dice *d);
/* 0 … limit-1; 0 when limit is 0 */
uint64_t dice_below(struct dice *d, uint64_t limit);
/* least ≤ x ≤ most */
int64_t dice_between(struct dice *d, int64_t least, int64_t most);
bool dice_chance(struct dice *d, double probability);
/* Exponentially distributed: the wait for what happens at random every mean_ms. */
int64_t dice_wait_ms(struct dice *d, int64_t mean_ms);
