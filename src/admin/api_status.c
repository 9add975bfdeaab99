/* The host: how it is, whether it serves, whether it is ready. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin_impl.h"
#include "admin/api.h"
#include "admin/links.h"
#include "admin/problem.h"
#include "admin/ready.h"
#include "admin/reply.h"
#include "admin/show.h"
#include "base/banned.h"
#include "base/err.h"
#include "core/host.h"
#include "core/monitor.h"
#include "httpd/reply.h"
#include "httpd/request.h"
#include "store/store.h"
#include "json/json.h"

const char *unready(const struct admin_configuration *c, const struct monitor_host *host,
                    const struct store_stats *store)
{
	if (host->stopping)
		return "the host is being stopped";
	if (store->full)
		return "there is no room on the disk of the state folder";
	return c->problem;
}

static struct json *count_json(uint64_t count)
{
	return json_int((int64_t)count);
}

static struct json *environments_json(const struct admin_configuration *c)
{
	struct json *list = json_array();

	for (size_t i = 0; c->environments[i]; i++)
		json_push(list, json_string(c->environments[i]));
	return list;
}

static struct json *store_json(const struct store_stats *s)
{
	struct json *object = json_object();
	double mean = s->commits ? (double)s->commit_us / (double)s->commits : 0;

	json_set(object, "size_bytes", count_json(s->size_bytes));
	json_set(object, "disk_free_bytes", count_json(s->disk_free_bytes));
	json_set(object, "full", json_bool(s->full));
	json_set(object, "queued", count_json(s->queued));
	json_set(object, "commits", count_json(s->commits));
	json_set(object, "operations", count_json(s->operations));
	json_set(object, "commit_us_mean", json_int((int64_t)mean));
	json_set(object, "commit_us_max", count_json(s->commit_us_max));
	return object;
}

/* A problem may be one of any project: it is told to whoever may see them all. */
static bool sees_all(const struct api_call *call)
{
	return authorize(&call->asker.who, ACTION_READ, NULL, NULL, NULL) == 0;
}

static struct json *configuration_json(const struct api_call *call)
{
	const struct admin_configuration *c = admin_settings(call);

	struct json *object = json_object();

	json_set(object, "file", json_string(c->file));
	json_set(object, "loaded", show_time(c->loaded_ms));
	json_set(object, "ok", json_bool(!c->problem));
	json_set(object, "problem", show_text(sees_all(call) ? c->problem : NULL));
	json_set(object, "connections", count_json(c->connections));
	return object;
}

void api_status(struct api_call *call)
{
	const struct admin_configuration *c = admin_settings(call);
	struct store *store = host_store(call->admin->host);
	struct monitor_host host;
	struct store_stats stats;
	struct json *links = NULL;
	struct err e = {0};
	size_t count;

	if (links_json(call->admin, NULL, NULL, NULL, &call->asker.who, &links, &count, &e) < 0) {
		problem_answer_err(call->request, NULL, &e);
		return;
	}
	monitor_host(call->admin->host, &host);
	store_stats(store, &stats);
	struct json *object = json_object();
	json_set(object, "name", json_string(c->name));
	json_set(object, "version", json_string(LINKSPAN_VERSION));
	json_set(object, "started", show_time(host.started_ms));
	json_set(object, "uptime_s", json_int((store_now_ms(store) - host.started_ms) / 1000));
	json_set(object, "pid", json_int(getpid()));
	json_set(object, "ready", json_bool(!unready(c, &host, &stats)));
	json_set(object, "environments", environments_json(c));
	json_set(object, "lanes", json_int(host.lanes));
	json_set(object, "active", count_json(host.active));
	json_set(object, "active_bytes", count_json(host.active_bytes));
	json_set(object, "store", store_json(&stats));
	json_set(object, "configuration", configuration_json(call));
	json_set(object, "links", links);
	reply_json(call->request, 200, object);
}

static void reply_text(struct http_request *request, unsigned status, const char *text)
{
	char line[512];

	snprintf(line, sizeof(line), "%s\n", text);
	const struct http_reply reply = {
		.status = status,
		.content_type = "text/plain; charset=utf-8",
		.body = line,
		.body_bytes = strlen(line),
	};
	http_reply(request, &reply);
}

void api_health(struct api_call *call)
{
	reply_text(call->request, 200, "ok");
}

void api_ready(struct api_call *call)
{
	struct monitor_host host;
	struct store_stats stats;

	monitor_host(call->admin->host, &host);
	store_stats(host_store(call->admin->host), &stats);
	const char *why = unready(admin_settings(call), &host, &stats);
	reply_text(call->request, why ? 503 : 200,
	           !why             ? "ready"
	           : sees_all(call) ? why
	                            : "not ready");
}
