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

/*
 * Descriptions at hand, each spoilt in one place.
 */
static int fake_init(const struct lk_host *host, void **ret_state)
{
	(void)host, (void)ret_state;
	return 0;
}

static void fake_fini(void *state)
{
	(void)state;
}

static int fake_fd(void *state)
{
	(void)state;
	return -1;
}

static int64_t fake_next(void *state)
{
	(void)state;
	return -1;
}

static int fake_open(void *state, struct lk_link *link, const struct lk_settings *settings,
                     void **ret_conn)
{
	(void)state, (void)link, (void)settings, (void)ret_conn;
	return 0;
}

static int fake_submit(void *conn, const struct lk_request *request)
{
	(void)conn, (void)request;
	return LK_EFAIL;
}

static void fake_cancel(void *conn, struct lk_op *op)
{
	(void)conn, (void)op;
}

/* A plugin that can be changed; sound at first. */
struct draft {
	struct lk_param sub[1], rows[2];
	struct lk_type type, second;
	const struct lk_type *types[3];
	struct lk_plugin plugin;
};

static void draft_init(struct draft *d)
{
	*d = (struct draft){
		.sub = {{.name = "item", .type = LK_T_STRING, .help = "An item."}},
		.rows = {{.name = "path", .type = LK_T_STRING, .help = "A path."},
	                 {.name = "list", .type = LK_T_LIST, .help = "Some items."}},
		.type = {.size = sizeof(d->type), .id = "first", .label = "First", .help = "One."},
		.plugin = {.size = sizeof(d->plugin), .id = "draft", .version = "1"},
	};
	d->rows[1].sub = d->sub;
	d->rows[1].sub_count = 1;
	d->rows[1].sub_size = sizeof(d->sub[0]);
	d->type.params = d->rows;
	d->type.param_count = 2;
	d->type.param_size = sizeof(d->rows[0]);
	d->type.open = fake_open;
	d->type.close = fake_fini;
	d->type.submit = fake_submit;
	d->type.cancel = fake_cancel;
	d->second = d->type;
	d->second.id = "second";
	d->types[0] = &d->type;
	d->types[1] = &d->second;
	d->plugin.types = d->types;
	d->plugin.init = fake_init;
	d->plugin.fini = fake_fini;
	d->plugin.fd = fake_fd;
	d->plugin.next_ms = fake_next;
	d->plugin.run = fake_fd;
}

static void nothing(struct draft *d)
{
	(void)d;
}

static void thread_of_its_own(struct draft *d)
{
	d->plugin.fd = NULL;
	d->plugin.next_ms = NULL;
	d->plugin.run = NULL;
}

static void no_rows(struct draft *d)
{
	d->type.params = NULL;
	d->type.param_count = 0;
	d->type.param_size = 0;
}

static void sub_size_left_out(struct draft *d)
{
	d->rows[1].sub_size = 0;
}

static void no_plugin_id(struct draft *d)
{
	d->plugin.id = NULL;
}

static void bad_plugin_id(struct draft *d)
{
	d->plugin.id = "Draft";
}

static void no_version(struct draft *d)
{
	d->plugin.version = NULL;
}

static void no_init(struct draft *d)
{
	d->plugin.init = NULL;
}

static void no_fini(struct draft *d)
{
	d->plugin.fini = NULL;
}

static void no_types(struct draft *d)
{
	d->types[0] = NULL;
}

static void no_type_list(struct draft *d)
{
	d->plugin.types = NULL;
}

static void run_without_fd(struct draft *d)
{
	d->plugin.fd = NULL;
}

static void run_without_next(struct draft *d)
{
	d->plugin.next_ms = NULL;
}

static void fd_without_run(struct draft *d)
{
	d->plugin.run = NULL;
}

static void small_type(struct draft *d)
{
	d->second.size = 8;
	d->second.id = (const char *)1; /* may not be looked at */
}

static void no_type_id(struct draft *d)
{
	d->second.id = "";
}

static void same_type_id(struct draft *d)
{
	d->second.id = "first";
}

static void no_open(struct draft *d)
{
	d->type.open = NULL;
}

static void no_submit(struct draft *d)
{
	d->type.submit = NULL;
}

static void no_cancel(struct draft *d)
{
	d->type.cancel = NULL;
}

