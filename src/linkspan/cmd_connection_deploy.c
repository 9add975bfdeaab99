/* linkspan connection deploy, undeploy, rollback: which revision runs where. */
#include <stdio.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "linkspan/changes_show.h"
#include "linkspan/command.h"
#include "linkspan/connection.h"
#include "linkspan/interrupt.h"
#include "linkspan/output.h"
#include "linkspan/problem.h"
#include "json/json.h"

static const struct list_column columns[] = {
	{"NAME", "name", LIST_TEXT, false},
	{"PROJECT", "project", LIST_TEXT, true},
	{"ENVIRONMENT", "environment", LIST_TEXT, false},
	{"NUMBER", "number", LIST_NUMBER, false},
	{"REVISION", "revision", LIST_REVISION, false},
	{"CHANGED", "changed", LIST_TEXT, false},
	{NULL, NULL, LIST_TEXT, false},
};

/* One call: which one, where, and what may be done. */
struct deploy {
	const struct cli *cli;
	const char *verb;
	const char *environment;
	long number;         /* 0: not said */
	char confirmed[128]; /* what was typed for a protected environment; "" */
};

/* NULL: no memory. */
static struct json *body_of(const struct deploy *d)
{
	const char *confirm = cli_option(d->cli, "confirm"), *note = cli_option(d->cli, "note");
	struct json *body = json_object();
	int rc = json_set(body, "environment", json_string(d->environment));

	if (d->confirmed[0])
		confirm = d->confirmed;
	if (rc == 0 && confirm)
		rc = json_set(body, "confirm", json_string(confirm));
	if (rc == 0 && note)
		rc = json_set(body, "note", json_string(note));
	if (rc == 0 && cli_has(d->cli, "confirm-secrets"))
		rc = json_set(body, "confirm_secrets", json_bool(true));
	if (rc == 0 && d->number)
		rc = json_set(body, "number", json_int(d->number));
	if (rc == 0)
		return body;
	json_free(body);
	return NULL;
}

