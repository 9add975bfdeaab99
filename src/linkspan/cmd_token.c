/* linkspan token: making, listing and revoking API tokens. */
#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "linkspan/client.h"
#include "linkspan/command.h"
#include "linkspan/moment.h"
#include "linkspan/output.h"
#include "linkspan/route.h"
#include "linkspan/session.h"
#include "json/json.h"

#define TOKENS "/api/v1/tokens"

static const struct list_column columns[] = {
	{"ID", "id", LIST_TEXT, false},
	{"NAME", "name", LIST_TEXT, false},
	{"ROLE", "role", LIST_TEXT, false},
	{"PROJECTS", "projects", LIST_TEXT, false},
	{"CONNECTIONS", "connections", LIST_TEXT, true},
	{"CREATED", "created", LIST_TEXT, true},
	{"BY", "created_by", LIST_TEXT, true},
	{"EXPIRES", "expires", LIST_TEXT, false},
	{"EXPIRED", "expired", LIST_TEXT, true},
	{"USED", "used", LIST_AGE, false},
	{NULL, NULL, LIST_TEXT, false},
};

/*
 * Making one
 */

/* Each value of an option that may be repeated. */
static void set_names(struct json *body, const char *key, const struct cli *cli, const char *option)
{
	struct json *names = json_array();
	const char *name;

	for (size_t i = 0; (name = cli_option_at(cli, option, i)); i++)
		json_push(names, json_string(name));
	json_set(body, key, names);
}

static int set_expires(struct json *body, const struct cli *cli, struct err *e)
{
	const char *text = cli_option(cli, "expires");
	char time[CLOCK_TEXT_BYTES];
	int64_t at_ms, length_ms;

	if (!text)
		return 0;
	if (clock_parse(text, &at_ms) < 0) {
		int rc = moment_parse_length("expires", text, &length_ms, e);
		if (rc < 0)
			return rc;
		at_ms = clock_system.unix_ms() + length_ms;
	}
	clock_format(at_ms, time);
	json_set(body, "expires", json_string(time));
	return 0;
}

/* The token goes to standard output, alone: into a file, or to another program. */
static void show_token(const struct cli *cli, const struct json *t, struct buf *b)
{
	const char *token = json_as_string(json_get(t, "token"));

	(void)cli;
	if (token)
		buf_printf(b, "%s\n", token);
}

/* In every format. */
static void announce(const struct cli *cli, const struct json *t)
{
	const char *name = json_as_string(json_get(t, "name"));
	const char *role = json_as_string(json_get(t, "role"));
	const char *expires = json_as_string(json_get(t, "expires"));

	if (json_get(t, "token") && !cli_has(cli, "quiet"))
		fprintf(stderr, "linkspan: %s may be used until %s as %s; it is not shown again\n",
		        name ? name : "", expires ? expires : "", role ? role : "");
}

static const struct list_column created_columns[] = {
	{"TOKEN", "token", LIST_TEXT, false},       {"ID", "id", LIST_TEXT, false},
	{"NAME", "name", LIST_TEXT, false},         {"ROLE", "role", LIST_TEXT, false},
	{"PROJECTS", "projects", LIST_TEXT, false}, {"CONNECTIONS", "connections", LIST_TEXT, true},
	{"EXPIRES", "expires", LIST_TEXT, false},   {NULL, NULL, LIST_TEXT, false},
};

int cmd_token_create(struct cli *cli, struct err *e)
{
	static const struct output_shape shape = {created_columns, "token", NULL, show_token};
	const char *role = cli_option(cli, "role");
	struct json *body = json_object(), *answer = NULL;
	struct client c;

	int rc = client_open(&c, cli, e);
	if (rc == 0 && !role)
		rc = err_set(e, ERR_USAGE, "token create needs --role");
	if (rc == 0)
		rc = set_expires(body, cli, e);
	if (rc == 0) {
		json_set(body, "name", json_string(cli->args[0]));
		json_set(body, "role", json_string(role));
		set_names(body, "projects", cli, "project");
		set_names(body, "connections", cli, "connection");
		rc = client_post(&c, cli_has(cli, "dry-run") ? TOKENS "?dry_run=true" : TOKENS,
		                 body, &answer, e);
	} else {
		json_free(body);
	}
	client_close(&c);
	if (rc < 0)
		return rc;
	announce(cli, answer);
	return output_show(cli, &shape, answer, e);
}

int cmd_token_list(struct cli *cli, struct err *e)
{
	static const struct output_shape shape = {columns, "name", "items", NULL};
	struct json *answer = NULL;
	struct client c;

	int rc = client_open(&c, cli, e);
	if (rc == 0)
		rc = client_get(&c, TOKENS, &answer, e);
	client_close(&c);
	return rc < 0 ? rc : output_show(cli, &shape, answer, e);
}

/*
 * Revoking
 */

static bool is_called(const struct json *token, const char *key, const char *word)
{
	const char *text = json_as_string(json_get(token, key));

	return text && strcmp(text, word) == 0;
}

/* Names are what people know; ids go before, as nobody else can choose them. */
static const char *find_id(const struct json *items, const char *word)
{
	static const char *const keys[] = {"id", "name"};

	for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
		for (size_t i = 0; i < json_count(items); i++)
			if (is_called(json_at(items, i), keys[k], word))
				return json_as_string(json_get(json_at(items, i), "id"));
	return NULL;
}

static int revoke_one(struct client *c, const struct json *items, const char *word, struct err *e)
{
	const char *id = find_id(items, word);
	struct buf target;

	if (!id)
		return err_set(e, ERR_NOT_FOUND, "there is no token %s", word);
	buf_init(&target, BUF_MAX_LINE);
	buf_add_str(&target, TOKENS "/");
	route_name(&target, id);
	int rc = client_delete(c, buf_str(&target), e);
	buf_finish(&target);
	return rc;
}

int cmd_token_revoke(struct cli *cli, struct err *e)
{
	struct json *answer = NULL;
	struct client c;

	int rc = client_open(&c, cli, e);
	if (rc == 0)
		rc = client_get(&c, TOKENS, &answer, e);
	for (size_t i = 0; i < cli->arg_count && rc == 0; i++) {
		rc = revoke_one(&c, json_get(answer, "items"), cli->args[i], e);
		if (rc == 0 && !cli_has(cli, "quiet"))
			printf("%s: revoked\n", cli->args[i]);
		else if (rc < 0 && i > 0)
			err_prefix(e, "%zu revoked, then", i);
	}
	json_free(answer);
	client_close(&c);
	return rc;
}
