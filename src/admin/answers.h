/*
 * How often the API answered, by route and status.  Any thread.
 */
#pragma once

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct sheet;

enum { ANSWERS_STATUS_LEAST = 100, ANSWERS_STATUSES = 500 };

struct answers {
	/* A row for each route, after one for what came to none. */
	_Atomic uint64_t (*counts)[ANSWERS_STATUSES];
};

int answers_init(struct answers *a); /* 0 or ERR_NO_MEMORY */
void answers_finish(struct answers *a);
/* route: its place in the table of routes, from 1; 0: none. */
void answers_count(struct answers *a, unsigned route, unsigned status);
/* The samples of linkspan_api_requests_total. */
void answers_write(const struct answers *a, struct sheet *s);
