/* Connections: enabling, disabling, renaming, moving, duplicating. */
#include <string.h>

#include "admin/admin_impl.h"
#include "admin/api.h"
#include "admin/body.h"
#include "admin/catalogue.h"
#include "admin/connection.h"
#include "admin/problem.h"
#include "admin/reply.h"
#include "base/banned.h"
#include "base/err.h"
#include "conf/conf.h"
#include "httpd/request.h"
#include "json/json.h"

const struct query_row api_toggle_rows[TOGGLE_ROWS] = {
	[TOGGLE_DRY_RUN] = {.name = "dry_run",
                            .kind = QUERY_FLAG,
                            .help = "Checks everything, answers what would be done, and does "
                                    "nothing."},
	[TOGGLE_ENV] = {.name = "env",
                        .kind = QUERY_TEXT,
                        .min = 1,
                        .max = 64,
                        .help = "The deployment there alone; else the definition, in every "
                                "environment."},
};

const struct query_row api_confirm_rows[CONFIRM_ROWS] = {
	[CONFIRM_CONFIRM] = {.name = "confirm",
                             .kind = QUERY_TEXT,
                             .min = 1,
                             .max = 64,
                             .help = "The name of a protected environment again."},
};

const struct query_row api_rename_rows[RENAME_ROWS] = {
	[RENAME_NAME] = {.name = "name",
                         .kind = QUERY_TEXT,
                         .min = 1,
                         .max = API_ARG_BYTES - 1,
                         .help = "What it is to be called."},
};

const struct query_row api_move_rows[MOVE_ROWS] = {
	[MOVE_PROJECT] = {.name = "project",
                          .kind = QUERY_TEXT,
                          .min = 1,
                          .max = API_ARG_BYTES - 1,
                          .help = "Where it is to be; `global` for the global scope."},
	[MOVE_NAME] = {.name = "name",
                       .kind = QUERY_TEXT,
                       .min = 1,
                       .max = API_ARG_BYTES - 1,
                       .help = "What it is to be called there; else as it is."},
};

const struct query_row api_duplicate_rows[DUPLICATE_ROWS] = {
	[DUPLICATE_NAME] = {.name = "name",
                            .kind = QUERY_TEXT,
                            .min = 1,
                            .max = API_ARG_BYTES - 1,
                            .help = "What the new one is to be called."},
	[DUPLICATE_PROJECT] = {.name = "project",
                               .kind = QUERY_TEXT,
                               .min = 1,
                               .max = API_ARG_BYTES - 1,
                               .help = "Where it is to be; else in the same project."},
};

_Static_assert((int)TOGGLE_DRY_RUN == (int)SAVE_DRY_RUN, "both are read by begin()");

/* What a verb is about. */
struct verb {
	const struct api_call *call;
	struct catalog *catalog;
	const struct catalog_entry *entry;
	char expected[REVISION_BYTES];
	struct json *body; /* NULL: none was sent */
	bool dry_run;
};

static void finish(struct verb *v)
{
	json_free(v->body);
	catalog_release(v->entry);
}

static int read_body(struct verb *v, const struct query_row *rows, size_t count,
                     struct query_value *values, struct problem *p)
{
	*values = (struct query_value){0};
	if (v->call->request->body_bytes == 0)
		return query_read_json(rows, count, NULL, values, p);
	int rc = body_read(v->call->request, &v->body, p);
	return rc < 0 ? rc : query_read_json(rows, count, v->body, values, p);
}

static int need(const struct query_row *row, const struct query_value *value, struct problem *p)
{
	char pointer[32] = "/";

	if (value->given)
		return 0;
	memcpy(pointer + 1, row->name, strlen(row->name) + 1);
	problem_fault(p, pointer, "missing_parameter", "is needed");
	return ERR_USAGE;
}

/* The inputs and what is there; else the call is answered.  The first row is needed if `needs` says so. */
static int begin(struct verb *v, struct api_call *call, const struct query_row *rows, size_t count,
                 bool needs, struct query_value *values)
{
	struct problem p = {0};

	*v = (struct verb){.call = call, .dry_run = call->query[SAVE_DRY_RUN].number};
	int rc = catalogue_match(call, false, v->expected, &p);
	if (rc == 0)
		rc = read_body(v, rows, count, values, &p);
	if (rc == 0 && needs)
		rc = need(rows, values, &p);
	if (rc < 0) {
		problem_reply(call->request, &p);
		return rc;
	}
	v->catalog = catalogue_of(call);
	v->entry = v->catalog ? connection_find(call, v->catalog) : NULL;
	return v->entry ? 0 : ERR_NOT_FOUND;
}

