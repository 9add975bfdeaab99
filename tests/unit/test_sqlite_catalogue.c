/* The catalogue in the SQLite store: deployments, the journal of files, approvals; all of a change or
 * nothing. */
#include "catalogue_probe.h"
#include "sqlite_fixture.h"
#include "suite.h"

/*
 * Deployments
 */
START_TEST(numbers_count_for_each_place)
{
	struct store *s = fixture_begin();

	ck_assert_uint_eq(probe_deploy(s, "B", "Test", "r1"), 1);
	ck_assert_uint_eq(probe_deploy(s, "B", "Test", "r2"), 2);
	ck_assert_uint_eq(probe_deploy(s, "B", "Prod", "r2"), 1);
	ck_assert_uint_eq(probe_deploy(s, "a", "Test", "r7"), 1);
	ck_assert_uint_eq(probe_deploy(s, "b", "Test", "r3"), 3);
	ck_assert_str_eq(probe_all_deployments(s), "global/a/Test #1 r7 active\n"
	                                           "global/B/Prod #1 r2 active\n"
	                                           "global/B/Test #3 r3 active\n"
	                                           "global/B/Test #2 r2\n"
	                                           "global/B/Test #1 r1\n");
	s = fixture_reopen(s);
	ck_assert_uint_eq(probe_deploy(s, "a", "Test", "r8"), 2);
	fixture_end(s);
}
END_TEST

START_TEST(the_link_is_made)
{
	struct store *s = fixture_begin();

	probe_deploy(s, "A", "Test", "r1");
	int64_t id = probe_link_in(s, "a", "Test");
	ck_assert_str_eq(probe_link_get(s, id)->connection, "A");
	fixture_end(s);
}
END_TEST

static const struct {
	struct store_place place;
	bool active_only, with_snapshot;
	const char *shows;
} lists[] = {
	{{NULL, "A", NULL},
         false,
         false,
         "global/A/Prod #1 r1 active\nglobal/A/Test #2 r2 active\nglobal/A/Test #1 r1\n"},
	{{NULL, "a", NULL},
         true,
         false,
         "global/A/Prod #1 r1 active\nglobal/A/Test #2 r2 active\n"},
	{{NULL, NULL, "Prod"}, true, true, "global/A/Prod #1 r1 active {\"a\": 1}\n"},
	{{"global", "A", "Test"},
         false,
         true,
         "global/A/Test #2 r2 active {\"a\": 1}\nglobal/A/Test #1 r1 {\"a\": 1}\n"},
	{{"global", "B", NULL}, true, false, ""},
	{{"other", NULL, NULL}, false, false, ""},
	{{NULL, NULL, NULL},
         true,
         false,
         "global/A/Prod #1 r1 active\nglobal/A/Test #2 r2 active\n"},
};

static void end_deployment(struct store *s, const char *connection, const char *environment)
{
	const struct store_place place = {PROBE_PROJECT, connection, environment};
	struct store_change c = {.undeployments = &place, .undeployment_count = 1};

	ck_assert_int_eq(probe_change(s, &c), 0);
}

START_TEST(what_fits_is_listed)
{
	struct store *s = fixture_begin();

	probe_deploy(s, "A", "Test", "r1");
	probe_deploy(s, "A", "Test", "r2");
	probe_deploy(s, "A", "Prod", "r1");
	probe_deploy(s, "B", "Test", "r5");
	end_deployment(s, "B", "Test");
	ck_assert_str_eq(probe_deployments(s, &lists[_i].place, lists[_i].active_only,
	                                   lists[_i].with_snapshot),
	                 lists[_i].shows);
	fixture_end(s);
}
END_TEST

