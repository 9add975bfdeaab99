/* linkspan connection list, get, usage: what is defined, how it is, and who uses it. */
#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/name.h"
#include "linkspan/catalogue.h"
#include "linkspan/command.h"
#include "linkspan/connection.h"
#include "linkspan/connection_show.h"
#include "linkspan/definition_text.h"
#include "linkspan/output.h"
#include "linkspan/route.h"
#include "linkspan/session.h"
#include "json/json.h"

enum { PAGE = 500 };

/*
 * Without a daemon
 */

static int read_files(struct session *s, const struct cli *cli, struct err *e)
{
	int rc = session_read(s, cli, e);

	if (rc == 0 && s->report.errors > 0 && !cli_has(cli, "quiet"))
		fputs("linkspan: some definitions have faults and are left out; see: linkspan "
		      "validate\n",
		      stderr);
	return rc;
}

static int list_files(const struct cli *cli, const struct catalogue_filter *filter,
                      struct json **ret, struct err *e)
{
	struct session s;

	int rc = read_files(&s, cli, e);
	if (rc == 0)
		*ret = catalogue_list(&s.conf, filter);
	session_finish(&s);
	return rc;
}

static int find_file(const struct session *s, const struct cli *cli,
                     const struct conf_connection **ret, struct err *e)
{
	const char *project = cli_option(cli, "project"), *name = cli->args[0];

	*ret = conf_connection(&s->conf, project ? project : CONF_GLOBAL, name);
	return *ret ? 0
	            : err_set(e, ERR_NOT_FOUND,
	                      "no connection \"%s\"; see: linkspan connection list", name);
}

static int get_file(const struct cli *cli, struct json **ret, struct err *e)
{
	const struct conf_connection *found;
	struct session s;

	int rc = read_files(&s, cli, e);
	if (rc == 0)
		rc = find_file(&s, cli, &found, e);
	if (rc == 0)
		*ret = catalogue_item(found);
	session_finish(&s);
	return rc;
}

static int usage_in_files(const struct cli *cli, struct json **ret, struct err *e)
{
	const struct conf_connection *found;
	struct session s;

	int rc = read_files(&s, cli, e);
	if (rc == 0)
		rc = find_file(&s, cli, &found, e);
	if (rc == 0)
		*ret = catalogue_usage(&s.conf, found);
	session_finish(&s);
	return rc;
}

/*
 * Listing
 */

/* Those of a project, and global ones, as a name is looked up. */
static bool fits(const struct json *item, const struct catalogue_filter *filter)
{
	const char *project = connection_text(item, "project");

	return !filter->project || name_compare(project, filter->project) == 0 ||
	       name_compare(project, CONF_GLOBAL) == 0;
}

/* One page; *cursor is replaced, and NULL at the end. */
static int list_page(struct client *c, const struct catalogue_filter *filter, char **cursor,
                     struct json *items, struct err *e)
{
	struct json *answer = NULL;
	struct buf target;

	buf_init(&target, BUF_MAX_LINE);
	buf_printf(&target, "/api/v1/projects/-/connections?limit=%d", PAGE);
	route_query(&target, "env", filter->environment);
	route_query(&target, "cursor", *cursor);
	int rc = client_get(c, buf_str(&target), &answer, e);
	buf_finish(&target);
	mem_free(*cursor);
	*cursor = NULL;
	const struct json *page = json_get(answer, "items");
	for (size_t i = 0; rc == 0 && i < json_count(page); i++)
		if (fits(json_at(page, i), filter) &&
		    json_push(items, json_copy(json_at(page, i))) < 0)
			rc = err_no_memory(e);
	const char *next = json_as_string(json_get(answer, "next"));
	if (rc == 0 && next && !(*cursor = mem_strdup(next)))
		rc = err_no_memory(e);
	json_free(answer);
	return rc;
}

static int list_daemon(const struct cli *cli, const struct catalogue_filter *filter,
                       struct json **ret, struct err *e)
{
	struct json *document = json_object(), *items = json_array();
	char *cursor = NULL;
	struct client c;

