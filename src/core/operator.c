/* What operators do to stored messages and to links: retry, cancel, replay, pause, resume. */
#include <linkspan/connector.h>
#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/delivery.h"
#include "core/host_impl.h"
#include "core/outbox.h"
#include "core/queue.h"
#include "core/watch.h"
#include "store/store.h"
#include "json/json.h"

static int not_found(struct err *e, const char *id)
{
	return err_set(e, ERR_NOT_FOUND, "no delivery has the id \"%.40s\"", id);
}

/* The whole id must fit, not its first half alone. */
struct identity {
	uint64_t salt;
};

static void see_salt(void *arg, const struct store_delivery *d)
{
	((struct identity *)arg)->salt = d->salt;
}

static void pass_over(void *arg, const struct store_attempt *a)
{
	(void)arg, (void)a;
}

static int find(struct host *host, const char *id, uint64_t *ret_seq, struct err *e)
{
	struct identity found = {0};
	uint64_t seq, salt;

	if (message_id_parse(id, &seq, &salt) < 0)
		return not_found(e, id);
	int rc = store_get(host->store, seq, see_salt, pass_over, &found, e);
	if (rc < 0)
		return rc;
	if (found.salt != salt)
		return not_found(e, id);
	*ret_seq = seq;
	return 0;
}

/*
 * A delivery that is in memory: its lane is asked
 */

struct asking {
	struct letter letter;
	struct queue *queue;
	uint64_t seq;
	struct store_audit *audit; /* NULL once a delivery has it */
	bool found;
	struct gate gate;
};

static struct delivery *find_in(struct list *sends, uint64_t seq)
{
	list_each(node, sends) {
		struct delivery *d = delivery_of(container_of(node, struct send, node));
		if (d->seq == seq)
			return d;
	}
	return NULL;
}

static struct delivery *find_out(struct list *out, uint64_t seq)
{
	list_each(node, out) {
		struct send *send = container_of(node, struct send, out);
		if (send->flags & LK_REQUEST_STORED && delivery_of(send)->seq == seq)
			return delivery_of(send);
	}
	return NULL;
}

static void deliver_cancel(struct letter *letter)
{
	struct asking *a = container_of(letter, struct asking, letter);
	struct queue *q = a->queue;
	struct delivery *d = find_in(&q->waiting[QUEUE_FRESH], a->seq);

	if (!d)
		d = find_in(&q->waiting[QUEUE_CLAIMED], a->seq);
	if (!d)
		d = find_out(&q->out, a->seq);
	a->found = d != NULL;
	if (d) {
		delivery_cancel(d, a->audit);
		a->audit = NULL;
	}
	gate_open(&a->gate);
}

/* 1: it is cancelled, and its settlement carries the audit row; 0: it is not there. */
static int cancel_in_memory(struct host *host, int64_t link, uint64_t seq,
                            const struct store_audit *audit, struct err *e)
{
	struct asking a = {.letter.deliver = deliver_cancel, .seq = seq};

	a.queue = host_queue_by_id(host, link);
	if (!a.queue)
		return 0;
	a.audit = store_audit_copy(audit);
	if (audit && !a.audit)
		return err_no_memory(e);
	gate_init(&a.gate, host);
	mailbox_post(&a.queue->lane->mailbox, &a.letter);
	gate_wait(&a.gate);
	mem_free(a.audit);
	return a.found;
}

/*
 * Single deliveries
 */

static int alter(struct host *host, const char *id, enum store_verb verb,
                 const struct store_audit *audit, struct store_alter *ret, struct err *e)
{
	uint64_t seq = 0;
	int rc = find(host, id, &seq, e);

	if (rc < 0)
		return rc;
	*ret = (struct store_alter){
		.op = {.kind = STORE_ALTER, .audit = audit},
		.seq = seq,
		.verb = verb,
		.now_ms = store_now_ms(host->store),
	};
	return host_store_wait(host, &ret->op);
}

