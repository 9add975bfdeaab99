/*
 * The periodic Test connection of a link (`test_every_s`): the deployment that runs is probed through a link of
 * its own, so that messages are in nobody's way, and what came of it is kept.  All [lane].
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/lane.h"

struct queue;

/* Of one queue.  Starts as zeros. */
struct trial {
	struct timer timer;
	bool running;
	/* The last one. */
	int64_t at_ms; /* Unix time; 0: there was none */
	bool ok;
	unsigned status;
	char reason[64];
};

/* Its link was deployed: begins, goes on, or stops, as the settings say. */
void trial_begin(struct queue *q);
/* There is no link any more. */
void trial_end(struct queue *q);
