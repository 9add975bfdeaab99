/* The names of links by their number in the store; kept, so that a list of deliveries does not read all
 * links.  Any thread. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "core/access.h"

struct err;
struct store;

struct link_name {
	int64_t id;
	const char *project, *connection,
		*environment; /* they live as long as the register, renamed or not */
};

struct names {
	pthread_mutex_t lock;
	struct arena arena;
	struct link_name *items; /* by id */
	size_t count, cap;
	bool stale;
};

void names_init(struct names *n);
void names_finish(struct names *n);

/* Connections were renamed, moved or deleted: the names are read anew before they are asked for again. */
void names_renew(struct names *n);

/* ERR_NOT_FOUND, or what the store says. */
int names_find(struct names *n, struct store *store, int64_t id, struct link_name *ret,
               struct err *e);
/* The numbers of all links that have these names (NULL: any), connection and project compared
 * case-folded, in projects where who may do the action; *ret is given away (mem_free) and not NULL, even when there is none. */
int names_select(struct names *n, struct store *store, const char *project, const char *connection,
                 const char *environment, const struct who *who, enum action action, int64_t **ret,
                 size_t *ret_count, struct err *e);
