/* Dispatch: what goes out of a queue next, and what is fetched from the disk. */
#include <linkspan/connector.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/call.h"
#include "core/delivery.h"
#include "core/event_impl.h"
#include "core/host_impl.h"
#include "core/queue.h"
#include "core/watch.h"
#include "crypto/random.h"
#include "plug/hostapi.h"
#include "store/store.h"

enum {
	CLAIM_LEAST = 8,            /* in memory ahead of their turn, whatever the limit */
	CLAIM_MOST = 1000,          /* in one operation, and ahead */
	CLAIM_BYTES_MOST = 8 << 20, /* of bodies, in one operation */
	CLAIM_AGAIN_MS = 100,       /* after one that gave nothing */
	EXPIRE_EVERY_MS = 60 * 1000,
	EXPIRE_MOST = 500,
};

static bool is_probing(const struct queue *q)
{
	return q->block.on || q->breaker.state == BREAKER_HALF_OPEN;
}

bool queue_keeps(const struct queue *q)
{
	return q->link && !q->paused && atomic_load(&q->enabled) && !q->lane->draining;
}

/* Whether anything may go out at all, slots and tokens aside. */
static bool is_open(struct queue *q, int64_t now_ms)
{
	return queue_keeps(q) && !q->probe && !(q->block.on && now_ms < q->block.next_ms) &&
	       breaker_permits(&q->breaker, now_ms);
}

static bool has_slot(const struct queue *q, int64_t now_ms)
{
	return q->in_flight < (is_probing(q) ? 1 : limiter_limit(&q->limiter, now_ms));
}

/* Sources take turns, so that new and old work alternate and neither waits for the other.  Where one
 * waits to go alone, the lane stands still for it: it comes first. */
static struct send *choose(struct queue *q, enum queue_source *ret_source)
{
	struct delivery *solo = q->lane->solo;

	if (solo && solo->queue == q && !solo->send.op) {
		*ret_source = solo->is_fresh ? QUEUE_FRESH : QUEUE_CLAIMED;
		return &solo->send;
	}
	for (int i = 0; i < QUEUE_SOURCES; i++) {
		enum queue_source source = (q->turn + i) % QUEUE_SOURCES;
		if (list_empty(&q->waiting[source]))
			continue;
		*ret_source = source;
		return container_of(q->waiting[source].next, struct send, node);
	}
	return NULL;
}

static bool takes_token(struct queue *q, int64_t now_ms)
{
	int64_t wait_ms = bucket_take(&q->bucket, now_ms);

	q->token_ms = wait_ms > 0 ? now_ms + wait_ms : 0;
	return wait_ms == 0;
}

/* The fresh secret is the one that was refused: that attempt counts after all. */
static bool ends_refused(struct queue *q, struct send *send)
{
	struct outcome *outcome = send->refused;

	if (!outcome || send->secrets_version != q->link->secrets.version)
		return false;
	list_remove(&send->node);
	lane_timer_stop(q->lane, &send->timer);
	send->refused = NULL;
	q->in_flight++; /* as when it went out: ended() takes this back */
	breaker_start(&q->breaker);
	send->ended(send, outcome);
	return true;
}

static void put_back(struct queue *q, enum queue_source source, struct send *send)
{
	if (source == QUEUE_CALLS)
		call_hold_first(call_of(send));
	else
		queue_add_first(q, source, send);
}

/* 0; LK_EBUSY: not now; else it is over for this attempt. */
static int submit(struct queue *q, enum queue_source source, struct send *send)
{
	bool stored = source != QUEUE_CALLS;

	if (stored && delivery_begin(delivery_of(send)) < 0) {
		link_rest(q->link);
		return LK_EBUSY;
	}
	if (!stored)
		send->attempt++;
	int rc = link_submit(q->link, send);
	if (rc >= 0)
		return 0;
	if (stored)
		delivery_unbegin(delivery_of(send));
	else
		send->attempt--;
	return rc;
}

/* Sends one.  False: nothing more can be done now. */
static bool send_one(struct queue *q, int64_t now_ms)
{
	enum queue_source source;
	struct send *send = is_open(q, now_ms) && has_slot(q, now_ms) ? choose(q, &source) : NULL;

	if (!send || !link_ready(q->link))
		return false;
	/* link_ready() may have refused what waited. */
	send = choose(q, &source);
	if (!send)
		return false;
	if (ends_refused(q, send))
		return true;
	bool solo = source != QUEUE_CALLS && delivery_of(send)->is_solo;
	if (!takes_token(q, now_ms))
		return false;
	if (!lane_permits(q->lane, solo ? delivery_of(send) : NULL)) {
		bucket_return(&q->bucket);
		return false;
	}

	list_remove(&send->node);
	lane_timer_stop(q->lane, &send->timer);
	bool probing = is_probing(q);
	int rc = submit(q, source, send);
	if (rc < 0)
		lane_landed(q->lane);
	if (rc == LK_EBUSY) {
		bucket_return(&q->bucket);
		put_back(q, source, send);
		return false;
	}
	q->turn = (source + 1) % QUEUE_SOURCES;
	if (rc < 0) {
		bucket_return(&q->bucket);
		if (source == QUEUE_CALLS)
			call_not_taken(call_of(send), rc);
		else
			delivery_not_taken(delivery_of(send), rc);
		return true;
	}
	q->in_flight++;
	breaker_start(&q->breaker);
	if (probing)
		q->probe = send;
	return true;
}

