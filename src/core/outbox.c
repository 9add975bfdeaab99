/* The outbox: accepting, and what operators do to what was accepted. */
#include "core/outbox.h"

#include <linkspan/connector.h>
#include <stdio.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/delivery.h"
#include "core/event.h"
#include "core/host_impl.h"
#include "core/queue.h"
#include "crypto/hash.h"

enum { SIZE_SEEN_MS = 1000 /* how long an answer about the size of the store is good */ };

/*
 * Accepting
 */

struct batch;

struct accept {
	struct store_accept op; /* first */
	struct store_delivery row;
	struct batch *batch;
	struct queue *queue;
	struct message *message;
	struct delivery *delivery; /* NULL: not admitted to memory */
	char *ordering_key, *idempotency_key;
};

struct batch {
	struct host *host;
	void (*answered)(void *arg, const struct outbox_answer *answers, size_t count);
	void *arg;
	size_t count, left;
	struct outbox_answer *answers; /* behind the items */
	struct accept items[];
};

static void refuse(struct outbox_answer *answer, int rc, const char *reason)
{
	answer->rc = rc;
	answer->reason = reason;
}

static void batch_end(struct batch *b)
{
	struct host *host = b->host;

	b->answered(b->arg, b->answers, b->count);
	mem_free(b);
	host_let_go(host);
}

static void arrive(struct letter *letter)
{
	struct delivery *d = container_of(letter, struct delivery, letter);
	struct queue *q = d->queue;

	delivery_arrive(d);
	queue_pump(q);
}

/* Why a message that was accepted does not go out at once by somebody's will. */
static const char *held(const struct queue *q)
{
	if (!atomic_load(&q->enabled))
		return "disabled";
	return atomic_load(&q->keeps_paused) ? "paused" : NULL;
}

static void drop_delivery(struct accept *a)
{
	struct delivery *d = a->delivery;

	if (!d)
		return;
	a->delivery = NULL;
	queue_leave(a->queue, d->body_bytes, true);
	delivery_destroy(d);
}

static void forget(struct accept *a)
{
	drop_delivery(a);
	message_unref(a->message);
	mem_free(a->ordering_key);
	mem_free(a->idempotency_key);
}

/* What the store's codes mean to the caller. */
static void answer_failure(struct accept *a, struct outbox_answer *answer)
{
	switch (a->op.op.rc) {
	case ERR_BUSY:
		refuse(answer, ERR_BUSY, "disk_full");
		break;
	case ERR_CONFLICT:
		refuse(answer, ERR_CONFLICT, "idempotency_conflict");
		break;
	case ERR_NO_MEMORY:
		refuse(answer, ERR_BUSY, "no_memory");
		break;
	default:
		refuse(answer, ERR_IO, "store");
		break;
	}
}

/* On the store's thread, after the commit. */
static void accepted(struct store_op *op)
{
	struct accept *a = (struct accept *)op;
	struct batch *b = a->batch;
	struct outbox_answer *answer = &b->answers[a - b->items];
	struct queue *q = a->queue;

	if (op->rc < 0) {
		answer_failure(a, answer);
		atomic_fetch_sub(&q->open, 1);
	} else if (a->op.repeated) {
		answer->repeated = true;
		message_id_write(a->op.first_seq, a->op.first_salt, answer->id);
		atomic_fetch_sub(&q->open, 1);
	} else {
		answer->held = held(q);
		if (a->delivery && a->op.leased) {
			struct delivery *d = a->delivery;
			a->delivery = NULL;
			d->fence = 1;
			d->letter.deliver = arrive;
			mailbox_post(&q->lane->mailbox, &d->letter);
		} else {
			queue_hint(q);
		}
	}
	forget(a);
	if (--b->left == 0)
		batch_end(b);
}

/* What must be the same when a key is used again. */
static void digest(const struct message *m, uint8_t *ret)
{
	const struct message_parts *p = message_get(m);
	struct hash h;

	hash_init(&h);
	hash_add(&h, p->content_type ? p->content_type : "",
	         p->content_type ? strlen(p->content_type) + 1 : 0);
	for (size_t i = 0; i < 2 * (size_t)p->attr_count; i++)
		if (strcmp(p->attrs[i & ~(size_t)1], "traceparent") != 0)
			hash_add(&h, p->attrs[i], strlen(p->attrs[i]) + 1);
	hash_add(&h, p->body ? "b" : "-", 1);
	if (p->body)
		hash_add(&h, p->body, p->body_bytes);
	hash_end(&h, ret);
}

/* Whether the store has grown past its bound; asked about once a second. */
static bool state_is_full(struct host *host)
{
	int64_t now_ms = host->clock->mono_ms(), seen_ms = atomic_load(&host->state_seen_ms);

	if (host->state_max_bytes > 0 && now_ms - seen_ms >= SIZE_SEEN_MS &&
	    atomic_compare_exchange_strong(&host->state_seen_ms, &seen_ms, now_ms)) {
		struct store_stats stats;
		store_stats(host->store, &stats);
		atomic_store(&host->state_full, stats.size_bytes > (uint64_t)host->state_max_bytes);
	}
	return atomic_load(&host->state_full);
}

