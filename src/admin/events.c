/* Events as the API tells them. */
#include "admin/events.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "admin/admin_impl.h"
#include "admin/api.h"
#include "admin/problem.h"
#include "admin/show.h"
#include "base/banned.h"
#include "base/err.h"
#include "core/access.h"
#include "httpd/request.h"
#include "json/json.h"

const char *const events_kinds[EVENT_KINDS + 1] = {
	[EVENT_DELIVERED] = "delivered",
	[EVENT_FAILED] = "failed",
	[EVENT_DEAD] = "dead",
	[EVENT_CANCELLED] = "cancelled",
	[EVENT_LINK_BLOCKED] = "link_blocked",
	[EVENT_LINK_UNBLOCKED] = "link_unblocked",
	[EVENT_LINK_PAUSED] = "link_paused",
	[EVENT_LINK_RESUMED] = "link_resumed",
	[EVENT_BREAKER_OPENED] = "breaker_opened",
	[EVENT_BREAKER_CLOSED] = "breaker_closed",
	[EVENT_DEPLOYED] = "deployed",
	[EVENT_UNDEPLOYED] = "undeployed",
	[EVENT_RELOADED] = "reloaded",
	[EVENT_RELOAD_FAILED] = "reload_failed",
	[EVENT_DISK_FULL] = "disk_full",
	[EVENT_DISK_FREE] = "disk_free",
	[EVENT_CERTIFICATE_EXPIRES] = "certificate_expires",
	[EVENT_TEST_FAILED] = "test_failed",
	[EVENT_TEST_OK] = "test_ok",
};

struct event_filter events_filter(const struct api_call *call)
{
	return (struct event_filter){
		.project = call->query[EVENTS_PROJECT].text,
		.connection = call->query[EVENTS_CONNECTION].text,
		.environment = call->query[EVENTS_ENVIRONMENT].text,
		.kinds = (uint64_t)call->query[EVENTS_KIND].number,
	};
}

bool events_permit(const struct who *who, const struct event *event)
{
	return authorize(who, ACTION_READ, event->project[0] ? event->project : NULL, NULL, NULL) ==
	       0;
}

bool events_fit(const struct event_filter *f, const struct event *event)
{
	return (!f->kinds || f->kinds >> event->kind & 1) &&
	       (!f->project || strcasecmp(f->project, event->project) == 0) &&
	       (!f->connection || strcasecmp(f->connection, event->connection) == 0) &&
	       (!f->environment || strcmp(f->environment, event->environment) == 0);
}

struct json *events_json(const struct event *event)
{
	struct json *object = json_object();

	json_set(object, "number", json_int((int64_t)event->number));
	json_set(object, "kind", json_string(event_name(event->kind)));
	json_set(object, "at", show_time(event->at_ms));
	json_set(object, "project", show_text(event->project));
	json_set(object, "connection", show_text(event->connection));
	json_set(object, "environment", show_text(event->environment));
	json_set(object, "delivery", show_text(event->delivery));
	json_set(object, "attempt", event->attempt ? json_int(event->attempt) : json_null());
	json_set(object, "status", event->status ? json_int(event->status) : json_null());
	json_set(object, "reason", show_text(event->reason));
	json_set(object, "detail", show_text(event->detail));
	json_set(object, "next_attempt", show_time(event->next_ms));
	return object;
}

/* Digits alone. */
static int read_number(const char *text, uint64_t *ret)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 19 || text[digits])
		return ERR_INVALID;
	*ret = strtoull(text, NULL, 10);
	return 0;
}

/* One that is not reached yet is from an earlier start. */
int events_after(const struct api_call *call, uint64_t otherwise, uint64_t *ret, struct problem *p)
{
	const char *text = call->query[EVENTS_AFTER].text;
	uint64_t newest = event_newest(call->admin->host), number;

	if (!text) {
		*ret = otherwise;
		return 0;
	}
	if (strcmp(text, "newest") == 0) {
		*ret = newest;
		return 0;
	}
	if (read_number(text, &number) < 0) {
		problem_fault(p, "after", "invalid_parameter",
		              "\"%s\" is not allowed; what is: a number, or newest", text);
		return ERR_USAGE;
	}
	*ret = number <= newest ? number : 0;
	return 0;
}

void events_id_write(int64_t started_ms, uint64_t number, char *text)
{
	snprintf(text, EVENTS_ID_BYTES, "%" PRId64 "-%" PRIu64, started_ms, number);
}

int events_id_read(const char *text, int64_t started_ms, uint64_t *ret)
{
	const char *dash = strchr(text, '-');
	char start[24];
	uint64_t started, number;

	if (!dash || (size_t)(dash - text) >= sizeof(start))
		return ERR_INVALID;
	snprintf(start, sizeof(start), "%.*s", (int)(dash - text), text);
	if (read_number(start, &started) < 0 || read_number(dash + 1, &number) < 0)
		return ERR_INVALID;
	*ret = started == (uint64_t)started_ms ? number : 0;
	return 0;
}
