/* Shaping: the run of a template, and the hand-over that follows it. */
#include "core/shape.h"

#include "base/banned.h"
#include "base/mem.h"
#include "core/deployment.h"
#include "core/host_impl.h"
#include "core/link.h"
#include "core/message.h"
#include "core/template.h"
#include "plug/hostapi.h"
#include "transform/transform.h"

enum state {
	SHAPE_RUNS,   /* the pool has it */
	SHAPE_WAITS,  /* in link.shaped */
	SHAPE_HANDED, /* the plugin has it */
};

struct shape {
	struct transform run;
	struct letter letter;
	struct send *send; /* until it is handed over */
	struct mailbox *home;
	const char *content_type; /* of what was made */
	char *values;
	int64_t until_ms; /* how long the plugin may be too busy to take it */
	enum state state;
	bool is_cancelled;
};

bool shape_wanted(const struct send *send)
{
	/* What a test sends is the connector's own. */
	return send->kind != LK_OP_PROBE && template_of(send->link->deployment);
}

void shape_destroy(struct shape *shape)
{
	if (!shape)
		return;
	mem_free(shape->run.output);
	mem_free(shape->values);
	mem_free(shape);
}

void shape_fill(const struct shape *shape, struct lk_request *request)
{
	request->body = shape->run.output;
	request->body_bytes = shape->run.output_bytes;
	request->content_type = shape->content_type;
}

static struct outcome *cancelled(void)
{
	return outcome_make(LK_RETRY, LK_CANCELLED | LK_NOT_SENT, "cancelled",
	                    "the host gave it up");
}

static void fire_cancelled(struct timer *timer)
{
	struct send *send = container_of(timer, struct send, timer);
	struct lk_link *link = send->link;

	list_remove(&send->node);
	link_end_unsent(send, cancelled());
	link_end_if_idle(link);
}

/* False: the plugin is too busy, and it waits in front of the others. */
static bool offer(struct send *send)
{
	struct lk_link *link = send->link;
	struct shape *shape = send->op->shape;

	shape->state = SHAPE_HANDED;
	int rc = link_hand_over(send);
	if (rc >= 0)
		return true;
	if (rc != LK_EBUSY) {
		link_end_unsent(send, link_not_taken(rc));
		return true;
	}
	link_rest(link);
	if (lane_now_ms(link->lane) >= shape->until_ms) {
		link_end_unsent(send, outcome_make(LK_RETRY, LK_NOT_SENT, "busy",
		                                   "the connector was too busy to take it"));
		return true;
	}
	shape->state = SHAPE_WAITS;
	list_append(link->shaped.next, &send->node);
	return false;
}

void shape_offer(struct lk_link *link)
{
	bool taken = true;

	while (taken && !list_empty(&link->shaped)) {
		struct send *send = container_of(link->shaped.next, struct send, node);
		list_remove(&send->node);
		lane_timer_stop(link->lane, &send->timer);
		taken = offer(send);
	}
}

/* A younger one does not overtake those that wait already. */
static void take_turn(struct lk_link *link, struct send *send)
{
	struct shape *shape = send->op->shape;

	shape->content_type = template_content_type(link->deployment, shape->run.is_text);
	shape->until_ms = lane_now_ms(link->lane) + link->deployment->request_timeout_ms;
	if (list_empty(&link->shaped)) {
		offer(send);
		return;
	}
	shape->state = SHAPE_WAITS;
	list_append(&link->shaped, &send->node);
}

static void come_home(struct letter *letter)
{
	struct shape *shape = container_of(letter, struct shape, letter);
	struct send *send = shape->send;
	struct lk_link *link = send->link;

	if (shape->is_cancelled)
		link_end_unsent(send, cancelled());
	else if (shape->run.result != TRANSFORM_OK)
		link_end_unsent(send, template_outcome(&shape->run));
	else
		take_turn(link, send);
	link_end_if_idle(link);
}

/* On the pool's thread. */
static void ran(struct transform *run)
{
	struct shape *shape = container_of(run, struct shape, run);

	mailbox_post(shape->home, &shape->letter);
}

int shape_begin(struct send *send)
{
	const struct lk_link *link = send->link;
	const struct message_parts *m = message_get(send->message);
	struct shape *shape = mem_zalloc(sizeof(*shape));

	if (!shape)
		return LK_ENOMEM;
	shape->values = template_values(link->deployment, m);
	if (!shape->values) {
		shape_destroy(shape);
		return LK_ENOMEM;
	}
	shape->send = send;
	shape->home = &link->lane->mailbox;
	shape->letter.deliver = come_home;
	shape->run = (struct transform){
		.program = template_of(link->deployment),
		.names = template_names,
		.values = shape->values,
		.input = m->body,
		.input_bytes = m->body_bytes,
		.done = ran,
	};
	send->op->shape = shape;
	transform_post(link->lane->host->transforms, &shape->run);
	return 0;
}

bool shape_cancel(struct send *send)
{
	struct shape *shape = send->op->shape;

	if (!shape || shape->state == SHAPE_HANDED)
		return false;
	shape->is_cancelled = true;
	/* Not now: whoever asks may be walking over what the link has. */
	if (shape->state == SHAPE_WAITS)
		lane_timer_set(send->link->lane, &send->timer, lane_now_ms(send->link->lane),
		               fire_cancelled);
	return true;
}
