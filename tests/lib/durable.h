/*
 * A host with a store in a temporary folder, under the fake clock, that sends through the plugin
 * "actor" (tests/plugins/actor.c): for tests of durable sending.
 *
 * The host is a manual one unless asked otherwise: nothing happens but in durable_settle() and
 * durable_advance(), so that a test decides what meets what.  The store's writer is a real thread;
 * durable_settle() waits for it, by an operation of its own, until neither has anything to do.
 */
#pragma once

#include <sys/wait.h>

#include "../plugins/actor.h"
#include "base/clock.h"
#include "core/event.h"
#include "core/host.h"
#include "core/monitor.h"
#include "core/outbox.h"
#include "hosting.h"
#include "store/sqlite.h"

#define DURABLE_START_MS 1700000000000ll

static struct durable {
	struct store *store;
	struct actor_book *book;
	struct host_options options; /* as it was started */
	bool moves;                  /* time, while somebody waits */
} durable;

static inline struct actor_book *durable_find_book(void)
{
	for (size_t i = 0; i < hosting.plugins.count; i++) {
		const struct lk_plugin *p = &hosting.plugins.items[i]->plugin;
		if (strcmp(p->id, "actor") == 0)
			return (struct actor_book *)(uintptr_t)p->extension(ACTOR_BOOK);
	}
	return NULL;
}

/*
 * Turns
 */

/* Until the store has answered all that was posted before. */
static inline void durable_barrier(void)
{
	struct store_alter op = {.op.kind = STORE_ALTER, .verb = STORE_CANCEL};

	ck_assert_int_eq(store_post_wait(durable.store, &op.op), ERR_NOT_FOUND);
}

/* Until there is nothing left to do at this moment. */
static inline void durable_settle(void)
{
	do {
		while (host_turn(hosting.host))
			continue;
		durable_barrier();
		durable_barrier(); /* what the answers to the first have posted */
	} while (host_turn(hosting.host));
}

/* Somebody waits, and nothing can be done at this moment; time moves only where a test waits for the end
 * of what is in flight. */
static inline void durable_idle(void *arg)
{
	(void)arg;
	durable_barrier();
	if (!host_turn(hosting.host) && durable.moves)
		clock_fake_advance(100);
}

/* A new folder without connections. */
static inline void durable_begin(void)
{
	static const char *const plugins[] = {"actor", NULL};

	durable = (struct durable){.options = {.manual = true, .lanes = 1, .idle = durable_idle}};
	clock_fake_set(1000000, DURABLE_START_MS);
	hosting_begin(plugins, "");
	folder_write("state/here", "");
	durable.book = durable_find_book();
	ck_assert_ptr_nonnull(durable.book);
	durable.book->submitted = durable.book->in_flight = durable.book->most = 0;
}

static inline void durable_open_store(void)
{
	static char folder[768];
	struct err e = {0};

	snprintf(folder, sizeof(folder), "%s", folder_path("state"));
	const struct sqlite_options options = {.folder = folder, .clock = &clock_fake};
	ck_assert_msg(sqlite_store_open(&options, &durable.store, &e) == 0, "%s", e.text);
}

/* Starts the host over what is in the folder.  Links are opened by hosting_open(). */
static inline void durable_start(void)
{
	static char flight[768];

	durable_open_store();
	snprintf(flight, sizeof(flight), "%s", folder_path("state/flight"));
	durable.options.store = durable.store;
	durable.options.clock = &clock_fake;
	durable.options.flight_file = flight;
	hosting_start(durable.options);
}

static inline void durable_stop(void)
{
	durable.moves = true;
	host_destroy(hosting.host);
	durable.moves = false;
	hosting.host = NULL;
	conf_finish(&hosting.conf);
	report_finish(&hosting.report);
	store_close(durable.store);
	durable.store = NULL;
}

static inline void durable_restart(void)
{
	durable_stop();
	report_init(&hosting.report);
	durable_start();
}

