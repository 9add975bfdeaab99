/* Tests of carrying out what the journal says about files. */
#include <errno.h>
#include <fcntl.h>

#include "base/log.h"
#include "base/mem.h"
#include "core/journal.h"
#include "crypto/hash.h"
#include "sqlite_fixture.h"
#include "suite.h"

/* Good until the eighth call from now. */
static const uint8_t *digest_of(const char *text)
{
	static uint8_t digests[8][STORE_DIGEST_BYTES];
	static unsigned turn;
	uint8_t *digest = digests[turn++ % 8];
	struct hash h;

	hash_init(&h);
	hash_add(&h, text, strlen(text));
	hash_end(&h, digest);
	return digest;
}

/* "-" when there is no such file. */
static const char *text_of(const char *name)
{
	static char text[256];
	FILE *f = fopen(folder_path(name), "rb");

	if (!f)
		return "-";
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	return text;
}

static struct store_file file_of(const char *name, const char *before, const char *after)
{
	static char paths[8][768];
	static unsigned turn;
	char *path = paths[turn++ % 8];

	snprintf(path, sizeof(paths[0]), "%s", folder_path(name));
	return (struct store_file){
		.path = path,
		.before = before ? digest_of(before) : NULL,
		.bytes = after,
		.size_bytes = after ? strlen(after) : 0,
		.mode = 0640,
	};
}

/* What is found, what is to be (NULL: nothing), and what there is afterwards; kept beside: NULL nothing. */
static const struct {
	const char *found, *before, *after, *result, *kept;
} rows[] = {
	{NULL, NULL, "new", "new", NULL},
	{NULL, "old", "new", "new", NULL},
	{"old", "old", "new", "new", NULL},
	{"new", "old", "new", "new", NULL},
	{"other", "old", "new", "new", "other"},
	{"other", NULL, "new", "new", "other"},
	{"new", NULL, "new", "new", NULL},
	{NULL, "old", NULL, "-", NULL},
	{"old", "old", NULL, "-", NULL},
	{"other", "old", NULL, "-", "other"},
	{"old", "old", "", "", NULL},
	{"", "old", "new", "new", ""},
};

START_TEST(a_file_becomes_what_it_is_to_be)
{
	struct err e = {0};

	log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT, STDERR_FILENO);
	folder_create();
	if (rows[_i].found)
		folder_write("a.conf", rows[_i].found);
	struct store_file file = file_of("a.conf", rows[_i].before, rows[_i].after);
	ck_assert_msg(journal_write(&file, 1, &e) == 0, "%s", e.text);
	ck_assert_str_eq(text_of("a.conf"), rows[_i].result);
	ck_assert_str_eq(text_of("a.conf~"), rows[_i].kept ? rows[_i].kept : "-");
	/* Again: nothing is left to be done, and nothing is put aside. */
	ck_assert_int_eq(journal_write(&file, 1, &e), 0);
	ck_assert_str_eq(text_of("a.conf"), rows[_i].result);
	ck_assert_str_eq(text_of("a.conf~"), rows[_i].kept ? rows[_i].kept : "-");
	folder_destroy();
}
END_TEST

START_TEST(what_was_kept_before_stays)
{
	log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT, STDERR_FILENO);
	folder_create();
	folder_write("a.conf", "second");
	folder_write("a.conf~", "first");
	struct store_file file = file_of("a.conf", NULL, "new");
	ck_assert_int_eq(journal_write(&file, 1, NULL), 0);
	ck_assert_str_eq(text_of("a.conf"), "new");
	ck_assert_str_eq(text_of("a.conf~"), "first");
	ck_assert_str_eq(text_of("a.conf~2"), "second");
	folder_destroy();
}
END_TEST

START_TEST(what_is_no_plain_file_is_put_aside)
{
	log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT, STDERR_FILENO);
	folder_create();
	folder_write("elsewhere", "precious");
	ck_assert_int_eq(symlink(folder_path("elsewhere"), folder_path("a.conf")), 0);
	struct store_file file = file_of("a.conf", NULL, "new");
	ck_assert_int_eq(journal_write(&file, 1, NULL), 0);
	ck_assert_str_eq(text_of("a.conf"), "new");
	ck_assert_str_eq(text_of("elsewhere"), "precious");
	folder_destroy();
}
END_TEST

START_TEST(nothing_unfinished_stays_of_a_file_that_is_removed)
{
	folder_create();
	folder_write(".a.pem.new", "half of a k");
	struct store_file file = file_of("a.pem", "key", NULL);
	ck_assert_int_eq(journal_write(&file, 1, NULL), 0);
	ck_assert_str_eq(text_of(".a.pem.new"), "-");
	folder_destroy();
}
END_TEST

