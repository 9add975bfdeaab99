/* Looking things up in a configuration, and giving it back. */
#include "conf/conf.h"
#include "conf/loader.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"
#include "conf/name.h"

/* The file may hold literal secrets. */
void conf_finish(struct conf *c)
{
	arena_wipe(&c->arena);
	*c = (struct conf){0};
}

const struct conf_environment *conf_environment(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->environment_count; i++)
		if (strcmp(c->environments[i].project, CONF_GLOBAL) == 0 &&
		    strcmp(c->environments[i].name, name) == 0)
			return &c->environments[i];
	return NULL;
}

/* Global first, then the projects, as folder_list() orders them. */
static int compare_scope(const char *a, const char *b)
{
	bool a_global = strcmp(a, CONF_GLOBAL) == 0, b_global = strcmp(b, CONF_GLOBAL) == 0;

	if (a_global || b_global)
		return (int)b_global - (int)a_global;
	int order = name_compare(a, b);
	return order ? order : strcmp(a, b);
}

static int compare(const void *key, const void *item)
{
	const struct conf_connection *a = key, *b = item;
	int order = compare_scope(a->project, b->project);

	return order ? order : name_compare(a->name, b->name);
}

const struct conf_connection *loader_find(const struct conf *c, const char *project,
                                          const char *name)
{
	struct conf_connection key = {.project = project, .name = name};

	if (c->connection_count == 0)
		return NULL;
	return bsearch(&key, c->connections, c->connection_count, sizeof(key), compare);
}

const struct conf_connection *conf_connection(const struct conf *c, const char *project,
                                              const char *name)
{
	const struct conf_connection *found = loader_find(c, project, name);

	if (!found && strcmp(project, CONF_GLOBAL) != 0)
		found = loader_find(c, CONF_GLOBAL, name);
	return found && !found->is_faulty ? found : NULL;
}

bool conf_serves(const char *const *served, const char *environment)
{
	for (; *served; served++)
		if (strcmp(*served, environment) == 0)
			return true;
	return false;
}
