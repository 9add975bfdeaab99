/*
 * Whose turn it is: runs that wait, one queue for each program, and the rules by which a worker that is free
 * gets the next.  No threads, no processes, no clock: the pool holds a lock around it and says the time.
 *
 * Queues take turns.  A program that is not known to be quick runs once at a time.  One that came to a
 * deadline within the last minute is slow, and all slow ones together leave a worker to the others, where
 * there is more than one.  So what nobody has seen before cannot take every worker; what was quick and
 * then is not can, until its first deadline.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

struct transform;
struct turn;

/* How a run ended, for what comes after it. */
enum turn_end { TURN_QUICK, TURN_LONG, TURN_TIMED_OUT };

enum { TURNS_BUCKETS = 256, TURNS_SLOW_MS = 60000 };

struct turns {
	struct list buckets[TURNS_BUCKETS]; /* struct turn by key */
	struct list waiting;                /* those that have runs, in the order of their turns */
	struct list slow;                   /* in the order in which they cease to be */
	size_t waiting_runs;
	unsigned workers;
	unsigned slow_running;
	uint64_t seed;
};

/* The runs of one program. */
struct turn {
	struct list in_bucket, in_waiting, in_slow;
	uint64_t key; /* of program and names */
	struct transform *first, **end;
	unsigned running;
	bool is_quick;
	int64_t slow_until_ms; /* 0: it is not slow */
};

/* seed: unknown to whoever writes programs, so that nobody can make two keys meet. */
void turns_init(struct turns *all, unsigned workers, uint64_t seed);
/* Nothing may wait or run. */
void turns_finish(struct turns *all);

/* Puts a run behind those of its program.  0 or ERR_NO_MEMORY. */
int turns_add(struct turns *all, struct transform *t);
/* Takes the run that a free worker is to do; NULL: none may. */
struct transform *turns_take(struct turns *all, int64_t now_ms, struct turn **ret_turn);
/* A run that was taken has ended. */
void turns_end(struct turns *all, struct turn *turn, enum turn_end how, int64_t now_ms);
/* Takes any run that waits, to refuse it; NULL: none. */
struct transform *turns_drain(struct turns *all);
