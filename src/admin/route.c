/* Which handler a request is for. */
#include "admin/route.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "admin/permit.h"
#include "admin/problem.h"
#include "base/banned.h"
#include "httpd/request.h"

/* Copies what stands for "{x}"; its length, 0 when nothing can. */
static size_t take_arg(const char *path, char *arg)
{
	size_t length = strcspn(path, "/:");

	if (length >= API_ARG_BYTES)
		return 0;
	memcpy(arg, path, length);
	arg[length] = '\0';
	return length;
}

int route_match(const char *pattern, const char *path, char args[API_ARGS][API_ARG_BYTES])
{
	unsigned arg = 0;

	while (*pattern) {
		if (*pattern == '{') {
			size_t length = take_arg(path, args[arg++]);
			if (length == 0)
				return 0;
			path += length;
			pattern = strchr(pattern, '}') + 1;
		} else if (*pattern++ != *path++) {
			return 0;
		}
	}
	return *path == '\0';
}

static bool fits_method(const struct route *route, const char *method)
{
	return strcmp(route->method, method) == 0 ||
	       (strcmp(route->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

/* The route of a request; NULL: *ret_allowed lists the methods that its path has. */
static const struct route *find(struct api_call *call, char *allowed, size_t bytes)
{
	size_t used = 0;

	allowed[0] = '\0';
	for (size_t i = 0; i < route_count; i++) {
		if (!route_match(routes[i].pattern, call->request->path, call->args))
			continue;
		if (fits_method(&routes[i], call->request->method))
			return &routes[i];
		used += (size_t)snprintf(allowed + used, bytes - used, "%s%s%s", used ? ", " : "",
		                         routes[i].method,
		                         strcmp(routes[i].method, "GET") == 0 ? ", HEAD" : "");
	}
	return NULL;
}

static void refuse(const struct api_call *call, const char *allowed)
{
	struct problem p = {0};

	if (allowed[0]) {
		problem_set(&p, 405, "method_not_allowed", "%s is not allowed here; %s %s",
		            call->request->method, allowed, strchr(allowed, ',') ? "are" : "is");
		p.header = "Allow";
		snprintf(p.header_value, sizeof(p.header_value), "%s", allowed);
	} else {
		problem_set(&p, 404, "no_such_resource", "there is nothing at %s",
		            call->request->path);
	}
	problem_reply(call->request, &p);
}

const char *route_scope_name(enum route_scope scope)
{
	static const char *const names[ROUTE_SCOPES] = {
		[SCOPE_HOST] = "host",       [SCOPE_PUBLIC] = "public",
		[SCOPE_SELF] = "self",       [SCOPE_SOMEWHERE] = "somewhere",
		[SCOPE_PROJECT] = "project", [SCOPE_DELIVERY] = "delivery",
	};

	return names[scope];
}

/* Credentials that are no good are no fault where none are needed. */
static int admit(struct api_call *call, const struct route *route, struct problem *p)
{
	int rc = identify(call->admin, call->request, &call->asker, p);

	if (route->scope == SCOPE_PUBLIC) {
		*p = (struct problem){0};
		return 0;
	}
	return rc < 0 ? rc : permit(call, route, p);
}

void route_dispatch(struct admin *admin, struct http_request *request)
{
	struct api_call call = {.admin = admin, .request = request};
	struct problem p = {0};
	char allowed[sizeof(p.header_value)];
	const struct route *route = find(&call, allowed, sizeof(allowed));

	request->note = route ? (unsigned)(route - routes) + 1 : 0;
	if (!route) {
		refuse(&call, allowed);
		return;
	}
	if (admit(&call, route, &p) < 0 ||
	    query_read(route->query, route->query_count, request, call.query, &p) < 0)
		problem_reply(request, &p);
	else
		route->handle(&call);
	asker_release(&call.asker);
}
