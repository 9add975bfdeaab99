/* Those who wait for the end of a delivery: a list under a lock, empty nearly always. */
#include "core/watch.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"
#include "core/host_impl.h"
#include "core/message.h"
#include "core/outbox.h"

struct outbox_watch {
	struct list node;
	uint64_t seq;
	void (*ended)(void *arg);
	void *arg;
};

struct watches {
	pthread_mutex_t lock;
	struct list all;
	atomic_uint count;
};

struct watches *watches_create(void)
{
	struct watches *w = mem_zalloc(sizeof(*w));

	if (!w)
		return NULL;
	pthread_mutex_init(&w->lock, NULL);
	list_init(&w->all);
	return w;
}

static void drop(struct watches *w, struct outbox_watch *watch)
{
	list_remove(&watch->node);
	mem_free(watch);
	atomic_fetch_sub(&w->count, 1);
}

void watches_destroy(struct watches *w)
{
	if (!w)
		return;
	list_each(node, &w->all)
		drop(w, container_of(node, struct outbox_watch, node));
	pthread_mutex_destroy(&w->lock);
	mem_free(w);
}

void watch_ended(struct host *host, uint64_t seq)
{
	struct watches *w = host->watches;

	if (atomic_load(&w->count) == 0)
		return;
	pthread_mutex_lock(&w->lock);
	list_each(node, &w->all) {
		struct outbox_watch *watch = container_of(node, struct outbox_watch, node);
		if (watch->seq != seq)
			continue;
		/* Under the lock, so that a watch which is taken back is never called afterwards. */
		watch->ended(watch->arg);
		drop(w, watch);
	}
	pthread_mutex_unlock(&w->lock);
}

struct state {
	uint64_t salt;
	enum store_state state;
};

static void see(void *arg, const struct store_delivery *d)
{
	*(struct state *)arg = (struct state){d->salt, d->state};
}

static void pass_over(void *arg, const struct store_attempt *a)
{
	(void)arg, (void)a;
}

int outbox_watch(struct host *host, const char *id, void (*ended)(void *arg), void *arg,
                 struct outbox_watch **ret, struct err *e)
{
	struct watches *w = host->watches;
	struct state now = {0};
	uint64_t seq, salt;

	if (message_id_parse(id, &seq, &salt) < 0)
		return err_set(e, ERR_NOT_FOUND, "no delivery has the id \"%.40s\"", id);
	struct outbox_watch *watch = mem_zalloc(sizeof(*watch));
	if (!watch)
		return err_no_memory(e);
	watch->seq = seq;
	watch->ended = ended;
	watch->arg = arg;
	*ret = watch;
	pthread_mutex_lock(&w->lock);
	list_append(&w->all, &watch->node);
	atomic_fetch_add(&w->count, 1);
	pthread_mutex_unlock(&w->lock);

	/* Looked at afterwards: an end between the two is seen by one of them at least. */
	int rc = store_get(host->store, seq, see, pass_over, &now, e);
	if (rc == 0 && now.salt != salt)
		rc = err_set(e, ERR_NOT_FOUND, "no delivery has the id \"%.40s\"", id);
	if (rc < 0)
		outbox_unwatch(host, watch);
	else if (now.state != STORE_READY && now.state != STORE_LEASED)
		watch_ended(host, seq);
	return rc;
}

bool outbox_unwatch(struct host *host, struct outbox_watch *watch)
{
	struct watches *w = host->watches;
	bool found = false;

	pthread_mutex_lock(&w->lock);
	list_each(node, &w->all) {
		if (container_of(node, struct outbox_watch, node) != watch)
			continue;
		drop(w, watch);
		found = true;
	}
	pthread_mutex_unlock(&w->lock);
	return found;
}
