/* What has happened: events behind a number, waiting for the next one where there is none; or as a stream. */
#include <string.h>

#include "admin/admin_impl.h"
#include "admin/api.h"
#include "admin/events.h"
#include "admin/problem.h"
#include "admin/reply.h"
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
	[EVENTS_PROJECT] = {.name = "project",
                            .kind = QUERY_TEXT,
                            .min = 1,
                            .max = 64,
                            .help = "Only those of this project."},
	[EVENTS_CONNECTION] = {.name = "connection",
                               .kind = QUERY_TEXT,
                               .min = 1,
                               .max = 100,
                               .help = "Only those of connections of this name."},
	[EVENTS_ENVIRONMENT] = {.name = "environment",
                                .kind = QUERY_TEXT,
                                .min = 1,
                                .max = 64,
                                .help = "Only those in this environment."},
	[EVENTS_KIND] = {.name = "kind",
                         .kind = QUERY_CHOICES,
                         .choices = events_kinds,
                         .help = "Only those of one of these kinds."},
};

static void answer_events(struct host *host, struct http_request *request, const struct who *who,
                          const struct event_filter *filter, uint64_t after)
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
		if (events_fit(filter, &events[i]) && events_permit(who, &events[i]))
			json_push(list, events_json(&events[i]));
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
	struct event_filter filter; /* its texts are the request's */
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

	answer_events(w->admin->host, w->request, &w->asker.who, &w->filter, w->after);
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
	w->filter = events_filter(call);
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

/*
 * As a stream
 */

/* Whether the reader asks for server-sent events (RFC 9110, 12.5.1). */
static bool wants_stream(const struct http_request *request)
{
	const char *accept = http_request_header(request, "Accept");

	return accept && strcasestr(accept, "text/event-stream");
}

/* Where a reader that comes back was; otherwise it begins now. */
static int stream_after(const struct api_call *call, uint64_t newest, uint64_t *ret,
                        struct problem *p)
{
	const char *last = http_request_header(call->request, "Last-Event-ID");

	if (!last || !*last)
		return events_after(call, newest, ret, p);
	if (events_id_read(last, call->admin->followers.started_ms, ret) == 0)
		return 0;
	problem_fault(p, "Last-Event-ID", "invalid_parameter",
	              "\"%.40s\" is not the id of an event of this stream", last);
	return ERR_USAGE;
}

static void refuse_stream(struct api_call *call, const struct err *e)
{
	struct problem p = {.header = "Retry-After", .header_value = "10"};

	problem_set(&p, 503, e->code == ERR_BUSY ? "too_many_streams" : "no_memory", "%s", e->text);
	problem_reply(call->request, &p);
}

static void stream(struct api_call *call, uint64_t newest)
{
	const struct event_filter filter = events_filter(call);
	struct problem p = {0};
	struct err e = {0};
	uint64_t after;

	if (call->query[EVENTS_WAIT].given) {
		problem_fault(&p, "wait", "invalid_parameter", "a stream does not end by itself");
		problem_reply(call->request, &p);
	} else if (stream_after(call, newest, &after, &p) < 0) {
		problem_reply(call->request, &p);
	} else if (followers_add(&call->admin->followers, call, &filter, after, &e) < 0) {
		refuse_stream(call, &e);
	}
}

void api_events(struct api_call *call)
{
	uint64_t newest = event_newest(call->admin->host), after;
	int64_t wait_ms = call->query[EVENTS_WAIT].number * 1000;
	const struct event_filter filter = events_filter(call);
	struct problem p = {0};

	if (wants_stream(call->request))
		stream(call, newest);
	else if (events_after(call, 0, &after, &p) < 0)
		problem_reply(call->request, &p);
	else if (wait_ms > 0)
		wait_for(call, after, wait_ms);
	else
		answer_events(call->admin->host, call->request, &call->asker.who, &filter, after);
}