/*
 * The disk
 */

struct claim {
	struct store_claim op; /* first */
	struct letter letter;
	struct queue *queue;
	unsigned hints;    /* of the queue, when it was carried out */
	struct list taken; /* struct send.node */
};

/* [lane] */
static void deliver_claim(struct letter *letter)
{
	struct claim *claim = container_of(letter, struct claim, letter);
	struct queue *q = claim->queue;
	bool failed = claim->op.op.rc != 0;

	q->claiming = false;
	/* The link was faster than the store: more at once, so that it does not wait for each commit. */
	if (!failed && claim->op.count > 0 && list_empty(&q->waiting[QUEUE_CLAIMED]))
		q->ahead = 2 * claim->op.count < CLAIM_MOST ? 2 * claim->op.count : CLAIM_MOST;
	if (!failed)
		q->disk_due_ms = claim->op.next_due_ms;
	/* What came to the disk since then may have no letter of its own: one from before was still on
	 * its way, or the lane knew. */
	atomic_store(&q->knows_disk, false);
	if (atomic_load(&q->hints) != claim->hints)
		queue_note_disk(q, store_now_ms(q->host->store));
	/* Something is due and was not given: there was no memory for it. */
	bool nothing = claim->op.count == 0 && claim->op.next_due_ms &&
	               claim->op.next_due_ms <= claim->op.now_ms;
	if (failed || nothing)
		q->claim_after_ms = lane_now_ms(q->lane) + CLAIM_AGAIN_MS;
	for (struct list *node; (node = list_pop(&claim->taken));) {
		struct delivery *d = delivery_of(container_of(node, struct send, node));
		if (failed) {
			queue_leave(q, d->body_bytes, false);
			delivery_destroy(d);
			continue;
		}
		delivery_arrive(d);
	}
	mem_free(claim);
	queue_pump(q);
	host_let_go(q->host);
}

static void claimed(struct store_op *op)
{
	struct claim *claim = (struct claim *)op;

	claim->hints = atomic_load(&claim->queue->hints);
	claim->letter.deliver = deliver_claim;
	mailbox_post(&claim->queue->lane->mailbox, &claim->letter);
}

/* On the store's thread, inside the transaction. */
static bool take(struct store_claim *op, const struct store_delivery *from)
{
	struct claim *claim = (struct claim *)op;
	struct queue *q = claim->queue;
	struct message *message = NULL;
	char id[MESSAGE_ID_BYTES];

	if (!queue_admit(q, from->body_bytes))
		return false;
	message_id_write(from->seq, from->salt, id);
	const struct message_parts parts = {
		.id = id,
		.body = from->body,
		.body_bytes = from->body_bytes,
		.content_type = from->content_type,
		.attrs = from->attrs,
		.attr_count = from->attr_count,
	};
	struct delivery *d = NULL;
	if (message_create(&parts, &message, NULL) == 0)
		d = delivery_create(q, message, from->seq);
	message_unref(message);
	if (!d) {
		queue_leave(q, from->body_bytes, false);
		return false;
	}
	d->since_ms = from->since_ms;
	d->attempts = from->attempts;
	d->replay = from->replay;
	d->suspect = from->suspect;
	d->fence = from->fence;
	d->is_keyed = from->ordering_key != NULL;
	list_append(&claim->taken, &d->send.node);
	return true;
}

/* How many more should be in memory for the slots there are. */
static uint32_t wanted(struct queue *q, int64_t now_ms)
{
	uint32_t have = atomic_load(&q->active) - atomic_load(&q->fresh);
	uint32_t need = CLAIM_LEAST + 2 * limiter_limit(&q->limiter, now_ms);

	if (need < q->ahead)
		need = q->ahead;

	if (is_probing(q))
		need = 1;
	if (have > need / 2)
		return 0; /* many at once cost less than each alone */
	need -= have;
	return need < CLAIM_MOST ? need : CLAIM_MOST;
}

static bool nothing_waits(const struct queue *q)
{
	return list_empty(&q->waiting[QUEUE_FRESH]) && list_empty(&q->waiting[QUEUE_CLAIMED]);
}

