/* A stored message in memory: attempts, settlement, release. */
#include "core/delivery.h"

#include <linkspan/connector.h>
#include <stdio.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/attempt.h"
#include "core/deployment.h"
#include "core/event_impl.h"
#include "core/flight.h"
#include "core/host_impl.h"
#include "core/queue.h"
#include "core/watch.h"
#include "plug/hostapi.h"

enum { SUSPECT_ALONE = 2 /* crashes after which a suspect is sent alone */ };

struct delivery *delivery_create(struct queue *q, struct message *message, uint64_t seq)
{
	struct delivery *d = mem_zalloc(sizeof(*d));

	if (!d)
		return NULL;
	d->send.message = message_ref(message);
	d->send.kind = LK_OP_SEND;
	d->send.flags = LK_REQUEST_STORED;
	list_init(&d->send.node);
	d->queue = q;
	host_hold(q->host);
	d->seq = seq;
	d->place = -1;
	d->body_bytes = message_get(message)->body_bytes;
	return d;
}

void delivery_destroy(struct delivery *d)
{
	struct host *host = d->queue->host;

	message_unref(d->send.message);
	outcome_destroy(d->send.refused);
	outcome_destroy(d->outcome);
	mem_free(d->audit);
	mem_free(d);
	host_let_go(host); /* last: it may have waited for this one */
}

/*
 * Settlement
 */

static void note(const struct delivery *d, enum event_kind kind)
{
	const struct store_settle *s = &d->settle;
	const struct event_delivery what = {
		.id = message_get(d->send.message)->id,
		.attempt = s->attempts,
		.status = s->status,
		.next_ms = s->state == STORE_READY ? s->due_ms : 0,
		.reason = s->reason,
		.detail = d->outcome ? outcome_said(d->outcome) : d->end,
		.is_alert = event_is_alert(d->send.message),
	};

	event_of_delivery(d->queue, kind, &what);
}

/* What ended for good, in numbers. */
static void count_end(struct queue *q, enum store_state state)
{
	atomic_fetch_sub(&q->open, 1);
	if (state == STORE_DONE) {
		atomic_fetch_add(&q->delivered, 1);
	} else if (state == STORE_DEAD || state == STORE_QUARANTINED) {
		atomic_fetch_add(&q->dead, 1);
		atomic_fetch_add(&q->dead_lettered, 1);
	}
}

/* [lane] It waits on the disk now. */
static void stored_again(struct letter *letter)
{
	struct delivery *d = container_of(letter, struct delivery, letter);
	struct queue *q = d->queue;

	queue_note_disk(q, d->settle.due_ms);
	delivery_destroy(d);
	queue_pump(q);
}

/* On the store's thread. */
static void settled(struct store_op *op)
{
	struct delivery *d =
		container_of(container_of(op, struct store_settle, op), struct delivery, settle);
	struct queue *q = d->queue;
	static const enum event_kind kinds[STORE_STATES] = {
		[STORE_READY] = EVENT_FAILED,     [STORE_DONE] = EVENT_DELIVERED,
		[STORE_DEAD] = EVENT_DEAD,        [STORE_CANCELLED] = EVENT_CANCELLED,
		[STORE_QUARANTINED] = EVENT_DEAD,
	};
	enum store_state state = d->settle.state;

	if (op->rc == 0 && (state != STORE_READY || d->outcome))
		note(d, kinds[state]);
	if (op->rc == 0 && state == STORE_READY) {
		d->letter.deliver = stored_again;
		mailbox_post(&q->lane->mailbox, &d->letter);
		return;
	}
	if (op->rc == 0) {
		count_end(q, state);
		watch_ended(q->host, d->seq);
		if (d->is_keyed)
			queue_hint(q);
	}
	/* Else the lease was not ours any more, or the store has failed: the row says what is true. */
	delivery_destroy(d);
}

static void leave(struct delivery *d)
{
	struct lane *lane = d->queue->lane;

	list_remove(&d->send.node);
	lane_timer_stop(lane, &d->send.timer);
	queue_leave(d->queue, d->body_bytes, d->is_fresh);
	lane_solo_end(lane, d);
}

static void settle(struct delivery *d, enum store_state state, int64_t due_ms)
{
	struct store_settle *s = &d->settle;

	s->op = (struct store_op){
		.kind = STORE_SETTLE,
		.done = settled,
		.audit = state == STORE_CANCELLED ? d->audit : NULL,
	};
	s->seq = d->seq;
	s->fence = d->fence;
	s->state = state;
	s->due_ms = due_ms;
	s->at_ms = store_now_ms(d->queue->host->store);
	s->attempts = d->attempts;
	s->suspect = d->suspect;
	leave(d);
	lane_post_store(d->queue->lane, &s->op);
}

void delivery_release(struct delivery *d, int64_t due_ms)
{
	settle(d, STORE_READY, due_ms);
}

/* What the row and the log of attempts keep of the outcome; the delivery owns it until it is settled. */
static void keep_outcome(struct delivery *d, struct outcome *outcome, const char *word,
                         int64_t duration_ms, bool has_row)
{
	struct store_settle *s = &d->settle;

	outcome_destroy(d->outcome);
	d->outcome = outcome;
	s->status = outcome->status;
	s->reason = outcome->reason;
	s->duration_ms = duration_ms;
	s->attempt = NULL;
	if (!has_row)
		return;
	d->attempt = (struct store_attempt){
		.replay = d->replay,
		.number = d->send.attempt,
		.at_ms = store_now_ms(d->queue->host->store),
		.duration_ms = duration_ms,
		.status = outcome->status,
		.outcome = word,
		.reason = outcome->reason,
		.detail = outcome->detail,
		.excerpt = outcome->reply,
		.excerpt_bytes = outcome->reply_bytes,
	};
	s->attempt = &d->attempt;
}

