/* A lane: the loop that serves a mailbox, timers and plugins. */
#include "core/lane.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "core/delivery.h"
#include "core/host_impl.h"
#include "core/link.h"
#include "core/queue.h"
#include "plug/hostapi.h"
#include "plug/load.h"
#include "store/store.h"

enum { EVENTS_PER_TURN = 64 };

int64_t lane_now_ms(const struct lane *lane)
{
	return lane->host->clock->mono_ms();
}

void lane_timer_set(struct lane *lane, struct timer *timer, int64_t due_ms,
                    void (*fire)(struct timer *))
{
	timer->fire = fire;
	if (heap_set(&lane->timers, &timer->node, due_ms) < 0) {
		log_event(LOG_LEVEL_ERROR, "out of memory for a timer; stopping", NULL);
		abort();
	}
}

void lane_timer_stop(struct lane *lane, struct timer *timer)
{
	heap_remove(&lane->timers, &timer->node);
}

struct instance *lane_instance(struct lane *lane, const struct plugin *plugin)
{
	for (size_t i = 0; i < lane->instance_count; i++)
		if (lane->instances[i].plugin == plugin)
			return &lane->instances[i];
	return NULL;
}

static int watch(struct lane *lane, int fd, void *what)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = what};

	return epoll_ctl(lane->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static int64_t instance_due_ms(const struct instance *in)
{
	const struct lk_plugin *p = &in->plugin->plugin;

	return p->next_ms ? p->next_ms(in->state) : -1;
}

static bool has_work(struct lane *lane)
{
	return !list_empty(&lane->ops.done) || mailbox_waiting(&lane->mailbox);
}

int64_t lane_next_ms(struct lane *lane)
{
	if (lane->ended)
		return -1;
	const struct heap_node *first = heap_first(&lane->timers);
	int64_t due = first ? first->due_ms : -1;

	for (size_t i = 0; i < lane->instance_count; i++) {
		int64_t next = instance_due_ms(&lane->instances[i]);
		if (next >= 0 && (due < 0 || next < due))
			due = next;
	}
	return due;
}

/* How long the lane may sleep, for epoll_wait(). */
static int sleep_ms(struct lane *lane)
{
	if (has_work(lane))
		return 0;
	int64_t due = lane_next_ms(lane);
	if (due < 0)
		return -1;
	int64_t wait = due - lane_now_ms(lane);
	return wait < 0 ? 0 : wait > INT_MAX ? INT_MAX : (int)wait;
}

static bool fire_timers(struct lane *lane)
{
	int64_t now = lane_now_ms(lane);
	bool any = false;

	for (struct heap_node *node; (node = heap_pop_due(&lane->timers, now)); any = true) {
		struct timer *timer = container_of(node, struct timer, node);
		timer->fire(timer);
	}
	return any;
}

static bool run_instances(struct lane *lane)
{
	bool any = false;

	for (size_t i = 0; i < lane->instance_count; i++) {
		struct instance *in = &lane->instances[i];
		const struct lk_plugin *p = &in->plugin->plugin;
		if (!p->run)
			continue;

		int64_t due = in->ready ? 0 : instance_due_ms(in);
		if (in->ready || (due >= 0 && due <= lane_now_ms(lane))) {
			in->ready = false;
			any = true;
			if (p->run(in->state) < 0)
				log_event(LOG_LEVEL_ERROR, "a plugin's run() failed", "plugin",
				          p->id, NULL);
		}
	}
	return any;
}

void lane_post_store(struct lane *lane, struct store_op *op)
{
	op->next = NULL;
	*lane->store_end = op;
	lane->store_end = &op->next;
}

static bool flush_store(struct lane *lane)
{
	struct store_op *first = lane->store_first;

	if (!first)
		return false;
	lane->store_first = NULL;
	lane->store_end = &lane->store_first;
	store_post(lane->host->store, first);
	return true;
}

static void deliver_nudge(struct letter *letter)
{
	struct lane *lane = container_of(letter, struct lane, nudge);

	atomic_store(&lane->nudged, false);
	lane->solo_over = true;
}

static void nudge(struct lane *lane)
{
	if (!atomic_exchange(&lane->nudged, true))
		mailbox_post(&lane->mailbox, &lane->nudge);
}

/* Alone, but for this lane's own claim to it. */
static bool is_alone(struct lane *lane)
{
	struct lane *nobody = NULL;

	return atomic_compare_exchange_strong(&lane->host->alone, &nobody, lane) || nobody == lane;
}

/*
 * Whoever goes takes a place first and looks then whether another lane is to be alone; that one says so
 * first and looks then whether any place is taken.  So one of the two sees the other.
 */
bool lane_permits(struct lane *lane, struct delivery *d)
{
	struct host *host = lane->host;

	if (!lane->solo && d)
		lane->solo = d;
	if (lane->solo != d || (d && !is_alone(lane)))
		return false;
	unsigned others = atomic_fetch_add(&host->in_flight, 1);
	if (d ? others == 0 : !atomic_load(&host->alone))
		return true;
	lane_landed(lane);
	return false;
}

void lane_landed(struct lane *lane)
{
	struct host *host = lane->host;

	if (atomic_fetch_sub(&host->in_flight, 1) > 1)
		return;
	struct lane *alone = atomic_load(&host->alone);
	if (alone)
		nudge(alone);
}

void lane_solo_end(struct lane *lane, const struct delivery *d)
{
	struct host *host = lane->host;

	if (lane->solo != d)
		return;
	lane->solo = NULL;
	lane->solo_over = true;
	if (atomic_load(&host->alone) != lane)
		return;
	atomic_store(&host->alone, NULL);
	for (unsigned i = 0; i < host->lane_count; i++)
		if (&host->lanes[i] != lane)
			nudge(&host->lanes[i]);
}

/* One that goes alone starts when the rest has ended; the rest goes on when it has. */
static void mind_solo(struct lane *lane)
{
	if (!lane->solo_over)
		return;
	lane->solo_over = false;
	list_each(node, &lane->queues)
		queue_pump(container_of(node, struct queue, node));
}

static bool turn(struct lane *lane, int wait_ms)
{
	struct epoll_event events[EVENTS_PER_TURN];
	int count = epoll_wait(lane->epoll_fd, events, EVENTS_PER_TURN, wait_ms);

	for (int i = 0; i < count; i++) {
		struct instance *in = events[i].data.ptr;
		if (in)
			in->ready = true;
	}
	bool any = mailbox_deliver(&lane->mailbox);
	any = fire_timers(lane) || any;
	any = run_instances(lane) || any;
	any = op_settle_done(&lane->ops) || any;
	mind_solo(lane);
	return flush_store(lane) || any;
}

bool lane_turn(struct lane *lane)
{
	if (lane->ended)
		return false;
	bool any = turn(lane, 0);
	return any || has_work(lane);
}

static void start_stopping(struct letter *letter)
{
	struct lane *lane = container_of(letter, struct lane, stop_letter);

	lane->stopping = true;
	lane->draining = true;
	list_each(node, &lane->queues)
		queue_undeploy(container_of(node, struct queue, node), NULL, NULL);
}

static void cancel_all(struct lane *lane)
{
	list_each(node, &lane->queues) {
		struct queue *q = container_of(node, struct queue, node);
		list_each(out, &q->out)
			link_cancel(container_of(out, struct send, out));
	}
}

struct draining {
	struct letter letter;
	struct lane *lane;
	bool cancel;
	struct gate gate;
};

static void start_draining(struct letter *letter)
{
	struct draining *d = container_of(letter, struct draining, letter);
	struct lane *lane = d->lane;

	lane->draining = true;
	list_each(node, &lane->queues)
		queue_release(container_of(node, struct queue, node), LK_RETRY, "stopping",
		              "the host is stopping");
	if (d->cancel)
		cancel_all(lane);
	gate_open(&d->gate);
}

void lane_drain(struct lane *lane, bool cancel)
{
	struct draining d = {.letter.deliver = start_draining, .lane = lane, .cancel = cancel};

	gate_init(&d.gate, lane->host);
	mailbox_post(&lane->mailbox, &d.letter);
	gate_wait(&d.gate);
}

static int start_instance(struct lane *lane, struct instance *in, const struct plugin *plugin,
                          struct err *e)
{
	const struct lk_plugin *p = &plugin->plugin;
	int rc = p->init(host_face(), &in->state);

	if (rc < 0)
		return err_set(e, ERR_FAILED, "plugin \"%s\" cannot start: %s", p->id,
		               plugin_error_text(rc));
	in->plugin = plugin;
	in->fd = p->fd ? p->fd(in->state) : -1;
	lane->instance_count++;
	if (in->fd >= 0 && watch(lane, in->fd, in) < 0)
		return err_set_errno(e, ERR_IO, "cannot poll the descriptor of plugin \"%s\"",
		                     p->id);
	return 0;
}

static int begin(struct lane *lane, struct err *e)
{
	const struct plugins *plugins = lane->host->plugins;
	int rc = op_table_init(&lane->ops, &lane->mailbox, link_settle, e);

	if (rc < 0)
		return rc;
	lane->instances = mem_array(plugins->count, sizeof(*lane->instances));
	if (!lane->instances)
		return err_no_memory(e);
	if (watch(lane, lane->mailbox.event_fd, NULL) < 0)
		return err_set_errno(e, ERR_IO, "cannot poll a mailbox");
	for (size_t i = 0; i < plugins->count; i++) {
		rc = start_instance(lane, &lane->instances[i], plugins->items[i], e);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static void end(struct lane *lane)
{
	for (size_t i = 0; i < lane->instance_count; i++) {
		const struct lk_plugin *p = &lane->instances[i].plugin->plugin;
		p->fini(lane->instances[i].state);
	}
	mem_free(lane->instances);
	heap_finish(&lane->timers);
	op_table_finish(&lane->ops);
}

static void answer_start(struct lane *lane, int rc)
{
	pthread_mutex_lock(&lane->start_lock);
	lane->start_rc = rc;
	lane->started = true;
	pthread_cond_signal(&lane->start_wake);
	pthread_mutex_unlock(&lane->start_lock);
}

static bool has_ended(const struct lane *lane)
{
	return lane->stopping && list_empty(&lane->links) && lane->errands_out == 0;
}

static void *lane_main(void *arg)
{
	struct lane *lane = arg;
	mailbox_own(&lane->mailbox);
	int rc = begin(lane, lane->start_err);

	answer_start(lane, rc);
	while (rc == 0 && !has_ended(lane))
		turn(lane, sleep_ms(lane));
	end(lane);
	return NULL;
}

static void finish_parts(struct lane *lane)
{
	pthread_cond_destroy(&lane->start_wake);
	pthread_mutex_destroy(&lane->start_lock);
	mailbox_finish(&lane->mailbox);
	close(lane->epoll_fd);
}

int lane_start(struct lane *lane, struct host *host, unsigned number, struct err *e)
{
	char name[16];

	*lane = (struct lane){
		.host = host,
		.number = number,
		.start_lock = PTHREAD_MUTEX_INITIALIZER,
		.start_wake = PTHREAD_COND_INITIALIZER,
		.start_err = e,
	};
	list_init(&lane->links);
	list_init(&lane->queues);
	lane->nudge.deliver = deliver_nudge;
	lane->store_end = &lane->store_first;
	heap_init(&lane->timers);
	int rc = mailbox_init(&lane->mailbox, e);
	if (rc < 0)
		return rc;
	lane->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (lane->epoll_fd < 0) {
		mailbox_finish(&lane->mailbox);
		return err_set_errno(e, ERR_IO, "cannot make an epoll set");
	}

	if (host->manual) {
		mailbox_own(&lane->mailbox);
		rc = begin(lane, e);
		if (rc < 0) {
			end(lane);
			finish_parts(lane);
		}
		return rc;
	}
	snprintf(name, sizeof(name), "ls-lane-%u", number);
	rc = thread_start(&lane->thread, name, lane_main, lane, e);
	if (rc == 0) {
		pthread_mutex_lock(&lane->start_lock);
		while (!lane->started)
			pthread_cond_wait(&lane->start_wake, &lane->start_lock);
		pthread_mutex_unlock(&lane->start_lock);
		rc = lane->start_rc;
		lane->start_err = NULL;
		if (rc < 0)
			pthread_join(lane->thread, NULL);
	}
	if (rc < 0)
		finish_parts(lane);
	return rc;
}

void lane_stop(struct lane *lane)
{
	lane->stop_letter.deliver = start_stopping;
	mailbox_post(&lane->mailbox, &lane->stop_letter);
	if (lane->host->manual) {
		while (!has_ended(lane))
			host_idle(lane->host);
		end(lane);
		lane->ended = true;
	} else {
		pthread_join(lane->thread, NULL);
	}
	finish_parts(lane);
}
