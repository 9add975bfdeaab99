/* linkspan env: the environments of the host. */
#include <string.h>

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

/* A reference to a secret is shown as such: it is what was written. */
static struct json *variables_json(const struct conf_environment *one)
{
	struct json *list = json_array();
	const struct node *all = one->variables;

	for (const struct node *n = all ? all->first : NULL; n; n = n->next) {
		struct json *item = json_object();
		json_set(item, "name", json_string(n->name));
		json_set(item, "value", json_string(n->u.s));
		json_push(list, item);
	}
	return list;
}

static struct json *networks_json(const struct conf_environment *one)
{
	struct json *list = json_array();
	const struct node *all = one->network_allow;

	for (const struct node *n = all ? all->first : NULL; n; n = n->next)
		json_push(list, json_string(n->u.s));
	return list;
}

/* As the API has it. */
static struct json *item_json(const struct conf *conf, const struct conf_environment *one)
{
	struct json *item = json_object();

	json_set(item, "name", json_string(one->name));
	json_set(item, "project", json_string(one->project));
	json_set(item, "served", json_bool(is_served(conf, one->name)));
	json_set(item, "protected", json_bool(one->is_protected));
	json_set(item, "auto_deploy", json_bool(one->auto_deploy));
	json_set(item, "variables", variables_json(one));
	json_set(item, "network_allow", networks_json(one));
	json_set(item, "connections", json_int(count_connections(conf, one->name)));
	json_set(item, "file", json_string(one->file));
	return item;
}

static int list_files(const struct cli *cli, struct json *items, struct err *e)
{
	struct session s;

	int rc = session_read(&s, cli, e);
	for (size_t i = 0; rc == 0 && i < s.conf.environment_count; i++)
		if (json_push(items, item_json(&s.conf, &s.conf.environments[i])) < 0)
			rc = err_no_memory(e);
	session_finish(&s);
	return rc;
}

static int list_daemon(const struct cli *cli, struct json *items, struct err *e)
{
	struct json *answer = NULL;
	struct client c;

	int rc = client_open(&c, cli, e);
	if (rc == 0)
		rc = client_get(&c, "/api/v1/environments", &answer, e);
	client_close(&c);
	const struct json *all = json_get(answer, "items");
	for (size_t i = 0; rc == 0 && i < json_count(all); i++)
		if (json_push(items, json_copy(json_at(all, i))) < 0)
			rc = err_no_memory(e);
	json_free(answer);
	return rc;
}

/* Those of the host (name NULL: all), or the one of that name: what projects lay over them is no environment of
 * its own.  {"items": [ … ]}. */
static int find(const struct cli *cli, const char *name, struct json **ret, struct err *e)
{
	struct json *all = json_array(), *document = json_object(), *items = json_array();

	int rc = cli_has(cli, "standalone") ? list_files(cli, all, e) : list_daemon(cli, all, e);
	for (size_t i = 0; rc == 0 && i < json_count(all); i++) {
		const struct json *item = json_at(all, i);
		const char *project = json_as_string(json_get(item, "project"));
		const char *is = json_as_string(json_get(item, "name"));
		if (!project || !is || strcmp(project, CONF_GLOBAL) != 0 ||
		    (name && strcmp(is, name) != 0))
			continue;
		if (json_push(items, json_copy(item)) < 0)
			rc = err_no_memory(e);
	}
	json_free(all);
	if (json_set(document, "items", items) < 0 && rc == 0)
		rc = err_no_memory(e);
	if (rc == 0)
		*ret = document;
	else
		json_free(document);
	return rc;
}

int cmd_env_list(struct cli *cli, struct err *e)
{
	static const struct output_shape shape = {columns, "name", "items", NULL};
	struct json *document = NULL;

	int rc = find(cli, NULL, &document, e);
	return rc < 0 ? rc : output_show(cli, &shape, document, e);
}

/* Values that are not for whoever asks are null. */
static void show_variables(const struct json *variables, struct buf *b)
{
	for (size_t i = 0; i < json_count(variables); i++) {
		const struct json *item = json_at(variables, i);
		const char *value = json_as_string(json_get(item, "value"));
		buf_printf(b, "${%s}", json_as_string(json_get(item, "name")));
		if (value)
			buf_printf(b, " = \"%s\"\n", value);
		else
			buf_add_str(b, "  (its value is for editors)\n");
	}
}

static void show_one(const struct cli *cli, const struct json *item, struct buf *b)
{
	const struct json *networks = json_get(item, "network_allow");

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
	show_variables(json_get(item, "variables"), b);
}

int cmd_env_get(struct cli *cli, struct err *e)
{
	static const struct output_shape shape = {columns, "name", NULL, show_one};
	struct json *document = NULL;

	int rc = find(cli, cli->args[0], &document, e);
	if (rc < 0)
		return rc;
	const struct json *item = json_at(json_get(document, "items"), 0);
	if (item)
		rc = output_show(cli, &shape, json_copy(item), e);
	else
		rc = err_set(e, ERR_NOT_FOUND, "no environment \"%s\"; see: linkspan env list",
		             cli->args[0]);
	json_free(document);
	return rc;
}
