/*
 * Using a store from a test: one short call for each operation, which waits for its end, and what was
 * read last.  Whatever engine: a struct store_maker says how one is opened and how time moves.
 */
#pragma once

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "store/store.h"

/* Where the stores of a test come from. */
struct store_maker {
	struct store *(*open)(
		void); /* an empty one, recovered, whose clock stands at PROBE_START_MS */
	/* The host's process died, and a new one opens what was kept; not recovered yet.  Takes the old. */
	struct store *(*reopen)(struct store *store);
	void (*advance)(int64_t ms); /* moves the store's clock */
	void (*pump)(
		struct store
			*store); /* carries out what is posted; NULL: a thread of the store does */
	void (*finish)(struct store *s); /* closes and removes it; NULL: store_close() does */
};

#define PROBE_START_MS INT64_C(1700000000000)

static const struct store_maker *probe_maker;

static pthread_mutex_t probe_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t probe_changed = PTHREAD_COND_INITIALIZER;
static struct store_op *probe_ended[4096]; /* in the order of done() */
static size_t probe_ended_count;

static inline void probe_done(struct store_op *op)
{
	pthread_mutex_lock(&probe_lock);
	ck_assert_uint_lt(probe_ended_count, sizeof(probe_ended) / sizeof(probe_ended[0]));
	probe_ended[probe_ended_count++] = op;
	pthread_cond_broadcast(&probe_changed);
	pthread_mutex_unlock(&probe_lock);
}

static inline void probe_post(struct store *s, struct store_op *op)
{
	op->done = probe_done;
	op->next = NULL;
	store_post(s, op);
}

/* Until `count` operations have ended since probe_forget(). */
static inline void probe_wait(struct store *s, size_t count)
{
	if (probe_maker->pump)
		probe_maker->pump(s);
	pthread_mutex_lock(&probe_lock);
	while (probe_ended_count < count) {
		ck_assert_msg(!probe_maker->pump, "an operation did not end");
		pthread_cond_wait(&probe_changed, &probe_lock);
	}
	pthread_mutex_unlock(&probe_lock);
}

static inline void probe_forget(void)
{
	probe_ended_count = 0;
}

static inline int probe_run(struct store *s, struct store_op *op)
{
	probe_forget();
	probe_post(s, op);
	probe_wait(s, 1);
	return op->rc;
}

/*
 * Writing
 */
static inline int64_t probe_link(struct store *s, const char *connection)
{
	struct store_link_op op = {.op.kind = STORE_LINK,
	                           .project = "",
	                           .connection = connection,
	                           .environment = "Test"};

	ck_assert_int_eq(probe_run(s, &op.op), 0);
	ck_assert_int_gt(op.id, 0);
	return op.id;
}

/* An accept with a small payload; change what matters before running it. */
struct probe_accept {
	struct store_delivery delivery;
	struct store_accept accept;
};

static inline void probe_accept_init(struct probe_accept *a, struct store *s, int64_t link,
                                     uint64_t seq)
{
	*a = (struct probe_accept){
		.delivery = {.seq = seq,
	                     .salt = seq * 7 + 1,
	                     .link = link,
	                     .accepted_ms = store_now_ms(s),
	                     .body = "body",
	                     .body_bytes = 4,
	                     .content_type = "text/plain"},
		.accept = {.op.kind = STORE_ACCEPT, .delivery = &a->delivery},
	};
}

static inline int probe_accept(struct store *s, int64_t link, uint64_t seq, bool lease)
{
	struct probe_accept a;

	probe_accept_init(&a, s, link, seq);
	a.accept.lease = lease;
	int rc = probe_run(s, &a.accept.op);
	if (rc == 0)
		ck_assert_int_eq(a.accept.leased, lease);
	return rc;
}

/* Accepts with an ordering key, asking for a lease; tells whether it was given. */
static inline bool probe_accept_keyed(struct store *s, int64_t link, uint64_t seq, const char *key)
{
	struct probe_accept a;

	probe_accept_init(&a, s, link, seq);
	a.accept.lease = true;
	a.delivery.ordering_key = key;
	ck_assert_int_eq(probe_run(s, &a.accept.op), 0);
	return a.accept.leased;
}

