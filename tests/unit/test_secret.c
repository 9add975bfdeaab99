/* Secret references: which are well formed, what they resolve to, and why they do not. */
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "conf/secret.h"
#include "folder.h"
#include "schema/node.h"
#include "suite.h"

static const struct reference_row {
	const char *reference;
	bool good;
} reference_rows[] = {
	{"env/TOKEN", true},
	{"env/_t1", true},
	{"env/1T", false},
	{"env/", false},
	{"env/A-B", false},
	{"env", false},
	{"file/partner_token", true},
	{"file/a.b-c", true},
	{"file/7", true},
	{"file/", false},
	{"file/.hidden", false},
	{"file/..", false},
	{"file/a/b", false},
	{"file//a", false},
	{"file/a b", false},
	{"FILE/a", false},
	{"vault/a", false},
	{"", false},
	{"/a", false},
};

START_TEST(knows_a_well_formed_reference)
{
	struct err e = {0};
	int rc = secret_check_reference(reference_rows[_i].reference, &e);

	ck_assert_int_eq(rc, reference_rows[_i].good ? 0 : ERR_INVALID);
	if (!reference_rows[_i].good)
		ck_assert_ptr_nonnull(strstr(e.text, "${secret:"));
}
END_TEST

START_TEST(bounds_the_name_of_a_file)
{
	char reference[300] = "file/";

	memset(reference + 5, 'a', 255);
	ck_assert_int_eq(secret_check_reference(reference, NULL), 0);
	reference[5 + 255] = 'a';
	ck_assert_int_eq(secret_check_reference(reference, NULL), ERR_INVALID);
}
END_TEST

static struct conf_host host;
static struct buf text;
static struct err err;

static void setup(void)
{
	folder_create();
	host = (struct conf_host){.secrets = folder_root};
	buf_init(&text, BUF_MAX_TEXT);
	err = (struct err){0};
}

static void teardown(void)
{
	buf_wipe(&text);
	buf_finish(&text);
	folder_destroy();
}

static int resolve(const char *reference)
{
	const struct text_part part = {TEXT_SECRET, reference};

	buf_clear(&text);
	err_clear(&err);
	return secret_compose(&host, &part, 1, &text, &err);
}

static void put(const char *name, const void *data, size_t bytes, mode_t mode)
{
	folder_write_bytes(name, data, bytes);
	ck_assert_int_eq(chmod(folder_path(name), mode), 0);
}

START_TEST(composes_text_and_secrets)
{
	static const struct text_part parts[] = {
		{TEXT_LITERAL, "Bearer "}, {TEXT_SECRET, "env/LINKSPAN_TEST_SECRET"},
		{TEXT_VARIABLE, "-"},      {TEXT_SECRET, "file/token"},
		{TEXT_LITERAL, "!"},
	};

	setup();
	put("token", "s3cret\n", 7, 0600);
	ck_assert_int_eq(setenv("LINKSPAN_TEST_SECRET", "from-env", 1), 0);
	ck_assert_int_eq(secret_compose(&host, parts, 5, &text, &err), 0);
	ck_assert_str_eq(buf_str(&text), "Bearer from-env-s3cret!");
	teardown();
}
END_TEST

START_TEST(takes_one_newline_off)
{
	setup();
	put("two", "a\n\n", 3, 0600);
	put("none", "a\r", 2, 0400);
	ck_assert_int_eq(resolve("file/two"), 0);
	ck_assert_str_eq(buf_str(&text), "a\n");
	ck_assert_int_eq(resolve("file/none"), 0);
	ck_assert_str_eq(buf_str(&text), "a\r");
	teardown();
}
END_TEST

static void check_refused(const char *reference, int code, const char *what)
{
	ck_assert_int_eq(resolve(reference), code);
	ck_assert_msg(strstr(err.text, what) != NULL, "%s: %s", reference, err.text);
	ck_assert_msg(strstr(err.text, reference) != NULL, "%s: %s", reference, err.text);
	ck_assert_ptr_null(strstr(err.text, "s3cret"));
	ck_assert_uint_eq(text.len_bytes, 0);
}

