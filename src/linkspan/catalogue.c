/* The connections of a host as documents, from its files alone. */
#include "linkspan/catalogue.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/banned.h"
#include "conf/conf.h"
#include "conf/name.h"
#include "conf/url_host.h"
#include "json/json.h"

enum { HOST_BYTES = 300 };

static struct json *text_json(const char *text)
{
	return text && text[0] ? json_string(text) : json_null();
}

static const char *setting(const struct conf_connection *c, const char *name)
{
	const struct node *n = c->settings ? node_get(c->settings, name) : NULL;

	return n && n->kind == NODE_STRING ? n->u.s : NULL;
}

static struct json *environments_json(const struct conf_connection *c)
{
	struct json *list = json_array();
	const struct node *all = c->environments;

	for (const struct node *n = all ? all->first : NULL; n; n = n->next)
		json_push(list, json_string(n->name));
	return list;
}

struct json *catalogue_item(const struct conf_connection *c)
{
	struct json *item = json_object();
	char host[HOST_BYTES];

	url_host(setting(c, "url"), host, sizeof(host));
	json_set(item, "name", json_string(c->name));
	json_set(item, "project", json_string(c->project));
	json_set(item, "type", text_json(c->type));
	json_set(item, "description", text_json(c->description));
	json_set(item, "enabled", json_bool(c->enabled));
	json_set(item, "environments", environments_json(c));
	json_set(item, "state", json_null());
	json_set(item, "url_host", text_json(host));
	if (json_set(item, "file", text_json(c->file)) < 0) {
		json_free(item);
		return NULL;
	}
	return item;
}

/* The document of a list, which is taken; NULL: no memory. */
static struct json *list_json(struct json *items)
{
	struct json *document = json_object();

	if (json_set(document, "items", items) < 0) {
		json_free(document);
		return NULL;
	}
	return document;
}

static bool fits(const struct conf_connection *c, const struct catalogue_filter *f)
{
	if (f->project && strcmp(c->project, CONF_GLOBAL) != 0 &&
	    name_compare(c->project, f->project) != 0)
		return false;
	return !f->environment || (c->environments && node_get(c->environments, f->environment));
}

struct json *catalogue_list(const struct conf *conf, const struct catalogue_filter *f)
{
	struct json *items = json_array();

	for (size_t i = 0; i < conf->connection_count; i++)
		if (fits(&conf->connections[i], f))
			json_push(items, catalogue_item(&conf->connections[i]));
	return list_json(items);
}

/* Adds the group's setting if it names the connection. */
static void add_user(struct json *items, const struct conf *conf,
                     const struct conf_connection *user, const struct node *group,
                     const char *environment, const struct conf_connection *used)
{
	static const char key[] = "alert_connection";
	const struct node *n = group ? node_get(group, key) : NULL;

	if (!n || n->kind != NODE_STRING || conf_connection(conf, user->project, n->u.s) != used)
		return;
	struct json *item = json_object();
	json_set(item, "kind", json_string("connection"));
	json_set(item, "project", json_string(user->project));
	json_set(item, "name", json_string(user->name));
	json_set(item, "environment", json_string_or_null(environment));
	json_set(item, "as", json_string(key));
	json_push(items, item);
}

struct json *catalogue_usage(const struct conf *conf, const struct conf_connection *used)
{
	struct json *items = json_array();

	for (size_t i = 0; i < conf->connection_count; i++) {
		const struct conf_connection *user = &conf->connections[i];
		const struct node *parts = user->environments;
		add_user(items, conf, user, user->settings, NULL, used);
		for (const struct node *n = parts ? parts->first : NULL; n; n = n->next)
			add_user(items, conf, user, n, n->name, used);
	}
	return list_json(items);
}