static void lost_rows(struct draft *d)
{
	d->type.params = NULL;
}

static void small_rows(struct draft *d)
{
	d->type.param_size = 40;
}

static void odd_rows(struct draft *d)
{
	d->type.param_size += 4;
}

static void small_sub_rows(struct draft *d)
{
	d->rows[1].sub_size = 40;
}

static void endless_rows(struct draft *d)
{
	d->sub[0] = d->rows[1]; /* whose rows are d->sub again */
}

static void no_type_help(struct draft *d)
{
	d->type.help = "";
}

static void no_type_label(struct draft *d)
{
	d->type.label = NULL;
}

static const struct draft_case {
	void (*spoil)(struct draft *d);
	const char *words; /* how the error begins; NULL: none */
} draft_cases[] = {
	{nothing, NULL},
	{thread_of_its_own, NULL},
	{no_rows, NULL},
	{sub_size_left_out, NULL},
	{no_plugin_id, "the plugin has no id"},
	{bad_plugin_id, "the id of the plugin is \"Draft\"; allowed are a-z, 0-9 and _"},
	{no_version, "it has no version"},
	{no_init, "it has no init()"},
	{no_fini, "it has no fini()"},
	{no_types, "it has no connection type"},
	{no_type_list, "it has no connection type"},
	{run_without_fd, "it has no fd() beside its run()"},
	{run_without_next, "it has no next_ms() beside its run()"},
	{fd_without_run, "it has no run() beside its fd()"},
	{small_type, "its struct lk_type has 8 bytes; ABI 1.0 has "},
	{no_type_id, "the type has no id"},
	{same_type_id, "it offers the type first twice"},
	{no_open, "type first: it has no open()"},
	{no_submit, "type first: it has no submit()"},
	{no_cancel, "type first: it has no cancel()"},
	{lost_rows, "type first: it has no table of parameters"},
	{small_rows, "type first: its struct lk_param has 40 bytes; ABI 1.0 has "},
	{odd_rows, "type first: its struct lk_param has "},
	{small_sub_rows, "type first: its struct lk_param has 40 bytes; ABI 1.0 has "},
	{endless_rows, "error: first.list.list.list.list.list.list.list.list: "},
	{no_type_help, "error: first: help is missing; write one sentence"},
	{no_type_label, "error: first: the type has no label"},
};

START_TEST(adopts_sound_descriptions_only)
{
	const struct draft_case *c = &draft_cases[_i];
	struct draft d;
	struct plugin *p = NULL;
	struct err e = {0};

	draft_init(&d);
	c->spoil(&d);
	int rc = plugin_adopt(&d.plugin, "", &p, NULL, &e);
	if (c->words) {
		ck_assert_int_eq(rc, ERR_INVALID);
		ck_assert_msg(strncmp(e.text, c->words, strlen(c->words)) == 0, "%s", e.text);
		ck_assert_ptr_null(p);
	} else {
		ck_assert_msg(rc == 0, "%s", e.text);
		ck_assert_uint_eq(p->type_count, 2);
		ck_assert_str_eq(p->plugin.vendor, "");
		ck_assert_str_eq(p->plugin.license, "");
		plugin_destroy(p);
	}
}
END_TEST

START_TEST(survives_every_lack_of_memory)
{
	struct draft d;
	unsigned n = 0;
	int rc;

	draft_init(&d);
	do {
		struct plugins all;
		struct plugin *p = NULL;
		struct report report;
		struct err e = {0};

		report_init(&report);
		plugins_init(&all);
		mem_fail_at(++n);
		rc = plugin_adopt(&d.plugin, "/x", &p, &report, &e);
		if (rc == 0)
			rc = plugins_add(&all, p, &e);
		if (rc < 0) {
			ck_assert_int_eq(rc, ERR_NO_MEMORY);
			ck_assert_int_eq(e.code, ERR_NO_MEMORY);
			plugin_destroy(p);
		}
		plugins_finish(&all);
		report_finish(&report);
	} while (!mem_fail_pending());
	mem_fail_at(0);
	ck_assert_int_eq(rc, 0);
	ck_assert_uint_gt(n, 4);
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
	SUITE_LOOP(adopts_sound_descriptions_only, draft_cases),
	SUITE_TEST(survives_every_lack_of_memory),
};

SUITE_MAIN("load", tests)