START_TEST(says_why_a_file_is_no_secret)
{
	setup();
	put("open", "s3cret", 6, 0644);
	put("writable", "s3cret", 6, 0602);
	put("empty", "", 0, 0600);
	put("newline", "\n", 1, 0600);
	put("nul", "s3\0cret", 7, 0600);
	put("target", "s3cret", 6, 0600);
	ck_assert_int_eq(symlink("target", folder_path("link")), 0);
	ck_assert_int_eq(mkdir(folder_path("folder"), 0700), 0);
	ck_assert_int_eq(mkfifo(folder_path("fifo"), 0600), 0);
	check_refused("file/open", ERR_DENIED, "chmod 600 ");
	check_refused("file/writable", ERR_DENIED, "chmod 600 ");
	check_refused("file/empty", ERR_NOT_FOUND, "is empty");
	check_refused("file/newline", ERR_NOT_FOUND, "is empty");
	check_refused("file/nul", ERR_DENIED, "holds a NUL byte");
	check_refused("file/link", ERR_DENIED, "is a symbolic link");
	check_refused("file/folder", ERR_DENIED, "is not a plain file");
	check_refused("file/fifo", ERR_DENIED, "is not a plain file");
	check_refused("file/none", ERR_NOT_FOUND, "there is no file");
	host.secrets = folder_path("nowhere");
	check_refused("file/none", ERR_NOT_FOUND, "nowhere/none");
	teardown();
}
END_TEST

START_TEST(bounds_the_length_of_a_secret)
{
	char *long_text = mem_alloc(SECRET_MAX_BYTES + 2);

	setup();
	memset(long_text, 'x', SECRET_MAX_BYTES + 2);
	long_text[SECRET_MAX_BYTES] = '\n';
	put("fits", long_text, SECRET_MAX_BYTES + 1, 0600);
	put("long", long_text, SECRET_MAX_BYTES + 2, 0600);
	ck_assert_int_eq(resolve("file/fits"), 0);
	ck_assert_uint_eq(text.len_bytes, SECRET_MAX_BYTES);
	check_refused("file/long", ERR_DENIED, "is longer than 65536 bytes");
	/* Without its newline it is one byte too long. */
	long_text[SECRET_MAX_BYTES] = 'x';
	put("just", long_text, SECRET_MAX_BYTES + 1, 0600);
	check_refused("file/just", ERR_DENIED, "is longer than 65536 bytes");
	mem_free(long_text);
	teardown();
}
END_TEST

START_TEST(says_why_a_variable_is_no_secret)
{
	setup();
	unsetenv("LINKSPAN_TEST_SECRET");
	check_refused("env/LINKSPAN_TEST_SECRET", ERR_NOT_FOUND, "is not set");
	setenv("LINKSPAN_TEST_SECRET", "", 1);
	check_refused("env/LINKSPAN_TEST_SECRET", ERR_NOT_FOUND, "is empty");
	check_refused("vault/x", ERR_INVALID, "names no provider");
	teardown();
}
END_TEST

START_TEST(survives_every_failing_allocation)
{
	int rc = ERR_NO_MEMORY;

	setup();
	put("token", "s3cret\n", 7, 0600);
	for (unsigned n = 1; rc != 0; n++) {
		buf_finish(&text);
		mem_fail_at(n);
		rc = resolve("file/token");
		bool pending = mem_fail_pending();
		mem_fail_at(0);
		ck_assert(rc == 0 ? pending : rc == ERR_NO_MEMORY);
	}
	ck_assert_str_eq(buf_str(&text), "s3cret");
	teardown();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(knows_a_well_formed_reference, reference_rows),
	SUITE_TEST(bounds_the_name_of_a_file),
	SUITE_TEST(composes_text_and_secrets),
	SUITE_TEST(takes_one_newline_off),
	SUITE_TEST(says_why_a_file_is_no_secret),
	SUITE_TEST(bounds_the_length_of_a_secret),
	SUITE_TEST(says_why_a_variable_is_no_secret),
	SUITE_TEST(survives_every_failing_allocation),
};

SUITE_MAIN("secret", tests)
