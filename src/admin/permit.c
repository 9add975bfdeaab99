/* One rule for each scope of a route. */
#include "admin/permit.h"

#include <stdio.h>
#include <string.h>

#include "admin/admin_impl.h"
#include "admin/problem.h"
#include "base/banned.h"
#include "base/err.h"
#include "core/host.h"
#include "core/message.h"
#include "store/store.h"

/*
 * The project of a delivery
 */

struct found {
	uint64_t salt;
	int64_t link;
};

static void take_delivery(void *arg, const struct store_delivery *d)
{
	*(struct found *)arg = (struct found){.salt = d->salt, .link = d->link};
}

static void pass_over(void *arg, const struct store_attempt *a)
{
	(void)arg, (void)a;
}

static int no_delivery(const char *id, struct err *e)
{
	err_clear(e);
	return err_set(e, ERR_NOT_FOUND, "there is no delivery %.40s", id);
}

/* Into call->project. */
static int find_project(struct api_call *call, struct err *e)
{
	struct store *store = host_store(call->admin->host);
	const char *id = call->args[0];
	struct found found = {0};
	struct link_name name;
	uint64_t seq, salt;

	if (message_id_parse(id, &seq, &salt) < 0)
		return no_delivery(id, e);
	int rc = store_get(store, seq, take_delivery, pass_over, &found, e);
	if (rc == ERR_NOT_FOUND || (rc == 0 && found.salt != salt))
		return no_delivery(id, e);
	if (rc == 0)
		rc = names_find(&call->admin->names, store, found.link, &name, e);
	if (rc == 0)
		snprintf(call->project, sizeof(call->project), "%s", name.project);
	return rc;
}

/*
 * Scopes
 */

static int in_project(struct api_call *call, enum action action, struct err *e)
{
	const char *connection = call->args[1][0] ? call->args[1] : NULL;

	snprintf(call->project, sizeof(call->project), "%s", call->args[0]);
	return authorize(&call->asker.who, action, call->project, connection, e);
}

/* Whoever may not even see a delivery is told what he would be told if there were none. */
static int of_delivery(struct api_call *call, enum action action, struct err *e)
{
	const struct who *who = &call->asker.who;
	int rc = authorize_somewhere(who, action, e);

	if (rc < 0)
		return rc;
	rc = find_project(call, e);
	if (rc < 0)
		return rc;
	if (authorize(who, ACTION_READ, call->project, NULL, NULL) < 0)
		return no_delivery(call->args[0], e);
	return authorize(who, action, call->project, NULL, e);
}

static int ask(struct api_call *call, const struct route *route, struct err *e)
{
	switch (route->scope) {
	case SCOPE_SELF:
		return 0;
	case SCOPE_PROJECT:
		return in_project(call, route->action, e);
	case SCOPE_PROJECTS:
		return strcmp(call->args[0], API_ALL_PROJECTS) == 0
		               ? authorize_somewhere(&call->asker.who, route->action, e)
		               : in_project(call, route->action, e);
	case SCOPE_DELIVERY:
		return of_delivery(call, route->action, e);
	case SCOPE_SOMEWHERE:
		return authorize_somewhere(&call->asker.who, route->action, e);
	default:
		return authorize(&call->asker.who, route->action, NULL, NULL, e);
	}
}

int permit(struct api_call *call, const struct route *route, struct problem *p)
{
	struct err e = {0};

	if (route->scope == SCOPE_PUBLIC)
		return 0;
	if (call->asker.who.kind == WHO_NOBODY) {
		problem_set(p, 401, "unauthenticated", "a token is needed here");
		p->header = "WWW-Authenticate";
		snprintf(p->header_value, sizeof(p->header_value), "Bearer");
		return ERR_DENIED;
	}
	int rc = ask(call, route, &e);
	if (rc < 0)
		problem_set(p, (unsigned)err_http_status(rc), err_name(rc), "%s", e.text);
	return rc;
}
