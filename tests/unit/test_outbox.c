/* Tests of accepting: what is answered, when, and what stays behind when something is missing. */
#include "durable.h"
#include "suite.h"

/*
 * What a send meets
 */

static void pause_hook(void)
{
	ck_assert_int_eq(outbox_pause(hosting.host, NULL, "Hook", "Test", "tea", NULL, NULL), 0);
}

static void disable_hook(void)
{
	folder_write("connections/Hook.conf",
	             "connection: { name = \"Hook\"; type = \"actor\"; enabled = false; "
	             "environments: { Test: {}; }; };\n");
	conf_finish(&hosting.conf);
	conf_load(&hosting.conf, folder_path("linkspan.conf"), &hosting.report);
	ck_assert_int_eq(host_replace(hosting.host, hosting_deployment("Hook"), NULL), 0);
}

static void undeploy_hook(void)
{
	ck_assert_int_eq(host_close(hosting.host, NULL, "Hook", "Test", NULL), 0);
}

static void block_hook(void)
{
	durable_accept("Hook", "@tls ok");
	durable_settle();
	ck_assert_str_eq(durable_link("Hook").state, "blocked");
}

static void break_hook(void)
{
	for (int i = 0; i < 5; i++)
		hosting_expect("Hook", "refused");
	ck_assert_str_eq(durable_link("Hook").state, "breaker_open");
}

static void drain_host(void)
{
	durable.moves = true;
	host_drain(hosting.host, 0, NULL);
	durable.moves = false;
}

static const struct meet_row {
	const char *answers;
	void (*deed)(void);
	int rc; /* of the durable one */
	const char *reason, *held, *direct;
	enum store_state state; /* when accepted, and all is quiet */
} meet_rows[] = {
	{"ok", undeploy_hook, ERR_NOT_FOUND, "not_deployed", NULL, NULL, 0},
	{"ok", disable_hook, 0, NULL, "disabled", "disabled", STORE_READY},
	{"ok", pause_hook, 0, NULL, "paused", "paused", STORE_READY},
	{"ok", block_hook, 0, NULL, NULL, "blocked", STORE_READY},
	{"refused", break_hook, 0, NULL, NULL, "breaker_open", STORE_READY},
	{"ok", drain_host, ERR_BUSY, "stopping", NULL, "stopping", 0},
};

START_TEST(a_send_meets)
{
	const struct meet_row *row = &meet_rows[_i];
	char settings[128];

	snprintf(settings, sizeof(settings), "answers = \"%s\"; retry_inline = 0;", row->answers);
	durable_begin_with(settings);
	row->deed();
	unsigned before = durable_submitted();
	struct outbox_answer answer = durable_try("Hook", "x", NULL, NULL);
	ck_assert_int_eq(answer.rc, row->rc);
	ck_assert_str_eq(answer.reason ? answer.reason : "", row->reason ? row->reason : "");
	ck_assert_str_eq(answer.held ? answer.held : "", row->held ? row->held : "");
	durable_settle();
	if (answer.rc == 0)
		durable_expect(answer.id, row->state);
	struct send_answer direct;
	int rc = hosting_try("Hook", "x", &direct);
	ck_assert_int_eq(rc, row->direct ? 0 : ERR_NOT_FOUND);
	if (rc == 0) {
		ck_assert_str_eq(direct.outcome->reason, row->direct);
		ck_assert_str_ne(direct.outcome->detail, "");
		ck_assert(direct.outcome->flags & LK_NOT_SENT);
		outcome_destroy(direct.outcome);
	}
	ck_assert_uint_eq(durable_submitted(), before);
	durable_end();
}
END_TEST

START_TEST(what_was_never_deployed_is_not_accepted)
{
	durable_begin_with("");
	struct outbox_answer answer = durable_try("Nobody", "x", NULL, NULL);
	ck_assert_int_eq(answer.rc, ERR_NOT_FOUND);
	ck_assert_str_eq(answer.reason, "not_deployed");
	durable_end();
}
END_TEST

/*
 * The answer
 */

