/* Snapshots: from a configuration to a document, and from the document to a deployment. */
#include "core/snapshot.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "conf/definition.h"
#include "core/deployment.h"
#include "core/difference.h"
#include "core/literal.h"
#include "schema/node.h"
#include "schema/report.h"
#include "store/store.h"
#include "json/json.h"

enum { FORMAT = 1, ENVIRONMENTS = 2, FILE_BYTES = 4096 };

/*
 * Writing
 */

static const char *below(const char *folder, const char *file)
{
	size_t length = folder ? strlen(folder) : 0;

	if (length && strncmp(file, folder, length) == 0 && file[length] == '/')
		return file + length + 1;
	return file;
}

static struct json *group_json(const struct node *group)
{
	return group ? definition_json(group) : json_object();
}

/* Whether the text, as JSON, may put the variable in: one too many does no harm. */
static bool mentions(const char *text, const char *name)
{
	char reference[80];

	snprintf(reference, sizeof(reference), "${%s}", name);
	return strstr(text, reference) != NULL;
}

/* A variable that nothing uses makes no difference to the deployment. */
static struct json *used_variables(const struct node *variables, const char *text)
{
	struct json *used = json_object();

	for (const struct node *n = variables ? variables->first : NULL; n; n = n->next)
		if (n->kind == NODE_STRING && mentions(text, n->name))
			json_set(used, n->name, json_string(n->u.s));
	return used;
}

static const struct conf_environment *overlay_of(const struct conf *conf, const char *project,
                                                 const char *environment)
{
	for (size_t i = 0; i < conf->environment_count; i++)
		if (strcmp(conf->environments[i].project, project) == 0 &&
		    strcmp(conf->environments[i].name, environment) == 0)
			return &conf->environments[i];
	return NULL;
}

static struct json *connection_json(const struct conf *conf, const struct conf_connection *c,
                                    const struct conf_environment *e)
{
	struct json *object = json_object();

	json_set(object, "file", json_string(below(conf->host.definitions, c->file)));
	json_set(object, "settings", group_json(c->settings));
	json_set(object, "part",
	         group_json(c->environments ? node_get(c->environments, e->name) : NULL));
	return object;
}

static struct json *network_json(const struct node *allow)
{
	struct json *network = json_object();

	json_set(network, "allow", allow ? definition_json(allow) : json_array());
	return network;
}

/* text: the connection's JSON and that of the environment's `tls`. */
static struct json *environment_json(const struct conf *conf, const struct conf_connection *c,
                                     const struct conf_environment *e, const char *text)
{
	bool is_global = strcmp(c->project, CONF_GLOBAL) == 0;
	const struct conf_environment *overlay =
		is_global ? NULL : overlay_of(conf, c->project, e->name);
	struct json *object = json_object();

	json_set(object, "file", json_string(below(conf->host.definitions, e->file)));
	json_set(object, "protected", json_bool(e->is_protected));
	json_set(object, "variables", used_variables(e->variables, text));
	json_set(object, "overlay", used_variables(overlay ? overlay->variables : NULL, text));
	json_set(object, "network", network_json(e->network_allow));
	json_set(object, "tls", group_json(e->tls));
	return object;
}

int snapshot_write(const struct conf *conf, const struct conf_connection *connection,
                   const struct conf_environment *environment, struct buf *ret_text)
{
	struct json *document = json_object(),
		    *own = connection_json(conf, connection, environment),
		    *tls = group_json(environment->tls);
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	int rc = json_write(own, 0, &text);
	if (rc == 0)
		rc = json_write(tls, 0, &text);
	json_free(tls);
	json_set(document, "format", json_int(FORMAT));
	json_set(document, "type", json_string(connection->type));
	json_set(document, "connection", own);
	if (json_set(document, "environment",
	             environment_json(conf, connection, environment, buf_str(&text))) < 0)
		rc = ERR_NO_MEMORY;
	if (rc == 0)
		rc = json_write(document, 0, ret_text);
	buf_finish(&text);
	json_free(document);
	return rc;
}

/*
 * Reading
 */

/* What a deployment is made from, put together again. */
struct rebuilt {
	struct conf conf;
	struct conf_environment environments[ENVIRONMENTS];
	struct conf_connection connection;
};

