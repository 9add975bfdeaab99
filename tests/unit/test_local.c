/* Secrets that the host keeps: what is set is fetched, and nothing that was tampered with is. */
#include <fcntl.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "conf/local.h"
#include "conf/secret.h"
#include "folder.h"
#include "schema/node.h"
#include "suite.h"

static struct conf_host host;
static struct buf text;
static struct err err;

static void start(void)
{
	folder_create();
	host = (struct conf_host){.state = folder_root};
	buf_init(&text, BUF_MAX_TEXT);
	err = (struct err){0};
}

static void done(void)
{
	buf_finish(&text);
	folder_destroy();
}

static int set(const char *name, const char *secret)
{
	return local_set(&host, name, secret, strlen(secret), &err);
}

static int fetch(const char *name)
{
	buf_wipe(&text);
	err_clear(&err);
	return local_fetch(&host, name, &text, &err);
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(lstat(folder_path(name), &st), 0);
	return st.st_mode & 07777;
}

static size_t slurp(const char *name, char *bytes, size_t most)
{
	int fd = open(folder_path(name), O_RDONLY);

	ck_assert_int_ge(fd, 0);
	ssize_t got = read(fd, bytes, most);
	close(fd);
	ck_assert_int_ge(got, 0);
	return (size_t)got;
}

static const struct name_row {
	const char *name;
	bool good;
} name_rows[] = {
	{"a", true},       {"Orders.Authorization.1f3a", true},
	{"7_-x", true},    {"-x", true},
	{"", false},       {".", false},
	{"..", false},     {".a", false},
	{"a/b", false},    {"a b", false},
	{"ä", false},      {"a\n", false},
	{"../key", false},
};

START_TEST(knows_a_name)
{
	const struct name_row *row = &name_rows[_i];

	start();
	ck_assert_int_eq(local_is_name(row->name), row->good);
	ck_assert_int_eq(set(row->name, "x"), row->good ? 0 : ERR_INVALID);
	ck_assert_int_eq(fetch(row->name), row->good ? 0 : ERR_INVALID);
	done();
}
END_TEST

START_TEST(bounds_the_length_of_a_name)
{
	char name[LOCAL_NAME_MOST + 2] = "";

	memset(name, 'a', LOCAL_NAME_MOST);
	ck_assert(local_is_name(name));
	start();
	ck_assert_int_eq(set(name, "x"), 0);
	ck_assert_int_eq(fetch(name), 0);
	done();
	name[LOCAL_NAME_MOST] = 'a';
	ck_assert(!local_is_name(name));
}
END_TEST

START_TEST(what_is_set_is_fetched)
{
	char bytes[4096];

	start();
	umask(0);
	ck_assert_int_eq(set("token", "s3cr3t"), 0);
	ck_assert_int_eq(fetch("token"), 0);
	ck_assert_str_eq(buf_str(&text), "s3cr3t");
	ck_assert_uint_eq(mode_of("secrets"), 0700);
	ck_assert_uint_eq(mode_of("secrets/token"), 0600);
	ck_assert_uint_eq(mode_of("secrets.key"), 0600);
	ck_assert_ptr_null(
		memmem(bytes, slurp("secrets/token", bytes, sizeof(bytes)), "s3cr3t", 6));

	ck_assert_int_eq(set("token", "another"), 0);
	ck_assert_int_eq(fetch("token"), 0);
	ck_assert_str_eq(buf_str(&text), "another");
	done();
}
END_TEST

START_TEST(a_reference_resolves)
{
	const struct text_part parts[] = {{TEXT_LITERAL, "Bearer "}, {TEXT_SECRET, "local/token"}};

	start();
	ck_assert_int_eq(set("token", "s3cr3t"), 0);
	ck_assert_int_eq(secret_compose(&host, parts, 2, &text, &err), 0);
	ck_assert_str_eq(buf_str(&text), "Bearer s3cr3t");
	ck_assert_int_eq(local_remove(&host, "token", &err), 0);
	buf_clear(&text);
	ck_assert_int_eq(secret_compose(&host, parts, 2, &text, &err), ERR_NOT_FOUND);
	ck_assert_str_eq(err.text, "${secret:local/token}: there is no secret local/token; make it "
	                           "with: linkspan secret set token");
	ck_assert_int_eq(secret_check_reference("local/a/b", NULL), ERR_INVALID);
	ck_assert_int_eq(secret_check_reference("local/", NULL), ERR_INVALID);
	done();
}
END_TEST

