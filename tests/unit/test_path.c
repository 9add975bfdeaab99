/* Which paths are safe to load code from: owners, modes, links, sticky folders. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "plug/load.h"
#include "suite.h"

/* A folder of our own, with plugins/a.so in it.  /tmp is sticky and root's. */
static char root[] = "/tmp/linkspan-path-XXXXXX";

static const char *below_root(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s%s", root, *name ? "/" : "", name);
	return path;
}

static void make_file(const char *name)
{
	int fd = open(below_root(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fchmod(fd, 0644), 0);
	close(fd);
}

static void setup(void)
{
	memcpy(root + strlen(root) - 6, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(root));
	ck_assert_int_eq(mkdir(below_root("plugins"), 0755), 0);
	ck_assert_int_eq(chmod(below_root("plugins"), 0755), 0);
	make_file("plugins/a.so");
}

static void teardown(void)
{
	unlink(below_root("plugins/a.so"));
	unlink(below_root("link"));
	rmdir(below_root("plugins"));
	ck_assert_int_eq(rmdir(below_root("")), 0);
}

/* What is done to one place below the root, and what is said of plugins/a.so after it. */
static const struct mode_case {
	const char *place;
	mode_t mode;
	int code;
	const char *words; /* behind the place */
} mode_cases[] = {
	{"plugins", 0755, 0, NULL},
	{"plugins", 0700, 0, NULL},
	{"plugins", 0777, ERR_DENIED, "is writable by others than its owner"},
	{"plugins", 0775, ERR_DENIED, "is writable by others than its owner"},
	{"plugins/a.so", 0600, 0, NULL},
	{"plugins/a.so", 0664, ERR_DENIED, "is writable by others than its owner"},
	{"plugins/a.so", 0646, ERR_DENIED, "is writable by others than its owner"},
	{"", 0757, ERR_DENIED, "is writable by others than its owner"},
};

START_TEST(judges_modes_of_the_whole_chain)
{
	const struct mode_case *c = &mode_cases[_i];
	char words[PATH_MAX + 100];
	struct err e = {0};

	setup();
	ck_assert_int_eq(chmod(below_root(c->place), c->mode), 0);
	snprintf(words, sizeof(words), "%s %s", below_root(c->place), c->words ? c->words : "");
	ck_assert_int_eq(plugin_path_safe(below_root("plugins/a.so"), &e), c->code);
	if (c->code)
		ck_assert_str_eq(e.text, words);
	teardown();
}
END_TEST

START_TEST(a_sticky_folder_is_safe_only_when_it_is_roots)
{
	struct err e = {0};

	setup();
	ck_assert_int_eq(chmod(below_root("plugins"), 01777), 0);
	int rc = plugin_path_safe(below_root("plugins/a.so"), &e);
	ck_assert_int_eq(rc, geteuid() == 0 ? 0 : ERR_DENIED);
	if (geteuid() == 0) { /* only root can give a folder away */
		ck_assert_int_eq(chown(below_root("plugins"), 65534, (gid_t)-1), 0);
		ck_assert_int_eq(plugin_path_safe(below_root("plugins/a.so"), &e), ERR_DENIED);
	}
	teardown();
}
END_TEST

START_TEST(refuses_symbolic_links)
{
	static const char *const names[] = {"link", "link/a.so"};
	char words[PATH_MAX + 100];

	setup();
	ck_assert_int_eq(symlink("plugins", below_root("link")), 0);
	snprintf(words, sizeof(words), "%s is a symbolic link; name the path it leads to",
	         below_root("link"));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct err e = {0};
		ck_assert_int_eq(plugin_path_safe(below_root(names[i]), &e), ERR_DENIED);
		ck_assert_str_eq(e.text, words);
	}
	teardown();
}
END_TEST

START_TEST(refuses_what_belongs_to_somebody_else)
{
	static const char *const places[] = {"plugins", "plugins/a.so", ""};

	if (geteuid() != 0)
		return; /* only root can give a file away */
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct err e = {0};
		setup();
		ck_assert_int_eq(chown(below_root(places[i]), 65534, (gid_t)-1), 0);
		ck_assert_int_eq(plugin_path_safe(below_root("plugins/a.so"), &e), ERR_DENIED);
		ck_assert_ptr_nonnull(
			strstr(e.text, "belongs neither to root nor to the user of this host"));
		teardown();
	}
}
END_TEST

START_TEST(says_what_is_not_there)
{
	char deep[PATH_MAX];
	struct err e = {0};

	setup();
	ck_assert_int_eq(plugin_path_safe(below_root("plugins/b.so"), &e), ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(e.text, "plugins/b.so: No such file or directory"));
	err_clear(&e);
	ck_assert_int_eq(plugin_path_safe(below_root("plugins/a.so/x"), &e), ERR_NOT_FOUND);

	snprintf(deep, sizeof(deep), "%s/%0*d", root, NAME_MAX + 1, 0);
	err_clear(&e);
	ck_assert_int_eq(plugin_path_safe(deep, &e), ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(e.text, "name too long"));
	teardown();
}
END_TEST

START_TEST(takes_absolute_paths_only)
{
	struct err e = {0};

	ck_assert_int_eq(plugin_path_safe("plugins/a.so", &e), ERR_INVALID);
	ck_assert_str_eq(e.text, "plugins/a.so is not an absolute path");
	ck_assert_int_eq(plugin_path_safe("/", NULL), 0);
	ck_assert_int_eq(plugin_path_safe("//tmp///", NULL), 0);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(judges_modes_of_the_whole_chain, mode_cases),
	SUITE_TEST(a_sticky_folder_is_safe_only_when_it_is_roots),
	SUITE_TEST(refuses_symbolic_links),
	SUITE_TEST(refuses_what_belongs_to_somebody_else),
	SUITE_TEST(says_what_is_not_there),
	SUITE_TEST(takes_absolute_paths_only),
};

SUITE_MAIN("path", tests)