static inline void probe_settle_init(struct store_settle *op, struct store *s, uint64_t seq,
                                     uint32_t fence, enum store_state state)
{
	*op = (struct store_settle){.op.kind = STORE_SETTLE,
	                            .seq = seq,
	                            .fence = fence,
	                            .state = state,
	                            .due_ms = state == STORE_READY ? store_now_ms(s) : 0,
	                            .at_ms = store_now_ms(s),
	                            .attempts = 1,
	                            .status = 200,
	                            .reason = "ok",
	                            .duration_ms = 12};
}

static inline int probe_settle(struct store *s, uint64_t seq, uint32_t fence,
                               enum store_state state)
{
	struct store_settle op;

	probe_settle_init(&op, s, seq, fence, state);
	return probe_run(s, &op.op);
}

/* A retry that is due at due_ms. */
static inline int probe_later(struct store *s, uint64_t seq, uint32_t fence, int64_t due_ms)
{
	struct store_settle op;

	probe_settle_init(&op, s, seq, fence, STORE_READY);
	op.due_ms = due_ms;
	return probe_run(s, &op.op);
}

/* What the last claim was given. */
static struct probe_claimed {
	uint64_t seq[64];
	uint32_t fence[64];
	size_t count;
	size_t refuse_at; /* take() returns false for this one; 0: for none */
	int64_t next_due_ms;
} probe_claimed;

static inline bool probe_take(struct store_claim *claim, const struct store_delivery *d)
{
	size_t n = probe_claimed.count;

	if (probe_claimed.refuse_at == n + 1)
		return false;
	ck_assert_uint_lt(n, sizeof(probe_claimed.seq) / sizeof(probe_claimed.seq[0]));
	ck_assert_int_eq(d->link, claim->link);
	ck_assert_ptr_nonnull(d->body);
	probe_claimed.seq[n] = d->seq;
	probe_claimed.fence[n] = d->fence;
	probe_claimed.count++;
	return true;
}

static inline void probe_claim_with(struct store *s, struct store_claim *op)
{
	probe_claimed.count = 0;
	op->op.kind = STORE_CLAIM;
	op->take = probe_take;
	ck_assert_int_eq(probe_run(s, &op->op), 0);
	ck_assert_uint_eq(op->count, probe_claimed.count);
	probe_claimed.next_due_ms = op->next_due_ms;
}

static inline size_t probe_claim(struct store *s, int64_t link, uint32_t most, bool ordered)
{
	struct store_claim op = {.link = link,
	                         .now_ms = store_now_ms(s),
	                         .most = most,
	                         .bytes_most = 1 << 20,
	                         .ordered = ordered};

	probe_claim_with(s, &op);
	return op.count;
}

/* Claims, and compares with what should come: numbers that end with 0. */
static inline void probe_claims(struct store *s, int64_t link, uint32_t most, bool ordered,
                                const uint64_t *expected)
{
	size_t count = probe_claim(s, link, most, ordered);

	for (size_t i = 0; i < count; i++)
		ck_assert_uint_eq(probe_claimed.seq[i], expected[i]);
	ck_assert_uint_eq(expected[count], 0);
}

static inline int probe_alter(struct store *s, uint64_t seq, enum store_verb verb,
                              enum store_state *ret_found)
{
	struct store_alter op = {
		.op.kind = STORE_ALTER, .seq = seq, .verb = verb, .now_ms = store_now_ms(s)};
	int rc = probe_run(s, &op.op);

	if (ret_found)
		*ret_found = op.state;
	return rc;
}

/*
 * Reading
 */
static struct probe_got {
	struct store_delivery d; /* with pointers to what stands below */
	char ordering_key[64], reason[64], content_type[64], body[8192], attrs[8][64];
	const char *attr_list[8];
	size_t attempt_count;
	struct {
		struct store_attempt a;
		char outcome[32], reason[32], detail[64], excerpt[64];
	} attempts[8];
} probe_got;

static inline const char *probe_keep(char *to, size_t bytes, const char *text)
{
	if (!text)
		return NULL;
	ck_assert_uint_lt(strlen(text), bytes);
	return memcpy(to, text, strlen(text) + 1);
}

static inline void probe_keep_delivery(void *arg, const struct store_delivery *d)
{
	struct probe_got *g = arg;

	g->d = *d;
	g->d.ordering_key = probe_keep(g->ordering_key, sizeof(g->ordering_key), d->ordering_key);
	g->d.reason = probe_keep(g->reason, sizeof(g->reason), d->reason);
	g->d.content_type = probe_keep(g->content_type, sizeof(g->content_type), d->content_type);
	if (d->body) {
		ck_assert_uint_le(d->body_bytes, sizeof(g->body));
		g->d.body = memcpy(g->body, d->body, d->body_bytes);
	}
	ck_assert_uint_le(2 * d->attr_count, 8);
	for (size_t i = 0; i < 2 * d->attr_count; i++)
		g->attr_list[i] = probe_keep(g->attrs[i], sizeof(g->attrs[i]), d->attrs[i]);
	g->d.attrs = g->attr_list;
}

