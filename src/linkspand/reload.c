/* Reading the configuration anew, and changing what runs, hot. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/deployment.h"
#include "core/event.h"
#include "core/host.h"
#include "linkspand/daemon.h"
#include "linkspand/notify.h"
#include "linkspand/plan.h"

/*
 * What a reload cannot change
 */

enum setting_kind { SETTING_TEXT /* may be absent */, SETTING_LIST, SETTING_INT, SETTING_INT64 };

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
	{"tls.certificate", SETTING_TEXT, offsetof(struct conf_host, tls_certificate)},
	{"tls.key", SETTING_TEXT, offsetof(struct conf_host, tls_key)},
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
 * What runs now
 */

struct running {
	struct arena arena;
	struct plan_item *items;
	size_t count, cap;
	bool failed;
};

static int grow(struct running *r)
{
	size_t cap = r->cap ? 2 * r->cap : 64;
	struct plan_item *bigger = mem_resize(r->items, cap, sizeof(*bigger));

	if (!bigger)
		return ERR_NO_MEMORY;
	r->items = bigger;
	r->cap = cap;
	return 0;
}

static void note(void *arg, const struct deployment *deployment)
{
	struct running *r = arg;

	r->failed = r->failed || (r->count == r->cap && grow(r) < 0);
	if (r->failed)
		return;
	struct plan_item item = {
		.project = arena_strdup(&r->arena, deployment->settings.project),
		.connection = arena_strdup(&r->arena, deployment->settings.connection),
		.environment = arena_strdup(&r->arena, deployment->settings.environment),
		.fingerprint =
			arena_dup(&r->arena, deployment->fingerprint, PLAN_FINGERPRINT_BYTES),
	};
	r->failed = !item.project || !item.connection || !item.environment || !item.fingerprint;
	if (!r->failed)
		r->items[r->count++] = item;
}

/*
 * Changing it
 */

struct change {
	struct daemon *daemon;
	struct definitions *fresh;
	struct running before;
	struct plan_item *after;
	struct plan_step *steps;
	size_t step_count;
	unsigned done[PLAN_ACTIONS];
	unsigned failed;
	struct err first; /* of what failed */
};

static int make_plan(struct change *c, struct err *e)
{
	size_t count = c->fresh->count;

	host_deployments(c->daemon->host, note, &c->before);
	c->after = mem_array(count + 1, sizeof(*c->after));
	c->steps = mem_array(c->before.count + count + 1, sizeof(*c->steps));
	if (c->before.failed || !c->after || !c->steps)
		return err_no_memory(e);
	for (size_t i = 0; i < count; i++) {
		const struct deployment *deployment = c->fresh->items[i];
		c->after[i] = (struct plan_item){
			.project = deployment->settings.project,
			.connection = deployment->settings.connection,
			.environment = deployment->settings.environment,
			.fingerprint = deployment->fingerprint,
			.place = i,
		};
	}
	c->step_count = plan_make(c->before.items, c->before.count, c->after, count, c->steps);
	return 0;
}

static int take_step(struct change *c, const struct plan_step *step, struct err *e)
{
	struct host *host = c->daemon->host;

	if (step->action == PLAN_KEEP)
		return 0;
	if (step->action == PLAN_CLOSE)
		return host_close(host, step->before->project, step->before->connection,
		                  step->before->environment, e);
	struct deployment *deployment = c->fresh->items[step->after->place];
	c->fresh->items[step->after->place] = NULL;
	return host_replace(host, deployment, e);
}

/* Every definition was found good; what a plugin then cannot open leaves the one before in force. */
static void take_steps(struct change *c)
{
	for (size_t i = 0; i < c->step_count; i++) {
		struct err e = {0};
		if (take_step(c, &c->steps[i], &e) == 0) {
			c->done[c->steps[i].action]++;
			continue;
		}
		c->failed++;
		log_event(LOG_LEVEL_ERROR, "a link was not changed", "problem", e.text, NULL);
		err_set(&c->first, e.code, "%s", e.text);
	}
}

static void change_finish(struct change *c)
{
	mem_free(c->steps);
	mem_free(c->after);
	mem_free(c->before.items);
	arena_finish(&c->before.arena);
}

/* The event is logged as well. */
static void tell_done(const struct change *c)
{
	char detail[128];

	snprintf(detail, sizeof(detail), "%u opened, %u changed, %u closed, %u unchanged",
	         c->done[PLAN_OPEN], c->done[PLAN_CHANGE], c->done[PLAN_CLOSE], c->done[PLAN_KEEP]);
	daemon_configure(c->daemon, NULL);
	event_emit(c->daemon->host, EVENT_RELOADED, detail);
}

static void tell_failed(struct daemon *d, const char *problem)
{
	daemon_configure(d, problem);
	event_emit(d->host, EVENT_RELOAD_FAILED, problem);
}

static int apply(struct daemon *d, struct definitions *fresh, struct err *e)
{
	struct change c = {.daemon = d, .fresh = fresh};

	arena_init(&c.before.arena);
	int rc = make_plan(&c, e);
	if (rc == 0)
		rc = daemon_adopt(d, &fresh->conf) < 0 ? err_no_memory(e) : 0;
	if (rc == 0)
		take_steps(&c);
	if (c.failed)
		rc = err_set(e, c.first.code, "%s", c.first.text);
	if (rc == 0)
		tell_done(&c);
	change_finish(&c);
	return rc;
}

void daemon_reload(struct daemon *d)
{
	struct definitions fresh;
	struct err e = {0};

	log_event(LOG_LEVEL_INFO, "reloading", "file", d->config, NULL);
	notify_reloading(clock_system.mono_ms() * 1000);
	int rc = definitions_read(&fresh, d->config, &e);
	if (rc == 0) {
		warn_of_fixed(d, &fresh.conf);
		/* What is listened on is what no message may be sent to. */
		fresh.conf.host.listen = d->conf.host.listen;
		rc = definitions_deploy(&fresh, &d->plugins, &e);
	}
	definitions_log_faults(&fresh);
	if (rc == 0)
		rc = apply(d, &fresh, &e);
	if (rc < 0)
		tell_failed(d, e.text);
	definitions_finish(&fresh);
	notify_ready(rc < 0 ? "the last reload failed" : "reloaded");
}
