/* Those who follow the events: what each is told, and the thread that wakes them. */
#include "admin/followers.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "admin/admin_impl.h"
#include "admin/events.h"
#include "base/banned.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/thread.h"
#include "core/monitor.h"
#include "httpd/request.h"
#include "httpd/stream.h"
#include "json/json.h"

enum {
	KEEP_ALIVE_MS = 20 * 1000,
	STALL_MS = 60 * 1000,
	/* Between two rounds of waking: many events at once are one round. */
	ROUND_MS = 10,
	RETRY_MS = 1000, /* without memory for a watch */
	EVENTS_AT_ONCE = 8,
	TEXT_ENOUGH_BYTES = 16 * 1024,
	TEXT_MAX_BYTES = 256 * 1024,
};

struct follower {
	struct list node;
	struct followers *all;
	struct http_stream *stream;
	struct asker asker;
	char cookie[SESSION_SECRET_LENGTH + 1]; /* "": there is no session */
	struct arena arena;                     /* of the filter's texts */
	struct event_filter filter;
	uint64_t after;
	struct buf text; /* not yet taken: what is behind `taken` */
	size_t taken;
	atomic_bool keep_alive; /* a comment is due */
};

/*
 * What a follower is told
 */

static void write_event(struct follower *f, const struct event *event)
{
	char id[EVENTS_ID_BYTES];
	struct json *data = events_json(event);

	events_id_write(f->all->started_ms, event->number, id);
	buf_printf(&f->text, "id: %s\nevent: %s\ndata: ", id, event_name(event->kind));
	json_write(data, 0, &f->text);
	buf_add_str(&f->text, "\n\n");
	json_free(data);
}

static void write_lost(struct follower *f, uint64_t lost)
{
	if (lost > 0)
		buf_printf(&f->text, "event: lost\ndata: {\"lost\":%llu}\n\n",
		           (unsigned long long)lost);
}

static void write_events(struct follower *f)
{
	struct event events[EVENTS_AT_ONCE];
	uint64_t lost;
	size_t count;

	do {
		count = event_read(f->all->host, f->after, events, EVENTS_AT_ONCE, &lost);
		write_lost(f, lost);
		for (size_t i = 0; i < count; i++) {
			f->after = events[i].number;
			if (events_fit(&f->filter, &events[i]) &&
			    events_permit(&f->asker.who, &events[i]))
				write_event(f, &events[i]);
		}
	} while (count > 0 && f->text.len_bytes < TEXT_ENOUGH_BYTES);
}

static size_t take(struct follower *f, char *to, size_t bytes)
{
	size_t left = f->text.len_bytes - f->taken;
	size_t count = left < bytes ? left : bytes;

	if (count > 0)
		memcpy(to, buf_str(&f->text) + f->taken, count);
	f->taken += count;
	if (f->taken < f->text.len_bytes)
		return count;
	/* One that idles keeps no memory for what it was told. */
	f->taken = 0;
	buf_finish(&f->text);
	buf_init(&f->text, TEXT_MAX_BYTES);
	return count;
}

/* A token may have been revoked since, a session have ended; both run out. */
static bool is_good(const struct follower *f)
{
	struct admin *admin = f->all->admin;

	if (!f->asker.token)
		return true;
	struct token *token = tokens_find_id(admin->tokens, f->asker.token->id);
	token_release(token);
	return token &&
	       (!f->cookie[0] || sessions_has(&admin->sessions, f->cookie, clock_system.mono_ms()));
}

static ssize_t on_read(void *arg, char *to, size_t bytes)
{
	struct follower *f = arg;

	if (!is_good(f))
		return -1;
	if (f->text.len_bytes == 0)
		write_events(f);
	if (atomic_exchange(&f->keep_alive, false) && f->text.len_bytes == 0)
		buf_add_str(&f->text, ":\n\n");
	/* It comes back with the id of the last event that it has seen. */
	if (buf_failed(&f->text))
		return -1;
	return (ssize_t)take(f, to, bytes);
}

/*
 * Coming and going
 */

static void destroy(struct follower *f)
{
	if (!f)
		return;
	asker_release(&f->asker);
	mem_wipe(f->cookie, sizeof(f->cookie));
	buf_finish(&f->text);
	arena_finish(&f->arena);
	mem_free(f);
}

static void on_done(void *arg)
{
	struct follower *f = arg;
	struct followers *all = f->all;

	pthread_mutex_lock(&all->lock);
	list_remove(&f->node);
	all->count--;
	pthread_mutex_unlock(&all->lock);
	destroy(f);
}

static int copy_text(struct arena *a, const char *from, const char **ret)
{
	*ret = arena_strdup(a, from);
	return from && !*ret ? ERR_NO_MEMORY : 0;
}

static int copy_filter(struct follower *f, const struct event_filter *filter)
{
	f->filter = *filter;
	int rc = copy_text(&f->arena, filter->project, &f->filter.project);
	if (rc == 0)
		rc = copy_text(&f->arena, filter->connection, &f->filter.connection);
	if (rc == 0)
		rc = copy_text(&f->arena, filter->environment, &f->filter.environment);
	return rc;
}

