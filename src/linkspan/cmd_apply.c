/* linkspan apply: makes the host's connections what files say, whole or not at all. */
#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "conf/conf.h"
#include "linkspan/apply_show.h"
#include "linkspan/client.h"
#include "linkspan/command.h"
#include "linkspan/confirm.h"
#include "linkspan/definition_files.h"
#include "linkspan/output.h"
#include "linkspan/problem.h"
#include "linkspan/progress.h"
#include "linkspan/route.h"
#include "json/json.h"

#define APPLY "/api/v1/definitions:apply"

struct apply {
	const struct cli *cli;
	struct client client;
	struct definitions definitions;
	struct json *body;
};

/* What a definition that does not say it belongs to. */
static const char *project_of(const struct apply *a, const struct definition_source *source)
{
	const char *project = cli_option(a->cli, "project");

	return source->project ? source->project : project ? project : CONF_GLOBAL;
}

static int read_files(struct apply *a, struct err *e)
{
	const char *path;
	int rc = 0;

	if (!cli_option_at(a->cli, "file", 0))
		return err_set(e, ERR_USAGE, "apply needs -f FILE or -f FOLDER");
	for (size_t i = 0; (path = cli_option_at(a->cli, "file", i)); i++) {
		int one = definitions_add(&a->definitions, path, e);
		if (one < 0 && one != ERR_INVALID)
			return one;
		rc = rc < 0 ? rc : one;
	}
	int verdict = definitions_verdict(&a->definitions, e);
	rc = verdict < 0 ? verdict : rc;
	if (rc == 0 && a->definitions.count == 0 && !cli_has(a->cli, "prune"))
		rc = err_set(e, ERR_NOT_FOUND, "there is no definition of a connection in %s",
		             cli_option_at(a->cli, "file", 0));
	return rc;
}

static bool is_noted(const struct json *projects, const char *project)
{
	for (size_t i = 0; i < json_count(projects); i++)
		if (strcmp(json_as_string(json_at(projects, i)), project) == 0)
			return true;
	return false;
}

static int note(struct json *projects, const char *project)
{
	return is_noted(projects, project) ? 0 : json_push(projects, json_string(project));
}

/* Where what no file has is deleted: the projects of the folders and of the definitions. */
static struct json *pruned(const struct apply *a)
{
	const struct definitions *d = &a->definitions;
	struct json *projects = json_array();
	int rc = projects ? 0 : -1;

	for (size_t i = 0; i < d->project_count && rc == 0; i++)
		rc = note(projects, d->projects[i]);
	for (size_t i = 0; i < d->count && rc == 0; i++)
		rc = note(projects, project_of(a, &d->items[i]));
	if (rc == 0)
		return projects;
	json_free(projects);
	return NULL;
}

static struct json *item_json(const struct apply *a, const struct definition_source *source)
{
	struct json *item = json_object();

	json_set(item, "project", json_string(project_of(a, source)));
	if (json_set(item, "definition", json_copy(source->definition)) == 0)
		return item;
	json_free(item);
	return NULL;
}

/* Each value of an option that may be repeated; without one there is no such member. */
static int set_list(struct json *body, const char *key, const struct cli *cli, const char *option)
{
	struct json *list = json_array();
	const char *text;
	int rc = 0;

	if (!cli_has(cli, option)) {
		json_free(list);
		return 0;
	}
	for (size_t i = 0; (text = cli_option_at(cli, option, i)); i++)
		rc |= json_push(list, json_string(text));
	return json_set(body, key, list) | rc;
}

static int make_body(struct apply *a, struct err *e)
{
	const char *why = cli_option(a->cli, "note");
	bool prune = cli_has(a->cli, "prune");
	struct json *items = json_array();
	int rc = 0;

	a->body = json_object();
	for (size_t i = 0; i < a->definitions.count; i++)
		rc |= json_push(items, item_json(a, &a->definitions.items[i]));
	rc |= json_set(a->body, "items", items);
	rc |= json_set(a->body, "prune", json_bool(prune));
	rc |= json_set(a->body, "deploy", json_bool(cli_has(a->cli, "deploy")));
	if (prune)
		rc |= json_set(a->body, "projects", pruned(a));
	if (why)
		rc |= json_set(a->body, "note", json_string(why));
	if (cli_has(a->cli, "confirm-secrets"))
		rc |= json_set(a->body, "confirm_secrets", json_bool(true));
	rc |= set_list(a->body, "environments", a->cli, "env");
	rc |= set_list(a->body, "confirm", a->cli, "confirm");
	return rc ? err_no_memory(e) : 0;
}