static const char *file_of(struct rebuilt *r, const struct json *part)
{
	const char *file = json_as_string(json_get(part, "file"));
	const char *folder = r->conf.host.definitions;

	if (!file)
		return NULL;
	return file[0] == '/' || !folder ? arena_strdup(&r->conf.arena, file)
	                                 : arena_printf(&r->conf.arena, "%s/%s", folder, file);
}

static int node_of(struct rebuilt *r, const struct json *part, const char *member, const char *name,
                   const char *file, const struct node **ret, struct err *e)
{
	const struct json *value = json_get(part, member);
	struct node *node = NULL;

	if (!value)
		return err_set(e, ERR_INVALID, "a kept deployment has no member \"%s\"", member);
	int rc = definition_node(&r->conf.arena, value, name, file, &node, e);
	if (rc == 0)
		*ret = node;
	return rc;
}

static int rebuild_environments(struct rebuilt *r, const struct json *part,
                                const struct store_place *place, struct err *e)
{
	const char *file = file_of(r, part);
	struct conf_environment *own = &r->environments[0], *overlay = &r->environments[1];
	const struct node *network = NULL;

	*own = (struct conf_environment){
		.name = place->environment,
		.project = CONF_GLOBAL,
		.file = file,
		.is_protected = json_as_bool(json_get(part, "protected")),
	};
	*overlay = (struct conf_environment){
		.name = place->environment, .project = place->project, .file = file};
	r->conf.environments = r->environments;
	r->conf.environment_count = strcmp(place->project, CONF_GLOBAL) == 0 ? 1 : 2;
	int rc = node_of(r, part, "variables", "variables", file, &own->variables, e);
	if (rc == 0)
		rc = node_of(r, part, "overlay", "variables", file, &overlay->variables, e);
	if (rc == 0)
		rc = node_of(r, part, "network", "network", file, &network, e);
	if (rc == 0)
		rc = node_of(r, part, "tls", "tls", file, &own->tls, e);
	if (rc == 0 && own->tls->count == 0)
		own->tls = NULL;
	own->network_allow = rc == 0 ? node_get(network, "allow") : NULL;
	return rc;
}

/* The group `environments` with the one part. */
static int rebuild_part(struct rebuilt *r, const struct json *part, const char *environment,
                        const char *file, struct node *root, struct err *e)
{
	struct node *group = node_create(&r->conf.arena, NODE_GROUP, "environments", file, 0);
	const struct node *own = NULL;

	if (!group)
		return err_no_memory(e);
	int rc = node_of(r, part, "part", environment, file, &own, e);
	if (rc < 0)
		return rc;
	node_append(group, (struct node *)(uintptr_t)own);
	node_append(root, group);
	r->connection.environments = group;
	return 0;
}

static int rebuild_connection(struct rebuilt *r, const struct json *document,
                              const struct store_place *place, struct err *e)
{
	const struct json *part = json_get(document, "connection");
	const char *file = file_of(r, part), *type = json_as_string(json_get(document, "type"));
	struct node *root = node_create(&r->conf.arena, NODE_GROUP, "connection", file, 0);

	if (!root)
		return err_no_memory(e);
	r->connection = (struct conf_connection){
		.name = place->connection,
		.project = place->project,
		.type = type ? type : "",
		.description = "",
		.file = file,
		.root = root,
	};
	int rc = node_of(r, part, "settings", "settings", file, &r->connection.settings, e);
	if (rc < 0)
		return rc;
	node_append(root, (struct node *)(uintptr_t)r->connection.settings);
	return rebuild_part(r, part, place->environment, file, root, e);
}

static int rebuild(struct rebuilt *r, const struct json *document, const struct store_place *place,
                   struct err *e)
{
	int64_t format = json_as_int(json_get(document, "format"));

	if (format != FORMAT)
		return err_set(e, ERR_INVALID,
		               "a deployment of \"%s\" was kept by another version of linkspand",
		               place->connection);
	int rc = rebuild_environments(r, json_get(document, "environment"), place, e);
	return rc < 0 ? rc : rebuild_connection(r, document, place, e);
}

int snapshot_deploy(const char *text, const struct conf_host *host, const struct plugins *plugins,
                    const struct store_place *place, bool enabled, struct deployment **ret,
                    struct report *report, struct err *e)
{
	struct json *document = NULL;
	struct rebuilt r = {.conf.host = *host};

