/* What waits in memory. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "store/sqlite_backlog.h"
#include "suite.h"

static struct backlog backlog;
static char told_text[4096];

static void note_added(void *arg, uint64_t seq, int64_t link)
{
	size_t at = strlen(told_text);

	(void)arg;
	snprintf(told_text + at, sizeof(told_text) - at, "+%d/%d ", (int)seq, (int)link);
}

static void note_taken(void *arg, uint64_t seq, bool leased)
{
	size_t at = strlen(told_text);

	(void)arg;
	snprintf(told_text + at, sizeof(told_text) - at, "%c%d ", leased ? '-' : 'x', (int)seq);
}

static const char *commit(void)
{
	static const struct backlog_told told = {note_added, note_taken, NULL};

	told_text[0] = '\0';
	backlog_commit(&backlog, &told);
	return told_text;
}

static uint64_t first(int64_t link)
{
	const struct backlog_row *row = backlog_first(&backlog, link);

	return row ? row->seq : 0;
}

static void add(int64_t link, uint64_t seq)
{
	ck_assert(backlog_add(&backlog, link, seq, (int64_t)seq * 10));
}

START_TEST(each_link_has_its_own_order)
{
	ck_assert_uint_eq(first(1), 0);
	ck_assert_int_eq(backlog_link_after(&backlog, 0), 0);
	add(7, 1);
	add(3, 2);
	add(7, 3);
	ck_assert_uint_eq(first(7), 1);
	ck_assert_int_eq(backlog_first(&backlog, 3)->due_ms, 20);
	ck_assert_int_eq(backlog_link_after(&backlog, 0), 3);
	ck_assert_int_eq(backlog_link_after(&backlog, 3), 7);
	ck_assert_int_eq(backlog_link_after(&backlog, 7), 0);
	backlog_take(&backlog, 7, true);
	ck_assert_uint_eq(first(7), 3);
	backlog_take(&backlog, 3, false);
	ck_assert_int_eq(backlog_link_after(&backlog, 0), 7);
	ck_assert_str_eq(commit(), "+2/3 x2 +1/7 +3/7 -1 ");
	ck_assert_str_eq(commit(), "");
	ck_assert_uint_eq(backlog.count, 1);
	backlog_finish(&backlog);
}
END_TEST

START_TEST(undone)
{
	add(1, 1);
	add(1, 2);
	commit();
	add(1, 3);
	add(2, 4);
	backlog_take(&backlog, 1, false);
	backlog_take(&backlog, 1, true);
	backlog_take(&backlog, 1, true);
	ck_assert_uint_eq(first(1), 0);
	backlog_roll_back(&backlog);
	ck_assert_uint_eq(backlog.count, 2);
	ck_assert_uint_eq(first(1), 1);
	ck_assert_uint_eq(first(2), 0);
	ck_assert_str_eq(commit(), "");
	backlog_take(&backlog, 1, true);
	ck_assert_str_eq(commit(), "-1 ");
	ck_assert_uint_eq(first(1), 2);
	backlog_finish(&backlog);
}
END_TEST

/* Through many turns of a ring, while it grows and empties. */
START_TEST(many)
{
	uint64_t in = 0, out = 0;

	for (int round = 0; round < 300; round++) {
		for (int i = 0; i < round * 7 % 400; i++)
			add(1, ++in);
		commit();
		for (int i = 0; i < round * 11 % 400 && out < in; i++) {
			ck_assert_uint_eq(first(1), ++out);
			backlog_take(&backlog, 1, true);
		}
		if (round % 3 == 0)
			commit();
	}
	while (out < in) {
		ck_assert_uint_eq(first(1), ++out);
		backlog_take(&backlog, 1, true);
	}
	commit();
	ck_assert_uint_eq(first(1), 0);
	ck_assert_uint_eq(backlog.count, 0);
	backlog_finish(&backlog);
}
END_TEST

START_TEST(bounded)
{
	for (uint64_t seq = 1; seq <= BACKLOG_MOST; seq++)
		add(1 + (int64_t)(seq % 5), seq);
	ck_assert(!backlog_add(&backlog, 1, BACKLOG_MOST + 1, 1));
	ck_assert(!backlog_add(&backlog, 100, BACKLOG_MOST + 1, 1));
	commit();
	backlog_take(&backlog, 1, true);
	ck_assert(backlog_add(&backlog, 1, BACKLOG_MOST + 1, 1));
	backlog_finish(&backlog);
}
END_TEST

START_TEST(no_memory)
{
	bool added = false;

	for (unsigned n = 1; !added; n++) {
		mem_fail_at(n);
		added = backlog_add(&backlog, 1, 5, 50);
		mem_fail_at(0);
		ck_assert_uint_eq(first(1), added ? 5 : 0);
		backlog_finish(&backlog);
	}
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(each_link_has_its_own_order), SUITE_TEST(undone),    SUITE_TEST(many),
	SUITE_TEST(bounded),                     SUITE_TEST(no_memory),
};

SUITE_MAIN("sqlite_backlog", tests)