static struct follower *create(struct followers *all, const struct api_call *call,
                               const struct event_filter *filter, uint64_t after)
{
	struct follower *f = mem_zalloc(sizeof(*f));

	if (!f)
		return NULL;
	f->all = all;
	f->after = after;
	f->asker = call->asker;
	asker_hold(&f->asker);
	if (f->asker.who.kind == WHO_SESSION)
		identify_cookie(call->request, f->cookie);
	arena_init(&f->arena);
	list_init(&f->node);
	buf_init(&f->text, TEXT_MAX_BYTES);
	/* The header section leaves with the first bytes; and where it began, for one that has seen no
	 * event yet when it comes back. */
	buf_printf(&f->text, "retry: 2000\nid: %lld-%llu\n\n", (long long)all->started_ms,
	           (unsigned long long)after);
	if (copy_filter(f, filter) == 0 && !buf_failed(&f->text))
		return f;
	destroy(f);
	return NULL;
}

static bool take_place(struct followers *all)
{
	pthread_mutex_lock(&all->lock);
	bool free = all->count < FOLLOWERS_MAX;
	all->count += free;
	pthread_mutex_unlock(&all->lock);
	return free;
}

static void give_place(struct followers *all)
{
	pthread_mutex_lock(&all->lock);
	all->count--;
	pthread_mutex_unlock(&all->lock);
}

int followers_add(struct followers *all, const struct api_call *call,
                  const struct event_filter *filter, uint64_t after, struct err *e)
{
	if (!take_place(all))
		return err_set(e, ERR_BUSY, "%d follow the events already", FOLLOWERS_MAX);
	struct follower *f = create(all, call, filter, after);
	const struct http_stream_reply reply = {
		.content_type = "text/event-stream",
		.stall_ms = STALL_MS,
		.read = on_read,
		.done = on_done,
		.arg = f,
	};
	if (!f || http_reply_stream(call->request, &reply, &f->stream) < 0) {
		give_place(all);
		destroy(f);
		return err_no_memory(e);
	}
	pthread_mutex_lock(&all->lock);
	/* The thread sleeps while there is nobody, or has not even begun. */
	if (list_empty(&all->items))
		all->tick_ms = clock_system.mono_ms() + KEEP_ALIVE_MS;
	list_append(&all->items, &f->node);
	pthread_cond_signal(&all->wake);
	pthread_mutex_unlock(&all->lock);
	return 0;
}

/*
 * The thread
 */

static void on_more(void *arg)
{
	struct followers *all = arg;

	pthread_mutex_lock(&all->lock);
	all->rung = true;
	pthread_cond_signal(&all->wake);
	pthread_mutex_unlock(&all->lock);
}

static void wait_until(struct followers *all, int64_t mono_ms)
{
	const struct timespec at = {
		.tv_sec = (time_t)(mono_ms / 1000),
		.tv_nsec = (long)(mono_ms % 1000) * 1000000,
	};

	if (list_empty(&all->items))
		pthread_cond_wait(&all->wake, &all->lock);
	else
		pthread_cond_timedwait(&all->wake, &all->lock, &at);
}

/* With the lock held. */
static void wake_all(struct followers *all, bool keep_alive)
{
	list_each(node, &all->items) {
		struct follower *f = container_of(node, struct follower, node);
		if (keep_alive)
			atomic_store(&f->keep_alive, true);
		http_stream_wake(f->stream);
	}
}

/* Wakes all for what there is up to a number, and has what comes behind it rung for.  With the lock held,
 * which is let go meanwhile.  When the next round may be. */
static int64_t round_of_waking(struct followers *all)
{
	struct event_watch *watch = NULL;

	all->rung = false;
	pthread_mutex_unlock(&all->lock);
	uint64_t newest = event_newest(all->host);
	pthread_mutex_lock(&all->lock);
	wake_all(all, false);
	pthread_mutex_unlock(&all->lock);
	int rc = event_watch(all->host, newest, on_more, all, &watch, NULL);
	pthread_mutex_lock(&all->lock);
	all->watch = watch;
	return clock_system.mono_ms() + (rc < 0 ? RETRY_MS : ROUND_MS);
}

static void *run(void *arg)
{
	struct followers *all = arg;
	int64_t round_ms = 0;

	pthread_mutex_lock(&all->lock);
	while (!all->stopping) {
		int64_t now_ms = clock_system.mono_ms();
		bool wants_round = all->rung || !all->watch;

		if (list_empty(&all->items)) {
			wait_until(all, INT64_MAX);
		} else if (wants_round && now_ms >= round_ms) {
			round_ms = round_of_waking(all);
		} else if (now_ms >= all->tick_ms) {
			wake_all(all, true);
			all->tick_ms = now_ms + KEEP_ALIVE_MS;
		} else {
			wait_until(all, wants_round && round_ms < all->tick_ms ? round_ms
			                                                       : all->tick_ms);
		}
	}
	pthread_mutex_unlock(&all->lock);
	return NULL;
}

int followers_start(struct followers *all, struct admin *admin, struct err *e)
{
	pthread_condattr_t monotonic;
	struct monitor_host m;

	monitor_host(admin->host, &m);
	*all = (struct followers){
		.admin = admin,
		.host = admin->host,
		.started_ms = m.started_ms,
	};
	list_init(&all->items);
	pthread_mutex_init(&all->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&all->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	int rc = thread_start(&all->thread, "followers", run, all, e);
	if (rc < 0) {
		pthread_cond_destroy(&all->wake);
		pthread_mutex_destroy(&all->lock);
	}
	return rc;
}

void followers_stop(struct followers *all)
{
	pthread_mutex_lock(&all->lock);
	all->stopping = true;
	pthread_cond_signal(&all->wake);
	pthread_mutex_unlock(&all->lock);
	pthread_join(all->thread, NULL);
	if (all->watch && !all->rung)
		event_unwatch(all->host, all->watch);
	pthread_cond_destroy(&all->wake);
	pthread_mutex_destroy(&all->lock);
}
