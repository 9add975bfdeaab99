/* Making many connections what documents say, whole or not at all; then, if it is wished, deploying them. */
#include <stdio.h>
#include <string.h>

#include "admin/admin_impl.h"
#include "admin/api.h"
#include "admin/apply.h"
#include "admin/body.h"
#include "admin/catalogue.h"
#include "admin/connection.h"
#include "admin/problem.h"
#include "admin/reply.h"
#include "base/banned.h"
#include "base/err.h"
#include "conf/conf.h"
#include "conf/name.h"
#include "json/json.h"

const struct query_row api_apply_rows[APPLY_ROWS] = {
	[APPLY_DRY_RUN] = {.name = "dry_run",
                           .kind = QUERY_FLAG,
                           .help = "Only says what would be done, or why it cannot be."},
	[APPLY_COMMENTS] = {.name = "comments",
                            .kind = QUERY_CHOICE,
                            .choices = connection_comments,
                            .help = "Whether comments in files that change may be lost."},
};

const struct query_row api_apply_wish_rows[APPLY_WISH_ROWS] = {
	[APPLY_WISH_ITEMS] =
		{.name = "items",
                 .kind = QUERY_DOCUMENT,
                 .help = "A list of `{\"project\", \"definition\"}`; the name is in the "
                         "definition, and the project is global if it is left out."},
	[APPLY_WISH_PRUNE] = {.name = "prune",
                              .kind = QUERY_FLAG,
                              .help = "What no item names is deleted."},
	[APPLY_WISH_PROJECTS] =
		{.name = "projects",
                 .kind = QUERY_LIST,
                 .help = "Where `prune` deletes; else in the projects of the items."},
	[APPLY_WISH_DEPLOY] = {.name = "deploy",
                               .kind = QUERY_FLAG,
                               .help = "What is saved is deployed where it differs from what runs."},
	[APPLY_WISH_ENVIRONMENTS] =
		{.name = "environments",
                 .kind = QUERY_LIST,
                 .help = "Where `deploy` deploys; else wherever this host serves and nothing is "
                         "protected."},
	[APPLY_WISH_CONFIRM] = {.name = "confirm",
                                .kind = QUERY_LIST,
                                .help = "Protected environments in which it may be deployed."},
	[APPLY_WISH_NOTE] = {.name = "note",
                             .kind = QUERY_TEXT,
                             .min = 1,
                             .max = 1000,
                             .help = "Why; shown in the history of deployments."},
	[APPLY_WISH_CONFIRM_SECRETS] =
		{.name = "confirm_secrets",
                 .kind = QUERY_FLAG,
                 .help = "Secrets may go to origins that they never went to."},
};

static bool same(const char *a, const char *b)
{
	return name_compare(a, b) == 0;
}

/*
 * Reading
 */

static int fault(struct problem *p, size_t item, const char *member, const char *code,
                 const char *what)
{
	char pointer[64];

	snprintf(pointer, sizeof(pointer), "/items/%zu/%s", item, member);
	problem_fault(p, pointer, code, "%s", what);
	return ERR_USAGE;
}

/* Without what documents of the API only tell. */
static int take_definition(struct apply *a, struct apply_item *item, const struct json *given,
                           struct problem *p)
{
	const struct catalog_entry *saved =
		catalog_find_exactly(a->catalog, item->project, item->name);

	item->definition = connection_definition(given, saved);
	catalog_release(saved);
	if (item->definition)
		return 0;
	problem_set(p, 503, "no_memory", "there is no memory for so many items");
	return ERR_NO_MEMORY;
}

static bool is_twice(const struct apply *a, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (same(a->items[i].name, a->items[at].name) &&
		    same(a->items[i].project, a->items[at].project))
			return true;
	return false;
}

static int read_item(struct apply *a, size_t at, const struct json *given, struct problem *p)
{
	const struct json *definition = json_get(given, "definition");
	const char *project = json_as_string(json_get(given, "project"));
	struct apply_item *item = &a->items[at];

	if (json_kind(definition) != JSON_OBJECT)
		return fault(p, at, "definition", "missing_parameter", "is needed, as an object");
	if (!project)
		project = json_as_string(json_get(definition, "project"));
	item->project = project ? project : CONF_GLOBAL;
	item->name = json_as_string(json_get(definition, "name"));
	if (!item->name)
		return fault(p, at, "definition/name", "missing_parameter", "is needed, as a text");
	if (is_twice(a, at))
		return fault(p, at, "definition/name", "invalid_parameter",
		             "stands twice among the items");
	return take_definition(a, item, definition, p);
}