START_TEST(missing_folders_are_made)
{
	struct stat st;

	folder_create();
	struct store_file file = file_of("projects/Shop/connections/a.conf", NULL, "new");
	ck_assert_int_eq(journal_write(&file, 1, NULL), 0);
	ck_assert_str_eq(text_of("projects/Shop/connections/a.conf"), "new");
	ck_assert_int_eq(stat(folder_path("projects/Shop/connections/a.conf"), &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0640);
	folder_destroy();
}
END_TEST

START_TEST(a_file_that_cannot_be_written_ends_it)
{
	struct store_file files[3];
	struct err e = {0};

	folder_create();
	folder_write("wall", "no folder");
	files[0] = file_of("a.conf", NULL, "one");
	files[1] = file_of("wall/b.conf", NULL, "two");
	files[2] = file_of("c.conf", NULL, "three");
	ck_assert_int_eq(journal_write(files, 3, &e), ERR_IO);
	ck_assert_ptr_nonnull(strstr(e.text, "wall"));
	ck_assert_str_eq(text_of("a.conf"), "one");
	ck_assert_str_eq(text_of("c.conf"), "-");
	/* It can be repeated when the way is free. */
	ck_assert_int_eq(unlink(folder_path("wall")), 0);
	ck_assert_int_eq(journal_write(files, 3, NULL), 0);
	ck_assert_str_eq(text_of("wall/b.conf"), "two");
	ck_assert_str_eq(text_of("c.conf"), "three");
	folder_destroy();
}
END_TEST

/*
 * From the store
 */

static void count_row(void *arg, uint64_t journal, const struct store_file *files, size_t count)
{
	(void)journal, (void)files, (void)count;
	++*(unsigned *)arg;
}

static unsigned open_rows(struct store *s)
{
	unsigned count = 0;

	ck_assert_int_eq(store_journal(s, count_row, &count, NULL), 0);
	return count;
}

static void keep(struct store *s, const struct store_file *files, size_t count)
{
	struct store_change change = {.op.kind = STORE_CHANGE, .files = files, .file_count = count};

	ck_assert_int_eq(store_post_wait(s, &change.op), 0);
	ck_assert_uint_gt(change.journal, 0);
}

static struct store *begin_open_rows(void)
{
	struct store_file files[2];
	struct store *s = fixture_begin();

	log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT, STDERR_FILENO);
	folder_write("gone.conf", "old");
	files[0] = file_of("a.conf", NULL, "one");
	files[1] = file_of("empty.conf", NULL, "");
	keep(s, files, 2);
	files[0] = file_of("a.conf", "one", "two");
	files[1] = file_of("gone.conf", "old", NULL);
	keep(s, files, 2);
	ck_assert_uint_eq(open_rows(s), 2);
	return s;
}

static void check_finished(struct store *s)
{
	ck_assert_uint_eq(open_rows(s), 0);
	ck_assert_str_eq(text_of("a.conf"), "two");
	ck_assert_str_eq(text_of("a.conf~"), "-");
	ck_assert_str_eq(text_of("empty.conf"), "");
	ck_assert_str_eq(text_of("gone.conf"), "-");
}

START_TEST(open_rows_are_finished_in_their_order)
{
	struct err e = {0};
	struct store *s = begin_open_rows();

	ck_assert_msg(journal_finish(s, &e) == 0, "%s", e.text);
	check_finished(s);
	ck_assert_int_eq(journal_finish(s, &e), 0);
	check_finished(s);
	fixture_end(s);
}
END_TEST

START_TEST(a_row_that_cannot_be_finished_stays_open)
{
	struct store *s = begin_open_rows();

	folder_write("wall", "no folder");
	struct store_file file = file_of("wall/b.conf", NULL, "x");
	keep(s, &file, 1);
	ck_assert_int_eq(journal_finish(s, NULL), ERR_IO);
	ck_assert_uint_eq(open_rows(s), 1);
	ck_assert_int_eq(unlink(folder_path("wall")), 0);
	ck_assert_int_eq(journal_finish(s, NULL), 0);
	check_finished(s);
	ck_assert_str_eq(text_of("wall/b.conf"), "x");
	fixture_end(s);
}
END_TEST

START_TEST(without_memory_it_can_be_repeated)
{
	struct store *s = begin_open_rows();
	unsigned failures = 0;
	int rc = -1;

	for (unsigned n = 1; rc < 0 && n < 1000; n++) {
		struct err e = {0};
		mem_fail_at(n);
		rc = journal_finish(s, &e);
		mem_fail_at(0);
		ck_assert_int_eq(rc, e.code);
		failures += rc < 0;
	}
	ck_assert_int_eq(rc, 0);
	ck_assert_uint_gt(failures, 3);
	check_finished(s);
	fixture_end(s);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(a_file_becomes_what_it_is_to_be, rows),
	SUITE_TEST(what_was_kept_before_stays),
	SUITE_TEST(what_is_no_plain_file_is_put_aside),
	SUITE_TEST(nothing_unfinished_stays_of_a_file_that_is_removed),
	SUITE_TEST(missing_folders_are_made),
	SUITE_TEST(a_file_that_cannot_be_written_ends_it),
	SUITE_TEST(open_rows_are_finished_in_their_order),
	SUITE_TEST(a_row_that_cannot_be_finished_stays_open),
	SUITE_TEST(without_memory_it_can_be_repeated),
};
SUITE_MAIN("catalog_journal", tests)
