/* Environments: `environments/E.conf`, and what a project lays over its variables. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/loader.h"
#include "conf/name.h"
#include "conf/vars.h"
#include "schema/check.h"
#include "schema/node.h"
#include "schema/report.h"

enum { CIDR_BYTES = 64 };

enum environment_row {
	ENVIRONMENT_NAME,
	ENVIRONMENT_PROTECTED,
	ENVIRONMENT_AUTO_DEPLOY,
	ENVIRONMENT_VARIABLES,
	ENVIRONMENT_NETWORK,
	ENVIRONMENT_TLS,
	ENVIRONMENT_ROWS,
};

static int address_bits(const char *address)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, address, bytes) == 1)
		return 32;
	return inet_pton(AF_INET6, address, bytes) == 1 ? 128 : -1;
}

static bool is_cidr(const char *text)
{
	char address[CIDR_BYTES];
	const char *slash = strchr(text, '/');

	if (!slash || (size_t)(slash - text) >= sizeof(address))
		return false;
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';

	char *end;
	long prefix = strtol(slash + 1, &end, 10);
	return slash[1] >= '0' && slash[1] <= '9' && *end == '\0' &&
	       prefix <= address_bits(address);
}

static int check_cidr(const struct lk_value *value, const char **ret_message)
{
	if (is_cidr(value->u.s))
		return 0;
	*ret_message = "write ADDRESS/BITS, as in \"10.20.0.0/16\" or \"fd00::/8\"";
	return LK_EINVAL;
}

static const struct lk_param cidr_item = {
	.name = "network",
	.type = LK_T_STRING,
	.label = "Network",
	.help = "A network as ADDRESS/BITS.",
	.check = check_cidr,
};

static const struct lk_param network_rows[] = {
	{
		.name = "allow",
		.type = LK_T_LIST,
		.label = "Allowed networks",
		.help = "Networks that may be called although the default policy denies them.",
		.max = 1000,
		.sub = &cidr_item,
		.sub_count = 1,
		.sub_size = sizeof(cidr_item),
	},
};

static const struct lk_param rows[ENVIRONMENT_ROWS] = {
	[ENVIRONMENT_NAME] =
		{
			.name = "name",
			.type = LK_T_STRING,
			.flags = LK_REQUIRED,
			.label = "Name",
			.help = "What the environment is called; the file is NAME.conf.",
			.check = name_check_plain,
		},
	[ENVIRONMENT_PROTECTED] =
		{
			.name = "protected",
			.type = LK_T_BOOL,
			.label = "Protected",
			.help = "A deployment asks for the environment's name, and plain http is an error.",
			.def = "false",
		},
	[ENVIRONMENT_AUTO_DEPLOY] =
		{
			.name = "auto_deploy",
			.type = LK_T_BOOL,
			.label = "Deploy at save",
			.help = "Each valid save is deployed at once.",
			.def = "false",
		},
	[ENVIRONMENT_VARIABLES] =
		{
			.name = "variables",
			.type = SCHEMA_T_ANY,
			.label = "Variables",
			.help = "What `${NAME}` stands for in the definitions.",
		},
	[ENVIRONMENT_NETWORK] =
		{
			.name = "network",
			.type = LK_T_GROUP,
			.label = "Network",
			.help = "What the network policy allows here beyond its default.",
			.sub = network_rows,
			.sub_count = 1,
			.sub_size = sizeof(network_rows[0]),
		},
	[ENVIRONMENT_TLS] =
		{
			.name = "tls",
			.type = SCHEMA_T_ANY,
			.label = "TLS",
			.help = "Defaults for the `tls` of every connection in this environment.",
		},
};

const struct conf_kind conf_kind_environment = {"environment", rows, ENVIRONMENT_ROWS};

/* Members that only the administrator's own file may have. */
static const char *const not_in_overlay[] = {"protected", "auto_deploy", "network", "tls"};

static int fault(struct loader *l, const struct node *n, const char *code, const char *text)
{
	report_add(l->report, LK_FAULT_ERROR, n, code, "%s", text);
	return ERR_INVALID;
}

static int check_variable(struct loader *l, const struct node *n)
{
	if (!name_is_plain(n->name))
		return fault(l, n, "bad_name", "is no name of a variable; allowed: " NAME_RULE);
	if (n->kind == NODE_STRING)
		return 0;
	report_add(l->report, LK_FAULT_ERROR, n, "wrong_type",
	           "is %s; a variable is a string: write it in double quotes",
	           node_kind_name(n->kind));
	return ERR_INVALID;
}

