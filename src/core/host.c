/* A host: its lanes, its start and its end, and the way in for direct calls. */
#include "core/host.h"

#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "core/call.h"
#include "core/event_impl.h"
#include "core/flight.h"
#include "core/host_impl.h"
#include "core/message.h"
#include "core/queue.h"
#include "core/watch.h"
#include "crypto/random.h"

enum { LANES_BY_DEFAULT = 4, LANES_MOST = 32 };

/*
 * Waiting
 */

void host_hold(struct host *host)
{
	atomic_fetch_add(&host->held, 1);
}

void host_let_go(struct host *host)
{
	size_t held = atomic_load(&host->held);

	while (held > 1)
		if (atomic_compare_exchange_weak(&host->held, &held, held - 1))
			return;
	/* Perhaps the last, and all of it under the lock: whoever waits for that frees the host. */
	pthread_mutex_lock(&host->held_lock);
	if (atomic_fetch_sub(&host->held, 1) == 1)
		pthread_cond_broadcast(&host->held_wake);
	pthread_mutex_unlock(&host->held_lock);
}

static bool is_held(struct host *host)
{
	return atomic_load(&host->held) > 0;
}

static void wait_until_let_go(struct host *host)
{
	while (host->manual && is_held(host))
		host_idle(host);
	pthread_mutex_lock(&host->held_lock);
	while (is_held(host))
		pthread_cond_wait(&host->held_wake, &host->held_lock);
	pthread_mutex_unlock(&host->held_lock);
}

bool host_turn(struct host *host)
{
	bool any = false;

	for (unsigned i = 0; i < host->lane_count; i++)
		any = lane_turn(&host->lanes[i]) || any;
	return any;
}

int64_t host_next_ms(const struct host *host)
{
	int64_t due_ms = -1;

	for (unsigned i = 0; i < host->lane_count; i++) {
		int64_t next_ms = lane_next_ms(&host->lanes[i]);
		if (next_ms >= 0 && (due_ms < 0 || next_ms < due_ms))
			due_ms = next_ms;
	}
	return due_ms;
}

void host_idle(struct host *host)
{
	if (!host_turn(host) && host->idle)
		host->idle(host->idle_arg);
}

static void idle_host(void *arg)
{
	host_idle(arg);
}

int host_store_wait(struct host *host, struct store_op *op)
{
	return store_post_idle(host->store, op, host->manual ? idle_host : NULL, host);
}

/*
 * Start and end
 */

static unsigned lane_count(const struct host_options *options)
{
	unsigned cpus = (unsigned)thread_cpus();

	if (options->lanes)
		return options->lanes < LANES_MOST ? options->lanes : LANES_MOST;
	return cpus < LANES_BY_DEFAULT ? cpus : LANES_BY_DEFAULT;
}

/* What the process before has left: its leases, and what it had submitted when it died. */
static int recover(struct host *host, const char *flight_file, unsigned lanes, struct err *e)
{
	struct store_recovery found;
	size_t count;

	int rc = flight_open(flight_file, lanes, &host->flight, e);
	if (rc < 0)
		return rc;
	const uint64_t *suspects = flight_left(host->flight, &count);
	rc = store_recover(host->store, suspects, count, &found, e);
	if (rc < 0)
		return rc;
	flight_begin(host->flight);
	message_seq_after(found.seq_most);
	if (found.released > 0) {
		char released[24], suspected[24], quarantined[24];
		snprintf(released, sizeof(released), "%llu", (unsigned long long)found.released);
		snprintf(suspected, sizeof(suspected), "%llu", (unsigned long long)found.suspects);
		snprintf(quarantined, sizeof(quarantined), "%llu",
		         (unsigned long long)found.quarantined);
		log_event(LOG_LEVEL_WARNING, "the process before ended without a stop", "released",
		          released, "suspects", suspected, "quarantined", quarantined, NULL);
	}
	return register_stored(host, e);
}

static int start_lanes(struct host *host, unsigned wanted, struct err *e)
{
	int rc = 0;

	host->lanes = mem_array(wanted, sizeof(*host->lanes));
	if (!host->lanes)
		return err_no_memory(e);
	if (!host->manual)
		rc = errands_start(&host->errands, e);
	while (rc == 0 && host->lane_count < wanted) {
		rc = lane_start(&host->lanes[host->lane_count], host, host->lane_count, e);
		if (rc == 0)
			host->lane_count++;
	}
	return rc;
}

static struct host *host_alloc(const struct host_options *options)
{
	struct host *host = mem_zalloc(sizeof(*host));