/* Also in the project where it is to be. */
static int may_edit(const struct api_call *call, const char *project)
{
	struct err e = {0};
	int rc = authorize(&call->asker.who, ACTION_EDIT, project, NULL, &e);

	if (rc < 0)
		problem_answer_err(call->request, NULL, &e);
	return rc;
}

/*
 * Enabling
 */

/* The deployment in one environment. */
static void toggle_deployment(struct verb *v, bool enabled, const char *confirm)
{
	const struct deploy_call deployment = {
		.project = v->entry->project,
		.name = v->entry->name,
		.environment = v->call->query[TOGGLE_ENV].text,
		.confirm = confirm,
	};
	struct catalogue_word word;
	struct catalog_answer answer;
	struct err e = {0};

	catalogue_word(v->call, v->dry_run, &word);
	catalog_answer_init(&answer);
	if (catalog_toggle(v->catalog, &deployment, enabled, &word.word, &answer, &e) < 0)
		catalogue_refuse(v->call, &answer, &e);
	else
		reply_json(v->call->request, 200, json_copy(answer.result));
	catalog_answer_finish(&answer);
}

static void toggle(struct api_call *call, bool enabled)
{
	struct query_value values[CONFIRM_ROWS];
	struct verb v;

	if (begin(&v, call, api_confirm_rows, CONFIRM_ROWS, false, values) == 0) {
		const struct catalog_edit edit = {
			.verb = CATALOG_REPLACE,
			.project = v.entry->project,
			.name = v.entry->name,
			.expected = v.expected[0] ? v.expected : NULL,
			.sets_enabled = true,
			.enabled = enabled,
		};
		if (call->query[TOGGLE_ENV].given)
			toggle_deployment(&v, enabled, values[CONFIRM_CONFIRM].text);
		else
			connection_save(call, v.catalog, &edit, v.dry_run, 200);
	}
	finish(&v);
}

void api_connection_enable(struct api_call *call)
{
	toggle(call, true);
}

void api_connection_disable(struct api_call *call)
{
	toggle(call, false);
}

/*
 * Another name, another place
 */

static void move(struct verb *v, const char *project, const char *name)
{
	const struct catalog_edit edit = {
		.verb = CATALOG_MOVE,
		.project = v->entry->project,
		.name = v->entry->name,
		.to_project = project,
		.to_name = name,
		.expected = v->expected[0] ? v->expected : NULL,
	};

	connection_save(v->call, v->catalog, &edit, v->dry_run, 200);
}

void api_connection_rename(struct api_call *call)
{
	struct query_value values[RENAME_ROWS];
	struct verb v;

	if (begin(&v, call, api_rename_rows, RENAME_ROWS, true, values) == 0)
		move(&v, NULL, values[RENAME_NAME].text);
	finish(&v);
}

void api_connection_move(struct api_call *call)
{
	struct query_value values[MOVE_ROWS];
	struct verb v;

	if (begin(&v, call, api_move_rows, MOVE_ROWS, true, values) == 0 &&
	    may_edit(call, values[MOVE_PROJECT].text) == 0)
		move(&v, values[MOVE_PROJECT].text, values[MOVE_NAME].text);
	finish(&v);
}

/*
 * A copy
 */

static void duplicate(struct verb *v, const char *project, const char *name)
{
	/* With what is not shown: its secrets are sealed anew. */
	struct json *definition = definition_json(v->entry->definition->root);
	const struct catalog_edit edit = {
		.verb = CATALOG_CREATE,
		.project = project,
		.name = name,
		.definition = definition,
	};

	if (definition)
		connection_save(v->call, v->catalog, &edit, v->dry_run, 201);
	else
		problem_answer(v->call->request, 503, "no_memory", "there is no memory for it");
	json_free(definition);
}

static void refuse_stale(const struct verb *v)
{
	struct json *more = json_object();
	struct problem p = {0};

	json_set(more, "revision", json_string(v->entry->revision));
	problem_set(&p, 412, "stale", "\"%s\" was changed meanwhile: it is at revision %.12s",
	            v->entry->name, v->entry->revision);
	problem_reply_with(v->call->request, &p, more);
}

void api_connection_duplicate(struct api_call *call)
{
	struct query_value values[DUPLICATE_ROWS];
	struct verb v;

	if (begin(&v, call, api_duplicate_rows, DUPLICATE_ROWS, true, values) == 0) {
		const char *project = values[DUPLICATE_PROJECT].given
		                              ? values[DUPLICATE_PROJECT].text
		                              : v.entry->project;
		if (v.expected[0] && strcmp(v.expected, v.entry->revision) != 0)
			refuse_stale(&v);
		else if (may_edit(call, project) == 0)
			duplicate(&v, project, values[DUPLICATE_NAME].text);
	}
	finish(&v);
}
