/* The connections of a host as documents. */
#include "linkspan/catalogue.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/banned.h"
#include "conf/conf.h"
#include "conf/name.h"
#include "json/json.h"

enum { HOST_BYTES = 300 };

/* The one to look at first comes first. */
static const char *const states[] = {
	"blocked",    "breaker_open", "breaker_half_open", "paused", "disabled",
	"undeployed", "waiting",      "sending",           "idle",
};

static size_t rank(const char *state)
{
	size_t i = 0;

	while (i < sizeof(states) / sizeof(states[0]) && strcmp(states[i], state) != 0)
		i++;
	return i;
}

const char *catalogue_worse(const char *a, const char *b)
{
	return !a || rank(b) < rank(a) ? b : a;
}

void catalogue_url_host(const char *url, char *text, size_t text_bytes)
{
	const char *start = url ? strstr(url, "://") : NULL, *end;

	text[0] = '\0';
	if (!start)
		return;
	start += 3;
	/* A template begins with a brace, a variable with a dollar sign before it. */
	for (end = start; *end && !strchr("/?#", *end) && (*end != '{' || end[-1] == '$'); end++)
		if (*end == '@')
			start = end + 1;
	snprintf(text, text_bytes, "%.*s", (int)(end - start), start);
}

static const char *text_of(const struct json *object, const char *key)
{
	const char *text = json_as_string(json_get(object, key));

	return text ? text : "";
}

static bool is_of(const struct json *link, const char *project, const char *name)
{
	return strcmp(text_of(link, "connection"), name) == 0 &&
	       strcmp(text_of(link, "project"), project) == 0;
}

static struct json *text_json(const char *text)
{
	return text && text[0] ? json_string(text) : json_null();
}

static const char *setting(const struct conf_connection *c, const char *name)
{
	const struct node *n = c->settings ? node_get(c->settings, name) : NULL;

	return n && n->kind == NODE_STRING ? n->u.s : NULL;
}

static void set_definition(struct json *item, const struct conf_connection *c)
{
	char host[HOST_BYTES] = "";

	if (c)
		catalogue_url_host(setting(c, "url"), host, sizeof(host));
	json_set(item, "type", text_json(c ? c->type : NULL));
	json_set(item, "description", text_json(c ? c->description : NULL));
	json_set(item, "url_host", text_json(host));
	json_set(item, "file", text_json(c ? c->file : NULL));
}

static struct json *environments_json(const struct conf_connection *c)
{
	struct json *list = json_array();
	const struct node *all = c->environments;

	for (const struct node *n = all ? all->first : NULL; n; n = n->next)
		json_push(list, json_string(n->name));
	return list;
}

/* How it is in each environment, and which of these to look at first. */
static void set_states(struct json *item, const struct conf_connection *c, const char *project,
                       const char *name, const struct json *links)
{
	struct json *by_environment = json_object(), *environments = json_array();
	const char *worst = NULL;
	bool enabled = c && c->enabled;

	for (size_t i = 0; i < json_count(links); i++) {
		const struct json *link = json_at(links, i);
		if (!is_of(link, project, name))
			continue;
		const char *state = text_of(link, "state");
		enabled = json_as_bool(json_get(link, "enabled"));
		worst = catalogue_worse(worst, state);
		json_push(environments, json_string(text_of(link, "environment")));
		json_set(by_environment, text_of(link, "environment"), json_string(state));
	}
	if (c) {
		json_free(environments);
		environments = environments_json(c);
		enabled = c->enabled;
	}
	json_set(item, "enabled", json_bool(enabled));
	json_set(item, "environments", environments);
	json_set(item, "state", text_json(worst));
	json_set(item, "states", by_environment);
}

struct json *catalogue_item(const struct conf_connection *definition, const char *project,
                            const char *name, const struct json *links)
{
	struct json *item = json_object();

	json_set(item, "name", json_string(name));
	set_definition(item, definition);
	set_states(item, definition, project, name, links);
	if (json_set(item, "project", json_string(project)) < 0) {
		json_free(item);
		return NULL;
	}
	return item;
}

static bool fits_project(const struct catalogue_filter *f, const char *project)
{
	return !f->project || strcmp(project, CONF_GLOBAL) == 0 ||
	       name_compare(project, f->project) == 0;
}

static bool names_environment(const struct conf_connection *c, const char *environment)
{
	return !environment || (c->environments && node_get(c->environments, environment));
}

static const struct conf_connection *find(const struct conf *conf, const char *project,
                                          const char *name)
{
	for (size_t i = 0; conf && i < conf->connection_count; i++) {
		const struct conf_connection *c = &conf->connections[i];
		if (strcmp(c->project, project) == 0 && strcmp(c->name, name) == 0)
			return c;
	}
	return NULL;
}

/* Links of one connection stand together or not: the first one of each stands for all. */
static bool is_first(const struct json *links, size_t at, const struct catalogue_filter *f)
{
	const struct json *link = json_at(links, at);

	for (size_t i = 0; i < at; i++) {
		const struct json *other = json_at(links, i);
		if (is_of(other, text_of(link, "project"), text_of(link, "connection")) &&
		    (!f->environment || strcmp(text_of(other, "environment"), f->environment) == 0))
			return false;
	}
	return true;
}

struct json *catalogue_list(const struct conf *conf, const struct json *links,
                            const struct catalogue_filter *f)
{
	struct json *document = json_object(), *items = json_array();

	for (size_t i = 0; conf && i < conf->connection_count; i++) {
		const struct conf_connection *c = &conf->connections[i];
		if (fits_project(f, c->project) && names_environment(c, f->environment))
			json_push(items, catalogue_item(c, c->project, c->name, links));
	}
	for (size_t i = 0; i < json_count(links); i++) {
		const struct json *link = json_at(links, i);
		const char *project = text_of(link, "project"), *name = text_of(link, "connection");
		if (!fits_project(f, project) || find(conf, project, name) ||
		    (f->environment && strcmp(text_of(link, "environment"), f->environment) != 0) ||
		    !is_first(links, i, f))
			continue;
		json_push(items, catalogue_item(NULL, project, name, links));
	}
	if (json_set(document, "items", items) < 0) {
		json_free(document);
		return NULL;
	}
	return document;
}