/* action → what becomes of the row, and what its log calls it */
static const struct action {
	enum store_state state;
	const char *word;
	bool uses_attempt;
} actions[] =
	{
		[POLICY_DONE] = {STORE_DONE, "delivered", true},
		[POLICY_RETRY] = {STORE_READY, "retry", true},
		[POLICY_WAIT] = {STORE_READY, "blocked", false},
		[POLICY_DEAD] = {STORE_DEAD, "dead", true},
},
  cut = {STORE_READY, "cut", false}, cancelled = {STORE_CANCELLED, "cancelled", true};

/* We ourselves can have ended the attempt: an operator's word ends the message, too; a host that stops
 * leaves it as if there had been no attempt. */
static const struct action *action_of(const struct delivery *d, const struct outcome *outcome,
                                      enum policy_action action)
{
	bool ended_by_us = outcome->flags & LK_CANCELLED && action != POLICY_DONE;

	if (d->is_cancelled && (ended_by_us || actions[action].state == STORE_READY))
		return &cancelled;
	return ended_by_us && d->queue->lane->draining ? &cut : &actions[action];
}

static void decide(struct delivery *d, struct outcome *outcome, const struct policy_verdict *v)
{
	struct queue *q = d->queue;
	int64_t now_ms = store_now_ms(q->host->store);
	int64_t duration_ms = lane_now_ms(q->lane) - d->send.submitted_ms;
	const struct action *action = action_of(d, outcome, v->action);
	bool first_success = v->action == POLICY_DONE && d->attempts == 0;

	attempt_log(q, &d->send, outcome, action->word,
	            v->action == POLICY_DONE   ? LOG_LEVEL_DEBUG
	            : v->action == POLICY_DEAD ? LOG_LEVEL_WARNING
	                                       : LOG_LEVEL_INFO);
	if (v->action != POLICY_DONE)
		atomic_fetch_add(&q->failed, 1);
	if (action->state == STORE_READY)
		atomic_fetch_add(&q->retried, 1);
	d->end = v->end;
	d->suspect = 0;
	keep_outcome(d, outcome, action->word, duration_ms, !first_success);
	if (action->uses_attempt)
		d->attempts++;
	settle(d, action->state, now_ms + (v->action == POLICY_RETRY ? v->wait_ms : 0));
}

/* An attempt is over. */
static void take_back(struct delivery *d, struct outcome *outcome)
{
	struct queue *q = d->queue;
	int64_t age_ms = store_now_ms(q->host->store) - d->since_ms;
	struct policy_verdict verdict = queue_judge(q, &d->send, outcome, age_ms);

	queue_learn(q, &d->send, outcome, &verdict);
	decide(d, outcome, &verdict);
}

static void ended(struct send *send, struct outcome *outcome)
{
	struct delivery *d = delivery_of(send);
	struct queue *q = d->queue;

	delivery_unbegin(d);
	if (!queue_ended(q, send, outcome))
		take_back(d, outcome);
	else if (queue_keeps(q))
		queue_add_first(q, d->is_fresh ? QUEUE_FRESH : QUEUE_CLAIMED, send);
	else
		delivery_release(d, d->since_ms);
	queue_pump(q);
}

/*
 * On its way
 */

/* Its last attempt was under way when the host died. */
static void end_used_up(struct delivery *d)
{
	struct outcome *outcome =
		outcome_make(LK_RETRY, 0, "attempts",
	                     "the host died in the last attempt; nothing is known of it");

	d->end = "attempts";
	keep_outcome(d, outcome, "dead", 0, false);
	settle(d, STORE_DEAD, 0);
}

void delivery_arrive(struct delivery *d)
{
	struct queue *q = d->queue;

	d->send.ended = ended;
	d->send.attempt = d->attempts;
	d->send.is_replay = d->replay > 0;
	d->is_solo = d->suspect >= SUSPECT_ALONE;
	if (!queue_keeps(q))
		delivery_release(d, d->since_ms);
	else if (d->attempts >= q->rules.retry_max_attempts)
		end_used_up(d);
	else
		queue_add(q, d->is_fresh ? QUEUE_FRESH : QUEUE_CLAIMED, &d->send);
}

int delivery_begin(struct delivery *d)
{
	struct queue *q = d->queue;

	d->place = flight_enter(q->host->flight, q->lane->number, d->seq);
	if (d->place < 0)
		return ERR_BUSY;
	d->send.attempt = d->attempts + 1;
	return 0;
}

void delivery_unbegin(struct delivery *d)
{
	if (d->place >= 0)
		flight_leave(d->queue->host->flight, d->queue->lane->number, d->place);
	d->place = -1;
}

void delivery_not_taken(struct delivery *d, int rc)
{
	struct queue *q = d->queue;

	delivery_unbegin(d);
	take_back(d, queue_not_taken(q, &d->send, rc));
}

void delivery_cancel(struct delivery *d, struct store_audit *audit)
{
	mem_free(d->audit); /* the last word counts */
	d->audit = audit;
	d->is_cancelled = true;
	if (d->send.op)
		link_cancel(&d->send);
	else
		settle(d, STORE_CANCELLED, 0);
}
