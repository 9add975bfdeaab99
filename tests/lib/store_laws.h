/*
 * What every store keeps to, whatever its engine: one function for each law of store/store.h.
 *
 *	STORE_LAWS_TEST(laws, &maker)
 *	static const struct suite_test tests[] = {SUITE_LOOP(laws, store_laws)};
 */
#pragma once

#include "store_laws_later.h"
#include "store_probe.h"
#include "suite.h"

/*
 * Accepting
 */
static inline void law_accept_keeps_all(struct store *s)
{
	static const char *const attrs[] = {"uri.id", "7", "header.X", ""};
	int64_t link = probe_link(s, "A");
	struct probe_accept a;

	probe_accept_init(&a, s, link, UINT64_C(1) << 60);
	a.delivery.salt = UINT64_MAX;
	a.delivery.body = "a\0b";
	a.delivery.body_bytes = 3;
	a.delivery.attrs = attrs;
	a.delivery.attr_count = 2;
	a.delivery.ordering_key = "customer 7";
	ck_assert_int_eq(probe_run(s, &a.accept.op), 0);
	ck_assert(!a.accept.leased);
	ck_assert(!a.accept.repeated);

	const struct store_delivery *d = probe_get(s, a.delivery.seq);
	ck_assert(d->salt == UINT64_MAX);
	ck_assert_int_eq(d->link, link);
	ck_assert_int_eq(d->state, STORE_READY);
	ck_assert_int_le(d->due_ms, PROBE_START_MS);
	ck_assert_int_eq(d->accepted_ms, PROBE_START_MS);
	ck_assert_int_eq(d->since_ms, PROBE_START_MS);
	ck_assert_int_eq(d->ended_ms, 0);
	ck_assert_uint_eq(d->attempts + d->replay + d->suspect, 0);
	ck_assert_ptr_null(d->reason);
	ck_assert_str_eq(d->ordering_key, "customer 7");
	ck_assert_str_eq(d->content_type, "text/plain");
	ck_assert_uint_eq(d->body_bytes, 3);
	ck_assert_mem_eq(d->body, "a\0b", 3);
	ck_assert_uint_eq(d->attr_count, 2);
	for (size_t i = 0; i < 4; i++)
		ck_assert_str_eq(d->attrs[i], attrs[i]);
	ck_assert_uint_eq(probe_got.attempt_count, 0);
}

static inline void law_no_body_is_not_an_empty_one(struct store *s)
{
	int64_t link = probe_link(s, "A");
	struct probe_accept a;

	probe_accept_init(&a, s, link, 1);
	a.delivery.body_bytes = 0;
	ck_assert_int_eq(probe_run(s, &a.accept.op), 0);
	probe_accept_init(&a, s, link, 2);
	a.delivery.body = NULL;
	a.delivery.body_bytes = 0;
	a.delivery.content_type = NULL;
	ck_assert_int_eq(probe_run(s, &a.accept.op), 0);
	ck_assert_ptr_nonnull(probe_get(s, 1)->body);
	ck_assert_uint_eq(probe_got.d.body_bytes, 0);
	ck_assert_ptr_null(probe_get(s, 2)->body);
	ck_assert_ptr_null(probe_got.d.content_type);
}

static inline void law_leased_at_once(struct store *s)
{
	int64_t link = probe_link(s, "A");

	ck_assert_int_eq(probe_accept(s, link, 5, true), 0);
	const struct store_delivery *d = probe_get(s, 5);
	ck_assert_int_eq(d->state, STORE_LEASED);
	ck_assert_uint_eq(d->fence, 1);
	ck_assert_int_eq(d->due_ms, 0);
	ck_assert_uint_eq(probe_claim(s, link, 10, false), 0);
	ck_assert_int_eq(probe_claimed.next_due_ms, 0);
}

static inline int law_accept_with_key(struct store *s, int64_t link, uint64_t seq, const char *key,
                                      uint8_t digest, struct probe_accept *a)
{
	probe_accept_init(a, s, link, seq);
	a->accept.lease = true;
	a->accept.idempotency_key = key;
	memset(a->accept.digest, digest, sizeof(a->accept.digest));
	return probe_run(s, &a->accept.op);
}