START_TEST(one_is_found)
{
	struct store *s = fixture_begin();

	probe_deploy(s, "A", "Test", "r1");
	probe_deploy(s, "A", "Test", "r2");
	ck_assert_str_eq(probe_one_deployment(s, "A", "Test", 1),
	                 "global/A/Test #1 r1 {\"a\": 1}\n");
	ck_assert_str_eq(probe_one_deployment(s, "a", "Test", 0),
	                 "global/A/Test #2 r2 active {\"a\": 1}\n");
	ck_assert_str_eq(probe_one_deployment(s, "A", "Test", 3), "none");
	ck_assert_str_eq(probe_one_deployment(s, "A", "Prod", 0), "none");
	end_deployment(s, "A", "Test");
	ck_assert_str_eq(probe_one_deployment(s, "A", "Test", 0), "none");
	ck_assert_str_eq(probe_one_deployment(s, "A", "Test", 2),
	                 "global/A/Test #2 r2 {\"a\": 1}\n");
	fixture_end(s);
}
END_TEST

static void keep_one(void *arg, const struct store_deployment *d)
{
	struct store_deployment *to = arg;

	ck_assert_str_eq(d->actor, "token:ci");
	ck_assert_str_eq(d->place.project, "");
	to->note = d->note ? "there" : NULL;
	to->at_ms = d->at_ms;
	if (d->note)
		ck_assert_str_eq(d->note, "why");
}

START_TEST(all_that_was_said_is_kept)
{
	struct store *s = fixture_begin();
	struct store_deployment d = probe_deployment("A", "Test", "r1"), got = {0};
	struct store_change c = {.deployments = &d, .deployment_count = 1};

	d.place.project = NULL;
	d.actor = "token:ci";
	d.note = "why";
	d.at_ms = 12345;
	ck_assert_int_eq(probe_change(s, &c), 0);
	ck_assert_int_eq(store_deployment(s, &d.place, 1, keep_one, &got, NULL), 0);
	ck_assert_ptr_nonnull(got.note);
	ck_assert_int_eq(got.at_ms, 12345);
	d.note = NULL;
	ck_assert_int_eq(probe_change(s, &c), 0);
	ck_assert_int_eq(store_deployment(s, &d.place, 2, keep_one, &got, NULL), 0);
	ck_assert_ptr_null(got.note);
	fixture_end(s);
}
END_TEST

static void set_enabled(struct store *s, const char *environment, bool enabled)
{
	const struct store_toggle toggle = {{PROBE_PROJECT, "A", environment}, enabled};
	struct store_change c = {.toggles = &toggle, .toggle_count = 1};

	ck_assert_int_eq(probe_change(s, &c), 0);
}

START_TEST(the_active_one_is_toggled)
{
	struct store *s = fixture_begin();

	probe_deploy(s, "A", "Test", "r1");
	probe_deploy(s, "A", "Test", "r2");
	set_enabled(s, "Test", false);
	set_enabled(s, "Prod", false);
	ck_assert_str_eq(probe_all_deployments(s),
	                 "global/A/Test #2 r2 active disabled\nglobal/A/Test #1 r1\n");
	set_enabled(s, "Test", true);
	end_deployment(s, "A", "Test");
	set_enabled(s, "Test", false);
	ck_assert_str_eq(probe_all_deployments(s), "global/A/Test #2 r2\nglobal/A/Test #1 r1\n");
	/* Passed over, and no link was made of it. */
	end_deployment(s, "A", "Prod");
	ck_assert_str_eq(probe_one_deployment(s, "A", "Prod", 0), "none");
	fixture_end(s);
}
END_TEST

enum { PORTION = 500, MANY = 1500 };

START_TEST(many_in_portions)
{
	static struct store_deployment all[MANY];
	static char names[MANY][16];
	struct store *s = fixture_begin();

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < MANY; i++) {
			snprintf(names[i], sizeof(names[i]), "c%04d", i);
			all[i] = probe_deployment(names[i], "Test", "r");
		}
		for (int i = 0; i < MANY; i += PORTION) {
			struct store_change c = {.deployments = &all[i],
			                         .deployment_count = PORTION};
			ck_assert_int_eq(probe_change(s, &c), 0);
		}
		for (int i = 0; i < MANY; i++)
			ck_assert_uint_eq(all[i].number, (uint32_t)round + 1);
	}
	ck_assert_str_eq(probe_one_deployment(s, "c1499", "Test", 0),
	                 "global/c1499/Test #2 r active {\"a\": 1}\n");
	fixture_end(s);
}
END_TEST

