/* The writer: groups, the watermark of fresh leases, many threads, closing, damage while running. */
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "base/err.h"
#include "base/thread.h"
#include "sqlite_fixture.h"
#include "suite.h"

enum { CHAIN = 600 };

static struct store_stats stats_of(struct store *s)
{
	struct store_stats stats;

	store_stats(s, &stats);
	return stats;
}

/*
 * Groups
 */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void wait_at_gate(struct store_op *op)
{
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	probe_done(op);
}

static struct store_pause *chain_of(size_t count)
{
	struct store_pause *ops = calloc(count, sizeof(*ops));

	for (size_t i = 0; i < count; i++)
		ops[i].op = (struct store_op){.kind = STORE_PAUSE,
		                              .done = probe_done,
		                              .next = i + 1 < count ? &ops[i + 1].op : NULL};
	return ops;
}

/* Two chains of 600 that wait at the same time: each is a transaction of its own. */
START_TEST(a_chain_stays_together)
{
	struct store *s = fixture_begin();
	struct store_pause first = {.op = {.kind = STORE_PAUSE, .done = wait_at_gate}};
	struct store_pause *a = chain_of(CHAIN), *b = chain_of(CHAIN), *small = chain_of(10);
	uint64_t before = stats_of(s).commits;

	probe_forget();
	pthread_mutex_lock(&gate);
	store_post(s, &first.op);
	while (stats_of(s).commits == before)
		sched_yield();
	store_post(s, &a->op);
	store_post(s, &b->op);
	store_post(s, &small->op);
	ck_assert_uint_ge(stats_of(s).queued, 2 * CHAIN + 10);
	pthread_mutex_unlock(&gate);
	probe_wait(s, 1 + 2 * CHAIN + 10);
	ck_assert_uint_eq(stats_of(s).commits - before, 3);
	free(a);
	free(b);
	free(small);
	fixture_end(s);
}
END_TEST

START_TEST(closing_waits_for_what_is_queued)
{
	struct store *s = fixture_begin();
	struct store_pause *a = chain_of(CHAIN);

	probe_forget();
	store_post(s, &a->op);
	store_close(s);
	ck_assert_uint_eq(probe_ended_count, CHAIN);
	free(a);
	folder_destroy();
}
END_TEST

/*
 * Many threads
 */
enum { THREADS = 4, EACH = 200 };

static struct store *shared;
static int64_t shared_link;

static void *live(void *arg)
{
	uint64_t base = *(uint64_t *)arg;
	struct store_filter all = {0};
	struct err e = {0};
	uint64_t count;

	for (uint64_t i = 0; i < EACH; i++) {
		struct probe_accept a;
		struct store_settle t;
		/* Numbers of the threads alternate, so they do not come in their order. */
		probe_accept_init(&a, shared, shared_link, i * THREADS + base);
		a.accept.lease = true;
		if (store_post_wait(shared, &a.accept.op) != 0 || !a.accept.leased)
			return (void *)"accept";
		if (store_count(shared, &all, &count, &e) != 0 || count == 0)
			return (void *)"count";
		probe_settle_init(&t, shared, a.delivery.seq, 1, STORE_DONE);
		if (i % 10 && store_post_wait(shared, &t.op) != 0)
			return (void *)"settle";
	}
	return NULL;
}

START_TEST(many_threads)
{
	static uint64_t bases[THREADS] = {1, 2, 3, 4};
	struct store_filter leased = {.states = 1u << STORE_LEASED};
	struct store_recovery found;
	pthread_t threads[THREADS];
	struct err e = {0};
	void *fault;

	shared = fixture_begin();
	shared_link = probe_link(shared, "A");
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(thread_start(&threads[i], "test", live, &bases[i], NULL), 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &fault);
		ck_assert_msg(!fault, "%s", (char *)fault);
	}
	ck_assert_uint_eq(probe_count(shared, &leased), THREADS * EACH / 10);
	ck_assert_uint_eq(probe_link_get(shared, shared_link)->leased, THREADS * EACH / 10);
	shared = fixture_reopen(shared);
	ck_assert_int_eq(store_recover(shared, NULL, 0, &found, &e), 0);
	ck_assert_uint_eq(found.released, THREADS * EACH / 10);
	fixture_end(shared);
}
END_TEST

/*
 * The watermark: whenever it is saved, a restart finds every lease.
 */