static inline void durable_end(void)
{
	if (hosting.host)
		durable_stop();
	plugins_finish(&hosting.plugins);
	folder_destroy();
}

/* One connection, opened; `settings` as in a definition. */
static inline void durable_begin_with(const char *settings)
{
	durable_begin();
	hosting_define("Hook", "actor", settings);
	durable_start();
	hosting_open("Hook");
}

/* Replaces its definition and deploys that. */
static inline void durable_replace(const char *name, const char *settings)
{
	struct err e = {0};

	hosting_define(name, "actor", settings);
	conf_finish(&hosting.conf);
	conf_load(&hosting.conf, folder_path("linkspan.conf"), &hosting.report);
	ck_assert_msg(host_replace(hosting.host, hosting_deployment(name), &e) == 0, "%s", e.text);
}

/*
 * Time
 */

/* Moves time from one timer to the next. */
static inline void durable_advance(int64_t ms)
{
	int64_t end_ms = clock_fake.mono_ms() + ms;

	durable_settle();
	for (int64_t now_ms; (now_ms = clock_fake.mono_ms()) < end_ms; durable_settle()) {
		int64_t next_ms = host_next_ms(hosting.host);
		clock_fake_advance(next_ms > now_ms && next_ms < end_ms ? next_ms - now_ms
		                                                        : end_ms - now_ms);
	}
}

/*
 * Accepting
 */

enum { DURABLE_BATCH = 16 };

struct durable_batch {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	unsigned answered; /* how often */
	size_t count;
	struct outbox_answer answers[DURABLE_BATCH];
};

static inline void durable_answered(void *arg, const struct outbox_answer *answers, size_t count)
{
	struct durable_batch *b = arg;

	pthread_mutex_lock(&b->lock);
	ck_assert_uint_le(count, DURABLE_BATCH);
	memcpy(b->answers, answers, count * sizeof(*answers));
	b->count = count;
	b->answered++;
	pthread_cond_broadcast(&b->wake);
	pthread_mutex_unlock(&b->lock);
}

/* Posts and waits for the answers; no lane is turned meanwhile. */
static inline void durable_accept_all(const struct outbox_call *calls, size_t count,
                                      struct outbox_answer *ret)
{
	struct durable_batch b = {.lock = PTHREAD_MUTEX_INITIALIZER,
	                          .wake = PTHREAD_COND_INITIALIZER};

	outbox_accept(hosting.host, calls, count, durable_answered, &b);
	pthread_mutex_lock(&b.lock);
	while (!b.answered)
		pthread_cond_wait(&b.wake, &b.lock);
	pthread_mutex_unlock(&b.lock);
	ck_assert_uint_eq(b.count, count);
	memcpy(ret, b.answers, count * sizeof(*ret));
}

static inline struct outbox_call durable_call(const char *name, const char *body)
{
	const struct message_parts parts = {
		.body = body, .body_bytes = strlen(body), .unix_ms = clock_fake.unix_ms()};
	struct outbox_call call = {.connection = name, .environment = "Test"};

	ck_assert_int_eq(message_create(&parts, &call.message, NULL), 0);
	return call;
}

static inline struct outbox_answer durable_try(const char *name, const char *body,
                                               const char *ordering_key,
                                               const char *idempotency_key)
{
	struct outbox_call call = durable_call(name, body);
	struct outbox_answer answer;

	call.ordering_key = ordering_key;
	call.idempotency_key = idempotency_key;
	durable_accept_all(&call, 1, &answer);
	message_unref(call.message);
	return answer;
}

/* The id of a message that is accepted; good until the 64th call from now. */
static inline const char *durable_accept_keyed(const char *name, const char *body, const char *key)
{
	static char ids[64][MESSAGE_ID_BYTES];
	static unsigned turn;
	char *id = ids[turn++ % 64];
	struct outbox_answer answer = durable_try(name, body, key, NULL);

	ck_assert_msg(answer.rc == 0, "%s", answer.reason ? answer.reason : "");
	snprintf(id, MESSAGE_ID_BYTES, "%s", answer.id);
	return id;
}

