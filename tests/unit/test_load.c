/* Loading plugins: what each one that cannot be used is told, in the order of the checks. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "plug/load.h"
#include "schema/report.h"
#include "suite.h"

/* A folder of our own below /tmp: the build tree need not be safe. */
static char folder[] = "/tmp/linkspan-load-XXXXXX";

static const char *in_folder(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static const char *built(const char *name)
{
	static char path[PATH_MAX];
	const char *where = getenv("LINKSPAN_TEST_PLUGINS");

	snprintf(path, sizeof(path), "%s/%s.so", where ? where : "tests/plugins/.libs", name);
	return path;
}

/* Puts a built plugin into the folder under a name. */
static void install(const char *plugin, const char *name)
{
	int from = open(built(plugin), O_RDONLY | O_CLOEXEC);
	int to = open(in_folder(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct stat st;

	ck_assert_msg(from >= 0, "%s is not built", built(plugin));
	ck_assert_int_ge(to, 0);
	ck_assert_int_eq(fstat(from, &st), 0);
	for (off_t left = st.st_size; left > 0;) {
		ssize_t bytes = sendfile(to, from, NULL, (size_t)left);
		ck_assert_int_gt(bytes, 0);
		left -= bytes;
	}
	close(from);
	close(to);
}

static void install_text(const char *name, const char *text)
{
	int to = open(in_folder(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	ck_assert_int_ge(to, 0);
	ck_assert_int_eq(write(to, text, strlen(text)), (ssize_t)strlen(text));
	close(to);
}

static void make_folder(void)
{
	memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(const char *const *names)
{
	for (; *names; names++)
		ck_assert_int_eq(unlink(in_folder(*names)), 0);
	ck_assert_int_eq(rmdir(folder), 0);
}

START_TEST(loads_a_good_plugin)
{
	struct plugin *p = NULL;
	struct report report;
	struct err e = {0};

	make_folder();
	install("echo", "echo.so");
	report_init(&report);
	int rc = plugin_load(in_folder("echo.so"), &p, &report, &e);
	ck_assert_msg(rc == 0, "%s", e.text);
	ck_assert_uint_eq(report.count, 0);
	ck_assert_str_eq(p->path, in_folder("echo.so"));
	ck_assert_str_eq(p->plugin.id, "echo");
	ck_assert_str_eq(p->plugin.version, "1.0");
	ck_assert_uint_eq(p->type_count, 1);
	const struct plugin_type *type = &p->types[0];
	ck_assert_ptr_eq(type->plugin, p);
	ck_assert_str_eq(type->type.id, "echo");
	ck_assert_ptr_eq(type->type.params, type->rows);
	ck_assert_uint_eq(type->type.param_size, sizeof(struct lk_param));
	ck_assert_uint_eq(type->row_count, 3);
	ck_assert_str_eq(type->rows[2].sub[1].name, "value");
	plugin_destroy(p);
	report_finish(&report);
	remove_folder((const char *const[]){"echo.so", NULL});
}
END_TEST

static const struct refusal {
	const char *plugin;
	const char *words; /* behind "PATH: ", with the numbers of the struct in question */
	size_t bytes;
} refusals[] = {
	{"no_symbol", "not a connector plugin: it does not export lk_plugin_v1()", 0},
	{"v2_only", "built for ABI major version 2, this host speaks 1", 0},
	{"wrong_size", "its struct lk_plugin has 16 bytes; ABI 1.0 has %zu",
         sizeof(struct lk_plugin)},
	{"needs_newer", "needs host ABI 1.7, this host has 1.0", 0},
	{"no_free", "type no_free: it has no close()", 0},
};

START_TEST(says_what_is_wrong_with_a_file)
{
	const struct refusal *r = &refusals[_i];
	char words[PATH_MAX + 200], number[24], name[] = "x.so";
	struct plugin *p = NULL;
	struct err e = {0};
	const char *hole = strstr(r->words, "%zu");

	make_folder();
	install(r->plugin, name);
	snprintf(number, sizeof(number), "%zu", r->bytes);
	snprintf(words, sizeof(words), "%s: %.*s%s", in_folder(name),
	         (int)(hole ? hole - r->words : INT_MAX), r->words, hole ? number : "");
	ck_assert_int_eq(plugin_load(in_folder(name), &p, NULL, &e), ERR_INVALID);
	ck_assert_str_eq(e.text, words);
	ck_assert_ptr_null(p);
	remove_folder((const char *const[]){name, NULL});
}
END_TEST

START_TEST(refuses_paths_before_it_opens_them)
{
	struct plugin *p = NULL;
	struct err e = {0};

	make_folder();
	install("echo", "echo.so");
	ck_assert_int_eq(plugin_load("echo.so", &p, NULL, &e), ERR_INVALID);
	ck_assert_str_eq(e.text, "echo.so is not an absolute path");
	err_clear(&e);
	ck_assert_int_eq(plugin_load_anywhere("echo.so", &p, NULL, &e), ERR_INVALID);
	err_clear(&e);
	ck_assert_int_eq(plugin_load(in_folder("none.so"), &p, NULL, &e), ERR_NOT_FOUND);
	err_clear(&e);
	ck_assert_int_eq(plugin_load_anywhere(in_folder("none.so"), &p, NULL, &e), ERR_NOT_FOUND);

	ck_assert_int_eq(chmod(in_folder("echo.so"), 0622), 0);
	err_clear(&e);
	ck_assert_int_eq(plugin_load(in_folder("echo.so"), &p, NULL, &e), ERR_DENIED);
	ck_assert_ptr_nonnull(strstr(e.text, "is writable by others than its owner"));
	ck_assert_ptr_null(p);
	err_clear(&e);
	ck_assert_int_eq(plugin_load_anywhere(in_folder("echo.so"), &p, NULL, &e), 0);
	plugin_destroy(p);
	remove_folder((const char *const[]){"echo.so", NULL});
}
END_TEST

START_TEST(refuses_what_the_linker_cannot_load)
{
	struct plugin *p = NULL;
	struct err e = {0};

	make_folder();
	install_text("text.so", "not an object\n");
	ck_assert_int_eq(plugin_load(in_folder("text.so"), &p, NULL, &e), ERR_INVALID);
	ck_assert_ptr_eq(strstr(e.text, "cannot be loaded: "), e.text);
	ck_assert_ptr_nonnull(strstr(e.text, in_folder("text.so")));
	remove_folder((const char *const[]){"text.so", NULL});
}
END_TEST

START_TEST(the_lint_names_every_fault)
{
	static const char *const faults[] = {
		"lint_faults.no_help: help is missing",
		"lint_faults.bad_default: the default breaks the row's own rules",
		"lint_faults.bad_when: when must read",
		"lint_faults.kind: another row of this table has the same name",
		"lint_faults.secret: a secret may not have a default",
		"lint_faults.Bad-Name: the name must consist of",
	};
	struct plugin *p = NULL;
	struct report report;
	struct err e = {0};
	struct buf text;

	make_folder();
	install("lint_faults", "lint_faults.so");
	report_init(&report);
	buf_init(&text, BUF_MAX_TEXT);
	ck_assert_int_eq(plugin_load(in_folder("lint_faults.so"), &p, &report, &e), ERR_INVALID);
	ck_assert_ptr_eq(strstr(e.text, in_folder("lint_faults.so")), e.text);
	ck_assert_ptr_nonnull(strstr(e.text, faults[0]));
	report_print(&report, &text);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		ck_assert_msg(strstr(buf_str(&text), faults[i]), "no \"%s\" in:\n%s", faults[i],
		              buf_str(&text));
	ck_assert_uint_eq(report.errors, sizeof(faults) / sizeof(faults[0]));
	ck_assert_ptr_eq(strstr(buf_str(&text), in_folder("lint_faults.so")), buf_str(&text));
	buf_finish(&text);
	report_finish(&report);

	/* Without a report the error alone says it. */
	err_clear(&e);
	ck_assert_int_eq(plugin_load(in_folder("lint_faults.so"), &p, NULL, &e), ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(e.text, "(and 5 more)"));
	remove_folder((const char *const[]){"lint_faults.so", NULL});
}
END_TEST

START_TEST(loads_folders_by_name_and_finds_types)
{
	const char *const folders[] = {folder, NULL};
	struct plugins all;
	struct err e = {0};

	make_folder();
	install("echo", "b.so");
	install("busy", "a.so");
	install("driven", "c.so.old");
	install_text(".hidden.so", "x");
	install_text(".so", "x");
	plugins_init(&all);
	int rc = plugins_load(&all, folders, NULL, &e);
	ck_assert_msg(rc == 0, "%s", e.text);
	ck_assert_uint_eq(all.count, 2);
	ck_assert_str_eq(all.items[0]->plugin.id, "busy");
	ck_assert_str_eq(all.items[1]->plugin.id, "echo");
	ck_assert_ptr_eq(plugins_type(&all, "echo"), &all.items[1]->types[0]);
	ck_assert_ptr_null(plugins_type(&all, "driven"));
	plugins_finish(&all);
	remove_folder((const char *const[]){"a.so", "b.so", "c.so.old", ".hidden.so", ".so", NULL});
}
END_TEST

START_TEST(two_plugins_may_not_offer_one_type)
{
	const char *const folders[] = {folder, NULL};
	char words[2 * PATH_MAX];
	struct plugins all;
	struct err e = {0};

	make_folder();
	install("echo", "a.so");
	install("echo", "b.so");
	plugins_init(&all);
	ck_assert_int_eq(plugins_load(&all, folders, NULL, &e), ERR_INVALID);
	snprintf(words, sizeof(words), "the type echo is offered by %s/a.so and by %s/b.so", folder,
	         folder);
	ck_assert_str_eq(e.text, words);
	plugins_finish(&all);
	remove_folder((const char *const[]){"a.so", "b.so", NULL});
}
END_TEST

START_TEST(a_folder_with_a_bad_plugin_is_an_error)
{
	const char *folders[] = {folder, NULL};
	struct plugins all;
	struct err e = {0};

	make_folder();
	install("echo", "a.so");
	install("v2_only", "b.so");
	plugins_init(&all);
	ck_assert_int_eq(plugins_load(&all, folders, NULL, &e), ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(e.text, "b.so: built for ABI major version 2"));
	plugins_finish(&all);
	remove_folder((const char *const[]){"a.so", "b.so", NULL});

	err_clear(&e);
	ck_assert_int_eq(plugins_load(&all, folders, NULL, &e), ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(e.text, "No such file or directory"));
	plugins_finish(&all);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(loads_a_good_plugin),
	SUITE_LOOP(says_what_is_wrong_with_a_file, refusals),
	SUITE_TEST(refuses_paths_before_it_opens_them),
	SUITE_TEST(refuses_what_the_linker_cannot_load),
	SUITE_TEST(the_lint_names_every_fault),
	SUITE_TEST(loads_folders_by_name_and_finds_types),
	SUITE_TEST(two_plugins_may_not_offer_one_type),
	SUITE_TEST(a_folder_with_a_bad_plugin_is_an_error),
};

SUITE_MAIN("load", tests)
