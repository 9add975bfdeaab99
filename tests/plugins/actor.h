/*
 * What a test knows of the plugin "actor": the book in which it writes what it was given.  The plugin
 * offers it as an extension of its own.
 */
#pragma once

#include <pthread.h>
#include <stdint.h>

#define ACTOR_BOOK "actor.book"

enum { ACTOR_ROWS = 8192 };

struct actor_book {
	pthread_mutex_t lock;
	unsigned submitted; /* how many rows are filled in; the rest is only counted */
	unsigned in_flight, most;
	struct actor_row {
		char connection[32], body[48], id[40], content_type[40];
		uint32_t attempt, flags;
		unsigned others; /* in flight when it came */
	} rows[ACTOR_ROWS];
};
