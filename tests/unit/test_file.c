/* Files that are whole or not there. */
#include <fcntl.h>
#include <pthread.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "folder.h"
#include "suite.h"

static void check_content(const char *name, const char *expected)
{
	struct buf b;

	int fd = open(folder_path(name), O_RDONLY);
	ck_assert_int_ge(fd, 0);
	buf_init(&b, BUF_MAX_TEXT);
	ck_assert_int_eq(file_read(fd, &b), 0);
	ck_assert_str_eq(buf_str(&b), expected);
	buf_finish(&b);
	close(fd);
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(lstat(folder_path(name), &st), 0);
	return st.st_mode & 07777;
}

static bool is_there(const char *name)
{
	struct stat st;

	return lstat(folder_path(name), &st) == 0;
}

static int replace(const char *name, const char *text, mode_t mode, struct err *e)
{
	return file_replace(folder_path(name), text, strlen(text), mode, e);
}

START_TEST(a_file_is_made_and_replaced)
{
	folder_create();
	umask(077);
	ck_assert_int_eq(replace("f", "one", 0640, NULL), 0);
	check_content("f", "one");
	ck_assert_uint_eq(mode_of("f"), 0640);
	ck_assert_int_eq(replace("f", "2", 0600, NULL), 0);
	check_content("f", "2");
	ck_assert_uint_eq(mode_of("f"), 0600);
	ck_assert_int_eq(file_replace(folder_path("f"), NULL, 0, 0600, NULL), 0);
	check_content("f", "");
	ck_assert(!is_there(".f.new"));
	folder_destroy();
}
END_TEST

START_TEST(what_a_death_left_is_used_up)
{
	folder_create();
	folder_write(".f.new", "half of something that was longer");
	ck_assert_int_eq(chmod(folder_path(".f.new"), 0666), 0);
	ck_assert_int_eq(replace("f", "one", 0600, NULL), 0);
	check_content("f", "one");
	ck_assert_uint_eq(mode_of("f"), 0600);
	ck_assert(!is_there(".f.new"));
	folder_destroy();
}
END_TEST

START_TEST(no_link_leads_elsewhere)
{
	struct err e = {0};

	folder_create();
	folder_write("other", "untouched");
	ck_assert_int_eq(symlink("other", folder_path("f")), 0);
	ck_assert_int_eq(replace("f", "one", 0600, NULL), 0);
	check_content("f", "one");
	ck_assert_int_eq(symlink("other", folder_path(".g.new")), 0);
	ck_assert_int_eq(replace("g", "two", 0600, &e), ERR_IO);
	ck_assert_ptr_nonnull(strstr(e.text, "cannot write "));
	/* A second name of the file that is written would go on holding it. */
	ck_assert_int_eq(link(folder_path("other"), folder_path(".h.new")), 0);
	ck_assert_int_eq(replace("h", "three", 0600, NULL), 0);
	check_content("h", "three");
	check_content("other", "untouched");
	folder_destroy();
}
END_TEST

START_TEST(a_failure_leaves_what_was_there)
{
	struct err e = {0};

	folder_create();
	ck_assert_int_eq(mkdir(folder_path("f"), 0700), 0);
	ck_assert_int_eq(replace("f", "one", 0600, &e), ERR_IO);
	ck_assert(!is_there(".f.new"));
	ck_assert_uint_eq(mode_of("f"), 0700);
	ck_assert_int_eq(replace("none/f", "one", 0600, NULL), ERR_IO);
	ck_assert(!is_there("none"));
	folder_destroy();
}
END_TEST

START_TEST(a_new_file_takes_the_place_of_none)
{
	struct err e = {0};

	folder_create();
	ck_assert_int_eq(file_create(folder_path("f"), "one", 3, 0600, NULL), 0);
	ck_assert_int_eq(file_create(folder_path("f"), "two", 3, 0600, &e), ERR_CONFLICT);
	ck_assert_ptr_nonnull(strstr(e.text, "is there already"));
	check_content("f", "one");
	ck_assert(!is_there(".f.new"));
	folder_destroy();
}
END_TEST

