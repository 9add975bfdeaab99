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

/* The folder of a file, from that of the definitions on: relative paths mean it.  What the file is called
 * makes no difference, and changes when a connection is renamed. */
static struct json *folder_json(const char *definitions, const char *file)
{
	size_t length = definitions ? strlen(definitions) : 0;
	const char *slash = strrchr(file, '/');

	if (length && strncmp(file, definitions, length) == 0 && file[length] == '/')
		file += length + 1;
	return slash && slash > file ? json_string_bytes(file, (size_t)(slash - file))
	                             : json_string("");
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

	for (const struct node *n = variables ? variables->first : NULL; n; n = n->next) {
		if (n->kind != NODE_STRING || !mentions(text, n->name))
			continue;
		if (json_set(used, n->name, json_string(n->u.s)) < 0) {
			json_free(used);
			return NULL;
		}
	}
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

/* An object that is whole or not at all. */
struct member {
	const char *name;
	struct json *value; /* NULL: there was no memory for it */
};

static struct json *object_of(const struct member *members, size_t count)
{
	struct json *object = json_object();
	bool whole = true;

	for (size_t i = 0; i < count; i++)
		whole = json_set(object, members[i].name, members[i].value) == 0 && whole;
	if (whole)
		return object;
	json_free(object);
	return NULL;
}

#define OBJECT_OF(members) object_of(members, sizeof(members) / sizeof((members)[0]))

static struct json *connection_json(const struct conf *conf, const struct conf_connection *c,
                                    const struct conf_environment *e)
{
	const struct node *part = c->environments ? node_get(c->environments, e->name) : NULL;
	const struct member members[] = {
		{"folder", folder_json(conf->host.definitions, c->file)},
		{"settings", group_json(c->settings)},
		{"part", group_json(part)},
	};

	return OBJECT_OF(members);
}

static struct json *network_json(const struct node *allow)
{
	const struct member members[] = {
		{"allow", allow ? definition_json(allow) : json_array()},
	};

	return OBJECT_OF(members);
}

/* text: the connection's JSON and that of the environment's `tls`. */
static struct json *environment_json(const struct conf *conf, const struct conf_connection *c,
                                     const struct conf_environment *e, const char *text)
{
	bool is_global = strcmp(c->project, CONF_GLOBAL) == 0;
	const struct conf_environment *overlay =
		is_global ? NULL : overlay_of(conf, c->project, e->name);
	const struct member members[] = {
		{"folder", folder_json(conf->host.definitions, e->file)},
		{"protected", json_bool(e->is_protected)},
		{"variables", used_variables(e->variables, text)},
		{"overlay", used_variables(overlay ? overlay->variables : NULL, text)},
		{"network", network_json(e->network_allow)},
		{"tls", group_json(e->tls)},
	};

	return OBJECT_OF(members);
}

/* The text that variables may be put into. */
static int expandable(const struct json *own, const struct conf_environment *environment,
                      struct buf *ret)
{
	struct json *tls = group_json(environment->tls);
	int rc = own && tls ? json_write(own, 0, ret) : ERR_NO_MEMORY;