START_TEST(every_lease_is_found)
{
	struct store *s = fixture_begin();
	int64_t link = probe_link(s, "A");
	struct store_recovery found;
	struct err e = {0};
	uint64_t open = 0;

	for (uint64_t seq = 1000; seq < 1200; seq++) {
		ck_assert_int_eq(probe_accept(s, link, seq, true), 0);
		if (seq % 50)
			ck_assert_int_eq(probe_settle(s, seq, 1, STORE_DONE), 0);
		else
			open++;
		clock_fake_advance(400);
	}
	/* All that is below has ended, the mark goes up; then comes one that is late. */
	for (uint64_t seq = 1000; seq < 1200; seq += 50, open--)
		ck_assert_int_eq(probe_settle(s, seq, 1, STORE_DONE), 0);
	clock_fake_advance(2000);
	ck_assert_int_eq(probe_accept(s, link, 2000, true), 0);
	ck_assert_int_eq(probe_settle(s, 2000, 1, STORE_DONE), 0);
	clock_fake_advance(2000);
	ck_assert_int_eq(probe_accept(s, link, 2001, true), 0);
	ck_assert_int_eq(probe_accept(s, link, 1500, true), 0);
	s = fixture_reopen(s);
	ck_assert_int_eq(store_recover(s, NULL, 0, &found, &e), 0);
	ck_assert_uint_eq(found.released, open + 2);
	ck_assert_int_eq(probe_get(s, 1500)->state, STORE_READY);
	ck_assert_int_eq(probe_get(s, 2001)->state, STORE_READY);
	fixture_end(s);
}
END_TEST

/* Without recover() the leases of the process before are still found by the start after this one. */
START_TEST(not_recovered_not_forgotten)
{
	struct store *s = fixture_begin();
	int64_t link = probe_link(s, "A");
	struct store_recovery found;
	struct err e = {0};

	ck_assert_int_eq(probe_accept(s, link, 1, true), 0);
	s = fixture_reopen(s);
	clock_fake_advance(2000);
	ck_assert_int_eq(probe_accept(s, link, 9, true), 0);
	clock_fake_advance(2000);
	ck_assert_int_eq(probe_settle(s, 9, 1, STORE_DONE), 0);
	s = fixture_reopen(s);
	ck_assert_int_eq(store_recover(s, NULL, 0, &found, &e), 0);
	ck_assert_uint_eq(found.released, 1);
	fixture_end(s);
}
END_TEST

/*
 * Damage while it runs: the store ends, and the next start refuses the file.
 */
START_TEST(damage_ends_it)
{
	struct store *s = fixture_begin();
	struct store_filter dead = {.states = 1u << STORE_DEAD};
	struct err e = {0};
	char noise[4096];
	uint64_t count;

	int64_t link = probe_link(s, "A");
	for (uint64_t seq = 1; seq <= 200; seq++)
		ck_assert_int_eq(probe_accept(s, link, seq, true), 0);
	s = fixture_reopen(s);
	/* Every page but the first, behind its back. */
	memset(noise, 0x5a, sizeof(noise));
	FILE *f = fopen(folder_path("outbox.db"), "r+b");
	fseek(f, 0, SEEK_END);
	long pages = ftell(f) / (long)sizeof(noise);
	for (long page = 1; page < pages; page++) {
		fseek(f, page * (long)sizeof(noise), SEEK_SET);
		fwrite(noise, 1, sizeof(noise), f);
	}
	fclose(f);
	ck_assert_int_eq(store_count(s, &dead, &count, &e), ERR_IO);
	ck_assert_ptr_nonnull(strstr(e.text, "outbox.db"));
	pthread_mutex_lock(&fixture.lock);
	while (!fixture.failed)
		pthread_cond_wait(&fixture.changed, &fixture.lock);
	pthread_mutex_unlock(&fixture.lock);
	ck_assert_ptr_nonnull(strstr(fixture.why, "malformed"));
	ck_assert_int_eq(probe_accept(s, link, 999, true), ERR_IO);
	store_close(s);
	ck_assert_int_eq(fixture.failed, 1);
	ck_assert_int_eq(fixture_try_open(&s, &e), ERR_INVALID);
	ck_assert_int_eq(access(folder_path("outbox.damaged"), F_OK), 0);
	folder_destroy();
}
END_TEST

/* More than the WAL holds between two checkpoints, and a reader that sees what it began with. */
START_TEST(the_wal_is_moved)
{
	enum { BIG = 256 << 10, COUNT = 400 };
	struct store *s = fixture_begin();
	int64_t link = probe_link(s, "A");
	char *body = calloc(1, BIG);

	for (uint64_t seq = 1; seq <= COUNT; seq++) {
		struct probe_accept a;
		probe_accept_init(&a, s, link, seq);
		a.delivery.body = body;
		a.delivery.body_bytes = BIG;
		ck_assert_int_eq(probe_run(s, &a.accept.op), 0);
	}
	struct stat st;
	ck_assert_int_eq(stat(folder_path("outbox.db-wal"), &st), 0);
	ck_assert_int_lt(st.st_size, 48 << 20);
	ck_assert_int_eq(stat(folder_path("outbox.db"), &st), 0);
	ck_assert_int_gt(st.st_size, 48 << 20);
	ck_assert_uint_gt(stats_of(s).size_bytes, (uint64_t)BIG * COUNT);
	free(body);
	fixture_end(s);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(a_chain_stays_together),
	SUITE_TEST(closing_waits_for_what_is_queued),
	SUITE_TEST(many_threads),
	SUITE_TEST(every_lease_is_found),
	SUITE_TEST(not_recovered_not_forgotten),
	SUITE_TEST(damage_ends_it),
	SUITE_TEST(the_wal_is_moved),
};

SUITE_MAIN("sqlite writer", tests)