static inline const char *durable_accept(const char *name, const char *body)
{
	return durable_accept_keyed(name, body, NULL);
}

/*
 * Looking
 */

/* A delivery as an operator sees it. */
struct durable_row {
	enum store_state state;
	int64_t due_ms, since_ms;
	uint32_t attempts, replay, suspect, status;
	char reason[32];
	unsigned log; /* rows of attempts */
	char log_outcome[16];
};

static inline void durable_see(void *arg, const struct store_delivery *d)
{
	struct durable_row *row = arg;

	row->state = d->state;
	row->due_ms = d->due_ms;
	row->since_ms = d->since_ms;
	row->attempts = d->attempts;
	row->replay = d->replay;
	row->suspect = d->suspect;
	row->status = d->status;
	snprintf(row->reason, sizeof(row->reason), "%s", d->reason ? d->reason : "");
}

static inline void durable_see_attempt(void *arg, const struct store_attempt *a)
{
	struct durable_row *row = arg;

	row->log++;
	snprintf(row->log_outcome, sizeof(row->log_outcome), "%s", a->outcome);
}

static inline struct durable_row durable_row(const char *id)
{
	struct durable_row row = {0};
	struct err e = {0};
	uint64_t seq, salt;

	ck_assert_int_eq(message_id_parse(id, &seq, &salt), 0);
	ck_assert_msg(store_get(durable.store, seq, durable_see, durable_see_attempt, &row, &e) ==
	                      0,
	              "%s", e.text);
	return row;
}

static inline enum store_state durable_state(const char *id)
{
	return durable_row(id).state;
}

#define durable_expect(id, wanted)                                                                 \
	ck_assert_str_eq(store_state_name(durable_state(id)), store_state_name(wanted))

static inline void durable_keep_link(void *arg, const struct monitor_link *link)
{
	*(struct monitor_link *)arg = *link;
}

static inline struct monitor_link durable_link(const char *name)
{
	struct monitor_link link = {.state = "absent"};

	ck_assert_int_eq(
		monitor_links(hosting.host, NULL, name, "Test", durable_keep_link, &link, NULL), 0);
	return link;
}

/* How often that has happened, to the connection (NULL: any); *ret, when not NULL, is the last. */
static inline unsigned durable_events(enum event_kind kind, const char *name, struct event *ret)
{
	static struct event events[256];
	uint64_t after = 0, lost;
	unsigned found = 0;

	for (size_t count; (count = event_read(hosting.host, after, events, 256, &lost)) > 0;) {
		ck_assert_uint_eq(lost, 0);
		for (size_t i = 0; i < count; i++) {
			if (events[i].kind != kind ||
			    (name && strcmp(events[i].connection, name) != 0))
				continue;
			found++;
			if (ret)
				*ret = events[i];
		}
		after = events[count - 1].number;
	}
	return found;
}

/* What the peer was given, as "body body …". */
static inline const char *durable_seen(void)
{
	static char text[4096];
	size_t at = 0;

	text[0] = '\0';
	pthread_mutex_lock(&durable.book->lock);
	for (unsigned i = 0; i < durable.book->submitted && at < sizeof(text) - 64; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s", i ? " " : "",
		                       durable.book->rows[i].body);
	pthread_mutex_unlock(&durable.book->lock);
	return text;
}

static inline unsigned durable_submitted(void)
{
	pthread_mutex_lock(&durable.book->lock);
	unsigned submitted = durable.book->submitted;
	pthread_mutex_unlock(&durable.book->lock);
	return submitted;
}

/* Does that in a process of its own, which then dies as by kill -9. */
static inline void durable_die_after(void (*deed)(void))
{
	pid_t child = fork();
	int status;

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		deed();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the process failed: %x",
	              (unsigned)status);
}
