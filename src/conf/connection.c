/* Connections: the group `connection` of one file.  Its settings are read later, with the rows of
 * its type, for each environment (conf_resolve). */
#include <string.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/loader.h"
#include "conf/name.h"
#include "schema/check.h"
#include "schema/node.h"
#include "schema/report.h"

enum connection_row {
	CONNECTION_NAME,
	CONNECTION_TYPE,
	CONNECTION_DESCRIPTION,
	CONNECTION_ENABLED,
	CONNECTION_SETTINGS,
	CONNECTION_ENVIRONMENTS,
	CONNECTION_ROWS,
};

static int check_type(const struct lk_value *value, const char **ret_message)
{
	size_t i = strspn(value->u.s, "abcdefghijklmnopqrstuvwxyz0123456789_");

	if (i > 0 && value->u.s[i] == '\0')
		return 0;
	*ret_message = "a type is written in lower-case letters, digits and `_`, as in \"webhook\"";
	return LK_EINVAL;
}

static const struct lk_param rows[CONNECTION_ROWS] = {
	[CONNECTION_NAME] =
		{
			.name = "name",
			.type = LK_T_STRING,
			.flags = LK_REQUIRED,
			.label = "Name",
			.group = "General",
			.help = "What the connection is called; the file is NAME.conf.",
			.min = 1,
			.max = 100,
			.check = name_check_connection,
		},
	[CONNECTION_TYPE] =
		{
			.name = "type",
			.type = LK_T_STRING,
			.flags = LK_REQUIRED,
			.label = "Type",
			.group = "General",
			.help = "The connection type, as a plugin offers it: \"webhook\".",
			.check = check_type,
		},
	[CONNECTION_DESCRIPTION] =
		{
			.name = "description",
			.type = LK_T_STRING,
			.label = "Description",
			.group = "General",
			.help = "What the connection is for.",
			.def = "",
			.max = 1000,
		},
	[CONNECTION_ENABLED] =
		{
			.name = "enabled",
			.type = LK_T_BOOL,
			.label = "Enabled",
			.group = "General",
			.help = "Whether the connection sends; a disabled one holds what is stored for it.",
			.def = "true",
		},
	[CONNECTION_SETTINGS] =
		{
			.name = "settings",
			.type = SCHEMA_T_ANY,
			.label = "Settings",
			.help = "The settings that hold in every environment.",
		},
	[CONNECTION_ENVIRONMENTS] =
		{
			.name = "environments",
			.type = SCHEMA_T_ANY,
			.label = "Environments",
			.help = "The environments it can be deployed to, each with what it overrides.",
		},
};

const struct conf_kind conf_kind_connection = {"connection", rows, CONNECTION_ROWS};

static bool is_known(const struct loader *l, const char *environment)
{
	for (size_t i = 0; i < l->known_count; i++)
		if (strcmp(l->known[i], environment) == 0)
			return true;
	return false;
}

/* A file that is checked alone names environments that nobody else knows. */
static int assume(struct loader *l, const char *environment)
{
	struct conf *c = l->c;

	if (conf_environment(c, environment))
		return 0;
	struct conf_environment *items =
		loader_grow(l, c->environments, c->environment_count, sizeof(*items));
	if (!items)
		return ERR_NO_MEMORY;
	c->environments = items;
	items[c->environment_count++] = (struct conf_environment){
		.name = environment, .project = CONF_GLOBAL, .is_assumed = true};
	return 0;
}

static int check_environment(struct loader *l, const struct node *n)
{
	if (n->kind != NODE_GROUP) {
		report_add(l->report, LK_FAULT_ERROR, n, "wrong_type",
		           "is %s; it must be a group of settings, { } when it overrides nothing",
		           node_kind_name(n->kind));
		return ERR_INVALID;
	}
	if (l->is_alone && name_is_plain(n->name))
		return assume(l, n->name);
	if (is_known(l, n->name))
		return 0;
	const char *near = report_nearest(n->name, l->known, l->known_count);
	report_add(l->report, LK_FAULT_ERROR, n, "unknown_environment",
	           "there is no environment \"%s\"%s%s%s", n->name, near ? " (did you mean \"" : "",
	           near ? near : "", near ? "\"?)" : "");
	return ERR_INVALID;
}

