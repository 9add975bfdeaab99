/* Deploying, undeploying and going back; what was deployed, and what would be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/admin_impl.h"
#include "admin/api.h"
#include "admin/body.h"
#include "admin/catalogue.h"
#include "admin/cause.h"
#include "admin/problem.h"
#include "admin/reply.h"
#include "base/banned.h"
#include "base/err.h"
#include "json/json.h"

enum { PAGE = 50, PAGE_MOST = 200, NOTE_MOST = 500, CURSOR_BYTES = 80 };

#define NUMBER_MOST INT64_C(4294967295)

const struct query_row api_deploy_rows[DEPLOY_ROWS] = {
	[DEPLOY_DRY_RUN] = {.name = "dry_run",
                            .kind = QUERY_FLAG,
                            .help = "Only says what would be done, or why it cannot be."},
};

/* Undeploying takes the first two, deploying all but the last one. */
const struct query_row api_deploy_wish_rows[DEPLOY_WISH_ROWS] = {
	[DEPLOY_WISH_ENVIRONMENT] =
		{.name = "environment", .kind = QUERY_TEXT, .min = 1, .max = 64, .help = "Where."},
	[DEPLOY_WISH_CONFIRM] = {.name = "confirm",
                                 .kind = QUERY_TEXT,
                                 .min = 1,
                                 .max = 64,
                                 .help = "The name of a protected environment again."},
	[DEPLOY_WISH_NOTE] = {.name = "note",
                              .kind = QUERY_TEXT,
                              .min = 1,
                              .max = NOTE_MOST,
                              .help = "What it is for; kept with the deployment."},
	[DEPLOY_WISH_CONFIRM_SECRETS] = {.name = "confirm_secrets",
                                         .kind = QUERY_FLAG,
                                         .help = "Secrets may go to origins that they never went "
                                                 "to."},
	[DEPLOY_WISH_NUMBER] = {.name = "number",
                                .kind = QUERY_INT,
                                .min = 1,
                                .max = NUMBER_MOST,
                                .help = "Of the deployment to go back to; else the one before the "
                                        "active one."},
};
_Static_assert((int)UNDEPLOY_WISH_ROWS == (int)DEPLOY_WISH_CONFIRM + 1, "the first two");
_Static_assert((int)FORWARD_WISH_ROWS == (int)DEPLOY_WISH_NUMBER, "all but the last one");

const struct query_row api_revision_rows[REVISION_ROWS] = {
	[REVISION_ENV] = {.name = "env",
                          .kind = QUERY_TEXT,
                          .min = 1,
                          .max = 64,
                          .help = "Only in this environment; else in every one."},
	[REVISION_LIMIT] = {.name = "limit",
                            .kind = QUERY_INT,
                            .min = 1,
                            .max = PAGE_MOST,
                            .otherwise = PAGE,
                            .help = "At most so many."},
	[REVISION_CURSOR] = {.name = "cursor",
                             .kind = QUERY_TEXT,
                             .min = 1,
                             .max = CURSOR_BYTES,
                             .help = "Where the page before ended: its `next`."},
};

const struct query_row api_diff_rows[DIFF_ROWS] = {
	[DIFF_ENV] = {.name = "env",
                      .kind = QUERY_TEXT,
                      .min = 1,
                      .max = 64,
                      .help = "In which environment; it is needed."},
};

/* The connection that a name means, in project and name of the ret's own. */
struct found {
	const struct catalog_entry *entry; /* NULL: it is not saved */
	const char *project, *name;
};

static void find(const struct api_call *call, struct found *ret)
{
	ret->entry = catalog_find(call->admin->catalog, call->args[0], call->args[1]);
	ret->project = ret->entry ? ret->entry->project : call->args[0];
	ret->name = ret->entry ? ret->entry->name : call->args[1];
}

/* What was not found may not be there at all. */
static void refuse(const struct api_call *call, struct catalog_answer *a, const struct err *e)
{
	char text[512];

	if (e->code == ERR_NOT_FOUND && (!a || !a->code) &&
	    cause_missing(call->admin, call->args[0], call->args[1], text, sizeof(text)))
		problem_answer(call->request, 404, "no_such_connection", "%s", text);
	else
		catalogue_refuse(call, a, e);
}

/*
 * Verbs
 */

typedef int verb(struct catalog *c, const struct deploy_call *call, const struct catalog_word *word,
                 struct catalog_answer *a, struct err *e);

/* To the number that is asked for, or the one before. */
static int roll_back(struct catalog *c, const struct deploy_call *call,
                     const struct catalog_word *word, struct catalog_answer *a, struct err *e)
{
	struct deploy_call back = *call;

	int rc = back.number ? 0
	                     : catalog_number_before(c, call->project, call->name,
	                                             call->environment, &back.number, e);
	return rc < 0 ? rc : catalog_deploy(c, &back, word, a, e);
}

static int read_wish(const struct json *body, size_t rows, struct query_value *v, struct problem *p)
{
	int rc = query_read_json(api_deploy_wish_rows, rows, body, v, p);

	if (rc == 0 && !v[DEPLOY_WISH_ENVIRONMENT].given) {
		problem_fault(p, "/environment", "missing_parameter", "is needed");
		rc = ERR_USAGE;
	}
	return rc;
}

static void carry_out(struct api_call *call, const struct deploy_call *wish, verb *what)
{
	struct catalogue_word said;
	struct catalog_answer a;
	struct err e = {0};

	catalogue_word(call, call->query[DEPLOY_DRY_RUN].number, &said);
	catalog_answer_init(&a);
	if (what(call->admin->catalog, wish, &said.word, &a, &e) < 0) {
		refuse(call, &a, &e);
	} else {
		reply_json(call->request, 200, a.result);
		a.result = NULL;
	}
	catalog_answer_finish(&a);
}

