/* Requests about one connection. */
#include "linkspan/connection.h"

#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "conf/name.h"
#include "linkspan/command.h"
#include "linkspan/problem.h"
#include "linkspan/route.h"
#include "json/json.h"

int connection_open(struct connection *c, const struct cli *cli, const char *name, struct err *e)
{
	const char *project = cli_option(cli, "project");

	*c = (struct connection){
		.cli = cli,
		.name = name,
		.project = project ? project : CONF_GLOBAL,
	};
	return client_open(&c->client, cli, e);
}

void connection_close(struct connection *c)
{
	client_close(&c->client);
	mem_free(c->found);
}

const char *connection_text(const struct json *document, const char *key)
{
	const char *text = json_as_string(json_get(document, key));

	return text ? text : "";
}

const char *connection_revision(const struct json *document, char *text)
{
	snprintf(text, CONNECTION_REVISION_BYTES, "%s", connection_text(document, "revision"));
	return text;
}

static void print_faults(const struct fetch_reply *reply)
{
	struct json *problem = problem_read(reply);
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	problem_faults(problem, "", &text);
	fputs(buf_str(&text), stderr);
	buf_finish(&text);
	json_free(problem);
}

static void add_query(struct buf *target, const struct connection_call *call)
{
	route_query(target, "env", call->env);
	if (call->dry_run)
		route_query(target, "dry_run", "true");
	if (!call->query)
		return;
	buf_add_char(target, strchr(buf_str(target), '?') ? '&' : '?');
	buf_add_str(target, call->query);
}

static int ask(struct connection *c, const char *target, const struct connection_call *call,
               struct json *body, struct json **ret, struct err *e)
{
	char if_match[160];
	struct client_call request = {.method = call->method, .target = target};

	if (call->if_match) {
		snprintf(if_match, sizeof(if_match), "\"%s\"", call->if_match);
		request.if_match = if_match;
	}
	int rc = client_ask(&c->client, &request, body, ret, e);
	if (rc < 0 && !c->keeps_faults)
		print_faults(&c->client.reply);
	return rc;
}

int connection_ask(struct connection *c, const struct connection_call *call, struct json *body,
                   struct json **ret, struct err *e)
{
	struct buf target;

	buf_init(&target, BUF_MAX_LINE);
	if (c->name) {
		route_connection(&target, c->project, c->name, call->verb);
	} else {
		buf_add_str(&target, "/api/v1/projects/");
		route_name(&target, c->project);
		buf_printf(&target, "/connections%s", call->verb);
	}
	add_query(&target, call);
	int rc;
	if (buf_failed(&target)) {
		json_free(body);
		rc = err_set(e, ERR_USAGE, "the name is too long");
	} else {
		rc = ask(c, buf_str(&target), call, body, ret, e);
	}
	buf_finish(&target);
	return rc;
}

/* Where the answer says that it is: in memory of its own, as the document is the caller's. */
static int keep_place(struct connection *c, const struct json *document, struct err *e)
{
	const char *project = connection_text(document, "project");
	const char *name = connection_text(document, "name");
	size_t project_bytes = strlen(project) + 1, name_bytes = strlen(name) + 1;

	if (!project[0] || !name[0])
		return 0;
	char *found = mem_alloc(project_bytes + name_bytes);
	if (!found)
		return err_no_memory(e);
	memcpy(found, project, project_bytes);
	memcpy(found + project_bytes, name, name_bytes);
	mem_free(c->found);
	c->found = found;
	c->project = found;
	c->name = found + project_bytes;
	return 0;
}

int connection_get(struct connection *c, struct json **ret, struct err *e)
{
	static const struct connection_call call = {.method = "GET", .verb = ""};
	struct json *document = NULL;
	struct err first = {0};

	int rc = connection_ask(c, &call, NULL, &document, &first);
	if (rc == ERR_NOT_FOUND && name_compare(c->project, CONF_GLOBAL) != 0) {
		struct err second = {0};
		const char *project = c->project;
		c->project = CONF_GLOBAL;
		rc = connection_ask(c, &call, NULL, &document, &second);
		if (rc < 0 && rc != ERR_NOT_FOUND)
			first = second;
		if (rc < 0)
			c->project = project;
	}
	if (rc < 0)
		return err_set(e, rc, "%s", first.text);
	rc = keep_place(c, document, e);
	if (rc == 0)
		*ret = document;
	else
		json_free(document);
	return rc;
}

int connection_find(struct connection *c, struct err *e)
{
	struct json *document = NULL;

	if (name_compare(c->project, CONF_GLOBAL) == 0)
		return 0;
	int rc = connection_get(c, &document, e);
	json_free(document);
	return rc;
}

int connection_post(struct connection *c, const char *verb, struct json *body, struct json **ret,
                    struct err *e)
{
	const struct connection_call call = {
		.method = "POST",
		.verb = verb,
		.dry_run = cli_has(c->cli, "dry-run"),
	};

	return connection_ask(c, &call, body, ret, e);
}

int connection_environment(struct connection *c, struct json **keep, const char **ret,
                           struct err *e)
{
	const char *given = cli_option(c->cli, "env");
	struct json *status = NULL;

	if (given) {
		*ret = given;
		return 0;
	}
	int rc = client_get(&c->client, "/api/v1/status", &status, e);
	if (rc < 0)
		return rc;
	const struct json *served = json_get(status, "environments");
	if (json_count(served) == 1 && json_as_string(json_at(served, 0))) {
		*ret = json_as_string(json_at(served, 0));
		*keep = status;
		return 0;
	}
	struct buf names;
	buf_init(&names, BUF_MAX_LINE);
	for (size_t i = 0; i < json_count(served); i++)
		buf_printf(&names, "%s%s", i ? ", " : "", json_as_string(json_at(served, i)));
	rc = err_set(e, ERR_USAGE, "say --env: the host serves %s",
	             names.len_bytes ? buf_str(&names) : "no environment");
	buf_finish(&names);
	json_free(status);
	return rc;
}

int connection_schema(struct connection *c, const char *type, struct json **keep,
                      const struct json **ret, struct err *e)
{
	struct err why = {0};

	*ret = NULL;
	int rc = client_get(&c->client, "/api/v1/connection-types", keep, &why);
	if (rc == ERR_NOT_FOUND || rc == ERR_DENIED)
		return 0;
	if (rc < 0)
		return err_set(e, rc, "%s", why.text);
	const struct json *items = json_get(*keep, "items");
	for (size_t i = 0; i < json_count(items); i++) {
		const struct json *item = json_at(items, i);
		if (strcmp(connection_text(item, "id"), type) == 0)
			*ret = json_get(item, "schema");
	}
	return 0;
}

void connection_show_pairs(const struct fetch_reply *reply)
{
	struct json *problem = problem_read(reply);
	const struct json *pairs = json_get(problem, "pairs");

	for (size_t i = 0; i < json_count(pairs); i++)
		fprintf(stderr, "%s would be sent to %s for the first time\n",
		        connection_text(json_at(pairs, i), "secret"),
		        connection_text(json_at(pairs, i), "origin"));
	json_free(problem);
}
