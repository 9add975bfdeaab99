/* Test connection: a queue of its own for one call. */
#include "core/probe.h"

#include <linkspan/connector.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/call.h"
#include "core/deployment.h"
#include "core/host_impl.h"
#include "core/message.h"
#include "core/queue.h"
#include "plug/hostapi.h"

/* What the caller waits for: how the connector took it. */
struct opening {
	struct gate gate;
	int rc;
};

struct probe {
	struct letter letter;
	struct queue *queue;
	struct deployment *deployment; /* until it is opened */
	struct call *call;             /* until it is begun */
	struct opening *opening;       /* until it is opened */
	void (*done)(void *arg, const struct send_answer *answer);
	void *arg;
};

/* The link is gone, or was never there. */
static void forget(struct probe *p)
{
	if (p->call)
		message_unref(p->call->send.message);
	mem_free(p->call);
	if (p->queue)
		list_remove(&p->queue->node);
	queue_destroy(p->queue);
	mem_free(p);
}

static void closed(void *arg)
{
	struct probe *p = arg;
	struct host *host = p->queue->host;

	forget(p);
	host_let_go(host); /* last: it may have waited for this one */
}

static void deliver_close(struct letter *letter)
{
	struct probe *p = container_of(letter, struct probe, letter);

	queue_undeploy(p->queue, closed, p);
}

static void answered(void *arg, const struct send_answer *answer)
{
	struct probe *p = arg;

	p->done(p->arg, answer);
	/* Not now: whoever ended the call still works with the queue and the link. */
	p->letter.deliver = deliver_close;
	mailbox_post(&p->queue->lane->mailbox, &p->letter);
}

/* [lane] 0, or the plugin's error: then nothing has happened. */
static int open_and_call(struct probe *p)
{
	struct call *call = p->call;

	int rc = queue_deploy(p->queue, p->deployment);
	if (rc < 0)
		return rc;
	p->call = NULL;
	call_begin(call);
	return 0;
}

static void deliver_open(struct letter *letter)
{
	struct probe *p = container_of(letter, struct probe, letter);
	struct opening *opening = p->opening;

	/* From here on p may be gone. */
	opening->rc = open_and_call(p);
	gate_open(&opening->gate);
}

/* A message without anything: what is sent the connector knows. */
static struct call *make_call(struct probe *p)
{
	struct call *call = mem_zalloc(sizeof(*call));

	if (!call)
		return NULL;
	if (message_create(&(struct message_parts){0}, &call->send.message, NULL) < 0) {
		mem_free(call);
		return NULL;
	}
	call->queue = p->queue;
	call->send.kind = LK_OP_PROBE;
	call->send.was_refused = true; /* its secrets are as fresh as can be */
	call->done = answered;
	call->arg = p;
	return call;
}

static struct probe *make(struct lane *lane, struct deployment *d,
                          void (*done)(void *arg, const struct send_answer *answer), void *arg)
{
	const struct lk_settings *s = &d->settings;
	struct probe *p = mem_zalloc(sizeof(*p));

	if (!p)
		return NULL;
	p->deployment = d;
	p->done = done;
	p->arg = arg;
	p->queue = queue_create(lane->host, lane, s->project, s->connection, s->environment, NULL);
	if (p->queue) {
		p->queue->is_probe = true;
		p->call = make_call(p);
	}
	if (p->call)
		return p;
	forget(p);
	return NULL;
}

static int refuse(struct deployment *d, int rc)
{
	deployment_destroy(d);
	return rc;
}

int host_probe(struct host *host, struct deployment *deployment,
               void (*done)(void *arg, const struct send_answer *answer), void *arg, struct err *e)
{
	struct opening opening = {.rc = 0};
	unsigned lane = atomic_fetch_add(&host->next_probe, 1) % host->lane_count;

	if (atomic_load(&host->stopping))
		return refuse(deployment, err_set(e, ERR_BUSY, "the host is stopping"));
	struct probe *p = make(&host->lanes[lane], deployment, done, arg);
	if (!p)
		return refuse(deployment, err_no_memory(e));
	p->opening = &opening;
	p->letter.deliver = deliver_open;
	gate_init(&opening.gate, host);
	host_hold(host); /* the call */
	host_hold(host); /* its queue */
	mailbox_post(&p->queue->lane->mailbox, &p->letter);
	gate_wait(&opening.gate);
	if (opening.rc == 0)
		return 0;
	forget(p);
	host_let_go(host);
	host_let_go(host);
	if (opening.rc == LK_ENOMEM)
		return err_no_memory(e);
	return err_set(e, ERR_INVALID, "the connector cannot open it: %s",
	               plugin_error_text(opening.rc));
}

int probe_begin(struct lane *lane, struct deployment *deployment,
                void (*done)(void *arg, const struct send_answer *answer), void *arg)
{
	struct host *host = lane->host;
	struct probe *p = make(lane, deployment, done, arg);

	if (!p)
		return refuse(deployment, LK_ENOMEM);
	host_hold(host); /* the call */
	host_hold(host); /* its queue */
	int rc = open_and_call(p);
	if (rc == 0)
		return 0;
	forget(p);
	host_let_go(host);
	host_let_go(host);
	return rc;
}

struct wait {
	struct gate gate;
	struct send_answer answer;
};

static void keep_answer(void *arg, const struct send_answer *answer)
{
	struct wait *w = arg;

	w->answer = *answer;
	gate_open(&w->gate);
}

int host_probe_wait(struct host *host, struct deployment *deployment, struct send_answer *ret,
                    struct err *e)
{
	struct wait w;

	gate_init(&w.gate, host);
	int rc = host_probe(host, deployment, keep_answer, &w, e);
	if (rc < 0)
		return rc;
	gate_wait(&w.gate);
	*ret = w.answer;
	return 0;
}
