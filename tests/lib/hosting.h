/*
 * A host over a temporary configuration, for tests of lanes and links: plugins are loaded by name,
 * connections opened from settings in the syntax of definition files.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/err.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "core/deployment.h"
#include "core/host.h"
#include "core/message.h"
#include "folder.h"
#include "plug/hostapi.h"
#include "plug/load.h"
#include "schema/report.h"

static struct hosting {
	struct plugins plugins;
	struct conf conf;
	struct report report;
	struct host *host;
} hosting;

static inline void hosting_load(const char *name)
{
	/* The connector that is shipped stands among what was built, the others among the tests'. */
	bool shipped = strcmp(name, "webhook") == 0;
	const char *folder = getenv(shipped ? "LINKSPAN_BUILT_PLUGINS" : "LINKSPAN_TEST_PLUGINS");
	struct plugin *plugin = NULL;
	struct err e = {0};
	char path[768];

	ck_assert_msg(folder != NULL, "run by make check");
	snprintf(path, sizeof(path), "%s/%s.so", folder, name);
	ck_assert_msg(plugin_load_anywhere(path, &plugin, NULL, &e) == 0, "%s", e.text);
	ck_assert_int_eq(plugins_add(&hosting.plugins, plugin, &e), 0);
}

/* Writes the definition of one connection. */
static inline void hosting_define(const char *name, const char *type, const char *settings)
{
	char file[128], text[4096];

	snprintf(file, sizeof(file), "connections/%s.conf", name);
	snprintf(text, sizeof(text),
	         "connection: { name = \"%s\"; type = \"%s\"; settings: { %s }; "
	         "environments: { Test: {}; }; };\n",
	         name, type, settings);
	folder_write(file, text);
}

/* Names of plugins, ended by NULL; options->plugins is filled in. */
static inline void hosting_begin(const char *const *plugins, const char *allow)
{
	char text[512];

	hosting = (struct hosting){0};
	plugins_init(&hosting.plugins);
	report_init(&hosting.report);
	folder_create();
	for (; *plugins; plugins++)
		hosting_load(*plugins);
	folder_write("linkspan.conf", "host: { name = \"test\"; environments = ( \"Test\" ); };\n");
	snprintf(text, sizeof(text),
	         "environment: { name = \"Test\"; network: { allow = ( %s ); }; };\n", allow);
	folder_write("environments/Test.conf", text);
}

static inline void hosting_start(struct host_options options)
{
	struct err e = {0};

	options.plugins = &hosting.plugins;
	conf_load(&hosting.conf, folder_path("linkspan.conf"), &hosting.report);
	ck_assert_msg(hosting.report.errors == 0, "%s", folder_print(&hosting.report));
	ck_assert_msg(host_create(&options, &hosting.host, &e) == 0, "%s", e.text);
}

static inline struct deployment *hosting_deployment(const char *name)
{
	struct deployment *d = NULL;

	deployment_create(&hosting.conf, &hosting.plugins,
	                  conf_connection(&hosting.conf, CONF_GLOBAL, name),
	                  conf_environment(&hosting.conf, "Test"), &d, &hosting.report);
	ck_assert_msg(d != NULL, "%s", folder_print(&hosting.report));
	return d;
}

static inline void hosting_open(const char *name)
{
	struct err e = {0};

	ck_assert_msg(host_open(hosting.host, hosting_deployment(name), &e) == 0, "%s", e.text);
}

static inline void hosting_end(void)
{
	host_destroy(hosting.host);
	conf_finish(&hosting.conf);
	plugins_finish(&hosting.plugins);
	report_finish(&hosting.report);
	folder_destroy();
}

static inline struct message *hosting_message(const char *body)
{
	struct message_parts parts = {.body = body, .body_bytes = body ? strlen(body) : 0};
	struct message *m = NULL;

	ck_assert_int_eq(message_create(&parts, &m, NULL), 0);
	return m;
}

static inline int hosting_try(const char *name, const char *body, struct send_answer *ret)
{
	struct send_call call = {
		.connection = name,
		.environment = "Test",
		.message = hosting_message(body),
	};
	int rc = host_send_wait(hosting.host, &call, ret, NULL);

	message_unref(call.message);
	return rc;
}

/* Sends and waits; the caller destroys the outcome. */
static inline struct send_answer hosting_send(const char *name, const char *body)
{
	struct send_answer answer;

	ck_assert_int_eq(hosting_try(name, body, &answer), 0);
	return answer;
}

/* Sends and expects this reason. */
static inline void hosting_expect(const char *name, const char *reason)
{
	struct send_answer answer = hosting_send(name, "{}");

	ck_assert_str_eq(answer.outcome->reason, reason);
	outcome_destroy(answer.outcome);
}

/* Answers that are counted as they come. */
struct hosting_count {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	unsigned answers, delivered;
};

static inline void hosting_count_init(struct hosting_count *c)
{
	*c = (struct hosting_count){
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.wake = PTHREAD_COND_INITIALIZER,
	};
}

static inline void hosting_counted(void *arg, const struct send_answer *answer)
{
	struct hosting_count *c = arg;

	pthread_mutex_lock(&c->lock);
	c->answers++;
	c->delivered += answer->outcome->result == LK_DONE;
	pthread_cond_broadcast(&c->wake);
	pthread_mutex_unlock(&c->lock);
	outcome_destroy(answer->outcome);
}

static inline void hosting_post(const char *name, const char *body, struct hosting_count *c)
{
	struct send_call call = {
		.connection = name,
		.environment = "Test",
		.message = hosting_message(body),
	};

	ck_assert_int_eq(host_send(hosting.host, &call, hosting_counted, c, NULL), 0);
	message_unref(call.message);
}

static inline void hosting_wait(struct hosting_count *c, unsigned answers)
{
	pthread_mutex_lock(&c->lock);
	while (c->answers < answers)
		pthread_cond_wait(&c->wake, &c->lock);
	pthread_mutex_unlock(&c->lock);
}
