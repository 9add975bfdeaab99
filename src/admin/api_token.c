/* Tokens: a list, making one, revoking one. */
#include <stdio.h>
#include <string.h>

#include "admin/admin_impl.h"
#include "admin/api.h"
#include "admin/audited.h"
#include "admin/body.h"
#include "admin/problem.h"
#include "admin/reply.h"
#include "admin/show.h"
#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "core/host.h"
#include "httpd/reply.h"
#include "httpd/request.h"
#include "store/store.h"
#include "json/json.h"

#define USUAL_MS (365 * 24 * 3600 * INT64_C(1000))

const struct query_row api_token_rows[TOKEN_ROWS] = {
	[TOKEN_DRY_RUN] = {.name = "dry_run",
                           .kind = QUERY_FLAG,
                           .help = "Says whether it could be done, and does nothing."},
};

const struct query_row api_token_wish_rows[WISH_ROWS] = {
	[WISH_NAME] = {.name = "name",
                       .kind = QUERY_TEXT,
                       .min = 1,
                       .max = TOKEN_NAME_MAX,
                       .help = "What it is called, in lists and the audit trail."},
	[WISH_ROLE] = {.name = "role",
                       .kind = QUERY_CHOICE,
                       .choices = access_roles,
                       .help = "What it may do."},
	[WISH_PROJECTS] = {.name = "projects",
                           .kind = QUERY_LIST,
                           .help = "In which projects; else in all of them."},
	[WISH_CONNECTIONS] =
		{.name = "connections",
                 .kind = QUERY_LIST,
                 .help = "Through which connections a sender may send; else through any."},
	[WISH_EXPIRES] = {.name = "expires",
                          .kind = QUERY_TIME,
                          .help = "Until when it is good; else a year."},
};

/*
 * Shown
 */

static struct json *names_json(const char *const *names)
{
	struct json *list = json_array();

	for (size_t i = 0; names && names[i]; i++)
		json_push(list, json_string(names[i]));
	return list;
}

static struct json *projects_json(const struct grant *grants, size_t count)
{
	struct json *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_push(list, json_string(grants[i].project));
	return list;
}

static struct json *token_json(const struct token *t, int64_t now_ms)
{
	struct json *object = json_object();

	json_set(object, "id", json_string(t->id));
	json_set(object, "name", json_string(t->name));
	json_set(object, "role", json_string(access_roles[t->role]));
	json_set(object, "projects", projects_json(t->grants, t->grant_count));
	json_set(object, "connections", t->connections ? names_json(t->connections) : json_null());
	json_set(object, "created", show_time(t->created_ms));
	json_set(object, "created_by", json_string(t->created_by));
	json_set(object, "expires", show_time(t->expires_ms));
	json_set(object, "expired", json_bool(t->expires_ms <= now_ms));
	json_set(object, "used", show_time(t->used_ms));
	return object;
}

void api_token_list(struct api_call *call)
{
	int64_t now_ms = store_now_ms(host_store(call->admin->host));
	struct token **tokens = NULL;
	struct err e = {0};
	size_t count = 0;

	if (tokens_list(call->admin->tokens, &tokens, &count, &e) < 0) {
		problem_answer_err(call->request, NULL, &e);
		return;
	}
	struct json *list = json_array(), *object = json_object();
	for (size_t i = 0; i < count; i++) {
		json_push(list, token_json(tokens[i], now_ms));
		token_release(tokens[i]);
	}
	mem_free(tokens);
	json_set(object, "items", list);
	json_set(object, "next", json_null());
	reply_json(call->request, 200, object);
}

/*
 * Made
 */

/* Ended by NULL; the texts are the body's. */
static const char *const *list_of(struct arena *a, const struct json *body, const char *name)
{
	const struct json *list = json_get(body, name);
	const char **names = arena_array(a, json_count(list) + 1, sizeof(*names));

	for (size_t i = 0; names && i < json_count(list); i++)
		names[i] = json_as_string(json_at(list, i));
	return names;
}

static int need(const struct query_value *value, const char *pointer, struct problem *p)
{
	if (value->given)
		return 0;
	problem_fault(p, pointer, "missing_parameter", "is needed");
	return ERR_USAGE;
}

static int read_wish(struct api_call *call, const struct json *body, struct arena *a,
                     struct token_wish *ret, struct problem *p)
{
	struct query_value v[WISH_ROWS];
	int64_t now_ms = store_now_ms(host_store(call->admin->host));

