/* linkspan connection list, get, usage: what is defined, and how it is. */
#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "conf/name.h"
#include "linkspan/catalogue.h"
#include "linkspan/client.h"
#include "linkspan/command.h"
#include "linkspan/link_show.h"
#include "linkspan/output.h"
#include "linkspan/session.h"
#include "schema/node.h"
#include "json/json.h"

static const struct list_column columns[] = {
	{"NAME", "name", LIST_TEXT, false},
	{"PROJECT", "project", LIST_TEXT, false},
	{"TYPE", "type", LIST_TEXT, false},
	{"ENVIRONMENTS", "environments", LIST_TEXT, false},
	{"ENABLED", "enabled", LIST_TEXT, false},
	{"STATE", "state", LIST_STATE, false},
	{"HOST", "url_host", LIST_TEXT, false},
	{"DESCRIPTION", "description", LIST_TEXT, true},
	{"FILE", "file", LIST_TEXT, true},
	{NULL, NULL, LIST_TEXT, false},
};

/* What is known: the files, as far as they are at hand, and the daemon unless it is left out. */
struct known {
	struct session session;
	bool has_files;
	struct json *status;      /* NULL: the daemon was not asked */
	const struct json *links; /* of it; NULL: none */
};

static int know_files(struct known *k, const struct cli *cli, struct err *e)
{
	if (!config_is_here(cli))
		return cli_has(cli, "standalone") ? session_read(&k->session, cli, e) : 0;
	int rc = session_read(&k->session, cli, e);
	k->has_files = rc == 0;
	if (rc == 0 && k->session.report.errors > 0 && !cli_has(cli, "quiet"))
		fputs("linkspan: some definitions have faults and are left out; see: linkspan "
		      "validate\n",
		      stderr);
	return rc;
}

/* known_finish() in any case. */
static int know(struct known *k, const struct cli *cli, struct err *e)
{
	struct client c;

	*k = (struct known){0};
	session_init(&k->session);
	int rc = know_files(k, cli, e);
	if (rc < 0 || cli_has(cli, "standalone"))
		return rc;
	rc = client_open(&c, cli, e);
	if (rc == 0)
		rc = client_get(&c, "/api/v1/status", &k->status, e);
	k->links = json_get(k->status, "links");
	client_close(&c);
	return rc;
}

static void known_finish(struct known *k)
{
	json_free(k->status);
	session_finish(&k->session);
}

int cmd_connection_list(struct cli *cli, struct err *e)
{
	static const struct output_shape shape = {columns, "name", "items", NULL};
	const struct catalogue_filter filter = {
		.project = cli_option(cli, "project"),
		.environment = cli_option(cli, "env"),
	};
	struct known k;

	int rc = know(&k, cli, e);
	if (rc == 0)
		rc = output_show(
			cli, &shape,
			catalogue_list(k.has_files ? &k.session.conf : NULL, k.links, &filter), e);
	known_finish(&k);
	return rc;
}

static bool is_named(const struct json *link, const char *project, const char *name)
{
	const char *own_project = json_as_string(json_get(link, "project"));
	const char *own_name = json_as_string(json_get(link, "connection"));

	return own_project && own_name && name_compare(own_name, name) == 0 &&
	       name_compare(own_project, project) == 0;
}

/* As everywhere: in the project first, then globally; in the files, or else among the links. */
static int find(const struct known *k, const struct cli *cli,
                const struct conf_connection **ret_definition, const char **ret_project,
                const char **ret_name, struct err *e)
{
	const char *project = cli_option(cli, "project"), *name = cli->args[0];
	const char *const scopes[] = {project ? project : CONF_GLOBAL, CONF_GLOBAL};

	*ret_definition = k->has_files ? conf_connection(&k->session.conf, scopes[0], name) : NULL;
	if (*ret_definition) {
		*ret_project = (*ret_definition)->project;
		*ret_name = (*ret_definition)->name;
		return 0;
	}
	for (size_t s = 0; s < 2; s++)
		for (size_t i = 0; i < json_count(k->links); i++) {
			const struct json *link = json_at(k->links, i);
			if (!is_named(link, scopes[s], name))
				continue;
			*ret_project = json_as_string(json_get(link, "project"));
			*ret_name = json_as_string(json_get(link, "connection"));
			return 0;
		}
	return err_set(e, ERR_NOT_FOUND, "no connection \"%s\"; see: linkspan connection list",
	               name);
}

