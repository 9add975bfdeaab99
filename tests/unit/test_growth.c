/* The law of growth: structs that are larger on one side of the border are read right on the other,
 * a new plugin by this host, and an old one by a host to come. */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "plug/load.h"
#include "schema/check.h"
#include "schema/node.h"
#include "schema/report.h"
#include "suite.h"

/*
 * A member that is appended after padding could begin inside what an older side takes for padding,
 * and would be there or not by the compiler's whim: so there is none.
 */
#define NO_TAIL_PADDING(type, last_member)                                                         \
	_Static_assert(                                                                            \
		offsetof(type, last_member) + sizeof(((type *)0)->last_member) == sizeof(type),    \
		#type " has padding at its end, or " #last_member " is not its last member")
#define BEGINS_WITH_SIZE(type)                                                                     \
	_Static_assert(offsetof(type, size) == 0 && sizeof(((type *)0)->size) == 4,                \
	               #type " must begin with its size")

NO_TAIL_PADDING(struct lk_value, keys);
NO_TAIL_PADDING(struct lk_param, sub_size);
NO_TAIL_PADDING(struct lk_report, add);
NO_TAIL_PADDING(struct lk_settings, keep_bytes);
NO_TAIL_PADDING(struct lk_request, reserved);
NO_TAIL_PADDING(struct lk_outcome, reply_total_bytes);
NO_TAIL_PADDING(struct lk_stats, reused);
NO_TAIL_PADDING(struct lk_type, stats);
NO_TAIL_PADDING(struct lk_plugin, extension);
NO_TAIL_PADDING(struct lk_host, extension);
NO_TAIL_PADDING(struct lk_addresses, error);
NO_TAIL_PADDING(struct lk_ext_resolve, cancel);
NO_TAIL_PADDING(struct lk_ext_json, valid);

BEGINS_WITH_SIZE(struct lk_value);
BEGINS_WITH_SIZE(struct lk_report);
BEGINS_WITH_SIZE(struct lk_settings);
BEGINS_WITH_SIZE(struct lk_request);
BEGINS_WITH_SIZE(struct lk_outcome);
BEGINS_WITH_SIZE(struct lk_stats);
BEGINS_WITH_SIZE(struct lk_type);
BEGINS_WITH_SIZE(struct lk_plugin);
BEGINS_WITH_SIZE(struct lk_host);
BEGINS_WITH_SIZE(struct lk_addresses);
BEGINS_WITH_SIZE(struct lk_ext_resolve);
BEGINS_WITH_SIZE(struct lk_ext_json);

/* A struct of ABI 1.1 as 1.1 would declare it: the one of 1.0 with a member appended. */
#define GROWN(name, old)                                                                           \
	struct name {                                                                              \
		union {                                                                            \
			uint32_t size;                                                             \
			struct old base;                                                           \
		};                                                                                 \
		const char *younger;                                                               \
	}

GROWN(new_host, lk_host);
GROWN(new_plugin, lk_plugin);
GROWN(new_type, lk_type);
GROWN(new_settings, lk_settings);
GROWN(new_value, lk_value);
GROWN(new_request, lk_request);
GROWN(new_outcome, lk_outcome);
struct new_param {
	struct lk_param base;
	const char *younger;
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/*
 * A plugin built against 1.1.
 */
#define YOUNGER "not for a host of 1.0"

static const struct new_param header_rows[] = {
	{{.name = "name", .type = LK_T_STRING, .flags = LK_REQUIRED, .help = "A name."}, YOUNGER},
	{{.name = "value", .type = LK_T_INT, .help = "A value.", .def = "7"}, YOUNGER},
};
static const struct new_param new_rows[] = {
	{{.name = "path", .type = LK_T_STRING, .help = "A path.", .def = "/"}, YOUNGER},
	{{.name = "headers",
          .type = LK_T_LIST,
          .help = "Headers.",
          .sub = &header_rows[0].base,
          .sub_count = COUNT(header_rows),
          .sub_size = sizeof(header_rows[0])},
         YOUNGER},
	{{.name = "depth", .type = LK_T_INT, .help = "A depth.", .min = 1, .max = 5, .def = "3"},
         YOUNGER},
};

/* What the new plugin saw of its host. */
static bool host_is_younger, request_is_younger;

static int new_init(const struct lk_host *host, void **ret_state)
{
	host_is_younger = LK_HAS((const struct new_host *)host, younger);
	*ret_state = (void *)(uintptr_t)host;
	return 0;
}

static void new_end(void *thing)
{
	(void)thing;
}

static int new_open(void *state, struct lk_link *link, const struct lk_settings *settings,
                    void **ret_conn)
{
	(void)link, (void)settings;
	*ret_conn = state;
	return 0;
}

static int new_submit(void *conn, const struct lk_request *request)
{
	const struct lk_host *host = conn;
	struct new_outcome outcome = {
		.base = {.size = sizeof(outcome), .reason = "ok", .reply = "new", .reply_bytes = 3},
		.younger = YOUNGER,
	};

	request_is_younger = LK_HAS((const struct new_request *)request, younger);
	host->complete(request->op, &outcome.base);
	return 0;
}

static void new_cancel(void *conn, struct lk_op *op)
{
	(void)conn, (void)op;
}

static const struct new_type new_type = {
	.base = {.size = sizeof(new_type),
                 .id = "new",
                 .label = "New",
                 .help = "Is of 1.1.",
                 .params = &new_rows[0].base,
                 .param_count = COUNT(new_rows),
                 .param_size = sizeof(new_rows[0]),
                 .open = new_open,
                 .close = new_end,
                 .submit = new_submit,
                 .cancel = new_cancel},
	.younger = YOUNGER,
};
static const struct lk_type *const new_types[] = {&new_type.base, NULL};
static const struct new_plugin new_plugin = {
	.base = {.size = sizeof(new_plugin),
                 .abi_minor = LK_ABI_MINOR + 1,
                 .id = "new",
                 .version = "1",
                 .types = new_types,
                 .init = new_init,
                 .fini = new_end},
	.younger = YOUNGER,
};

/* What complete() was given last. */
static struct lk_outcome completed;
static char completed_reply[16], completed_attr[16];

static void complete(struct lk_op *op, const struct lk_outcome *outcome)
{
	ck_assert_ptr_eq(op, &completed);
	completed = *outcome;
	memcpy(completed_reply, outcome->reply, outcome->reply_bytes);
	for (uint32_t i = 0; i < outcome->reply_attr_count; i++)
		if (strcmp(outcome->reply_attrs[2 * i], "X-Id") == 0)
			snprintf(completed_attr, sizeof(completed_attr), "%s",
			         outcome->reply_attrs[2 * i + 1]);
}

static void count(struct lk_link *link, const char *metric, uint64_t add)
{
	(void)link, (void)metric, (void)add;
}

static struct lk_op *the_op(void)
{
	return (struct lk_op *)&completed;
}

START_TEST(this_host_reads_a_newer_plugin)
{
	struct plugin *p = NULL;
	struct err e = {0};

	int rc = plugin_adopt(&new_plugin.base, "", &p, NULL, &e);
	ck_assert_msg(rc == 0, "%s", e.text);
	ck_assert_uint_eq(p->plugin.size, sizeof(struct lk_plugin));
	ck_assert_uint_eq(p->plugin.abi_minor, LK_ABI_MINOR + 1);
	ck_assert_uint_eq(p->types[0].type.size, sizeof(struct lk_type));
	const struct lk_param *rows = p->types[0].rows;
	ck_assert_uint_eq(p->types[0].row_count, 3);
	ck_assert_str_eq(rows[1].name, "headers");
	ck_assert_uint_eq(rows[1].sub_size, sizeof(struct lk_param));
	ck_assert_str_eq(rows[1].sub[1].name, "value");
	ck_assert_str_eq(rows[1].sub[1].def, "7");
	ck_assert_str_eq(rows[2].name, "depth");
	ck_assert_int_eq(rows[2].max, 5);
	plugin_destroy(p);
}
END_TEST

START_TEST(definitions_are_read_with_newer_rows)
{
	struct plugin *p = NULL;
	struct schema_values values;
	struct report report;
	struct arena a;

	ck_assert_int_eq(plugin_adopt(&new_plugin.base, "", &p, NULL, NULL), 0);
	schema_values_init(&values);
	report_init(&report);
	arena_init(&a);
	struct node *root = node_create(&a, NODE_GROUP, NULL, NULL, 0);
	struct node *headers = node_create(&a, NODE_LIST, "headers", NULL, 0);
	struct node *header = node_create(&a, NODE_GROUP, NULL, NULL, 0);
	struct node *name = node_create(&a, NODE_STRING, "name", NULL, 0);
	name->u.s = "X-Id";
	node_append(root, headers);
	node_append(headers, header);
	node_append(header, name);

	struct schema_part part = {.rows = p->types[0].rows, .count = p->types[0].row_count};
	ck_assert_int_eq(schema_read(&values, root, &part, 1, 0, &report), 0);
	ck_assert_str_eq(part.values[0]->u.s, "/");
	ck_assert_uint_eq(part.values[1]->count, 1);
	ck_assert_str_eq(part.values[1]->u.v[0]->u.v[0]->u.s, "X-Id");
	ck_assert_int_eq(part.values[1]->u.v[0]->u.v[1]->u.i, 7);
	ck_assert_int_eq(part.values[2]->u.i, 3);
	report_finish(&report);
	schema_values_finish(&values);
	arena_finish(&a);
	plugin_destroy(p);
}
END_TEST

START_TEST(a_newer_plugin_works_for_this_host)
{
	const struct lk_host host = {.size = sizeof(host), .complete = complete};
	const struct lk_request request = {.size = sizeof(request), .op = the_op()};
	const struct lk_settings settings = {.size = sizeof(settings)};
	struct plugin *p = NULL;
	void *state, *conn;

	ck_assert_int_eq(plugin_adopt(&new_plugin.base, "", &p, NULL, NULL), 0);
	const struct lk_type *type = &p->types[0].type;
	host_is_younger = request_is_younger = true;
	ck_assert_int_eq(p->plugin.init(&host, &state), 0);
	ck_assert_int_eq(type->open(state, NULL, &settings, &conn), 0);
	ck_assert_int_eq(type->submit(conn, &request), 0);
	ck_assert(!host_is_younger);
	ck_assert(!request_is_younger);
	ck_assert_str_eq(completed_reply, "new");
	type->close(conn);
	p->plugin.fini(state);
	plugin_destroy(p);
}
END_TEST

/*
 * An older plugin.  There is nothing older than 1.0, so the older rows and types here are imagined:
 * those of 1.0 without their last members.
 */
START_TEST(rows_without_the_last_members_are_read)
{
	/* As if a row ended before `check`: what stands there belongs to the next row. */
	enum { OLD_BYTES = offsetof(struct lk_param, check) };
	const struct lk_param row[] = {
		{.name = "path", .type = LK_T_STRING, .help = "A path.", .min = 1, .max = 9},
		{.name = "size", .type = LK_T_SIZE, .help = "A size.", .def = "16KiB"},
		{.name = "kind", .type = LK_T_INT, .help = "A kind.", .group = "General"},
	};
	_Alignas(struct lk_param) char old[COUNT(row) * OLD_BYTES];
	struct arena a;

	for (size_t i = 0; i < COUNT(row); i++)
		memcpy(old + i * OLD_BYTES, &row[i], OLD_BYTES);
	arena_init(&a);
	const struct lk_param *rows = schema_import(&a, (const void *)old, COUNT(row), OLD_BYTES);
	ck_assert_ptr_nonnull(rows);
	for (size_t i = 0; i < COUNT(row); i++) {
		ck_assert_str_eq(rows[i].name, row[i].name);
		ck_assert_int_eq(rows[i].max, row[i].max);
		ck_assert_ptr_eq(rows[i].def, row[i].def);
		ck_assert_ptr_eq(rows[i].group, row[i].group);
		ck_assert(!rows[i].check);
		ck_assert_ptr_null(rows[i].sub);
		ck_assert_uint_eq(rows[i].sub_count, 0);
	}
	arena_finish(&a);
}
END_TEST

START_TEST(a_type_without_the_last_members_is_read)
{
	/* As if a type ended before `stats`, with something else behind it. */
	struct lk_type old = new_type.base, here;

	old.size = offsetof(struct lk_type, stats);
	old.stats = (void (*)(void *, struct lk_stats *))(uintptr_t)1;
	memset(&here, 0xff, sizeof(here));
	plugin_copy_sized(&here, sizeof(here), &old);
	ck_assert_uint_eq(here.size, old.size);
	ck_assert(LK_HAS(&here, cancel));
	ck_assert(!LK_HAS(&here, stats));
	ck_assert_str_eq(here.id, "new");
	ck_assert(here.cancel == new_cancel);
	ck_assert(!here.stats);
}
END_TEST

START_TEST(a_newer_host_reads_todays_type)
{
	struct new_type here;

	memset(&here, 0xff, sizeof(here));
	struct lk_type today = new_type.base;
	today.size = sizeof(today);
	plugin_copy_sized(&here, sizeof(here), &today);
	ck_assert(LK_HAS(&here.base, stats));
	ck_assert(!LK_HAS(&here, younger));
	ck_assert_ptr_null(here.younger);
	ck_assert_str_eq(here.base.help, "Is of 1.1.");
}
END_TEST

/*
 * The binary of a plugin of 1.0 under a host of 1.1, whose every struct is larger.
 */
static struct new_value value(struct lk_value from)
{
	from.size = sizeof(struct new_value);
	return (struct new_value){.base = from, .younger = YOUNGER};
}

static struct plugin *load_echo(void)
{
	const char *where = getenv("LINKSPAN_TEST_PLUGINS");
	char path[PATH_MAX], whole[PATH_MAX];
	struct plugin *p = NULL;
	struct err e = {0};

	snprintf(path, sizeof(path), "%s/echo.so", where ? where : "tests/plugins/.libs");
	ck_assert_msg(realpath(path, whole) != NULL, "%s is not built", path);
	int rc = plugin_load_anywhere(whole, &p, NULL, &e);
	ck_assert_msg(rc == 0, "%s", e.text);
	return p;
}

START_TEST(todays_plugin_works_for_a_newer_host)
{
	const struct new_host host = {
		.base = {.size = sizeof(host),
	                 .abi_minor = LK_ABI_MINOR + 1,
	                 .complete = complete,
	                 .count = count},
		.younger = YOUNGER,
	};
	struct new_value delay = value((struct lk_value){.u.i = 0});
	struct new_value token = value((struct lk_value){.u.s = NULL});
	struct new_value name = value((struct lk_value){.u.s = "X-Id"});
	struct new_value text = value((struct lk_value){.u.s = "42"});
	const struct lk_value *const pair[] = {&name.base, &text.base};
	struct new_value header = value((struct lk_value){.count = 2, .u.v = pair});
	const struct lk_value *const list[] = {&header.base};
	struct new_value headers = value((struct lk_value){.count = 1, .u.v = list});
	const struct lk_value *const values[] = {&delay.base, &token.base, &headers.base};
	const struct new_settings settings = {
		.base = {.size = sizeof(settings), .values = values, .keep_bytes = 3},
		.younger = YOUNGER,
	};
	const struct new_request request = {
		.base = {.size = sizeof(request), .op = the_op(), .body = "hello", .body_bytes = 5},
		.younger = YOUNGER,
	};
	struct plugin *p = load_echo();
	const struct lk_type *type = &p->types[0].type;
	void *state, *conn;

	ck_assert_int_eq(p->plugin.init(&host.base, &state), 0);
	ck_assert_int_eq(type->open(state, NULL, &settings.base, &conn), 0);
	ck_assert_int_eq(type->submit(conn, &request.base), 0);
	ck_assert_uint_eq(completed.result, LK_DONE);
	ck_assert_uint_eq(completed.flags, LK_REPLY_CUT);
	ck_assert_str_eq(completed_reply, "hel");
	ck_assert_uint_eq(completed.reply_total_bytes, 5);
	ck_assert_str_eq(completed_attr, "42");
	type->close(conn);
	p->plugin.fini(state);
	plugin_destroy(p);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(this_host_reads_a_newer_plugin),
	SUITE_TEST(definitions_are_read_with_newer_rows),
	SUITE_TEST(a_newer_plugin_works_for_this_host),
	SUITE_TEST(rows_without_the_last_members_are_read),
	SUITE_TEST(a_type_without_the_last_members_is_read),
	SUITE_TEST(a_newer_host_reads_todays_type),
	SUITE_TEST(todays_plugin_works_for_a_newer_host),
};

SUITE_MAIN("growth", tests)
