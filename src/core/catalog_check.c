/* Names, users and faults: what stands against a change. */
#include "core/catalog_check.h"

#include <string.h>

#include "base/banned.h"
#include "base/err.h"
#include "conf/name.h"
#include "core/deployment.h"
#include "core/deployment_check.h"
#include "schema/node.h"
#include "json/json.h"

static bool is_global(const char *project)
{
	return name_compare(project, CONF_GLOBAL) == 0;
}

/* Whether a connection of that name in `other` stands in the way of one in `project`. */
static bool collides(const char *project, const char *other)
{
	return name_compare(project, other) == 0 || is_global(project) || is_global(other);
}

int catalog_name_free_but(struct catalog *c, const struct entry *own, const char *project,
                          const char *name, struct err *e)
{
	struct err why = {0};
	int rc = catalog_name_free(c, project, name, &why);

	if (rc != ERR_CONFLICT)
		return rc < 0 ? err_set(e, rc, "%s", why.text) : 0;
	for (size_t i = 0; i < c->entry_count; i++) {
		const struct entry *other = c->entries[i];
		if (other != own && name_compare(other->face.name, name) == 0 &&
		    collides(project, other->face.project))
			return err_set(e, rc, "the name is taken by \"%s\" in %s", other->face.name,
			               other->face.project);
	}
	return 0;
}

static bool sees(const char *from, const char *scope)
{
	return is_global(scope) || name_compare(from, scope) == 0;
}

static int refuse_users(struct catalog_answer *a, struct err *e, const char *code,
                        struct json *users, const char *name, const char *what)
{
	const struct json *first = json_at(json_get(users, "items"), 0);
	const char *user = json_as_string(json_get(first, "name"));
	const char *project = json_as_string(json_get(first, "project"));
	size_t count = json_count(json_get(users, "items"));

	return answer_code(a, e, ERR_CONFLICT, code, users, "\"%s\" is used by \"%s\" in %s%s: %s",
	                   name, user ? user : "", project ? project : "",
	                   count > 1 ? " and others" : "", what);
}

int catalog_check_unused(struct catalog *c, const struct entry *entry, struct catalog_answer *a,
                         struct err *e)
{
	struct json *users = catalog_users(c, &entry->face);

	if (!users)
		return err_no_memory(e);
	if (json_count(json_get(users, "items")) == 0) {
		json_free(users);
		return 0;
	}
	return refuse_users(a, e, "in_use", users, entry->face.name,
	                    "change that first, force it, or disable the connection instead");
}

/* The users that would not see it in its new scope. */
static struct json *blind_users(const struct json *users, const char *project)
{
	const struct json *all = json_get(users, "items");
	struct json *document = json_object(), *items = json_array();

	for (size_t i = 0; i < json_count(all); i++) {
		const char *from = json_as_string(json_get(json_at(all, i), "project"));
		if (from && !sees(from, project))
			json_push(items, json_copy(json_at(all, i)));
	}
	json_set(document, "items", items);
	return document;
}

int catalog_check_move(struct catalog *c, const struct entry *entry, const char *project,
                       const char *name, struct catalog_answer *a, struct err *e)
{
	struct json *users = catalog_users(c, &entry->face);
	bool renamed = name_compare(entry->face.name, name) != 0;

	if (!users)
		return err_no_memory(e);
	if (renamed && json_count(json_get(users, "items")) > 0)
		return refuse_users(a, e, "in_use", users, entry->face.name,
		                    "it cannot get another name while that one is used");
	struct json *blind = blind_users(users, project);
	json_free(users);
	if (json_count(json_get(blind, "items")) > 0)
		return refuse_users(a, e, "loses_sight", blind, entry->face.name,
		                    "it would not be seen from there any more");
	json_free(blind);
	return 0;
}

/* Its alert connection must be seen from the new scope. */
static int check_alert(struct catalog *c, const struct entry *entry, const struct node *group,
                       const char *project, struct catalog_answer *a, struct err *e)
{
	const struct node *n = group ? node_get(group, "alert_connection") : NULL;
	const struct entry *used = n && n->kind == NODE_STRING
	                                   ? entries_resolve(c, entry->face.project, n->u.s)
	                                   : NULL;

	if (!used || used == entry || sees(project, used->face.project))
		return 0;
	return answer_code(a, e, ERR_CONFLICT, "loses_sight", NULL,
	                   "\"%s\" alerts through \"%s\" of %s, which cannot be seen from %s",
	                   entry->face.name, used->face.name, used->face.project, project);
}

int catalog_check_alerts(struct catalog *c, const struct entry *entry,
                         const struct conf_connection *definition, struct catalog_answer *a,
                         struct err *e)
{
	const char *project = definition->project;
	const struct node *parts = definition->environments;
	int rc = check_alert(c, entry, definition->settings, project, a, e);

	for (const struct node *n = parts ? parts->first : NULL; n && rc == 0; n = n->next)
		rc = check_alert(c, entry, n, project, a, e);
	return rc;
}

static void place_faults(void *arg, const struct deployment_checked *found)
{
	faults_place_in(arg, found->first, found->connection,
	                found->environment ? found->environment->name : "");
	deployment_destroy(found->deployment);
}

int catalog_check_deployable(struct catalog *c, const struct catalog_entry *entry, bool compiles,
                             struct catalog_answer *a, struct err *e)
{
	const struct deployment_check check = {
		.conf = &c->base->conf,
		.plugins = c->plugins,
		.transforms = compiles ? c->transforms : NULL,
		.report = &a->report,
		.checked = place_faults,
		.arg = &a->report,
	};
	size_t errors = a->report.errors;

	int rc = deployment_check_all(&check, entry->definition);
	if (rc == ERR_NO_MEMORY)
		return err_no_memory(e);
	if (a->report.errors == errors && rc == 0)
		return 0;
	return answer_code(a, e, ERR_INVALID, "invalid_definition", NULL, "\"%s\" has faults",
	                   entry->name);
}

int catalog_check_confirmed(const struct conf_environment *environment,
                            const struct deploy_call *call, struct catalog_answer *a, struct err *e)
{
	if (!environment || !environment->is_protected ||
	    (call->confirm && strcmp(call->confirm, call->environment) == 0))
		return 0;
	return answer_code(a, e, ERR_CONFLICT, "protected", NULL,
	                   "the environment %s is protected: confirm with its name (--confirm %s)",
	                   call->environment, call->environment);
}
