/* linkspand: the host as a daemon, in the foreground. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/metrics.h"
#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/process.h"
#include "journal/journal.h"
#include "linkspand/daemon.h"
#include "linkspand/definitions.h"
#include "linkspand/options.h"
#include "linkspand/routes_show.h"
#include "store/sqlite.h"
#include "transform/transform.h"

static int print(struct buf *text)
{
	fputs(buf_str(text), stdout);
	buf_finish(text);
	return 0;
}

static int help(void)
{
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	options_help(&text);
	return print(&text);
}

static int list_routes(void)
{
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	return routes_show(&text) < 0 ? err_exit_status(ERR_NO_MEMORY) : print(&text);
}

/* Prints every fault as `linkspan validate` does. */
static void print_faults(const struct definitions *d)
{
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	report_print(&d->report, &text);
	fputs(buf_str(&text), stderr);
	buf_finish(&text);
}

static int check(const struct options *o, struct err *e)
{
	struct definitions d;
	struct transforms *transforms = NULL;
	struct plugins plugins;

	plugins_init(&plugins);
	int rc = definitions_read(&d, o->config, e);
	if (rc == 0)
		rc = plugins_load(&plugins, d.conf.host.plugins, &d.report, e);
	if (rc == 0)
		rc = transforms_create(NULL, &transforms, e);
	if (rc == 0)
		rc = definitions_check(&d, &plugins, transforms, e);
	print_faults(&d);
	if (rc == 0)
		fprintf(stderr, "%zu connection%s checked, no error\n", d.conf.connection_count,
		        d.conf.connection_count == 1 ? "" : "s");
	transforms_destroy(transforms);
	definitions_finish(&d);
	plugins_finish(&plugins);
	return rc;
}

static int print_metrics(void)
{
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	metrics_document(&text);
	return print(&text);
}

static int set_aside(const struct options *o, struct err *e)
{
	struct definitions d;
	char where[1024];

	int rc = definitions_read(&d, o->config, e);
	if (rc == 0)
		rc = sqlite_store_set_aside(d.conf.host.state, where, sizeof(where), e);
	if (rc == 0)
		printf("%s\n", where);
	definitions_finish(&d);
	return rc;
}

/* Signals are for the control loop: no thread is interrupted by one. */
static void block_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int serve(const struct options *o, struct err *e)
{
	struct daemon d;
	int status = 0;

	block_signals();
	umask(0077);
	process_raise_descriptors();
	int rc = daemon_start(&d, o->config, e);
	if (rc == 0)
		status = daemon_control(&d);
	else
		log_event(LOG_LEVEL_ERROR, "cannot start", "problem", e->text, NULL);
	daemon_finish(&d);
	return rc < 0 ? err_exit_status(rc) : status;
}

int main(int argc, char **argv)
{
	struct options o;
	struct err e = {0};

	process_forbid_core_files();
	int rc = options_parse(&o, argc, argv, &e);
	if (rc == 0 && o.help)
		return help();
	if (rc == 0 && o.routes)
		return list_routes();
	if (rc == 0 && o.metrics)
		return print_metrics();
	if (rc == 0 && o.version) {
		printf("linkspand %s\n", LINKSPAN_VERSION);
		return 0;
	}
	if (rc == 0 && !o.check && !o.set_aside) {
		log_configure(o.log_level,
		              o.log_format == OPTIONS_FORMAT_JSON ? LOG_FORMAT_JSON
		                                                  : LOG_FORMAT_TEXT,
		              STDERR_FILENO);
		if (o.log_format == OPTIONS_FORMAT_AUTO && journal_is(STDERR_FILENO))
			log_divert(journal_send);
		return serve(&o, &e);
	}
	if (rc == 0)
		rc = o.check ? check(&o, &e) : set_aside(&o, &e);
	if (rc < 0)
		fprintf(stderr, "linkspand: %s\n", e.text);
	return rc < 0 ? err_exit_status(rc) : 0;
}