	if (rc == 0)
		rc = json_write(tls, 0, ret);
	json_free(tls);
	return rc;
}

int snapshot_write(const struct conf *conf, const struct conf_connection *connection,
                   const struct conf_environment *environment, struct buf *ret_text)
{
	struct json *own = connection_json(conf, connection, environment);
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	int rc = expandable(own, environment, &text);
	const struct member members[] = {
		{"format", json_int(FORMAT)},
		{"type", json_string(connection->type)},
		{"connection", own},
		{"environment",
	         rc == 0 ? environment_json(conf, connection, environment, buf_str(&text)) : NULL},
	};
	struct json *document = OBJECT_OF(members);
	if (rc == 0)
		rc = document ? json_write(document, 0, ret_text) : ERR_NO_MEMORY;
	buf_wipe(&text);
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

static const char *file_of(struct rebuilt *r, const struct json *part, const char *name)
{
	const char *folder = json_as_string(json_get(part, "folder"));
	const char *definitions = r->conf.host.definitions;

	if (!folder)
		return NULL;
	return folder[0] == '/' || !definitions
	               ? arena_printf(&r->conf.arena, "%s/%s.conf", folder, name)
	               : arena_printf(&r->conf.arena, "%s/%s%s%s.conf", definitions, folder,
	                              folder[0] ? "/" : "", name);
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
	const char *file = file_of(r, part, place->environment);
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
	const struct node *allow = rc == 0 ? node_get(network, "allow") : NULL;
	own->network_allow = allow && allow->count > 0 ? allow : NULL;
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
	const char *file = file_of(r, part, place->connection),
		   *type = json_as_string(json_get(document, "type"));
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

/* A definition whose literal secrets are found at the paths of changes: the one environment is called as
 * changes call it, and its own `tls` stands in a second one. */
static struct json *as_definition(const struct json *document)
{
	const struct json *connection = json_get(document, "connection");
	const struct json *tls = json_get(json_get(document, "environment"), "tls");
	struct json *definition = json_object(), *environments = json_object(),
		    *inherited = json_object();

	int rc = json_set(inherited, "tls", json_copy(tls));
	rc = rc < 0 ? rc
	            : json_set(environments, "environment",
	                       json_copy(json_get(connection, "part")));
	if (json_set(environments, "tls", inherited) < 0)
		rc = ERR_NO_MEMORY;
	if (json_set(definition, "environments", environments) < 0 ||
	    json_set(definition, "type", json_copy(json_get(document, "type"))) < 0 ||
	    json_set(definition, "settings", json_copy(json_get(connection, "settings"))) < 0)
		rc = ERR_NO_MEMORY;
	if (rc == 0)
		return definition;
	json_free(definition);
	return NULL;
}

static bool is_among(const char *const *paths, const char *path)
{
	static const char *const prefixes[] = {"environments.tls.", "environments.", ""};

	for (; paths && *paths; paths++) {
		size_t i = 0;
		while (strncmp(*paths, prefixes[i], strlen(prefixes[i])) != 0)
			i++;
		if (strcmp(*paths + strlen(prefixes[i]), path) == 0)
			return true;
	}
	return false;
}

static struct json *veiled(const struct json *v, const char *const *paths, struct buf *path);

/* One member or item, with its part of the path. */
static struct json *veiled_part(const struct json *v, const char *const *paths, struct buf *path,
                                size_t length)
{
	struct json *copy = buf_failed(path) ? NULL : veiled(v, paths, path);

	buf_cut(path, length);
	return copy;
}

/* A copy of what stands at the path, with "***" in the place of what is literal there or below. */
static struct json *veiled(const struct json *v, const char *const *paths, struct buf *path)
{
	size_t length = path->len_bytes;
	enum json_kind kind = json_kind(v);
	const void *cursor = NULL;
	const struct json *child;
	struct json *copy;
	const char *name;
	int rc = 0;

	if (kind != JSON_NULL && is_among(paths, buf_str(path)))
		return json_string("***");
	if (kind != JSON_OBJECT && kind != JSON_ARRAY)
		return json_copy(v);
	copy = kind == JSON_OBJECT ? json_object() : json_array();
	while (rc == 0 && kind == JSON_OBJECT && (child = json_next(v, &cursor, &name))) {
		buf_printf(path, "%s%s", length ? "." : "", name);
		rc = json_set(copy, name, veiled_part(child, paths, path, length));
	}
	for (size_t i = 0; rc == 0 && kind == JSON_ARRAY && i < json_count(v); i++) {
		buf_printf(path, "[%zu]", i);
		rc = json_push(copy, veiled_part(json_at(v, i), paths, path, length));
	}
	if (rc == 0)
		return copy;
	json_free(copy);
	return NULL;
}

/* What stands literally in one document, and where. */
struct veil {
	const char *side; /* of a change */
	const char *const *paths;
};

static int find_literals(const struct plugins *plugins, const struct json *document,
                         struct arena *a, struct veil *ret)
{
	if (!document)
		return 0;
	struct json *definition = as_definition(document);
	int rc = definition ? literals_find(plugins, definition, a, &ret->paths, NULL)
	                    : ERR_NO_MEMORY;

	json_free(definition);
	return rc;
}

static struct json *veil_change(const struct json *change, const struct veil veils[2])
{
	struct json *copy = json_object();
	const char *at = json_as_string(json_get(change, "path"));
	struct buf path;

	buf_init(&path, BUF_MAX_TEXT);
	int rc = json_set(copy, "path", json_string(at));
	for (size_t i = 0; rc == 0 && i < 2; i++) {
		const struct json *value = json_get(change, veils[i].side);
		buf_add_str(&path, at);
		rc = json_set(copy, veils[i].side,
		              value ? veiled_part(value, veils[i].paths, &path, 0) : json_null());
	}
	buf_finish(&path);
	if (rc == 0)
		return copy;
	json_free(copy);
	return NULL;
}

/* Another list, where what stands literally in the documents is not shown. */
static int mask(const struct plugins *plugins, const struct json *before, const struct json *after,
                struct json **list)
{
	struct veil veils[2] = {{.side = "before"}, {.side = "after"}};
	struct json *fresh = json_array();
	struct arena arena;

	arena_init(&arena);
	int rc = find_literals(plugins, before, &arena, &veils[0]);
	if (rc == 0)
		rc = find_literals(plugins, after, &arena, &veils[1]);
	for (size_t i = 0; rc == 0 && i < json_count(*list); i++)
		rc = json_push(fresh, veil_change(json_at(*list, i), veils));
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
		rc = mask(plugins, a, b, &list);
	json_free(a);
	json_free(b);
	if (rc == 0)
		return list;
	json_free(list);
	return NULL;
}
