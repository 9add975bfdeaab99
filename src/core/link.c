/* A link: submission, deadlines, settling, closing. */
#include "core/link.h"

#include "base/banned.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/deployment.h"
#include "core/host_impl.h"
#include "core/message.h"
#include "core/queue.h"
#include "core/shape.h"
#include "core/trace.h"
#include "plug/hostapi.h"
#include "plug/load.h"

enum {
	BUSY_PAUSE_MS = 50, /* after LK_EBUSY, unless something completes before */
	GRACE_MS = 1000,    /* what a plugin may be late before the host gives it up */
};

const char *link_connection(const struct lk_link *link)
{
	return link->deployment->settings.connection;
}

const char *link_environment(const struct lk_link *link)
{
	return link->deployment->settings.environment;
}

/* The plugin had its time: what it still owes will never be taken from it. */
static void fire_forced(struct timer *timer)
{
	struct lk_link *link = container_of(timer, struct lk_link, forced);

	list_each(node, &link->owed) {
		struct op *op = container_of(node, struct op, node);
		if (!op_reclaim(op))
			continue; /* it is coming home in this moment */
		list_remove(&op->node);
		op_release(op);
	}
	link_end_if_idle(link);
}

void link_end_if_idle(struct lk_link *link)
{
	if (!link->closing || link->in_flight > 0 || link_secrets_busy(&link->secrets))
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
	link->deployment->type->type.close(link->conn);
	link_secrets_finish(&link->secrets);
	list_remove(&link->node);
	deployment_destroy(link->deployment);
	mem_free(link);
	if (closed)
		closed(arg);
}

int link_create(struct lane *lane, struct queue *queue, struct deployment *deployment,
                struct lk_link **ret)
{
	const struct lk_type *type = &deployment->type->type;
	struct lk_link *link = mem_zalloc(sizeof(*link));

	if (!link) {
		deployment_destroy(deployment);
		return LK_ENOMEM;
	}
	link->lane = lane;
	link->queue = queue;
	link->deployment = deployment;
	link->instance = lane_instance(lane, deployment->type->plugin);
	list_init(&link->owed);
	list_init(&link->shaped);
	link_secrets_init(&link->secrets, link);
	int rc = type->open(link->instance->state, link, &deployment->settings, &link->conn);
	if (rc < 0) {
		link_secrets_finish(&link->secrets);
		deployment_destroy(deployment);
		mem_free(link);
		return rc;
	}
	list_append(&lane->links, &link->node);
	*ret = link;
	return 0;
}

void link_close(struct lk_link *link, void (*closed)(void *arg), void *arg)
{
	/* A second request (the lane stops while a close waits) must not lose the first one's wish. */
	if (closed) {
		link->closed = closed;
		link->closed_arg = arg;
	}
	link->closing = true;
	link_end_if_idle(link);
}

bool link_ready(struct lk_link *link)
{
	return !link->closing && !heap_holds(&link->busy.node) &&
	       link_secrets_ready(&link->secrets);
}

static void fire_busy(struct timer *timer)
{
	struct lk_link *link = container_of(timer, struct lk_link, busy);

	shape_offer(link);
	queue_pump(link->queue);
	link_end_if_idle(link);
}

void link_rest(struct lk_link *link)
{
	lane_timer_set(link->lane, &link->busy, lane_now_ms(link->lane) + BUSY_PAUSE_MS, fire_busy);
}

/* An attempt is over: counts it, and hands it back. */
static void end(struct lk_link *link, struct send *send, struct outcome *outcome)
{
	list_remove(&send->out);
	send->link = NULL;
	send->op = NULL;
	expiry_see(link->queue, outcome);
	measure_attempt(&link->queue->measure, &link->lane->phases, send, outcome,
	                lane_now_ms(link->lane));
	send->ended(send, outcome);
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
	          link_connection(link), "environment", link_environment(link), NULL);
	/* The operation keeps the message: the plugin may read the request until it completes. */
	list_append(&link->owed, &op->node);
	op->owner = NULL;
	link->in_flight--;
	lane_landed(link->lane);
	link->deployment->type->type.cancel(link->conn, op->request.op);
	struct outcome *outcome = outcome_make(LK_RETRY, LK_LINK_FAULT, "timeout",
	                                       "the connector did not answer by its deadline");
	end(link, send, outcome);
	link_end_if_idle(link);
}

