/* Finding a connection and an environment in a configuration. */
#include "linkspan/place.h"

#include "base/banned.h"
#include "base/err.h"
#include "linkspan/command.h"
#include "linkspan/session.h"

int place_connection(const struct session *s, const struct cli *cli, const char *name,
                     const struct conf_connection **ret, struct err *e)
{
	const char *project = cli_option(cli, "project");
	const char *names[256];
	size_t count = 0;

	*ret = conf_connection(&s->conf, project ? project : CONF_GLOBAL, name);
	if (*ret)
		return 0;
	for (size_t i = 0; i < s->conf.connection_count && count < 256; i++)
		names[count++] = s->conf.connections[i].name;
	const char *near = report_nearest(name, names, count);
	if (near)
		return err_set(e, ERR_NOT_FOUND, "no connection \"%s\" (did you mean \"%s\"?)",
		               name, near);
	return err_set(e, ERR_NOT_FOUND, "no connection \"%s\" in %s", name,
	               s->conf.host.definitions);
}

int place_environment(const struct session *s, const struct cli *cli,
                      const struct conf_connection *connection, const struct conf_environment **ret,
                      struct err *e)
{
	const char *const *served = s->conf.host.environments;
	const char *name = cli_option(cli, "env");

	if (!name && served && served[0] && !served[1])
		name = served[0];
	if (!name)
		return err_set(e, ERR_USAGE, "which environment? say --env");
	size_t i = 0;
	while (served && served[i] && strcmp(served[i], name) != 0)
		i++;
	if (!served || !served[i])
		return err_set(e, ERR_DENIED,
		               "this host does not serve the environment \"%s\" (%s)", name,
		               s->conf.host.file);
	if (!connection->environments || !node_get(connection->environments, name))
		return err_set(
			e, ERR_NOT_FOUND,
			"\"%s\" has no environment \"%s\"; add it under `environments` in %s",
			connection->name, name, connection->file);
	*ret = conf_environment(&s->conf, name);
	return *ret ? 0 : err_set(e, ERR_NOT_FOUND, "no environment \"%s\"", name);
}