	arena_init(&r.conf.arena);
	int rc = json_read(text, strlen(text), &document, e);
	if (rc == 0)
		rc = rebuild(&r, document, place, e);
	if (rc == 0) {
		r.connection.enabled = enabled;
		rc = deployment_create(&r.conf, plugins, &r.connection, &r.environments[0], ret,
		                       report);
		if (rc == ERR_INVALID)
			report_verdict(report, e);
	}
	json_free(document);
	arena_finish(&r.conf.arena);
	return rc == ERR_NO_MEMORY ? err_no_memory(e) : rc;
}

/*
 * Comparing
 */

static const struct {
	const char *part, *member; /* part NULL: at the top */
	const char *shown;
} compared[] = {
	{NULL, "type", "type"},
	{"connection", "settings", "settings"},
	{"connection", "part", "environment"},
	{"environment", "variables", "variables"},
	{"environment", "overlay", "project_variables"},
	{"environment", "tls", "tls"},
	{"environment", "network", "network"},
	{"environment", "protected", "protected"},
};

static const struct json *part_of(const struct json *document, size_t i)
{
	const struct json *part =
		compared[i].part ? json_get(document, compared[i].part) : document;

	return json_get(part, compared[i].member);
}

static int read_if(const char *text, struct json **ret)
{
	return text ? json_read(text, strlen(text), ret, NULL) : 0;
}

/* A definition whose one environment is called as changes call it. */
static struct json *as_definition(const struct json *document)
{
	const struct json *connection = json_get(document, "connection");
	struct json *definition = json_object(), *environments = json_object();

	json_set(environments, "environment", json_copy(json_get(connection, "part")));
	json_set(definition, "type", json_copy(json_get(document, "type")));
	json_set(definition, "settings", json_copy(json_get(connection, "settings")));
	if (json_set(definition, "environments", environments) == 0)
		return definition;
	json_free(definition);
	return NULL;
}

static bool is_among(const char *const *paths, const char *path)
{
	static const char prefix[] = "environments.";

	for (; *paths; paths++) {
		size_t skip =
			strncmp(*paths, prefix, sizeof(prefix) - 1) == 0 ? sizeof(prefix) - 1 : 0;
		if (strcmp(*paths + skip, path) == 0)
			return true;
	}
	return false;
}

static struct json *masked(const struct json *item)
{
	static const char *const sides[] = {"before", "after"};
	struct json *copy = json_copy(item);

	for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++)
		if (json_kind(json_get(item, sides[i])) != JSON_NULL)
			json_set(copy, sides[i], json_string("***"));
	return copy;
}

/* Another list, where what stands literally in the document is not shown. */
static int mask(const struct plugins *plugins, const struct json *document, struct json **list)
{
	struct json *definition, *fresh = json_array();
	const char *const *paths = NULL;
	struct arena arena;
	int rc = 0;

	if (!document) {
		json_free(fresh);
		return 0;
	}
	arena_init(&arena);
	definition = as_definition(document);
	rc = definition ? literals_find(plugins, definition, &arena, &paths, NULL) : ERR_NO_MEMORY;
	for (size_t i = 0; rc == 0 && i < json_count(*list); i++) {
		const struct json *item = json_at(*list, i);
		bool hide = is_among(paths, json_as_string(json_get(item, "path")));
		rc = json_push(fresh, hide ? masked(item) : json_copy(item));
	}
	json_free(definition);
	arena_wipe(&arena);
	json_free(*list);
	*list = fresh;
	return rc;
}

struct json *snapshot_changes(const struct plugins *plugins, const char *before, const char *after)
{
	struct json *list = json_array(), *a = NULL, *b = NULL;

	int rc = read_if(before, &a);
	if (rc == 0)
		rc = read_if(after, &b);
	for (size_t i = 0; rc == 0 && i < sizeof(compared) / sizeof(compared[0]); i++)
		rc = difference_add(list, compared[i].shown, part_of(a, i), part_of(b, i));
	if (rc == 0)
		rc = mask(plugins, a, &list);
	if (rc == 0)
		rc = mask(plugins, b, &list);
	json_free(a);
	json_free(b);
	if (rc == 0)
		return list;
	json_free(list);
	return NULL;
}