static int check_environments(struct loader *l, const struct node *group)
{
	const struct node *environments = node_get(group, "environments");
	int rc = 0;

	if (!environments || (environments->kind == NODE_GROUP && environments->count == 0)) {
		report_add(l->report, LK_FAULT_WARNING, environments ? environments : group,
		           "no_environments",
		           "names no environment, so it cannot be deployed anywhere; write "
		           "environments: { NAME: { }; };");
		return 0;
	}
	if (environments->kind != NODE_GROUP) {
		report_add(l->report, LK_FAULT_ERROR, environments, "wrong_type",
		           "must be a group: environments: { NAME: { }; };");
		return ERR_INVALID;
	}
	for (const struct node *n = environments->first; n; n = n->next) {
		int one = check_environment(l, n);
		if (one == ERR_NO_MEMORY)
			return one;
		rc = one < 0 ? one : rc;
	}
	return rc;
}

static int check_settings(struct loader *l, const struct node *group)
{
	const struct node *settings = node_get(group, "settings");

	if (!settings || settings->kind == NODE_GROUP)
		return 0;
	report_add(l->report, LK_FAULT_ERROR, settings, "wrong_type",
	           "must be a group: settings: { KEY = VALUE; };");
	return ERR_INVALID;
}

/* Who has the name already: in the same scope, or globally for a project's connection.  The same
 * file in the configuration that a single file is checked against is no rival. */
static const struct conf_connection *find_rival(const struct loader *l, const struct source *source)
{
	const struct conf *all[] = {l->c, l->base};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]) && all[i]; i++) {
		const struct conf_connection *other =
			loader_find(all[i], source->project, source->name);
		if (!other)
			other = loader_find(all[i], CONF_GLOBAL, source->name);
		if (other && strcmp(other->file, source->file) != 0)
			return other;
	}
	return NULL;
}

static int check_unique(struct loader *l, const struct source *source, const struct node *group)
{
	const struct conf_connection *rival = find_rival(l, source);

	if (!rival)
		return 0;
	bool is_global = strcmp(rival->project, source->project) != 0;
	report_add(l->report, LK_FAULT_ERROR, node_get(group, "name"), "name_taken",
	           "the name is taken %sby %s; upper and lower case are the same%s",
	           is_global ? "globally " : "", rival->file,
	           is_global ? ", and a project cannot take a global name" : "");
	return ERR_INVALID;
}

static int check_identity(struct loader *l, const struct source *source, const struct node *group)
{
	int rc = loader_check_name(l, source, group);

	return rc < 0 ? rc : check_unique(l, source, group);
}

static int check_content(struct loader *l, const struct node *group)
{
	return loader_worse(check_settings(l, group), check_environments(l, group));
}

/* Whether settings and environments have the shape that a check of what is in them needs. */
static bool is_shaped(const struct node *group)
{
	const struct node *settings = node_get(group, "settings");
	const struct node *environments = node_get(group, "environments");

	if (settings && settings->kind != NODE_GROUP)
		return false;
	if (!environments)
		return true;
	for (const struct node *n = environments->first; n; n = n->next)
		if (n->kind != NODE_GROUP)
			return false;
	return environments->kind == NODE_GROUP;
}

static int keep(struct loader *l, const struct source *source, const struct node *group,
                const struct lk_value *const *v, bool is_faulty)
{
	struct conf *c = l->c;
	const char *type = arena_strdup(&c->arena, v[CONNECTION_TYPE]->u.s);
	const char *description = arena_strdup(&c->arena, v[CONNECTION_DESCRIPTION]->u.s);
	struct conf_connection *items =
		loader_grow(l, c->connections, c->connection_count, sizeof(*items));

	if (!type || !description || !items)
		return ERR_NO_MEMORY;
	c->connections = items;
	items[c->connection_count++] = (struct conf_connection){
		.name = source->name,
		.project = source->project,
		.type = type,
		.description = description,
		.file = source->file,
		.enabled = v[CONNECTION_ENABLED]->u.i,
		.is_faulty = is_faulty,
		.root = group,
		.settings = node_get(group, "settings"),
		.environments = node_get(group, "environments"),
	};
	return 0;
}

int connection_read(struct loader *l, const struct source *source)
{
	const struct node *group;
	struct schema_values values;
	struct schema_part part;

	int rc = loader_top(l, source, &conf_kind_connection, &group);
	if (rc < 0)
		return rc;
	schema_values_init(&values);
	rc = loader_read(l, group, &conf_kind_connection, &values, &part);
	bool is_known_by_name = rc == 0;
	if (rc != ERR_NO_MEMORY) {
		int identity = check_identity(l, source, group);
		is_known_by_name = is_known_by_name && identity == 0;
		rc = loader_worse(rc, loader_worse(identity, check_content(l, group)));
	}
	/* One fault must not hide those in the settings: they are seen when a deployment is tried. */
	if (rc == 0 || (rc == ERR_INVALID && is_known_by_name && is_shaped(group)))
		rc = loader_worse(rc, keep(l, source, group, part.values, rc < 0));
	schema_values_finish(&values);
	return rc;
}
