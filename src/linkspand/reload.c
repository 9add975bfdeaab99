/* Reading the configuration anew, and changing what runs, hot. */
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/thread.h"
#include "core/catalog.h"
#include "core/event.h"
#include "core/host.h"
#include "linkspand/daemon.h"
#include "linkspand/definitions.h"
#include "linkspand/notify.h"
#include "store/store.h"
#include "json/json.h"

/*
 * What a reload cannot change
 */

enum setting_kind {
	SETTING_TEXT, /* may be absent */
	SETTING_LIST,
	SETTING_INT,
	SETTING_INT64,
	SETTING_PRESENCE, /* of a text: what it says may change */
};

static const struct setting {
	const char *name;
	enum setting_kind kind;
	size_t at;
} fixed[] = {
	{"name", SETTING_TEXT, offsetof(struct conf_host, name)},
	{"state", SETTING_TEXT, offsetof(struct conf_host, state)},
	{"state_max_bytes", SETTING_INT64, offsetof(struct conf_host, state_max_bytes)},
	{"api_body_max_bytes", SETTING_INT64, offsetof(struct conf_host, api_body_max_bytes)},
	{"socket", SETTING_TEXT, offsetof(struct conf_host, socket)},
	{"listen", SETTING_TEXT, offsetof(struct conf_host, listen)},
	{"allowed_hosts", SETTING_LIST, offsetof(struct conf_host, allowed_hosts)},
	{"tls", SETTING_PRESENCE, offsetof(struct conf_host, tls_certificate)},
	{"plugins", SETTING_LIST, offsetof(struct conf_host, plugins)},
	{"lanes", SETTING_INT, offsetof(struct conf_host, lanes)},
};

static bool same_list(const char *const *a, const char *const *b)
{
	size_t i = 0;

	while (a[i] && b[i] && strcmp(a[i], b[i]) == 0)
		i++;
	return a[i] == b[i];
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_setting(const struct setting *s, const struct conf_host *a,
                         const struct conf_host *b)
{
	const void *x = (const char *)a + s->at, *y = (const char *)b + s->at;

	switch (s->kind) {
	case SETTING_TEXT:
		return same_text(*(const char *const *)x, *(const char *const *)y);
	case SETTING_LIST:
		return same_list(*(const char *const *const *)x, *(const char *const *const *)y);
	case SETTING_PRESENCE:
		return !*(const char *const *)x == !*(const char *const *)y;
	case SETTING_INT:
		return *(const int *)x == *(const int *)y;
	default:
		return *(const int64_t *)x == *(const int64_t *)y;
	}
}

static void warn_of_fixed(const struct daemon *d, const struct conf *conf)
{
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (!same_setting(&fixed[i], &d->conf.host, &conf->host))
			log_event(LOG_LEVEL_WARNING, "a changed setting needs a restart", "setting",
			          fixed[i].name, "file", d->config, NULL);
}

/*
 * Changing it
 */

/* The event is logged as well. */
static void tell_done(struct daemon *d, const struct catalog_reload *done)
{
	char detail[128];

	snprintf(detail, sizeof(detail), "%u opened, %u changed, %u closed, %u unchanged",
	         done->opened, done->changed, done->closed, done->unchanged);
	daemon_configure(d, NULL);
	event_emit(d->host, EVENT_RELOADED, detail);
}

static void tell_failed(struct daemon *d, const char *problem)
{
	daemon_configure(d, problem);
	event_emit(d->host, EVENT_RELOAD_FAILED, problem);
}

static void compare_host(void *arg, const struct conf *conf)
{
	warn_of_fixed(arg, conf);
}

/* Before anything is changed.  What else is wrong with the configuration is for the catalogue to say. */
static int renew(struct daemon *d, struct renewal *ret, struct err *e)
{
	struct report ignored;
	struct conf fresh;
	int rc = 0;

	*ret = (struct renewal){0};
	if (!d->conf.host.listen)
		return 0;
	report_init(&ignored);
	if (conf_load_host(&fresh, d->config, &ignored) == 0)
		rc = listening_renew(&d->listening, &fresh.host, ret, e);
	conf_finish(&fresh);
	report_finish(&ignored);
	return rc;
}

/* A reload may wait for what is in flight through links that it closes, or for a change that is under way:
 * longer than the service manager waits for a sign of life. */
struct reloading {
	struct daemon *daemon;
	const char *actor;
	struct renewal renewal;
	struct report report;
	struct catalog_reload done;
	struct err err;
	int rc;
};

static struct json *outcome_json(const struct reloading *r)
{
	struct json *object = json_object();

	json_set(object, "ok", json_bool(r->rc == 0));
	if (r->rc < 0) {
		json_set(object, "problem", json_string(r->err.text));
		return object;
	}
	json_set(object, "opened", json_int(r->done.opened));
	json_set(object, "changed", json_int(r->done.changed));
	json_set(object, "closed", json_int(r->done.closed));
	json_set(object, "unchanged", json_int(r->done.unchanged));
	json_set(object, "certificate_renewed", json_bool(r->renewal.identity != NULL));
	return object;
}

/* What it deployed has rows of its own, in the transactions of that. */
static void note(const struct reloading *r)
{
	struct store *store = r->daemon->store;
	struct json *detail = outcome_json(r);
	struct buf text;

	buf_init(&text, BUF_MAX_LINE);
	int rc = json_write(detail, 0, &text);
	const struct store_audit row = {
		.at_ms = store_now_ms(store),
		.actor = r->actor,
		.action = "host.reload",
		.detail = buf_str(&text),
	};
	struct store_note op = {.op.kind = STORE_NOTE, .rows = &row, .count = 1};
	if (rc < 0 || store_post_wait(store, &op.op) < 0)
		log_event(LOG_LEVEL_WARNING, "the audit trail does not have this reload", "actor",
		          r->actor, NULL);
	json_free(detail);
	buf_finish(&text);
}

static void *reload(void *arg)
{
	struct reloading *r = arg;

	r->rc = renew(r->daemon, &r->renewal, &r->err);
	if (r->rc == 0)
		r->rc = catalog_reload(r->daemon->catalog, &r->report, &r->done, &r->err);
	note(r);
	return NULL;
}

static void reload_watched(struct reloading *r)
{
	struct timespec until;
	pthread_t thread;

	/* Once it runs, what is in r is the thread's: it may have ended already. */
	int rc = thread_start(&thread, "reload", reload, r, &r->err);
	if (rc < 0) {
		r->rc = rc;
		return;
	}
	do {
		notify_watchdog();
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec++;
	} while (pthread_timedjoin_np(thread, NULL, &until) == ETIMEDOUT);
}

void daemon_reload(struct daemon *d, const char *actor)
{
	struct reloading r = {.daemon = d, .actor = actor};

	log_event(LOG_LEVEL_INFO, "reloading", "file", d->config, NULL);
	notify_reloading(clock_system.mono_ms() * 1000);
	report_init(&r.report);
	reload_watched(&r);
	faults_log(&r.report);
	report_finish(&r.report);
	if (r.rc == 0) {
		catalog_with_conf(d->catalog, compare_host, d);
		listening_adopt(&d->listening, &r.renewal, d->admin);
		r.rc = daemon_adopt(d) < 0 ? err_no_memory(&r.err) : 0;
	}
	renewal_finish(&r.renewal);
	if (r.rc == 0)
		tell_done(d, &r.done);
	else
		tell_failed(d, r.err.text);
	notify_ready(r.rc < 0 ? "the last reload failed" : "reloaded");
}
