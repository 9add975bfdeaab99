/* The links of a connection: how they are, pausing and resuming them. */
#include <stdio.h>
#include <string.h>

#include "admin/admin_impl.h"
#include "admin/api.h"
#include "admin/audited.h"
#include "admin/body.h"
#include "admin/cause.h"
#include "admin/links.h"
#include "admin/problem.h"
#include "admin/reply.h"
#include "base/banned.h"
#include "base/err.h"
#include "conf/conf.h"
#include "core/monitor.h"
#include "core/outbox.h"
#include "httpd/request.h"
#include "json/json.h"

const struct query_row api_link_rows[LINK_ROWS] = {
	[LINK_ENV] = {.name = "env",
                      .kind = QUERY_TEXT,
                      .min = 1,
                      .max = 64,
                      .help = "Only in this environment; else in every one."},
};

/* The first row is that of api_link_rows. */
const struct query_row api_hold_rows[HOLD_ROWS] = {
	[HOLD_ENV] = {.name = "env",
                      .kind = QUERY_TEXT,
                      .min = 1,
                      .max = 64,
                      .help = "Only in this environment; else in every one."},
	[HOLD_DRY_RUN] = {.name = "dry_run",
                          .kind = QUERY_FLAG,
                          .help = "Only says whether it can be done, and to what."},
};
_Static_assert((int)HOLD_ENV == (int)LINK_ENV, "both are read by find()");

const struct query_row api_pause_rows[PAUSE_ROWS] = {
	[PAUSE_REASON] = {.name = "reason",
                          .kind = QUERY_TEXT,
                          .min = 1,
                          .max = 127,
                          .help = "Why it is paused."},
};

static int no_such_link(const struct api_call *call, struct err *e)
{
	const char *environment = call->query[LINK_ENV].text;

	return err_set(e, ERR_NOT_FOUND, "no connection %s is deployed%s%s", call->args[1],
	               environment ? " in " : "", environment ? environment : "");
}

/* The names in the project itself, or else in the global scope. */
static int find(struct api_call *call, const char **ret_project, struct json **ret, struct err *e)
{
	const char *const scopes[] = {call->args[0], CONF_GLOBAL};
	size_t count = 0;

	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
		struct json *list = NULL;
		int rc = links_json(call->admin, scopes[i], call->args[1],
		                    call->query[LINK_ENV].text, NULL, &list, &count, e);
		if (rc < 0)
			return rc;
		if (count > 0) {
			*ret_project = scopes[i];
			*ret = list;
			return 0;
		}
		json_free(list);
	}
	return no_such_link(call, e);
}

static void refuse(struct api_call *call, const struct err *e)
{
	char text[512];

	if (e->code == ERR_NOT_FOUND &&
	    cause_missing(call->admin, call->args[0], call->args[1], text, sizeof(text)))
		problem_answer(call->request, 404, "no_such_connection", "%s", text);
	else
		problem_answer_err(call->request, e->code == ERR_NOT_FOUND ? "not_deployed" : NULL,
		                   e);
}

/*
 * How they are
 */

/* A status on its way. */
struct status {
	struct api_call *call;
	const struct catalog_entry *entry; /* NULL: nothing of that name is saved */
	const struct json *links;
	struct json *items;
};

/* With no catalogue there is nothing to check. */
static int read_checks(const struct status *s, const char *environment, struct json **ret,
                       struct err *e)
{
	struct catalog *catalog = s->call->admin->catalog;

	if (catalog)
		return catalog_why(catalog, s->call->args[0], s->call->args[1], environment, ret,
		                   e);
	*ret = json_array();
	return *ret ? 0 : err_no_memory(e);
}

static int add_item(struct status *s, struct json *item, const struct json *checks, struct err *e)
{
	json_set(item, "checks", checks ? json_copy(checks) : json_array());
	return json_push(s->items, item) < 0 ? err_no_memory(e) : 0;
}

static int add_links(struct status *s, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < json_count(s->links) && rc == 0; i++) {
		const struct json *link = json_at(s->links, i);
		struct json *why = NULL;
		rc = read_checks(s, json_as_string(json_get(link, "environment")), &why, e);
		if (rc == 0)
			rc = add_item(s, json_copy(link), json_get(json_at(why, 0), "checks"), e);
		json_free(why);
	}
	return rc;
}

static bool has_link(const struct status *s, const char *environment)
{
	for (size_t i = 0; i < json_count(s->links); i++) {
		const struct json *link = json_at(s->links, i);
		if (strcmp(json_as_string(json_get(link, "environment")), environment) == 0)
			return true;
	}
	return false;
}

