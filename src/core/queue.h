/*
 * A queue: everything that waits to go out through one connection in one environment, and what is known
 * about how it goes.  It is made when the connection is first deployed there and lives as long as the
 * host; links come and go under it with each deployment.
 *
 * A queue lives on one lane for its whole life.  Functions and members are [lane] unless said otherwise;
 * members under "any thread" are atomic.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "core/breaker.h"
#include "core/expiry.h"
#include "core/host.h"
#include "core/lane.h"
#include "core/limiter.h"
#include "core/link.h"
#include "core/measure.h"
#include "core/policy.h"
#include "core/trial.h"

struct deployment;
struct store_link;

/* Why nothing goes out but a probe now and then (delivery.md: "blocked"). */
struct queue_block {
	bool on;
	int64_t next_ms; /* of the next probe */
	char reason[64], detail[256];
};

/* Messages of one kind that wait, in their order. */
enum queue_source {
	QUEUE_CALLS,   /* direct: somebody waits for the answer */
	QUEUE_FRESH,   /* stored, in memory since they were accepted */
	QUEUE_CLAIMED, /* stored, fetched from the disk */
	QUEUE_SOURCES,
};

struct queue {
	/* Constant. */
	struct host *host;
	struct lane *lane;
	int64_t id;    /* in the store; 0: there is none */
	bool is_probe; /* of one test (core/probe.h): in no register, and nothing of it is told */
	const char *environment;
	struct queue *forgotten; /* the next of those that lost their names; host->lock */

	struct lk_link *link;               /* what is deployed; NULL: nothing */
	struct list waiting[QUEUE_SOURCES]; /* struct send.node */
	enum queue_source turn;             /* whose turn it is */
	struct list pausing;                /* direct calls between two tries */
	struct list out;                    /* what the plugin has: struct send.out */
	uint32_t in_flight;
	struct send
		*probe; /* the one that may go while the breaker is half open or the link blocked */
	struct policy_rules rules;
	struct limiter limiter;
	struct bucket bucket;
	struct breaker breaker;
	struct queue_block block;
	uint32_t forbidden; /* different messages that got 403 in a row */
	bool ordered;
	char alert_connection[104]; /* under host->alert_lock: events happen on several threads */
	bool is_quiet;              /* what happens is an alert's own doing */
	/* An alert said that the breaker is open, that it is blocked, that messages expired since. */
	bool told_breaker, told_block, told_expired;
	bool paused;
	char paused_reason[128];
	bool pumping;     /* queue_pump() is on the stack */
	int64_t token_ms; /* when the bucket has a token again; 0: it has one */
	struct timer wake;
	struct list node; /* in lane.queues */

	/* Of what waits on the disk. */
	int64_t disk_due_ms; /* the earliest, on the store's clock; 0: none that is known */
	bool claiming;
	uint32_t ahead;         /* how many it should have in memory, as far as was seen */
	int64_t claim_after_ms; /* the last one gave nothing for want of memory, or failed */
	int64_t expired_ms;     /* when the too old were ended last */
	bool expiring;

	struct expiry expiry; /* of its certificates */
	struct trial trial;   /* of itself */

	/* The last failure. */
	int64_t error_ms;
	char error_reason[64], error_detail[256];

	/* Any thread. */
	_Atomic(const char *) project,
		connection; /* renamed; a former name lives as long as the host */
	atomic_bool deployed, enabled;
	atomic_bool admits; /* a new message may stay in memory */
	atomic_uint active; /* deliveries in memory */
	atomic_size_t active_bytes;
	atomic_uint fresh;        /* of them, those never on the disk's queue */
	atomic_llong open;        /* deliveries that have not ended, wherever they are */
	atomic_llong dead;        /* dead letters and quarantined ones */
	atomic_llong most;        /* bound of `open` */
	atomic_bool keeps_paused; /* copies of `paused`, for whoever accepts */
	atomic_ullong delivered, failed, retried, dead_lettered;
	struct measure measure;
	atomic_uint hints;      /* how often something was put on the disk that is due now */
	atomic_bool hinted;     /* hint_letter is on its way */
	atomic_bool knows_disk; /* the lane knows that something is due there: no letter is needed */
	struct letter hint_letter; /* says so to the lane */
};

