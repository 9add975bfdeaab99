/* What all stores share: the names of the states, and waiting for an operation. */
#include "store/store.h"

#include <pthread.h>
#include <string.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"

static const char *const state_names[STORE_STATES] = {
	[STORE_READY] = "ready",
	[STORE_LEASED] = "leased",
	[STORE_DONE] = "done",
	[STORE_DEAD] = "dead",
	[STORE_QUARANTINED] = "quarantined",
	[STORE_CANCELLED] = "cancelled",
};

const char *store_state_name(enum store_state state)
{
	return state_names[state];
}

int store_state_parse(const char *name, enum store_state *ret)
{
	for (unsigned i = 0; i < STORE_STATES; i++) {
		if (strcmp(name, state_names[i]) == 0) {
			*ret = (enum store_state)i;
			return 0;
		}
	}
	return ERR_INVALID;
}

/* Texts lie behind the struct, one after the other. */
static const char *put_text(char **at, const char *text)
{
	if (!text)
		return NULL;
	size_t bytes = strlen(text) + 1;
	const char *copy = memcpy(*at, text, bytes);
	*at += bytes;
	return copy;
}

struct store_audit *store_audit_copy(const struct store_audit *audit)
{
	if (!audit)
		return NULL;
	const char *const texts[] = {audit->actor, audit->action, audit->project, audit->subject,
	                             audit->detail};
	size_t bytes = sizeof(*audit);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		bytes += texts[i] ? strlen(texts[i]) + 1 : 0;
	struct store_audit *copy = mem_alloc(bytes);
	if (!copy)
		return NULL;
	char *at = (char *)(copy + 1);
	*copy = (struct store_audit){
		.at_ms = audit->at_ms,
		.actor = put_text(&at, audit->actor),
		.action = put_text(&at, audit->action),
		.project = put_text(&at, audit->project),
		.subject = put_text(&at, audit->subject),
		.detail = put_text(&at, audit->detail),
	};
	return copy;
}

/* A thread that waits for an operation.  An operation has no place for a pointer to it, so done()
 * looks through the few that wait. */
struct waiter {
	struct list list;
	const struct store_op *op;
	bool ended;
	pthread_cond_t end;
};

static pthread_mutex_t waiters_lock = PTHREAD_MUTEX_INITIALIZER;
static struct list waiters = {&waiters, &waiters};

static void wake_waiter(struct store_op *op)
{
	pthread_mutex_lock(&waiters_lock);
	list_each(node, &waiters) {
		struct waiter *w = container_of(node, struct waiter, list);
		if (w->op == op) {
			w->ended = true;
			pthread_cond_signal(&w->end);
		}
	}
	pthread_mutex_unlock(&waiters_lock);
}

static void wait_for(struct waiter *w)
{
	pthread_mutex_lock(&waiters_lock);
	while (!w->ended)
		pthread_cond_wait(&w->end, &waiters_lock);
	pthread_mutex_unlock(&waiters_lock);
}

static bool has_ended(const struct waiter *w)
{
	pthread_mutex_lock(&waiters_lock);
	bool ended = w->ended;
	pthread_mutex_unlock(&waiters_lock);
	return ended;
}

int store_post_idle(struct store *store, struct store_op *op, void (*idle)(void *arg), void *arg)
{
	struct waiter w = {.op = op, .end = PTHREAD_COND_INITIALIZER};

	op->next = NULL;
	op->done = wake_waiter;
	pthread_mutex_lock(&waiters_lock);
	list_append(&waiters, &w.list);
	pthread_mutex_unlock(&waiters_lock);
	store_post(store, op);
	while (idle && !has_ended(&w))
		idle(arg);
	wait_for(&w);
	pthread_mutex_lock(&waiters_lock);
	list_remove(&w.list);
	pthread_mutex_unlock(&waiters_lock);
	pthread_cond_destroy(&w.end);
	return op->rc;
}

int store_post_wait(struct store *store, struct store_op *op)
{
	return store_post_idle(store, op, NULL, NULL);
}