/*
 * The journal
 */
static const uint8_t before[STORE_DIGEST_BYTES] = "0123456789abcdef0123456789abcde";

static uint64_t keep_files(struct store *s, const struct store_file *files, size_t count)
{
	struct store_change c = {.files = files, .file_count = count, .journal = 99};

	ck_assert_int_eq(probe_change(s, &c), 0);
	return c.journal;
}

START_TEST(files_stay_until_they_are_done)
{
	static const struct store_file three[] = {
		{.path = "/a/x", .before = before, .bytes = "text", .size_bytes = 4, .mode = 0640},
		{.path = "/a/empty", .bytes = "", .mode = 0600},
		{.path = "/a/old", .before = before},
	};
	static const struct store_file one = {.path = "/b", .bytes = "b", .size_bytes = 1};
	struct store *s = fixture_begin();

	ck_assert_uint_eq(keep_files(s, NULL, 0), 0);
	uint64_t first = keep_files(s, three, 3), second = keep_files(s, &one, 1);
	ck_assert_uint_gt(second, first);
	s = fixture_reopen(s);
	ck_assert_str_eq(probe_journal(s), "#1\n"
	                                   "/a/x 0123456789abcdef0123456789abcde text 640\n"
	                                   "/a/empty new  600\n"
	                                   "/a/old 0123456789abcdef0123456789abcde gone 0\n"
	                                   "#2\n"
	                                   "/b new b 0\n");
	ck_assert_int_eq(probe_journal_done(s, first), 0);
	ck_assert_str_eq(probe_journal(s), "#2\n/b new b 0\n");
	ck_assert_int_eq(probe_journal_done(s, second), 0);
	ck_assert_str_eq(probe_journal(s), "");
	/* A number that was given is not given again; one that is gone is passed over. */
	ck_assert_uint_eq(keep_files(s, &one, 1), second + 1);
	ck_assert_int_eq(probe_journal_done(s, second), 0);
	ck_assert_str_eq(probe_journal(s), "#3\n/b new b 0\n");
	fixture_end(s);
}
END_TEST

START_TEST(a_change_ends_an_earlier_row)
{
	static const struct store_file undo = {.path = "/a/new", .before = before};
	static const struct store_file file = {.path = "/b", .bytes = "b", .size_bytes = 1};
	static const struct store_naming faulty = {NULL, NULL, "global", "A", NULL};
	struct store *s = fixture_begin();

	uint64_t journal = keep_files(s, &undo, 1);
	struct store_change refused = {.ends_journal = journal, .names = &faulty, .name_count = 1};
	ck_assert_int_eq(probe_change(s, &refused), ERR_FAILED);
	ck_assert_str_eq(probe_journal(s), "#1\n/a/new 0123456789abcdef0123456789abcde gone 0\n");
	struct store_change done = {.ends_journal = journal, .files = &file, .file_count = 1};
	ck_assert_int_eq(probe_change(s, &done), 0);
	ck_assert_str_eq(probe_journal(s), "#2\n/b new b 0\n");
	fixture_end(s);
}
END_TEST

enum { LARGE = 10 << 20 };

struct large {
	const char *bytes;
	size_t calls;
};

static void check_large(void *arg, uint64_t journal, const struct store_file *files, size_t count)
{
	struct large *l = arg;

	(void)journal;
	l->calls++;
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(files[0].size_bytes, LARGE);
	ck_assert_int_eq(memcmp(files[0].bytes, l->bytes, LARGE), 0);
}

