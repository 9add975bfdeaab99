/* What a host tells about itself: each lane fills in the rows of its links. */
#include "core/monitor.h"

#include <linkspan/connector.h>
#include <stdio.h>
#include <strings.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "core/deployment.h"
#include "core/host_impl.h"
#include "core/queue.h"
#include "plug/load.h"

enum { PORTION = 64 /* links that are looked at in one turn of a lane */ };

/* One lane's part of a question. */
struct question {
	struct letter letter;
	struct lane *lane;
	struct queue *const *queues;
	struct monitor_link *rows; /* of all queues, in their order */
	size_t count;
	size_t next; /* to be looked at */
	struct gate gate;
};

static size_t list_length(const struct list *l)
{
	size_t n = 0;

	for (const struct list *at = l->next; at != l; at = at->next)
		n++;
	return n;
}

/* From a moment of the monotonic clock to Unix time. */
static int64_t unix_of(const struct queue *q, int64_t mono_ms)
{
	return mono_ms - q->host->clock->mono_ms() + q->host->clock->unix_ms();
}

static void copy(char *to, size_t bytes, const char *from)
{
	snprintf(to, bytes, "%s", from);
}

static void fill_pool(struct monitor_link *m, const struct queue *q)
{
	struct lk_stats stats = {.size = sizeof(stats)};

	if (!q->link || !q->link->deployment->type->type.stats)
		return;
	q->link->deployment->type->type.stats(q->link->conn, &stats);
	m->pool_open = stats.open;
	m->pool_idle = stats.idle;
	m->pool_opened = stats.opened;
	m->pool_reused = stats.reused;
}

/* [lane] */
static void fill(struct monitor_link *m, struct queue *q)
{
	int64_t now_ms = q->host->clock->mono_ms();
	long long open = atomic_load(&q->open), dead = atomic_load(&q->dead);

	*m = (struct monitor_link){
		.id = q->id,
		.project = q->project,
		.connection = q->connection,
		.environment = q->environment,
		.deployed = q->link != NULL,
		.enabled = atomic_load(&q->enabled),
		.paused = q->paused,
		.waiting = open > 0 ? (uint64_t)open : 0,
		.dead = dead > 0 ? (uint64_t)dead : 0,
		.next_retry_ms = q->disk_due_ms,
		.in_flight = q->in_flight,
		.calls_waiting = (uint32_t)list_length(&q->waiting[QUEUE_CALLS]),
		.in_memory = atomic_load(&q->active),
		.concurrency_limit = limiter_limit(&q->limiter, now_ms),
		.breaker = q->breaker.state,
		.delivered = atomic_load(&q->delivered),
		.failed = atomic_load(&q->failed),
		.retried = atomic_load(&q->retried),
		.dead_lettered = atomic_load(&q->dead_lettered),
		.last_error_ms = q->error_ms,
		.measure = &q->measure,
	};
	if (q->breaker.state == BREAKER_OPEN)
		m->breaker_until_ms = unix_of(q, q->breaker.until_ms);
	if (q->block.on)
		m->next_retry_ms = unix_of(q, q->block.next_ms);
	copy(m->paused_reason, sizeof(m->paused_reason), q->paused_reason);
	copy(m->last_reason, sizeof(m->last_reason), q->error_reason);
	copy(m->last_detail, sizeof(m->last_detail), q->error_detail);
	m->state = queue_state(q, m->state_detail, sizeof(m->state_detail));
	m->test_ms = q->trial.at_ms;
	m->test_ok = q->trial.ok;
	m->test_status = q->trial.status;
	copy(m->test_reason, sizeof(m->test_reason), q->trial.reason);
	for (enum expiry_source source = 0; source < EXPIRY_SOURCES; source++) {
		const struct expiry_entry *entry = &q->expiry.of[source];
		m->certificates[source].ends_ms = entry->ends_ms;
		copy(m->certificates[source].subject, EXPIRY_SUBJECT_BYTES, entry->subject);
	}
	fill_pool(m, q);
}

static void deliver_question(struct letter *letter)
{
	struct question *question = container_of(letter, struct question, letter);

	for (unsigned filled = 0; question->next < question->count && filled < PORTION;) {
		size_t i = question->next++;
		if (question->queues[i]->lane != question->lane)
			continue;
		fill(&question->rows[i], question->queues[i]);
		filled++;
	}
	if (question->next < question->count)
		mailbox_post(&question->lane->mailbox, letter);
	else
		gate_open(&question->gate);
}