/* Where it could be deployed, and never was. */
static int add_undeployed(struct status *s, struct err *e)
{
	struct json *why = NULL;

	if (!s->entry)
		return 0;
	int rc = read_checks(s, s->call->query[LINK_ENV].text, &why, e);
	for (size_t i = 0; i < json_count(why) && rc == 0; i++) {
		const char *environment = json_as_string(json_get(json_at(why, i), "environment"));
		if (has_link(s, environment))
			continue;
		rc = add_item(s,
		              links_undeployed_json(s->entry->project, s->entry->name, environment,
		                                    s->entry->enabled),
		              json_get(json_at(why, i), "checks"), e);
	}
	json_free(why);
	return rc;
}

static int read_status(struct status *s, struct err *e)
{
	struct json *links = NULL;
	const char *project;
	int rc = find(s->call, &project, &links, e);

	/* What is only saved has no link. */
	if (rc == ERR_NOT_FOUND && s->entry) {
		err_clear(e);
		rc = 0;
	}
	s->links = links;
	s->items = json_array();
	if (rc == 0)
		rc = add_links(s, e);
	if (rc == 0)
		rc = add_undeployed(s, e);
	json_free(links);
	return rc;
}

void api_link_status(struct api_call *call)
{
	struct catalog *catalog = call->admin->catalog;
	struct status s = {
		.call = call,
		.entry = catalog ? catalog_find(catalog, call->args[0], call->args[1]) : NULL,
	};
	struct err e = {0};

	if (read_status(&s, &e) < 0) {
		json_free(s.items);
		refuse(call, &e);
	} else {
		struct json *object = json_object();
		json_set(object, "items", s.items);
		reply_json(call->request, 200, object);
	}
	catalog_release(s.entry);
}

/*
 * Holding back
 */

/* The reason in the body, which may be absent. */
static int read_reason(struct api_call *call, struct json **ret_body, const char **ret,
                       struct problem *p)
{
	struct query_value reason = {0};

	*ret = "paused by an operator";
	if (call->request->body_bytes == 0)
		return 0;
	int rc = body_read(call->request, ret_body, p);
	if (rc < 0)
		return rc;
	rc = query_read_json(api_pause_rows, PAUSE_ROWS, *ret_body, &reason, p);
	if (rc == 0 && reason.given)
		*ret = reason.text;
	return rc;
}

/* reason NULL: resumes. */
static int alter_one(struct api_call *call, const char *project, const char *connection,
                     const char *environment, const char *reason, struct err *e)
{
	struct json *detail = json_object();
	struct audited audited;

	json_set(detail, "environment", json_string(environment));
	if (reason)
		json_set(detail, "reason", json_string(reason));
	int rc = audited_init(&audited, call, reason ? "connection.pause" : "connection.resume",
	                      project, connection, detail);
	if (rc < 0)
		err_no_memory(e);
	else if (reason)
		rc = outbox_pause(call->admin->host, project, connection, environment, reason,
		                  &audited.audit, e);
	else
		rc = outbox_resume(call->admin->host, project, connection, environment,
		                   &audited.audit, e);
	audited_finish(&audited);
	return rc;
}

/* Each link of the list. */
static int alter_all(struct api_call *call, const struct json *list, const char *project,
                     const char *reason, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < json_count(list) && rc == 0; i++) {
		const struct json *link = json_at(list, i);
		rc = alter_one(call, project, json_as_string(json_get(link, "connection")),
		               json_as_string(json_get(link, "environment")), reason, e);
	}
	return rc;
}

/* A global connection can be used from every project, but not stopped for the others. */
static void alter(struct api_call *call, const char *reason)
{
	struct json *list = NULL;
	const char *project = NULL;
	struct err e = {0};

	int rc = find(call, &project, &list, &e);
	if (rc == 0)
		rc = authorize(&call->asker.who, ACTION_OPERATE, project, call->args[1], &e);
	if (rc == 0 && !call->query[HOLD_DRY_RUN].number)
		rc = alter_all(call, list, project, reason, &e);
	json_free(list);
	if (rc < 0)
		refuse(call, &e);
	else
		api_link_status(call);
}

void api_link_pause(struct api_call *call)
{
	struct json *body = NULL;
	struct problem p = {0};
	const char *reason;

	if (read_reason(call, &body, &reason, &p) < 0)
		problem_reply(call->request, &p);
	else
		alter(call, reason);
	json_free(body);
}

void api_link_resume(struct api_call *call)
{
	alter(call, NULL);
}