static inline void law_idempotency(struct store *s)
{
	int64_t link = probe_link(s, "A"), other = probe_link(s, "B");
	struct probe_accept a;

	ck_assert_int_eq(law_accept_with_key(s, link, 1, "k", 9, &a), 0);
	ck_assert(a.accept.leased && !a.accept.repeated);
	/* The same again: the first one is named, nothing new is kept. */
	ck_assert_int_eq(law_accept_with_key(s, link, 2, "k", 9, &a), 0);
	ck_assert(a.accept.repeated && !a.accept.leased);
	ck_assert_uint_eq(a.accept.first_seq, 1);
	ck_assert_uint_eq(a.accept.first_salt, 8);
	ck_assert(!probe_has(s, 2));
	/* Another message under this key. */
	ck_assert_int_eq(law_accept_with_key(s, link, 3, "k", 8, &a), ERR_CONFLICT);
	ck_assert(!probe_has(s, 3));
	/* Keys are of a link. */
	ck_assert_int_eq(law_accept_with_key(s, other, 4, "k", 8, &a), 0);
	ck_assert(!a.accept.repeated);
	ck_assert_int_eq(law_accept_with_key(s, link, 5, "K", 8, &a), 0);
	ck_assert(!a.accept.repeated);
	/* And last a day. */
	probe_maker->advance(24 * 3600 * INT64_C(1000) - 1);
	ck_assert_int_eq(law_accept_with_key(s, link, 6, "k", 9, &a), 0);
	ck_assert(a.accept.repeated);
	probe_maker->advance(1);
	ck_assert_int_eq(law_accept_with_key(s, link, 7, "k", 8, &a), 0);
	ck_assert(!a.accept.repeated);
	ck_assert_int_eq(law_accept_with_key(s, link, 8, "k", 8, &a), 0);
	ck_assert_uint_eq(a.accept.first_seq, 7);
}

/*
 * Settling
 */
static inline void law_settled_once(struct store *s)
{
	int64_t link = probe_link(s, "A");

	probe_accept(s, link, 1, true);
	ck_assert_int_eq(probe_settle(s, 1, 2, STORE_DONE), ERR_CONFLICT);
	ck_assert_int_eq(probe_get(s, 1)->state, STORE_LEASED);
	probe_maker->advance(40);
	ck_assert_int_eq(probe_settle(s, 1, 1, STORE_DONE), 0);
	const struct store_delivery *d = probe_get(s, 1);
	ck_assert_int_eq(d->state, STORE_DONE);
	ck_assert_int_eq(d->ended_ms, PROBE_START_MS + 40);
	ck_assert_int_eq(d->due_ms, 0);
	ck_assert_uint_eq(d->attempts, 1);
	ck_assert_uint_eq(d->status, 200);
	ck_assert_str_eq(d->reason, "ok");
	ck_assert_int_eq(d->duration_ms, 12);
	ck_assert_int_eq(probe_settle(s, 1, 1, STORE_DEAD), ERR_CONFLICT);
	ck_assert_int_eq(probe_get(s, 1)->state, STORE_DONE);
	ck_assert_int_eq(probe_settle(s, 77, 1, STORE_DONE), ERR_CONFLICT);
}

static inline void law_attempts_are_kept(struct store *s)
{
	struct store_attempt attempt = {.number = 1,
	                                .at_ms = 111,
	                                .duration_ms = 9,
	                                .status = 503,
	                                .outcome = "retry",
	                                .reason = "status",
	                                .detail = "503 Service Unavailable",
	                                .excerpt = "x\0y",
	                                .excerpt_bytes = 3};
	int64_t link = probe_link(s, "A");
	struct store_settle op;

	probe_accept(s, link, 1, true);
	probe_settle_init(&op, s, 1, 1, STORE_READY);
	op.attempt = &attempt;
	op.suspect = 2;
	ck_assert_int_eq(probe_run(s, &op.op), 0);
	ck_assert_uint_eq(probe_claim(s, link, 1, false), 1);
	probe_settle_init(&op, s, 1, 2, STORE_DEAD);
	attempt = (struct store_attempt){
		.number = 2, .replay = 0, .outcome = "dead", .reason = "gone"};
	op.attempt = &attempt;
	op.attempts = 2;
	op.reason = NULL; /* what the row shows stays */
	op.status = 410;
	ck_assert_int_eq(probe_run(s, &op.op), 0);
	/* A settlement that is refused leaves no attempt. */
	ck_assert_int_eq(probe_run(s, &op.op), ERR_CONFLICT);

	const struct store_delivery *d = probe_get(s, 1);
	ck_assert_uint_eq(d->attempts, 2);
	ck_assert_uint_eq(d->suspect, 0);
	ck_assert_str_eq(d->reason, "ok");
	ck_assert_uint_eq(d->status, 200);
	ck_assert_uint_eq(probe_got.attempt_count, 2);
	const struct store_attempt *first = &probe_got.attempts[0].a,
				   *second = &probe_got.attempts[1].a;
	ck_assert_uint_eq(first->number, 1);
	ck_assert_int_eq(first->at_ms, 111);
	ck_assert_int_eq(first->duration_ms, 9);
	ck_assert_uint_eq(first->status, 503);
	ck_assert_str_eq(first->outcome, "retry");
	ck_assert_str_eq(first->reason, "status");
	ck_assert_str_eq(first->detail, "503 Service Unavailable");
	ck_assert_uint_eq(first->excerpt_bytes, 3);
	ck_assert_mem_eq(first->excerpt, "x\0y", 3);
	ck_assert_uint_eq(second->number, 2);
	ck_assert_ptr_null(second->detail);
	ck_assert_ptr_null(second->excerpt);
}

