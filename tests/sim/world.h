/*
 * A world: links with their receivers, a disk, people who send and operate, and one host after the
 * other, which lives in a process of its own until it is stopped or dies.  Everything is driven by one
 * seed and a clock that jumps from one event to the next.
 *
 * A test makes the world (world_begin), its links, and the events that are to happen (world_at), then
 * world_run() lets time pass to the end.  Events and checks run in the process of the host that lives
 * at that moment; what they remember is in the memory of the universe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "endpoint.h"
#include "invariants.h"
#include "memory_store.h"
#include "tale.h"
#include "universe.h"

struct host;
struct outbox_answer;

enum { WORLD_LINKS = 128, WORLD_VARIANTS = 2, WORLD_FLIGHTS = 8192 };

#define SECOND_MS ((int64_t)1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS   (60 * MINUTE_MS)

/* What is deployed.  0: the default of the row. */
struct link_settings {
	unsigned pool_size, rate_per_s, burst, retry_delay_s, retry_max_attempts, retry_max_age_s;
	unsigned retry_inline, request_timeout_ms, queue_max_messages;
	bool ordered, disabled;
};

struct world_link {
	unsigned number;
	char name[8]; /* "L07" */
	struct link_settings variants[WORLD_VARIANTS];
	unsigned variant; /* that is, or would be, deployed */
	bool deployed, paused;
	int64_t ready_ms; /* since when it is deployed and not paused, as it is now */
	int64_t id;       /* in the store; 0: not known yet */
	struct endpoint endpoint;
	struct guard guard;
};

/* Somebody sends. */
struct sending {
	unsigned link, count;
	int key; /* NO_KEY: none */
	enum fate fate;
	size_t body_bytes;           /* 0: a few */
	const char *idempotency_key; /* NULL: none */
};

enum crash_moment {
	CRASH_NOW,
	CRASH_SUBMITTED, /* as soon as the next message is with the plugin */
	CRASH_COMPLETED, /* as soon as the next one is complete, and nothing of it is stored */
	CRASH_COMMIT,    /* in the middle of the next commit */
	CRASH_COMMITTED, /* after the next commit, before anybody was told */
	CRASH_MOMENTS,
};

struct world_event {
	int64_t at_ms;
	uint64_t order;
	void (*act)(void *arg);
	void *arg;
};

struct world {
	uint64_t seed;
	struct dice dice;
	int64_t now_ms; /* Unix time at which the next host begins */
	int64_t end_ms; /* when it is all over */
	unsigned lanes;
	struct memory_store *store;
	int64_t latency_ms, latency_spread_ms; /* of a commit */
	struct world_link links[WORLD_LINKS];
	unsigned link_count;
	struct tales tales;
	struct history history;
	struct world_event *events; /* a heap */
	size_t event_count, event_cap;
	uint64_t event_order;
	enum crash_moment armed; /* CRASH_NOW: none */
	bool stop_host;          /* it is to stop in an orderly way, and another begins */
	unsigned epoch;          /* hosts that have begun */
	int64_t begun_ms;        /* of the world */
	uint64_t bodies;         /* made so far */
	struct {
		uint64_t asked, accepted, refused, unknown, direct, direct_ok;
		uint64_t submitted, welcomed, ended[STORE_STATES];
		uint64_t crashes, stops, duplicates, steps;
		uint64_t leased; /* rows, as committed */
		/* Of this host: what waits for its answer. */
		uint64_t calls_open, batches_open;
	} counts;
};

extern struct world *world;
/* The one that lives; NULL between two. */
extern struct host *world_host;

void world_begin(uint64_t seed);
struct world_link *world_add_link(const struct link_settings *settings);
/* Lets it all happen, for so long.  0, or 1: an invariant was violated, and said so. */
int world_run(int64_t duration_ms);
void world_print_counts(void); /* one line that begins with "#" */
void world_end(void);

/* Time since the beginning of the world. */
int64_t world_ms(void);
/* Lets act() happen at that time since the beginning. */
void world_at(int64_t at_ms, void (*act)(void *arg), void *arg);
void world_in(int64_t wait_ms, void (*act)(void *arg), void *arg);

/* For events: what people do. */
void world_send(const struct sending *what);
void world_call(unsigned link); /* directly */
void world_pause(unsigned link);
void world_resume(unsigned link);
void world_cancel(struct tale *tale);
void world_retry(struct tale *tale);
void world_replay(unsigned link); /* its dead letters */
void world_deploy(unsigned link, unsigned variant);
void world_undeploy(unsigned link);
/* The host dies, now or at the next such moment. */
void world_crash(enum crash_moment when);
void world_stop_host(void);
/* All receivers serve, everything is deployed and goes on, the disk has room. */
void world_heal(void);

/* The ordering key with that number. */
void world_key(int key, char *text, size_t text_bytes);
uint64_t world_hash(const void *body, size_t bytes);
struct world_link *world_link_named(const char *connection); /* or NULL */
void world_each_tale(void (*each)(struct tale *tale));

/* Something is not as it must be: prints it with what led to it, and ends everything. */
_Noreturn void world_violation(const char *invariant, const struct tale *tale, int link,
                               const char *format, ...) __attribute__((format(printf, 4, 5)));
#define world_expect(what, ...)                                                                    \
	do {                                                                                       \
		if (!(what))                                                                       \
			world_violation("expected: " #what, NULL, NO_LINK, __VA_ARGS__);           \
	} while (0)

/* For the plugin: a message was taken, or is complete. */
void world_crash_if(enum crash_moment moment);
/* The host dies now; of what was posted to the store the first `survive` are committed. */
_Noreturn void world_die(size_t survive);

/* Deploys what is to be deployed; for a host that begins. */
void world_deploy_all(void);
