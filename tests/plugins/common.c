/* What the plugins for tests share. */
#include "common.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

int common_init(const struct lk_host *host, void **ret_state)
{
	struct state *s = calloc(1, sizeof(*s));

	if (!s)
		return LK_ENOMEM;
	s->host = host;
	s->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (s->fd < 0) {
		free(s);
		return LK_ENOMEM;
	}
	*ret_state = s;
	return 0;
}

void common_fini(void *state)
{
	struct state *s = state;

	while (s->laters) {
		struct later *next = s->laters->next;
		free(s->laters);
		s->laters = next;
	}
	close(s->fd);
	free(s);
}

int common_fd(void *state)
{
	return ((struct state *)state)->fd;
}

int64_t common_next_ms(void *state)
{
	int64_t next = -1;

	for (const struct later *l = ((struct state *)state)->laters; l; l = l->next)
		if (next < 0 || l->due_ms < next)
			next = l->due_ms;
	return next;
}

/* Takes out the first one that is due, or of that operation; NULL: none. */
static struct later *take(struct state *s, int64_t now_ms, const struct lk_op *op)
{
	for (struct later **place = &s->laters; *place; place = &(*place)->next) {
		struct later *l = *place;
		if (op ? l->op != op : l->due_ms > now_ms)
			continue;
		*place = l->next;
		return l;
	}
	return NULL;
}

int common_run(void *state)
{
	struct state *s = state;

	for (struct later *l; (l = take(s, s->host->mono_ms(), NULL));) {
		l->end(l->conn, l->request);
		free(l);
	}
	return 0;
}

int common_open(void *state, struct lk_link *link, const struct lk_settings *settings,
                void **ret_conn)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (!c)
		return LK_ENOMEM;
	c->state = state;
	c->link = link;
	c->settings = settings;
	*ret_conn = c;
	return 0;
}

void common_close(void *conn)
{
	struct later **place = &((struct conn *)conn)->state->laters;

	while (*place) {
		struct later *l = *place;
		if (l->conn == conn) {
			*place = l->next;
			free(l);
		} else {
			place = &l->next;
		}
	}
	free(conn);
}

void common_cancel(void *conn, struct lk_op *op)
{
	struct conn *c = conn;
	struct later *l = take(c->state, 0, op);
	struct lk_outcome outcome = {
		.size = sizeof(outcome),
		.result = LK_RETRY,
		.flags = LK_CANCELLED | LK_NOT_SENT,
		.retry_after_ms = -1,
		.reason = "cancelled",
	};

	if (!l)
		return;
	free(l);
	c->state->host->complete(op, &outcome);
}

void common_cancel_nothing(void *conn, struct lk_op *op)
{
	(void)conn, (void)op;
}

const struct lk_value *common_value(const struct conn *conn, unsigned row)
{
	return conn->settings->values[row];
}

void common_complete(const struct conn *conn, struct lk_op *op, uint32_t result, const char *reason)
{
	struct lk_outcome outcome = {
		.size = sizeof(outcome),
		.result = result,
		.retry_after_ms = -1,
		.reason = reason,
	};

	conn->state->host->complete(op, &outcome);
}

int common_later(struct conn *conn, const struct lk_request *request, int64_t delay_ms,
                 void (*end)(struct conn *, const struct lk_request *))
{
	struct state *s = conn->state;
	struct later *l = calloc(1, sizeof(*l));

	if (!l)
		return LK_ENOMEM;
	*l = (struct later){
		.next = s->laters,
		.request = request,
		.op = request->op,
		.conn = conn,
		.due_ms = s->host->mono_ms() + delay_ms,
		.end = end,
	};
	s->laters = l;
	return 0;
}