static inline void law_retry_waits_for_its_time(struct store *s)
{
	int64_t link = probe_link(s, "A"), now = store_now_ms(s);

	probe_accept(s, link, 1, true);
	ck_assert_int_eq(probe_later(s, 1, 1, now + 500), 0);
	ck_assert_int_eq(probe_get(s, 1)->due_ms, now + 500);
	ck_assert_int_eq(probe_got.d.ended_ms, 0);
	ck_assert_uint_eq(probe_claim(s, link, 10, false), 0);
	ck_assert_int_eq(probe_claimed.next_due_ms, now + 500);
	probe_maker->advance(500);
	ck_assert_uint_eq(probe_claim(s, link, 10, false), 1);
	ck_assert_uint_eq(probe_claimed.fence[0], 2);
	ck_assert_int_eq(probe_claimed.next_due_ms, 0);
	/* The fence of the lease before is worth nothing now. */
	ck_assert_int_eq(probe_settle(s, 1, 1, STORE_DONE), ERR_CONFLICT);
	ck_assert_int_eq(probe_settle(s, 1, 2, STORE_DONE), 0);
}

/*
 * Claiming
 */
static inline void law_claims_oldest_due_first(struct store *s)
{
	int64_t link = probe_link(s, "A"), other = probe_link(s, "B"), now = store_now_ms(s);

	for (uint64_t seq = 1; seq <= 5; seq++)
		probe_accept(s, link, seq, true);
	probe_accept(s, other, 6, false);
	probe_later(s, 1, 1, now + 30);
	probe_later(s, 2, 1, now + 10);
	probe_later(s, 3, 1, now + 20);
	probe_later(s, 4, 1, now + 20);
	probe_later(s, 5, 1, now + 900);
	probe_maker->advance(100);
	probe_claims(s, link, 2, false, (const uint64_t[]){2, 3, 0});
	ck_assert_int_eq(probe_claimed.next_due_ms, now + 20);
	probe_claims(s, link, 10, false, (const uint64_t[]){4, 1, 0});
	ck_assert_int_eq(probe_claimed.next_due_ms, now + 900);
	probe_claims(s, link, 0, false, (const uint64_t[]){0});
}

static inline void law_claims_as_many_bytes(struct store *s)
{
	int64_t link = probe_link(s, "A");
	struct store_claim op = {
		.link = link, .now_ms = store_now_ms(s), .most = 10, .bytes_most = 3};

	for (uint64_t seq = 1; seq <= 4; seq++)
		probe_accept(s, link, seq, false);
	/* One is always given. */
	probe_claim_with(s, &op);
	ck_assert_uint_eq(op.count, 1);
	op.bytes_most = 11;
	probe_claim_with(s, &op);
	ck_assert_uint_eq(op.count, 2);
	ck_assert_int_gt(op.next_due_ms, 0);
	op.bytes_most = 4;
	probe_claim_with(s, &op);
	ck_assert_uint_eq(op.count, 1);
	ck_assert_int_eq(op.next_due_ms, 0);
}

