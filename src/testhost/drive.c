/* The lane of the fake host: serves plugins and lookups, and moves a fake clock. */
#include <poll.h>
#include <unistd.h>

#include "base/banned.h"
#include "testhost/inside.h"

enum {
	TURNS_MAX = 10000,        /* without the clock moving: the plugin spins */
	PATIENCE_MS = 5000,       /* for cancelled operations when a link is closed */
	PATIENCE_STILL_MS = 1000, /* the same, of real time under a fake clock */
};

/* What is waited for: an operation, or a link without operations, or nothing in particular. */
struct goal {
	const struct lk_op *op;
	const struct lk_link *link;
};

static bool reached(const struct goal *goal)
{
	if (goal->op)
		return lk_test_outcome(goal->op) != NULL;
	if (!goal->link)
		return false;
	testhost_lock(goal->link->host);
	bool idle = goal->link->in_flight == 0;
	testhost_unlock(goal->link->host);
	return idle;
}

static int64_t earlier(int64_t a, int64_t b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

static int64_t timer_of(const struct instance *instance)
{
	return instance->fd < 0 ? -1 : instance->plugin->plugin.next_ms(instance->state);
}

/* When the next timer is due, -1: there is none. */
static int64_t next_timer(const struct lk_test_host *host)
{
	int64_t next = testhost_resolve_next_ms(host);

	list_each(node, &host->instances)
		next = earlier(next, timer_of(container_of(node, struct instance, node)));
	return next;
}

static bool serve(struct lk_test_host *host, const struct instance *instance, short revents)
{
	int64_t due = timer_of(instance);

	if (!revents && (due < 0 || due > host->clock->mono_ms()))
		return false;
	int rc = instance->plugin->plugin.run(instance->state);
	if (rc < 0)
		testhost_violation(host, "run() of the plugin %s gave %d",
		                   instance->plugin->plugin.id, rc);
	return true;
}

/* One turn of the lane, waiting at most timeout_ms of real time.  False: nothing happened. */
static bool turn(struct lk_test_host *host, int timeout_ms)
{
	struct pollfd fds[1 + INSTANCES_MAX] = {{.fd = host->wake_fd, .events = POLLIN}};
	nfds_t count = 1;
	uint64_t wakes;

	list_each(node, &host->instances)
		fds[count++] = (struct pollfd){
			.fd = container_of(node, struct instance, node)->fd,
			.events = POLLIN,
		};
	poll(fds, count, timeout_ms);
	bool busy = read(host->wake_fd, &wakes, sizeof(wakes)) > 0;

	count = 1;
	list_each(place, &host->instances) {
		const struct instance *instance = container_of(place, struct instance, node);
		short revents = fds[count++].revents;
		if (instance->fd >= 0)
			busy |= serve(host, instance, revents);
	}
	busy |= testhost_resolve_answer_due(host);
	return busy;
}

/* Turns until nothing is ready.  False: that never comes. */
static bool settle(struct lk_test_host *host, const struct goal *goal)
{
	for (int turns = 0; turns < TURNS_MAX; turns++)
		if (reached(goal) || !turn(host, 0))
			return true;
	testhost_violation(host, "a plugin spins: it is always ready, or its timer always due");
	return false;
}

static void drive_fake(struct lk_test_host *host, const struct goal *goal, int64_t ms)
{
	int64_t end = lk_test_now_ms(host) + ms;

	while (settle(host, goal) && !reached(goal)) {
		int64_t now = lk_test_now_ms(host), next = next_timer(host);
		if (now >= end)
			break;
		if (next < 0 || next > end)
			next = end;
		clock_fake_advance(next - now);
	}
}

/* How long poll() may wait: until the end, or a timer of a real clock, or not when one is due. */
static int wait_ms(const struct lk_test_host *host, int64_t left_ms)
{
	int64_t timer = next_timer(host);
	int64_t timer_ms = timer - lk_test_now_ms(host);

	if (timer >= 0 && timer_ms <= 0)
		return 0;
	if (timer >= 0 && host->clock == &clock_system && timer_ms < left_ms)
		left_ms = timer_ms;
	return left_ms > PATIENCE_MS ? PATIENCE_MS : (int)left_ms;
}

static void drive_real(struct lk_test_host *host, const struct goal *goal, int64_t ms)
{
	int64_t end = clock_system.mono_ms() + ms, left_ms = ms;

	turn(host, 0);
	while (!reached(goal) && left_ms > 0) {
		turn(host, wait_ms(host, left_ms));
		left_ms = end - clock_system.mono_ms();
	}
}

static bool is_fake(const struct lk_test_host *host)
{
	return host->clock == &clock_fake;
}

const struct lk_outcome *lk_test_wait(struct lk_op *op, int64_t timeout_ms)
{
	struct goal goal = {.op = op};

	if (is_fake(op->link->host))
		drive_fake(op->link->host, &goal, timeout_ms);
	else
		drive_real(op->link->host, &goal, timeout_ms);
	return lk_test_outcome(op);
}

const struct lk_outcome *lk_test_wait_still(struct lk_op *op, int64_t timeout_ms)
{
	struct goal goal = {.op = op};

	drive_real(op->link->host, &goal, timeout_ms);
	return lk_test_outcome(op);
}

void lk_test_advance(struct lk_test_host *host, int64_t ms)
{
	if (is_fake(host))
		drive_fake(host, &(struct goal){0}, ms);
}

void testhost_drive_idle(struct lk_link *link)
{
	struct goal goal = {.link = link};

	if (!is_fake(link->host)) {
		drive_real(link->host, &goal, PATIENCE_MS);
		return;
	}
	drive_fake(link->host, &goal, PATIENCE_MS);
	if (!reached(&goal))
		drive_real(link->host, &goal, PATIENCE_STILL_MS);
}