static int explain(int rc, const char *id, const char *verb, enum store_state state, struct err *e)
{
	if (rc == ERR_NOT_FOUND)
		return not_found(e, id);
	if (rc == ERR_BUSY && state != STORE_LEASED)
		return err_set(e, ERR_BUSY, "there is no room on the disk to note that");
	if (rc == ERR_CONFLICT || rc == ERR_BUSY)
		return err_set(e, ERR_CONFLICT, "%s cannot be %s: it is %s", id, verb,
		               store_state_name(state));
	return err_set(e, rc, "the store cannot change %s", id);
}

static bool has_ended(enum store_state state)
{
	return state != STORE_READY && state != STORE_LEASED;
}

/* What was replayed is open again. */
static void count_replayed(struct queue *q, enum store_state from)
{
	atomic_fetch_add(&q->open, 1);
	if (from == STORE_DEAD || from == STORE_QUARANTINED)
		atomic_fetch_sub(&q->dead, 1);
}

int outbox_retry(struct host *host, const char *id, const struct store_audit *audit, struct err *e)
{
	struct store_alter op = {0};
	int rc = alter(host, id, STORE_RETRY_NOW, audit, &op, e);

	if (rc == ERR_BUSY && op.state == STORE_LEASED)
		return 0; /* it is on its way already */
	if (rc < 0)
		return e && e->code ? rc : explain(rc, id, "retried", op.state, e);
	struct queue *q = host_queue_by_id(host, op.link);
	if (q && has_ended(op.state))
		count_replayed(q, op.state);
	if (q)
		queue_hint(q);
	return 0;
}

int outbox_cancel(struct host *host, const char *id, const struct store_audit *audit, struct err *e)
{
	struct store_alter op = {0};

	/* It can come back to the disk between the two questions; then the first is asked again. */
	for (int round = 0; round < 8; round++) {
		int rc = alter(host, id, STORE_CANCEL, audit, &op, e);
		if (rc == 0) {
			struct queue *q = host_queue_by_id(host, op.link);
			if (q) {
				atomic_fetch_sub(&q->open, 1);
				queue_hint(q); /* its end may free the next one of its key */
			}
			watch_ended(host, op.seq);
			return 0;
		}
		if (rc != ERR_BUSY || op.state != STORE_LEASED)
			return e && e->code ? rc : explain(rc, id, "cancelled", op.state, e);
		rc = cancel_in_memory(host, op.link, op.seq, audit, e);
		if (rc != 0)
			return rc < 0 ? rc : 0;
	}
	return err_set(e, ERR_BUSY, "%s is on its way just now; ask again", id);
}

/*
 * Many
 */

struct recovering {
	struct letter letter;
	struct queue *queue;
	struct gate gate;
};

static void deliver_recover(struct letter *letter)
{
	struct recovering *r = container_of(letter, struct recovering, letter);
	struct queue *q = r->queue;

	queue_recover(q);
	queue_note_disk(q, store_now_ms(q->host->store));
	queue_pump(q);
	gate_open(&r->gate);
}

static void recover(struct queue *q)
{
	struct recovering r = {.letter.deliver = deliver_recover, .queue = q};

	gate_init(&r.gate, q->host);
	mailbox_post(&q->lane->mailbox, &r.letter);
	gate_wait(&r.gate);
}

int outbox_replay(struct host *host, const struct store_filter *filter, uint64_t after,
                  uint32_t most, const struct store_audit *audit, uint64_t *ret_count,
                  uint64_t *ret_last, struct err *e)
{
	struct store_replay *op = mem_zalloc(sizeof(*op));
	struct store_audit counting;

	if (!op)
		return err_no_memory(e);
	op->op.kind = STORE_REPLAY;
	if (audit) {
		counting = *audit;
		counting.count = &op->count;
		op->op.audit = &counting;
	}
	op->filter = filter;
	op->after = after;
	op->most = most < STORE_GROUP_MAX ? most : STORE_GROUP_MAX;
	op->now_ms = store_now_ms(host->store);
	int rc = host_store_wait(host, &op->op);
	if (rc < 0) {
		rc = err_set(e, rc, "the store cannot replay");
	} else {
		*ret_count = op->count;
		*ret_last = op->last;
		for (size_t i = 0; i < op->link_count; i++) {
			struct queue *q = host_queue_by_id(host, op->links[i].link);
			if (!q)
				continue;
			atomic_fetch_add(&q->open, op->links[i].count);
			atomic_fetch_sub(&q->dead, op->links[i].dead);
			recover(q);
		}
	}
	mem_free(op);
	return rc;
}

