/* What has happened: events behind a number, waiting for the next one where there is none. */
#include <stdlib.h>
#include <string.h>

#include "admin/admin_impl.h"
#include "admin/api.h"
#include "admin/problem.h"
#include "admin/reply.h"
#include "admin/show.h"
#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "core/event.h"
#include "httpd/request.h"
#include "json/json.h"

enum { EVENTS_AT_ONCE = 256, ANSWER_MS = 30000 };

const struct query_row api_events_rows[EVENTS_ROWS] = {
	[EVENTS_AFTER] = {.name = "after",
                          .kind = QUERY_TEXT,
                          .min = 1,
                          .max = 20,
                          .help = "The number of the last event that is known, or newest."},
	[EVENTS_WAIT] = {.name = "wait",
                         .kind = QUERY_INT,
                         .max = 60,
                         .help = "Seconds to wait for one."},
};

static struct json *event_json(const struct event *event)
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

static bool may_see(const struct who *who, const struct event *event)
{
	return authorize(who, ACTION_READ, event->project[0] ? event->project : NULL, NULL, NULL) ==
	       0;
}

static void answer_events(struct host *host, struct http_request *request, const struct who *who,
                          uint64_t after)
{
	struct event *events = mem_array(EVENTS_AT_ONCE, sizeof(*events));
	uint64_t lost = 0;

	if (!events) {
		reply_json(request, 200, NULL);
		return;
	}
	size_t count = event_read(host, after, events, EVENTS_AT_ONCE, &lost);
	struct json *list = json_array(), *object = json_object();
	for (size_t i = 0; i < count; i++)
		if (may_see(who, &events[i]))
			json_push(list, event_json(&events[i]));
	json_set(object, "items", list);
	json_set(object, "next", json_int((int64_t)(count ? events[count - 1].number : after)));
	json_set(object, "lost", json_int((int64_t)lost));
	reply_json(request, 200, object);
	mem_free(events);
}

struct events_wait {
	struct waiting waiting;
	struct admin *admin;
	struct http_request *request;
	struct asker asker;
	struct event_watch *watch;
	uint64_t after;
};

static void on_more(void *arg)
{
	struct events_wait *w = arg;

	waits_ring(&w->admin->waits, &w->waiting);
}

static bool give_up(struct waiting *waiting)
{
	struct events_wait *w = container_of(waiting, struct events_wait, waiting);

	return event_unwatch(w->admin->host, w->watch);
}

static void answer_wait(struct waiting *waiting)
{
	struct events_wait *w = container_of(waiting, struct events_wait, waiting);

	answer_events(w->admin->host, w->request, &w->asker.who, w->after);
	asker_release(&w->asker);
	mem_free(w);
}

static void wait_for(struct api_call *call, uint64_t after, int64_t wait_ms)
{
	struct events_wait *w = mem_zalloc(sizeof(*w));
	struct err e = {0};

	if (!w) {
		err_no_memory(&e);
		problem_answer_err(call->request, NULL, &e);
		return;
	}
	w->admin = call->admin;
	w->request = call->request;
	w->asker = call->asker;
	asker_hold(&w->asker);
	w->after = after;
	w->waiting.deadline_ms = clock_system.mono_ms() + wait_ms;
	w->waiting.give_up = give_up;
	w->waiting.answer = answer_wait;
	http_request_set_timeout(call->request, wait_ms + ANSWER_MS);
	http_request_suspend(call->request);
	if (event_watch(call->admin->host, after, on_more, w, &w->watch, &e) < 0) {
		problem_answer_err(call->request, NULL, &e);
		asker_release(&w->asker);
		mem_free(w);
		return;
	}
	waits_add(&call->admin->waits, &w->waiting);
}

/* Numbers begin anew with each start of the host: one that is not reached yet is from before. */
static int read_after(const struct api_call *call, uint64_t newest, uint64_t *ret,
                      struct problem *p)
{
	const char *text = call->query[EVENTS_AFTER].text;
	char *end;

	*ret = 0;
	if (!text)
		return 0;
	if (strcmp(text, "newest") == 0) {
		*ret = newest;
		return 0;
	}
	uint64_t number = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end) {
		problem_fault(p, "after", "invalid_parameter",
		              "\"%s\" is not allowed; what is: a number, or newest", text);
		return ERR_USAGE;
	}
	*ret = number <= newest ? number : 0;
	return 0;
}

void api_events(struct api_call *call)
{
	uint64_t newest = event_newest(call->admin->host), after;
	int64_t wait_ms = call->query[EVENTS_WAIT].number * 1000;
	struct problem p = {0};

	if (read_after(call, newest, &after, &p) < 0)
		problem_reply(call->request, &p);
	else if (wait_ms > 0)
		wait_for(call, after, wait_ms);
	else
		answer_events(call->admin->host, call->request, &call->asker.who, after);
}
