/* Why a send through a connection would not go out, in so many words. */
#include <stdio.h>
#include <string.h>

#include "base/banned.h"
#include "base/err.h"
#include "conf/name.h"
#include "core/catalog_impl.h"
#include "schema/node.h"
#include "json/json.h"

enum { TEXT_BYTES = 512 };

/* What is looked at, with the lock held. */
struct looking {
	const struct catalog *catalog;
	const char *project, *name; /* as asked */
	const struct entry *entry;  /* what the name means; NULL: nothing */
	const char *environment;
	const struct active *active; /* NULL: nothing is deployed there */
};

/* Fills in text and mend, and says whether it is well. */
typedef bool check(const struct looking *l, char *text, char *mend);

static const char *name_of(const struct looking *l)
{
	return l->entry ? l->entry->face.name : l->name;
}

static bool is_defined(const struct looking *l, char *text, char *mend)
{
	if (l->entry) {
		snprintf(text, TEXT_BYTES, "\"%s\" is defined in %s", l->entry->face.name,
		         l->entry->face.file);
		return true;
	}
	snprintf(text, TEXT_BYTES, "no connection \"%s\" is saved in %s or globally", l->name,
	         l->project);
	snprintf(mend, TEXT_BYTES, "linkspan connection list");
	return false;
}

static bool is_selected(const struct looking *l, char *text, char *mend)
{
	const char *scope = l->entry ? l->entry->face.project : l->project;

	snprintf(text, TEXT_BYTES, "the name \"%s\" means the connection of %s", l->name, scope);
	if (name_compare(scope, l->project) == 0)
		return true;
	snprintf(text, TEXT_BYTES,
	         "the project %s has no connection \"%s\": the global one is used; check that the "
	         "step chose this connection and not another one",
	         l->project, l->name);
	snprintf(mend, TEXT_BYTES, "linkspan connection get %s --project %s", l->name, l->project);
	return true;
}

static bool is_enabled(const struct looking *l, char *text, char *mend)
{
	if (!l->entry || l->entry->face.enabled) {
		snprintf(text, TEXT_BYTES, "the connection is enabled");
		return true;
	}
	snprintf(
		text, TEXT_BYTES,
		"the connection is disabled: direct sends are refused, durable ones are kept and wait");
	snprintf(mend, TEXT_BYTES, "linkspan connection enable %s", name_of(l));
	return false;
}

static bool is_served(const struct looking *l, char *text, char *mend)
{
	if (!catalog_serves(l->catalog, l->environment)) {
		snprintf(text, TEXT_BYTES, "this host does not serve the environment %s",
		         l->environment);
		snprintf(mend, TEXT_BYTES, "add it to `environments` in %s, or send to its host",
		         l->catalog->file);
		return false;
	}
	if (l->entry && !connection_names(l->entry->face.definition, l->environment)) {
		snprintf(text, TEXT_BYTES, "the connection names no environment %s",
		         l->environment);
		snprintf(mend, TEXT_BYTES, "linkspan connection edit %s", name_of(l));
		return false;
	}
	snprintf(text, TEXT_BYTES, "the connection may be deployed in %s", l->environment);
	return true;
}

static bool is_deployed(const struct looking *l, char *text, char *mend)
{
	if (l->active) {
		snprintf(text, TEXT_BYTES, "deployment %u runs in %s", l->active->number,
		         l->environment);
		return true;
	}
	snprintf(text, TEXT_BYTES, "the connection is not deployed in %s", l->environment);
	snprintf(mend, TEXT_BYTES, "linkspan connection deploy %s --env %s", name_of(l),
	         l->environment);
	return false;
}

static bool is_newest(const struct looking *l, char *text, char *mend)
{
	if (!l->active || !l->entry || is_current(l->catalog, &l->entry->face, l->active)) {
		snprintf(text, TEXT_BYTES, "what runs is what is saved");
		return true;
	}
	snprintf(text, TEXT_BYTES,
	         "the definition was changed after deployment %u, and that still runs%s%s",
	         l->active->number, l->active->held_back ? ": " : "",
	         l->active->held_back ? l->active->why : "");
	snprintf(mend, TEXT_BYTES, "linkspan connection diff %s --env %s, then connection deploy%s",
	         name_of(l), l->environment,
	         l->active->held_back ? " --confirm-secrets, if that is meant" : "");
	return false;
}

