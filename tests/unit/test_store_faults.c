/*
 * The N-th operation on files fails, for every N, until a run passes without a failure.  What was
 * answered is held against what a healthy start finds: nothing that was accepted is missing, nothing
 * that was refused is there, and the store said what became of it.
 */
#include "base/err.h"
#include "base/mem.h"
#include "catalogue_probe.h"
#include "faulty_vfs.h"
#include "sqlite_fixture.h"
#include "suite.h"

enum { ACCEPTS = 12, LEFT_BEHIND = 20, ROUNDS_MAX = 2000 };

/* What a run was answered. */
static struct run {
	int opened;                /* rc */
	int accepted[ACCEPTS + 1]; /* rc of each, by its number; 1: was not come to */
	int settled[ACCEPTS + 1];  /* the same */
	enum store_state state[ACCEPTS + 1];
	int made, renamed, finished; /* rc of the changes of the catalogue; 1: was not come to */
	int deleted, dropped;
	int any_io;
} run;

static void note(int rc)
{
	/* After the first unknown outcome nothing is carried out any more. */
	if (run.any_io)
		ck_assert_msg(rc == ERR_IO, "%d at %u", rc, faulty.failed);
	run.any_io = run.any_io || rc == ERR_IO;
}

static void accept_one(struct store *s, int64_t link, uint64_t seq, bool lease, const char *key)
{
	struct probe_accept a;

	probe_accept_init(&a, s, link, seq);
	a.accept.lease = lease;
	a.delivery.ordering_key = key;
	a.accept.digest[0] = (uint8_t)seq;
	/* Each of its own key, but all of one order. */
	char own[16];
	snprintf(own, sizeof(own), "%u", (unsigned)seq);
	if (key)
		a.accept.idempotency_key = own;
	int rc = run.accepted[seq] = probe_run(s, &a.accept.op);
	ck_assert(rc == 0 || rc == ERR_BUSY || rc == ERR_IO);
	note(rc);
}

static void settle_one(struct store *s, uint64_t seq, enum store_state state)
{
	struct store_attempt attempt = {.number = 1, .outcome = "x", .reason = "y", .status = 500};
	struct store_settle op;

	probe_settle_init(&op, s, seq, 1, state);
	if (state != STORE_DONE)
		op.attempt = &attempt;
	int rc = run.settled[seq] = probe_run(s, &op.op);
	/* A settlement is never refused for want of room. */
	ck_assert(rc == 0 || rc == ERR_IO || rc == ERR_CONFLICT);
	if (rc == ERR_CONFLICT)
		ck_assert_int_ne(run.accepted[seq], 0);
	if (rc == 0)
		run.state[seq] = state;
	note(rc == ERR_CONFLICT ? 0 : rc);
}

static bool take_any(struct store_claim *claim, const struct store_delivery *d)
{
	(void)claim;
	ck_assert_ptr_nonnull(d->body);
	return true;
}

static int claim_some(struct store *s, int64_t link)
{
	struct store_claim op = {.op.kind = STORE_CLAIM,
	                         .link = link,
	                         .now_ms = store_now_ms(s),
	                         .most = 2,
	                         .bytes_most = 100,
	                         .take = take_any};
	int rc = probe_run(s, &op.op);

	ck_assert(rc == 0 || rc == ERR_BUSY || rc == ERR_IO);
	return rc;
}

/* One that is answered at all. */
static int answered(int rc)
{
	ck_assert(rc == 0 || rc == ERR_BUSY || rc == ERR_IO);
	note(rc);
	return rc;
}

