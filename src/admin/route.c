/* Which handler a request is for. */
#include "admin/route.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "admin/admin_impl.h"
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
		[SCOPE_HOST] = "host",         [SCOPE_PUBLIC] = "public",
		[SCOPE_SELF] = "self",         [SCOPE_SOMEWHERE] = "somewhere",
		[SCOPE_PROJECT] = "project",   [SCOPE_PROJECTS] = "projects",
		[SCOPE_DELIVERY] = "delivery",
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

/*
 * Handlers that wait
 */

/* What they take is known by its count; a client that waits for longer has left. */
enum { WORK_MS = 600000 };

struct call_work {
	struct work work;
	struct api_call call;
	void (*handle)(struct api_call *call);
};

static void release(const struct api_call *call)
{
	asker_release(&call->asker);
	settings_release(call->settings);
}

static void run_call(struct work *work)
{
	struct call_work *w = container_of(work, struct call_work, work);

	w->handle(&w->call);
	release(&w->call);
	mem_free(w);
}

static void refuse_call(struct work *work)
{
	struct call_work *w = container_of(work, struct call_work, work);

	problem_answer(w->call.request, 503, "stopping", "the host is being stopped");
	release(&w->call);
	mem_free(w);
}

static void answer_busy(struct http_request *request)
{
	struct problem p = {.header = "Retry-After", .header_value = "1"};

	problem_set(&p, 503, "busy", "%d changes wait already", WORKS_MAX);
	problem_reply(request, &p);
}

/* Whoever asks, and the settings, go along. */
static void hand_over(const struct api_call *call, const struct route *route)
{
	struct call_work *w = mem_zalloc(sizeof(*w));

	if (!w) {
		problem_answer(call->request, 503, "no_memory", "there is no memory for it");
		release(call);
		return;
	}
	*w = (struct call_work){
		.work = {.run = run_call, .refuse = refuse_call},
		.call = *call,
		.handle = route->handle,
	};
	http_request_set_timeout(call->request, WORK_MS);
	http_request_suspend(call->request);
	if (works_add(&call->admin->works, &w->work) == 0)
		return;
	answer_busy(w->call.request);
	release(&w->call);
	mem_free(w);
}

/*
 * Dispatching
 */

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
	call.settings = settings_hold(admin);
	if (admit(&call, route, &p) < 0 ||
	    query_read(route->query, route->query_count, request, call.query, &p) < 0) {
		problem_reply(request, &p);
	} else if (route->works) {
		hand_over(&call, route);
		return;
	} else {
		route->handle(&call);
	}
	release(&call);
}
