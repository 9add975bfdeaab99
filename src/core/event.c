/* Events: the ring, those who follow it, and alerts. */
#include "core/event.h"

#include <linkspan/connector.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <strings.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/event_impl.h"
#include "core/host_impl.h"
#include "core/message.h"
#include "core/outbox.h"
#include "core/queue.h"
#include "json/json.h"

enum { KEPT = 2048, FOLLOWED_MS = 60 * 1000 };

/* What becomes of a kind of event. */
static const struct event_row {
	const char *name;
	enum log_level level;
	bool is_frequent; /* one for each message: kept only while somebody follows */
	bool alerts;      /* calls for a person */
} rows[EVENT_KINDS] = {
	[EVENT_DELIVERED] = {"delivered", LOG_LEVEL_DEBUG, true, false},
	[EVENT_FAILED] = {"failed", LOG_LEVEL_DEBUG, false, false},
	[EVENT_DEAD] = {"dead", LOG_LEVEL_WARNING, false, true},
	[EVENT_CANCELLED] = {"cancelled", LOG_LEVEL_INFO, false, false},
	[EVENT_LINK_BLOCKED] = {"link_blocked", LOG_LEVEL_WARNING, false, true},
	[EVENT_LINK_UNBLOCKED] = {"link_unblocked", LOG_LEVEL_INFO, false, true},
	[EVENT_LINK_PAUSED] = {"link_paused", LOG_LEVEL_INFO, false, true},
	[EVENT_LINK_RESUMED] = {"link_resumed", LOG_LEVEL_INFO, false, true},
	[EVENT_BREAKER_OPENED] = {"breaker_opened", LOG_LEVEL_WARNING, false, true},
	[EVENT_BREAKER_CLOSED] = {"breaker_closed", LOG_LEVEL_INFO, false, true},
	[EVENT_DEPLOYED] = {"deployed", LOG_LEVEL_DEBUG, false, false},
	[EVENT_UNDEPLOYED] = {"undeployed", LOG_LEVEL_DEBUG, false, false},
	[EVENT_RELOADED] = {"reloaded", LOG_LEVEL_INFO, false, false},
	[EVENT_RELOAD_FAILED] = {"reload_failed", LOG_LEVEL_ERROR, false, false},
	[EVENT_DISK_FULL] = {"disk_full", LOG_LEVEL_ERROR, false, false},
	[EVENT_DISK_FREE] = {"disk_free", LOG_LEVEL_INFO, false, false},
	[EVENT_CERTIFICATE_EXPIRES] = {"certificate_expires", LOG_LEVEL_WARNING, false, true},
	[EVENT_TEST_FAILED] = {"test_failed", LOG_LEVEL_WARNING, false, true},
	[EVENT_TEST_OK] = {"test_ok", LOG_LEVEL_INFO, false, true},
};

/* Those outside know a watch by its number alone: when it has been told its memory may be another
 * one's. */
struct follower {
	struct list node;
	uint64_t number;
	uint64_t after;
	void (*more)(void *arg);
	void *arg;
};

struct events {
	struct host *host;
	pthread_mutex_t lock;
	struct event ring[KEPT];
	uint64_t newest;
	struct list watches; /* struct follower.node */
	uint64_t watches_made;
	_Atomic int64_t followed_ms; /* when somebody asked last */
};

static struct event_watch *handle_of(const struct follower *f)
{
	// NOLINTNEXTLINE(performance-no-int-to-ptr): opaque by contract
	return (struct event_watch *)(uintptr_t)f->number;
}

const char *event_name(enum event_kind kind)
{
	return rows[kind].name;
}

struct events *events_create(struct host *host)
{
	struct events *events = mem_zalloc(sizeof(*events));

	if (!events)
		return NULL;
	pthread_mutex_init(&events->lock, NULL);
	list_init(&events->watches);
	events->host = host;
	atomic_init(&events->followed_ms, -FOLLOWED_MS);
	return events;
}

void events_destroy(struct events *events)
{
	if (!events)
		return;
	list_each(node, &events->watches)
		mem_free(container_of(node, struct follower, node));
	pthread_mutex_destroy(&events->lock);
	mem_free(events);
}

static bool is_followed(const struct events *events)
{
	return events->host->clock->mono_ms() - atomic_load(&events->followed_ms) < FOLLOWED_MS;
}

