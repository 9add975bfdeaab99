/* The table of roles. */
#include "core/access.h"

#include <string.h>
#include <strings.h>

#include "base/banned.h"
#include "base/err.h"

const char *const access_roles[ACCESS_ROLES + 1] = {
	[ACCESS_VIEWER] = "viewer", [ACCESS_SENDER] = "sender", [ACCESS_OPERATOR] = "operator",
	[ACCESS_EDITOR] = "editor", [ACCESS_ADMIN] = "admin",   [ACCESS_ROLES] = NULL,
};

static const char *const actions[ACTIONS] = {
	[ACTION_NOTHING] = "do this", [ACTION_READ] = "read", [ACTION_SEND] = "send",
	[ACTION_OPERATE] = "operate", [ACTION_EDIT] = "edit", [ACTION_ADMINISTER] = "administer",
};

static const bool permits[ACCESS_ROLES][ACTIONS] = {
	[ACCESS_VIEWER] = {[ACTION_READ] = true},
	[ACCESS_SENDER] = {[ACTION_SEND] = true},
	[ACCESS_OPERATOR] = {[ACTION_READ] = true, [ACTION_SEND] = true, [ACTION_OPERATE] = true},
	[ACCESS_EDITOR] = {[ACTION_READ] = true,
                           [ACTION_SEND] = true,
                           [ACTION_OPERATE] = true,
                           [ACTION_EDIT] = true},
	[ACCESS_ADMIN] = {[ACTION_READ] = true,
                          [ACTION_SEND] = true,
                          [ACTION_OPERATE] = true,
                          [ACTION_EDIT] = true,
                          [ACTION_ADMINISTER] = true},
};

int access_role_parse(const char *name, enum access_role *ret)
{
	for (int i = 0; i < ACCESS_ROLES; i++) {
		if (strcmp(access_roles[i], name) == 0) {
			*ret = (enum access_role)i;
			return 0;
		}
	}
	return ERR_INVALID;
}

const char *access_action_name(enum action action)
{
	return actions[action];
}

static bool covers(const struct grant *grant, const char *project)
{
	return strcmp(grant->project, ACCESS_ALL_PROJECTS) == 0 ||
	       (project && strcasecmp(grant->project, project) == 0);
}

static bool has_grant(const struct who *who, enum action action, const char *project)
{
	for (size_t i = 0; i < who->grant_count; i++)
		if (permits[who->grants[i].role][action] && covers(&who->grants[i], project))
			return true;
	return false;
}

static bool may_use(const struct who *who, const char *connection)
{
	if (!who->connections)
		return true;
	for (size_t i = 0; connection && who->connections[i]; i++)
		if (strcasecmp(who->connections[i], connection) == 0)
			return true;
	return false;
}

static const char *name_of(const struct who *who)
{
	return who->name ? who->name : "nobody";
}

int authorize(const struct who *who, enum action action, const char *project,
              const char *connection, struct err *e)
{
	if (!has_grant(who, action, project))
		return err_set(e, ERR_DENIED, "%s may not %s %s%s", name_of(who), actions[action],
		               project ? "in the project " : "in all projects, which this needs",
		               project ? project : "");
	if (action == ACTION_SEND && !may_use(who, connection))
		return err_set(e, ERR_DENIED, "%s may not send through %s", name_of(who),
		               connection ? connection : "any connection");
	return 0;
}

int authorize_somewhere(const struct who *who, enum action action, struct err *e)
{
	for (size_t i = 0; i < who->grant_count; i++)
		if (permits[who->grants[i].role][action])
			return 0;
	return err_set(e, ERR_DENIED, "%s may not %s in any project", name_of(who),
	               actions[action]);
}