/* What is read on another connection is committed. */
START_TEST(it_is_on_the_disk_when_it_is_answered)
{
	durable_begin_with("");
	for (int i = 0; i < 20; i++) {
		struct outbox_answer answer = durable_try("Hook", "x", NULL, NULL);
		ck_assert_int_eq(answer.rc, 0);
		durable_expect(answer.id, STORE_LEASED);
	}
	durable_end();
}
END_TEST

START_TEST(the_queue_is_bounded)
{
	durable_begin_with("queue_max_messages = 3; answers = \"ok\";");
	pause_hook();
	for (int i = 0; i < 3; i++)
		durable_accept("Hook", "x");
	struct outbox_answer answer = durable_try("Hook", "x", NULL, NULL);
	ck_assert_int_eq(answer.rc, ERR_BUSY);
	ck_assert_str_eq(answer.reason, "queue_full");
	ck_assert_int_eq(outbox_resume(hosting.host, NULL, "Hook", "Test", NULL, NULL), 0);
	durable_settle();
	ck_assert_uint_eq(durable_submitted(), 3);
	ck_assert_int_eq(durable_try("Hook", "x", NULL, NULL).rc, 0);
	durable_end();
}
END_TEST

START_TEST(a_store_at_its_bound_accepts_nothing_and_goes_on)
{
	durable_begin();
	hosting_define("Hook", "actor", "");
	durable.options.state_max_bytes = 1;
	durable_start();
	hosting_open("Hook");
	clock_fake_advance(1000);
	struct outbox_answer answer = durable_try("Hook", "x", NULL, NULL);
	ck_assert_int_eq(answer.rc, ERR_BUSY);
	ck_assert_str_eq(answer.reason, "state_full");
	hosting_expect("Hook", "ok");
	durable_end();
}
END_TEST

/*
 * Idempotency keys
 */

START_TEST(the_same_again_gives_the_first_id)
{
	char first[MESSAGE_ID_BYTES];

	durable_begin_with("");
	snprintf(first, sizeof(first), "%s", durable_try("Hook", "x", NULL, "key").id);
	durable_settle();
	struct outbox_answer again = durable_try("Hook", "x", NULL, "key");
	ck_assert_int_eq(again.rc, 0);
	ck_assert(again.repeated);
	ck_assert_str_eq(again.id, first);
	struct outbox_answer other = durable_try("Hook", "y", NULL, "key");
	ck_assert_int_eq(other.rc, ERR_CONFLICT);
	ck_assert_str_eq(other.reason, "idempotency_conflict");
	durable_settle();
	ck_assert_str_eq(durable_seen(), "x");
	ck_assert_uint_eq(durable_link("Hook").waiting, 0);
	ck_assert_uint_eq(durable_link("Hook").in_memory, 0);
	/* A day later it is forgotten. */
	durable_advance(24 * 3600 * 1000);
	ck_assert(!durable_try("Hook", "y", NULL, "key").repeated);
	durable_settle();
	ck_assert_str_eq(durable_seen(), "x y");
	durable_end();
}
END_TEST

START_TEST(a_key_is_kept_over_a_restart)
{
	char first[MESSAGE_ID_BYTES];

	durable_begin_with("");
	snprintf(first, sizeof(first), "%s", durable_try("Hook", "x", NULL, "key").id);
	durable_restart();
	hosting_open("Hook");
	struct outbox_answer again = durable_try("Hook", "x", NULL, "key");
	ck_assert(again.repeated);
	ck_assert_str_eq(again.id, first);
	durable_end();
}
END_TEST

/*
 * Batches
 */

