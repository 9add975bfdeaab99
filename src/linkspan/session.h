/* What the standalone commands share: the configuration, the plugins, and printing. */
#pragma once

#include <stdbool.h>

#include "conf/conf.h"
#include "plug/load.h"
#include "schema/report.h"

struct cli;
struct err;
struct json;
struct transforms;

struct session {
	struct conf conf;
	struct plugins plugins;
	struct report report;
	struct transforms *transforms; /* session_transforms(); NULL: not yet */
};

/* The linkspan.conf that --config, LINKSPAN_CONFIG or the build names. */
const char *config_path(const struct cli *cli);

/* False when the context says where the host is, but not where its files are. */
bool config_is_here(const struct cli *cli);

/* Prints the report to standard error; code, and that no host can be read from path. */
int report_refuse(const struct report *report, int code, const char *path, struct err *e);

void session_init(struct session *s); /* empty */

/* Reads the configuration that --config names, and no plugins; otherwise as session_open(). */
int session_read(struct session *s, const struct cli *cli, struct err *e);

/* Reads the configuration that --config names and loads its plugins.  Faults are left in
 * session->report; the return value is only negative when nothing can be done at all.  e NULL: says
 * nothing about it.
 * session_finish() in any case. */
int session_open(struct session *s, const struct cli *cli, struct err *e);
void session_finish(struct session *s);

/* The pool of body templates, with the first call.  It is the session's. */
int session_transforms(struct session *s, struct transforms **ret, struct err *e);

/* Prints the report to standard error.  0, or ERR_INVALID when it holds errors; then e says how
 * many. */
int session_verdict(struct session *s, struct err *e);

/* Prints to standard output and finishes the buffer.  0, ERR_NO_MEMORY or ERR_IO. */
int print_and_finish(struct buf *text, struct err *e);
/* One JSON document to standard output; takes the value (NULL: it could not be built). */
int print_json(struct json *value, struct err *e);