static bool is_switched_on(const struct looking *l, char *text, char *mend)
{
	if (!l->active || l->active->enabled) {
		snprintf(text, TEXT_BYTES, "the deployment is enabled");
		return true;
	}
	snprintf(text, TEXT_BYTES, "the deployment in %s is disabled", l->environment);
	snprintf(mend, TEXT_BYTES, "linkspan connection enable %s --env %s", name_of(l),
	         l->environment);
	return false;
}

static bool is_used(const struct looking *l, char *text, char *mend)
{
	(void)mend;
	snprintf(text, TEXT_BYTES,
	         "callers that keep the name take up a deployment at once; a flow takes up what it "
	         "was changed to when it is deployed again itself");
	(void)l;
	return true;
}

static const struct {
	const char *code;
	check *check;
} checks[] = {
	{"defined", is_defined},   {"selection", is_selected},
	{"enabled", is_enabled},   {"environment", is_served},
	{"deployed", is_deployed}, {"deployment_enabled", is_switched_on},
	{"current", is_newest},    {"users", is_used},
};

static struct json *checks_json(const struct looking *l)
{
	struct json *list = json_array();

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		char text[TEXT_BYTES] = "", mend[TEXT_BYTES] = "";
		struct json *item = json_object();
		bool ok = checks[i].check(l, text, mend);
		json_set(item, "code", json_string(checks[i].code));
		json_set(item, "ok", json_bool(ok));
		json_set(item, "text", json_string(text));
		json_set(item, "mend", mend[0] ? json_string(mend) : json_null());
		json_push(list, item);
	}
	return list;
}

static void add_environment(struct looking *l, const char *environment, struct json *list)
{
	const char *project = l->entry ? l->entry->face.project : l->project;
	const struct store_place place = {project, name_of(l), environment};
	struct json *item = json_object();

	l->environment = environment;
	l->active = actives_find(l->catalog, &place);
	json_set(item, "environment", json_string(environment));
	json_set(item, "checks", checks_json(l));
	json_push(list, item);
}

int catalog_why(struct catalog *c, const char *project, const char *name, const char *environment,
                struct json **ret, struct err *e)
{
	struct looking l = {.catalog = c, .project = project ? project : CONF_GLOBAL, .name = name};
	struct json *list = json_array();

	pthread_rwlock_rdlock(&c->lock);
	l.entry = entries_resolve(c, project, name);
	const char *const *served = c->base->conf.host.environments;
	if (environment)
		add_environment(&l, environment, list);
	/* Where it cannot be deployed it is no news that it is not. */
	for (size_t i = 0; !environment && served[i]; i++)
		if (!l.entry || connection_names(l.entry->face.definition, served[i]))
			add_environment(&l, served[i], list);
	pthread_rwlock_unlock(&c->lock);
	if (!list)
		return err_no_memory(e);
	*ret = list;
	return 0;
}

void catalog_mean(struct catalog *c, const char *project, const char *name, const char *environment,
                  struct catalog_meaning *ret)
{
	struct catalog_meaning m = {0};

	pthread_rwlock_rdlock(&c->lock);
	const struct entry *entry = entries_resolve(c, project, name);
	const struct store_place place = {entry ? entry->face.project : project,
	                                  entry ? entry->face.name : name, environment};
	const struct active *active = actives_find(c, &place);
	snprintf(m.project, sizeof(m.project), "%s", place.project);
	snprintf(m.name, sizeof(m.name), "%s", place.connection);
	m.is_there = entry != NULL;
	m.is_enabled = entry && entry->face.enabled;
	m.is_named = entry && connection_names(entry->face.definition, environment);
	m.is_served = catalog_serves(c, environment);
	m.number = active ? active->number : 0;
	m.deployment_enabled = active && active->enabled;
	pthread_rwlock_unlock(&c->lock);
	*ret = m;
}