static bool fits(const struct queue *q, const char *project, const char *connection,
                 const char *environment)
{
	return (!project || strcasecmp(project, q->project) == 0) &&
	       (!connection || strcasecmp(connection, q->connection) == 0) &&
	       (!environment || strcmp(environment, q->environment) == 0);
}

/* Acceptance of the oldest open delivery of each link, from the store: rows by their id. */
struct ages {
	struct monitor_link **rows;
	size_t count;
};

static int compare_ids(const void *a, const void *b)
{
	int64_t x = (*(struct monitor_link *const *)a)->id;
	int64_t y = (*(struct monitor_link *const *)b)->id;

	return (x > y) - (x < y);
}

static void note_age(void *arg, const struct store_link *stored)
{
	struct ages *ages = arg;
	struct monitor_link key = {.id = stored->id}, *wanted = &key;
	struct monitor_link **found =
		bsearch(&wanted, ages->rows, ages->count, sizeof(wanted), compare_ids);

	if (found)
		(*found)->oldest_ms = stored->oldest_ms;
}

static void ask_store(struct host *host, struct monitor_link *rows, size_t count)
{
	struct ages ages = {mem_array(count + 1, sizeof(rows)), count};

	if (!ages.rows)
		return; /* an age that is not known is not shown */
	for (size_t i = 0; i < count; i++)
		ages.rows[i] = &rows[i];
	qsort(ages.rows, count, sizeof(ages.rows[0]), compare_ids);
	store_links(host->store, note_age, &ages, NULL);
	mem_free(ages.rows);
}

static void ask(struct host *host, struct queue **queues, size_t count, struct monitor_link *rows)
{
	for (unsigned i = 0; i < host->lane_count; i++) {
		struct question question = {
			.letter.deliver = deliver_question,
			.lane = &host->lanes[i],
			.queues = queues,
			.rows = rows,
			.count = count,
		};
		gate_init(&question.gate, host);
		mailbox_post(&host->lanes[i].mailbox, &question.letter);
		gate_wait(&question.gate);
	}
}

int monitor_read(struct host *host, const char *project, const char *connection,
                 const char *environment, struct monitor_link **ret, size_t *ret_count,
                 struct err *e)
{
	size_t all, count = 0;
	struct queue **queues = host_queues(host, &all);

	for (size_t i = 0; queues && i < all; i++)
		if (fits(queues[i], project, connection, environment))
			queues[count++] = queues[i];
	struct monitor_link *rows = queues ? mem_array(count + 1, sizeof(*rows)) : NULL;
	if (!rows) {
		mem_free(queues);
		return err_no_memory(e);
	}
	ask(host, queues, count, rows);
	if (host->store && count > 0)
		ask_store(host, rows, count);
	mem_free(queues);
	*ret = rows;
	*ret_count = count;
	return 0;
}

int monitor_some(struct host *host,
                 bool (*wanted)(void *arg, const char *project, const char *connection,
                                const char *environment),
                 void *arg, struct monitor_link **ret, size_t *ret_count, struct err *e)
{
	size_t all, count = 0;
	struct queue **queues = host_queues(host, &all);

	for (size_t i = 0; queues && i < all; i++)
		if (wanted(arg, queues[i]->project, queues[i]->connection, queues[i]->environment))
			queues[count++] = queues[i];
	struct monitor_link *rows = queues ? mem_array(count + 1, sizeof(*rows)) : NULL;
	if (!rows) {
		mem_free(queues);
		return err_no_memory(e);
	}
	ask(host, queues, count, rows);
	mem_free(queues);
	*ret = rows;
	*ret_count = count;
	return 0;
}

int monitor_links(struct host *host, const char *project, const char *connection,
                  const char *environment, void (*each)(void *arg, const struct monitor_link *),
                  void *arg, struct err *e)
{
	struct monitor_link *rows = NULL;
	size_t count = 0;
	int rc = monitor_read(host, project, connection, environment, &rows, &count, e);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < count; i++)
		each(arg, &rows[i]);
	mem_free(rows);
	return 0;
}

void monitor_host(struct host *host, struct monitor_host *ret)
{
	*ret = (struct monitor_host){
		.started_ms = host->started_ms,
		.lanes = host->lane_count,
		.active = atomic_load(&host->active),
		.active_bytes = atomic_load(&host->active_bytes),
		.stopping = atomic_load(&host->stopping),
		.state_max_bytes = host->state_max_bytes,
		.families = host->meters.families,
		.family_count = atomic_load(&host->meters.count),
		.meters_dropped = atomic_load(&host->meters.dropped),
	};
}
