/* Checking connections as far as a deployment would. */
#include "core/deployment_check.h"

#include "base/banned.h"
#include "base/err.h"
#include "conf/conf.h"
#include "core/deployment.h"
#include "core/template.h"
#include "schema/node.h"
#include "schema/report.h"

int deployment_check_in(const struct deployment_check *k, const struct conf_connection *connection,
                        const struct conf_environment *environment, struct deployment **ret)
{
	struct deployment *d = NULL;
	int rc = deployment_create(k->conf, k->plugins, connection, environment, &d, k->report);

	if (rc == 0)
		rc = d ? template_check(k->transforms, d, k->report)
		       : template_check_bare(k->transforms, connection, k->report);
	if (rc < 0)
		deployment_destroy(d);
	else
		*ret = d;
	return rc;
}

static int check(const struct deployment_check *k, const struct conf_connection *connection,
                 const struct conf_environment *environment)
{
	struct deployment_checked found = {
		.connection = connection, .environment = environment, .first = k->report->count};

	int rc = deployment_check_in(k, connection, environment, &found.deployment);
	if (k->checked)
		k->checked(k->arg, &found);
	else
		deployment_destroy(found.deployment);
	return rc;
}

static const struct conf_environment *find_environment(const struct conf *conf, const char *name)
{
	const struct conf_environment *environment = conf_environment(conf, name);
	/* Files that are checked without their host are for any. */
	const char *const *served = conf->host.environments;

	if (!environment || environment->is_assumed || (served && !conf_serves(served, name)))
		return NULL;
	return environment;
}

int deployment_check_all(const struct deployment_check *k, const struct conf_connection *connection)
{
	const struct node *parts = connection->environments;
	unsigned served = 0;
	int worst = 0;

	for (const struct node *n = parts ? parts->first : NULL; n; n = n->next) {
		const struct conf_environment *environment = find_environment(k->conf, n->name);
		if (!environment)
			continue;
		served++;
		int rc = check(k, connection, environment);
		if (rc == ERR_NO_MEMORY)
			return rc;
		worst = rc < 0 ? rc : worst;
	}
	return served ? worst : check(k, connection, NULL);
}

int deployment_check_conf(const struct deployment_check *k)
{
	int worst = 0;

	for (size_t i = 0; i < k->conf->connection_count; i++) {
		int rc = deployment_check_all(k, &k->conf->connections[i]);
		if (rc == ERR_NO_MEMORY)
			return rc;
		worst = rc < 0 ? rc : worst;
	}
	return worst;
}