static void put(struct events *events, struct event *event)
{
	pthread_mutex_lock(&events->lock);
	event->number = ++events->newest;
	events->ring[event->number % KEPT] = *event;
	/* Under the lock, so that a watch which is taken back is never called afterwards. */
	list_each(node, &events->watches) {
		struct follower *follower = container_of(node, struct follower, node);
		if (event->number <= follower->after)
			continue;
		list_remove(node);
		follower->more(follower->arg);
		mem_free(follower);
	}
	pthread_mutex_unlock(&events->lock);
}

static void copy(char *to, size_t bytes, const char *from)
{
	snprintf(to, bytes, "%s", from ? from : "");
}

static void fill(struct event *event, const struct queue *q, enum event_kind kind)
{
	*event = (struct event){.kind = kind, .at_ms = q->host->clock->unix_ms()};
	copy(event->project, sizeof(event->project), q->project);
	copy(event->connection, sizeof(event->connection), q->connection);
	copy(event->environment, sizeof(event->environment), q->environment);
}

/*
 * Alerts: an event as a message of its own, through another connection
 */

static void alert_answered(void *arg, const struct outbox_answer *answers, size_t count)
{
	(void)count;
	if (answers[0].rc < 0)
		log_event(LOG_LEVEL_WARNING, "an alert was not accepted", "reason",
		          answers[0].reason, NULL);
	host_let_go(arg);
}

static int write_alert(const struct event *event, struct buf *text)
{
	struct json *v = json_object();
	char at[CLOCK_TEXT_BYTES];
	const struct {
		const char *key, *value;
	} members[] = {
		{"event", rows[event->kind].name}, {"project", event->project},
		{"connection", event->connection}, {"environment", event->environment},
		{"delivery", event->delivery},     {"reason", event->reason},
		{"detail", event->detail},         {"at", at},
	};

	clock_format(event->at_ms, at);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (members[i].value[0])
			json_set(v, members[i].key, json_string(members[i].value));
	int rc = json_write(v, 0, text);
	json_free(v);
	return rc;
}

/* Marks the messages that are made here; it is stored with them, and no connector sends it. */
static const char *const mark[] = {"alert", "1"};

bool event_is_alert(const struct message *message)
{
	const struct message_parts *p = message_get(message);

	for (size_t i = 0; i < p->attr_count; i++)
		if (strcmp(p->attrs[2 * i], mark[0]) == 0)
			return true;
	return false;
}

/* A connection whose own events would go through itself stays silent. */
static void alert(struct queue *q, const struct event *event)
{
	char name[sizeof(event->connection)];
	struct message *message = NULL;
	struct buf text;

	if (!q->host->store || !queue_alert_connection(q, name, sizeof(name)) ||
	    strcasecmp(name, q->connection) == 0)
		return;
	buf_init(&text, BUF_MAX_LINE);
	int rc = write_alert(event, &text);
	const struct message_parts parts = {
		.body = buf_str(&text),
		.body_bytes = text.len_bytes,
		.content_type = "application/json",
		.attrs = mark,
		.attr_count = 1,
		.unix_ms = event->at_ms,
		.traced = true,
	};
	if (rc == 0)
		rc = message_create(&parts, &message, NULL);
	if (rc == 0) {
		const struct outbox_call call = {
			.project = q->project,
			.connection = name,
			.environment = q->environment,
			.message = message,
		};
		host_hold(q->host);
		outbox_accept(q->host, &call, 1, alert_answered, q->host);
	}
	message_unref(message);
	buf_finish(&text);
}

/*
 * Saying
 */

void event_of_delivery(struct queue *q, enum event_kind kind, const struct event_delivery *what)
{
	struct events *events = q->host->events;
	struct event event;

	if (rows[kind].is_frequent && !is_followed(events))
		return;
	fill(&event, q, kind);
	copy(event.delivery, sizeof(event.delivery), what->id);
	event.attempt = what->attempt;
	event.status = what->status;
	event.next_ms = what->next_ms;
	copy(event.reason, sizeof(event.reason), what->reason);
	copy(event.detail, sizeof(event.detail), what->detail);
	put(events, &event);
	if (rows[kind].alerts && !what->is_alert)
		alert(q, &event);
}