static int read_items(struct apply *a, const struct json *list, struct problem *p)
{
	size_t count = json_count(list);
	int rc = 0;

	if (json_kind(list) != JSON_ARRAY) {
		problem_fault(p, "/items", "missing_parameter", "is needed, as a list");
		return ERR_USAGE;
	}
	a->items = arena_array(&a->arena, count + 1, sizeof(*a->items));
	if (!a->items) {
		problem_set(p, 503, "no_memory", "there is no memory for so many items");
		return ERR_NO_MEMORY;
	}
	for (size_t i = 0; i < count && rc == 0; i++) {
		a->item_count = i + 1;
		rc = read_item(a, i, json_at(list, i), p);
	}
	return rc;
}

/* What is not served cannot be meant. */
static int check_environments(struct apply *a, struct problem *p)
{
	const char *const *served = admin_settings(a->call)->environments;
	int rc = 0;

	for (size_t i = 0; i < json_count(a->environments); i++) {
		const char *name = json_as_string(json_at(a->environments, i));
		bool is_served = false;
		char pointer[48];
		for (size_t k = 0; served[k] && !is_served; k++)
			is_served = strcmp(served[k], name) == 0;
		if (is_served)
			continue;
		snprintf(pointer, sizeof(pointer), "/environments/%zu", i);
		problem_fault(p, pointer, "not_served",
		              "this host does not serve the environment %.64s", name);
		p->status = 409;
		rc = ERR_CONFLICT;
	}
	return rc;
}

static int read_wish(struct apply *a, struct problem *p)
{
	struct query_value v[APPLY_WISH_ROWS];
	int rc = query_read_json(api_apply_wish_rows, APPLY_WISH_ROWS, a->body, v, p);

	if (rc < 0)
		return rc;
	a->dry_run = a->call->query[APPLY_DRY_RUN].number;
	a->drops_comments = a->call->query[APPLY_COMMENTS].number == COMMENTS_DISCARD;
	a->prunes = v[APPLY_WISH_PRUNE].number;
	a->deploys = v[APPLY_WISH_DEPLOY].number;
	a->projects = json_get(a->body, "projects");
	a->environments = json_get(a->body, "environments");
	a->confirmed = json_get(a->body, "confirm");
	a->note = v[APPLY_WISH_NOTE].text;
	a->confirms_secrets = v[APPLY_WISH_CONFIRM_SECRETS].number;
	rc = check_environments(a, p);
	return rc < 0 ? rc : read_items(a, json_get(a->body, "items"), p);
}

/*
 * Who may
 */

static int allow(const struct apply *a, struct err *e)
{
	const struct who *who = &a->call->asker.who;
	int rc = 0;

	for (size_t i = 0; i < a->item_count && rc == 0; i++)
		rc = authorize(who, ACTION_EDIT, a->items[i].project, NULL, e);
	for (size_t i = 0; a->prunes && i < json_count(a->projects) && rc == 0; i++)
		rc = authorize(who, ACTION_EDIT, json_as_string(json_at(a->projects, i)), NULL, e);
	return rc;
}

/*
 * All of it
 */

static void carry_out(struct apply *a)
{
	struct json *document = NULL;
	struct catalog_answer answer;
	struct err e = {0};

	catalog_answer_init(&answer);
	int rc = allow(a, &e);
	if (rc == 0)
		rc = apply_run(a, &document, &answer, &e);
	if (rc < 0)
		catalogue_refuse(a->call, &answer, &e);
	else
		reply_json(a->call->request, 200, document);
	catalog_answer_finish(&answer);
}

void api_apply(struct api_call *call)
{
	struct apply a = {.call = call, .catalog = catalogue_of(call)};
	struct problem p = {0};

	if (!a.catalog)
		return;
	arena_init(&a.arena);
	if (body_read(call->request, &a.body, &p) < 0 || read_wish(&a, &p) < 0)
		problem_reply(call->request, &p);
	else
		carry_out(&a);
	for (size_t i = 0; i < a.item_count; i++)
		json_free(a.items[i].definition);
	json_free(a.body);
	arena_finish(&a.arena);
}
