/* linkspan validate: every fault of the definitions, with its place. */
#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/deployment.h"
#include "linkspan/command.h"
#include "linkspan/session.h"

/* What is being checked: part of the configuration, or files that only refer to it. */
struct validation {
	const struct conf *conf;
	const struct plugins *plugins;
	struct report *report;
};

static bool serves(const struct conf_host *host, const char *environment)
{
	if (!host->environments)
		return true;
	for (size_t i = 0; host->environments[i]; i++)
		if (strcmp(host->environments[i], environment) == 0)
			return true;
	return false;
}

/* Each connection in each of its environments that this host serves, as a deployment would be
 * made; one that has none of them is checked as far as it goes without. */
static void check_connection(struct validation *v, const struct conf_connection *connection)
{
	const struct node *environments = connection->environments;
	unsigned checked = 0;

	for (const struct node *n = environments ? environments->first : NULL; n; n = n->next) {
		const struct conf_environment *environment = conf_environment(v->conf, n->name);
		struct deployment *d = NULL;
		if (!environment || environment->is_assumed || !serves(&v->conf->host, n->name))
			continue;
		checked++;
		if (deployment_create(v->conf, v->plugins, connection, environment, &d,
		                      v->report) == 0)
			deployment_destroy(d);
	}
	if (checked == 0)
		deployment_create(v->conf, v->plugins, connection, NULL, NULL, v->report);
}

static size_t check_connections(struct validation *v)
{
	for (size_t i = 0; i < v->conf->connection_count; i++)
		check_connection(v, &v->conf->connections[i]);
	return v->conf->connection_count;
}

/* Files named on the command line; s holds the configuration that they refer to, as far as there is
 * one.  Its own faults are not what was asked for. */
static int check_path(struct session *s, const char *path, size_t *ret_count, struct err *e)
{
	struct conf named = {0};
	struct plugins own;
	struct validation v = {.conf = &named, .plugins = &s->plugins, .report = &s->report};
	const struct conf *base = s->conf.host.file ? &s->conf : NULL;

	report_finish(&s->report);
	report_init(&s->report);
	plugins_init(&own);
	int rc = conf_check(&named, path, base, &s->report);
	if (rc == ERR_INVALID || rc == ERR_IO)
		rc = 0; /* the report says why */
	if (rc == 0 && s->plugins.count == 0) {
		static const char *const usual[] = {LINKSPAN_PLUGINDIR, NULL};
		rc = plugins_load(&own, named.host.plugins ? named.host.plugins : usual, &s->report,
		                  e);
		v.plugins = &own;
	}
	if (rc == 0)
		*ret_count = check_connections(&v);
	else
		err_set(e, rc, "%s: %s", path, err_name(rc));
	plugins_finish(&own);
	conf_finish(&named);
	return rc;
}

static int check(struct session *s, const struct cli *cli, size_t *ret_count, struct err *e)
{
	struct validation v = {.conf = &s->conf, .plugins = &s->plugins, .report = &s->report};
	bool named = cli->arg_count > 0;
	/* Without --config, files are checked even where no host is configured. */
	bool need_base = !named || cli_has(cli, "config");

	int rc = session_open(s, cli, need_base ? e : NULL);
	if (rc < 0 && need_base)
		return rc;
	if (named)
		return check_path(s, cli->args[0], ret_count, e);
	*ret_count = check_connections(&v);
	return 0;
}

int cmd_validate(struct cli *cli, struct err *e)
{
	struct session s;
	size_t count = 0;
	int rc = check(&s, cli, &count, e);

	if (rc == 0)
		rc = session_verdict(&s, e);
	if (rc == 0 && !cli_has(cli, "quiet"))
		fprintf(stderr, "%zu connection%s checked, no error\n", count,
		        count == 1 ? "" : "s");
	session_finish(&s);
	return rc;
}
