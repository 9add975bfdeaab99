/*
 * The laws of a store's later hours: an operator's word, lists, links, starting again.  Part of
 * store_laws.h.
 */
#pragma once

#include "store_probe.h"

/*
 * An operator's word
 */
static inline void law_alter(struct store *s)
{
	int64_t link = probe_link(s, "A"), now = store_now_ms(s);
	enum store_state found;

	ck_assert_int_eq(probe_alter(s, 9, STORE_RETRY_NOW, NULL), ERR_NOT_FOUND);
	probe_accept(s, link, 1, true);
	ck_assert_int_eq(probe_alter(s, 1, STORE_RETRY_NOW, &found), ERR_BUSY);
	ck_assert_int_eq(found, STORE_LEASED);
	ck_assert_int_eq(probe_alter(s, 1, STORE_CANCEL, &found), ERR_BUSY);
	/* What waits goes at once, its attempts stay used up. */
	probe_later(s, 1, 1, now + 1000);
	ck_assert_int_eq(probe_alter(s, 1, STORE_RETRY_NOW, &found), 0);
	ck_assert_int_eq(found, STORE_READY);
	ck_assert_int_eq(probe_get(s, 1)->due_ms, now);
	ck_assert_uint_eq(probe_got.d.attempts, 1);
	ck_assert_uint_eq(probe_got.d.replay, 0);
	/* Cancelling is for what waits. */
	ck_assert_int_eq(probe_alter(s, 1, STORE_CANCEL, &found), 0);
	ck_assert_int_eq(probe_get(s, 1)->state, STORE_CANCELLED);
	ck_assert_int_eq(probe_got.d.ended_ms, now);
	ck_assert_int_eq(probe_got.d.due_ms, 0);
	ck_assert_int_eq(probe_alter(s, 1, STORE_CANCEL, &found), ERR_CONFLICT);
	ck_assert_int_eq(found, STORE_CANCELLED);
	/* A replay begins anew. */
	probe_maker->advance(70);
	ck_assert_int_eq(probe_alter(s, 1, STORE_RETRY_NOW, &found), 0);
	ck_assert_int_eq(found, STORE_CANCELLED);
	const struct store_delivery *d = probe_get(s, 1);
	ck_assert_int_eq(d->state, STORE_READY);
	ck_assert_int_eq(d->due_ms, now + 70);
	ck_assert_int_eq(d->since_ms, now + 70);
	ck_assert_int_eq(d->accepted_ms, now);
	ck_assert_int_eq(d->ended_ms, 0);
	ck_assert_uint_eq(d->attempts, 0);
	ck_assert_uint_eq(d->replay, 1);
	probe_claims(s, link, 1, false, (const uint64_t[]){1, 0});
	ck_assert_uint_eq(probe_claimed.fence[0], 2);
}

/* Ten deliveries of two links: 1–5 of link, 6–10 of other; the last digit says their state. */
static inline void law_fill(struct store *s, int64_t *link, int64_t *other)
{
	static const enum store_state ends[] = {STORE_DONE, STORE_DEAD, STORE_READY, STORE_LEASED,
	                                        STORE_QUARANTINED};

	*link = probe_link(s, "A");
	*other = probe_link(s, "B");
	for (uint64_t seq = 1; seq <= 10; seq++) {
		enum store_state end = ends[(seq - 1) % 5];
		struct store_settle op;
		probe_accept(s, seq <= 5 ? *link : *other, seq, true);
		probe_settle_init(&op, s, seq, 1, end);
		op.reason = seq <= 5 ? "status_5" : "status%5";
		if (end != STORE_LEASED)
			ck_assert_int_eq(probe_run(s, &op.op), 0);
		probe_maker->advance(10);
	}
}

#define LAW_BIT(state) (1u << (state))