START_TEST(each_of_a_batch_has_its_own_fate)
{
	enum { COUNT = 6 };
	static const struct {
		const char *name, *body, *key;
		int rc;
		const char *reason;
		bool repeated;
	} rows[COUNT] = {
		{"Hook", "1", "a", 0, NULL, false},
		{"Nobody", "2", NULL, ERR_NOT_FOUND, "not_deployed", false},
		{"Hook", "1", "a", 0, NULL, true},
		{"Hook", "other", "a", ERR_CONFLICT, "idempotency_conflict", false},
		{"Hook", "5", NULL, 0, NULL, false},
		{"Hook", "6", NULL, ERR_BUSY, "queue_full", false},
	};
	struct outbox_call calls[COUNT];
	struct outbox_answer answers[COUNT];

	durable_begin_with("queue_max_messages = 4; pool_size = 1;");
	for (int i = 0; i < COUNT; i++) {
		calls[i] = durable_call(rows[i].name, rows[i].body);
		calls[i].idempotency_key = rows[i].key;
	}
	durable_accept_all(calls, COUNT, answers);
	for (int i = 0; i < COUNT; i++) {
		ck_assert_int_eq(answers[i].rc, rows[i].rc);
		ck_assert_str_eq(answers[i].reason ? answers[i].reason : "",
		                 rows[i].reason ? rows[i].reason : "");
		ck_assert(answers[i].repeated == rows[i].repeated);
		if (!rows[i].repeated)
			ck_assert_str_eq(answers[i].id, message_get(calls[i].message)->id);
	}
	ck_assert_str_eq(answers[2].id, answers[0].id);
	durable_settle();
	ck_assert_str_eq(durable_seen(), "1 5");
	for (int i = 0; i < COUNT; i++)
		message_unref(calls[i].message);
	/* What was refused is not counted as waiting. */
	ck_assert_uint_eq(durable_link("Hook").waiting, 0);
	durable_end();
}
END_TEST

/*
 * Failures
 */

START_TEST(every_failed_allocation_leaves_no_half_state)
{
	unsigned accepted = 0, tried = 0;

	durable_begin_with("pool_size = 64;");
	struct outbox_call call = durable_call("Hook", "warm");
	message_unref(call.message);
	for (bool pending = false; !pending; tried++) {
		struct durable_batch b = {.lock = PTHREAD_MUTEX_INITIALIZER,
		                          .wake = PTHREAD_COND_INITIALIZER};
		char key[16];
		snprintf(key, sizeof(key), "k%u", tried);
		call = durable_call("Hook", "x");
		call.ordering_key = call.idempotency_key = key;
		mem_fail_at(tried + 1);
		outbox_accept(hosting.host, &call, 1, durable_answered, &b);
		pthread_mutex_lock(&b.lock);
		while (!b.answered)
			pthread_cond_wait(&b.wake, &b.lock);
		pthread_mutex_unlock(&b.lock);
		pending = mem_fail_pending();
		mem_fail_at(0);
		ck_assert_uint_eq(b.answered, 1);
		ck_assert(b.answers[0].rc == 0 || b.answers[0].reason != NULL);
		accepted += b.answers[0].rc == 0;
		message_unref(call.message);
		durable_settle();
	}
	ck_assert_uint_gt(tried, 4);
	ck_assert_uint_lt(accepted, tried);
	durable_settle();
	ck_assert_uint_eq(durable_submitted(), accepted);
	struct monitor_link link = durable_link("Hook");
	struct monitor_host host;
	monitor_host(hosting.host, &host);
	ck_assert_uint_eq(link.waiting, 0);
	ck_assert_uint_eq(link.in_memory, 0);
	ck_assert_uint_eq(link.delivered, accepted);
	ck_assert_uint_eq(host.active, 0);
	ck_assert_uint_eq(host.active_bytes, 0);
	durable_end();
}
END_TEST

START_TEST(what_there_is_no_memory_for_is_sent_from_the_disk)
{
	unsigned tried = 0;

	durable_begin_with("pool_size = 64;");
	for (bool pending = false; !pending; tried++) {
		unsigned before = durable_submitted();
		const char *id = durable_accept("Hook", "x");
		mem_fail_at(tried + 1);
		durable_settle();
		pending = mem_fail_pending();
		mem_fail_at(0);
		durable_advance(10 * 60 * 1000);
		durable_expect(id, STORE_DONE);
		ck_assert_uint_ge(durable_submitted(), before + 1);
	}
	durable_end();
}
END_TEST

/*
 * Threads
 */

struct flood {
	pthread_t thread;
	unsigned number, accepted, refused;
	atomic_uint answered;
	struct hosting_count direct;
};

static void count_answer(void *arg, const struct outbox_answer *answers, size_t count)
{
	struct flood *f = arg;

	for (size_t i = 0; i < count; i++) {
		if (answers[i].rc == 0)
			f->accepted++;
		else
			f->refused++;
	}
	atomic_fetch_add(&f->answered, 1);
}