START_TEST(a_file_is_removed)
{
	folder_create();
	folder_write("f", "one");
	ck_assert_int_eq(file_remove(folder_path("f"), NULL), 0);
	ck_assert(!is_there("f"));
	ck_assert_int_eq(file_remove(folder_path("f"), NULL), ERR_NOT_FOUND);
	ck_assert_int_eq(file_remove(folder_path("f/g"), NULL), ERR_NOT_FOUND);
	ck_assert_int_eq(mkdir(folder_path("g"), 0700), 0);
	ck_assert_int_eq(file_remove(folder_path("g"), NULL), ERR_IO);
	folder_destroy();
}
END_TEST

START_TEST(what_a_death_left_can_be_removed)
{
	folder_create();
	folder_write("f", "one");
	folder_write(".f.new", "half of something");
	ck_assert_int_eq(file_remove_unfinished(folder_path("f"), NULL), 0);
	ck_assert(!is_there(".f.new"));
	check_content("f", "one");
	ck_assert_int_eq(file_remove_unfinished(folder_path("f"), NULL), 0);
	ck_assert(!is_there(".f.new"));
	ck_assert_int_eq(file_remove_unfinished(folder_path("none/f"), NULL), 0);
	ck_assert_int_eq(mkdir(folder_path(".f.new"), 0700), 0);
	ck_assert_int_eq(file_remove_unfinished(folder_path("f"), NULL), ERR_IO);
	folder_destroy();
}
END_TEST

START_TEST(a_path_leads_out_of_a_folder_that_is_not_there)
{
	struct arena a;

	folder_create();
	arena_init(&a);
	ck_assert_int_eq(mkdir(folder_path("there"), 0700), 0);
	const char *there = arena_strdup(&a, folder_path("there"));
	const char *none = arena_strdup(&a, folder_path("none/of/it"));
	ck_assert_str_eq(file_beside(&a, there, "../ca.pem"),
	                 arena_printf(&a, "%s/../ca.pem", there));
	ck_assert_str_eq(file_beside(&a, none, "ca.pem"), arena_printf(&a, "%s/ca.pem", none));
	ck_assert_str_eq(file_beside(&a, none, "../../x/../ca.pem"),
	                 folder_path("none/x/../ca.pem"));
	ck_assert_str_eq(file_beside(&a, none, "../../../../ca.pem"), folder_path("../ca.pem"));
	ck_assert_str_eq(file_beside(&a, "none", "../../ca.pem"), "none/../../ca.pem");
	arena_finish(&a);
	folder_destroy();
}
END_TEST

START_TEST(folders_are_made)
{
	folder_create();
	ck_assert_int_eq(file_make_folders(folder_path("a/b/c"), 0700, NULL), 0);
	ck_assert_int_eq(file_make_folders(folder_path("a/b/c"), 0700, NULL), 0);
	ck_assert_uint_eq(mode_of("a/b"), 0700);
	ck_assert(!is_there("a/b/c"));
	folder_write("f", "");
	ck_assert_int_eq(file_make_folders(folder_path("f/b/c"), 0700, NULL), ERR_IO);
	ck_assert_int_eq(file_sync_folder(folder_path("a/b/c"), NULL), 0);
	ck_assert_int_eq(file_sync_folder(folder_path("none/c"), NULL), ERR_IO);
	folder_destroy();
}
END_TEST

START_TEST(a_path_that_is_too_long_is_refused)
{
	char path[FILE_PATH_BYTES + 10] = "/";

	memset(path + 1, 'a', sizeof(path) - 2);
	ck_assert_int_eq(file_replace(path, "", 0, 0600, NULL), ERR_IO);
	ck_assert_int_eq(file_make_folders(path, 0700, NULL), ERR_IO);
	path[sizeof(path) - 5] = '/';
	ck_assert_int_eq(file_sync_folder(path, NULL), ERR_IO);
}
END_TEST

