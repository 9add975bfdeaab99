/* All that a linkspan.conf names, read and checked. */
#include "linkspand/definitions.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/log.h"
#include "core/deployment_check.h"

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

int definitions_check(struct definitions *d, const struct plugins *plugins,
                      struct transforms *transforms, struct err *e)
{
	const struct deployment_check check = {
		.conf = &d->conf,
		.plugins = plugins,
		.transforms = transforms,
		.report = &d->report,
	};

	return deployment_check_conf(&check) == ERR_NO_MEMORY ? err_no_memory(e)
	                                                      : report_verdict(&d->report, e);
}

void definitions_finish(struct definitions *d)
{
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
