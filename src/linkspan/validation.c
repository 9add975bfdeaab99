/* Checking connections as far as a deployment would. */
#include "linkspan/validation.h"

#include "base/banned.h"
#include "conf/conf.h"
#include "core/deployment.h"

static const struct conf_environment *find_environment(const struct conf *conf, const char *name)
{
	const struct conf_environment *environment = conf_environment(conf, name);
	/* Files that are checked without their host are for any. */
	const char *const *served = conf->host.environments;

	if (!environment || environment->is_assumed || (served && !conf_serves(served, name)))
		return NULL;
	return environment;
}

/* In each of its environments that this host serves; a connection that has none of them is checked as
 * far as it goes without. */
static void check_connection(const struct conf *conf, const struct plugins *plugins,
                             const struct conf_connection *connection, struct report *report,
                             void (*keep)(void *arg, struct deployment *d), void *arg)
{
	const struct node *environments = connection->environments;
	unsigned checked = 0;

	for (const struct node *n = environments ? environments->first : NULL; n; n = n->next) {
		const struct conf_environment *environment = find_environment(conf, n->name);
		struct deployment *d = NULL;
		if (!environment)
			continue;
		checked++;
		if (deployment_create(conf, plugins, connection, environment, &d, report) < 0)
			continue;
		if (keep)
			keep(arg, d);
		else
			deployment_destroy(d);
	}
	if (checked == 0)
		deployment_create(conf, plugins, connection, NULL, NULL, report);
}

size_t validation_check(const struct conf *conf, const struct plugins *plugins,
                        struct report *report, void (*keep)(void *arg, struct deployment *d),
                        void *arg)
{
	for (size_t i = 0; i < conf->connection_count; i++)
		check_connection(conf, plugins, &conf->connections[i], report, keep, arg);
	return conf->connection_count;
}