START_TEST(a_large_file)
{
	struct store *s = fixture_begin();
	char *bytes = malloc(LARGE);
	struct large l = {.bytes = bytes};

	for (size_t i = 0; i < LARGE; i++)
		bytes[i] = (char)(i * 31 >> 3);
	const struct store_file file = {.path = "/a", .bytes = bytes, .size_bytes = LARGE};
	keep_files(s, &file, 1);
	keep_files(s, &file, 1);
	ck_assert_int_eq(store_journal(s, check_large, &l, NULL), 0);
	ck_assert_uint_eq(l.calls, 2);
	free(bytes);
	fixture_end(s);
}
END_TEST

/*
 * Approvals
 */
START_TEST(approvals_are_there_once)
{
	static const struct store_approval some[] = {{"local/x", "https://b.example:443"},
	                                             {"local/a", "https://b.example:443"},
	                                             {"local/x", "https://a.example:443"}};
	struct store *s = fixture_begin();
	struct store_change c = {.approvals = some, .approval_count = 2};

	ck_assert_int_eq(probe_change(s, &c), 0);
	c.approval_count = 3;
	ck_assert_int_eq(probe_change(s, &c), 0);
	ck_assert_str_eq(probe_approvals(s), "local/a https://b.example:443\n"
	                                     "local/x https://a.example:443\n"
	                                     "local/x https://b.example:443\n");
	fixture_end(s);
}
END_TEST

/*
 * All or nothing
 */

/* One of everything; the naming is what may fail. */
struct everything {
	struct store_file file;
	struct store_naming naming;
	struct store_place undeployment;
	struct store_toggle toggle;
	struct store_deployment deployment;
	struct store_approval approval;
	struct store_audit audit;
	struct store_change change;
};

static void everything_init(struct everything *x, const char *name, const char *uid)
{
	*x = (struct everything){
		.file = {.path = "/f", .bytes = "f", .size_bytes = 1, .mode = 0600},
		.naming = {.to_project = PROBE_PROJECT, .to_name = name, .uid = uid},
		.undeployment = {PROBE_PROJECT, "Old", "Test"},
		.toggle = {{PROBE_PROJECT, "Off", "Test"}, false},
		.deployment = probe_deployment(name, "Test", "r1"),
		.approval = {"local/s", "https://a.example:443"},
		.audit = {.at_ms = 1, .actor = "local:a", .action = "connection.create"},
		.change =
			{
				.op.audit = &x->audit,
				.files = &x->file,
				.file_count = 1,
				.names = &x->naming,
				.name_count = 1,
				.undeployments = &x->undeployment,
				.undeployment_count = 1,
				.toggles = &x->toggle,
				.toggle_count = 1,
				.deployments = &x->deployment,
				.deployment_count = 1,
				.approvals = &x->approval,
				.approval_count = 1,
			},
	};
}

static uint64_t audit_rows(struct store *s)
{
	struct store_audit_verdict v;

	ck_assert_int_eq(store_audit_verify(s, &v, NULL), 0);
	ck_assert_uint_eq(v.broken, 0);
	return v.count;
}

static struct store *with_two(void)
{
	struct store *s = fixture_begin();

	probe_deploy(s, "Old", "Test", "r1");
	probe_deploy(s, "Off", "Test", "r1");
	return s;
}

START_TEST(all_at_once)
{
	struct store *s = with_two();
	struct everything x;

	everything_init(&x, "New", "u1");
	ck_assert_int_eq(probe_change(s, &x.change), 0);
	ck_assert_uint_eq(x.change.journal, 1);
	ck_assert_uint_eq(audit_rows(s), 1);
	s = fixture_reopen(s);
	ck_assert_str_eq(probe_all_deployments(s), "global/New/Test #1 r1 active\n"
	                                           "global/Off/Test #1 r1 active disabled\n"
	                                           "global/Old/Test #1 r1\n");
	ck_assert_str_eq(probe_identities(s), "u1 global/New\n");
	ck_assert_str_eq(probe_journal(s), "#1\n/f new f 600\n");
	ck_assert_str_eq(probe_approvals(s), "local/s https://a.example:443\n");
	ck_assert_uint_eq(audit_rows(s), 1);
	fixture_end(s);
}
END_TEST

