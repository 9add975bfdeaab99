/* How a link goes: what its attempts say about it, and what it is then said to be. */
#include <inttypes.h>
#include <linkspan/connector.h>
#include <stdio.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/event_impl.h"
#include "core/host_impl.h"
#include "core/queue.h"
#include "crypto/random.h"
#include "plug/hostapi.h"

bool queue_ended(struct queue *q, struct send *send, struct outcome *outcome)
{
	q->in_flight--;
	if (q->probe == send)
		q->probe = NULL;
	if (outcome->result != LK_BLOCKED || strcmp(outcome->reason, "auth") != 0 ||
	    send->was_refused || !q->link ||
	    !link_secrets_renew(&q->link->secrets, send->secrets_version))
		return false;
	breaker_forget(&q->breaker, send->begun_ms);
	send->refused = outcome;
	send->was_refused = true;
	return true;
}

struct policy_verdict queue_judge(const struct queue *q, const struct send *send,
                                  const struct outcome *outcome, int64_t age_ms)
{
	const struct policy_case seen = {
		.result = outcome->result,
		.flags = outcome->flags,
		.status = outcome->status,
		.reason = outcome->reason,
		.retry_after_ms = outcome->retry_after_ms,
		.attempt = send->attempt,
		.age_ms = age_ms,
		.forbidden = q->forbidden,
	};

	return policy_judge(&q->rules, &seen, random_below);
}

static void block(struct queue *q, const char *reason, const char *detail)
{
	bool fresh = !q->block.on;

	q->block.on = true;
	q->block.next_ms = lane_now_ms(q->lane) + policy_probe_ms(&q->rules);
	snprintf(q->block.reason, sizeof(q->block.reason), "%s", reason);
	snprintf(q->block.detail, sizeof(q->block.detail), "%s", detail ? detail : "");
	queue_release(q, LK_BLOCKED, reason, q->block.detail);
	if (fresh) {
		q->expired_ms = lane_now_ms(q->lane);
		event_of_link(q, EVENT_LINK_BLOCKED, reason, detail);
	}
}

static void unblock(struct queue *q)
{
	q->block = (struct queue_block){0};
	q->told_expired = false;
	limiter_recover(&q->limiter, lane_now_ms(q->lane));
	event_of_link(q, EVENT_LINK_UNBLOCKED, NULL, NULL);
}

/* The breaker has just opened or closed. */
static void breaker_moved(struct queue *q, const struct outcome *outcome)
{
	const char *said = outcome_said(outcome);
	char detail[320];

	if (q->breaker.state == BREAKER_CLOSED) {
		limiter_recover(&q->limiter, lane_now_ms(q->lane));
		event_of_link(q, EVENT_BREAKER_CLOSED, NULL, NULL);
		return;
	}
	snprintf(detail, sizeof(detail), "the link fails, last with %s%s%.200s", outcome->reason,
	         said ? ": " : "", said ? said : "");
	event_of_link(q, EVENT_BREAKER_OPENED, outcome->reason, detail);
	queue_release(q, LK_RETRY, "breaker_open", detail);
}

static void note_error(struct queue *q, const struct outcome *outcome)
{
	const char *said = outcome_said(outcome);

	q->error_ms = q->host->clock->unix_ms();
	snprintf(q->error_reason, sizeof(q->error_reason), "%s", outcome->reason);
	snprintf(q->error_detail, sizeof(q->error_detail), "%s", said ? said : "");
}

void queue_learn(struct queue *q, const struct send *send, const struct outcome *outcome,
                 const struct policy_verdict *v)
{
	int64_t now_ms = lane_now_ms(q->lane), sent_ms = send->submitted_ms;

	q->is_quiet = event_is_alert(send->message);
	if (outcome->result != LK_DONE)
		note_error(q, outcome);
	if (outcome->result == LK_DONE)
		q->forbidden = 0;
	else if (outcome->status == 403)
		q->forbidden++;
	if (v->congested)
		limiter_congested(&q->limiter, sent_ms, now_ms);
	else if (v->link == POLICY_SUCCESS)
		limiter_success(&q->limiter, sent_ms, now_ms, q->in_flight + 1);

	if (v->link == POLICY_NEUTRAL)
		breaker_forget(&q->breaker, send->begun_ms);
	else if (breaker_end(&q->breaker, v->link == POLICY_FAULT, send->begun_ms, now_ms,
	                     random_below))
		breaker_moved(q, outcome);
	if (v->blocks)
		block(q, outcome->reason, outcome_said(outcome));
	else if (q->block.on && v->link == POLICY_SUCCESS)
		unblock(q);
	else if (q->block.on)
		q->block.next_ms = now_ms + policy_probe_ms(&q->rules);
	if (v->pauses)
		queue_pause_gone(q, outcome_said(outcome));
	q->is_quiet = false;
}

