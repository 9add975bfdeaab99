/* Definition files of a world. */
#include "world_conf.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "conf/conf.h"
#include "core/deployment.h"
#include "plug/load.h"
#include "schema/report.h"
#include "world.h"

/* Each variant is a configuration of its own. */
static struct conf confs[WORLD_VARIANTS];
static struct plugins plugins;
static struct report report;
/* tests/lib/folder.h is for programs under Check alone. */
static char folder[64];

const char *world_conf_path(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void need(bool works)
{
	if (works)
		return;
	perror(folder);
	exit(EXIT_FAILURE);
}

static void make_folder(const char *name)
{
	int rc = mkdir(world_conf_path(name), 0700);

	need(rc == 0 || errno == EEXIST);
}

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(world_conf_path(name), "w");

	need(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

const struct plugins *world_conf_plugins(void)
{
	return &plugins;
}

static void print_report(void)
{
	struct buf b;

	buf_init(&b, BUF_MAX_TEXT);
	report_print(&report, &b);
	printf("%s\n", buf_str(&b));
	buf_finish(&b);
}

static void add_number(struct buf *b, const char *name, unsigned value)
{
	if (value)
		buf_printf(b, " %s = %u;", name, value);
}

static void write_link(const struct world_link *link, unsigned variant)
{
	const struct link_settings *s = &link->variants[variant];
	char file[64];
	struct buf b;

	buf_init(&b, BUF_MAX_TEXT);
	buf_printf(&b,
	           "connection: { name = \"%s\"; type = \"scripted\"; enabled = %s; settings: {",
	           link->name, s->disabled ? "false" : "true");
	add_number(&b, "pool_size", s->pool_size);
	add_number(&b, "rate_per_s", s->rate_per_s);
	add_number(&b, "burst", s->burst);
	add_number(&b, "retry_delay_s", s->retry_delay_s);
	add_number(&b, "retry_max_attempts", s->retry_max_attempts);
	add_number(&b, "retry_max_age_s", s->retry_max_age_s);
	add_number(&b, "retry_inline", s->retry_inline);
	add_number(&b, "request_timeout_ms", s->request_timeout_ms);
	add_number(&b, "queue_max_messages", s->queue_max_messages);
	buf_printf(&b, "%s }; environments: { Test: {}; }; };\n",
	           s->ordered ? " ordering = \"key\";" : "");
	snprintf(file, sizeof(file), "%u/connections/%s.conf", variant, link->name);
	write_file(file, buf_str(&b));
	buf_finish(&b);
}

static int load_variant(unsigned variant)
{
	char file[64];

	snprintf(file, sizeof(file), "%u", variant);
	make_folder(file);
	snprintf(file, sizeof(file), "%u/connections", variant);
	make_folder(file);
	snprintf(file, sizeof(file), "%u/environments", variant);
	make_folder(file);
	snprintf(file, sizeof(file), "%u/linkspan.conf", variant);
	write_file(file, "host: { name = \"sim\"; environments = ( \"Test\" ); };\n");
	snprintf(file, sizeof(file), "%u/environments/Test.conf", variant);
	write_file(file, "environment: { name = \"Test\"; };\n");
	for (unsigned i = 0; i < world->link_count; i++)
		write_link(&world->links[i], variant);
	snprintf(file, sizeof(file), "%u/linkspan.conf", variant);
	conf_load(&confs[variant], world_conf_path(file), &report);
	return report.errors ? -1 : 0;
}

int world_conf_begin(void)
{
	struct plugin *plugin = NULL;
	struct err e = {0};

	snprintf(folder, sizeof(folder), "/tmp/linkspan-sim-XXXXXX");
	need(mkdtemp(folder) != NULL);
	plugins_init(&plugins);
	report_init(&report);
	if (plugin_adopt(&endpoint_plugin, "", &plugin, NULL, &e) < 0 ||
	    plugins_add(&plugins, plugin, &e) < 0) {
		printf("# the scripted plugin: %s\n", e.text);
		return -1;
	}
	for (unsigned variant = 0; variant < WORLD_VARIANTS; variant++)
		if (load_variant(variant) < 0) {
			print_report();
			return -1;
		}
	return 0;
}

void world_conf_finish(void)
{
	for (unsigned variant = 0; variant < WORLD_VARIANTS; variant++)
		conf_finish(&confs[variant]);
	plugins_finish(&plugins);
	report_finish(&report);
}

void world_conf_remove(void)
{
	nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

struct deployment *world_conf_deployment(const struct world_link *link)
{
	const struct conf *conf = &confs[link->variant];
	struct deployment *d = NULL;

	deployment_create(conf, &plugins, conf_connection(conf, CONF_GLOBAL, link->name),
	                  conf_environment(conf, "Test"), &d, &report);
	if (!d) {
		print_report();
		world_violation("a connection can be deployed", NULL, (int)link->number,
		                "see above");
	}
	return d;
}
