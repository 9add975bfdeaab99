/* The register of names: a sorted array, read anew when a number is not in it. */
#include "admin/names.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"
#include "base/err.h"
#include "store/store.h"

void names_init(struct names *n)
{
	*n = (struct names){0};
	arena_init(&n->arena);
	pthread_mutex_init(&n->lock, NULL);
}

void names_finish(struct names *n)
{
	mem_free(n->items);
	arena_finish(&n->arena);
	pthread_mutex_destroy(&n->lock);
}

static int compare(const void *a, const void *b)
{
	const struct link_name *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static struct link_name *find(const struct names *n, size_t count, int64_t id)
{
	const struct link_name key = {.id = id};

	return count ? bsearch(&key, n->items, count, sizeof(key), compare) : NULL;
}

struct reading {
	struct names *names;
	size_t known; /* how many were there before, in order */
	bool failed;
};

static int grow(struct names *n)
{
	size_t cap = n->cap ? 2 * n->cap : 64;
	struct link_name *bigger = mem_resize(n->items, cap, sizeof(*bigger));

	if (!bigger)
		return ERR_NO_MEMORY;
	n->items = bigger;
	n->cap = cap;
	return 0;
}

static bool same(const struct link_name *name, const struct store_link *link)
{
	return strcmp(name->project, link->project) == 0 &&
	       strcmp(name->connection, link->connection) == 0 &&
	       strcmp(name->environment, link->environment) == 0;
}

static void keep(void *arg, const struct store_link *link)
{
	struct reading *r = arg;
	struct names *n = r->names;

	if (r->failed)
		return;
	struct link_name *known = find(n, r->known, link->id);
	if (known && same(known, link))
		return;
	r->failed = !known && n->count == n->cap && grow(n) < 0;
	if (r->failed)
		return;
	struct link_name name = {
		.id = link->id,
		.project = arena_strdup(&n->arena, link->project),
		.connection = arena_strdup(&n->arena, link->connection),
		.environment = arena_strdup(&n->arena, link->environment),
	};
	r->failed = !name.project || !name.connection || !name.environment;
	if (!r->failed && known)
		*known = name;
	else if (!r->failed)
		n->items[n->count++] = name;
}

/* With the lock held. */
static int read_all(struct names *n, struct store *store, struct err *e)
{
	struct reading r = {.names = n, .known = n->count};
	int rc = store_links(store, keep, &r, e);

	if (rc == 0 && r.failed)
		rc = err_no_memory(e);
	if (n->count > r.known)
		qsort(n->items, n->count, sizeof(n->items[0]), compare);
	n->stale = n->stale && rc < 0;
	return rc;
}

void names_renew(struct names *n)
{
	pthread_mutex_lock(&n->lock);
	n->stale = true;
	pthread_mutex_unlock(&n->lock);
}

int names_find(struct names *n, struct store *store, int64_t id, struct link_name *ret,
               struct err *e)
{
	int rc = 0;

	pthread_mutex_lock(&n->lock);
	const struct link_name *found = n->stale ? NULL : find(n, n->count, id);
	if (!found) {
		rc = read_all(n, store, e);
		found = find(n, n->count, id);
	}
	if (found)
		*ret = *found;
	pthread_mutex_unlock(&n->lock);
	if (found)
		return 0;
	return rc < 0 ? rc
	              : err_set(e, ERR_NOT_FOUND, "the store does not know link %lld",
	                        (long long)id);
}

static bool fits(const struct link_name *name, const char *project, const char *connection,
                 const char *environment)
{
	return (!project || strcasecmp(project, name->project) == 0) &&
	       (!connection || strcasecmp(connection, name->connection) == 0) &&
	       (!environment || strcmp(environment, name->environment) == 0);
}

int names_select(struct names *n, struct store *store, const char *project, const char *connection,
                 const char *environment, const struct who *who, enum action action, int64_t **ret,
                 size_t *ret_count, struct err *e)
{
	size_t count = 0;

	pthread_mutex_lock(&n->lock);
	int rc = read_all(n, store, e);
	int64_t *ids = rc == 0 ? mem_array(n->count + 1, sizeof(*ids)) : NULL;
	for (size_t i = 0; ids && i < n->count; i++)
		if (fits(&n->items[i], project, connection, environment) &&
		    authorize(who, action, n->items[i].project, NULL, NULL) == 0)
			ids[count++] = n->items[i].id;
	pthread_mutex_unlock(&n->lock);
	if (rc < 0)
		return rc;
	if (!ids)
		return err_no_memory(e);
	*ret = ids;
	*ret_count = count;
	return 0;
}
