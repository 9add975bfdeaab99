/* A plugin that waits for descriptors: an eventfd and a timerfd in an epoll set of its own. */
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "common.h"

enum { ROW_DELAY, ROW_HOT };

static const struct lk_param rows[] = {
	[ROW_DELAY] =
		{
			.name = "delay_ms",
			.type = LK_T_INT,
			.label = "Delay",
			.help = "How long an answer takes, of real time; 0 is the next run().",
			.def = "0",
			.min = 0,
			.max = 60000,
		},
	[ROW_HOT] =
		{
			.name = "hot",
			.type = LK_T_BOOL,
			.label = "Hot",
			.help = "Keeps the descriptor readable for ever, so that run() is called in every turn.",
			.def = "false",
		},
};

struct waiting {
	struct waiting *next;
	struct lk_op *op;
	int timed; /* for the timerfd; else for the next run() */
};

struct driven {
	const struct lk_host *host;
	int epoll_fd, event_fd, timer_fd;
	int hot; /* open connections that keep event_fd readable */
	struct waiting *first;
};

struct driven_conn {
	struct driven *driven;
	const struct lk_settings *settings;
};

static int watch(struct driven *d, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	return fd < 0 ? -1 : epoll_ctl(d->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static void fini(void *state)
{
	struct driven *d = state;

	close(d->timer_fd);
	close(d->event_fd);
	close(d->epoll_fd);
	free(d);
}

static int init(const struct lk_host *host, void **ret_state)
{
	struct driven *d = calloc(1, sizeof(*d));

	if (!d)
		return LK_ENOMEM;
	d->host = host;
	d->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	d->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	d->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (watch(d, d->event_fd) < 0 || watch(d, d->timer_fd) < 0) {
		fini(d);
		return LK_ENOMEM;
	}
	*ret_state = d;
	return 0;
}

static int fd(void *state)
{
	return ((struct driven *)state)->epoll_fd;
}

static int64_t next_ms(void *state)
{
	(void)state;
	return -1;
}

static void complete(struct driven *d, struct lk_op *op, uint32_t flags, const char *reason)
{
	struct lk_outcome outcome = {
		.size = sizeof(outcome),
		.result = flags & LK_CANCELLED ? LK_RETRY : LK_DONE,
		.flags = flags,
		.retry_after_ms = -1,
		.reason = reason,
	};

	d->host->complete(op, &outcome);
}

/* Takes out the first that fits: of that operation, or not timed, or any. */
static struct waiting *take(struct driven *d, const struct lk_op *op, int timed)
{
	for (struct waiting **place = &d->first; *place; place = &(*place)->next) {
		struct waiting *w = *place;
		if (op ? w->op != op : w->timed > timed)
			continue;
		*place = w->next;
		return w;
	}
	return NULL;
}

static int run(void *state)
{
	struct driven *d = state;
	uint64_t count;
	int timed = read(d->timer_fd, &count, sizeof(count)) > 0;

	if (!d->hot && read(d->event_fd, &count, sizeof(count)) < 0)
		count = 0; /* woken by the timer alone */
	for (struct waiting *w; (w = take(d, NULL, timed));) {
		complete(d, w->op, 0, "ok");
		free(w);
	}
	return 0;
}

static int ring(struct driven *d)
{
	uint64_t one = 1;

	return write(d->event_fd, &one, sizeof(one)) < 0 ? LK_EFAIL : 0;
}

static int arm(struct driven *d, int64_t delay_ms)
{
	struct itimerspec when = {.it_value = {delay_ms / 1000, delay_ms % 1000 * 1000000}};

	return timerfd_settime(d->timer_fd, 0, &when, NULL) < 0 ? LK_EFAIL : 0;
}

static int is_hot(const struct driven_conn *c)
{
	return c->settings->values[ROW_HOT]->u.i != 0;
}

static int open_conn(void *state, struct lk_link *link, const struct lk_settings *settings,
                     void **ret_conn)
{
	struct driven_conn *c = calloc(1, sizeof(*c));

	(void)link;
	if (!c)
		return LK_ENOMEM;
	c->driven = state;
	c->settings = settings;
	if (is_hot(c)) {
		c->driven->hot++;
		ring(c->driven);
	}
	*ret_conn = c;
	return 0;
}

static void close_conn(void *conn)
{
	struct driven_conn *c = conn;

	if (is_hot(c))
		c->driven->hot--;
	free(c);
}

static int submit(void *conn, const struct lk_request *request)
{
	struct driven_conn *c = conn;
	struct driven *d = c->driven;
	int64_t delay_ms = c->settings->values[ROW_DELAY]->u.i;
	struct waiting *w = calloc(1, sizeof(*w));

	if (!w)
		return LK_ENOMEM;
	*w = (struct waiting){.op = request->op, .timed = delay_ms > 0};
	int rc = w->timed ? arm(d, delay_ms) : ring(d);
	if (rc < 0) {
		free(w);
		return rc;
	}
	w->next = d->first;
	d->first = w;
	return 0;
}

static void cancel(void *conn, struct lk_op *op)
{
	struct driven *d = ((struct driven_conn *)conn)->driven;
	struct waiting *w = take(d, op, 0);

	if (!w)
		return;
	free(w);
	complete(d, op, LK_CANCELLED, "cancelled");
}

static const struct lk_type type = {
	COMMON_TYPE("driven"), .params = rows,      .param_count = COMMON_COUNT(rows),
	.open = open_conn,     .close = close_conn, .submit = submit,
	.cancel = cancel,
};

static const struct lk_type *const types[] = {&type, NULL};
static const struct lk_plugin plugin = {
	.size = sizeof(plugin),
	.abi_minor = LK_ABI_MINOR,
	.id = "driven",
	.version = "1.0",
	.vendor = "Linkspan",
	.license = "Apache-2.0",
	.types = types,
	.init = init,
	.fini = fini,
	.fd = fd,
	.next_ms = next_ms,
	.run = run,
};

LK_EXPORT const struct lk_plugin *lk_plugin_v1(void)
{
	return &plugin;
}
