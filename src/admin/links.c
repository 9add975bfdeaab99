/* Links as JSON. */
#include "admin/links.h"

#include <stdbool.h>

#include "admin/admin_impl.h"
#include "admin/show.h"
#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "core/access.h"
#include "core/host.h"
#include "core/monitor.h"
#include "json/json.h"

static const char *const breakers[] = {
	[BREAKER_CLOSED] = "closed",
	[BREAKER_OPEN] = "open",
	[BREAKER_HALF_OPEN] = "half_open",
};

static struct json *count_json(uint64_t count)
{
	return json_int((int64_t)count);
}

static struct json *pool_json(const struct monitor_link *l)
{
	struct json *object = json_object();

	json_set(object, "open", count_json(l->pool_open));
	json_set(object, "idle", count_json(l->pool_idle));
	json_set(object, "opened", count_json(l->pool_opened));
	json_set(object, "reused", count_json(l->pool_reused));
	return object;
}

static struct json *error_json(const struct monitor_link *l)
{
	if (l->last_error_ms == 0)
		return json_null();
	struct json *object = json_object();
	json_set(object, "at", show_time(l->last_error_ms));
	json_set(object, "reason", show_text(l->last_reason));
	json_set(object, "detail", show_text(l->last_detail));
	return object;
}

static struct json *certificates_json(const struct monitor_link *l, int64_t now_ms)
{
	struct json *list = json_array();

	for (enum expiry_source source = 0; source < EXPIRY_SOURCES; source++) {
		const struct monitor_certificate *c = &l->certificates[source];
		if (c->ends_ms == 0)
			continue;
		struct json *object = json_object();
		json_set(object, "source", json_string(expiry_source_name(source)));
		json_set(object, "subject", show_text(c->subject));
		json_set(object, "not_after", show_time(c->ends_ms));
		json_set(object, "days_left", show_days_left(c->ends_ms, now_ms));
		json_push(list, object);
	}
	return list;
}

static struct json *test_json(const struct monitor_link *l)
{
	if (l->test_ms == 0)
		return json_null();
	struct json *object = json_object();
	json_set(object, "at", show_time(l->test_ms));
	json_set(object, "ok", json_bool(l->test_ok));
	json_set(object, "reason", json_string(l->test_reason));
	json_set(object, "status", l->test_status ? json_int(l->test_status) : json_null());
	return object;
}

static void set_counts(struct json *object, const struct monitor_link *l)
{
	const struct {
		const char *name;
		uint64_t count;
	} counts[] = {
		{"delivered", l->delivered},
		{"failed", l->failed},
		{"retried", l->retried},
		{"dead_lettered", l->dead_lettered},
	};

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		json_set(object, counts[i].name, count_json(counts[i].count));
}

static struct json *link_json(const struct monitor_link *l, int64_t now_ms)
{
	struct json *object = json_object();

	json_set(object, "project", json_string(l->project));
	json_set(object, "connection", json_string(l->connection));
	json_set(object, "environment", json_string(l->environment));
	json_set(object, "state", json_string(l->state));
	json_set(object, "detail", show_text(l->state_detail));
	json_set(object, "deployed", json_bool(l->deployed));
	json_set(object, "enabled", json_bool(l->enabled));
	json_set(object, "paused", json_bool(l->paused));
	json_set(object, "paused_reason", show_text(l->paused_reason));
	json_set(object, "waiting", count_json(l->waiting));
	json_set(object, "oldest", show_time(l->oldest_ms));
	json_set(object, "dead", count_json(l->dead));
	json_set(object, "in_flight", count_json(l->in_flight));
	json_set(object, "calls_waiting", count_json(l->calls_waiting));
	json_set(object, "in_memory", count_json(l->in_memory));
	json_set(object, "concurrency_limit", count_json(l->concurrency_limit));
	json_set(object, "next_retry", show_time(l->next_retry_ms));
	json_set(object, "breaker", json_string(breakers[l->breaker]));
	json_set(object, "breaker_until", show_time(l->breaker_until_ms));
	json_set(object, "pool", pool_json(l));
	set_counts(object, l);
	json_set(object, "last_error", error_json(l));
	json_set(object, "last_test", test_json(l));
	json_set(object, "certificates", certificates_json(l, now_ms));
	return object;
}

struct collecting {
	const struct who *who;
	struct json *list;
	int64_t now_ms;
	size_t count;
	bool failed;
};

static void take(void *arg, const struct monitor_link *link)
{
	struct collecting *c = arg;

	if (c->who && authorize(c->who, ACTION_READ, link->project, NULL, NULL) < 0)
		return;
	c->failed = json_push(c->list, link_json(link, c->now_ms)) < 0 || c->failed;
	c->count++;
}

int links_json(struct admin *admin, const char *project, const char *connection,
               const char *environment, const struct who *who, struct json **ret, size_t *ret_count,
               struct err *e)
{
	struct collecting c = {
		.who = who,
		.list = json_array(),
		.now_ms = host_clock(admin->host)->unix_ms(),
	};

	int rc = monitor_links(admin->host, project, connection, environment, take, &c, e);
	if (rc == 0 && (c.failed || !c.list))
		rc = err_no_memory(e);
	if (rc < 0) {
		json_free(c.list);
		return rc;
	}
	*ret = c.list;
	*ret_count = c.count;
	return 0;
}

struct json *links_undeployed_json(const char *project, const char *connection,
                                   const char *environment, bool enabled)
{
	const struct monitor_link nothing = {
		.project = project,
		.connection = connection,
		.environment = environment,
		.enabled = enabled,
		.state = "undeployed",
		.state_detail = "it was never deployed here",
	};

	return link_json(&nothing, 0);
}
