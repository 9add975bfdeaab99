/* Causes: a table of what can be wrong, in the order in which it matters. */
#include "admin/cause.h"

#include <stdio.h>
#include <string.h>

#include "admin/admin_impl.h"
#include "base/banned.h"
#include "conf/conf.h"
#include "conf/name.h"
#include "json/json.h"

enum { OPTION_BYTES = 120 };

struct asking {
	struct catalog *catalog;
	const char *project, *connection, *environment;
	const struct catalog_meaning *meaning;
	char option[OPTION_BYTES]; /* " --project p" of a command; "" for the global scope */
};

typedef bool applies(const struct catalog_meaning *m);
typedef void tell(const struct asking *a, char *text, size_t bytes);

static bool is_missing(const struct catalog_meaning *m)
{
	return !m->is_there && m->number == 0;
}

static void tell_missing(const struct asking *a, char *text, size_t bytes)
{
	bool is_global = name_compare(a->project, CONF_GLOBAL) == 0;
	char near[104];
	int used = snprintf(text, bytes, "there is no connection \"%s\" in %s%s", a->connection,
	                    a->project, is_global ? "" : ", nor globally");

	if ((size_t)used < bytes &&
	    catalog_nearest(a->catalog, a->project, a->connection, near, sizeof(near)))
		snprintf(text + used, bytes - (size_t)used, "; did you mean \"%s\"?", near);
}

static bool is_not_served(const struct catalog_meaning *m)
{
	return !m->is_served;
}

static void tell_not_served(const struct asking *a, char *text, size_t bytes)
{
	snprintf(text, bytes,
	         "this host does not serve the environment %s; send to the host that does",
	         a->environment);
}

static bool is_not_named(const struct catalog_meaning *m)
{
	return !m->is_named && m->number == 0;
}

static void tell_not_named(const struct asking *a, char *text, size_t bytes)
{
	snprintf(text, bytes,
	         "%s in %s is not for the environment %s: its `environments` do not name it",
	         a->meaning->name, a->meaning->project, a->environment);
}

static bool is_not_deployed(const struct catalog_meaning *m)
{
	return m->number == 0;
}

static void tell_not_deployed(const struct asking *a, char *text, size_t bytes)
{
	snprintf(text, bytes,
	         "%s in %s is saved but not deployed in %s; deploy it: linkspan connection deploy "
	         "%s --env %s%s",
	         a->meaning->name, a->meaning->project, a->environment, a->meaning->name,
	         a->environment, a->option);
}

static bool is_disabled(const struct catalog_meaning *m)
{
	return m->is_there && !m->is_enabled;
}

static void tell_disabled(const struct asking *a, char *text, size_t bytes)
{
	snprintf(text, bytes, "%s in %s is disabled; enable it: linkspan connection enable %s%s",
	         a->meaning->name, a->meaning->project, a->meaning->name, a->option);
}

static bool is_switched_off(const struct catalog_meaning *m)
{
	return !m->deployment_enabled;
}

static void tell_switched_off(const struct asking *a, char *text, size_t bytes)
{
	snprintf(text, bytes,
	         "deployment %u of %s in %s is disabled; enable it: linkspan connection enable %s "
	         "--env %s%s",
	         a->meaning->number, a->meaning->name, a->environment, a->meaning->name,
	         a->environment, a->option);
}

static bool is_always(const struct catalog_meaning *m)
{
	(void)m;
	return true;
}

static void tell_not_running(const struct asking *a, char *text, size_t bytes)
{
	snprintf(text, bytes,
	         "deployment %u of %s does not run in %s; see: linkspan connection status %s%s",
	         a->meaning->number, a->meaning->name, a->environment, a->meaning->name, a->option);
}

static const struct cause_row {
	const char *refused; /* what the host said */
	const char *code;
	unsigned status;
	applies *applies;
	tell *tell;
} rows[] = {
	{"not_deployed", "no_such_connection", 404, is_missing, tell_missing},
	{"not_deployed", "not_served", 409, is_not_served, tell_not_served},
	{"not_deployed", "not_in_environment", 409, is_not_named, tell_not_named},
	{"not_deployed", "not_deployed", 404, is_not_deployed, tell_not_deployed},
	{"not_deployed", "not_deployed", 404, is_always, tell_not_running},
	{"disabled", "disabled", 409, is_disabled, tell_disabled},
	{"disabled", "disabled", 409, is_switched_off, tell_switched_off},
};

bool cause_find(const struct admin *admin, const char *project, const char *connection,
                const char *environment, const char *code, struct cause *ret)
{
	struct asking a = {.catalog = admin->catalog,
	                   .project = project,
	                   .connection = connection,
	                   .environment = environment,
	                   .meaning = &ret->meaning};

	if (!admin->catalog || !code ||
	    (strcmp(code, "not_deployed") != 0 && strcmp(code, "disabled") != 0))
		return false;
	catalog_mean(admin->catalog, project, connection, environment, &ret->meaning);
	if (name_compare(ret->meaning.project, CONF_GLOBAL) != 0)
		snprintf(a.option, sizeof(a.option), " --project %s", ret->meaning.project);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].refused, code) != 0 || !rows[i].applies(&ret->meaning))
			continue;
		ret->code = rows[i].code;
		ret->status = rows[i].status;
		rows[i].tell(&a, ret->text, sizeof(ret->text));
		return true;
	}
	return false;
}

bool cause_missing(const struct admin *admin, const char *project, const char *connection,
                   char *text, size_t text_bytes)
{
	const struct asking a = {
		.catalog = admin->catalog, .project = project, .connection = connection};
	const struct catalog_entry *entry =
		admin->catalog ? catalog_find(admin->catalog, project, connection) : NULL;

	catalog_release(entry);
	if (!admin->catalog || entry)
		return false;
	tell_missing(&a, text, text_bytes);
	return true;
}

struct json *cause_resolved(const struct catalog_meaning *m)
{
	struct json *object = json_object();

	json_set(object, "project", json_string(m->project));
	json_set(object, "name", json_string(m->name));
	if (json_set(object, "deployment", m->number ? json_int(m->number) : json_null()) == 0)
		return object;
	json_free(object);
	return NULL;
}
