/* A queue: its making, what is deployed in it, what may stay in memory. */
#include "core/queue.h"

#include <stdio.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/mem.h"
#include "core/call.h"
#include "core/delivery.h"
#include "core/deployment.h"
#include "core/event_impl.h"
#include "core/host_impl.h"
#include "core/meter.h"
#include "plug/hostapi.h"
#include "schema/common.h"
#include "store/store.h"

/* Memory for stored messages, over all links. */
enum {
	ACTIVE_MOST = 20000,
	ACTIVE_SHARE = ACTIVE_MOST / 4,
	/* The rest of what one link may have is kept for its messages on the disk, so that they take turns
	 * with new ones. */
	FRESH_MOST = (ACTIVE_MOST - ACTIVE_SHARE) / 4 * 3,
};
#define ACTIVE_BYTES_MOST  ((size_t)256 << 20)
#define ACTIVE_BYTES_SHARE (ACTIVE_BYTES_MOST / 4)

static void deliver_hint(struct letter *letter)
{
	struct queue *q = container_of(letter, struct queue, hint_letter);

	atomic_store(&q->hinted, false); /* first: what comes from now on posts a new letter */
	queue_note_disk(q, store_now_ms(q->host->store));
	atomic_store(&q->knows_disk, true);
	queue_pump(q);
}

static void fire_wake(struct timer *timer)
{
	queue_pump(container_of(timer, struct queue, wake));
}

/* The words of a store or a deployment, kept as long as the queue. */
static bool keep_names(struct queue *q, const char *project, const char *connection,
                       const char *environment)
{
	q->project = mem_strdup(project);
	q->connection = mem_strdup(connection);
	q->environment = mem_strdup(environment);
	return q->project && q->connection && q->environment;
}

struct queue *queue_create(struct host *host, struct lane *lane, const char *project,
                           const char *connection, const char *environment,
                           const struct store_link *stored)
{
	struct queue *q = mem_zalloc(sizeof(*q));

	if (!q || !keep_names(q, project, connection, environment)) {
		queue_destroy(q);
		return NULL;
	}
	q->host = host;
	q->lane = lane;
	for (int s = 0; s < QUEUE_SOURCES; s++)
		list_init(&q->waiting[s]);
	list_init(&q->pausing);
	list_init(&q->out);
	list_init(&q->node);
	q->wake.fire = fire_wake;
	q->hint_letter.deliver = deliver_hint;
	breaker_init(&q->breaker);
	limiter_init(&q->limiter, 0);
	if (!stored)
		return q;
	q->id = stored->id;
	q->paused = stored->paused;
	atomic_store(&q->keeps_paused, stored->paused);
	if (stored->paused)
		snprintf(q->paused_reason, sizeof(q->paused_reason), "%s",
		         stored->paused_reason ? stored->paused_reason : "");
	q->disk_due_ms = stored->next_due_ms;
	atomic_store(&q->open, (long long)(stored->ready + stored->leased));
	atomic_store(&q->dead, (long long)(stored->dead + stored->quarantined));
	return q;
}

void queue_destroy(struct queue *q)
{
	if (!q)
		return;
	mem_free((char *)(uintptr_t)q->project);
	mem_free((char *)(uintptr_t)q->connection);
	mem_free((char *)(uintptr_t)q->environment);
	meter_finish(&q->measure);
	mem_free(q);
}

/*
 * Deployments
 */

static uint32_t common(const struct deployment *d, int row)
{
	return (uint32_t)deployment_common(d, row)->u.i;
}

/* What the common rows of the new deployment say. */
static void take_settings(struct queue *q, const struct deployment *d)
{
	const char *alert = deployment_common(d, COMMON_ALERT_CONNECTION)->u.s;
	int64_t now_ms = lane_now_ms(q->lane);

	pthread_mutex_lock(&q->host->alert_lock);
	snprintf(q->alert_connection, sizeof(q->alert_connection), "%s", alert ? alert : "");
	pthread_mutex_unlock(&q->host->alert_lock);
	q->rules = (struct policy_rules){
		.retry_delay_ms = (int64_t)common(d, COMMON_RETRY_DELAY_S) * 1000,
		.retry_max_attempts = common(d, COMMON_RETRY_MAX_ATTEMPTS),
		.retry_max_age_ms = (int64_t)common(d, COMMON_RETRY_MAX_AGE_S) * 1000,
	};
	q->ordered = strcmp(deployment_common(d, COMMON_ORDERING)->u.s, "key") == 0;
	limiter_set_fixed(&q->limiter, common(d, COMMON_POOL_SIZE));
	if (q->link)
		bucket_set(&q->bucket, common(d, COMMON_RATE_PER_S), common(d, COMMON_BURST),
		           now_ms);
	else
		bucket_init(&q->bucket, common(d, COMMON_RATE_PER_S), common(d, COMMON_BURST),
		            now_ms);
	atomic_store(&q->most, deployment_common(d, COMMON_QUEUE_MAX_MESSAGES)->u.i);
	atomic_store(&q->enabled, d->enabled || q->is_probe);
}

