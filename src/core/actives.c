/* The active deployments of a host, in memory. */
#include <string.h>

#include "base/banned.h"
#include "base/err.h"
#include "conf/name.h"
#include "core/catalog_impl.h"

static int compare_names(const char *project_a, const char *name_a, const char *project_b,
                         const char *name_b)
{
	int order = name_compare(project_a, project_b);

	return order ? order : name_compare(name_a, name_b);
}

static int compare(const struct store_place *a, const struct store_place *b)
{
	int order = compare_names(a->project, a->connection, b->project, b->connection);

	return order ? order : strcmp(a->environment, b->environment);
}

/* Where the place is, or would be. */
static size_t position(const struct catalog *c, const struct store_place *place)
{
	size_t low = 0, high = c->active_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare(&c->actives[middle]->place, place) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct active *actives_find(const struct catalog *c, const struct store_place *place)
{
	size_t at = position(c, place);

	return at < c->active_count && compare(&c->actives[at]->place, place) == 0 ? c->actives[at]
	                                                                           : NULL;
}

static void destroy(struct active *active)
{
	if (!active)
		return;
	mem_free((char *)(uintptr_t)active->place.project);
	mem_free((char *)(uintptr_t)active->place.connection);
	mem_free((char *)(uintptr_t)active->place.environment);
	mem_free(active->actor);
	mem_free(active->note);
	mem_free(active);
}

static struct active *create(const struct store_deployment *d, const uint8_t *digest)
{
	struct active *active = mem_zalloc(sizeof(*active));

	if (!active)
		return NULL;
	active->place.project = mem_strdup(d->place.project);
	active->place.connection = mem_strdup(d->place.connection);
	active->place.environment = mem_strdup(d->place.environment);
	active->actor = mem_strdup(d->actor);
	active->note = d->note ? mem_strdup(d->note) : NULL;
	active->number = d->number;
	active->at_ms = d->at_ms;
	active->enabled = d->enabled;
	snprintf(active->revision, sizeof(active->revision), "%s", d->revision);
	memcpy(active->digest, digest, sizeof(active->digest));
	if (active->place.project && active->place.connection && active->place.environment &&
	    active->actor && (active->note || !d->note))
		return active;
	destroy(active);
	return NULL;
}

static int grow(struct catalog *c)
{
	size_t cap = c->active_cap ? 2 * c->active_cap : 64;
	struct active **bigger = mem_resize(c->actives, cap, sizeof(*bigger));

	if (!bigger)
		return ERR_NO_MEMORY;
	c->actives = bigger;
	c->active_cap = cap;
	return 0;
}

int actives_put(struct catalog *c, const struct store_deployment *d, const uint8_t *digest)
{
	struct active *active = create(d, digest);
	size_t at = position(c, &d->place);

	if (!active || (c->active_count == c->active_cap && grow(c) < 0)) {
		destroy(active);
		return ERR_NO_MEMORY;
	}
	if (at < c->active_count && compare(&c->actives[at]->place, &d->place) == 0) {
		destroy(c->actives[at]);
		c->actives[at] = active;
		return 0;
	}
	memmove(&c->actives[at + 1], &c->actives[at],
	        (c->active_count - at) * sizeof(struct active *));
	c->actives[at] = active;
	c->active_count++;
	return 0;
}

static void take_out_at(struct catalog *c, size_t at)
{
	destroy(c->actives[at]);
	c->active_count--;
	memmove(&c->actives[at], &c->actives[at + 1],
	        (c->active_count - at) * sizeof(struct active *));
}

void actives_take_out(struct catalog *c, const struct store_place *place)
{
	size_t at = position(c, place);

	if (at < c->active_count && compare(&c->actives[at]->place, place) == 0)
		take_out_at(c, at);
}

size_t actives_of(const struct catalog *c, const char *project, const char *name, size_t *ret_first)
{
	const struct store_place first = {project, name, ""};
	size_t at = position(c, &first), end = at;

	while (end < c->active_count &&
	       compare_names(c->actives[end]->place.project, c->actives[end]->place.connection,
	                     project, name) == 0)
		end++;
	*ret_first = at;
	return end - at;
}

/* Under its new name; the order of the others stays.  Without memory it is left out, and comes back with
 * the next start. */
static void put_renamed(struct catalog *c, const struct active *before,
                        const struct store_naming *naming)
{
	const struct store_deployment d = {
		.place = {naming->to_project, naming->to_name, before->place.environment},
		.number = before->number,
		.revision = before->revision,
		.note = before->note,
		.actor = before->actor,
		.at_ms = before->at_ms,
		.enabled = before->enabled,
	};

	actives_put(c, &d, before->digest);
}

/* Only the case of letters differs: the same place, and so the same position. */
static void rewrite(struct active *active, const struct store_naming *naming)
{
	char *project = mem_strdup(naming->to_project), *name = mem_strdup(naming->to_name);

	if (project && name) {
		mem_free((char *)(uintptr_t)active->place.project);
		mem_free((char *)(uintptr_t)active->place.connection);
		active->place.project = project;
		active->place.connection = name;
	} else {
		mem_free(project);
		mem_free(name);
	}
}

void actives_rename(struct catalog *c, const struct store_naming *naming)
{
	size_t first, count = actives_of(c, naming->from_project, naming->from_name, &first);

	if (naming->to_name && compare_names(naming->from_project, naming->from_name,
	                                     naming->to_project, naming->to_name) == 0) {
		for (size_t i = 0; i < count; i++)
			rewrite(c->actives[first + i], naming);
		return;
	}
	for (; count > 0; count--) {
		struct active *active = c->actives[first];
		c->active_count--;
		memmove(&c->actives[first], &c->actives[first + 1],
		        (c->active_count - first) * sizeof(struct active *));
		if (naming->to_name)
			put_renamed(c, active, naming);
		destroy(active);
		actives_of(c, naming->from_project, naming->from_name, &first);
	}
}

void snapshot_digest(const char *text, uint8_t ret[HASH_BYTES])
{
	struct hash h;

	hash_init(&h);
	hash_add(&h, text, strlen(text));
	hash_end(&h, ret);
}

struct loading {
	struct catalog *catalog;
	int rc;
};

static void load(void *arg, const struct store_deployment *d)
{
	struct loading *l = arg;
	uint8_t digest[HASH_BYTES];

	if (l->rc < 0)
		return;
	snapshot_digest(d->snapshot, digest);
	l->rc = actives_put(l->catalog, d, digest);
}

int actives_load(struct catalog *c, struct err *e)
{
	static const struct store_place any = {NULL, NULL, NULL};
	struct loading l = {.catalog = c};
	int rc = store_deployments(c->store, &any, true, true, load, &l, e);

	return rc < 0 ? rc : l.rc < 0 ? err_no_memory(e) : 0;
}

void actives_finish(struct catalog *c)
{
	for (size_t i = 0; i < c->active_count; i++)
		destroy(c->actives[i]);
	mem_free(c->actives);
}