	int rc = query_read_json(api_token_wish_rows, WISH_ROWS, body, v, p);
	if (rc == 0)
		rc = need(&v[WISH_NAME], "/name", p);
	if (rc == 0)
		rc = need(&v[WISH_ROLE], "/role", p);
	if (rc < 0)
		return rc;
	*ret = (struct token_wish){
		.name = v[WISH_NAME].text,
		.role = (enum access_role)v[WISH_ROLE].number,
		.projects = list_of(a, body, "projects"),
		.connections = list_of(a, body, "connections"),
		.expires_ms = v[WISH_EXPIRES].given ? v[WISH_EXPIRES].number : now_ms + USUAL_MS,
	};
	if (ret->projects && ret->connections)
		return 0;
	problem_set(p, 503, "no_memory", "there is no memory for the token");
	return ERR_NO_MEMORY;
}

static struct json *wish_json(const struct token_wish *wish)
{
	static const char *const all[] = {ACCESS_ALL_PROJECTS, NULL};
	struct json *object = json_object();

	json_set(object, "role", json_string(access_roles[wish->role]));
	json_set(object, "projects", names_json(wish->projects[0] ? wish->projects : all));
	json_set(object, "connections",
	         wish->connections[0] ? names_json(wish->connections) : json_null());
	json_set(object, "expires", show_time(wish->expires_ms));
	return object;
}

static int make(struct api_call *call, const struct token_wish *wish, struct json **ret,
                struct err *e)
{
	char text[TOKEN_LENGTH + 1];
	struct token *token = NULL;
	struct audited audited;

	int rc = audited_init(&audited, call, "token.create", NULL, wish->name, wish_json(wish));
	if (rc < 0)
		err_no_memory(e);
	else
		rc = tokens_create(call->admin->tokens, wish, &audited.audit, text, &token, e);
	audited_finish(&audited);
	if (rc < 0)
		return rc;
	*ret = token_json(token, token->created_ms);
	json_set(*ret, "token", json_string(text));
	mem_wipe(text, sizeof(text));
	token_release(token);
	return 0;
}

void api_token_create(struct api_call *call)
{
	bool dry_run = call->query[TOKEN_DRY_RUN].number;
	struct json *body = NULL, *answer = NULL;
	struct token_wish wish = {0};
	struct problem p = {0};
	struct err e = {0};
	struct arena arena;

	arena_init(&arena);
	int rc = body_read(call->request, &body, &p);
	if (rc == 0)
		rc = read_wish(call, body, &arena, &wish, &p);
	if (rc == 0 && dry_run)
		rc = tokens_check_wish(call->admin->tokens, &wish, &e);
	else if (rc == 0)
		rc = make(call, &wish, &answer, &e);
	if (rc < 0 && p.status)
		problem_reply(call->request, &p);
	else if (rc < 0)
		problem_answer_err(call->request, rc == ERR_USAGE ? "invalid_parameter" : NULL, &e);
	else
		reply_json(call->request, dry_run ? 200 : 201, dry_run ? wish_json(&wish) : answer);
	arena_finish(&arena);
	json_free(body);
}

/*
 * Revoked
 */

static void reply_nothing(struct http_request *request)
{
	const struct http_reply reply = {.status = 204};

	http_reply(request, &reply);
}

/* By its id; *ret_name is the subject of the audit row. */
static int find(struct api_call *call, char *ret_name, size_t bytes, struct err *e)
{
	struct token **tokens = NULL;
	bool found = false;
	size_t count = 0;

	int rc = tokens_list(call->admin->tokens, &tokens, &count, e);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		if (strcmp(tokens[i]->id, call->args[0]) == 0) {
			snprintf(ret_name, bytes, "%s", tokens[i]->name);
			found = true;
		}
		token_release(tokens[i]);
	}
	mem_free(tokens);
	if (rc == 0 && !found)
		rc = err_set(e, ERR_NOT_FOUND, "there is no token %.40s", call->args[0]);
	return rc;
}

void api_token_revoke(struct api_call *call)
{
	char name[TOKEN_NAME_MAX + 1] = "";
	struct audited audited;
	struct err e = {0};

	int rc = find(call, name, sizeof(name), &e);
	if (rc == 0 && !call->query[TOKEN_DRY_RUN].number) {
		struct json *detail = json_object();
		json_set(detail, "id", json_string(call->args[0]));
		rc = audited_init(&audited, call, "token.revoke", NULL, name, detail);
		if (rc < 0)
			err_no_memory(&e);
		else
			rc = tokens_revoke(call->admin->tokens, call->args[0], &audited.audit, &e);
		audited_finish(&audited);
	}
	if (rc < 0)
		problem_answer_err(call->request, NULL, &e);
	else
		reply_nothing(call->request);
}