static void refill(struct queue *q, int64_t now_ms)
{
	if (!q->id || q->claiming || !q->disk_due_ms || now_ms < q->claim_after_ms ||
	    q->disk_due_ms > store_now_ms(q->host->store) || !is_open(q, now_ms) ||
	    (is_probing(q) && !nothing_waits(q)))
		return;
	uint32_t most = wanted(q, now_ms);
	struct claim *claim = most ? mem_zalloc(sizeof(*claim)) : NULL;
	if (!claim) {
		if (most)
			q->claim_after_ms = now_ms + CLAIM_AGAIN_MS;
		return;
	}
	claim->op = (struct store_claim){
		.op = {.kind = STORE_CLAIM, .done = claimed},
		.link = q->id,
		.now_ms = store_now_ms(q->host->store),
		.most = most,
		.bytes_most = CLAIM_BYTES_MOST,
		.ordered = q->ordered,
		.take = take,
	};
	claim->queue = q;
	list_init(&claim->taken);
	q->claiming = true;
	host_hold(q->host);
	lane_post_store(q->lane, &claim->op.op);
}

/*
 * What has waited too long behind a blocked link
 */

struct expire {
	struct store_expire op; /* first */
	struct letter letter;
	struct queue *queue;
};

static void deliver_expire(struct letter *letter)
{
	struct expire *expire = container_of(letter, struct expire, letter);
	struct queue *q = expire->queue;

	q->expiring = false;
	if (expire->op.op.rc == 0 && expire->op.count > 0) {
		atomic_fetch_sub(&q->open, expire->op.count);
		atomic_fetch_add(&q->dead, expire->op.count);
		atomic_fetch_add(&q->dead_lettered, expire->op.count);
		event_of_link(q, EVENT_DEAD, "expired",
		              "messages older than retry_max_age_s were given up");
		watch_look(q->lane);
		if (expire->op.count == EXPIRE_MOST)
			q->expired_ms = 0; /* there may be more */
	}
	mem_free(expire);
	queue_pump(q);
	host_let_go(q->host);
}

static void expired(struct store_op *op)
{
	struct expire *expire = (struct expire *)op;

	expire->letter.deliver = deliver_expire;
	mailbox_post(&expire->queue->lane->mailbox, &expire->letter);
}

static void end_old(struct queue *q, int64_t now_ms)
{
	if (!q->id || !q->block.on || q->expiring ||
	    (q->expired_ms && now_ms < q->expired_ms + EXPIRE_EVERY_MS))
		return;
	struct expire *expire = mem_zalloc(sizeof(*expire));
	q->expired_ms = now_ms;
	if (!expire)
		return;
	int64_t store_ms = store_now_ms(q->host->store);
	expire->op = (struct store_expire){
		.op = {.kind = STORE_EXPIRE, .done = expired},
		.link = q->id,
		.since_ms = store_ms - q->rules.retry_max_age_ms,
		.now_ms = store_ms,
		.most = EXPIRE_MOST,
	};
	expire->queue = q;
	q->expiring = true;
	host_hold(q->host);
	lane_post_store(q->lane, &expire->op.op);
}

/*
 * When to look again
 */

/* A moment that has come already was made use of just now: what is still missing then (a slot, a secret,
 * memory) comes with an event of its own. */
static void sooner(int64_t *due_ms, int64_t at_ms, int64_t now_ms)
{
	if (at_ms > now_ms && (*due_ms < 0 || at_ms < *due_ms))
		*due_ms = at_ms;
}

static int64_t disk_moment(const struct queue *q, int64_t now_ms)
{
	int64_t wait_ms = q->disk_due_ms - store_now_ms(q->host->store);
	int64_t at_ms = now_ms + (wait_ms > 0 ? wait_ms : 0);

	return at_ms > q->claim_after_ms ? at_ms : q->claim_after_ms;
}

static void plan(struct queue *q, int64_t now_ms)
{
	bool in_memory = !nothing_waits(q) || !list_empty(&q->waiting[QUEUE_CALLS]);
	bool on_disk = q->id && q->disk_due_ms && !q->claiming;
	int64_t due_ms = -1;

	if (!queue_keeps(q)) {
		lane_timer_stop(q->lane, &q->wake);
		return;
	}
	if (q->block.on) {
		sooner(&due_ms, q->block.next_ms, now_ms);
		sooner(&due_ms, q->id ? q->expired_ms + EXPIRE_EVERY_MS : -1, now_ms);
	} else if (q->breaker.state != BREAKER_CLOSED) {
		sooner(&due_ms, breaker_next_ms(&q->breaker, now_ms), now_ms);
	}
	bool may = is_open(q, now_ms);
	if (may && in_memory) {
		sooner(&due_ms, q->token_ms, now_ms);
		sooner(&due_ms, limiter_next_ms(&q->limiter, now_ms), now_ms);
	}
	if (may && on_disk)
		sooner(&due_ms, disk_moment(q, now_ms), now_ms);
	if (due_ms < 0)
		lane_timer_stop(q->lane, &q->wake);
	else
		lane_timer_set(q->lane, &q->wake, due_ms, q->wake.fire);
}

void queue_pump(struct queue *q)
{
	int64_t now_ms = lane_now_ms(q->lane);

	if (q->pumping)
		return;
	q->pumping = true;
	while (send_one(q, now_ms))
		continue;
	q->pumping = false;
	end_old(q, now_ms);
	if (q->id)
		refill(q, now_ms);
	plan(q, now_ms);
	atomic_store(&q->admits, q->id && is_open(q, now_ms) && !is_probing(q));
}