START_TEST(keeps_any_bytes_but_nul)
{
	char *large = mem_alloc(SECRET_MAX_BYTES + 1);

	start();
	ck_assert_int_eq(set("bytes", "\xff\n\x01 \xc3"), 0);
	ck_assert_int_eq(fetch("bytes"), 0);
	ck_assert_str_eq(buf_str(&text), "\xff\n\x01 \xc3");

	memset(large, 'x', SECRET_MAX_BYTES + 1);
	ck_assert_int_eq(local_set(&host, "large", large, SECRET_MAX_BYTES, &err), 0);
	ck_assert_int_eq(fetch("large"), 0);
	ck_assert_uint_eq(text.len_bytes, SECRET_MAX_BYTES);
	mem_free(large);
	done();
}
END_TEST

START_TEST(refuses_what_nobody_could_use)
{
	char *large = mem_alloc(SECRET_MAX_BYTES + 1);

	start();
	memset(large, 'x', SECRET_MAX_BYTES + 1);
	ck_assert_int_eq(local_set(&host, "t", large, SECRET_MAX_BYTES + 1, &err), ERR_INVALID);
	ck_assert_str_eq(err.text, "the secret t is longer than 65536 bytes");
	err_clear(&err);
	ck_assert_int_eq(local_set(&host, "t", "", 0, &err), ERR_INVALID);
	ck_assert_str_eq(err.text, "the secret t would be empty");
	err_clear(&err);
	ck_assert_int_eq(local_set(&host, "t", "a\0b", 3, &err), ERR_INVALID);
	ck_assert_str_eq(err.text, "the secret t holds a NUL byte");
	ck_assert_int_eq(fetch("t"), ERR_NOT_FOUND);
	mem_free(large);
	done();
}
END_TEST

START_TEST(files_cannot_be_exchanged)
{
	start();
	ck_assert_int_eq(set("a", "one"), 0);
	ck_assert_int_eq(set("b", "two"), 0);
	ck_assert_int_eq(rename(folder_path("secrets/a"), folder_path("secrets/b")), 0);
	ck_assert_int_eq(fetch("b"), ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "is not what was sealed under this name"));
	ck_assert_uint_eq(text.len_bytes, 0);
	done();
}
END_TEST

START_TEST(every_byte_of_the_file_counts)
{
	char bytes[256];

	start();
	ck_assert_int_eq(set("a", "one"), 0);
	size_t length = slurp("secrets/a", bytes, sizeof(bytes));
	for (size_t i = 0; i < length; i++) {
		bytes[i] ^= 1;
		folder_write_bytes("secrets/a", bytes, length);
		ck_assert_int_eq(fetch("a"), ERR_INVALID);
		bytes[i] ^= 1;
	}
	for (size_t i = 0; i < length; i++) {
		folder_write_bytes("secrets/a", bytes, i);
		ck_assert_int_eq(fetch("a"), ERR_INVALID);
	}
	folder_write_bytes("secrets/a", bytes, length);
	ck_assert_int_eq(fetch("a"), 0);
	done();
}
END_TEST

START_TEST(without_its_key_a_secret_is_lost)
{
	start();
	ck_assert_int_eq(set("a", "one"), 0);
	ck_assert_int_eq(unlink(folder_path("secrets.key")), 0);
	ck_assert_int_eq(fetch("a"), ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "there is no key "));
	/* Looking does not make one: the old may still be brought back. */
	ck_assert_int_ne(access(folder_path("secrets.key"), F_OK), 0);
	ck_assert_int_eq(set("b", "two"), 0);
	ck_assert_int_eq(fetch("a"), ERR_INVALID);
	ck_assert_int_eq(fetch("b"), 0);
	done();
}
END_TEST

START_TEST(takes_only_plain_files)
{
	start();
	ck_assert_int_eq(set("a", "one"), 0);
	ck_assert_int_eq(symlink("a", folder_path("secrets/link")), 0);
	ck_assert_int_eq(mkfifo(folder_path("secrets/fifo"), 0600), 0);
	ck_assert_int_eq(fetch("link"), ERR_IO);
	ck_assert_int_eq(fetch("fifo"), ERR_INVALID);
	ck_assert_int_eq(set("link", "two"), 0);
	ck_assert_int_eq(fetch("a"), 0);
	ck_assert_str_eq(buf_str(&text), "one");
	done();
}
END_TEST

START_TEST(what_is_removed_is_gone)
{
	start();
	ck_assert_int_eq(local_remove(&host, "a", &err), ERR_NOT_FOUND);
	ck_assert_int_eq(set("a", "one"), 0);
	ck_assert_int_eq(local_remove(&host, "a", &err), 0);
	ck_assert_int_eq(fetch("a"), ERR_NOT_FOUND);
	ck_assert_int_eq(local_remove(&host, "../secrets.key", NULL), ERR_INVALID);
	done();
}
END_TEST

static void note(void *arg, const char *name, long long changed_ms)
{
	ck_assert_int_gt(changed_ms, 1600000000000);
	buf_printf(arg, "%s\n", name);
}