static int check_variables(struct loader *l, const struct node *variables)
{
	static const struct vars values = {.mode = VARS_FORBIDDEN};
	struct node *unused;
	int rc = 0;

	if (!variables)
		return 0;
	if (variables->kind != NODE_GROUP)
		return fault(l, variables, "wrong_type",
		             "must be a group: variables: { NAME = \"TEXT\"; };");
	for (const struct node *n = variables->first; n; n = n->next)
		if (check_variable(l, n) < 0)
			rc = ERR_INVALID;
	return rc < 0 ? rc : vars_expand(&l->c->arena, variables, &values, l->report, &unused);
}

static int check_overlay(struct loader *l, const struct source *source, const struct node *group)
{
	int rc = 0;

	for (size_t i = 0; i < sizeof(not_in_overlay) / sizeof(not_in_overlay[0]); i++) {
		const struct node *n = node_get(group, not_in_overlay[i]);
		if (n)
			rc = fault(
				l, n, "not_allowed",
				"stands only in the environment itself; a project may lay nothing but "
				"`variables` over it");
	}
	for (size_t i = 0; i < l->known_count; i++)
		if (strcmp(l->known[i], source->name) == 0)
			return rc;
	const char *near = report_nearest(source->name, l->known, l->known_count);
	report_add(l->report, LK_FAULT_ERROR, group, "unknown_environment",
	           "there is no environment \"%s\" for the project to lay variables over%s%s%s",
	           source->name, near ? " (did you mean \"" : "", near ? near : "",
	           near ? "\"?)" : "");
	return ERR_INVALID;
}

/* Two files whose names differ only in case are one name. */
static int check_unique(struct loader *l, const struct source *source, const struct node *group)
{
	for (size_t i = 0; i < l->c->environment_count; i++) {
		const struct conf_environment *other = &l->c->environments[i];
		if (strcmp(other->project, source->project) != 0 || other->is_assumed ||
		    name_compare(other->name, source->name) != 0 ||
		    strcmp(other->file, source->file) == 0)
			continue;
		report_add(l->report, LK_FAULT_ERROR, node_get(group, "name"), "name_taken",
		           "the name is taken by %s; upper and lower case are the same",
		           other->file);
		return ERR_INVALID;
	}
	return 0;
}

static int check(struct loader *l, const struct source *source, const struct node *group)
{
	bool is_overlay = strcmp(source->project, CONF_GLOBAL) != 0;
	const struct node *tls = node_get(group, "tls");
	int name = loader_check_name(l, source, group);
	int unique = name < 0 ? 0 : check_unique(l, source, group);
	int variables = check_variables(l, node_get(group, "variables"));
	int overlay = is_overlay && !l->is_alone ? check_overlay(l, source, group) : 0;

	if (variables == ERR_NO_MEMORY)
		return variables;
	if (tls && tls->kind != NODE_GROUP)
		overlay = fault(l, tls, "wrong_type",
		                "must be a group: tls: { ca_file = \"FILE\"; };");
	return name || unique || variables || overlay ? ERR_INVALID : 0;
}

/* Validating one file of a configuration that has it already: the file checked takes its place. */
static struct conf_environment *place_for(struct loader *l, const struct source *source)
{
	struct conf *c = l->c;

	for (size_t i = 0; i < c->environment_count; i++) {
		struct conf_environment *other = &c->environments[i];
		if (strcmp(other->name, source->name) == 0 &&
		    strcmp(other->project, source->project) == 0)
			return other;
	}
	struct conf_environment *items =
		loader_grow(l, c->environments, c->environment_count, sizeof(*items));
	if (!items)
		return NULL;
	c->environments = items;
	return &items[c->environment_count++];
}

static int keep(struct loader *l, const struct source *source, const struct node *group,
                const struct lk_value *const *v)
{
	const struct node *network = node_get(group, "network");
	struct conf_environment *e = place_for(l, source);

	if (!e)
		return ERR_NO_MEMORY;
	*e = (struct conf_environment){
		.name = source->name,
		.project = source->project,
		.file = source->file,
		.is_protected = v[ENVIRONMENT_PROTECTED]->u.i,
		.auto_deploy = v[ENVIRONMENT_AUTO_DEPLOY]->u.i,
		.variables = node_get(group, "variables"),
		.network_allow = network ? node_get(network, "allow") : NULL,
		.tls = node_get(group, "tls"),
	};
	return 0;
}

int environment_read(struct loader *l, const struct source *source)
{
	const struct node *group;
	struct schema_values values;
	struct schema_part part;

	int rc = loader_top(l, source, &conf_kind_environment, &group);
	if (rc < 0)
		return rc;
	schema_values_init(&values);
	rc = loader_read(l, group, &conf_kind_environment, &values, &part);
	if (rc != ERR_NO_MEMORY) {
		int more = check(l, source, group);
		rc = more < 0 ? more : rc;
	}
	if (rc == 0)
		rc = keep(l, source, group, part.values);
	schema_values_finish(&values);
	return rc;
}
