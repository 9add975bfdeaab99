/* The active deployments of a host, in memory. */
#include <stdio.h>
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

void active_destroy(struct active *active)
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
	active_destroy(active);
	return NULL;
}

/* Readers walk the array: it moves under the lock. */
static int make_room(struct catalog *c)
{
	size_t cap = c->active_cap ? 2 * c->active_cap : 64;

	if (c->active_count < c->active_cap)
		return 0;
	pthread_rwlock_wrlock(&c->lock);
	struct active **bigger = mem_resize(c->actives, cap, sizeof(*bigger));
	if (bigger) {
		c->actives = bigger;
		c->active_cap = cap;
	}
	pthread_rwlock_unlock(&c->lock);
	return bigger ? 0 : ERR_NO_MEMORY;
}

int actives_prepare(struct catalog *c, const struct store_deployment *d, const uint8_t *digest,
                    struct active **ret)
{
	struct active *active = create(d, digest);

	if (!active || make_room(c) < 0) {
		active_destroy(active);
		return ERR_NO_MEMORY;
	}
	*ret = active;
	return 0;
}

void actives_put(struct catalog *c, struct active *active)
{
	size_t at = position(c, &active->place);

	if (at < c->active_count && compare(&c->actives[at]->place, &active->place) == 0) {
		active_destroy(c->actives[at]);
		c->actives[at] = active;
		return;
	}
	memmove(&c->actives[at + 1], &c->actives[at],
	        (c->active_count - at) * sizeof(struct active *));
	c->actives[at] = active;
	c->active_count++;
}

static void take_out_at(struct catalog *c, size_t at)
{
	active_destroy(c->actives[at]);
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

/* The same under another name. */
static struct active *copy_renamed(const struct active *before, const struct store_naming *naming)
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
	struct active *active = create(&d, before->digest);

	if (active) {
		active->held_back = before->held_back;
		snprintf(active->why, sizeof(active->why), "%s", before->why);
	}
	return active;
}

int actives_copy_renamed(const struct catalog *c, const struct store_naming *naming,
                         struct actives_renamed *ret)
{
	size_t first, count = actives_of(c, naming->from_project, naming->from_name, &first);
	struct actives_renamed fresh = {mem_array(count + 1, sizeof(*fresh.items)), 0};

	while (fresh.items && fresh.count < count) {
		struct active *active = copy_renamed(c->actives[first + fresh.count], naming);
		if (!active)
			break;
		fresh.items[fresh.count++] = active;
	}
	*ret = fresh;
	return fresh.items && fresh.count == count ? 0 : ERR_NO_MEMORY;
}

void actives_renamed_finish(struct actives_renamed *renamed)
{
	for (size_t i = 0; i < renamed->count; i++)
		active_destroy(renamed->items[i]);
	mem_free(renamed->items);
	*renamed = (struct actives_renamed){0};
}

void actives_rename(struct catalog *c, const char *project, const char *name,
                    struct actives_renamed *fresh)
{
	size_t first, count = actives_of(c, project, name, &first);

	while (count-- > 0)
		take_out_at(c, first);
	for (size_t i = 0; i < fresh->count; i++)
		actives_put(c, fresh->items[i]);
	fresh->count = 0;
}

void snapshot_digest(const char *text, uint8_t ret[HASH_BYTES])
{
	hash_of(text, strlen(text), ret);
}

struct loading {
	struct catalog *catalog;
	int rc;
};

static void load(void *arg, const struct store_deployment *d)
{
	struct loading *l = arg;
	struct active *active = NULL;
	uint8_t digest[HASH_BYTES];

	if (l->rc < 0)
		return;
	snapshot_digest(d->snapshot, digest);
	l->rc = actives_prepare(l->catalog, d, digest, &active);
	if (l->rc == 0)
		actives_put(l->catalog, active);
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
		active_destroy(c->actives[i]);
	mem_free(c->actives);
}