int queue_deploy(struct queue *q, struct deployment *deployment)
{
	struct lk_link *link, *old = q->link;

	int rc = link_create(q->lane, q, deployment, &link);
	if (rc < 0)
		return rc;
	take_settings(q, deployment);
	q->link = link;
	if (list_empty(&q->node))
		list_append(&q->lane->queues, &q->node);
	/* Somebody may have mended what was wrong. */
	breaker_init(&q->breaker);
	q->block = (struct queue_block){0};
	q->told_breaker = q->told_block = q->told_expired = false;
	q->forbidden = 0;
	atomic_store(&q->deployed, true);
	if (old)
		link_close(old, NULL, NULL);
	if (!atomic_load(&q->enabled))
		queue_release(q, LK_REJECT, "disabled", "the connection is disabled");
	event_of_link(q, EVENT_DEPLOYED, NULL, NULL);
	expiry_begin(q);
	trial_begin(q);
	queue_pump(q);
	return 0;
}

void queue_undeploy(struct queue *q, void (*closed)(void *arg), void *arg)
{
	struct lk_link *link = q->link;

	q->link = NULL;
	atomic_store(&q->deployed, false);
	atomic_store(&q->admits, false);
	queue_release(q, LK_RETRY, "not_deployed", "the connection is being closed");
	lane_timer_stop(q->lane, &q->wake);
	expiry_end(q);
	trial_end(q);
	event_of_link(q, EVENT_UNDEPLOYED, NULL, NULL);
	if (link)
		link_close(link, closed, arg);
	else if (closed)
		closed(arg);
}

void queue_set_paused(struct queue *q, bool paused, const char *reason)
{
	if (q->paused == paused)
		return;
	q->paused = paused;
	atomic_store(&q->keeps_paused, paused);
	snprintf(q->paused_reason, sizeof(q->paused_reason), "%s", paused && reason ? reason : "");
	event_of_link(q, paused ? EVENT_LINK_PAUSED : EVENT_LINK_RESUMED, paused ? "paused" : NULL,
	              q->paused_reason);
	if (paused)
		queue_release(q, LK_REJECT, "paused", "the connection is paused");
	else
		queue_recover(q);
	queue_pump(q);
}

void queue_recover(struct queue *q)
{
	limiter_recover(&q->limiter, lane_now_ms(q->lane));
}

/*
 * What waits
 */

void queue_add(struct queue *q, enum queue_source source, struct send *send)
{
	list_append(&q->waiting[source], &send->node);
}

void queue_add_first(struct queue *q, enum queue_source source, struct send *send)
{
	list_append(q->waiting[source].next, &send->node);
}

static void refuse_calls(struct list *calls, uint32_t result, const char *reason,
                         const char *detail)
{
	for (struct list *node; (node = list_pop(calls));)
		call_refuse(call_of(container_of(node, struct send, node)), result, reason, detail);
}

static void release_deliveries(struct list *deliveries)
{
	for (struct list *node; (node = list_pop(deliveries));) {
		struct delivery *d = delivery_of(container_of(node, struct send, node));
		/* Due since its beginning, so that it comes before younger ones. */
		delivery_release(d, d->since_ms);
	}
}

void queue_release(struct queue *q, uint32_t result, const char *reason, const char *detail)
{
	refuse_calls(&q->waiting[QUEUE_CALLS], result, reason, detail);
	refuse_calls(&q->pausing, result, reason, detail);
	release_deliveries(&q->waiting[QUEUE_FRESH]);
	release_deliveries(&q->waiting[QUEUE_CLAIMED]);
	q->ahead = 0;
}

void queue_note_disk(struct queue *q, int64_t due_ms)
{
	if (!q->disk_due_ms || due_ms < q->disk_due_ms)
		q->disk_due_ms = due_ms;
}

void queue_hint(struct queue *q)
{
	atomic_fetch_add(&q->hints, 1); /* first: whoever finds a letter on its way is counted */
	/* A queue that is held may get thousands, and its lane need not wake for each.  A claim that ends
	 * this looks at `hints` afterwards. */
	if (!atomic_load(&q->knows_disk) && !atomic_exchange(&q->hinted, true))
		mailbox_post(&q->lane->mailbox, &q->hint_letter);
}

/*
 * Memory
 */

/* A link has a quarter of the memory, and more only while a quarter is left for the others.  Counters
 * that run past their bound by a few, where threads meet, do no harm. */
static bool has_room(uint64_t all, uint64_t own, uint64_t more, uint64_t most, uint64_t share)
{
	return all + more <= most && (own + more <= share || all + more <= most - share);
}

bool queue_admit(struct queue *q, size_t bytes)
{
	struct host *host = q->host;

	if (!has_room(atomic_load(&host->active), atomic_load(&q->active), 1, ACTIVE_MOST,
	              ACTIVE_SHARE) ||
	    !has_room(atomic_load(&host->active_bytes), atomic_load(&q->active_bytes), bytes,
	              ACTIVE_BYTES_MOST, ACTIVE_BYTES_SHARE))
		return false;
	atomic_fetch_add(&host->active, 1);
	atomic_fetch_add(&host->active_bytes, bytes);
	atomic_fetch_add(&q->active, 1);
	atomic_fetch_add(&q->active_bytes, bytes);
	return true;
}

bool queue_admit_fresh(struct queue *q, size_t bytes)
{
	if (!atomic_load(&q->admits) || atomic_load(&q->fresh) >= FRESH_MOST ||
	    !queue_admit(q, bytes))
		return false;
	atomic_fetch_add(&q->fresh, 1);
	return true;
}

void queue_leave(struct queue *q, size_t bytes, bool was_fresh)
{
	struct host *host = q->host;

	atomic_fetch_sub(&host->active, 1);
	atomic_fetch_sub(&host->active_bytes, bytes);
	atomic_fetch_sub(&q->active, 1);
	atomic_fetch_sub(&q->active_bytes, bytes);
	if (was_fresh)
		atomic_fetch_sub(&q->fresh, 1);
}
