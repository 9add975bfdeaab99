/* linkspan audit: who did what, and whether that is as it was written. */
#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "linkspan/client.h"
#include "linkspan/command.h"
#include "linkspan/output.h"
#include "linkspan/route.h"
#include "linkspan/session.h"
#include "json/json.h"

enum { LIMIT = 50, LIMIT_MOST = 1000000, PAGE = 1000 };

static const struct list_column columns[] = {
	{"NUMBER", "number", LIST_NUMBER, false},
	{"AT", "at", LIST_TEXT, false},
	{"ACTOR", "actor", LIST_TEXT, false},
	{"ACTION", "action", LIST_TEXT, false},
	{"PROJECT", "project", LIST_TEXT, false},
	{"SUBJECT", "subject", LIST_TEXT, false},
	{"COUNT", "count", LIST_NUMBER, true},
	{"REASON", "detail.reason", LIST_TEXT, true},
	{"ENVIRONMENT", "detail.environment", LIST_TEXT, true},
	{NULL, NULL, LIST_TEXT, false},
};

/* A copy of what one page has, at the end of all. */
static int append(struct json *all, const struct json *items, struct err *e)
{
	for (size_t i = 0; i < json_count(items); i++)
		if (json_push(all, json_copy(json_at(items, i))) < 0)
			return err_no_memory(e);
	return 0;
}

/* Page after page; *page is the last one. */
static int gather(struct client *c, long limit, struct json *all, struct json **page, struct err *e)
{
	const char *cursor = NULL;
	struct buf target;
	int rc;

	buf_init(&target, BUF_MAX_LINE);
	do {
		long left = limit - (long)json_count(all);
		buf_clear(&target);
		buf_printf(&target, "/api/v1/audit?limit=%ld", left < PAGE ? left : PAGE);
		route_query(&target, "cursor", cursor);
		json_free(*page);
		*page = NULL;
		rc = client_get(c, buf_str(&target), page, e);
		if (rc == 0)
			rc = append(all, json_get(*page, "items"), e);
		cursor = json_as_string(json_get(*page, "next"));
	} while (rc == 0 && cursor && (long)json_count(all) < limit);
	buf_finish(&target);
	return rc;
}

int cmd_audit_list(struct cli *cli, struct err *e)
{
	static const struct output_shape shape = {columns, "number", "items", NULL};
	struct json *all = json_array(), *document = json_object(), *page = NULL;
	struct client c;
	long limit = LIMIT;

	int rc = client_open(&c, cli, e);
	if (rc == 0)
		rc = cli_number(cli, "limit", 0, LIMIT_MOST, &limit, e);
	if (rc == 0)
		rc = gather(&c, limit ? limit : LIMIT_MOST, all, &page, e);
	const char *next = json_as_string(json_get(page, "next"));
	json_set(document, "items", all);
	json_set(document, "next", json_string_or_null(next));
	json_free(page);
	client_close(&c);
	if (rc == 0)
		return output_show(cli, &shape, document, e);
	json_free(document);
	return rc;
}

static void show_verdict(const struct cli *cli, const struct json *v, struct buf *b)
{
	const char *how = json_as_string(json_get(v, "how"));
	const char *hash = json_as_string(json_get(v, "hash"));
	long long newest = json_as_int(json_get(v, "newest"));

	(void)cli;
	if (json_as_bool(json_get(v, "whole")))
		buf_printf(b, "The audit trail is whole: %lld rows\n",
		           (long long)json_as_int(json_get(v, "count")));
	else
		buf_printf(b, "The audit trail is not whole: row %lld: %s\n",
		           (long long)json_as_int(json_get(v, "broken")), how ? how : "");
	if (hash)
		buf_printf(b, "The last good row is %lld, its hash %s\n", newest, hash);
}

int cmd_audit_verify(struct cli *cli, struct err *e)
{
	static const struct list_column verdict_columns[] = {
		{"WHOLE", "whole", LIST_TEXT, false},     {"ROWS", "count", LIST_NUMBER, false},
		{"BROKEN", "broken", LIST_NUMBER, false}, {"HOW", "how", LIST_TEXT, false},
		{"NEWEST", "newest", LIST_NUMBER, false}, {"HASH", "hash", LIST_TEXT, true},
		{NULL, NULL, LIST_TEXT, false},
	};
	static const struct output_shape shape = {verdict_columns, "hash", NULL, show_verdict};
	struct json *answer = NULL;
	struct client c;

	int rc = client_open(&c, cli, e);
	if (rc == 0)
		rc = client_get(&c, "/api/v1/audit/verify", &answer, e);
	client_close(&c);
	if (rc < 0)
		return rc;
	if (!json_as_bool(json_get(answer, "whole")))
		cli->exit_status = err_exit_status(ERR_FAILED);
	return output_show(cli, &shape, answer, e);
}