static void fill_request(const struct send *send, struct op *op)
{
	const struct message_parts *m = message_get(send->message);
	struct lk_request *r = &op->request;

	r->kind = send->kind;
	r->flags = send->flags;
	r->id = m->id;
	r->attempt = send->attempt;
	r->body = m->body;
	r->body_bytes = m->body_bytes;
	r->content_type = m->content_type;
	r->attrs = trace_attrs(&op->trace, m->attrs, m->attr_count);
	r->attr_count = m->attr_count;
	r->start_ms = send->submitted_ms;
	r->deadline_ms = r->start_ms + send->link->deployment->request_timeout_ms;
	if (op->shape)
		shape_fill(op->shape, r);
}

struct outcome *link_not_taken(int rc)
{
	return outcome_make(LK_RETRY, LK_LINK_FAULT | LK_NOT_SENT,
	                    rc == LK_ENOMEM ? "no_memory" : "plugin_error",
	                    "the connector did not take the message: %s", plugin_error_text(rc));
}

int link_hand_over(struct send *send)
{
	struct lk_link *link = send->link;
	struct op *op = send->op;

	send->submitted_ms = lane_now_ms(link->lane);
	send->secrets_version = link->secrets.version;
	fill_request(send, op);
	lane_timer_set(link->lane, &send->timer, op->request.deadline_ms + GRACE_MS, fire_deadline);
	op_hand_over(op);
	int rc = link->deployment->type->type.submit(link->conn, &op->request);
	if (rc >= 0)
		return 0;
	op_take_back(op);
	lane_timer_stop(link->lane, &send->timer);
	return rc;
}

/* The link has it no more. */
static void let_go(struct send *send)
{
	list_remove(&send->out);
	send->link->in_flight--;
	send->link = NULL;
	send->op = NULL;
}

int link_submit(struct lk_link *link, struct send *send)
{
	struct op *op = op_take(&link->lane->ops);

	if (!op)
		return LK_ENOMEM;
	send->link = link;
	send->op = op;
	send->begun_ms = send->submitted_ms = lane_now_ms(link->lane);
	op->owner = send;
	op->link = link;
	op->message = message_ref(send->message);
	link->in_flight++;
	list_append(&link->queue->out, &send->out);

	int rc = shape_wanted(send) ? shape_begin(send) : link_hand_over(send);
	if (rc >= 0)
		return 0;
	let_go(send);
	op_release(op);
	if (rc == LK_EBUSY)
		link_rest(link);
	return rc;
}

void link_end_unsent(struct send *send, struct outcome *outcome)
{
	struct lk_link *link = send->link;

	link->in_flight--;
	lane_landed(link->lane);
	lane_timer_stop(link->lane, &send->timer);
	op_release(send->op);
	end(link, send, outcome);
}

void link_cancel(struct send *send)
{
	if (send->op && !shape_cancel(send))
		send->link->deployment->type->type.cancel(send->link->conn, send->op->request.op);
}

void link_settle(struct op *op)
{
	struct lk_link *link = op->link;
	struct send *send = op->owner;
	struct outcome *outcome = op->outcome;

	op->outcome = NULL;
	op->table->held--;
	list_remove(&op->node); /* from those owed, when it was given up */
	op_release(op);
	if (!send) {
		outcome_destroy(outcome);
		link_end_if_idle(link);
		return;
	}
	link->in_flight--;
	lane_landed(link->lane);
	lane_timer_stop(link->lane, &send->timer);
	lane_timer_stop(link->lane, &link->busy);
	shape_offer(link);
	end(link, send, outcome);
	link_end_if_idle(link);
}
