/* A direct call: its wait for a slot, its retries, its answer. */
#include "core/call.h"

#include <linkspan/connector.h>

#include "base/banned.h"
#include "base/mem.h"
#include "core/attempt.h"
#include "core/deployment.h"
#include "core/host_impl.h"
#include "core/message.h"
#include "core/queue.h"
#include "plug/hostapi.h"

enum {
	RETRY_PAUSE_MS = 200,       /* between the tries of a direct call */
	RETRY_AFTER_MOST_MS = 5000, /* a longer wish of the peer ends a direct call */
};

static void forget(struct call *call)
{
	struct host *host = call->queue->host;

	lane_timer_stop(call->queue->lane, &call->send.timer);
	list_remove(&call->send.node);
	outcome_destroy(call->send.refused);
	message_unref(call->send.message);
	mem_free(call);
	host_let_go(host); /* last: it may have waited for this one */
}

static void answer(struct call *call, struct outcome *outcome)
{
	struct send_answer result = {
		.outcome = outcome,
		.attempts = call->send.attempt,
		.duration_ms = lane_now_ms(call->queue->lane) - call->called_ms,
	};

	call->done(call->arg, &result);
	forget(call);
}

void call_refuse(struct call *call, uint32_t result, const char *reason, const char *detail)
{
	answer(call, outcome_make((int)result, LK_NOT_SENT, reason, "%s", detail));
}

void call_not_taken(struct call *call, int rc)
{
	struct queue *q = call->queue;
	struct outcome *outcome = queue_not_taken(q, &call->send, rc);

	if (call->send.kind != LK_OP_DESCRIBE) {
		struct policy_verdict verdict = queue_judge(q, &call->send, outcome, 0);
		queue_learn(q, &call->send, outcome, &verdict);
	}
	answer(call, outcome);
}

static void fire_no_slot(struct timer *timer)
{
	struct call *call = call_of(container_of(timer, struct send, timer));
	struct queue *q = call->queue;

	if (q->link && link_secrets_busy(&q->link->secrets))
		call_refuse(call, LK_RETRY, "secret", "its secrets were not there in time");
	else if (q->bucket.rate_per_s && q->bucket.tokens < 1)
		call_refuse(call, LK_RETRY, "rate_limited",
		            "the connection's rate_per_s allows no more just now");
	else
		answer(call, outcome_make(LK_RETRY, LK_NOT_SENT, "pool_exhausted",
		                          "all %u slots were in use for %lld ms",
		                          limiter_limit(&q->limiter, lane_now_ms(q->lane)),
		                          (long long)(lane_now_ms(q->lane) - call->called_ms)));
	queue_pump(q);
}

/* It may wait as long as a connection may take, from now on. */
static void allow_wait(struct call *call)
{
	struct queue *q = call->queue;

	call->until_ms = lane_now_ms(q->lane) + q->link->deployment->connection_timeout_ms;
}

static void hold(struct call *call, bool first)
{
	struct queue *q = call->queue;

	if (first)
		queue_add_first(q, QUEUE_CALLS, &call->send);
	else
		queue_add(q, QUEUE_CALLS, &call->send);
	lane_timer_set(q->lane, &call->send.timer, call->until_ms, fire_no_slot);
}

void call_hold_first(struct call *call)
{
	hold(call, true);
}

/* After a pause the world may be another one: the rules of the first arrival hold again. */
static void try_again(struct call *call)
{
	struct queue_refusal refusal;

	if (queue_refuses(call->queue, &refusal)) {
		call_refuse(call, refusal.result, refusal.reason, refusal.detail);
	} else {
		allow_wait(call);
		hold(call, false);
		queue_pump(call->queue);
	}
}

static void fire_retry(struct timer *timer)
{
	struct call *call = call_of(container_of(timer, struct send, timer));

	list_remove(&call->send.node);
	try_again(call);
}

/* The pause before the next try of a direct call, or -1 when there is none.  It is repeated only
 * where that cannot double anything. */
static int64_t retry_pause_ms(const struct call *call, const struct outcome *outcome)
{
	const struct queue *q = call->queue;

	if (outcome->result != LK_RETRY || !queue_keeps(q) || call->send.kind != LK_OP_SEND ||
	    call->send.attempt > q->link->deployment->retry_inline ||
	    !(outcome->flags & (LK_NOT_SENT | LK_IDEMPOTENT)))
		return -1;
	if (outcome->retry_after_ms > RETRY_AFTER_MOST_MS)
		return -1;
	return outcome->retry_after_ms > RETRY_PAUSE_MS ? outcome->retry_after_ms : RETRY_PAUSE_MS;
}

static void ended(struct send *send, struct outcome *outcome)
{
	struct call *call = call_of(send);
	struct queue *q = call->queue;

	if (send->kind == LK_OP_DESCRIBE) { /* was never counted */
		answer(call, outcome);
		return;
	}
	if (queue_ended(q, send, outcome)) {
		if (q->lane->draining) {
			call_refuse(call, LK_RETRY, "stopping", "the host is stopping");
		} else {
			allow_wait(call); /* its secrets are being fetched anew */
			hold(call, true);
		}
		queue_pump(q);
		return;
	}
	struct policy_verdict verdict = queue_judge(q, send, outcome, 0);
	int64_t pause = retry_pause_ms(call, outcome);
	attempt_log(q, send, outcome,
	            send->kind == LK_OP_PROBE ? "tested" : measure_outcome_name(outcome->result),
	            outcome->result == LK_DONE ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	queue_learn(q, send, outcome, &verdict);
	if (pause >= 0) {
		outcome_destroy(outcome);
		list_append(&q->pausing, &send->node);
		lane_timer_set(q->lane, &send->timer, lane_now_ms(q->lane) + pause, fire_retry);
	} else {
		answer(call, outcome);
	}
	queue_pump(q);
}

/* Touches no network, so nothing but the plugin has a say. */
static void describe(struct call *call)
{
	struct queue *q = call->queue;

	call->send.attempt = 1;
	int rc = link_submit(q->link, &call->send);
	if (rc == LK_EBUSY)
		call_refuse(call, LK_RETRY, "busy", "the connector is busy");
	else if (rc < 0)
		call_not_taken(call, rc);
}

void call_begin(struct call *call)
{
	struct queue *q = call->queue;

	list_init(&call->send.node);
	call->send.ended = ended;
	call->called_ms = lane_now_ms(q->lane);
	if (call->send.kind == LK_OP_DESCRIBE && q->link)
		describe(call);
	else
		try_again(call);
}
