/* From a linkspan.conf to deployments. */
#include "linkspand/definitions.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/deployment.h"

int definitions_read(struct definitions *d, const char *file, struct err *e)
{
	*d = (struct definitions){0};
	report_init(&d->report);
	int rc = conf_load(&d->conf, file, &d->report);
	if (rc == ERR_NO_MEMORY)
		return err_no_memory(e);
	if (d->conf.host.file)
		return 0;
	report_verdict(&d->report, e);
	return err_set(e, ERR_NOT_FOUND, "no host can be read from %s", file);
}

static int grow(struct definitions *d)
{
	size_t cap = d->cap ? 2 * d->cap : 64;
	struct deployment **bigger = mem_resize(d->items, cap, sizeof(struct deployment *));

	if (!bigger)
		return ERR_NO_MEMORY;
	d->items = bigger;
	d->cap = cap;
	return 0;
}

/* In each environment that is served; where there is none, it is checked as far as it goes without. */
static int deploy_connection(struct definitions *d, const struct plugins *plugins,
                             const struct conf_connection *connection)
{
	const struct node *environments = connection->environments;
	unsigned served = 0;
	int rc = 0;

	for (const struct node *n = environments ? environments->first : NULL; n; n = n->next) {
		const struct conf_environment *environment = conf_environment(&d->conf, n->name);
		if (!environment || !conf_serves(d->conf.host.environments, n->name))
			continue;
		served++;
		if (d->count == d->cap && grow(d) < 0)
			return ERR_NO_MEMORY;
		rc = deployment_create(&d->conf, plugins, connection, environment,
		                       &d->items[d->count], &d->report);
		d->count += rc == 0;
		if (rc == ERR_NO_MEMORY)
			return rc;
	}
	return served ? 0
	              : deployment_create(&d->conf, plugins, connection, NULL, NULL, &d->report);
}

int definitions_deploy(struct definitions *d, const struct plugins *plugins, struct err *e)
{
	for (size_t i = 0; i < d->conf.connection_count; i++)
		if (deploy_connection(d, plugins, &d->conf.connections[i]) == ERR_NO_MEMORY)
			return err_no_memory(e);
	return report_verdict(&d->report, e);
}

void definitions_finish(struct definitions *d)
{
	for (size_t i = 0; i < d->count; i++)
		deployment_destroy(d->items[i]);
	mem_free(d->items);
	conf_finish(&d->conf);
	report_finish(&d->report);
	*d = (struct definitions){0};
}

void faults_log(const struct report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		const struct fault *f = &report->faults[i];
		bool is_error = f->severity == LK_FAULT_ERROR;
		char at[1024];
		snprintf(at, sizeof(at), "%s:%u", f->file ? f->file : "", f->line);
		log_event(is_error ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING,
		          is_error ? "faulty definition" : "doubtful definition", "at",
		          f->file ? at : NULL, "key", f->path[0] ? f->path : NULL, "problem",
		          f->text, NULL);
	}
}
