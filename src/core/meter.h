/*
 * A plugin's own metrics (lk_host.count, lk_host.observe): for each link a few named numbers.
 *
 * Any thread.  A plugin is not trusted with how many there are: names are checked and bounded, over the
 * host and for each link; what does not fit is counted as dropped.  A number is found without a lock once
 * it is there.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/histogram.h"

struct measure;

enum {
	METER_NAME_BYTES = 64,
	METER_FAMILIES = 64, /* names, over the host */
	METER_LINK_MOST = 16,
};

enum meter_kind { METER_COUNT, METER_SECONDS };

struct meter_family {
	char name[METER_NAME_BYTES]; /* [a-z_][a-z0-9_]*, as the plugin calls it */
	enum meter_kind kind;
};

/* Of the host. */
struct meters {
	pthread_mutex_t lock;                         /* of whoever adds a family */
	_Atomic size_t count;                         /* families that are there, and stay */
	struct meter_family families[METER_FAMILIES]; /* a row is constant once it is counted */
	_Atomic uint64_t dropped;
};

/* One number of one link. */
struct meter {
	struct meter *next;
	const struct meter_family *family;
	_Atomic uint64_t count;
	struct histogram seconds; /* of METER_SECONDS; on histogram_requests */
};

void meters_init(struct meters *meters);
void meters_finish(struct meters *meters);
/* Frees the numbers of a link. */
void meter_finish(struct measure *m);

void meter_count(struct meters *meters, struct measure *m, const char *name, uint64_t add);
void meter_observe(struct meters *meters, struct measure *m, const char *name, double seconds);

/* The link's number of that family; NULL: none was counted. */
const struct meter *meter_find(const struct measure *m, const struct meter_family *family);