static inline void law_not_taken_stays(struct store *s)
{
	int64_t link = probe_link(s, "A");

	for (uint64_t seq = 1; seq <= 3; seq++)
		probe_accept(s, link, seq, false);
	probe_claimed.refuse_at = 2;
	probe_claims(s, link, 10, false, (const uint64_t[]){1, 0});
	probe_claimed.refuse_at = 0;
	ck_assert_int_eq(probe_get(s, 2)->state, STORE_READY);
	ck_assert_uint_eq(probe_got.d.fence, 0);
	probe_claims(s, link, 10, false, (const uint64_t[]){2, 3, 0});
}

/*
 * Ordering
 */
static inline void law_one_of_a_key(struct store *s)
{
	int64_t link = probe_link(s, "A"), other = probe_link(s, "B"), now = store_now_ms(s);

	ck_assert(probe_accept_keyed(s, link, 1, "x"));
	ck_assert(!probe_accept_keyed(s, link, 2, "x"));
	ck_assert(probe_accept_keyed(s, link, 3, "y"));
	ck_assert(probe_accept_keyed(s, other, 4, "x"));
	ck_assert(!probe_accept_keyed(s, link, 5, "x"));
	ck_assert(probe_accept_keyed(s, link, 6, NULL));
	ck_assert_int_eq(probe_get(s, 2)->state, STORE_READY);
	/* While the first one is under way nothing of its key may go, and nobody waits for it. */
	probe_claims(s, link, 10, true, (const uint64_t[]){0});
	ck_assert_int_eq(probe_claimed.next_due_ms, 0);
	/* Its retry holds the others back. */
	probe_later(s, 1, 1, now + 50);
	probe_claims(s, link, 10, true, (const uint64_t[]){0});
	ck_assert_int_eq(probe_claimed.next_due_ms, now + 50);
	probe_maker->advance(50);
	probe_claims(s, link, 10, true, (const uint64_t[]){1, 0});
	/* Its death frees them, one by one. */
	probe_settle(s, 1, 2, STORE_DEAD);
	probe_claims(s, link, 10, true, (const uint64_t[]){2, 0});
	probe_claims(s, link, 10, true, (const uint64_t[]){0});
	probe_settle(s, 2, 1, STORE_DONE);
	probe_claims(s, link, 10, true, (const uint64_t[]){5, 0});
	probe_settle(s, 5, 1, STORE_DONE);
	ck_assert(probe_accept_keyed(s, link, 7, "x"));
}

static inline void law_order_with_replays(struct store *s)
{
	int64_t link = probe_link(s, "A");

	ck_assert(probe_accept_keyed(s, link, 1, "x"));
	probe_settle(s, 1, 1, STORE_DEAD);
	ck_assert(probe_accept_keyed(s, link, 2, "x"));
	ck_assert(!probe_accept_keyed(s, link, 3, "x"));
	/* The replay of an earlier one waits for what is under way, then goes first. */
	ck_assert_int_eq(probe_alter(s, 1, STORE_RETRY_NOW, NULL), 0);
	probe_claims(s, link, 10, true, (const uint64_t[]){0});
	probe_settle(s, 2, 1, STORE_READY);
	probe_claims(s, link, 10, true, (const uint64_t[]){1, 0});
	probe_settle(s, 1, 2, STORE_DONE);
	ck_assert_int_eq(probe_alter(s, 2, STORE_CANCEL, NULL), 0);
	probe_claims(s, link, 10, true, (const uint64_t[]){3, 0});
}

static inline void law_order_is_the_claims_choice(struct store *s)
{
	int64_t link = probe_link(s, "A");

	ck_assert(probe_accept_keyed(s, link, 1, "x"));
	ck_assert(!probe_accept_keyed(s, link, 2, "x"));
	ck_assert(!probe_accept_keyed(s, link, 3, "x"));
	probe_claims(s, link, 1, false, (const uint64_t[]){2, 0});
	ck_assert_int_gt(probe_claimed.next_due_ms, 0);
	/* Back in order: two of the key are under way, then one, then none. */
	probe_settle(s, 1, 1, STORE_DONE);
	probe_claims(s, link, 10, true, (const uint64_t[]){0});
	probe_settle(s, 2, 1, STORE_DONE);
	probe_claims(s, link, 10, true, (const uint64_t[]){3, 0});
}

/*
 * The queue
 */
