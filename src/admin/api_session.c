/* Sessions: signing in with a token, who one is, signing out. */
#include <stdio.h>
#include <string.h>

#include "admin/admin_impl.h"
#include "admin/api.h"
#include "admin/body.h"
#include "admin/problem.h"
#include "admin/reply.h"
#include "admin/show.h"
#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "httpd/reply.h"
#include "httpd/request.h"
#include "json/json.h"

static const char *const kinds[] = {
	[WHO_NOBODY] = "nobody",
	[WHO_LOCAL] = "local",
	[WHO_TOKEN] = "token",
	[WHO_SESSION] = "session",
};

static struct json *grants_json(const struct who *who)
{
	struct json *list = json_array();

	for (size_t i = 0; i < who->grant_count; i++) {
		struct json *grant = json_object();
		json_set(grant, "project", json_string(who->grants[i].project));
		json_set(grant, "role", json_string(access_roles[who->grants[i].role]));
		json_push(list, grant);
	}
	return list;
}

/* session NULL: it is none. */
static struct json *asker_json(const struct asker *asker, const struct session *session)
{
	struct json *object = json_object();

	json_set(object, "kind", json_string(kinds[asker->who.kind]));
	json_set(object, "name", json_string(asker->token ? asker->token->name : asker->who.name));
	json_set(object, "grants", grants_json(&asker->who));
	json_set(object, "expires", show_time(asker->token ? asker->token->expires_ms : 0));
	json_set(object, "csrf", session ? json_string(session->csrf) : json_null());
	return object;
}

/* The session whose cookie was shown. */
static bool session_of(struct api_call *call, struct session *ret)
{
	char cookie[SESSION_SECRET_LENGTH + 1];

	return call->asker.who.kind == WHO_SESSION && identify_cookie(call->request, cookie) &&
	       sessions_find(&call->admin->sessions, cookie, clock_system.mono_ms(), ret);
}

void api_session_get(struct api_call *call)
{
	struct session session;
	bool found = session_of(call, &session);

	reply_json(call->request, 200, asker_json(&call->asker, found ? &session : NULL));
}

/*
 * Signing in
 */

const struct query_row api_session_rows[SESSION_ROWS] = {
	[SESSION_TOKEN] = {.name = "token",
                           .kind = QUERY_TEXT,
                           .min = 1,
                           .max = 256,
                           .help = "An API token."},
};

static int read_token(struct api_call *call, struct asker *ret, struct problem *p)
{
	struct json *body = NULL;
	struct query_value value;

	/* A form of another page can send no such type. */
	if (!body_is_json(call->request)) {
		problem_set(p, 415, "json_needed", "Content-Type: application/json is needed");
		return ERR_USAGE;
	}
	int rc = body_read(call->request, &body, p);
	if (rc == 0)
		rc = query_read_json(api_session_rows, SESSION_ROWS, body, &value, p);
	if (rc == 0 && !value.given) {
		problem_fault(p, "/token", "missing_parameter", "is needed");
		rc = ERR_USAGE;
	}
	if (rc == 0) {
		ret->token = tokens_find(call->admin->tokens, value.text);
		if (!ret->token) {
			identify_refuse(call->admin, call->request, "token", p);
			rc = ERR_DENIED;
		}
	}
	json_free(body);
	return rc;
}

static void set_cookie(char *text, size_t bytes, const struct http_request *request,
                       const char *value, int64_t age_s)
{
	snprintf(text, bytes, "%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s",
	         identify_cookie_name(request), value, (long long)age_s,
	         request->tls ? "; Secure" : "");
}

/* Whoever was signed in here is not any more, and a cookie that somebody planted means nothing. */
static void end_old(struct api_call *call)
{
	char cookie[SESSION_SECRET_LENGTH + 1];

	if (identify_cookie(call->request, cookie))
		sessions_end(&call->admin->sessions, cookie);
}

static void begin(struct api_call *call, struct asker *asker)
{
	char cookie[SESSION_SECRET_LENGTH + 1], text[256];
	const struct http_pair header = {.name = "Set-Cookie", .value = text};
	struct http_reply reply = {.status = 201,
	                           .content_type = "application/json",
	                           .headers = &header,
	                           .header_count = 1};
	struct session session;

	asker->who = token_who(asker->token);
	asker->who.kind = WHO_SESSION;
	if (sessions_begin(&call->admin->sessions, asker->token->id, clock_system.mono_ms(), cookie,
	                   &session) < 0) {
		http_reply_problem(call->request, 503, "no_memory",
		                   "there is no memory for the session");
		return;
	}
	set_cookie(text, sizeof(text), call->request, cookie, SESSION_LONGEST_MS / 1000);
	log_event(LOG_LEVEL_INFO, "signed in", "token", asker->token->name, NULL);
	reply_tree(call->request, &reply, asker_json(asker, &session));
	mem_wipe(cookie, sizeof(cookie));
	mem_wipe(text, sizeof(text));
}

void api_session_begin(struct api_call *call)
{
	struct asker asker = {0};
	struct problem p = {0};

	if (read_token(call, &asker, &p) < 0) {
		problem_reply(call->request, &p);
		return;
	}
	end_old(call);
	begin(call, &asker);
	asker_release(&asker);
}

void api_session_end(struct api_call *call)
{
	char text[256];
	const struct http_pair header = {.name = "Set-Cookie", .value = text};
	const struct http_reply reply = {.status = 204, .headers = &header, .header_count = 1};

	end_old(call);
	set_cookie(text, sizeof(text), call->request, "", 0);
	http_reply(call->request, &reply);
}
