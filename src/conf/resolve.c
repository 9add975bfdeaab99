/* One connection in one environment: what is laid over what, and what is put in. */
#include <string.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "conf/vars.h"
#include "schema/node.h"
#include "schema/report.h"

/* The part of a connection for one environment; *ret NULL: a fault was added. */
static const struct node *find_part(const struct conf_connection *connection, const char *name,
                                    struct report *report)
{
	const struct node *parts = connection->environments;
	const struct node *part = parts ? node_get(parts, name) : NULL;

	if (part)
		return part;
	report_add(
		report, LK_FAULT_ERROR, parts ? parts : connection->root, "not_in_environment",
		"the connection \"%s\" names no environment \"%s\"; write environments: { %s: { }; }; "
		"to allow it there",
		connection->name, name, name);
	return NULL;
}

/* A group with nothing in it but the environment's `tls`. */
static struct node *tls_defaults(struct arena *a, const struct node *tls)
{
	struct node *group = node_create(a, NODE_GROUP, NULL, tls->file, tls->line);
	struct node *copy = group ? node_copy(a, tls) : NULL;

	if (!copy)
		return NULL;
	node_append(group, copy);
	return group;
}

static const struct node *project_variables(const struct conf *c, const char *project,
                                            const char *environment)
{
	for (size_t i = 0; i < c->environment_count; i++)
		if (strcmp(c->environments[i].project, project) == 0 &&
		    strcmp(c->environments[i].name, environment) == 0)
			return c->environments[i].variables;
	return NULL;
}

/* Everything laid upon each other, still as written.  NULL: no memory. */
static const struct node *merge(const struct conf_connection *connection, const struct node *part,
                                const struct node *tls, struct arena *a)
{
	const struct node *root = connection->root;
	const struct node *merged = node_create(a, NODE_GROUP, NULL, root->file, root->line);
	const struct node *defaults = merged && tls ? tls_defaults(a, tls) : NULL;

	if (tls && !defaults)
		return NULL;
	const struct node *layers[] = {defaults, connection->settings, part};
	for (size_t i = 0; merged && i < sizeof(layers) / sizeof(layers[0]); i++)
		if (layers[i])
			merged = node_merge(a, merged, layers[i]);
	return merged;
}

static struct vars vars_of(const struct conf *c, const struct conf_connection *connection,
                           const struct conf_environment *environment)
{
	if (!environment || environment->is_assumed)
		return (struct vars){.mode = VARS_UNKNOWN};
	return (struct vars){
		.mode = VARS_KNOWN,
		.tables = {project_variables(c, connection->project, environment->name),
	                   environment->variables},
		.environment = environment->name,
	};
}

const struct node *conf_resolve(const struct conf *c, const struct conf_connection *connection,
                                const struct conf_environment *environment, bool takes_tls,
                                struct arena *a, struct report *report)
{
	const struct vars vars = vars_of(c, connection, environment);
	const struct node *part = NULL;
	struct node *resolved = NULL;

	if (environment) {
		part = find_part(connection, environment->name, report);
		if (!part)
			return NULL;
	}
	const struct node *tls = environment && takes_tls ? environment->tls : NULL;
	const struct node *merged = merge(connection, part, tls, a);
	int rc = merged ? vars_expand(a, merged, &vars, report, &resolved) : ERR_NO_MEMORY;
	if (rc == ERR_NO_MEMORY)
		report->out_of_memory = true;
	return rc == 0 ? resolved : NULL;
}
