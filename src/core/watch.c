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

/* Those outside know a watch by its number alone: when it has been told its memory may be another
 * one's. */
struct waiter {
	struct list node;
	uint64_t number;
	uint64_t seq;
	void (*ended)(void *arg);
	void *arg;
};

struct watches {
	pthread_mutex_t lock;
	struct list all;
	uint64_t newest;
	atomic_uint count;
};

static struct outbox_watch *handle_of(const struct waiter *w)
{
	// NOLINTNEXTLINE(performance-no-int-to-ptr): opaque by contract
	return (struct outbox_watch *)(uintptr_t)w->number;
}

struct watches *watches_create(void)
{
	struct watches *w = mem_zalloc(sizeof(*w));

	if (!w)
		return NULL;
	pthread_mutex_init(&w->lock, NULL);
	list_init(&w->all);
	return w;
}

static void drop(struct watches *w, struct waiter *watch)
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
		drop(w, container_of(node, struct waiter, node));
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
		struct waiter *watch = container_of(node, struct waiter, node);
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

static bool has_ended(enum store_state state)
{
	return state != STORE_READY && state != STORE_LEASED;
}

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
	struct waiter *watch = mem_zalloc(sizeof(*watch));
	if (!watch)
		return err_no_memory(e);
	watch->seq = seq;
	watch->ended = ended;
	watch->arg = arg;
	pthread_mutex_lock(&w->lock);
	watch->number = ++w->newest;
	struct outbox_watch *handle = handle_of(watch);
	*ret = handle;
	list_append(&w->all, &watch->node);
	atomic_fetch_add(&w->count, 1);
	pthread_mutex_unlock(&w->lock);

	/* Looked at afterwards: an end between the two is seen by one of them at least. */
	int rc = store_get(host->store, seq, see, pass_over, &now, e);
	if (rc == 0 && now.salt != salt)
		rc = err_set(e, ERR_NOT_FOUND, "no delivery has the id \"%.40s\"", id);
	if (rc < 0)
		outbox_unwatch(host, handle);
	else if (has_ended(now.state))
		watch_ended(host, seq);
	return rc;
}

bool outbox_unwatch(struct host *host, struct outbox_watch *watch)
{
	struct watches *w = host->watches;
	bool found = false;

	pthread_mutex_lock(&w->lock);
	list_each(node, &w->all) {
		struct waiter *waiter = container_of(node, struct waiter, node);
		if (handle_of(waiter) != watch)
			continue;
		drop(w, waiter);
		found = true;
	}
	pthread_mutex_unlock(&w->lock);
	return found;
}

/*
 * Ends that have no names: the store ends what is too old by itself
 */

struct look {
	struct errand errand;
	struct lane *lane;
};

/* What is waited for, at this moment; the caller frees it. */
static uint64_t *waited_for(struct watches *w, size_t *ret_count)
{
	pthread_mutex_lock(&w->lock);
	uint64_t *seqs = mem_array(atomic_load(&w->count) + 1, sizeof(*seqs));
	if (seqs)
		list_each(node, &w->all)
			seqs[(*ret_count)++] = container_of(node, struct waiter, node)->seq;
	pthread_mutex_unlock(&w->lock);
	return seqs;
}

static void look(struct host *host)
{
	size_t count = 0;
	uint64_t *seqs = waited_for(host->watches, &count);

	for (size_t i = 0; i < count; i++) {
		struct state now = {.state = STORE_READY};
		if (store_get(host->store, seqs[i], see, pass_over, &now, NULL) == 0 &&
		    has_ended(now.state))
			watch_ended(host, seqs[i]);
	}
	mem_free(seqs);
}

static void work(struct errand *errand)
{
	look(container_of(errand, struct look, errand)->lane->host);
}

static void finish(struct errand *errand)
{
	struct look *l = container_of(errand, struct look, errand);

	l->lane->errands_out--;
	mem_free(l);
}

void watch_look(struct lane *lane)
{
	if (atomic_load(&lane->host->watches->count) == 0)
		return;
	struct look *l = mem_zalloc(sizeof(*l));
	if (!l) {
		look(lane->host);
		return;
	}
	l->errand = (struct errand){.work = work, .finish = finish, .home = &lane->mailbox};
	l->lane = lane;
	lane->errands_out++;
	errands_post(&lane->host->errands, &l->errand);
}