/*
 * Pausing
 */

struct pausing {
	struct letter letter;
	struct queue *queue;
	bool paused;
	const char *reason;
	struct gate gate;
};

static void deliver_pause(struct letter *letter)
{
	struct pausing *p = container_of(letter, struct pausing, letter);

	queue_set_paused(p->queue, p->paused, p->reason);
	gate_open(&p->gate);
}

static int set_paused(struct host *host, const char *project, const char *connection,
                      const char *environment, bool paused, const char *reason,
                      const struct store_audit *audit, struct err *e)
{
	struct pausing p = {.letter.deliver = deliver_pause, .paused = paused, .reason = reason};

	p.queue = host_queue(host, project, connection, environment);
	if (!p.queue)
		return err_set(e, ERR_NOT_FOUND, "\"%s\" was never deployed in %s", connection,
		               environment);
	if (host->store) {
		struct store_pause op = {
			.op = {.kind = STORE_PAUSE, .audit = audit},
			.link = p.queue->id,
			.paused = paused,
			.reason = reason ? reason : "",
		};
		int rc = host_store_wait(host, &op.op);
		if (rc < 0)
			return err_set(e, rc, "the store cannot keep that \"%s\" is %s", connection,
			               paused ? "paused" : "resumed");
	}
	gate_init(&p.gate, host);
	mailbox_post(&p.queue->lane->mailbox, &p.letter);
	gate_wait(&p.gate);
	return 0;
}

int outbox_pause(struct host *host, const char *project, const char *connection,
                 const char *environment, const char *reason, const struct store_audit *audit,
                 struct err *e)
{
	return set_paused(host, project, connection, environment, true, reason, audit, e);
}

int outbox_resume(struct host *host, const char *project, const char *connection,
                  const char *environment, const struct store_audit *audit, struct err *e)
{
	return set_paused(host, project, connection, environment, false, NULL, audit, e);
}

/* [lane] Nobody waits for it: the pause holds in memory whatever the store says. */
struct gone {
	struct store_pause op; /* first */
	struct host *host;
	struct store_audit *audit;
	char reason[128];
};

static void gone_kept(struct store_op *op)
{
	struct gone *g = (struct gone *)op;
	struct host *host = g->host;

	mem_free(g->audit);
	mem_free(g);
	host_let_go(host);
}

/* The host's own word.  NULL: no memory. */
static struct store_audit *gone_audit(const struct queue *q, const char *reason)
{
	struct json *detail = json_object();
	struct store_audit *copy = NULL;
	struct buf text;

	buf_init(&text, BUF_MAX_LINE);
	int rc = json_set(detail, "environment", json_string(q->environment));
	rc |= json_set(detail, "reason", json_string(reason));
	rc |= json_write(detail, 0, &text);
	const struct store_audit audit = {
		.at_ms = store_now_ms(q->host->store),
		.actor = "host",
		.action = "connection.pause",
		.project = q->project,
		.subject = q->connection,
		.detail = buf_str(&text),
	};
	if (rc == 0)
		copy = store_audit_copy(&audit);
	json_free(detail);
	buf_finish(&text);
	return copy;
}

void queue_pause_gone(struct queue *q, const char *detail)
{
	struct gone *g = q->id ? mem_zalloc(sizeof(*g)) : NULL;
	const char *reason = detail ? detail : "the peer is gone for good";

	if (g && !(g->audit = gone_audit(q, reason))) {
		mem_free(g);
		g = NULL;
	}
	if (g) {
		g->host = q->host;
		snprintf(g->reason, sizeof(g->reason), "%s", reason);
		g->op = (struct store_pause){
			.op = {.kind = STORE_PAUSE, .done = gone_kept, .audit = g->audit},
			.link = q->id,
			.paused = true,
			.reason = g->reason,
		};
		host_hold(q->host);
		lane_post_store(q->lane, &g->op.op);
	}
	queue_set_paused(q, true, reason);
}