static const char *list(void)
{
	buf_wipe(&text);
	ck_assert_int_eq(local_list(&host, note, &text, &err), 0);
	return buf_str(&text);
}

START_TEST(lists_the_names_alone)
{
	start();
	ck_assert_str_eq(list(), "");
	ck_assert_int_eq(set("b", "one"), 0);
	ck_assert_int_eq(set("A", "one"), 0);
	ck_assert_int_eq(set("c.d", "one"), 0);
	folder_write("secrets/.c.new", "left by a death");
	folder_write("secrets/not a name", "");
	folder_write("secrets/folder/x", "");
	ck_assert_str_eq(list(), "A\nb\nc.d\n");
	done();
}
END_TEST

START_TEST(says_when_the_folder_cannot_be_listed)
{
	start();
	folder_write("secrets", "a file");
	ck_assert_int_eq(local_list(&host, note, &text, &err), ERR_IO);
	ck_assert_ptr_nonnull(strstr(err.text, "/secrets: "));
	err_clear(&err);
	ck_assert_int_eq(set("a", "one"), ERR_IO);
	host.state = NULL;
	ck_assert_int_eq(local_list(&host, note, &text, NULL), ERR_INVALID);
	done();
}
END_TEST

START_TEST(what_is_sealed_is_what_the_file_holds)
{
	struct buf path, sealed;

	start();
	buf_init(&path, BUF_MAX_LINE);
	buf_init(&sealed, BUF_MAX_LINE);
	ck_assert_int_eq(local_path(&host, "a", &path, &err), 0);
	ck_assert_str_eq(buf_str(&path), folder_path("secrets/a"));
	ck_assert_int_eq(local_seal(&host, "a", "one", 3, &sealed, &err), 0);
	folder_write_bytes("secrets/a", sealed.data, sealed.len_bytes);
	ck_assert_int_eq(fetch("a"), 0);
	ck_assert_str_eq(buf_str(&text), "one");
	ck_assert_int_eq(local_path(&host, "a/b", &path, NULL), ERR_INVALID);
	buf_finish(&path);
	buf_finish(&sealed);
	done();
}
END_TEST

/* Every failing allocation is said, and what was there is still there. */
START_TEST(survives_every_failing_allocation)
{
	int rc = ERR_NO_MEMORY;

	start();
	ck_assert_int_eq(set("a", "one"), 0);
	for (unsigned n = 1; rc != 0; n++) {
		mem_fail_at(n);
		rc = set("a", "two");
		bool pending = mem_fail_pending();
		mem_fail_at(0);
		ck_assert(rc == 0 ? pending : rc == ERR_NO_MEMORY);
		ck_assert_int_eq(fetch("a"), 0);
		ck_assert_str_eq(buf_str(&text), rc == 0 ? "two" : "one");
	}
	rc = ERR_NO_MEMORY;
	for (unsigned n = 1; rc != 0; n++) {
		struct buf fresh;
		buf_init(&fresh, BUF_MAX_TEXT);
		mem_fail_at(n);
		rc = secret_compose(&host, &(struct text_part){TEXT_SECRET, "local/a"}, 1, &fresh,
		                    NULL);
		bool pending = mem_fail_pending();
		mem_fail_at(0);
		ck_assert(rc == 0 ? pending : rc == ERR_NO_MEMORY);
		buf_finish(&fresh);
	}
	rc = ERR_NO_MEMORY;
	for (unsigned n = 1; rc != 0; n++) {
		buf_clear(&text);
		mem_fail_at(n);
		rc = local_list(&host, note, &text, NULL);
		bool pending = mem_fail_pending();
		mem_fail_at(0);
		ck_assert(rc == 0 ? pending : rc == ERR_NO_MEMORY);
	}
	done();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(knows_a_name, name_rows),
	SUITE_TEST(bounds_the_length_of_a_name),
	SUITE_TEST(what_is_set_is_fetched),
	SUITE_TEST(a_reference_resolves),
	SUITE_TEST(keeps_any_bytes_but_nul),
	SUITE_TEST(refuses_what_nobody_could_use),
	SUITE_TEST(files_cannot_be_exchanged),
	SUITE_TEST(every_byte_of_the_file_counts),
	SUITE_TEST(without_its_key_a_secret_is_lost),
	SUITE_TEST(takes_only_plain_files),
	SUITE_TEST(what_is_removed_is_gone),
	SUITE_TEST(lists_the_names_alone),
	SUITE_TEST(says_when_the_folder_cannot_be_listed),
	SUITE_TEST(what_is_sealed_is_what_the_file_holds),
	SUITE_TEST(survives_every_failing_allocation),
};

SUITE_MAIN("local", tests)
