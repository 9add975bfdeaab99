/* linkspan validate: every fault of the definitions, with its place. */
#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/deployment_check.h"
#include "linkspan/command.h"
#include "linkspan/faults_show.h"
#include "linkspan/session.h"

static int check_conf(struct session *s, const struct conf *conf, const struct plugins *plugins,
                      size_t *ret_count, struct err *e)
{
	struct deployment_check check = {.conf = conf, .plugins = plugins, .report = &s->report};

	int rc = session_transforms(s, &check.transforms, e);
	if (rc < 0)
		return rc;
	if (deployment_check_conf(&check) == ERR_NO_MEMORY)
		return err_no_memory(e);
	*ret_count = conf->connection_count;
	return 0;
}

/* Files named on the command line; s holds the configuration that they refer to, as far as there is
 * one.  Its own faults are not what was asked for. */
static int check_path(struct session *s, const char *path, size_t *ret_count, struct err *e)
{
	struct conf named = {0};
	struct plugins own;
	const struct plugins *plugins = &s->plugins;
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
		plugins = &own;
	}
	rc = rc < 0 ? err_set(e, rc, "%s: %s", path, err_name(rc))
	            : check_conf(s, &named, plugins, ret_count, e);
	plugins_finish(&own);
	conf_finish(&named);
	return rc;
}

static int check(struct session *s, const struct cli *cli, size_t *ret_count, struct err *e)
{
	bool named = cli->arg_count > 0;
	/* Without --config, files are checked even where no host is configured. */
	bool need_base = !named || cli_has(cli, "config");

	int rc = session_open(s, cli, need_base ? e : NULL);
	if (rc < 0 && need_base)
		return rc;
	if (named)
		return check_path(s, cli->args[0], ret_count, e);
	return check_conf(s, &s->conf, &s->plugins, ret_count, e);
}

int cmd_validate(struct cli *cli, struct err *e)
{
	struct session s;
	size_t count = 0;
	int rc = check(&s, cli, &count, e);

	if (rc == 0)
		rc = session_verdict(&s, e);
	if (rc == 0 || rc == ERR_INVALID) {
		int shown = faults_show(cli, &s.report, e);
		rc = shown < 0 ? shown : rc;
	}
	if (rc == 0 && !cli_has(cli, "quiet"))
		fprintf(stderr, "%zu connection%s checked, no error\n", count,
		        count == 1 ? "" : "s");
	session_finish(&s);
	return rc;
}
