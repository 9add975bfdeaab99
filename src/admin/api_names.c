/* What forms are filled in with: free names, environments, connection types, names of headers. */
#include <string.h>

#include "admin/admin_impl.h"
#include "admin/api.h"
#include "admin/catalogue.h"
#include "admin/header_names.h"
#include "admin/problem.h"
#include "admin/reply.h"
#include "base/banned.h"
#include "base/err.h"
#include "conf/conf.h"
#include "conf/name.h"
#include "core/catalog.h"
#include "plug/load.h"
#include "schema/emit.h"
#include "json/json.h"

const struct query_row api_name_rows[NAME_ROWS] = {
	[NAME_PROJECT] = {.name = "project",
                          .kind = QUERY_TEXT,
                          .min = 1,
                          .max = 64,
                          .help = "Where it is to be; else in the global scope."},
};

static void reply_items(const struct api_call *call, struct json *items)
{
	struct json *object = json_object();

	json_set(object, "items", items);
	reply_json(call->request, 200, object);
}

/*
 * Names
 */

/* Who has a global name elsewhere is told to those alone who may look there. */
static const char *reason_for(struct api_call *call, const char *project, const char *name,
                              const struct err *why)
{
	const struct catalog_entry *own;

	if (name_compare(project, CONF_GLOBAL) != 0 ||
	    authorize(&call->asker.who, ACTION_READ, NULL, NULL, NULL) == 0)
		return why->text;
	own = catalog_find_exactly(call->admin->catalog, project, name);
	catalog_release(own);
	return own ? why->text : "the name is taken in a project";
}

void api_name(struct api_call *call)
{
	const char *given = call->query[NAME_PROJECT].text, *name = call->args[0];
	const char *project = given ? given : CONF_GLOBAL;
	struct err e = {0};

	if (!catalogue_of(call))
		return;
	/* What is global may be looked at from every project. */
	if (name_compare(project, CONF_GLOBAL) != 0 &&
	    authorize(&call->asker.who, ACTION_READ, project, NULL, &e) < 0) {
		problem_answer_err(call->request, NULL, &e);
		return;
	}
	int rc = catalog_name_free(call->admin->catalog, project, name, &e);
	if (rc < 0 && rc != ERR_INVALID && rc != ERR_CONFLICT) {
		problem_answer_err(call->request, NULL, &e);
		return;
	}
	struct json *object = json_object();
	json_set(object, "name", json_string(name));
	json_set(object, "project", json_string(project));
	json_set(object, "available", json_bool(rc == 0));
	json_set(object, "reason",
	         rc == 0              ? json_null()
	         : rc == ERR_CONFLICT ? json_string(reason_for(call, project, name, &e))
	                              : json_string(e.text));
	reply_json(call->request, 200, object);
}

/*
 * Environments
 */

struct showing {
	const struct api_call *call;
	struct json *items;
};

static bool is_served(const struct conf *conf, const char *name)
{
	for (size_t i = 0; conf->host.environments[i]; i++)
		if (strcmp(conf->host.environments[i], name) == 0)
			return true;
	return false;
}

/* Values go into connections: they are for whoever writes some. */
static struct json *variables_json(const struct who *who, const struct conf_environment *one)
{
	bool is_global = strcmp(one->project, CONF_GLOBAL) == 0;
	bool edits = is_global ? authorize_somewhere(who, ACTION_EDIT, NULL) == 0
	                       : authorize(who, ACTION_EDIT, one->project, NULL, NULL) == 0;
	struct json *list = json_array();

	for (const struct node *n = one->variables ? one->variables->first : NULL; n; n = n->next) {
		bool is_shown = edits && n->kind == NODE_STRING;
		struct json *item = json_object();
		json_set(item, "name", json_string(n->name));
		json_set(item, "value", is_shown ? json_string(n->u.s) : json_null());
		json_push(list, item);
	}
	return list;
}

static struct json *networks_json(const struct who *who, const struct conf_environment *one)
{
	const struct node *all = one->network_allow;

	if (authorize(who, ACTION_ADMINISTER, NULL, NULL, NULL) < 0)
		return json_null();
	struct json *list = json_array();
	for (const struct node *n = all ? all->first : NULL; n; n = n->next)
		if (n->kind == NODE_STRING)
			json_push(list, json_string(n->u.s));
	return list;
}

/* As far as whoever asks may see them. */
static int64_t count_connections(const struct who *who, const struct conf *conf, const char *name)
{
	int64_t count = 0;

	for (size_t i = 0; i < conf->connection_count; i++) {
		const struct conf_connection *one = &conf->connections[i];
		bool is_in = one->environments && node_get(one->environments, name);
		bool is_global = strcmp(one->project, CONF_GLOBAL) == 0;
		count += is_in && (is_global ||
		                   authorize(who, ACTION_READ, one->project, one->name, NULL) == 0);
	}
	return count;
}

static struct json *environment_json(const struct who *who, const struct conf *conf,
                                     const struct conf_environment *one)
{
	struct json *item = json_object();

	json_set(item, "name", json_string(one->name));
	json_set(item, "project", json_string(one->project));
	json_set(item, "served", json_bool(is_served(conf, one->name)));
	json_set(item, "protected", json_bool(one->is_protected));
	json_set(item, "auto_deploy", json_bool(one->auto_deploy));
	json_set(item, "variables", variables_json(who, one));
	json_set(item, "network_allow", networks_json(who, one));
	json_set(item, "connections", json_int(count_connections(who, conf, one->name)));
	json_set(item, "file", json_string(one->file));
	return item;
}

static void show_environments(void *arg, const struct conf *conf)
{
	struct showing *s = arg;
	const struct who *who = &s->call->asker.who;

	for (size_t i = 0; i < conf->environment_count; i++) {
		const struct conf_environment *one = &conf->environments[i];
		if (strcmp(one->project, CONF_GLOBAL) == 0 ||
		    authorize(who, ACTION_READ, one->project, NULL, NULL) == 0)
			json_push(s->items, environment_json(who, conf, one));
	}
}

void api_environments(struct api_call *call)
{
	struct showing showing = {.call = call};

	if (!catalogue_of(call))
		return;
	showing.items = json_array();
	catalog_with_conf(call->admin->catalog, show_environments, &showing);
	reply_items(call, showing.items);
}

/*
 * Types and headers
 */

static struct json *type_json(const struct plugin_type *type)
{
	struct json *item = json_object();

	json_set(item, "id", json_string(type->type.id));
	json_set(item, "label", json_string(type->type.label));
	json_set(item, "help", json_string(type->type.help));
	json_set(item, "schema", emit_schema(&type->type, type->rows, type->row_count));
	return item;
}

void api_connection_types(struct api_call *call)
{
	struct catalog *catalog = catalogue_of(call);

	if (!catalog)
		return;
	const struct plugins *plugins = catalog_plugins(catalog);
	struct json *items = json_array();

	for (size_t i = 0; i < plugins->count; i++)
		for (size_t k = 0; k < plugins->items[i]->type_count; k++)
			json_push(items, type_json(&plugins->items[i]->types[k]));
	reply_items(call, items);
}

void api_header_names(struct api_call *call)
{
	struct json *items = json_array();

	for (size_t i = 0; i < header_name_count; i++) {
		struct json *item = json_object();
		json_set(item, "name", json_string(header_names[i].name));
		json_set(item, "help", json_string(header_names[i].help));
		json_push(items, item);
	}
	reply_items(call, items);
}
