/* linkspan connection rename, duplicate, move, enable, disable, delete. */
#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "linkspan/command.h"
#include "linkspan/confirm.h"
#include "linkspan/connection.h"
#include "linkspan/connection_show.h"
#include "linkspan/output.h"
#include "json/json.h"

/* One change that a POST makes: of the connection that the first argument names. */
static int change(struct cli *cli, const char *verb, struct json *body,
                  void (*text)(const struct cli *cli, const struct json *document, struct buf *b),
                  struct err *e)
{
	const struct output_shape shape = {connection_columns, "name", NULL, text};
	struct json *answer = NULL;
	struct connection c;

	int rc = connection_open(&c, cli, cli->args[0], e);
	if (rc == 0)
		rc = connection_find(&c, e);
	if (rc == 0)
		rc = connection_post(&c, verb, body, &answer, e);
	else
		json_free(body);
	connection_close(&c);
	return rc < 0 ? rc : output_show(cli, &shape, answer, e);
}

/* {key: text}, and the second pair where its text is not NULL.  NULL: no memory. */
static struct json *body_of(const char *key, const char *text, const char *other, const char *more)
{
	struct json *body = json_object();

	if (json_set(body, key, json_string(text)) == 0 &&
	    (!more || json_set(body, other, json_string(more)) == 0))
		return body;
	json_free(body);
	return NULL;
}

static void show_renamed(const struct cli *cli, const struct json *document, struct buf *b)
{
	connection_show_done(cli_has(cli, "dry-run") ? "could be renamed so" : "renamed", document,
	                     b);
}

int cmd_connection_rename(struct cli *cli, struct err *e)
{
	struct json *body = body_of("name", cli->args[1], NULL, NULL);

	return body ? change(cli, ":rename", body, show_renamed, e) : err_no_memory(e);
}

static void show_duplicate(const struct cli *cli, const struct json *document, struct buf *b)
{
	connection_show_done(cli_has(cli, "dry-run") ? "could be created" : "created", document, b);
}

int cmd_connection_duplicate(struct cli *cli, struct err *e)
{
	struct json *body = body_of("name", cli->args[1], "project", cli_option(cli, "to"));

	return body ? change(cli, ":duplicate", body, show_duplicate, e) : err_no_memory(e);
}

static void show_moved(const struct cli *cli, const struct json *document, struct buf *b)
{
	connection_show_done(cli_has(cli, "dry-run") ? "could be moved there" : "moved", document,
	                     b);
}

int cmd_connection_move(struct cli *cli, struct err *e)
{
	const char *to = cli_option(cli, "to");

	if (!to)
		return err_set(e, ERR_USAGE, "connection move needs --to PROJECT, or --to global");
	struct json *body = body_of("project", to, NULL, NULL);
	return body ? change(cli, ":move", body, show_moved, e) : err_no_memory(e);
}

/*
 * Enabling and disabling: the definition in every environment, or one deployment
 */

static void show_toggled(const struct cli *cli, const struct json *document, struct buf *b)
{
	bool enabled = strcmp(cli->command->verb, "enable") == 0;
	const char *env = cli_option(cli, "env");

	(void)document;
	buf_printf(b, "%s%s%s: %s%s\n", cli->args[0], env ? " in " : "", env ? env : "",
	           cli_has(cli, "dry-run") ? "could be " : "", enabled ? "enabled" : "disabled");
}

/* Only a deployment in a protected environment wants its name. */
static struct json *toggle_body(const struct cli *cli)
{
	const char *confirm = cli_option(cli, "confirm");

	return confirm && cli_option(cli, "env") ? body_of("confirm", confirm, NULL, NULL) : NULL;
}

static int toggle(struct cli *cli, const char *verb, struct err *e)
{
	static const struct output_shape shape = {connection_columns, "name", NULL, show_toggled};
	const struct connection_call call = {
		.method = "POST",
		.verb = verb,
		.env = cli_option(cli, "env"),
		.dry_run = cli_has(cli, "dry-run"),
	};
	struct json *answer = NULL;
	struct connection c;

	int rc = connection_open(&c, cli, cli->args[0], e);
	if (rc == 0)
		rc = connection_find(&c, e);
	if (rc == 0)
		rc = connection_ask(&c, &call, toggle_body(cli), &answer, e);
	connection_close(&c);
	return rc < 0 ? rc : output_show(cli, &shape, answer, e);
}

int cmd_connection_enable(struct cli *cli, struct err *e)
{
	return toggle(cli, ":enable", e);
}

int cmd_connection_disable(struct cli *cli, struct err *e)
{
	return toggle(cli, ":disable", e);
}

/*
 * Deleting
 */

/* "connection Alerts of shop in Production (alert_connection)". */
static void show_users(const struct json *users, struct buf *b)
{
	for (size_t i = 0; i < json_count(users); i++) {
		const struct json *user = json_at(users, i);
		const char *env = connection_text(user, "environment");
		const char *as = connection_text(user, "as");
		buf_printf(b, "  %s %s of %s%s%s%s%s%s\n", connection_text(user, "kind"),
		           connection_text(user, "name"), connection_text(user, "project"),
		           env[0] ? " in " : "", env, as[0] ? " (" : "", as, as[0] ? ")" : "");
	}
}

/* Who uses it is on standard error before anything is asked; without --force that is the end. */
static int judge_users(struct connection *c, struct err *e)
{
	static const struct connection_call call = {.method = "GET", .verb = "/usage"};
	struct json *usage = NULL;
	struct buf text;

	int rc = connection_ask(c, &call, NULL, &usage, e);
	size_t count = json_count(json_get(usage, "items"));
	if (rc == 0 && count > 0) {
		buf_init(&text, BUF_MAX_TEXT);
		buf_printf(&text, "%s is used by\n", c->name);
		show_users(json_get(usage, "items"), &text);
		fputs(buf_str(&text), stderr);
		buf_finish(&text);
		if (!cli_has(c->cli, "force"))
			rc = err_set(e, ERR_CONFLICT,
			             "%s is in use, and nothing was done; `linkspan connection "
			             "disable '%s'` is gentler, --force deletes it nonetheless",
			             c->name, c->name);
	}
	json_free(usage);
	return rc;
}

static int delete_one(struct connection *c, const struct json *document, struct err *e)
{
	bool dry_run = cli_has(c->cli, "dry-run");
	const struct connection_call call = {
		.method = "DELETE",
		.verb = "",
		.if_match = connection_text(document, "revision"),
		.query = cli_has(c->cli, "force") ? "force=true" : NULL,
		.dry_run = dry_run,
	};

	int rc = judge_users(c, e);
	if (rc == 0 && !dry_run)
		rc = confirm(c->cli, e,
		             "Delete %s of %s? It is undeployed, and what waits is cancelled; "
		             "`linkspan connection disable '%s'` is gentler.",
		             c->name, c->project, c->name);
	if (rc == 0)
		rc = connection_ask(c, &call, NULL, NULL, e);
	if (rc == 0 && !cli_has(c->cli, "quiet"))
		printf("%s in %s: %s\n", c->name, c->project,
		       dry_run ? "could be deleted" : "deleted");
	return rc;
}

int cmd_connection_delete(struct cli *cli, struct err *e)
{
	struct json *document = NULL;
	struct connection c;

	int rc = connection_open(&c, cli, cli->args[0], e);
	if (rc == 0)
		rc = connection_get(&c, &document, e);
	if (rc == 0)
		rc = delete_one(&c, document, e);
	json_free(document);
	connection_close(&c);
	return rc;
}