	if (!host)
		return NULL;
	pthread_rwlock_init(&host->lock, NULL);
	pthread_mutex_init(&host->held_lock, NULL);
	pthread_mutex_init(&host->alert_lock, NULL);
	pthread_cond_init(&host->held_wake, NULL);
	errands_init(&host->errands);
	meters_init(&host->meters);
	host->plugins = options->plugins;
	host->clock = options->clock ? options->clock : &clock_system;
	host->lookup = options->lookup ? options->lookup : lookup_system;
	host->transforms = options->transforms;
	host->store = options->store;
	host->state_max_bytes = options->state_max_bytes;
	host->manual = options->manual;
	host->idle = options->idle;
	host->idle_arg = options->idle_arg;
	host->started_ms = host->clock->unix_ms();
	host->events = events_create(host);
	host->watches = watches_create();
	if (host->events && host->watches)
		return host;
	host_destroy(host);
	return NULL;
}

int host_create(const struct host_options *options, struct host **ret, struct err *e)
{
	unsigned wanted = lane_count(options);
	int rc = crypto_init(e);
	struct host *host = rc == 0 ? host_alloc(options) : NULL;

	if (!host)
		return rc < 0 ? rc : err_no_memory(e);
	host_face_clock(host->clock);
	rc = start_lanes(host, wanted, e);
	if (rc == 0 && host->store)
		rc = recover(host, options->flight_file, wanted, e);
	if (rc < 0) {
		host_destroy(host);
		return rc;
	}
	*ret = host;
	return 0;
}

void host_destroy(struct host *host)
{
	if (!host)
		return;
	atomic_store(&host->stopping, true);
	for (unsigned i = 0; i < host->lane_count; i++)
		lane_drain(&host->lanes[i], false);
	/* What is in flight ends, and what waits is on the disk again; both need the lanes. */
	wait_until_let_go(host);
	for (unsigned i = 0; i < host->lane_count; i++)
		lane_stop(&host->lanes[i]);
	errands_stop(&host->errands);
	register_finish(host);
	flight_close(host->flight);
	watches_destroy(host->watches);
	events_destroy(host->events);
	pthread_cond_destroy(&host->held_wake);
	pthread_mutex_destroy(&host->held_lock);
	pthread_mutex_destroy(&host->alert_lock);
	meters_finish(&host->meters);
	pthread_rwlock_destroy(&host->lock);
	mem_free(host->lanes);
	mem_free(host);
}

/* Until nothing is held any more, or the moment has come, or it is cut. */
static void wait_for_flights(struct host *host, int64_t until_ms, const bool *cut)
{
	struct timespec step = {.tv_nsec = 20 * 1000 * 1000};

	while (is_held(host) && host->clock->mono_ms() < until_ms && !(cut && *cut)) {
		if (host->manual)
			host_idle(host);
		else
			nanosleep(&step, NULL);
	}
}

void host_drain(struct host *host, int64_t grace_ms, const bool *cut)
{
	atomic_store(&host->stopping, true);
	for (unsigned i = 0; i < host->lane_count; i++)
		lane_drain(&host->lanes[i], false);
	wait_for_flights(host, host->clock->mono_ms() + grace_ms, cut);
	for (unsigned i = 0; i < host->lane_count; i++)
		lane_drain(&host->lanes[i], true);
}

struct store *host_store(const struct host *host)
{
	return host->store;
}

const struct clock *host_clock(const struct host *host)
{
	return host->clock;
}

/*
 * Direct calls
 */

static void deliver_call(struct letter *letter)
{
	call_begin(container_of(letter, struct call, letter));
}

int host_send(struct host *host, const struct send_call *call,
              void (*done)(void *arg, const struct send_answer *answer), void *arg, struct err *e)
{
	struct queue *q = host_queue(host, call->project, call->connection, call->environment);

	if (!q || !atomic_load(&q->deployed))
		return err_set(e, ERR_NOT_FOUND, "\"%s\" is not deployed in %s", call->connection,
		               call->environment);
	struct call *c = mem_zalloc(sizeof(*c));
	if (!c)
		return err_no_memory(e);
	c->queue = q;
	c->send.kind = call->kind;
	c->send.message = message_ref(call->message);
	c->done = done;
	c->arg = arg;
	c->letter.deliver = deliver_call;
	host_hold(host);
	mailbox_post(&q->lane->mailbox, &c->letter);
	return 0;
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

int host_send_wait(struct host *host, const struct send_call *call, struct send_answer *ret,
                   struct err *e)
{
	struct wait w;

	gate_init(&w.gate, host);
	int rc = host_send(host, call, keep_answer, &w, e);
	if (rc < 0)
		return rc;
	gate_wait(&w.gate);
	*ret = w.answer;
	return 0;
}
