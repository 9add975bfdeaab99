/* linkspan connection history, diff: what was deployed, and what a deployment would change. */
#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "linkspan/changes_show.h"
#include "linkspan/command.h"
#include "linkspan/connection.h"
#include "linkspan/output.h"
#include "linkspan/route.h"
#include "json/json.h"

enum { PAGE = 200, ITEMS_MOST = 1000000 };

/*
 * History
 */

/* One page behind the cursor, which is replaced, and NULL at the end. */
static int read_page(struct connection *c, size_t limit, char **cursor, struct json *items,
                     struct err *e)
{
	struct json *answer = NULL;
	struct buf query;

	buf_init(&query, BUF_MAX_LINE);
	buf_printf(&query, "limit=%zu", limit < PAGE ? limit : PAGE);
	if (*cursor) {
		buf_add_str(&query, "&cursor=");
		route_name(&query, *cursor);
	}
	const struct connection_call call = {
		.method = "GET",
		.verb = "/revisions",
		.env = cli_option(c->cli, "env"),
		.query = buf_str(&query),
	};
	int rc = connection_ask(c, &call, NULL, &answer, e);
	buf_finish(&query);
	mem_free(*cursor);
	*cursor = NULL;
	const struct json *page = json_get(answer, "items");
	for (size_t i = 0; rc == 0 && i < json_count(page) && json_count(items) < limit; i++)
		if (json_push(items, json_copy(json_at(page, i))) < 0)
			rc = err_no_memory(e);
	const char *next = json_as_string(json_get(answer, "next"));
	if (rc == 0 && next && !(*cursor = mem_strdup(next)))
		rc = err_no_memory(e);
	json_free(answer);
	return rc;
}

int cmd_connection_history(struct cli *cli, struct err *e)
{
	static const struct list_column columns[] = {
		{"ENVIRONMENT", "environment", LIST_TEXT, false},
		{"NUMBER", "number", LIST_NUMBER, false},
		{"REVISION", "revision", LIST_REVISION, false},
		{"ACTIVE", "active", LIST_TEXT, false},
		{"ENABLED", "enabled", LIST_TEXT, true},
		{"AT", "at", LIST_TEXT, false},
		{"BY", "actor", LIST_TEXT, false},
		{"NOTE", "note", LIST_TEXT, false},
		{NULL, NULL, LIST_TEXT, false},
	};
	static const struct output_shape shape = {columns, "number", "items", NULL};
	struct json *document = json_object(), *items = json_array();
	char *cursor = NULL;
	struct connection c;
	long limit = 50;

	int rc = connection_open(&c, cli, cli->args[0], e);
	if (rc == 0)
		rc = cli_number(cli, "limit", 0, ITEMS_MOST, &limit, e);
	size_t most = limit ? (size_t)limit : ITEMS_MOST;
	if (rc == 0)
		rc = connection_find(&c, e);
	while (rc == 0) {
		rc = read_page(&c, most, &cursor, items, e);
		if (!cursor || json_count(items) >= most)
			break;
	}
	mem_free(cursor);
	connection_close(&c);
	if (json_set(document, "items", items) < 0 && rc == 0)
		rc = err_no_memory(e);
	if (rc == 0)
		return output_show(cli, &shape, document, e);
	json_free(document);
	return rc;
}

/*
 * Diff
 */

static void show_diff(const struct cli *cli, const struct json *document, struct buf *b)
{
	const struct json *number = json_get(document, "deployed");
	const char *env = connection_text(document, "environment");

	if (json_as_bool(json_get(document, "same")))
		return;
	if (json_kind(number) == JSON_INT)
		buf_printf(b, "--- %s in %s, number %lld\n", cli->args[0], env,
		           (long long)json_as_int(number));
	else
		buf_printf(b, "--- %s in %s: not deployed\n", cli->args[0], env);
	buf_printf(b, "+++ %s, as saved\n", cli->args[0]);
	changes_show(json_get(document, "changes"), "", b);
}

/* Its changes are what a table lists. */
static int show(const struct cli *cli, struct json *document, struct err *e)
{
	static const struct list_column columns[] = {
		{"KEY", "path", LIST_TEXT, false},
		{"BEFORE", "before", LIST_TEXT, false},
		{"AFTER", "after", LIST_TEXT, false},
		{NULL, NULL, LIST_TEXT, false},
	};
	static const struct output_shape shape = {columns, "path", "changes", show_diff};

	return output_show(cli, &shape, document, e);
}

int cmd_connection_diff(struct cli *cli, struct err *e)
{
	struct connection_call call = {.method = "GET", .verb = "/diff"};
	struct json *document = NULL, *kept = NULL;
	struct connection c;

	int rc = connection_open(&c, cli, cli->args[0], e);
	if (rc == 0)
		rc = connection_environment(&c, &kept, &call.env, e);
	if (rc == 0)
		rc = connection_find(&c, e);
	if (rc == 0)
		rc = connection_ask(&c, &call, NULL, &document, e);
	if (rc == 0 && !json_get(document, "environment") &&
	    json_set(document, "environment", json_string(call.env)) < 0)
		rc = err_no_memory(e);
	connection_close(&c);
	json_free(kept);
	if (rc < 0) {
		json_free(document);
		return rc;
	}
	if (!json_as_bool(json_get(document, "same")))
		cli->exit_status = 1;
	return show(cli, document, e);
}