/*
 * Several writers
 */

enum { WRITERS = 4, ROUNDS = 200, CONTENT_BYTES = 5000 };

static _Atomic unsigned made;

/* NULL: something failed. */
static void *write_often(void *arg)
{
	char content[CONTENT_BYTES];
	char path[768];

	memset(content, 'a' + *(const int *)arg, sizeof(content));
	snprintf(path, sizeof(path), "%s/shared", folder_root);
	for (int i = 0; i < ROUNDS; i++)
		if (file_replace(path, content, sizeof(content), 0600, NULL) < 0)
			return NULL;
	snprintf(path, sizeof(path), "%s/once", folder_root);
	int rc = file_create(path, content, sizeof(content), 0600, NULL);
	made += rc == 0;
	return rc == 0 || rc == ERR_CONFLICT ? arg : NULL;
}

static void check_is_of_one(const char *name)
{
	struct buf b;

	int fd = open(folder_path(name), O_RDONLY);
	ck_assert_int_ge(fd, 0);
	buf_init(&b, BUF_MAX_TEXT);
	ck_assert_int_eq(file_read(fd, &b), 0);
	close(fd);
	ck_assert_uint_eq(b.len_bytes, CONTENT_BYTES);
	for (size_t i = 0; i < b.len_bytes; i++)
		ck_assert_int_eq(b.data[i], b.data[0]);
	buf_finish(&b);
}

START_TEST(a_reader_sees_the_whole_of_one_writer)
{
	static int numbers[WRITERS];
	pthread_t threads[WRITERS];
	char first[CONTENT_BYTES];

	folder_create();
	memset(first, 'z', sizeof(first));
	folder_write_bytes("shared", first, sizeof(first));
	for (int i = 0; i < WRITERS; i++) {
		numbers[i] = i;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, write_often, &numbers[i]), 0);
	}
	for (int i = 0; i < 500; i++)
		check_is_of_one("shared");
	for (int i = 0; i < WRITERS; i++) {
		void *done;
		ck_assert_int_eq(pthread_join(threads[i], &done), 0);
		ck_assert_ptr_nonnull(done);
	}
	check_is_of_one("shared");
	check_is_of_one("once");
	ck_assert_uint_eq(made, 1);
	ck_assert(!is_there(".shared.new"));
	folder_destroy();
}
END_TEST

START_TEST(reading_says_when_it_has_no_room)
{
	struct buf b;

	folder_create();
	folder_write("f", "0123456789");
	int fd = open(folder_path("f"), O_RDONLY);
	buf_init(&b, 5);
	ck_assert_int_eq(file_read(fd, &b), 0);
	ck_assert_int_eq(buf_failed(&b), BUF_TOO_LONG);
	buf_finish(&b);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	buf_init(&b, 50);
	mem_fail_at(1);
	ck_assert_int_eq(file_read(fd, &b), 0);
	mem_fail_at(0);
	ck_assert_int_eq(buf_failed(&b), BUF_NO_MEMORY);
	buf_finish(&b);
	close(fd);
	ck_assert_int_eq(file_read(fd, &b), ERR_IO);
	folder_destroy();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(a_file_is_made_and_replaced),
	SUITE_TEST(what_a_death_left_is_used_up),
	SUITE_TEST(no_link_leads_elsewhere),
	SUITE_TEST(a_failure_leaves_what_was_there),
	SUITE_TEST(a_new_file_takes_the_place_of_none),
	SUITE_TEST(a_file_is_removed),
	SUITE_TEST(what_a_death_left_can_be_removed),
	SUITE_TEST(a_path_leads_out_of_a_folder_that_is_not_there),
	SUITE_TEST(folders_are_made),
	SUITE_TEST(a_path_that_is_too_long_is_refused),
	SUITE_TEST(a_reader_sees_the_whole_of_one_writer),
	SUITE_TEST(reading_says_when_it_has_no_room),
};

SUITE_MAIN("file", tests)