static void lack_revision(struct everything *x)
{
	x->deployment.revision = NULL;
}

static void lack_snapshot(struct everything *x)
{
	x->deployment.snapshot = NULL;
}

static void lack_origin(struct everything *x)
{
	x->approval.origin = NULL;
}

static void lack_path(struct everything *x)
{
	x->file.path = NULL;
}

static void lack_uid(struct everything *x)
{
	x->naming.uid = NULL;
}

static void take_name(struct everything *x)
{
	x->naming.to_name = "TAKEN";
}

static void take_uid(struct everything *x)
{
	x->naming.uid = "u0";
}

static const struct {
	void (*spoil)(struct everything *x);
	int rc;
} refusals[] = {
	{take_name, ERR_CONFLICT},   {take_uid, ERR_CONFLICT},    {lack_uid, ERR_FAILED},
	{lack_revision, ERR_FAILED}, {lack_snapshot, ERR_FAILED}, {lack_origin, ERR_FAILED},
	{lack_path, ERR_FAILED},
};

/* Nothing of it is left; what is in the same transaction does not suffer, and the store goes on. */
START_TEST(refused_as_a_whole)
{
	struct store *s = with_two();
	struct everything bad, good;
	char text[sizeof(probe_text.text)];

	ck_assert_int_eq(probe_naming(s, NULL, "Taken", "u0"), 0);
	snprintf(text, sizeof(text), "%s", probe_all_deployments(s));
	everything_init(&bad, "New", "u1");
	refusals[_i].spoil(&bad);
	ck_assert_int_eq(probe_change(s, &bad.change), refusals[_i].rc);
	ck_assert_str_eq(probe_all_deployments(s), text);
	ck_assert_str_eq(probe_identities(s), "u0 global/Taken\n");
	ck_assert_str_eq(probe_journal(s), "");
	ck_assert_str_eq(probe_approvals(s), "");
	ck_assert_uint_eq(audit_rows(s), 0);

	everything_init(&good, "New", "u1");
	bad.change.op.kind = good.change.op.kind = STORE_CHANGE;
	bad.change.op.done = good.change.op.done = probe_done;
	bad.change.op.next = &good.change.op;
	probe_forget();
	store_post(s, &bad.change.op);
	probe_wait(s, 2);
	ck_assert_int_eq(bad.change.op.rc, refusals[_i].rc);
	ck_assert_int_eq(good.change.op.rc, 0);
	ck_assert_str_eq(probe_identities(s), "u1 global/New\nu0 global/Taken\n");
	ck_assert_str_eq(probe_one_deployment(s, "New", "Test", 0),
	                 "global/New/Test #1 r1 active {\"a\": 1}\n");
	ck_assert_uint_eq(audit_rows(s), 1);
	ck_assert_int_eq(fixture.failed, 0);
	fixture_end(s);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(numbers_count_for_each_place),
	SUITE_TEST(the_link_is_made),
	SUITE_LOOP(what_fits_is_listed, lists),
	SUITE_TEST(one_is_found),
	SUITE_TEST(all_that_was_said_is_kept),
	SUITE_TEST(the_active_one_is_toggled),
	SUITE_TEST(many_in_portions),
	SUITE_TEST(files_stay_until_they_are_done),
	SUITE_TEST(a_change_ends_an_earlier_row),
	SUITE_TEST(a_large_file),
	SUITE_TEST(approvals_are_there_once),
	SUITE_TEST(all_at_once),
	SUITE_LOOP(refused_as_a_whole, refusals),
};

SUITE_MAIN("sqlite_catalogue", tests)