	int rc = client_open(&c, cli, e);
	while (rc == 0) {
		rc = list_page(&c, filter, &cursor, items, e);
		if (!cursor)
			break;
	}
	mem_free(cursor);
	client_close(&c);
	if (json_set(document, "items", items) < 0 && rc == 0)
		rc = err_no_memory(e);
	if (rc == 0)
		*ret = document;
	else
		json_free(document);
	return rc;
}

int cmd_connection_list(struct cli *cli, struct err *e)
{
	static const struct output_shape shape = {connection_columns, "name", "items", NULL};
	const struct catalogue_filter filter = {
		.project = cli_option(cli, "project"),
		.environment = cli_option(cli, "env"),
	};
	struct json *document = NULL;

	int rc = cli_has(cli, "standalone") ? list_files(cli, &filter, &document, e)
	                                    : list_daemon(cli, &filter, &document, e);
	return rc < 0 ? rc : output_show(cli, &shape, document, e);
}

/*
 * One
 */

/* For people: how it is in each environment too. */
static int add_links(struct connection *c, struct json *document, struct err *e)
{
	static const struct connection_call call = {.method = "GET", .verb = "/status"};
	struct json *status = NULL;
	struct err why = {0};

	int rc = connection_ask(c, &call, NULL, &status, &why);
	if (rc < 0) /* it was never deployed where this user may look */
		return rc == ERR_NOT_FOUND ? 0 : err_set(e, rc, "%s", why.text);
	if (json_set(document, "links", json_copy(json_get(status, "items"))) < 0)
		rc = err_no_memory(e);
	json_free(status);
	return rc;
}

static int get_daemon(const struct cli *cli, struct json **ret, struct err *e)
{
	bool with_links = cli->output == OUTPUT_TEXT && !cli_has(cli, "definition");
	struct json *document = NULL;
	struct connection c;

	int rc = connection_open(&c, cli, cli->args[0], e);
	if (rc == 0)
		rc = connection_get(&c, &document, e);
	if (rc == 0 && with_links)
		rc = add_links(&c, document, e);
	connection_close(&c);
	if (rc == 0)
		*ret = document;
	else
		json_free(document);
	return rc;
}

static int print_definition(const struct cli *cli, struct json *document, struct err *e)
{
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	int rc = definition_text(document, "", &text, e);
	json_free(document);
	if (rc == 0 && !cli_has(cli, "quiet"))
		return print_and_finish(&text, e);
	buf_finish(&text);
	return rc;
}

int cmd_connection_get(struct cli *cli, struct err *e)
{
	static const struct output_shape shape = {connection_columns, "name", NULL,
	                                          connection_show};
	bool definition = cli_has(cli, "definition");
	struct json *document = NULL;

	if (definition && (cli->output != OUTPUT_TEXT || cli_has(cli, "standalone")))
		return err_set(e, ERR_USAGE,
		               "--definition prints text, as the daemon has it: without -o and "
		               "--standalone");
	int rc = cli_has(cli, "standalone") ? get_file(cli, &document, e)
	                                    : get_daemon(cli, &document, e);
	if (rc < 0)
		return rc;
	return definition ? print_definition(cli, document, e)
	                  : output_show(cli, &shape, document, e);
}

/*
 * Its users
 */

static int usage_at_daemon(const struct cli *cli, struct json **ret, struct err *e)
{
	static const struct connection_call call = {.method = "GET", .verb = "/usage"};
	struct connection c;

	int rc = connection_open(&c, cli, cli->args[0], e);
	if (rc == 0)
		rc = connection_find(&c, e);
	if (rc == 0)
		rc = connection_ask(&c, &call, NULL, ret, e);
	connection_close(&c);
	return rc;
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
	struct json *document = NULL;

	int rc = cli_has(cli, "standalone") ? usage_in_files(cli, &document, e)
	                                    : usage_at_daemon(cli, &document, e);
	return rc < 0 ? rc : output_show(cli, &shape, document, e);
}