static inline void law_list(struct store *s)
{
	int64_t link, other;

	law_fill(s, &link, &other);
	struct store_filter all = {0}, dead = {.states = LAW_BIT(STORE_DEAD)};
	struct store_filter waits = {.states = LAW_BIT(STORE_READY) | LAW_BIT(STORE_LEASED)};
	struct store_filter leased = {.states = LAW_BIT(STORE_LEASED)};
	struct store_filter of_link = {.links = &other, .link_count = 1};
	struct store_filter none = {.links = &other, .link_count = 0};
	struct store_filter when = {.since_ms = PROBE_START_MS + 20,
	                            .until_ms = PROBE_START_MS + 50};
	struct store_filter ids = {.seq_least = 4, .seq_most = 6};
	struct store_filter why = {.reason = "status%"};
	struct store_filter both = {.states = LAW_BIT(STORE_DEAD) | LAW_BIT(STORE_DONE),
	                            .links = &link,
	                            .link_count = 1,
	                            .reason = "status_"};

	probe_lists(s, &all, 0, true, 3, (const uint64_t[]){1, 2, 3, 0});
	probe_lists(s, &all, 3, true, 3, (const uint64_t[]){4, 5, 6, 0});
	probe_lists(s, &all, 0, false, 3, (const uint64_t[]){10, 9, 8, 0});
	probe_lists(s, &all, 3, false, 3, (const uint64_t[]){2, 1, 0});
	probe_lists(s, &dead, 0, false, 10, (const uint64_t[]){7, 2, 0});
	probe_lists(s, &waits, 0, true, 10, (const uint64_t[]){3, 4, 8, 9, 0});
	probe_lists(s, &leased, 0, false, 10, (const uint64_t[]){9, 4, 0});
	probe_lists(s, &of_link, 0, true, 10, (const uint64_t[]){6, 7, 8, 9, 10, 0});
	probe_lists(s, &none, 0, true, 10, (const uint64_t[]){0});
	probe_lists(s, &when, 0, true, 10, (const uint64_t[]){3, 4, 5, 0});
	probe_lists(s, &ids, 0, false, 10, (const uint64_t[]){6, 5, 4, 0});
	probe_lists(s, &why, 0, true, 10, (const uint64_t[]){6, 7, 8, 10, 0});
	probe_lists(s, &both, 0, true, 10, (const uint64_t[]){1, 2, 0});
	ck_assert_uint_eq(probe_count(s, &all), 10);
	ck_assert_uint_eq(probe_count(s, &dead), 2);
	ck_assert_uint_eq(probe_count(s, &waits), 4);
	ck_assert_uint_eq(probe_count(s, &when), 3);
	ck_assert_uint_eq(probe_count(s, &both), 2);
	ck_assert_uint_eq(probe_count(s, &none), 0);
}

static inline void law_replay(struct store *s)
{
	int64_t link, other;

	law_fill(s, &link, &other);
	struct store_filter filter = {.states = LAW_BIT(STORE_DEAD) | LAW_BIT(STORE_QUARANTINED)};
	struct store_replay op = {
		.op.kind = STORE_REPLAY, .filter = &filter, .most = 3, .now_ms = store_now_ms(s)};

	ck_assert_int_eq(probe_run(s, &op.op), 0);
	ck_assert_uint_eq(op.count, 3);
	ck_assert_uint_eq(op.last, 7);
	ck_assert_uint_eq(op.link_count, 2);
	ck_assert_int_eq(op.links[0].link + op.links[1].link, link + other);
	ck_assert_uint_eq(op.links[0].count + op.links[1].count, 3);
	ck_assert_uint_eq(op.links[0].dead + op.links[1].dead, 3);
	op.after = op.last;
	ck_assert_int_eq(probe_run(s, &op.op), 0);
	ck_assert_uint_eq(op.count, 1);
	ck_assert_uint_eq(op.last, 10);
	ck_assert_uint_eq(op.link_count, 1);
	ck_assert_uint_eq(probe_count(s, &filter), 0);

	const struct store_delivery *d = probe_get(s, 10);
	ck_assert_int_eq(d->state, STORE_READY);
	ck_assert_int_eq(d->since_ms, op.now_ms);
	ck_assert_uint_eq(d->attempts, 0);
	ck_assert_uint_eq(d->replay, 1);
	/* What has not ended is never replayed, whatever the filter says. */
	struct store_filter any = {0};
	op.filter = &any;
	op.after = 0;
	op.most = 10;
	ck_assert_int_eq(probe_run(s, &op.op), 0);
	ck_assert_uint_eq(op.count, 2);
	ck_assert_uint_eq(probe_get(s, 1)->replay, 1);
	ck_assert_uint_eq(probe_get(s, 10)->replay, 1);
	ck_assert_int_eq(probe_get(s, 4)->state, STORE_LEASED);
}

