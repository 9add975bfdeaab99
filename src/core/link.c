/* A link: admission, submission, deadlines and the judgement of direct calls. */
#include "core/link.h"

#include "base/banned.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/deployment.h"
#include "core/host_impl.h"
#include "core/message.h"
#include "plug/hostapi.h"
#include "plug/load.h"

enum {
	RETRY_PAUSE_MS = 200,       /* between the tries of a direct call */
	RETRY_AFTER_MOST_MS = 5000, /* a longer wish of the peer ends a direct call */
	BUSY_PAUSE_MS = 50,         /* after LK_EBUSY, unless something completes before */
	GRACE_MS = 1000,            /* what a plugin may be late before the host gives it up */
};

static void tell(struct send *send, struct outcome *outcome)
{
	struct send_answer result = {
		.outcome = outcome,
		.attempts = send->attempts,
		.duration_ms = lane_now_ms(send->link->lane) - send->called_ms,
	};

	send->done(send->arg, &result);
}

static void forget(struct send *send)
{
	lane_timer_stop(send->link->lane, &send->timer);
	list_remove(&send->node);
	outcome_destroy(send->refused);
	message_unref(send->message);
	mem_free(send);
}

static void answer(struct send *send, struct outcome *outcome)
{
	tell(send, outcome);
	forget(send);
}

static void refuse(struct send *send, uint32_t result, const char *reason, const char *detail)
{
	answer(send, outcome_make(result, LK_NOT_SENT, reason, "%s", detail));
}

static void end_if_idle(struct lk_link *link);

static void refuse_all(struct list *sends, uint32_t result, const char *reason, const char *detail)
{
	list_each(node, sends)
		refuse(container_of(node, struct send, node), result, reason, detail);
}

void link_refuse_waiting(struct lk_link *link, uint32_t result, const char *reason,
                         const char *detail)
{
	refuse_all(&link->waiting, result, reason, detail);
}

/* The plugin had its time: what it still owes will never be taken from it. */
static void fire_forced(struct timer *timer)
{
	struct lk_link *link = container_of(timer, struct lk_link, forced);

	list_each(node, &link->owed) {
		struct send *send = container_of(node, struct send, node);
		if (!op_reclaim(send->op))
			continue; /* it is coming home in this moment */
		op_release(send->op);
		forget(send);
	}
	end_if_idle(link);
}

/* Destroys a link that is closing, once nothing needs it. */
static void end_if_idle(struct lk_link *link)
{
	if (!link->closing || link->in_flight > 0 || !list_empty(&link->waiting) ||
	    !list_empty(&link->pausing) || link_secrets_busy(&link->secrets))
		return;
	if (!list_empty(&link->owed)) {
		if (!heap_holds(&link->forced.node))
			lane_timer_set(link->lane, &link->forced,
			               lane_now_ms(link->lane) + GRACE_MS, fire_forced);
		return;
	}

	void (*closed)(void *) = link->closed;
	void *arg = link->closed_arg;

	lane_timer_stop(link->lane, &link->busy);
	lane_timer_stop(link->lane, &link->forced);
	if (link->open_rc == 0)
		link->deployment->type->type.close(link->conn);
	link_secrets_finish(&link->secrets);
	list_remove(&link->node);
	deployment_destroy(link->deployment);
	mem_free(link);
	if (closed)
		closed(arg);
}

void link_open(struct lk_link *link)
{
	const struct lk_type *type = &link->deployment->type->type;

	list_append(&link->lane->links, &link->node);
	list_init(&link->waiting);
	list_init(&link->pausing);
	list_init(&link->owed);
	link->instance = lane_instance(link->lane, link->deployment->type->plugin);
	link_secrets_init(&link->secrets, link);
	link->open_rc =
		type->open(link->instance->state, link, &link->deployment->settings, &link->conn);
}