static void show_row(struct buf *b, const struct json *item, const char *label, const char *key)
{
	const struct json *value = json_get(item, key);
	const char *text = json_as_string(value);

	if (json_kind(value) == JSON_BOOL)
		text = json_as_bool(value) ? "yes" : "no";
	if (text)
		buf_printf(b, "%-14s %s\n", label, text);
}

static void show_one(const struct cli *cli, const struct json *item, struct buf *b)
{
	const struct json *links = json_get(item, "links");
	const struct json *environments = json_get(item, "environments");

	(void)cli;
	show_row(b, item, "name", "name");
	show_row(b, item, "project", "project");
	show_row(b, item, "type", "type");
	show_row(b, item, "description", "description");
	show_row(b, item, "enabled", "enabled");
	show_row(b, item, "host", "url_host");
	show_row(b, item, "file", "file");
	for (size_t i = 0; i < json_count(environments); i++)
		buf_printf(b, "%-14s %s\n", i ? "" : "environments",
		           json_as_string(json_at(environments, i)));
	for (size_t i = 0; i < json_count(links); i++)
		link_show_sentence(json_at(links, i), b);
}

/* A copy of each link of the connection. */
static int add_links(struct json *item, const struct json *links, const char *project,
                     const char *name, struct err *e)
{
	struct json *own = json_array();
	int rc = 0;

	for (size_t i = 0; i < json_count(links) && rc == 0; i++)
		if (is_named(json_at(links, i), project, name))
			rc = json_push(own, json_copy(json_at(links, i)));
	if (json_set(item, "links", own) < 0 || rc < 0)
		return err_no_memory(e);
	return 0;
}

int cmd_connection_get(struct cli *cli, struct err *e)
{
	static const struct output_shape shape = {columns, "name", NULL, show_one};
	const struct conf_connection *definition = NULL;
	const char *project = NULL, *name = NULL;
	struct json *item = NULL;
	struct known k;

	int rc = know(&k, cli, e);
	if (rc == 0)
		rc = find(&k, cli, &definition, &project, &name, e);
	if (rc == 0) {
		item = catalogue_item(definition, project, name, k.links);
		rc = add_links(item, k.links, project, name, e);
	}
	if (rc == 0)
		rc = output_show(cli, &shape, item, e);
	else
		json_free(item);
	known_finish(&k);
	return rc;
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
	json_set(item, "environment", environment ? json_string(environment) : json_null());
	json_set(item, "as", json_string(key));
	json_push(items, item);
}

static struct json *usage_json(const struct conf *conf, const struct conf_connection *used)
{
	struct json *document = json_object(), *items = json_array();

	for (size_t i = 0; i < conf->connection_count; i++) {
		const struct conf_connection *user = &conf->connections[i];
		const struct node *parts = user->environments;
		add_user(items, conf, user, user->settings, NULL, used);
		for (const struct node *n = parts ? parts->first : NULL; n; n = n->next)
			add_user(items, conf, user, n, n->name, used);
	}
	if (json_set(document, "items", items) < 0) {
		json_free(document);
		return NULL;
	}
	return document;
}

int cmd_connection_usage(struct cli *cli, struct err *e)
{
	static const struct list_column users[] = {
		{"KIND", "kind", LIST_TEXT, false},
		{"PROJECT", "project", LIST_TEXT, false},
		{"NAME", "name", LIST_TEXT, false},
		{"ENVIRONMENT", "environment", LIST_TEXT, false},
		{"AS", "as", LIST_TEXT, false},
		{NULL, NULL, LIST_TEXT, false},
	};
	static const struct output_shape shape = {users, "name", "items", NULL};
	const char *project = cli_option(cli, "project");
	struct session s;

	int rc = session_read(&s, cli, e);
	if (rc == 0) {
		const struct conf_connection *used =
			conf_connection(&s.conf, project ? project : CONF_GLOBAL, cli->args[0]);
		rc = used ? output_show(cli, &shape, usage_json(&s.conf, used), e)
		          : err_set(e, ERR_NOT_FOUND,
		                    "no connection \"%s\"; see: linkspan connection list",
		                    cli->args[0]);
	}
	session_finish(&s);
	return rc;
}