static inline void law_expire(struct store *s)
{
	int64_t link = probe_link(s, "A"), other = probe_link(s, "B");

	for (uint64_t seq = 1; seq <= 5; seq++) {
		probe_accept(s, seq == 4 ? other : link, seq, seq == 2);
		probe_maker->advance(10);
	}
	struct store_expire op = {.op.kind = STORE_EXPIRE,
	                          .link = link,
	                          .since_ms = PROBE_START_MS + 40,
	                          .now_ms = store_now_ms(s),
	                          .most = 1};
	ck_assert_int_eq(probe_run(s, &op.op), 0);
	ck_assert_uint_eq(op.count, 1);
	op.most = 10;
	ck_assert_int_eq(probe_run(s, &op.op), 0);
	ck_assert_uint_eq(op.count, 1);
	ck_assert_int_eq(probe_get(s, 3)->state, STORE_DEAD);
	ck_assert_str_eq(probe_got.d.reason, "expired");
	ck_assert_int_eq(probe_got.d.ended_ms, op.now_ms);
	ck_assert_int_eq(probe_get(s, 1)->state, STORE_DEAD);
	ck_assert_int_eq(probe_get(s, 2)->state, STORE_LEASED);
	ck_assert_int_eq(probe_get(s, 4)->state, STORE_READY);
	ck_assert_int_eq(probe_get(s, 5)->state, STORE_READY);
	probe_claims(s, link, 10, false, (const uint64_t[]){5, 0});
}

/*
 * Links
 */
static inline void law_links(struct store *s)
{
	struct store_link_op op = {
		.op.kind = STORE_LINK, .project = "p", .connection = "Name", .environment = "Test"};
	struct store_pause pause = {.op.kind = STORE_PAUSE, .paused = true, .reason = "410"};

	ck_assert_int_eq(probe_run(s, &op.op), 0);
	int64_t id = op.id;
	ck_assert(!op.paused);
	op.connection = "NAME";
	ck_assert_int_eq(probe_run(s, &op.op), 0);
	ck_assert_int_eq(op.id, id);
	op.environment = "Production";
	ck_assert_int_eq(probe_run(s, &op.op), 0);
	ck_assert_int_ne(op.id, id);
	ck_assert_int_ne(probe_link(s, "Name"), id);

	pause.link = 12345;
	ck_assert_int_eq(probe_run(s, &pause.op), ERR_NOT_FOUND);
	pause.link = id;
	ck_assert_int_eq(probe_run(s, &pause.op), 0);
	op.environment = "Test";
	ck_assert_int_eq(probe_run(s, &op.op), 0);
	ck_assert(op.paused);
	ck_assert_str_eq(op.paused_reason, "410");
	ck_assert(probe_link_get(s, id)->paused);
	ck_assert_str_eq(probe_link_get(s, id)->paused_reason, "410");
	ck_assert_str_eq(probe_link_get(s, id)->connection, "Name");
	pause.paused = false;
	ck_assert_int_eq(probe_run(s, &pause.op), 0);
	ck_assert(!probe_link_get(s, id)->paused);
	ck_assert_ptr_null(probe_link_get(s, id)->paused_reason);
}

static inline void law_links_count(struct store *s)
{
	int64_t link, other;

	law_fill(s, &link, &other);
	const struct store_link *l = probe_link_get(s, other);
	ck_assert_uint_eq(l->ready, 1);
	ck_assert_uint_eq(l->leased, 1);
	ck_assert_uint_eq(l->dead, 1);
	ck_assert_uint_eq(l->quarantined, 1);
	ck_assert_int_eq(l->oldest_ms, PROBE_START_MS + 70);
	ck_assert_int_eq(l->next_due_ms, PROBE_START_MS + 70);
	/* Claimed, all that is open is leased. */
	ck_assert_uint_eq(probe_claim(s, other, 10, false), 1);
	l = probe_link_get(s, other);
	ck_assert_uint_eq(l->ready, 0);
	ck_assert_uint_eq(l->leased, 2);
	ck_assert_int_eq(l->oldest_ms, PROBE_START_MS + 70);
	ck_assert_int_eq(l->next_due_ms, 0);
	probe_settle(s, 8, 2, STORE_DONE);
	ck_assert_int_eq(probe_link_get(s, other)->oldest_ms, PROBE_START_MS + 80);
	probe_settle(s, 9, 1, STORE_DONE);
	l = probe_link_get(s, other);
	ck_assert_uint_eq(l->leased, 0);
	ck_assert_int_eq(l->oldest_ms, 0);
}

