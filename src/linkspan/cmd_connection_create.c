/* linkspan connection create: a new one, from options or from a file. */
#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "conf/conf.h"
#include "linkspan/command.h"
#include "linkspan/connection.h"
#include "linkspan/connection_show.h"
#include "linkspan/definition_files.h"
#include "linkspan/draft.h"
#include "linkspan/output.h"
#include "linkspan/route.h"
#include "json/json.h"

/*
 * Is the name free?
 */

static void show_name(const struct cli *cli, const struct json *document, struct buf *b)
{
	const char *reason = connection_text(document, "reason");
	bool free = json_as_bool(json_get(document, "available"));

	(void)cli;
	buf_printf(b, "%s in %s: %s%s%s\n", connection_text(document, "name"),
	           connection_text(document, "project"), free ? "free" : "not free",
	           reason[0] ? ", " : "", reason);
}

static int check_name(struct connection *c, struct cli *cli, struct err *e)
{
	static const struct list_column columns[] = {
		{"NAME", "name", LIST_TEXT, false},
		{"PROJECT", "project", LIST_TEXT, false},
		{"AVAILABLE", "available", LIST_TEXT, false},
		{"REASON", "reason", LIST_TEXT, false},
		{NULL, NULL, LIST_TEXT, false},
	};
	static const struct output_shape shape = {columns, "name", NULL, show_name};
	struct json *answer = NULL;
	struct buf target;

	buf_init(&target, BUF_MAX_LINE);
	buf_add_str(&target, "/api/v1/names/");
	route_name(&target, cli->args[0]);
	route_query(&target, "project", c->project);
	int rc = client_get(&c->client, buf_str(&target), &answer, e);
	buf_finish(&target);
	if (rc < 0)
		return rc;
	if (!json_as_bool(json_get(answer, "available")))
		cli->exit_status = err_exit_status(ERR_CONFLICT);
	return output_show(cli, &shape, answer, e);
}

/*
 * The definition
 */

/* The one definition of -f; its project counts unless --project is said. */
static int read_base(struct connection *c, struct definitions *d, struct err *e)
{
	const char *file = cli_option(c->cli, "file");

	if (!file)
		return 0;
	int rc = definitions_add(d, file, e);
	if (rc == 0 || rc == ERR_INVALID) {
		int verdict = definitions_verdict(d, e);
		rc = verdict < 0 ? verdict : rc;
	}
	if (rc == 0 && d->count != 1)
		rc = err_set(e, ERR_USAGE,
		             "-f %s: one definition is needed, and there are %zu; see: "
		             "linkspan apply",
		             file, d->count);
	if (rc == 0 && d->items[0].project && !cli_option(c->cli, "project"))
		c->project = d->items[0].project;
	return rc;
}

/* All that the host serves, where nothing else is said. */
static int set_environments(struct connection *c, struct json *definition, struct err *e)
{
	struct json *status = NULL, *parts = json_object();

	int rc = client_get(&c->client, "/api/v1/status", &status, e);
	const struct json *served = json_get(status, "environments");
	for (size_t i = 0; rc == 0 && i < json_count(served); i++) {
		const char *name = json_as_string(json_at(served, i));
		if (name && json_set(parts, name, json_object()) < 0)
			rc = err_no_memory(e);
	}
	json_free(status);
	if (rc < 0)
		json_free(parts);
	else if (json_set(definition, "environments", parts) < 0)
		rc = err_no_memory(e);
	return rc;
}

static const char *type_of(const struct cli *cli, const struct json *base)
{
	const char *given = cli_option(cli, "type");

	return given ? given : json_as_string(json_get(base, "type"));
}

static int make(struct connection *c, const struct json *base, struct json **ret, struct err *e)
{
	const struct cli *cli = c->cli;
	const char *name = cli->arg_count > 0 ? cli->args[0] : NULL, *type = type_of(cli, base);
	struct json *types = NULL, *definition = NULL;
	const struct json *schema = NULL;
	int rc = 0;

	if (!name && !base)
		rc = err_set(e, ERR_USAGE, "connection create needs NAME, or -f FILE");
	else if (!type)
		rc = err_set(e, ERR_USAGE,
		             "connection create needs --type; see: linkspan plugin list");
	else if (cli_has(cli, "set") || cli_has(cli, "secret"))
		rc = connection_schema(c, type, &types, &schema, e);
	if (rc == 0)
		rc = draft_change(cli, base, schema, &definition, e);
	if (rc == 0 && name && json_set(definition, "name", json_string(name)) < 0)
		rc = err_no_memory(e);
	if (rc == 0 && !json_get(definition, "environments"))
		rc = set_environments(c, definition, e);
	json_free(types);
	if (rc == 0)
		*ret = definition;
	else
		json_free(definition);
	return rc;
}

static void show_created(const struct cli *cli, const struct json *document, struct buf *b)
{
	connection_show_done(cli_has(cli, "dry-run") ? "could be created" : "created", document, b);
}

/* What is to be done next: nothing runs yet. */
static void say_next(const struct cli *cli, const struct json *document)
{
	const struct json *environments = json_get(document, "environments");
	const void *cursor = NULL;
	const char *env = NULL;

	if (cli_has(cli, "quiet") || cli_has(cli, "dry-run") ||
	    json_count(json_get(document, "deployments")) > 0 ||
	    json_count(json_get(json_get(document, "change"), "deployed")) > 0 ||
	    json_kind(environments) != JSON_OBJECT)
		return;
	json_next(environments, &cursor, &env);
	if (env)
		fprintf(stderr,
		        "linkspan: it is saved and not deployed; next: linkspan connection deploy "
		        "'%s' --env %s\n",
		        connection_text(document, "name"), env);
}

static int create(struct connection *c, struct err *e)
{
	static const struct output_shape shape = {connection_columns, "name", NULL, show_created};
	struct json *definition = NULL, *answer = NULL;
	struct definitions d;

	definitions_init(&d);
	int rc = read_base(c, &d, e);
	if (rc == 0)
		rc = make(c, d.count ? d.items[0].definition : NULL, &definition, e);
	if (rc == 0)
		rc = connection_post(c, "", definition, &answer, e);
	definitions_finish(&d);
	if (rc < 0)
		return rc;
	if (!cli_has(c->cli, "quiet"))
		draft_warn(c->cli, answer);
	say_next(c->cli, answer);
	return output_show(c->cli, &shape, answer, e);
}

int cmd_connection_create(struct cli *cli, struct err *e)
{
	struct connection c;

	int rc = connection_open(&c, cli, NULL, e);
	if (rc == 0 && cli_has(cli, "check-name"))
		rc = cli->arg_count > 0 ? check_name(&c, cli, e)
		                        : err_set(e, ERR_USAGE, "--check-name needs NAME");
	else if (rc == 0)
		rc = create(&c, e);
	connection_close(&c);
	return rc;
}