static void change_catalogue(struct store *s)
{
	static const struct store_file file = {.path = "/f", .bytes = "f", .size_bytes = 1};
	static const struct store_approval approval = {"local/s", "https://a.example:443"};
	static const struct store_naming naming = {
		.to_project = "global", .to_name = "C", .uid = "u1"};
	struct store_deployment deployment = probe_deployment("C", "Test", "r1");
	const struct store_audit audit = {.at_ms = 1, .actor = "a", .action = "b"};
	struct store_change c = {.op.audit = &audit,
	                         .files = &file,
	                         .file_count = 1,
	                         .names = &naming,
	                         .name_count = 1,
	                         .deployments = &deployment,
	                         .deployment_count = 1,
	                         .approvals = &approval,
	                         .approval_count = 1};

	run.made = answered(probe_change(s, &c));
	run.renamed = answered(probe_naming(s, "C", "D", NULL));
	if (run.made == 0)
		run.finished = answered(probe_journal_done(s, c.journal));
}

static void delete_one(struct store *s)
{
	struct store_link_op link = {.op.kind = STORE_LINK,
	                             .project = "global",
	                             .connection = "E",
	                             .environment = "Test"};
	struct store_drop drop = {.op.kind = STORE_DROP, .now_ms = store_now_ms(s), .most = 10};
	struct probe_accept a;

	if (answered(probe_run(s, &link.op)) != 0)
		return;
	probe_accept_init(&a, s, link.id, LEFT_BEHIND);
	if (answered(probe_run(s, &a.accept.op)) != 0)
		return;
	run.deleted = answered(probe_naming(s, "E", NULL, NULL));
	run.dropped = answered(probe_run(s, &drop.op));
}

/* A life of a store, until it is closed. */
static void live(void)
{
	struct store_recovery found;
	struct store *s = NULL;
	struct err e = {0};

	run.opened = fixture_try_open(&s, &e);
	if (run.opened < 0) {
		ck_assert_msg(run.opened == ERR_IO, "%d %s", run.opened, e.text);
		return;
	}
	note(store_recover(s, NULL, 0, &found, &e));
	struct store_link_op link = {
		.op.kind = STORE_LINK, .project = "", .connection = "A", .environment = "Test"};
	note(probe_run(s, &link.op));
	int64_t id = link.op.rc == 0 ? link.id : 1;
	for (uint64_t seq = 1; seq <= 6; seq++)
		accept_one(s, id, seq, true, NULL);
	for (uint64_t seq = 7; seq <= ACCEPTS; seq++)
		accept_one(s, id, seq, seq > 9, seq % 2 ? "k" : NULL);
	settle_one(s, 1, STORE_DONE);
	settle_one(s, 2, STORE_DEAD);
	settle_one(s, 3, STORE_READY);
	note(claim_some(s, id));
	change_catalogue(s);
	delete_one(s);
	store_close(s);
}

static void check_row(struct store *s, uint64_t seq)
{
	int accepted = run.accepted[seq];

	if (accepted == ERR_IO)
		return; /* not known */
	bool there = probe_has(s, seq);
	ck_assert_msg(there == (accepted == 0), "%u was answered %d and is %s", (unsigned)seq,
	              accepted, there ? "there" : "missing");
	if (there)
		ck_assert_mem_eq(probe_got.d.body, "body", 4);
	if (run.settled[seq] == 0 && run.state[seq] != STORE_READY)
		ck_assert_int_eq(probe_got.d.state, run.state[seq]);
	if (run.settled[seq] == 0 && run.state[seq] != STORE_DONE)
		ck_assert_uint_eq(probe_got.attempt_count, 1);
}

