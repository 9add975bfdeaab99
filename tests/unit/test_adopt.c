/* Taking over a plugin's description: what each unsound one is told. */
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
	SUITE_LOOP(adopts_sound_descriptions_only, draft_cases),
	SUITE_TEST(survives_every_lack_of_memory),
};

SUITE_MAIN("adopt", tests)
