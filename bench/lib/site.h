/*
 * A host of one lane over a linkspan.conf, with the plugins that it names loaded; for measurements.
 * Whatever fails ends the program with a message.
 */
#pragma once

#include <err.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "conf/conf.h"
#include "core/deployment.h"
#include "core/host.h"
#include "plug/load.h"
#include "schema/report.h"

#define SITE_ENVIRONMENT "Bench"

struct site {
	struct conf conf;
	struct plugins plugins;
	struct report report;
	struct host *host;
};

static inline void site_check(struct site *s, int rc, const struct err *e)
{
	struct buf text;

	if (rc == 0)
		return;
	buf_init(&text, BUF_MAX_TEXT);
	report_print(&s->report, &text);
	errx(1, "%s%s", buf_str(&text), e->text);
}

static inline void site_start(struct site *s, const char *file)
{
	struct host_options options = {.plugins = &s->plugins, .lanes = 1};
	struct err e = {0};

	*s = (struct site){.host = NULL};
	report_init(&s->report);
	plugins_init(&s->plugins);
	site_check(s, conf_load(&s->conf, file, &s->report), &e);
	site_check(s, plugins_load(&s->plugins, s->conf.host.plugins, &s->report, &e), &e);
	site_check(s, host_create(&options, &s->host, &e), &e);
}

static inline void site_open(struct site *s, const char *connection)
{
	const struct conf_connection *c = conf_connection(&s->conf, CONF_GLOBAL, connection);
	struct deployment *d = NULL;
	struct err e = {0};

	if (!c)
		errx(1, "no connection \"%s\"", connection);
	site_check(s,
	           deployment_create(&s->conf, &s->plugins, c,
	                             conf_environment(&s->conf, SITE_ENVIRONMENT), &d, &s->report),
	           &e);
	site_check(s, host_open(s->host, d, &e), &e);
}

static inline void site_stop(struct site *s)
{
	host_destroy(s->host);
	conf_finish(&s->conf);
	plugins_finish(&s->plugins);
	report_finish(&s->report);
}