static bool shows(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

/* All of the first change is there, or nothing of it. */
static void check_catalogue(struct store *s)
{
	struct store_audit_verdict verdict;

	bool made = shows(probe_identities(s), "u1 ");
	if (run.made != ERR_IO)
		ck_assert_int_eq(made, run.made == 0);
	if (made && run.renamed != ERR_IO)
		ck_assert(shows(probe_identities(s), run.renamed == 0 ? "global/D" : "global/C"));
	bool renamed = shows(probe_identities(s), "global/D");
	const char *deployments = probe_all_deployments(s);
	ck_assert_str_eq(deployments, !made     ? ""
	                              : renamed ? "global/D/Test #1 r1 active\n"
	                                        : "global/C/Test #1 r1 active\n");
	ck_assert_int_eq(shows(probe_approvals(s), "local/s"), made);
	if (run.finished != ERR_IO)
		ck_assert_int_eq(shows(probe_journal(s), "/f"), made && run.finished != 0);
	ck_assert_int_eq(store_audit_verify(s, &verdict, NULL), 0);
	ck_assert_uint_eq(verdict.broken, 0);
	ck_assert_uint_eq(verdict.count, made);
}

static void check_deleted(struct store *s)
{
	if (run.dropped == 0 && run.deleted == 0)
		ck_assert_int_eq(probe_get(s, LEFT_BEHIND)->state, STORE_CANCELLED);
	/* What was not dropped can be now. */
	if (run.deleted == 0)
		probe_drop(s, 10);
	if (run.deleted == 0)
		ck_assert_int_eq(probe_get(s, LEFT_BEHIND)->state, STORE_CANCELLED);
	else if (run.deleted == ERR_BUSY)
		ck_assert_int_eq(probe_get(s, LEFT_BEHIND)->state, STORE_READY);
}

/* A healthy start; opening checks the whole file. */
static void check_after(void)
{
	struct store *s = fixture_open_again();
	struct store_recovery found;
	struct err e = {0};
	struct store_filter leased = {.states = 1u << STORE_LEASED};
	struct store_filter all = {0};

	ck_assert_int_eq(store_recover(s, NULL, 0, &found, &e), 0);
	for (uint64_t seq = 1; seq <= ACCEPTS; seq++)
		check_row(s, seq);
	ck_assert_uint_eq(probe_count(s, &leased), 0);
	ck_assert_uint_le(probe_count(s, &all), ACCEPTS + 1);
	check_catalogue(s);
	check_deleted(s);
	/* And it is of use: what waits can be claimed, what comes is accepted. */
	int64_t link = probe_link(s, "A");
	ck_assert_int_eq(claim_some(s, link), 0);
	ck_assert_int_eq(probe_accept(s, link, 100, true), 0);
	ck_assert_int_eq(probe_settle(s, 100, 1, STORE_DONE), 0);
	store_close(s);
}

static const struct failure {
	const char *name;
	unsigned kinds;
	int write_code;
	bool tells_room; /* it is a want of room: the store goes on */
	int shows;       /* what some operation is answered; 0: nobody need notice */
	unsigned times;
} failures[] = {
	{"a write fails once", FAULTY_WRITE, SQLITE_IOERR_WRITE, false, ERR_IO, 1},
	{"all writes fail", FAULTY_WRITE, SQLITE_IOERR_WRITE, false, ERR_IO, 1u << 30},
	{"a sync fails once", FAULTY_SYNC, 0, false, ERR_IO, 1},
	{"all syncs fail", FAULTY_SYNC, 0, false, ERR_IO, 1u << 30},
	{"a read fails once", FAULTY_READ, 0, false, 0, 1},
	{"the disk is full once", FAULTY_WRITE, SQLITE_FULL, true, ERR_BUSY, 1},
	{"a truncation fails", FAULTY_TRUNCATE, 0, false, 0, 1},
	{"opening fails once", FAULTY_OPEN, 0, false, 0, 1},
	{"deleting fails once", FAULTY_DELETE, 0, false, 0, 1},
	{"all of it fails", 127, SQLITE_IOERR_WRITE, false, ERR_IO, 1u << 30},
};

static void begin(void)
{
	probe_maker = &fixture_maker;
	folder_create();
	clock_fake_set(1000, PROBE_START_MS);
	fixture.options = (struct sqlite_options){.vfs = faulty_register()};
	fixture.failed = fixture.full = fixture.full_edges = 0;
	run = (struct run){.made = 1, .renamed = 1, .finished = 1, .deleted = 1, .dropped = 1};
	for (int i = 0; i <= ACCEPTS; i++)
		run.accepted[i] = run.settled[i] = 1;
}

START_TEST(nothing_is_lost)
{
	const struct failure *f = &failures[_i];
	unsigned failed = 1;
	bool shown = f->shows == 0;

	for (unsigned n = 1; failed > 0; n++) {
		ck_assert_uint_lt(n, ROUNDS_MAX);
		begin();
		faulty_arm(f->kinds, n, f->times, f->write_code);
		live();
		failed = faulty_disarm();
		ck_assert_msg(!run.any_io || fixture.failed == 1,
		              "%s, %u: it failed, and said so %d times", f->name, n,
		              fixture.failed);
		if (f->tells_room && run.opened == 0)
			ck_assert_msg(!run.any_io && fixture.failed == 0, "%s, %u: %s", f->name, n,
			              fixture.why);
		for (int seq = 1; seq <= ACCEPTS; seq++)
			shown = shown || run.accepted[seq] == f->shows;
		check_after();
		folder_destroy();
	}
	ck_assert(shown);
}
END_TEST

/* The same for memory, where it is ours. */
START_TEST(no_memory)
{
	int pending = 0;

	for (unsigned n = 1; !pending; n++) {
		struct store *s = NULL;
		struct err e = {0};
		ck_assert_uint_lt(n, ROUNDS_MAX);
		begin();
		mem_fail_at(n);
		int rc = fixture_try_open(&s, &e);
		pending = mem_fail_pending();
		mem_fail_at(0);
		ck_assert_int_eq(rc, pending ? 0 : ERR_NO_MEMORY);
		if (rc == 0)
			store_close(s);
		check_after();
		folder_destroy();
	}
}
END_TEST

static void no_row(void *arg, const struct store_delivery *d)
{
	(void)arg;
	(void)d;
}

static void no_attempt(void *arg, const struct store_attempt *a)
{
	(void)arg;
	(void)a;
}

static void no_link(void *arg, const struct store_link *l)
{
	(void)arg;
	(void)l;
}

static int read_links_of(struct store *s, struct err *e)
{
	return store_links(s, no_link, NULL, e);
}

static int read_list_of(struct store *s, struct err *e)
{
	static const struct store_filter filter = {.states = 1u << STORE_DEAD};

	return store_list(s, &filter, 0, true, 10, no_row, NULL, e);
}

static int read_one_of(struct store *s, struct err *e)
{
	return store_get(s, 1, no_row, no_attempt, NULL, e);
}

static void no_journal(void *arg, uint64_t journal, const struct store_file *files, size_t count)
{
	(void)arg;
	(void)journal;
	(void)files;
	(void)count;
}

static int read_journal_of(struct store *s, struct err *e)
{
	return store_journal(s, no_journal, NULL, e);
}

static int (*const readings[])(struct store *s, struct err *e) = {read_links_of, read_list_of,
                                                                  read_one_of, read_journal_of};

static void keep_files(struct store *s)
{
	static const uint8_t before[STORE_DIGEST_BYTES] = {1};
	static const struct store_file files[] = {
		{.path = "/a", .before = before, .bytes = "a", .size_bytes = 1},
		{.path = "/b", .bytes = "b", .size_bytes = 1},
	};
	struct store_change c = {.files = files, .file_count = 2};

	ck_assert_int_eq(probe_change(s, &c), 0);
	ck_assert_int_eq(probe_change(s, &c), 0);
}

START_TEST(no_memory_to_read)
{
	static const char *const attrs[] = {"k", "v"};
	struct store *s = fixture_begin();
	struct probe_accept a;
	int pending = 0;

	probe_accept_init(&a, s, probe_link(s, "A"), 1);
	a.delivery.attrs = attrs;
	a.delivery.attr_count = 1;
	ck_assert_int_eq(probe_run(s, &a.accept.op), 0);
	keep_files(s);
	for (unsigned n = 1; !pending; n++) {
		struct err e = {0};
		mem_fail_at(n);
		int rc = readings[_i](s, &e);
		pending = mem_fail_pending();
		mem_fail_at(0);
		ck_assert_int_eq(rc, pending ? 0 : ERR_NO_MEMORY);
	}
	fixture_end(s);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(nothing_is_lost, failures),
	SUITE_TEST(no_memory),
	SUITE_LOOP(no_memory_to_read, readings),
};

SUITE_MAIN("store faults", tests)
