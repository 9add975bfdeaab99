/* Opening a store: what is refused, and setting aside what is damaged. */
#include <fcntl.h>

#include "base/err.h"
#include "sqlite_fixture.h"
#include "suite.h"

static void patch(const char *name, long at, const void *data, size_t bytes)
{
	int fd = open(folder_path(name), O_WRONLY);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, data, bytes, at), bytes);
	close(fd);
}

static int try_open(char *text, size_t bytes)
{
	struct store *s = NULL;
	struct err e = {0};

	int rc = fixture_try_open(&s, &e);
	if (rc == 0)
		store_close(s);
	snprintf(text, bytes, "%s", e.text);
	return rc;
}

static bool is_there(const char *name)
{
	return access(folder_path(name), F_OK) == 0;
}

/* A store with one delivery in it, closed. */
static void fill(void)
{
	struct store *s = fixture_begin();

	ck_assert_int_eq(probe_accept(s, probe_link(s, "A"), 1, true), 0);
	store_close(s);
}

START_TEST(one_host_at_a_time)
{
	struct store *s = fixture_begin();
	char text[1024];

	ck_assert_int_eq(try_open(text, sizeof(text)), ERR_CONFLICT);
	ck_assert_ptr_nonnull(strstr(text, "another linkspand uses"));
	ck_assert_ptr_nonnull(strstr(text, folder_root));
	char place[256];
	struct err e = {0};
	ck_assert_int_eq(sqlite_store_set_aside(folder_root, place, sizeof(place), &e),
	                 ERR_CONFLICT);
	store_close(s);
	ck_assert_int_eq(try_open(text, sizeof(text)), 0);
	folder_destroy();
}
END_TEST

START_TEST(no_folder)
{
	struct sqlite_options options = {.folder = "/nonexistent/state"};
	struct store *s = NULL;
	struct err e = {0};

	ck_assert_int_eq(sqlite_store_open(&options, &s, &e), ERR_IO);
	ck_assert_ptr_nonnull(strstr(e.text, "/nonexistent/state"));
	ck_assert_ptr_null(s);
}
END_TEST

static void no_database(void)
{
	folder_write("outbox.db", "This is a text, and has been one all its life long.  It is no "
	                          "database, however long one looks at it, not even a small one.");
}

static void torn_page(void)
{
	char noise[4096];

	memset(noise, 0xa5, sizeof(noise));
	patch("outbox.db", 4096, noise, sizeof(noise));
}

static void marked(void)
{
	folder_write("outbox.damaged", "a page was torn\n");
}

static void lost_database(void)
{
	folder_write("outbox.db-wal", "leftover of a run");
	ck_assert_int_eq(remove(folder_path("outbox.db")), 0);
}

static void cut_short(void)
{
	ck_assert_int_eq(truncate(folder_path("outbox.db"), 3 * 4096), 0);
}

static const struct damage {
	void (*make)(void);
	const char *says;
} damages[] = {
	{no_database, "is damaged"},
	{torn_page, "is damaged"},
	{marked, "was found damaged (a page was torn)"},
	{lost_database, "is missing or empty"},
	{cut_short, "is damaged"},
};

START_TEST(damaged_is_refused)
{
	char text[1024], place[512], again[512];
	struct err e = {0};

	fill();
	damages[_i].make();
	ck_assert_int_eq(try_open(text, sizeof(text)), ERR_INVALID);
	ck_assert_msg(strstr(text, damages[_i].says) != NULL, "%s", text);
	ck_assert_msg(strstr(text, "linkspand --set-aside") != NULL, "%s", text);
	/* Looking at it has changed nothing. */
	ck_assert_int_eq(try_open(again, sizeof(again)), ERR_INVALID);
	ck_assert_str_eq(again, text);

	ck_assert_int_eq(sqlite_store_set_aside(folder_root, place, sizeof(place), &e), 0);
	ck_assert_ptr_nonnull(strstr(place, "/outbox.set-aside-"));
	ck_assert(!is_there("outbox.db") && !is_there("outbox.damaged"));
	ck_assert(!is_there("outbox.db-wal"));
	snprintf(text, sizeof(text), "%s/%s", place,
	         damages[_i].make == lost_database ? "outbox.db-wal" : "outbox.db");
	ck_assert_int_eq(access(text, F_OK), 0);
	/* There is nothing any more, and a new one is made. */
	ck_assert_int_eq(sqlite_store_set_aside(folder_root, place, sizeof(place), &e),
	                 ERR_NOT_FOUND);
	struct store *s = fixture_open_again();
	ck_assert(!probe_has(s, 1));
	fixture_end(s);
}
END_TEST

START_TEST(set_aside_twice)
{
	char first[512], second[512];
	struct err e = {0};

	fill();
	ck_assert_int_eq(sqlite_store_set_aside(folder_root, first, sizeof(first), &e), 0);
	store_close(fixture_open_again());
	ck_assert_int_eq(sqlite_store_set_aside(folder_root, second, sizeof(second), &e), 0);
	ck_assert_str_ne(first, second);
	folder_destroy();
}
END_TEST

/* user_version stands at byte 60 of the file, application_id at 68. */
START_TEST(younger_is_refused)
{
	static const unsigned char version[] = {0, 0, 0, 99}, id[] = {1, 2, 3, 4};
	char text[1024];

	fill();
	patch("outbox.db", 60, version, 4);
	ck_assert_int_eq(try_open(text, sizeof(text)), ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(text, "written by a younger linkspand: its version is 99"));
	ck_assert_ptr_null(strstr(text, "--set-aside"));
	patch("outbox.db", 68, id, 4);
	ck_assert_int_eq(try_open(text, sizeof(text)), ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(text, "of another program"));
	folder_destroy();
}
END_TEST

START_TEST(kept_over_a_restart)
{
	fill();
	struct store *s = fixture_open_again();
	struct store_recovery found;
	struct err e = {0};

	ck_assert_int_eq(store_recover(s, NULL, 0, &found, &e), 0);
	ck_assert_uint_eq(found.released, 1);
	ck_assert_mem_eq(probe_get(s, 1)->body, "body", 4);
	/* Closing leaves one file that holds all. */
	store_close(s);
	ck_assert(!is_there("outbox.db-wal"));
	ck_assert(is_there("reserve"));
	folder_destroy();
}
END_TEST

START_TEST(private_to_the_host)
{
	static const char *const names[] = {"outbox.db", "outbox.db-wal", "outbox.db-shm",
	                                    "outbox.lock", "reserve"};
	struct stat st;

	umask(0);
	struct store *s = fixture_begin();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ck_assert_msg(stat(folder_path(names[i]), &st) == 0, "%s", names[i]);
		ck_assert_msg((st.st_mode & 0777) == 0600, "%s: %o", names[i], st.st_mode & 0777);
	}
	fixture_end(s);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(one_host_at_a_time),          SUITE_TEST(no_folder),
	SUITE_LOOP(damaged_is_refused, damages), SUITE_TEST(set_aside_twice),
	SUITE_TEST(younger_is_refused),          SUITE_TEST(kept_over_a_restart),
	SUITE_TEST(private_to_the_host),
};

SUITE_MAIN("sqlite open", tests)