static inline void law_done_in_order(struct store *s)
{
	enum { COUNT = 1500 };
	static struct store_pause ops[COUNT];
	int64_t link = probe_link(s, "A");
	struct store_stats before, stats;

	store_stats(s, &before);
	for (int i = 0; i < COUNT; i++)
		ops[i] = (struct store_pause){.op = {.kind = STORE_PAUSE,
		                                     .done = probe_done,
		                                     .next = i + 1 < COUNT ? &ops[i + 1].op : NULL},
		                              .link = i % 3 ? link : 99,
		                              .paused = i % 2,
		                              .reason = "r"};
	probe_forget();
	store_post(s, &ops[0].op);
	probe_wait(s, COUNT);
	for (int i = 0; i < COUNT; i++) {
		ck_assert_ptr_eq(probe_ended[i], &ops[i].op);
		ck_assert_int_eq(ops[i].op.rc, i % 3 ? 0 : ERR_NOT_FOUND);
	}
	ck_assert(probe_link_get(s, link)->paused);
	store_stats(s, &stats);
	ck_assert_uint_eq(stats.operations - before.operations, COUNT);
	ck_assert_uint_ge(stats.commits - before.commits, 2);
	ck_assert_uint_eq(stats.queued, 0);
	ck_assert(!stats.full);
}

static struct law_sequel {
	struct store *store;
	struct store_pause first, second;
} law_sequel;

static inline void law_sequel_done(struct store_op *op)
{
	law_sequel.second.op.done = probe_done;
	store_post(law_sequel.store, &law_sequel.second.op);
	probe_done(op);
}

static inline void law_done_may_post(struct store *s)
{
	int64_t link = probe_link(s, "A");

	law_sequel = (struct law_sequel){
		.store = s,
		.first = {.op = {.kind = STORE_PAUSE, .done = law_sequel_done}, .link = link},
		.second = {
			.op = {.kind = STORE_PAUSE}, .link = link, .paused = true, .reason = "r"}};
	probe_forget();
	store_post(s, &law_sequel.first.op);
	probe_wait(s, 2);
	ck_assert_int_eq(law_sequel.second.op.rc, 0);
	ck_assert(probe_link_get(s, link)->paused);
}

struct store_law {
	const char *name;
	void (*check)(struct store *s);
	struct store *(*check_restarting)(struct store *s); /* gives the last one back */
};

#define STORE_LAW(law)                                                                             \
	{                                                                                          \
#law, law_##law, NULL                                                              \
	}
#define STORE_LAW_RESTARTING(law)                                                                  \
	{                                                                                          \
#law, NULL, law_##law                                                              \
	}

static const struct store_law store_laws[] = {
	STORE_LAW(accept_keeps_all),
	STORE_LAW(no_body_is_not_an_empty_one),
	STORE_LAW(leased_at_once),
	STORE_LAW(idempotency),
	STORE_LAW(settled_once),
	STORE_LAW(attempts_are_kept),
	STORE_LAW(retry_waits_for_its_time),
	STORE_LAW(claims_oldest_due_first),
	STORE_LAW(claims_as_many_bytes),
	STORE_LAW(not_taken_stays),
	STORE_LAW(one_of_a_key),
	STORE_LAW(order_with_replays),
	STORE_LAW(order_is_the_claims_choice),
	STORE_LAW(alter),
	STORE_LAW(list),
	STORE_LAW(replay),
	STORE_LAW(expire),
	STORE_LAW(links),
	STORE_LAW(links_count),
	STORE_LAW_RESTARTING(recovers),
	STORE_LAW_RESTARTING(quarantines_the_third_time),
	STORE_LAW_RESTARTING(order_outlives_a_restart),
	STORE_LAW(done_in_order),
	STORE_LAW(done_may_post),
};

static inline void store_law_check(const struct store_maker *maker, int number)
{
	const struct store_law *law = &store_laws[number];

	probe_maker = maker;
	struct store *s = maker->open();
	if (law->check)
		law->check(s);
	else
		s = law->check_restarting(s);
	if (maker->finish)
		maker->finish(s);
	else
		store_close(s);
}

#define STORE_LAWS_TEST(test, maker)                                                               \
	START_TEST(test)                                                                           \
	{                                                                                          \
		store_law_check(maker, _i);                                                        \
	}                                                                                          \
	END_TEST