/* Control thread.  stored NULL: there is no store.  NULL: no memory. */
struct queue *queue_create(struct host *host, struct lane *lane, const char *project,
                           const char *connection, const char *environment,
                           const struct store_link *stored);
/* Control thread, when the lane has ended. */
void queue_destroy(struct queue *q);

/* Puts the link of a new deployment in the place of the present one, which ends by itself.  0, or the
 * plugin's error: then nothing has changed.  Takes the deployment. */
int queue_deploy(struct queue *q, struct deployment *deployment);
/* closed() is called when the link is gone; NULL: nobody waits. */
void queue_undeploy(struct queue *q, void (*closed)(void *arg), void *arg);

/* Sends what may go out now, and plans when to look again. */
void queue_pump(struct queue *q);
/* Whether stored messages may stay in its memory: else they go back to the disk. */
bool queue_keeps(const struct queue *q);
/* Puts a message at the end of those that wait; the caller pumps. */
void queue_add(struct queue *q, enum queue_source source, struct send *send);
/* Puts it at the front. */
void queue_add_first(struct queue *q, enum queue_source source, struct send *send);
/* Something due at due_ms (the store's clock) is on the disk. */
void queue_note_disk(struct queue *q, int64_t due_ms);
/* Any thread: the same, due now. */
void queue_hint(struct queue *q);

/* Why a direct call cannot go out now. */
struct queue_refusal {
	uint32_t result;
	const char *reason;
	char detail[384];
};
/* False: it may wait for its turn. */
bool queue_refuses(struct queue *q, struct queue_refusal *ret);

/* What an attempt says about the link.  The outcome is borrowed. */
void queue_learn(struct queue *q, const struct send *send, const struct outcome *outcome,
                 const struct policy_verdict *verdict);
/* The verdict over an attempt.  age_ms: of the message. */
struct policy_verdict queue_judge(const struct queue *q, const struct send *send,
                                  const struct outcome *outcome, int64_t age_ms);
/* An attempt has ended: to be called first.  True: the secrets were refused and fresh ones are being
 * fetched, so the message waits for them; the outcome is then kept in send. */
bool queue_ended(struct queue *q, struct send *send, struct outcome *outcome);

/* What it means that the plugin did not take a message (an LK_E code other than LK_EBUSY). */
struct outcome *queue_not_taken(struct queue *q, struct send *send, int rc);

void queue_set_paused(struct queue *q, bool paused, const char *reason);
/* The peer says never again: pauses it, and keeps that over restarts. */
void queue_pause_gone(struct queue *q, const char *detail);
/* The name of the connection that is to be told of its events; false: there is none. */
bool queue_alert_connection(const struct queue *q, char *ret, size_t ret_bytes);
/* After replay: the backlog drains slowly at first. */
void queue_recover(struct queue *q);
/* Gives up everything that waits in memory: calls are refused, stored messages go back to the disk. */
void queue_release(struct queue *q, uint32_t result, const char *reason, const char *detail);
/* The secrets cannot be had: blocks the link, or, for want of memory, refuses the calls. */
void queue_no_secrets(struct queue *q, uint32_t result, const char *reason, const char *detail);

/* Why nothing goes out, as monitor.h names it, and one sentence in text. */
const char *queue_state(struct queue *q, char *text, size_t text_bytes);

/* Any thread.  Whether a message of that many bytes may come into memory, from the disk or new; it is
 * counted then. */
bool queue_admit(struct queue *q, size_t bytes);
bool queue_admit_fresh(struct queue *q, size_t bytes);
/* Any thread.  It left the memory. */
void queue_leave(struct queue *q, size_t bytes, bool was_fresh);