/*
 * Starting again
 */
static inline struct store *law_restart(struct store *s, const uint64_t *suspects, size_t count,
                                        struct store_recovery *ret)
{
	struct err e = {0};

	s = probe_maker->reopen(s);
	ck_assert_msg(store_recover(s, suspects, count, ret, &e) == 0, "%s", e.text);
	return s;
}

static inline struct store *law_recovers(struct store *s)
{
	int64_t link = probe_link(s, "A"), now = store_now_ms(s);
	struct store_recovery found;

	for (uint64_t seq = 1; seq <= 6; seq++)
		probe_accept(s, link, seq * 100, seq != 5);
	probe_settle(s, 100, 1, STORE_DONE);
	probe_later(s, 200, 1, now + 10);
	/* 500 is claimed; 300, 400, 600 have been leased from the start. */
	probe_claims(s, link, 10, false, (const uint64_t[]){500, 0});
	s = law_restart(s, (const uint64_t[]){400, 100, 200, 777}, 4, &found);
	ck_assert_uint_eq(found.released, 4);
	ck_assert_uint_eq(found.suspects, 1);
	ck_assert_uint_eq(found.quarantined, 0);
	ck_assert_uint_eq(found.seq_most, 600);
	ck_assert_uint_eq(probe_get(s, 400)->attempts, 1);
	ck_assert_uint_eq(probe_got.d.suspect, 1);
	ck_assert_int_eq(probe_got.d.state, STORE_READY);
	ck_assert_uint_eq(probe_get(s, 300)->attempts, 0);
	ck_assert_uint_eq(probe_got.d.suspect, 0);
	ck_assert_int_eq(probe_get(s, 200)->due_ms, now + 10);
	ck_assert_uint_eq(probe_get(s, 200)->attempts, 1);
	ck_assert_int_eq(probe_get(s, 100)->state, STORE_DONE);
	/* The lease of the dead process ends nothing any more, and all of it may be claimed. */
	ck_assert_int_eq(probe_settle(s, 300, 1, STORE_DONE), ERR_CONFLICT);
	ck_assert_uint_eq(probe_claim(s, link, 10, false), 4);
	ck_assert_int_eq(probe_settle(s, 300, 2, STORE_DONE), 0);
	return s;
}

static inline struct store *law_quarantines_the_third_time(struct store *s)
{
	static const uint64_t suspects[] = {1, 2};
	int64_t link = probe_link(s, "A");
	struct store_recovery found;

	probe_accept(s, link, 1, true);
	for (int crash = 1; crash <= 3; crash++) {
		s = law_restart(s, suspects, 2, &found);
		ck_assert_uint_eq(found.released, 1);
		ck_assert_uint_eq(found.suspects, 1);
		ck_assert_uint_eq(found.quarantined, crash == 3);
		ck_assert_uint_eq(probe_get(s, 1)->suspect, crash);
		ck_assert_uint_eq(probe_got.d.attempts, crash);
		ck_assert_uint_eq(probe_claim(s, link, 1, false), crash < 3);
	}
	ck_assert_int_eq(probe_got.d.state, STORE_QUARANTINED);
	ck_assert_int_eq(probe_got.d.ended_ms, store_now_ms(s));
	ck_assert_uint_eq(probe_link_get(s, link)->quarantined, 1);
	/* On an operator's word it begins anew. */
	ck_assert_int_eq(probe_alter(s, 1, STORE_RETRY_NOW, NULL), 0);
	ck_assert_uint_eq(probe_get(s, 1)->suspect, 0);
	return s;
}

static inline struct store *law_order_outlives_a_restart(struct store *s)
{
	int64_t link = probe_link(s, "A");
	struct store_recovery found;

	for (uint64_t seq = 1; seq <= 3; seq++)
		ck_assert_int_eq(probe_accept_keyed(s, link, seq, "x"), seq == 1);
	s = law_restart(s, NULL, 0, &found);
	ck_assert_uint_eq(found.released, 1);
	probe_claims(s, link, 10, true, (const uint64_t[]){1, 0});
	probe_claims(s, link, 10, true, (const uint64_t[]){0});
	probe_settle(s, 1, 2, STORE_DONE);
	probe_claims(s, link, 10, true, (const uint64_t[]){2, 0});
	return s;
}