/* Asks for the name of a protected environment; false where nobody can be asked. */
static bool ask_name(struct deploy *d)
{
	const struct cli *cli = d->cli;

	if (cli_option(cli, "confirm") || d->confirmed[0] || cli_has(cli, "no-input") ||
	    !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return false;
	fprintf(stderr, "%s is protected. Type its name to %s there: ", d->environment,
	        cli->command->verb);
	if (!interrupt_wait_input(STDIN_FILENO) ||
	    !fgets(d->confirmed, sizeof(d->confirmed), stdin))
		return false;
	d->confirmed[strcspn(d->confirmed, "\r\n")] = '\0';
	return d->confirmed[0] != '\0';
}

static int deploy_one(struct connection *c, struct deploy *d, struct json **ret, struct err *e)
{
	char code[PROBLEM_CODE_BYTES];
	struct err why = {0};
	int rc;

	do {
		struct json *body = body_of(d);
		err_clear(&why);
		if (!body)
			return err_no_memory(e);
		rc = connection_post(c, d->verb, body, ret, &why);
		if (rc == 0)
			return 0;
		problem_read_code(&c->client.reply, code);
	} while (rc == ERR_CONFLICT && strcmp(code, "protected") == 0 && ask_name(d));
	if (rc == ERR_CONFLICT && strcmp(code, "secret_origin") == 0)
		connection_show_pairs(&c->client.reply);
	return err_set(e, rc, "%s", why.text);
}

static void show_done(const struct cli *cli, const struct json *document, struct buf *b)
{
	char revision[CONNECTION_REVISION_BYTES];
	const char *verb = cli->command->verb;
	int64_t number = json_as_int(json_get(document, "number"));
	bool same = json_kind(json_get(document, "changed")) == JSON_BOOL &&
	            !json_as_bool(json_get(document, "changed"));

	buf_printf(b, "%s in %s: ", connection_text(document, "name"),
	           connection_text(document, "environment"));
	if (strcmp(verb, "undeploy") == 0)
		buf_add_str(b, cli_has(cli, "dry-run") ? "could be undeployed" : "undeployed");
	else
		buf_printf(b, "%snumber %lld, revision %s%s",
		           cli_has(cli, "dry-run") ? "would be " : "", (long long)number,
		           connection_revision(document, revision),
		           same ? "; that ran already" : "");
	buf_add_char(b, '\n');
	if (cli_has(cli, "dry-run"))
		changes_show(json_get(document, "changes"), "  ", b);
}

static void show_all(const struct cli *cli, const struct json *document, struct buf *b)
{
	const struct json *items = json_get(document, "items");

	for (size_t i = 0; i < json_count(items); i++)
		show_done(cli, json_at(items, i), b);
}

/* One by itself, several as a list. */
static int show(const struct cli *cli, struct json *items, struct err *e)
{
	static const struct output_shape one = {columns, "name", NULL, show_done};
	static const struct output_shape several = {columns, "name", "items", show_all};
	struct json *document;

	if (cli->arg_count == 1) {
		document = json_copy(json_at(items, 0));
		json_free(items);
		return output_show(cli, &one, document, e);
	}
	document = json_object();
	if (json_set(document, "items", items) < 0) {
		json_free(document);
		document = NULL;
	}
	return output_show(cli, &several, document, e);
}

/* An answer without a name is about the one that was asked for. */
static int keep(struct json *items, const struct connection *c, const struct deploy *d,
                struct json *answer, struct err *e)
{
	int rc = 0;

	if (!json_get(answer, "name"))
		rc = json_set(answer, "name", json_string(c->name));
	if (rc == 0 && !json_get(answer, "environment"))
		rc = json_set(answer, "environment", json_string(d->environment));
	if (rc < 0) {
		json_free(answer);
		return err_no_memory(e);
	}
	return json_push(items, answer) < 0 ? err_no_memory(e) : 0;
}

/* What was done before a failure is shown; then it is partly done. */
static int finish(struct cli *cli, struct json *items, int rc, const struct err *why, struct err *e)
{
	size_t done = json_count(items);

	if (rc == 0)
		return show(cli, items, e);
	if (done == 0 || rc == ERR_INTERRUPTED) {
		json_free(items);
		return err_set(e, rc, "%s", why->text);
	}
	int shown = show(cli, items, e);
	return shown < 0 ? shown
	                 : err_set(e, ERR_PARTLY, "%s (%zu of %zu done)", why->text, done,
	                           cli->arg_count);
}

static int each(struct cli *cli, const char *verb, struct err *e)
{
	struct deploy d = {.cli = cli, .verb = verb};
	struct json *items = json_array(), *kept = NULL;
	struct err why = {0};
	struct connection c;

	int rc = connection_open(&c, cli, NULL, &why);
	if (rc == 0)
		rc = cli_number(cli, "to", 1, INT32_MAX, &d.number, &why);
	if (rc == 0)
		rc = connection_environment(&c, &kept, &d.environment, &why);
	const char *first = c.project;
	for (size_t i = 0; rc == 0 && i < cli->arg_count; i++) {
		struct json *answer = NULL;
		c.name = cli->args[i];
		c.project = first;
		rc = connection_find(&c, &why);
		if (rc == 0)
			rc = deploy_one(&c, &d, &answer, &why);
		if (rc == 0)
			rc = keep(items, &c, &d, answer, &why);
		if (rc < 0 && cli->arg_count > 1)
			err_prefix(&why, "%s", cli->args[i]);
	}
	connection_close(&c);
	rc = finish(cli, items, rc, &why, e);
	json_free(kept);
	return rc;
}

int cmd_connection_deploy(struct cli *cli, struct err *e)
{
	return each(cli, ":deploy", e);
}

int cmd_connection_undeploy(struct cli *cli, struct err *e)
{
	return each(cli, ":undeploy", e);
}

int cmd_connection_rollback(struct cli *cli, struct err *e)
{
	return each(cli, ":rollback", e);
}