void link_close(struct lk_link *link, void (*closed)(void *arg), void *arg)
{
	/* A second request (the lane stops while a close waits) must not lose the first one's wish. */
	if (closed) {
		link->closed = closed;
		link->closed_arg = arg;
	}
	link->closing = true;
	refuse_all(&link->waiting, LK_RETRY, "not_deployed", "the connection is being closed");
	refuse_all(&link->pausing, LK_RETRY, "not_deployed", "the connection is being closed");
	end_if_idle(link);
}

static void fire_busy(struct timer *timer)
{
	link_pump(container_of(timer, struct lk_link, busy));
}

/* The plugin did not answer in time: the attempt has failed, whatever it says later. */
static void fire_deadline(struct timer *timer)
{
	struct send *send = container_of(timer, struct send, timer);
	struct lk_link *link = send->link;
	struct op *op = send->op;

	if (!op_abandon(op))
		return; /* completed in this moment: link_settle() is on its way */
	log_event(LOG_LEVEL_ERROR, "a plugin missed a deadline", "connection",
	          link->deployment->settings.connection, "environment",
	          link->deployment->settings.environment, NULL);
	/* The message stays: the plugin may read the request until it completes. */
	list_append(&link->owed, &send->node);
	link->in_flight--;
	link->deployment->type->type.cancel(link->conn, op->request.op);
	tell(send, outcome_make(LK_RETRY, LK_LINK_FAULT, "timeout",
	                        "the connector did not answer by its deadline"));
	link_pump(link);
}

static void fill_request(struct send *send, struct op *op)
{
	const struct message_parts *m = message_get(send->message);
	struct lk_request *r = &op->request;

	r->kind = send->kind;
	r->id = m->id;
	r->attempt = send->attempts;
	r->body = m->body;
	r->body_bytes = m->body_bytes;
	r->content_type = m->content_type;
	r->attrs = m->attrs;
	r->attr_count = m->attr_count;
	r->start_ms = lane_now_ms(send->link->lane);
	r->deadline_ms = r->start_ms + send->link->deployment->request_timeout_ms;
}

/* False when the plugin has no room just now. */
static bool submit(struct send *send)
{
	struct lk_link *link = send->link;
	struct op *op = op_take(&link->lane->ops);

	if (!op) {
		refuse(send, LK_RETRY, "no_memory", "the host is out of memory");
		return true;
	}
	list_remove(&send->node);
	send->attempts++;
	send->op = op;
	send->secrets_version = link->secrets.version;
	op->owner = send;
	fill_request(send, op);
	lane_timer_set(link->lane, &send->timer, op->request.deadline_ms + GRACE_MS, fire_deadline);
	link->in_flight++;
	op_hand_over(op);

	int rc = link->deployment->type->type.submit(link->conn, &op->request);
	if (rc >= 0)
		return true;

	op_take_back(op);
	op_release(op);
	send->op = NULL;
	send->attempts--;
	link->in_flight--;
	if (rc == LK_EBUSY)
		return false;
	answer(send,
	       outcome_make(LK_RETRY, LK_LINK_FAULT | LK_NOT_SENT, "plugin_error",
	                    "the connector did not take the message: %s", plugin_error_text(rc)));
	return true;
}

static void fire_no_slot(struct timer *timer)
{
	struct send *send = container_of(timer, struct send, timer);
	struct lk_link *link = send->link;

	if (link_secrets_busy(&link->secrets))
		refuse(send, LK_RETRY, "secret", "its secrets were not there in time");
	else
		answer(send, outcome_make(LK_RETRY, LK_NOT_SENT, "pool_exhausted",
		                          "all %u slots were in use for %lld ms",
		                          link->deployment->settings.max_in_flight,
		                          (long long)link->deployment->connection_timeout_ms));
	end_if_idle(link);
}

/* Puts a call among those that wait.  It may wait as long as a connection may take. */
static void hold(struct send *send, bool first)
{
	struct lk_link *link = send->link;

	list_append(first ? link->waiting.next : &link->waiting, &send->node);
	lane_timer_set(link->lane, &send->timer,
	               lane_now_ms(link->lane) + link->deployment->connection_timeout_ms,
	               fire_no_slot);
}

