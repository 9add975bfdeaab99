/* Keys in files: made once, kept for one user, refused when others had a part in them. */
#include <pthread.h>
#include <string.h>

#include "base/err.h"
#include "crypto/keyfile.h"
#include "folder.h"
#include "suite.h"

START_TEST(a_key_is_made_once)
{
	uint8_t first[KEYFILE_BYTES] = {0}, again[KEYFILE_BYTES] = {0}, none[KEYFILE_BYTES] = {0};
	struct stat st;

	folder_create();
	ck_assert_int_eq(keyfile_read(folder_path("k"), first, NULL), ERR_NOT_FOUND);
	ck_assert_int_eq(keyfile_take(folder_path("k"), first, NULL), 0);
	ck_assert_int_ne(memcmp(first, none, sizeof(first)), 0);
	ck_assert_int_eq(keyfile_take(folder_path("k"), again, NULL), 0);
	ck_assert_int_eq(memcmp(first, again, sizeof(first)), 0);
	ck_assert_int_eq(keyfile_read(folder_path("k"), none, NULL), 0);
	ck_assert_int_eq(memcmp(first, none, sizeof(first)), 0);
	ck_assert_int_eq(stat(folder_path("k"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(st.st_size, KEYFILE_BYTES);
	folder_destroy();
}
END_TEST

START_TEST(two_keys_differ)
{
	uint8_t one[KEYFILE_BYTES], other[KEYFILE_BYTES];

	folder_create();
	ck_assert_int_eq(keyfile_take(folder_path("a"), one, NULL), 0);
	ck_assert_int_eq(keyfile_take(folder_path("b"), other, NULL), 0);
	ck_assert_int_ne(memcmp(one, other, sizeof(one)), 0);
	folder_destroy();
}
END_TEST

static void check_refused(const char *name, int code, const char *why)
{
	uint8_t key[KEYFILE_BYTES] = "untouched";
	struct err e = {0};

	ck_assert_int_eq(keyfile_take(folder_path(name), key, &e), code);
	ck_assert_msg(strstr(e.text, why) != NULL, "%s", e.text);
	ck_assert_str_eq((const char *)key, "untouched");
}

START_TEST(what_is_no_key_is_refused)
{
	static const char bytes[KEYFILE_BYTES + 1] = "x";

	folder_create();
	umask(077);
	folder_write_bytes("short", bytes, KEYFILE_BYTES - 1);
	folder_write_bytes("long", bytes, KEYFILE_BYTES + 1);
	folder_write_bytes("open", bytes, KEYFILE_BYTES);
	ck_assert_int_eq(chmod(folder_path("open"), 0640), 0);
	ck_assert_int_eq(symlink("short", folder_path("link")), 0);
	ck_assert_int_eq(mkfifo(folder_path("fifo"), 0600), 0);
	check_refused("short", ERR_INVALID, "is not a key of 32 bytes");
	check_refused("long", ERR_INVALID, "is not a key of 32 bytes");
	check_refused("open", ERR_INVALID, "mode 0600");
	check_refused("fifo", ERR_INVALID, "mode 0600");
	check_refused("link", ERR_IO, "cannot open");
	check_refused("none/key", ERR_IO, "cannot write");
	folder_destroy();
}
END_TEST

enum { MAKERS = 8 };

/* NULL: it failed. */
static void *make(void *arg)
{
	char path[768];

	snprintf(path, sizeof(path), "%s/shared", folder_root);
	return keyfile_take(path, arg, NULL) < 0 ? NULL : arg;
}

START_TEST(all_who_make_it_at_once_have_the_same)
{
	static uint8_t keys[MAKERS][KEYFILE_BYTES];
	pthread_t threads[MAKERS];

	folder_create();
	for (int i = 0; i < MAKERS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, make, keys[i]), 0);
	for (int i = 0; i < MAKERS; i++) {
		void *done;
		ck_assert_int_eq(pthread_join(threads[i], &done), 0);
		ck_assert_ptr_nonnull(done);
	}
	for (int i = 1; i < MAKERS; i++)
		ck_assert_int_eq(memcmp(keys[0], keys[i], KEYFILE_BYTES), 0);
	folder_destroy();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(a_key_is_made_once),
	SUITE_TEST(two_keys_differ),
	SUITE_TEST(what_is_no_key_is_refused),
	SUITE_TEST(all_who_make_it_at_once_have_the_same),
};

SUITE_MAIN("keyfile", tests)
