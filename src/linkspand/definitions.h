/* All that one linkspan.conf names, read and checked without being run. */
#pragma once

#include "conf/conf.h"
#include "schema/report.h"

struct err;
struct plugins;
struct transforms;

struct definitions {
	struct conf conf;
	struct report report;
};

/* Reads the files.  ERR_NOT_FOUND: there is no host to be read; other faults are in the report alone.
 * definitions_finish() in any case. */
int definitions_read(struct definitions *d, const char *file, struct err *e);
/* As far as deployments would be.  ERR_INVALID when there is any fault, of reading too; e names the first. */
int definitions_check(struct definitions *d, const struct plugins *plugins,
                      struct transforms *transforms, struct err *e);
void definitions_finish(struct definitions *d);

/* A line of the log for each fault. */
void faults_log(const struct report *report);
