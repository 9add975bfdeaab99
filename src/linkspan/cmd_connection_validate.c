/* linkspan connection validate: would the daemon take it? */
#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "linkspan/command.h"
#include "linkspan/connection.h"
#include "linkspan/definition_files.h"
#include "linkspan/definition_text.h"
#include "linkspan/output.h"
#include "linkspan/problem.h"
#include "json/json.h"

static const struct list_column columns[] = {
	{"NAME", "name", LIST_TEXT, false},   {"PROJECT", "project", LIST_TEXT, true},
	{"KEY", "pointer", LIST_TEXT, false}, {"CODE", "code", LIST_TEXT, true},
	{"TEXT", "detail", LIST_TEXT, false}, {NULL, NULL, LIST_TEXT, false},
};

/* What was asked of it, and what was found. */
struct validation {
	struct connection *connection;
	struct json *faults;
	size_t checked;
};

/* Each fault of the daemon's answer: to standard error, and into the list. */
static int note_faults(struct validation *v, const struct definition_source *source, struct err *e)
{
	struct json *problem = problem_read(&v->connection->client.reply);
	const struct json *errors = json_get(problem, "errors");
	struct buf text;
	int rc = 0;

	buf_init(&text, BUF_MAX_TEXT);
	for (size_t i = 0; rc == 0 && i < json_count(errors); i++) {
		if (problem_is_repeated(errors, i))
			continue;
		struct json *fault = json_copy(json_at(errors, i));
		const char *detail = connection_text(fault, "detail");
		if (source)
			definitions_fault(source, connection_text(fault, "pointer"), detail, &text);
		json_set(fault, "project", json_string(v->connection->project));
		if (json_set(fault, "name", json_string(v->connection->name)) < 0 ||
		    json_push(v->faults, json_copy(fault)) < 0)
			rc = err_no_memory(e);
		json_free(fault);
	}
	if (!source)
		problem_faults(problem, "", &text);
	if (json_count(errors) == 0)
		rc = problem_error(&v->connection->client.reply, e);
	fputs(buf_str(&text), stderr);
	buf_finish(&text);
	json_free(problem);
	return rc;
}

/* Takes the definition.  revision NULL: there is none of that name yet. */
static int check(struct validation *v, const struct definition_source *source,
                 struct json *definition, const char *revision, struct err *e)
{
	struct connection *c = v->connection;
	const struct connection_call call = {
		.method = revision ? "PUT" : "POST",
		.verb = "",
		.if_match = revision,
		.query = revision ? "comments=discard" : NULL,
		.dry_run = true,
	};
	const char *name = c->name;
	struct err why = {0};

	if (!revision)
		c->name = NULL;
	int rc = connection_ask(c, &call, definition, NULL, &why);
	c->name = name;
	v->checked++;
	if (rc == ERR_INVALID)
		return note_faults(v, source, e);
	return rc < 0 ? err_set(e, rc, "%s", why.text) : 0;
}

static int check_saved(struct validation *v, struct err *e)
{
	struct json *document = NULL;

	int rc = connection_get(v->connection, &document, e);
	if (rc == 0) {
		struct json *part = definition_part(document);
		rc = part ? check(v, NULL, part, connection_text(document, "revision"), e)
		          : err_no_memory(e);
	}
	json_free(document);
	return rc;
}

/* In the place of what has its name, if there is one. */
static int check_source(struct validation *v, const struct definition_source *source, struct err *e)
{
	static const struct connection_call get = {.method = "GET", .verb = ""};
	struct connection *c = v->connection;
	const char *project = c->project;
	struct json *present = NULL, *copy = json_copy(source->definition);
	struct err why = {0};

	c->name = connection_text(source->definition, "name");
	if (source->project && !cli_option(c->cli, "project"))
		c->project = source->project;
	int rc = !c->name[0] ? ERR_NOT_FOUND : connection_ask(c, &get, NULL, &present, &why);
	if (!copy) {
		rc = err_no_memory(e);
	} else if (rc == 0 || rc == ERR_NOT_FOUND) {
		rc = check(v, source, copy, present ? connection_text(present, "revision") : NULL,
		           e);
	} else {
		json_free(copy);
		rc = err_set(e, rc, "%s", why.text);
	}
	json_free(present);
	c->project = project;
	return rc;
}

static int check_files(struct validation *v, const char *path, struct err *e)
{
	struct definitions d;

	definitions_init(&d);
	int rc = definitions_add(&d, path, e);
	if (rc == 0 || rc == ERR_INVALID) {
		int verdict = definitions_verdict(&d, e);
		rc = verdict < 0 ? verdict : rc;
	}
	for (size_t i = 0; rc == 0 && i < d.count; i++)
		rc = check_source(v, &d.items[i], e);
	v->connection->name = NULL;
	definitions_finish(&d);
	return rc;
}

/* For people the faults are on standard error already. */
static int show(const struct validation *v, struct err *e)
{
	static const struct output_shape shape = {columns, "name", "items", NULL};
	struct json *document = json_object();

	if (v->connection->cli->output == OUTPUT_TEXT) {
		json_free(document);
		return 0;
	}
	json_set(document, "checked", json_int((int64_t)v->checked));
	json_set(document, "errors", json_int((int64_t)json_count(v->faults)));
	if (json_set(document, "items", json_copy(v->faults)) < 0) {
		json_free(document);
		document = NULL;
	}
	return output_show(v->connection->cli, &shape, document, e);
}

int cmd_connection_validate(struct cli *cli, struct err *e)
{
	const char *file = cli_option(cli, "file");
	const char *name = cli->arg_count > 0 ? cli->args[0] : NULL;
	struct connection c;
	struct validation v = {.connection = &c, .faults = json_array()};

	int rc = connection_open(&c, cli, name, e);
	c.keeps_faults = true;
	if (rc == 0 && !file == !name)
		rc = err_set(e, ERR_USAGE, "connection validate needs NAME, or -f FILE");
	if (rc == 0)
		rc = file ? check_files(&v, file, e) : check_saved(&v, e);
	if (rc == 0)
		rc = show(&v, e);
	size_t faults = json_count(v.faults);
	if (rc == 0 && faults > 0)
		rc = err_set(e, ERR_INVALID, "%zu error%s", faults, faults == 1 ? "" : "s");
	else if (rc == 0 && !cli_has(cli, "quiet"))
		fprintf(stderr, "%zu connection%s checked, no error\n", v.checked,
		        v.checked == 1 ? "" : "s");
	json_free(v.faults);
	connection_close(&c);
	return rc;
}
