/* From what a request shows to who asks. */
#include "admin/identify.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "admin/admin_impl.h"
#include "admin/body.h"
#include "admin/problem.h"
#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "core/tokens.h"
#include "crypto/mac.h"
#include "httpd/request.h"

static const struct grant everything = {.project = ACCESS_ALL_PROJECTS, .role = ACCESS_ADMIN};

void asker_hold(const struct asker *asker)
{
	token_hold(asker->token);
}

void asker_release(const struct asker *asker)
{
	token_release(asker->token);
}

static void peer_text(const struct http_peer *peer, char *text, size_t bytes)
{
	socklen_t length = peer->address.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
	                                                       : sizeof(struct sockaddr_in);

	if (peer->local || getnameinfo((const struct sockaddr *)&peer->address, length, text,
	                               (socklen_t)bytes, NULL, 0, NI_NUMERICHOST) != 0)
		snprintf(text, bytes, "uid %ld", (long)peer->uid);
}

void identify_refuse(struct admin *admin, const struct http_request *request, const char *what,
                     struct problem *p)
{
	unsigned wait_s = throttle_count(&admin->throttle, &request->peer, clock_system.mono_ms());
	char peer[64];

	if (wait_s > 0) {
		problem_set(p, 429, "too_many_failures",
		            "too many wrong credentials came from this address");
		p->header = "Retry-After";
		snprintf(p->header_value, sizeof(p->header_value), "%u", wait_s);
		return;
	}
	peer_text(&request->peer, peer, sizeof(peer));
	log_event(LOG_LEVEL_WARNING, "credentials refused", "what", what, "peer", peer, NULL);
	problem_set(p, 401, "bad_credentials", "the %s is not known, or no longer", what);
	p->header = "WWW-Authenticate";
	snprintf(p->header_value, sizeof(p->header_value), "Bearer error=\"invalid_token\"");
}

/*
 * Tokens
 */

static struct token *token_of(struct admin *admin, const struct http_request *request)
{
	static const char scheme[] = "Bearer ";
	const char *text = http_request_header(request, "Authorization");
	bool one = http_request_header_count(request, "Authorization") == 1 &&
	           strncasecmp(text, scheme, sizeof(scheme) - 1) == 0;

	return one ? tokens_find(admin->tokens, text + sizeof(scheme) - 1) : NULL;
}

static int by_token(struct admin *admin, const struct http_request *request, struct asker *ret,
                    struct problem *p)
{
	ret->token = token_of(admin, request);
	if (!ret->token) {
		identify_refuse(admin, request, "token", p);
		return ERR_DENIED;
	}
	ret->who = token_who(ret->token);
	return 0;
}

/*
 * Sessions
 */

/* A cookie of that name that came over TLS was set by nobody but this host. */
const char *identify_cookie_name(const struct http_request *request)
{
	return request->tls ? "__Host-linkspan" : "linkspan";
}

bool identify_cookie(const struct http_request *request, char *ret)
{
	const char *name = identify_cookie_name(request);
	const char *at = http_request_header(request, "Cookie");
	size_t length = strlen(name);

	while (at && *at) {
		size_t bytes = strcspn(at, ";");
		if (strncmp(at, name, length) == 0 && at[length] == '=' &&
		    bytes == length + 1 + SESSION_SECRET_LENGTH) {
			memcpy(ret, at + length + 1, SESSION_SECRET_LENGTH);
			ret[SESSION_SECRET_LENGTH] = '\0';
			return true;
		}
		at += bytes;
		at += strspn(at, "; ");
	}
	return false;
}

static bool changes(const struct http_request *request)
{
	return strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0;
}

static bool is_of_type(const char *given, const char *type)
{
	size_t length = strlen(type);

	return strncasecmp(given, type, length) == 0 &&
	       (given[length] == '\0' || strchr("; \t", given[length]));
}

/* A type that no form of a page can have. */
static bool is_deliberate(const struct http_request *request)
{
	const char *given = http_request_header(request, "Content-Type");

	if (!given)
		return request->body_bytes == 0;
	return is_of_type(given, "application/json") || is_of_type(given, "application/zip");
}

/* A cookie goes along with whatever makes a browser send a request; these two do not. */
static int check_intent(const struct http_request *request, const struct session *session,
                        struct problem *p)
{
	const char *csrf = http_request_header(request, "Linkspan-CSRF");

	if (!changes(request))
		return 0;
	if (!csrf || strlen(csrf) != SESSION_SECRET_LENGTH ||
	    !mac_equal(csrf, session->csrf, SESSION_SECRET_LENGTH)) {
		problem_set(p, 403, "csrf", "a change in a session needs its Linkspan-CSRF header");
		return ERR_DENIED;
	}
	if (!is_deliberate(request)) {
		problem_set(p, 415, "json_needed",
		            "a change in a session needs Content-Type: application/json");
		return ERR_DENIED;
	}
	return 0;
}

static struct token *token_of_session(struct admin *admin, const char *cookie, struct session *ret)
{
	if (!sessions_find(&admin->sessions, cookie, clock_system.mono_ms(), ret))
		return NULL;
	return tokens_find_id(admin->tokens, ret->token);
}

static int by_session(struct admin *admin, const struct http_request *request, const char *cookie,
                      struct asker *ret, struct problem *p)
{
	struct session session;

	ret->token = token_of_session(admin, cookie, &session);
	if (!ret->token) {
		identify_refuse(admin, request, "session", p);
		return ERR_DENIED;
	}
	ret->who = token_who(ret->token);
	ret->who.kind = WHO_SESSION;
	return check_intent(request, &session, p);
}

/*
 * All of them
 */

bool identify_is_known(struct admin *admin, const struct http_request *request)
{
	char cookie[SESSION_SECRET_LENGTH + 1];
	struct token *token = NULL;
	struct session session;

	if (http_request_header(request, "Authorization"))
		token = token_of(admin, request);
	else if (identify_cookie(request, cookie))
		token = token_of_session(admin, cookie, &session);
	token_release(token);
	return token != NULL;
}

static bool is_ours(const struct http_peer *peer)
{
	return peer->local && (peer->uid == 0 || peer->uid == geteuid() || peer->shares_group);
}

int identify(struct admin *admin, const struct http_request *request, struct asker *ret,
             struct problem *p)
{
	char cookie[SESSION_SECRET_LENGTH + 1];
	int rc = 0;

	*ret = (struct asker){.who = {.kind = WHO_NOBODY, .name = "nobody"}};
	if (http_request_header(request, "Authorization"))
		rc = by_token(admin, request, ret, p);
	else if (identify_cookie(request, cookie))
		rc = by_session(admin, request, cookie, ret, p);
	else if (is_ours(&request->peer))
		ret->who = (struct who){.kind = WHO_LOCAL,
		                        .name = "local",
		                        .grants = &everything,
		                        .grant_count = 1};
	if (rc < 0) {
		asker_release(ret);
		*ret = (struct asker){.who = {.kind = WHO_NOBODY, .name = "nobody"}};
	}
	return rc;
}