/* [lane] Whether somebody is to be told that this happened to a link.  Not of what its alerts do, or two
 * that tell each other would go on for ever; of an outage once, and of its end when they know of it. */
static bool is_news(struct queue *q, enum event_kind kind)
{
	static const struct {
		size_t told; /* a member of struct queue; 0: none */
		bool begins;
	} episodes[EVENT_KINDS] = {
		[EVENT_BREAKER_OPENED] = {offsetof(struct queue, told_breaker), true},
		[EVENT_BREAKER_CLOSED] = {offsetof(struct queue, told_breaker), false},
		[EVENT_LINK_BLOCKED] = {offsetof(struct queue, told_block), true},
		[EVENT_LINK_UNBLOCKED] = {offsetof(struct queue, told_block), false},
		[EVENT_DEAD] = {offsetof(struct queue, told_expired), true},
	};
	bool *told = episodes[kind].told ? (bool *)((char *)q + episodes[kind].told) : NULL;
	bool begins = episodes[kind].begins;
	bool news = told && !begins ? *told : !q->is_quiet && !(told && *told);

	if (told)
		*told = begins && (news || *told);
	return news;
}

void event_of_link(struct queue *q, enum event_kind kind, const char *reason, const char *detail)
{
	struct event event;

	if (q->is_probe)
		return;
	fill(&event, q, kind);
	copy(event.reason, sizeof(event.reason), reason);
	copy(event.detail, sizeof(event.detail), detail);
	log_event(rows[kind].level, rows[kind].name, "connection", q->connection, "environment",
	          q->environment, "project", q->project, "reason", reason, "detail", detail, NULL);
	put(q->host->events, &event);
	if (rows[kind].alerts && is_news(q, kind))
		alert(q, &event);
}

void event_emit(struct host *host, enum event_kind kind, const char *detail)
{
	struct event event = {.kind = kind, .at_ms = host->clock->unix_ms()};

	copy(event.detail, sizeof(event.detail), detail);
	log_event(rows[kind].level, rows[kind].name, "detail", detail, NULL);
	put(host->events, &event);
}

/*
 * Following
 */

uint64_t event_newest(struct host *host)
{
	struct events *events = host->events;

	atomic_store(&events->followed_ms, host->clock->mono_ms());
	pthread_mutex_lock(&events->lock);
	uint64_t newest = events->newest;
	pthread_mutex_unlock(&events->lock);
	return newest;
}

size_t event_read(struct host *host, uint64_t after, struct event *ret, size_t most,
                  uint64_t *ret_lost)
{
	struct events *events = host->events;
	size_t count = 0;

	atomic_store(&events->followed_ms, host->clock->mono_ms());
	pthread_mutex_lock(&events->lock);
	uint64_t oldest = events->newest > KEPT ? events->newest - KEPT + 1 : 1;
	uint64_t next = after + 1 < oldest ? oldest : after + 1;
	*ret_lost = next - (after + 1);
	for (; next <= events->newest && count < most; next++)
		ret[count++] = events->ring[next % KEPT];
	pthread_mutex_unlock(&events->lock);
	return count;
}

int event_watch(struct host *host, uint64_t after, void (*more)(void *arg), void *arg,
                struct event_watch **ret, struct err *e)
{
	struct events *events = host->events;
	struct follower *follower = mem_zalloc(sizeof(*follower));

	if (!follower)
		return err_no_memory(e);
	follower->after = after;
	follower->more = more;
	follower->arg = arg;
	atomic_store(&events->followed_ms, host->clock->mono_ms());
	pthread_mutex_lock(&events->lock);
	follower->number = ++events->watches_made;
	*ret = handle_of(follower);
	if (events->newest > after) {
		more(arg);
		mem_free(follower);
	} else {
		list_append(&events->watches, &follower->node);
	}
	pthread_mutex_unlock(&events->lock);
	return 0;
}

int event_unwatch(struct host *host, struct event_watch *watch)
{
	struct events *events = host->events;
	int found = 0;

	pthread_mutex_lock(&events->lock);
	list_each(node, &events->watches) {
		struct follower *follower = container_of(node, struct follower, node);
		if (handle_of(follower) != watch)
			continue;
		list_remove(node);
		mem_free(follower);
		found = 1;
	}
	pthread_mutex_unlock(&events->lock);
	return found;
}