/* A global connection can be used from every project, but only be deployed by who may do so there. */
static void begin(struct api_call *call, const struct query_value *v, verb *what)
{
	struct err e = {0};
	struct found found;

	find(call, &found);
	const struct deploy_call wish = {
		.project = found.project,
		.name = found.name,
		.environment = v[DEPLOY_WISH_ENVIRONMENT].text,
		.confirm = v[DEPLOY_WISH_CONFIRM].text,
		.note = v[DEPLOY_WISH_NOTE].text,
		.number = (uint32_t)v[DEPLOY_WISH_NUMBER].number,
		.confirms_secrets = v[DEPLOY_WISH_CONFIRM_SECRETS].number,
	};
	if (authorize(&call->asker.who, ACTION_OPERATE, found.project, found.name, &e) < 0)
		problem_answer_err(call->request, NULL, &e);
	else
		carry_out(call, &wish, what);
	catalog_release(found.entry);
}

static void run(struct api_call *call, size_t rows, verb *what)
{
	struct query_value v[DEPLOY_WISH_ROWS] = {0};
	struct json *body = NULL;
	struct problem p = {0};

	if (!catalogue_of(call))
		return;
	if (body_read(call->request, &body, &p) < 0 || read_wish(body, rows, v, &p) < 0)
		problem_reply(call->request, &p);
	else
		begin(call, v, what);
	json_free(body);
}

void api_deploy(struct api_call *call)
{
	run(call, FORWARD_WISH_ROWS, catalog_deploy);
}

void api_undeploy(struct api_call *call)
{
	run(call, UNDEPLOY_WISH_ROWS, catalog_undeploy);
}

void api_rollback(struct api_call *call)
{
	run(call, DEPLOY_WISH_ROWS, roll_back);
}

/*
 * Looking
 */

/* "Production.12"; no name of an environment has a dot. */
static int read_cursor(const struct query_value *cursor, char environment[CURSOR_BYTES + 1],
                       struct catalog_page *page, struct problem *p)
{
	const char *dot = cursor->given ? strrchr(cursor->text, '.') : NULL;
	char *end = NULL;

	if (!cursor->given)
		return 0;
	unsigned long number = dot ? strtoul(dot + 1, &end, 10) : 0;
	if (number == 0 || number > NUMBER_MOST || *end) {
		problem_fault(p, "cursor", "invalid_parameter", "is none of this list");
		return ERR_USAGE;
	}
	snprintf(environment, CURSOR_BYTES + 1, "%.*s", (int)(dot - cursor->text), cursor->text);
	page->after_environment = environment;
	page->after_number = (uint32_t)number;
	return 0;
}

static struct json *cursor_json(const struct json *items)
{
	const struct json *last = json_at(items, json_count(items) - 1);
	char text[CURSOR_BYTES + 1];

	snprintf(text, sizeof(text), "%s.%lld", json_as_string(json_get(last, "environment")),
	         (long long)json_as_int(json_get(last, "number")));
	return json_string(text);
}

void api_revision_list(struct api_call *call)
{
	struct catalog_page page = {.environment = call->query[REVISION_ENV].text,
	                            .limit = (size_t)call->query[REVISION_LIMIT].number};
	char environment[CURSOR_BYTES + 1];
	struct json *items = NULL;
	struct problem p = {0};
	struct err e = {0};
	bool more = false;

	if (!catalogue_of(call))
		return;
	if (read_cursor(&call->query[REVISION_CURSOR], environment, &page, &p) < 0) {
		problem_reply(call->request, &p);
		return;
	}
	if (catalog_revisions(call->admin->catalog, call->args[0], call->args[1], &page, &items,
	                      &more, &e) < 0) {
		refuse(call, NULL, &e);
		return;
	}
	struct json *object = json_object();
	struct json *next = more ? cursor_json(items) : json_null();
	json_set(object, "items", items);
	json_set(object, "next", next);
	reply_json(call->request, 200, object);
}

static int need_environment(const struct query_value *env, struct problem *p)
{
	if (env->given)
		return 0;
	problem_fault(p, "env", "missing_parameter", "is needed");
	return ERR_USAGE;
}

void api_revision_get(struct api_call *call)
{
	char *end;
	unsigned long number = strtoul(call->args[2], &end, 10);
	struct json *document = NULL;
	struct problem p = {0};
	struct err e = {0};

	if (!catalogue_of(call))
		return;
	if (need_environment(&call->query[DIFF_ENV], &p) < 0) {
		problem_reply(call->request, &p);
		return;
	}
	int rc = *end || number == 0 || number > NUMBER_MOST
	                 ? err_set(&e, ERR_NOT_FOUND, "\"%.20s\" is no number of a deployment",
	                           call->args[2])
	                 : catalog_revision(call->admin->catalog, call->args[0], call->args[1],
	                                    call->query[DIFF_ENV].text, (uint32_t)number, &document,
	                                    &e);
	if (rc < 0)
		refuse(call, NULL, &e);
	else
		reply_json(call->request, 200, document);
}

void api_diff(struct api_call *call)
{
	struct json *document = NULL;
	struct problem p = {0};
	struct err e = {0};
	struct found found;

	if (!catalogue_of(call))
		return;
	if (need_environment(&call->query[DIFF_ENV], &p) < 0) {
		problem_reply(call->request, &p);
		return;
	}
	find(call, &found);
	int rc = catalog_diff(call->admin->catalog, found.project, found.name,
	                      call->query[DIFF_ENV].text, &document, &e);
	if (rc < 0)
		refuse(call, NULL, &e);
	else
		reply_json(call->request, 200, document);
	catalog_release(found.entry);
}