/* Faults at the lines of the files where they are. */
static void show_faults(const struct apply *a)
{
	struct json *problem = problem_read(&a->client.reply);
	const struct json *errors = json_get(problem, "errors");
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	for (size_t i = 0; i < json_count(errors); i++) {
		const char *pointer = json_as_string(json_get(json_at(errors, i), "pointer"));
		const char *detail = json_as_string(json_get(json_at(errors, i), "detail"));
		if (problem_is_repeated(errors, i))
			continue;
		apply_show_fault(&a->definitions, pointer ? pointer : "", detail ? detail : "",
		                 &text);
	}
	fputs(buf_str(&text), stderr);
	buf_finish(&text);
	json_free(problem);
}

static int ask(struct apply *a, bool dry_run, struct json **ret, struct err *e)
{
	struct json *body = json_copy(a->body);
	struct buf target;

	buf_init(&target, BUF_MAX_LINE);
	buf_add_str(&target, APPLY);
	route_query(&target, "dry_run", dry_run ? "true" : NULL);
	route_query(&target, "comments", cli_has(a->cli, "discard-comments") ? "discard" : NULL);
	int rc = body ? client_post(&a->client, buf_str(&target), body, ret, e) : err_no_memory(e);
	buf_finish(&target);
	if (rc < 0)
		show_faults(a);
	return rc;
}

/* The plan is shown to whoever is asked. */
static int ask_user(const struct apply *a, const struct json *plan, struct err *e)
{
	size_t changes = apply_count_changes(plan);
	struct buf text;

	if (cli_has(a->cli, "yes"))
		return 0;
	buf_init(&text, BUF_MAX_TEXT);
	apply_show_plan(a->cli, plan, &text);
	fputs(buf_str(&text), stderr);
	buf_finish(&text);
	return confirm(a->cli, e, "Do this to %zu connection%s?", changes, changes == 1 ? "" : "s");
}

static int carry_out(struct apply *a, struct json **ret, struct err *e)
{
	struct progress progress;

	progress_begin(&progress, a->cli);
	progress_show(&progress, 0, 0, "applying %zu definitions", a->definitions.count);
	int rc = ask(a, false, ret, e);
	progress_end(&progress);
	return rc;
}

static int run(struct apply *a, struct json **ret, bool *ret_is_plan, struct err *e)
{
	struct json *plan = NULL;

	int rc = ask(a, true, &plan, e);
	*ret_is_plan = cli_has(a->cli, "dry-run") ||
	               (rc == 0 && apply_count_changes(plan) == 0 && !cli_has(a->cli, "deploy"));
	if (rc == 0 && *ret_is_plan) {
		*ret = plan;
		return 0;
	}
	if (rc == 0 && apply_count_changes(plan) > 0)
		rc = ask_user(a, plan, e);
	if (rc == 0)
		rc = carry_out(a, ret, e);
	json_free(plan);
	return rc;
}

/* Everything is saved, but not everything could be deployed. */
static void judge(struct cli *cli, const struct json *answer, bool is_plan)
{
	size_t held = apply_count_held(answer);

	if (is_plan || held == 0)
		return;
	cli->exit_status = err_exit_status(ERR_PARTLY);
	if (!cli_has(cli, "quiet"))
		fprintf(stderr, "linkspan: %zu deployment%s held back; everything is saved\n", held,
		        held == 1 ? " was" : "s were");
}

int cmd_apply(struct cli *cli, struct err *e)
{
	static const struct output_shape plan = {apply_columns, "name", "items", apply_show_plan};
	static const struct output_shape done = {apply_columns, "name", "items", apply_show_done};
	struct apply a = {.cli = cli};
	struct json *answer = NULL;
	bool is_plan = false;

	definitions_init(&a.definitions);
	int rc = client_open(&a.client, cli, e);
	if (rc == 0)
		rc = read_files(&a, e);
	if (rc == 0)
		rc = make_body(&a, e);
	if (rc == 0)
		rc = run(&a, &answer, &is_plan, e);
	if (rc == 0) {
		judge(cli, answer, is_plan);
		rc = output_show(cli, is_plan ? &plan : &done, answer, e);
	}
	json_free(a.body);
	client_close(&a.client);
	definitions_finish(&a.definitions);
	return rc;
}