void link_pump(struct lk_link *link)
{
	while (!list_empty(&link->waiting) && !heap_holds(&link->busy.node) &&
	       link->in_flight < link->deployment->settings.max_in_flight &&
	       link_secrets_ready(&link->secrets)) {
		struct send *send = container_of(link->waiting.next, struct send, node);
		if (send->refused && send->secrets_version == link->secrets.version) {
			struct outcome *outcome = send->refused;
			send->refused = NULL;
			answer(send, outcome); /* the fresh secret is the old one */
			continue;
		}
		if (!submit(send)) {
			hold(send, true);
			lane_timer_set(link->lane, &link->busy,
			               lane_now_ms(link->lane) + BUSY_PAUSE_MS, fire_busy);
		}
	}
	end_if_idle(link);
}

void link_send(struct send *send)
{
	struct lk_link *link = send->link;

	list_init(&send->node);
	send->called_ms = lane_now_ms(link->lane);
	if (link->closing) {
		refuse(send, LK_RETRY, "not_deployed", "the connection is being closed");
	} else if (send->kind == LK_OP_DESCRIBE) {
		if (!submit(send))
			refuse(send, LK_RETRY, "busy", "the connector is busy");
	} else if (!link->deployment->enabled) {
		refuse(send, LK_REJECT, "disabled", "the connection is disabled");
	} else {
		hold(send, false);
		link_pump(link);
	}
}

static void fire_retry(struct timer *timer)
{
	struct send *send = container_of(timer, struct send, timer);
	struct lk_link *link = send->link;

	list_remove(&send->node);
	hold(send, false);
	link_pump(link);
}

/* The pause before the next try of a direct call, or -1 when there is none.  It is repeated only
 * where that cannot double anything. */
static int64_t retry_pause_ms(const struct send *send, const struct outcome *outcome)
{
	const struct deployment *d = send->link->deployment;

	if (outcome->result != LK_RETRY || send->link->closing ||
	    send->attempts > d->retry_inline || !(outcome->flags & (LK_NOT_SENT | LK_IDEMPOTENT)))
		return -1;
	if (outcome->retry_after_ms > RETRY_AFTER_MOST_MS)
		return -1;
	return outcome->retry_after_ms > RETRY_PAUSE_MS ? outcome->retry_after_ms : RETRY_PAUSE_MS;
}

/* The peer refused the secret that we had: whether a fresh one is on its way. */
static bool renew_secrets(struct send *send, const struct outcome *outcome)
{
	return outcome->result == LK_BLOCKED && strcmp(outcome->reason, "auth") == 0 &&
	       !send->refused && !send->link->closing &&
	       link_secrets_renew(&send->link->secrets, send->secrets_version);
}

static void judge(struct send *send, struct outcome *outcome)
{
	struct lk_link *link = send->link;
	int64_t pause = retry_pause_ms(send, outcome);

	if (renew_secrets(send, outcome)) {
		send->refused = outcome;
		hold(send, true);
	} else if (pause >= 0) {
		outcome_destroy(outcome);
		list_append(&link->pausing, &send->node);
		lane_timer_set(link->lane, &send->timer, lane_now_ms(link->lane) + pause,
		               fire_retry);
	} else {
		answer(send, outcome);
	}
}

void link_settle(struct op *op)
{
	struct send *send = op->owner;
	struct lk_link *link = send->link;
	struct outcome *outcome = op->outcome;
	bool abandoned = op->abandoned;

	op->outcome = NULL;
	op->table->held--;
	op_release(op);
	if (abandoned) {
		outcome_destroy(outcome);
		forget(send);
		end_if_idle(link);
		return;
	}

	send->op = NULL;
	link->in_flight--;
	lane_timer_stop(link->lane, &send->timer);
	lane_timer_stop(link->lane, &link->busy);
	judge(send, outcome);
	link_pump(link);
}
