/* linkspan env: the environments of the host. */
#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "linkspan/client.h"
#include "linkspan/command.h"
#include "linkspan/output.h"
#include "linkspan/session.h"
#include "schema/node.h"
#include "json/json.h"

static const struct list_column columns[] = {
	{"NAME", "name", LIST_TEXT, false},
	{"SERVED", "served", LIST_TEXT, false},
	{"PROTECTED", "protected", LIST_TEXT, false},
	{"AUTO DEPLOY", "auto_deploy", LIST_TEXT, true},
	{"CONNECTIONS", "connections", LIST_NUMBER, false},
	{"FILE", "file", LIST_TEXT, true},
	{NULL, NULL, LIST_TEXT, false},
};

static bool is_served(const struct conf *conf, const char *name)
{
	for (size_t i = 0; conf->host.environments && conf->host.environments[i]; i++)
		if (strcmp(conf->host.environments[i], name) == 0)
			return true;
	return false;
}

static int64_t count_connections(const struct conf *conf, const char *name)
{
	int64_t count = 0;

	for (size_t i = 0; i < conf->connection_count; i++) {
		const struct node *all = conf->connections[i].environments;
		count += all && node_get(all, name) ? 1 : 0;
	}
	return count;
}

static struct json *item_json(const struct conf *conf, const struct conf_environment *one)
{
	struct json *item = json_object();

	json_set(item, "name", json_string(one->name));
	json_set(item, "served", json_bool(is_served(conf, one->name)));
	json_set(item, "protected", json_bool(one->is_protected));
	json_set(item, "auto_deploy", json_bool(one->auto_deploy));
	json_set(item, "connections", json_int(count_connections(conf, one->name)));
	json_set(item, "file", json_string(one->file));
	return item;
}

static struct json *finish(struct json *items)
{
	struct json *document = json_object();

	if (json_set(document, "items", items) < 0) {
		json_free(document);
		return NULL;
	}
	return document;
}

static int list_files(struct cli *cli, struct json **ret, struct err *e)
{
	struct json *items = json_array();
	struct session s;

	int rc = session_read(&s, cli, e);
	for (size_t i = 0; rc == 0 && i < s.conf.environment_count; i++)
		if (strcmp(s.conf.environments[i].project, CONF_GLOBAL) == 0)
			json_push(items, item_json(&s.conf, &s.conf.environments[i]));
	session_finish(&s);
	*ret = finish(items);
	return rc;
}

/* All that a daemon elsewhere says. */
static int list_served(struct cli *cli, struct json **ret, struct err *e)
{
	struct json *items = json_array(), *status = NULL;
	struct client c;

	int rc = client_open(&c, cli, e);
	if (rc == 0)
		rc = client_get(&c, "/api/v1/status", &status, e);
	const struct json *names = json_get(status, "environments");
	for (size_t i = 0; i < json_count(names); i++) {
		struct json *item = json_object();
		json_set(item, "name", json_string(json_as_string(json_at(names, i))));
		json_set(item, "served", json_bool(true));
		json_push(items, item);
	}
	json_free(status);
	client_close(&c);
	*ret = finish(items);
	return rc;
}

int cmd_env_list(struct cli *cli, struct err *e)
{
	static const struct output_shape shape = {columns, "name", "items", NULL};
	struct json *document = NULL;

	int rc = config_is_here(cli) ? list_files(cli, &document, e)
	                             : list_served(cli, &document, e);
	if (rc == 0)
		return output_show(cli, &shape, document, e);
	json_free(document);
	return rc;
}

/* A reference to a secret is shown as such: it is what was written. */
static struct json *variables_json(const struct conf_environment *one)
{
	struct json *object = json_object();
	const struct node *all = one->variables;

	for (const struct node *n = all ? all->first : NULL; n; n = n->next)
		json_set(object, n->name, json_string(n->u.s));
	return object;
}

static struct json *networks_json(const struct conf_environment *one)
{
	struct json *list = json_array();
	const struct node *all = one->network_allow;

	for (const struct node *n = all ? all->first : NULL; n; n = n->next)
		json_push(list, json_string(n->u.s));
	return list;
}

static void show_one(const struct cli *cli, const struct json *item, struct buf *b)
{
	const struct json *variables = json_get(item, "variables"), *value;
	const struct json *networks = json_get(item, "network_allow");
	const void *cursor = NULL;
	const char *key;

	(void)cli;
	buf_printf(b, "%-14s %s\n", "name", json_as_string(json_get(item, "name")));
	buf_printf(b, "%-14s %s\n", "served",
	           json_as_bool(json_get(item, "served")) ? "yes" : "no");
	buf_printf(b, "%-14s %s\n", "protected",
	           json_as_bool(json_get(item, "protected")) ? "yes" : "no");
	buf_printf(b, "%-14s %lld\n", "connections",
	           (long long)json_as_int(json_get(item, "connections")));
	buf_printf(b, "%-14s %s\n", "file", json_as_string(json_get(item, "file")));
	for (size_t i = 0; i < json_count(networks); i++)
		buf_printf(b, "%-14s %s\n", i ? "" : "allows",
		           json_as_string(json_at(networks, i)));
	while ((value = json_next(variables, &cursor, &key)))
		buf_printf(b, "${%s} = \"%s\"\n", key, json_as_string(value));
}

int cmd_env_get(struct cli *cli, struct err *e)
{
	static const struct output_shape shape = {columns, "name", NULL, show_one};
	struct session s;

	int rc = session_read(&s, cli, e);
	const struct conf_environment *one =
		rc == 0 ? conf_environment(&s.conf, cli->args[0]) : NULL;
	if (rc == 0 && !one)
		rc = err_set(e, ERR_NOT_FOUND, "no environment \"%s\"; see: linkspan env list",
		             cli->args[0]);
	if (rc == 0) {
		struct json *item = item_json(&s.conf, one);
		json_set(item, "variables", variables_json(one));
		json_set(item, "network_allow", networks_json(one));
		rc = output_show(cli, &shape, item, e);
	}
	session_finish(&s);
	return rc;
}