struct outcome *queue_not_taken(struct queue *q, struct send *send, int rc)
{
	struct outcome *outcome = link_not_taken(rc);

	send->begun_ms = send->submitted_ms = lane_now_ms(q->lane);
	measure_attempt(&q->measure, &q->lane->phases, send, outcome, send->submitted_ms);
	return outcome;
}

void queue_no_secrets(struct queue *q, uint32_t result, const char *reason, const char *detail)
{
	if (result == LK_BLOCKED)
		block(q, reason, detail);
	else
		queue_release(q, result, reason, detail);
}

static int seconds_until(const struct queue *q, int64_t at_ms)
{
	int64_t left_ms = at_ms - lane_now_ms(q->lane);

	return left_ms > 0 ? (int)((left_ms + 999) / 1000) : 0;
}

static const char *blocked_text(const struct queue *q, char *text, size_t bytes)
{
	snprintf(text, bytes, "%s%s%s; next probe in %d s", q->block.reason,
	         q->block.detail[0] ? ": " : "", q->block.detail,
	         seconds_until(q, q->block.next_ms));
	return "blocked";
}

static const char *breaker_text(const struct queue *q, char *text, size_t bytes)
{
	const char *colon = q->error_detail[0] ? ": " : "";

	if (q->breaker.state == BREAKER_HALF_OPEN) {
		snprintf(text, bytes, "one message at a time, after the link failed with %s%s%s",
		         q->error_reason, colon, q->error_detail);
		return "breaker_half_open";
	}
	snprintf(text, bytes, "the link failed, last with %s%s%s; next try in %d s",
	         q->error_reason, colon, q->error_detail, seconds_until(q, q->breaker.until_ms));
	return "breaker_open";
}

/* Why nothing may go out, or NULL. */
static const char *closed_text(const struct queue *q, char *text, size_t bytes)
{
	text[0] = '\0';
	if (!q->link) {
		snprintf(text, bytes, "the connection is not deployed in %s", q->environment);
		return "not_deployed";
	}
	if (!atomic_load(&q->enabled)) {
		snprintf(text, bytes, "the connection is disabled");
		return "disabled";
	}
	if (q->paused) {
		snprintf(text, bytes, "the connection is paused%s%s",
		         q->paused_reason[0] ? ": " : "", q->paused_reason);
		return "paused";
	}
	if (q->block.on)
		return blocked_text(q, text, bytes);
	if (q->breaker.state != BREAKER_CLOSED)
		return breaker_text(q, text, bytes);
	return NULL;
}

const char *queue_state(struct queue *q, char *text, size_t bytes)
{
	const char *closed = closed_text(q, text, bytes);

	if (closed)
		return q->link ? closed : "undeployed";
	if (q->in_flight > 0)
		return "sending";
	return atomic_load(&q->open) > 0 ? "waiting" : "idle";
}

bool queue_refuses(struct queue *q, struct queue_refusal *ret)
{
	int64_t now_ms = lane_now_ms(q->lane);
	const char *reason = closed_text(q, ret->detail, sizeof(ret->detail));

	if (q->lane->draining) {
		snprintf(ret->detail, sizeof(ret->detail), "the host is stopping");
		reason = "stopping";
	}
	if (!reason)
		return false;
	ret->result = LK_RETRY;
	ret->reason = reason;
	if (strcmp(reason, "disabled") == 0 || strcmp(reason, "paused") == 0) {
		ret->result = LK_REJECT;
	} else if (strcmp(reason, "blocked") == 0) {
		/* When its time has come, a call may be the probe. */
		ret->result = LK_BLOCKED;
		return q->probe || now_ms < q->block.next_ms;
	} else if (strncmp(reason, "breaker", 7) == 0) {
		ret->reason = "breaker_open";
		return q->probe || !breaker_permits(&q->breaker, now_ms);
	}
	return true;
}

bool queue_alert_connection(const struct queue *q, char *ret, size_t ret_bytes)
{
	pthread_mutex_lock(&q->host->alert_lock);
	snprintf(ret, ret_bytes, "%s", q->alert_connection);
	pthread_mutex_unlock(&q->host->alert_lock);
	return ret[0] != '\0';
}