/* Why a message cannot be accepted now; 0: it can. */
static int refusal(struct host *host, struct queue *q, const char **ret_reason)
{
	if (!q || !atomic_load(&q->deployed)) {
		*ret_reason = "not_deployed";
		return ERR_NOT_FOUND;
	}
	*ret_reason = atomic_load(&host->stopping)                     ? "stopping"
	              : atomic_load(&q->open) >= atomic_load(&q->most) ? "queue_full"
	              : state_is_full(host)                            ? "state_full"
	                                                               : NULL;
	return *ret_reason ? ERR_BUSY : 0;
}

static bool copy_keys(struct accept *a, const struct outbox_call *call)
{
	if (call->ordering_key)
		a->ordering_key = mem_strdup(call->ordering_key);
	if (call->idempotency_key)
		a->idempotency_key = mem_strdup(call->idempotency_key);
	return (a->ordering_key || !call->ordering_key) &&
	       (a->idempotency_key || !call->idempotency_key);
}

/* A copy in memory, when there is room for it: without, it is fetched from the disk later. */
static void admit(struct accept *a, uint64_t seq)
{
	size_t bytes = message_get(a->message)->body_bytes;

	if (!queue_admit_fresh(a->queue, bytes))
		return;
	a->delivery = delivery_create(a->queue, a->message, seq);
	if (!a->delivery) {
		queue_leave(a->queue, bytes, true);
		return;
	}
	a->delivery->since_ms = a->row.accepted_ms;
	a->delivery->is_fresh = true;
	a->delivery->is_keyed = a->ordering_key != NULL;
}

static int prepare(struct accept *a, const struct outbox_call *call, struct queue *q)
{
	const struct message_parts *p = message_get(call->message);
	uint64_t seq, salt;

	a->queue = q;
	a->message = message_ref(call->message);
	if (!copy_keys(a, call) || message_number(call->message, &seq, &salt) < 0)
		return ERR_NO_MEMORY;
	a->row = (struct store_delivery){
		.seq = seq,
		.salt = salt,
		.link = q->id,
		.accepted_ms = store_now_ms(q->host->store),
		.ordering_key = a->ordering_key,
		.body = p->body,
		.body_bytes = p->body_bytes,
		.content_type = p->content_type,
		.attrs = p->attrs,
		.attr_count = p->attr_count,
	};
	admit(a, seq);
	a->op = (struct store_accept){
		.op = {.kind = STORE_ACCEPT, .done = accepted},
		.delivery = &a->row,
		.lease = a->delivery != NULL,
		.idempotency_key = a->idempotency_key,
	};
	if (a->idempotency_key)
		digest(a->message, a->op.digest);
	return 0;
}

static struct batch *batch_create(struct host *host, size_t count)
{
	struct batch *b =
		mem_zalloc(sizeof(*b) + count * (sizeof(b->items[0]) + sizeof(*b->answers)));

	if (!b)
		return NULL;
	b->host = host;
	b->count = count;
	b->answers = (struct outbox_answer *)(void *)&b->items[count];
	return b;
}

/* Fills in one answer, or adds an operation to the chain. */
static void add(struct batch *b, size_t i, const struct outbox_call *call, struct store_op ***end)
{
	struct outbox_answer *answer = &b->answers[i];
	struct accept *a = &b->items[i];
	struct queue *q = host_queue(b->host, call->project, call->connection, call->environment);
	const char *reason;

	mem_put_text(answer->id, sizeof(answer->id), message_get(call->message)->id);
	int rc = refusal(b->host, q, &reason);
	if (rc < 0) {
		refuse(answer, rc, reason);
		return;
	}
	if (prepare(a, call, q) < 0) {
		forget(a);
		refuse(answer, ERR_BUSY, "no_memory");
		return;
	}
	atomic_fetch_add(&q->open, 1);
	a->batch = b;
	b->left++;
	**end = &a->op.op;
	*end = &a->op.op.next;
}

void outbox_accept(struct host *host, const struct outbox_call *calls, size_t count,
                   void (*answered)(void *arg, const struct outbox_answer *answers, size_t count),
                   void *arg)
{
	static const struct outbox_answer nothing[STORE_GROUP_MAX] = {
		[0 ... STORE_GROUP_MAX - 1] = {.rc = ERR_BUSY, .reason = "no_memory"},
	};
	struct store_op *first = NULL, **end = &first;
	struct batch *b = batch_create(host, count);

	if (!b) {
		answered(arg, nothing, count);
		return;
	}
	host_hold(host);
	b->answered = answered;
	b->arg = arg;
	for (size_t i = 0; i < count; i++)
		add(b, i, &calls[i], &end);
	*end = NULL;
	if (first)
		store_post(host->store, first);
	else
		batch_end(b);
}