static inline void probe_keep_attempt(void *arg, const struct store_attempt *a)
{
	struct probe_got *g = arg;
	size_t n = g->attempt_count++;

	ck_assert_uint_lt(n, sizeof(g->attempts) / sizeof(g->attempts[0]));
	g->attempts[n].a = *a;
	g->attempts[n].a.outcome =
		probe_keep(g->attempts[n].outcome, sizeof(g->attempts[n].outcome), a->outcome);
	g->attempts[n].a.reason =
		probe_keep(g->attempts[n].reason, sizeof(g->attempts[n].reason), a->reason);
	g->attempts[n].a.detail =
		probe_keep(g->attempts[n].detail, sizeof(g->attempts[n].detail), a->detail);
	if (a->excerpt)
		g->attempts[n].a.excerpt =
			memcpy(g->attempts[n].excerpt, a->excerpt, a->excerpt_bytes);
}

/* One delivery, in probe_got. */
static inline const struct store_delivery *probe_get(struct store *s, uint64_t seq)
{
	struct err e = {0};

	memset(&probe_got, 0, sizeof(probe_got));
	ck_assert_msg(store_get(s, seq, probe_keep_delivery, probe_keep_attempt, &probe_got, &e) ==
	                      0,
	              "delivery %llu: %s", (unsigned long long)seq, e.text);
	ck_assert_uint_eq(probe_got.d.seq, seq);
	return &probe_got.d;
}

static inline bool probe_has(struct store *s, uint64_t seq)
{
	struct err e = {0};

	memset(&probe_got, 0, sizeof(probe_got));
	int rc = store_get(s, seq, probe_keep_delivery, probe_keep_attempt, &probe_got, &e);
	ck_assert_msg(rc == 0 || rc == ERR_NOT_FOUND, "%s", e.text);
	return rc == 0;
}

struct probe_list {
	uint64_t seq[64];
	size_t count;
};

static inline void probe_list_add(void *arg, const struct store_delivery *d)
{
	struct probe_list *l = arg;

	ck_assert_uint_lt(l->count, sizeof(l->seq) / sizeof(l->seq[0]));
	ck_assert_ptr_null(d->body);
	l->seq[l->count++] = d->seq;
}

/* Lists, and compares with what should come: numbers that end with 0. */
static inline void probe_lists(struct store *s, const struct store_filter *filter, uint64_t from,
                               bool ascending, uint32_t most, const uint64_t *expected)
{
	struct probe_list l = {0};
	struct err e = {0};

	ck_assert_msg(store_list(s, filter, from, ascending, most, probe_list_add, &l, &e) == 0,
	              "%s", e.text);
	for (size_t i = 0; i < l.count; i++)
		ck_assert_uint_eq(l.seq[i], expected[i]);
	ck_assert_uint_eq(expected[l.count], 0);
}

static inline uint64_t probe_count(struct store *s, const struct store_filter *filter)
{
	uint64_t count = UINT64_MAX;
	struct err e = {0};

	ck_assert_msg(store_count(s, filter, &count, &e) == 0, "%s", e.text);
	return count;
}

struct probe_links {
	int64_t id;
	struct store_link link;
	char connection[64], reason[128];
	size_t count;
};

static inline void probe_links_each(void *arg, const struct store_link *link)
{
	struct probe_links *l = arg;

	l->count++;
	if (link->id != l->id)
		return;
	l->link = *link;
	l->link.connection = probe_keep(l->connection, sizeof(l->connection), link->connection);
	l->link.paused_reason = probe_keep(l->reason, sizeof(l->reason), link->paused_reason);
}

/* What the store knows of one link; good until the next call. */
static inline const struct store_link *probe_link_get(struct store *s, int64_t id)
{
	static struct probe_links l;
	struct err e = {0};

	l = (struct probe_links){.id = id};
	ck_assert_msg(store_links(s, probe_links_each, &l, &e) == 0, "%s", e.text);
	ck_assert_int_eq(l.link.id, id);
	return &l.link;
}