enum { FLOODS = 4, FLOOD_MESSAGES = 150 };

static void *flood(void *arg)
{
	struct flood *f = arg;

	for (int i = 0; i < FLOOD_MESSAGES; i++) {
		struct outbox_call calls[2];
		char key[16];
		snprintf(key, sizeof(key), "%u-%d", f->number, i % 7);
		for (int k = 0; k < 2; k++) {
			calls[k] = durable_call(i % 2 ? "Hook" : "Keyed", k ? "@500/0 ok" : "x");
			calls[k].ordering_key = k ? key : NULL;
		}
		outbox_accept(hosting.host, calls, 2, count_answer, f);
		message_unref(calls[0].message);
		message_unref(calls[1].message);
		if (i % 10 == 0)
			hosting_post("Hook", "direct", &f->direct);
	}
	return NULL;
}

static bool all_answered(const struct flood *floods)
{
	for (int i = 0; i < FLOODS; i++)
		if (atomic_load(&floods[i].answered) < FLOOD_MESSAGES)
			return false;
	return true;
}

START_TEST(many_callers_meet_many_lanes)
{
	static struct flood floods[FLOODS];
	unsigned accepted = 0;

	durable_begin();
	hosting_define("Hook", "actor", "pool_size = 16;");
	hosting_define("Keyed", "actor", "pool_size = 16; ordering = \"key\";");
	durable.options = (struct host_options){.lanes = 2};
	durable_start();
	hosting_open("Hook");
	hosting_open("Keyed");
	for (unsigned i = 0; i < FLOODS; i++) {
		floods[i] = (struct flood){.number = i};
		hosting_count_init(&floods[i].direct);
		ck_assert_int_eq(pthread_create(&floods[i].thread, NULL, flood, &floods[i]), 0);
	}
	/* Operators meanwhile. */
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(outbox_pause(hosting.host, NULL, "Hook", "Test", "", NULL, NULL),
		                 0);
		durable_link("Keyed");
		durable_replace("Keyed", i % 2 ? "pool_size = 16; ordering = \"key\";"
		                               : "pool_size = 8; ordering = \"key\";");
		ck_assert_int_eq(outbox_resume(hosting.host, NULL, "Hook", "Test", NULL, NULL), 0);
		clock_fake_advance(10000);
	}
	for (int i = 0; i < FLOODS; i++) {
		pthread_join(floods[i].thread, NULL);
		hosting_wait(&floods[i].direct, FLOOD_MESSAGES / 10);
	}
	durable_stop();
	ck_assert(all_answered(floods));
	for (int i = 0; i < FLOODS; i++) {
		ck_assert_uint_eq(floods[i].refused, 0);
		accepted += floods[i].accepted;
	}
	ck_assert_uint_eq(accepted, FLOODS * FLOOD_MESSAGES * 2);
	/* Nothing is lost: each has ended, or waits. */
	durable_open_store();
	const struct store_filter leased = {.states = 1u << STORE_LEASED},
				  kept = {.states = 1u << STORE_READY | 1u << STORE_DONE};
	uint64_t count;
	ck_assert_int_eq(store_count(durable.store, &leased, &count, NULL), 0);
	ck_assert_uint_eq(count, 0);
	ck_assert_int_eq(store_count(durable.store, &kept, &count, NULL), 0);
	ck_assert_uint_eq(count, accepted);
	store_close(durable.store);
	durable_end();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(a_send_meets, meet_rows),
	SUITE_TEST(what_was_never_deployed_is_not_accepted),
	SUITE_TEST(it_is_on_the_disk_when_it_is_answered),
	SUITE_TEST(the_queue_is_bounded),
	SUITE_TEST(a_store_at_its_bound_accepts_nothing_and_goes_on),
	SUITE_TEST(the_same_again_gives_the_first_id),
	SUITE_TEST(a_key_is_kept_over_a_restart),
	SUITE_TEST(each_of_a_batch_has_its_own_fate),
	SUITE_TEST(every_failed_allocation_leaves_no_half_state),
	SUITE_TEST(what_there_is_no_memory_for_is_sent_from_the_disk),
	SUITE_TEST(many_callers_meet_many_lanes),
};

SUITE_MAIN("outbox", tests)
