/* What was deployed before: the revisions that the store keeps. */
#include <stdio.h>
#include <string.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "core/catalog_impl.h"
#include "json/json.h"

static struct json *item_json(const struct store_deployment *d)
{
	struct json *item = json_object();

	json_set(item, "environment", json_string(d->place.environment));
	json_set(item, "number", json_int(d->number));
	json_set(item, "revision", json_string(d->revision));
	json_set(item, "active", json_bool(d->active));
	json_set(item, "enabled", json_bool(d->enabled));
	json_set(item, "at", catalog_time_json(d->at_ms));
	json_set(item, "actor", json_string(d->actor));
	if (json_set(item, "note", json_string_or_null(d->note)) == 0)
		return item;
	json_free(item);
	return NULL;
}

/* Where a name leads: to what is saved, or else to what was deployed before it was deleted. */
static void find_place(struct catalog *c, const char *project, const char *name,
                       const struct catalog_entry **ret_entry, struct store_place *ret)
{
	const struct catalog_entry *entry = catalog_find(c, project, name);

	*ret = (struct store_place){.project = entry ? entry->project : project,
	                            .connection = entry ? entry->name : name};
	*ret_entry = entry;
}

/*
 * Pages
 */

struct paging {
	const struct catalog_page *page;
	struct json *items;
	size_t seen, count;
	bool more, failed;
};

static bool is_behind(const struct catalog_page *page, const struct store_deployment *d)
{
	int order =
		page->after_environment ? strcmp(d->place.environment, page->after_environment) : 1;

	return order > 0 || (order == 0 && d->number < page->after_number);
}

static void take(void *arg, const struct store_deployment *d)
{
	struct paging *p = arg;

	p->seen++;
	if (p->more || p->failed || !is_behind(p->page, d))
		return;
	p->more = p->count == p->page->limit;
	if (p->more)
		return;
	p->failed = json_push(p->items, item_json(d)) < 0;
	p->count++;
}

int catalog_revisions(struct catalog *c, const char *project, const char *name,
                      const struct catalog_page *page, struct json **ret, bool *ret_more,
                      struct err *e)
{
	struct paging paging = {.page = page, .items = json_array()};
	const struct catalog_entry *entry;
	struct store_place place;

	find_place(c, project, name, &entry, &place);
	place.environment = page->environment;
	int rc = store_deployments(c->store, &place, false, false, take, &paging, e);
	if (rc == 0 && (paging.failed || !paging.items))
		rc = err_no_memory(e);
	if (rc == 0 && !entry && paging.seen == 0)
		rc = err_set(e, ERR_NOT_FOUND, "there is no connection \"%s\" in %s", name,
		             project);
	catalog_release(entry);
	if (rc < 0) {
		json_free(paging.items);
		return rc;
	}
	*ret = paging.items;
	*ret_more = paging.more;
	return 0;
}

/*
 * One of them
 */

static void copy_member(struct json *to, const char *key, const struct json *from, const char *name)
{
	const struct json *value = json_get(from, name);

	json_set(to, key, value ? json_copy(value) : json_object());
}

/* A snapshot in the words of a definition.  NULL: no memory. */
static struct json *definition_of(struct catalog *c, const struct json *snapshot,
                                  const char *environment)
{
	const struct json *connection = json_get(snapshot, "connection");
	const char *type = json_as_string(json_get(snapshot, "type"));
	struct json *definition = json_object(), *parts = json_object();

	copy_member(parts, environment, connection, "part");
	json_set(definition, "type", json_string(type ? type : ""));
	copy_member(definition, "settings", connection, "settings");
	json_set(definition, "environments", parts);
	struct json *shown = definition_shown(c->plugins, definition, NULL);
	json_free(definition);
	return shown;
}

struct reading {
	struct catalog *catalog;
	struct json *item;
	struct err err;
	int rc;
};

static void read_one(void *arg, const struct store_deployment *d)
{
	struct reading *r = arg;
	struct json *snapshot = NULL;
	const char *text = d->snapshot ? d->snapshot : "";

	r->rc = json_read(text, strlen(text), &snapshot, &r->err);
	r->item = r->rc == 0 ? item_json(d) : NULL;
	if (r->rc == 0 && json_set(r->item, "definition",
	                           definition_of(r->catalog, snapshot, d->place.environment)) < 0)
		r->rc = err_no_memory(&r->err);
	json_free(snapshot);
}

int catalog_revision(struct catalog *c, const char *project, const char *name,
                     const char *environment, uint32_t number, struct json **ret, struct err *e)
{
	struct reading r = {.catalog = c};
	const struct catalog_entry *entry;
	struct store_place place;
	struct err why = {0};

	find_place(c, project, name, &entry, &place);
	place.environment = environment;
	int rc = store_deployment(c->store, &place, number, read_one, &r, &why);
	catalog_release(entry);
	if (rc == ERR_NOT_FOUND)
		return err_set(e, rc, "\"%s\" was never deployed in %s as number %u", name,
		               environment, number);
	if (rc == 0 && r.rc < 0) {
		rc = r.rc;
		why = r.err;
	}
	if (rc < 0) {
		json_free(r.item);
		return err_set(e, rc, "%s", why.text);
	}
	*ret = r.item;
	return 0;
}

/*
 * The one before
 */

struct looking_back {
	uint32_t active, before; /* 0: none so far */
};

/* The newest comes first. */
static void look_back(void *arg, const struct store_deployment *d)
{
	struct looking_back *l = arg;

	if (d->active)
		l->active = d->number;
	if (l->before == 0 && !d->active && (l->active == 0 || d->number < l->active))
		l->before = d->number;
	else if (d->active)
		l->before = 0;
}

int catalog_number_before(struct catalog *c, const char *project, const char *name,
                          const char *environment, uint32_t *ret, struct err *e)
{
	const struct store_place place = {project, name, environment};
	struct looking_back l = {0};

	int rc = store_deployments(c->store, &place, false, false, look_back, &l, e);
	if (rc < 0)
		return rc;
	if (l.before == 0)
		return err_set(e, ERR_NOT_FOUND, "\"%s\" has no earlier deployment in %s", name,
		               environment);
	*ret = l.before;
	return 0;
}
