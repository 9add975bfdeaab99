/* Reports: lines, verdicts, guesses, and what plugins add. */
#include <string.h>

#include "base/buf.h"
#include "schema/report.h"
#include "suite.h"
#include "tree.h"

static char printed[8192];

static const char *print(const struct report *r)
{
	struct buf b;

	buf_init(&b, BUF_MAX_TEXT);
	report_print(r, &b);
	ck_assert_int_eq(buf_failed(&b), BUF_OK);
	snprintf(printed, sizeof(printed), "%s", buf_str(&b));
	buf_finish(&b);
	return printed;
}

START_TEST(prints_one_line_each_by_place)
{
	struct report r;

	report_init(&r);
	report_add_at(&r, LK_FAULT_ERROR, "b.conf", 2, "x.y", "c", "third %d", 3);
	report_add_at(&r, LK_FAULT_WARNING, "a.conf", 12, "k", "c", "second");
	report_add_at(&r, LK_FAULT_ERROR, "a.conf", 3, "", "c", "first");
	report_add_at(&r, LK_FAULT_ERROR, "b.conf", 2, "a", "c", "of one line: as found");
	report_add_at(&r, LK_FAULT_ERROR, "c.conf", 0, "k", "c", "no line");
	report_add_at(&r, LK_FAULT_ERROR, NULL, 0, "web\nhook", "c", "nowhere\r\nforged: line");
	ck_assert_str_eq(print(&r), "error: web hook: nowhere  forged: line\n"
	                            "a.conf:3: error: first\n"
	                            "a.conf:12: warning: k: second\n"
	                            "b.conf:2: error: x.y: third 3\n"
	                            "b.conf:2: error: a: of one line: as found\n"
	                            "c.conf: error: k: no line\n");
	report_finish(&r);
}
END_TEST

START_TEST(gives_a_verdict)
{
	struct report r;
	struct err e = {0};

	report_init(&r);
	ck_assert_int_eq(report_verdict(&r, &e), 0);
	report_add_at(&r, LK_FAULT_WARNING, "a.conf", 1, "w", "c", "a warning");
	ck_assert_int_eq(report_verdict(&r, &e), 0);
	ck_assert_int_eq(e.code, 0);
	report_add_at(&r, LK_FAULT_ERROR, "a.conf", 2, "k", "c", "wrong");
	ck_assert_int_eq(report_verdict(&r, &e), ERR_INVALID);
	ck_assert_str_eq(e.text, "a.conf:2: error: k: wrong");
	report_add_at(&r, LK_FAULT_ERROR, "a.conf", 3, "l", "c", "wrong too");
	err_clear(&e);
	ck_assert_int_eq(report_verdict(&r, &e), ERR_INVALID);
	ck_assert_str_eq(e.text, "a.conf:2: error: k: wrong (and 1 more)");
	report_finish(&r);
}
END_TEST

START_TEST(counts_what_it_does_not_keep)
{
	struct report r;

	report_init(&r);
	for (int i = 0; i < 1500; i++)
		report_add_at(&r, LK_FAULT_ERROR, "a.conf", 1, "k", "c", "wrong");
	ck_assert_uint_eq(r.errors, 1500);
	ck_assert_uint_eq(r.count, 1000);
	struct buf b;
	buf_init(&b, BUF_MAX_TEXT);
	report_print(&r, &b);
	ck_assert_ptr_nonnull(strstr(buf_str(&b), "\nand 500 more\n"));
	buf_finish(&b);
	report_finish(&r);
}
END_TEST

static const struct {
	const char *word, *nearest;
} guesses[] = {
	{"metod", "method"},
	{"methd", "method"},
	{"mehtod", "method"},
	{"mmethod", "method"},
	{"METHOD", "method"},
	{"medhot", "method"},
	{"mdeth", NULL},
	{"headers", "headers"},
	{"header", "headers"},
	{"url", "url"},
	{"urk", "url"},
	{"xx", NULL},
	{"u", NULL},
	{"", NULL},
	{"completely_else", NULL},
};

START_TEST(guesses_what_was_meant)
{
	static const char *const names[] = {"url", "method", "headers", "request_timeout_ms"};
	const char *nearest = report_nearest(guesses[_i].word, names, 4);

	if (guesses[_i].nearest)
		ck_assert_str_eq(nearest ? nearest : "(none)", guesses[_i].nearest);
	else
		ck_assert_msg(!nearest, "%s became %s", guesses[_i].word, nearest);
}
END_TEST

START_TEST(guesses_the_best_of_several)
{
	static const char *const names[] = {"burst", "post", "put"};
	char long_word[200];

	ck_assert_str_eq(report_nearest("pot", names, 3), "post");
	ck_assert_str_eq(report_nearest("pust", names, 3), "post");
	memset(long_word, 'p', sizeof(long_word));
	long_word[sizeof(long_word) - 1] = '\0';
	ck_assert_ptr_null(report_nearest(long_word, names, 3));
}
END_TEST

static const struct {
	const char *path, *line;
} places[] = {
	{"url", "t.conf:3: error: settings.url: wrong\n"},
	{"headers[1].name", "t.conf:7: error: settings.headers[1].name: wrong\n"},
	{"headers[1].value", "t.conf:6: error: settings.headers[1].value: wrong\n"},
	{"headers[7]", "t.conf:4: error: settings.headers[7]: wrong\n"},
	{"absent", "t.conf:2: error: settings.absent: wrong\n"},
	{"headers[", "t.conf:4: error: settings.headers[: wrong\n"},
	{"", "t.conf:2: error: settings: wrong\n"},
	{NULL, "t.conf:2: error: settings: wrong\n"},
};

START_TEST(puts_faults_of_plugins_at_their_line)
{
	struct report_adapter adapter;
	struct report r;
	struct arena arena;

	report_init(&r);
	arena_init(&arena);
	struct node *root = tree_parse(&arena, "{\"settings\":{\"url\":\"u\",\"headers\":[{},"
	                                       "{\"name\":\"x\"}]}}");
	report_adapter_init(&adapter, &r, node_get(root, "settings"));
	ck_assert_uint_eq(adapter.face.size, sizeof(struct lk_report));
	adapter.face.add(&adapter.face, LK_FAULT_ERROR, places[_i].path, "code", "wrong");
	ck_assert_str_eq(print(&r), places[_i].line);
	ck_assert_str_eq(r.faults[0].code, "code");
	arena_finish(&arena);
	report_finish(&r);
}
END_TEST

START_TEST(remembers_that_memory_ran_out)
{
	unsigned n = 0;
	bool pending;

	do {
		struct report r;
		report_init(&r);
		mem_fail_at(++n);
		for (int i = 0; i < 40; i++)
			report_add_at(&r, LK_FAULT_ERROR, "a.conf", 1, "key", "code", "wrong");
		pending = mem_fail_pending();
		mem_fail_at(0);
		ck_assert_uint_eq(r.errors, 40);
		ck_assert_int_eq(r.out_of_memory, !pending);
		ck_assert_int_eq(report_verdict(&r, NULL), pending ? ERR_INVALID : ERR_NO_MEMORY);
		report_finish(&r);
	} while (!pending);
	ck_assert_uint_gt(n, 3);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(prints_one_line_each_by_place),
	SUITE_TEST(gives_a_verdict),
	SUITE_TEST(counts_what_it_does_not_keep),
	SUITE_LOOP(guesses_what_was_meant, guesses),
	SUITE_TEST(guesses_the_best_of_several),
	SUITE_LOOP(puts_faults_of_plugins_at_their_line, places),
	SUITE_TEST(remembers_that_memory_ran_out),
};
SUITE_MAIN("report", tests)
