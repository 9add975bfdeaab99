/* What an imported connection needs and this host does not have. */
#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "conf/conf.h"
#include "conf/name.h"
#include "conf/secret.h"
#include "core/catalog_impl.h"
#include "core/import_impl.h"
#include "core/needs.h"
#include "plug/load.h"
#include "schema/node.h"
#include "json/json.h"

int import_add_missing(struct import_item *item, const char *kind, const char *name,
                       const char *path, const char *environment)
{
	struct json *row = json_object();

	if (json_set(row, "kind", json_string(kind)) < 0 ||
	    json_set(row, "name", json_string(name)) < 0 ||
	    json_set(row, "path", json_string_or_null(path)) < 0 ||
	    json_set(row, "environment", json_string_or_null(environment)) < 0) {
		json_free(row);
		return ERR_NO_MEMORY;
	}
	return json_push(item->missing, row);
}

/*
 * What the configuration knows
 */

struct asking {
	struct import_plan *plan;
	struct import_item *item;
	const struct need *needs;
	size_t count;
	struct json *kept; /* skipping: the environments that are known */
	int rc;
};

static void keep_known(void *arg, const struct conf *conf)
{
	struct asking *a = arg;
	const struct json *all = json_get(a->item->definition, "environments"), *part;
	const void *cursor = NULL;
	const char *name;

	while (a->rc == 0 && (part = json_next(all, &cursor, &name)))
		if (conf_environment(conf, name))
			a->rc = json_set(a->kept, name, json_copy(part));
}

int import_skip_environments(struct catalog *c, struct import_plan *p, size_t i, struct err *e)
{
	struct import_item *item = &p->items[i];
	struct asking a = {.plan = p, .item = item};

	if (!json_get(item->definition, "environments"))
		return 0;
	a.kept = json_object();
	a.rc = a.kept ? 0 : ERR_NO_MEMORY;
	catalog_with_conf(c, keep_known, &a);
	int set = json_set(item->definition, "environments", a.kept);
	return a.rc < 0 || set < 0 ? err_no_memory(e) : 0;
}

static bool has_variable(const struct conf *conf, const char *project, const char *environment,
                         const char *name)
{
	for (size_t i = 0; i < conf->environment_count; i++) {
		const struct conf_environment *x = &conf->environments[i];
		bool applies =
			strcmp(x->project, CONF_GLOBAL) == 0 || strcmp(x->project, project) == 0;
		if (applies && strcmp(x->name, environment) == 0 && x->variables &&
		    node_get(x->variables, name))
			return true;
	}
	return false;
}

/* Whether what stands at the path holds in that environment. */
static bool is_about(const char *path, const char *environment)
{
	static const char prefix[] = "environments.";
	size_t length = strlen(environment);

	if (strncmp(path, prefix, strlen(prefix)) != 0)
		return true;
	path += strlen(prefix);
	return strncmp(path, environment, length) == 0 &&
	       (path[length] == '.' || path[length] == '\0');
}

static void find_variables(struct asking *a, const struct conf *conf, const struct need *need)
{
	for (size_t i = 0; a->rc == 0 && i < a->count; i++) {
		const struct need *environment = &a->needs[i];
		if (environment->kind != NEED_ENVIRONMENT ||
		    !conf_environment(conf, environment->name) ||
		    !is_about(need->path, environment->name) ||
		    has_variable(conf, a->item->project, environment->name, need->name))
			continue;
		a->rc = import_add_missing(a->item, need_kinds[NEED_VARIABLE], need->name,
		                           need->path, environment->name);
	}
}

static void find_in_conf(void *arg, const struct conf *conf)
{
	struct asking *a = arg;

	for (size_t i = 0; a->rc == 0 && i < a->count; i++) {
		const struct need *need = &a->needs[i];
		if (need->kind == NEED_ENVIRONMENT && !conf_environment(conf, need->name)) {
			a->item->blocked = true;
			a->rc = import_add_missing(a->item, need_kinds[NEED_ENVIRONMENT],
			                           need->name, need->path, NULL);
		} else if (need->kind == NEED_VARIABLE) {
			find_variables(a, conf, need);
		}
	}
}

/*
 * The rest
 */

static bool has_secret(const struct conf_host *host, const char *reference)
{
	const struct text_part part = {TEXT_SECRET, reference};
	struct buf text;

	buf_init(&text, SECRET_MAX_BYTES);
	int rc = secret_compose(host, &part, 1, &text, NULL);
	buf_wipe(&text);
	buf_finish(&text);
	return rc == 0;
}

/* Among what is imported, or saved already. */
static bool has_connection(struct catalog *c, const struct import_plan *p,
                           const struct import_item *item, const char *name)
{
	const struct catalog_entry *entry = catalog_find(c, item->project, name);

	catalog_release(entry);
	for (size_t i = 0; !entry && i < p->bundle->connection_count; i++) {
		const struct import_item *other = &p->items[i];
		if (name_compare(other->to_name, name) == 0 &&
		    (strcmp(other->project, CONF_GLOBAL) == 0 ||
		     name_compare(other->project, item->project) == 0))
			return true;
	}
	return entry != NULL;
}

static bool is_missing(struct catalog *c, struct asking *a, const struct need *need)
{
	if (need->kind == NEED_SECRET)
		return !has_secret(catalog_host(c), need->name);
	return need->kind == NEED_CONNECTION && !strchr(need->name, '$') &&
	       !has_connection(c, a->plan, a->item, need->name);
}

static int find_type(struct catalog *c, struct import_item *item)
{
	const char *type = json_as_string(json_get(item->definition, "type"));

	if (type && plugins_type(c->plugins, type))
		return 0;
	item->blocked = true;
	return import_add_missing(item, "type", type ? type : "", "type", NULL);
}

int import_find_missing(struct catalog *c, struct import_plan *p, size_t i, struct err *e)
{
	struct asking a = {.plan = p, .item = &p->items[i]};

	int rc = needs_find(c->plugins, a.item->definition, &p->arena, &a.needs, &a.count, e);
	if (rc < 0)
		return rc;
	a.rc = find_type(c, a.item);
	catalog_with_conf(c, find_in_conf, &a);
	for (size_t k = 0; a.rc == 0 && k < a.count; k++)
		if (is_missing(c, &a, &a.needs[k]))
			a.rc = import_add_missing(a.item, need_kinds[a.needs[k].kind],
			                          a.needs[k].name, a.needs[k].path, NULL);
	return a.rc < 0 ? err_no_memory(e) : 0;
}
