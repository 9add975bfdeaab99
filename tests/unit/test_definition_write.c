/* Definitions as text, as JSON, and back: nothing is lost on the way. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/definition.h"
#include "conf/read.h"
#include "conf/screen.h"
#include "definition_reading.h"
#include "schema/node.h"
#include "schema/report.h"
#include "suite.h"
#include "json/json.h"

static void write_group(const struct node *group, const char *before, struct buf *ret,
                        bool *ret_lost)
{
	buf_init(ret, BUF_MAX_TEXT);
	ck_assert_int_eq(
		definition_write(group, before, before ? strlen(before) : 0, ret, ret_lost), 0);
}

static void check_same(const struct node *a, const struct node *b)
{
	ck_assert_int_eq(a->kind, b->kind);
	ck_assert(!a->name == !b->name);
	if (a->name)
		ck_assert_str_eq(a->name, b->name);
	if (a->kind == NODE_STRING)
		ck_assert_str_eq(a->u.s, b->u.s);
	if (a->kind == NODE_INT)
		ck_assert_int_eq(a->u.i, b->u.i);
	if (a->kind == NODE_BOOL)
		ck_assert_int_eq(a->u.b, b->u.b);
	if (a->kind == NODE_FLOAT)
		ck_assert(memcmp(&a->u.d, &b->u.d, sizeof(a->u.d)) == 0);
	ck_assert_uint_eq(a->count, b->count);
	for (const struct node *m = a->first, *n = b->first; m; m = m->next, n = n->next)
		check_same(m, n);
}

static void check_survives_writing(const struct node *group)
{
	struct buf text;
	bool lost = true;

	write_group(group, NULL, &text, &lost);
	ck_assert(!lost);
	check_same(group, read_group(text.data, text.len_bytes));
	buf_finish(&text);
}

static void check_survives_json(const struct node *group)
{
	char before[REVISION_BYTES], after[REVISION_BYTES];
	struct json *document = definition_json(group);
	struct node *again;
	struct err e = {0};

	ck_assert_ptr_nonnull(document);
	ck_assert_int_eq(definition_node(&arena, document, group->name, "y.conf", &again, &e), 0);
	check_same(group, again);
	ck_assert_str_eq(again->file, "y.conf");
	ck_assert_int_eq(definition_revision(group, before), 0);
	ck_assert_int_eq(definition_revision(again, after), 0);
	ck_assert_str_eq(before, after);
	json_free(document);
}

/*
 * The layout
 */

static const struct layout_row {
	const char *text;
} layout_rows[] = {
	{"connection: {\n"
         "  name = \"Hello\";\n"
         "  enabled = false;\n"
         "  settings: {\n"
         "    method = \"POST\";\n"
         "    required_uri = ( \"id\", \"of\" );\n"
         "    headers = (\n"
         "      { name = \"Authorization\"; value = \"Bearer ${secret:env/T}\"; },\n"
         "      { name = \"X\"; value = \"a \\\"b\\\" \\\\ \\n\\r\\t\\x01\\x7f günü\"; }\n"
         "    );\n"
         "    auth: { kind = \"basic\"; username = \"u\"; };\n"
         "    oauth: {\n"
         "      extra: { a = \"b\"; };\n"
         "    };\n"
         "    none = ( );\n"
         "    small = -2147483648;\n"
         "    wide = 2147483648L;\n"
         "    least = -9223372036854775808L;\n"
         "    rate = 2.0;\n"
         "    rates = ( 1.5, -0.0, 1.0e+300 );\n"
         "  };\n"
         "  environments: {\n"
         "    Development: { };\n"
         "    Production: { request_timeout_ms = 5000; };\n"
         "  };\n"
         "};\n"},
	{"environment: {\n"
         "  name = \"E\";\n"
         "  variables: {\n"
         "    port = \"9000\";\n"
         "  };\n"
         "  network: {\n"
         "    allow = (\n"
         "      \"1111:2222:3333:4444:5555:6666:7777:1000/128\",\n"
         "      \"1111:2222:3333:4444:5555:6666:7777:2000/128\"\n"
         "    );\n"
         "  };\n"
         "};\n"},
	{"connection: {\n"
         "  matrix = (\n"
         "    ( 1, 2 ),\n"
         "    ( ),\n"
         "    {\n"
         "      list = ( true );\n"
         "    }\n"
         "  );\n"
         "  long = (\n"
         "    {\n"
         "      name = \"0123456789012345678901234567890123456789\";\n"
         "      value = \"0123456789012345678901234567890123456789\";\n"
         "    }\n"
         "  );\n"
         "};\n"},
	{"connection: { };\n"},
};

START_TEST(writes_as_the_samples_are_written)
{
	const char *text = layout_rows[_i].text;
	struct buf again;
	bool lost;

	start();
	write_group(read_group(text, strlen(text)), NULL, &again, &lost);
	ck_assert_str_eq(buf_str(&again), text);
	buf_finish(&again);
	done();
}
END_TEST

/*
 * Comments
 */

#define GROUP "connection: {\n  a = 1;\n};\n"

static const struct comment_row {
	const char *before, *kept;
	bool lost;
} comment_rows[] = {
	{"", "", false},
	{"\n\nconnection: { a = 2; };", "", false},
	{"# one\n// two\n/* three\n four */\n\nconnection: {};\n",
         "# one\n// two\n/* three\n four */\n\n", false},
	{"\n\n# one\n\n\n# two\nconnection: {};\n", "\n\n# one\n\n\n# two\n", false},
	{"/* x */ connection: { };", "/* x */ ", false},
	{"# only this", "# only this\n\n", false},
	{"# only this\n\n\n", "# only this\n\n", false},
	{"# \"a\nconnection: { a = \"# // /* \\\" # \\\\\"; };\n", "# \"a\n", false},
	{"# a\nconnection: { # b\n};", "# a\n", true},
	{"connection: { a = \"\\\\\"; // b\n};", "", true},
	{"connection: { a = \"\\\"\"; b = \"c\"; /* d */ };", "", true},
	{"connection: { };\n# the end", "", true},
	{"connection: { a = \"b\n# not one\n\"; };", "", false},
	{"connection: { a = \"never closed # ", "", false},
	{"connection: { a = 1 / 2; };", "", false},
	{"/* never closed\nconnection: { };", "", true},
	{"# \xff\nconnection: { };", "", true},
};

START_TEST(keeps_the_leading_comments)
{
	const struct comment_row *row = &comment_rows[_i];
	struct buf text, expected;
	bool lost;

	start();
	const struct node *group = read_group(GROUP, strlen(GROUP));
	write_group(group, row->before, &text, &lost);
	buf_init(&expected, BUF_MAX_TEXT);
	buf_printf(&expected, "%s%s", row->kept, GROUP);
	ck_assert_str_eq(buf_str(&text), buf_str(&expected));
	ck_assert_int_eq(lost, row->lost);
	check_same(group, read_group(text.data, text.len_bytes));
	buf_finish(&expected);
	buf_finish(&text);
	done();
}
END_TEST

/*
 * Random trees, from a generator of our own, so that every machine tries the same ones.
 */

static unsigned seed;

static unsigned chance(unsigned below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static char *random_text(void)
{
	static const char *const pieces[] = {
		"\"", "\\",   "\\x41", "\n",       "\r",    "\t",         "\f", "\v", "\a",
		"\b", "\x7f", "ü",     "\u20ac",   "🙂",  "\xc2\x85",   "$",  "#",  "//",
		"/*", "*/",   "{",     "@include", "${v}",  "${secret:}", ";",  "a",  "é ",
		"9",  "L",    " ",     "\x01",     "\x1b[", "'",          "\\", "\"", "%s",
	};
	struct buf b;

	buf_init(&b, BUF_MAX_LINE);
	for (unsigned n = chance(chance(8) ? 8 : 80); n > 0; n--)
		buf_add_str(&b, pieces[chance(sizeof(pieces) / sizeof(pieces[0]))]);
	char *text = arena_strdup(&arena, buf_str(&b));
	buf_finish(&b);
	return text;
}

static void random_scalar(struct node *n)
{
	static const int64_t ints[] = {0,           1,          -1,        INT32_MAX, INT32_MIN,
	                               2147483648L, INT64_MAX,  INT64_MIN, 10,        -2147483649L,
	                               4294967296L, 5000000000, -42};
	static const double doubles[] = {0.0,       -0.0,    1.0,          -1.0,
	                                 0.1,       1.0 / 3, 1e15,         1e16,
	                                 1e17,      1e22,    1e300,        -1e300,
	                                 1e-300,    5e-324,  123.5,        1e100,
	                                 1.797e308, 2.5e-07, 4294967296.0, 9007199254740993.0};

	switch (n->kind) {
	case NODE_BOOL:
		n->u.b = chance(2);
		break;
	case NODE_INT:
		n->u.i = ints[chance(sizeof(ints) / sizeof(ints[0]))];
		break;
	case NODE_FLOAT:
		n->u.d = doubles[chance(sizeof(doubles) / sizeof(doubles[0]))];
		break;
	default:
		n->u.s = random_text();
		break;
	}
}

static const char *random_name(unsigned place)
{
	static const char *const heads[] = {"a",      "Z",  "*", "name", "true_",
	                                    "falsey", "x-", "L", "e9",   "settings"};

	return arena_printf(&arena, "%s%u", heads[chance(sizeof(heads) / sizeof(heads[0]))], place);
}

static struct node *random_tree(const char *name, enum node_kind kind, unsigned depth)
{
	static const enum node_kind kinds[] = {NODE_BOOL,   NODE_INT,  NODE_FLOAT, NODE_STRING,
	                                       NODE_STRING, NODE_LIST, NODE_GROUP};
	struct node *n = node_create(&arena, kind, name, "random", 0);

	if (kind != NODE_LIST && kind != NODE_GROUP) {
		random_scalar(n);
		return n;
	}
	enum node_kind alike = kinds[chance(5)];
	bool is_alike = chance(2);
	for (unsigned i = 0, count = chance(7); i < count; i++) {
		unsigned many = depth < SCREEN_DEPTH_MAX ? 7 : 5;
		enum node_kind each = is_alike ? alike : kinds[chance(many)];
		const char *child = kind == NODE_GROUP ? random_name(i) : NULL;
		node_append(n, random_tree(child, each, depth + 1));
	}
	return n;
}

START_TEST(any_tree_is_read_as_it_was_written)
{
	seed = 20261125;
	for (int round = 0; round < 3000; round++) {
		start();
		const struct node *group = random_tree("connection", NODE_GROUP, 1);
		check_survives_writing(group);
		check_survives_json(group);
		done();
	}
}
END_TEST

START_TEST(the_deepest_tree_is_read_as_it_was_written)
{
	start();
	struct node *group = node_create(&arena, NODE_GROUP, "connection", "x", 0), *n = group;
	for (int depth = 2; depth <= SCREEN_DEPTH_MAX; depth++) {
		node_append(n, node_create(&arena, NODE_GROUP, "g", "x", 0));
		n = n->first;
	}
	check_survives_writing(group);
	check_survives_json(group);

	struct json *document = definition_json(group), *deeper = json_object();
	struct err e = {0};
	struct node *none = NULL;
	ck_assert_int_eq(json_set(deeper, "g", document), 0);
	ck_assert_int_eq(definition_node(&arena, deeper, "connection", "x", &none, &e),
	                 ERR_INVALID);
	ck_assert_str_eq(e.text, "groups and lists are nested too deeply; at most 16 are allowed");
	ck_assert_ptr_null(none);
	json_free(deeper);
	done();
}
END_TEST

START_TEST(infinity_stays_what_it_is_in_a_file)
{
	static const char text[] = "connection: { a = 1.0e+999; b = -1.0e+999; };";

	start();
	const struct node *group = read_group(text, strlen(text));
	ck_assert(isinf(group->first->u.d));
	check_survives_writing(group);
	done();
}
END_TEST

/*
 * What ships
 */

static int files_seen;

static int check_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	size_t length = strlen(path);
	struct node *root = NULL;
	(void)st;
	(void)ftw;

	if (type != FTW_F || length < 5 || strcmp(path + length - 5, ".conf") != 0)
		return 0;
	start();
	ck_assert_int_eq(read_file(&arena, path, &report, &root), 0);
	check_survives_writing(root->first);
	check_survives_json(root->first);
	done();
	files_seen++;
	return 0;
}

START_TEST(every_sample_is_read_as_it_was_written)
{
	char folder[4096];

	snprintf(folder, sizeof(folder), "%s/conf", getenv("LINKSPAN_SOURCE"));
	ck_assert_int_eq(nftw(folder, check_file, 8, FTW_PHYS), 0);
	ck_assert_int_ge(files_seen, 10);
}
END_TEST

/*
 * JSON
 */

static int from_json(const char *text, struct node **ret, struct err *e)
{
	struct json *document;

	ck_assert_int_eq(json_read(text, strlen(text), &document, e), 0);
	int rc = definition_node(&arena, document, "connection", "x.conf", ret, e);
	json_free(document);
	return rc;
}

static const struct name_row {
	const char *text, *fault;
} name_rows[] = {
	{"{\"a\": {\"\": 1}}", "a: ``"},
	{"{\"9a\": 1}", "`9a`"},
	{"{\"_a\": 1}", "`_a`"},
	{"{\"list\": [1, {\"b c\": 1}]}", "list[1]: `b c`"},
	{"{\"True\": 1}", "`True`"},
	{"{\"false\": 1}", "`false`"},
	{"{\"g\": {\"h\": {\"a=1; b\": 1}}}", "g.h: `a=1; b`"},
	{"{\"ü\": 1}", "`ü`"},
};

START_TEST(refuses_names_that_no_file_can_hold)
{
	const struct name_row *row = &name_rows[_i];
	struct node *none = NULL;
	struct err e = {0};

	start();
	ck_assert_int_eq(from_json(row->text, &none, &e), ERR_INVALID);
	ck_assert_ptr_null(none);
	ck_assert_msg(strncmp(e.text, row->fault, strlen(row->fault)) == 0, "%s", e.text);
	ck_assert_ptr_nonnull(strstr(e.text, " cannot be the name of a setting; what is allowed:"));
	done();
}
END_TEST

START_TEST(refuses_what_is_no_object)
{
	struct node *none = NULL;
	struct err e = {0};

	start();
	ck_assert_int_eq(from_json("[]", &none, &e), ERR_INVALID);
	ck_assert_str_eq(e.text, "a definition is an object");
	done();
}
END_TEST

START_TEST(refuses_more_settings_than_a_file_may_have)
{
	struct node *made = NULL;
	struct err e = {0};
	struct buf text;

	start();
	buf_init(&text, BUF_MAX_TEXT);
	buf_add_str(&text, "{\"a\": 1");
	for (int i = 0; i < SCREEN_NAMES_MAX - 2; i++)
		buf_printf(&text, ",\"a%d\": 1", i);
	buf_add_str(&text, "}");
	ck_assert_int_eq(from_json(buf_str(&text), &made, &e), 0);
	check_survives_writing(made);

	buf_cut(&text, text.len_bytes - 1);
	buf_add_str(&text, ",\"b\": 1}");
	ck_assert_int_eq(from_json(buf_str(&text), &made, &e), ERR_INVALID);
	ck_assert_str_eq(e.text, "more than 10000 settings in one definition");
	buf_finish(&text);
	done();
}
END_TEST

START_TEST(a_null_is_left_out)
{
	static const char expected[] = "connection: {\n  list = ( 1 );\n};\n";
	struct node *group;
	struct err e = {0};
	struct buf text;
	bool lost;

	start();
	ck_assert_int_eq(from_json("{\"a\": null, \"list\": [null, 1, null]}", &group, &e), 0);
	write_group(group, NULL, &text, &lost);
	ck_assert_str_eq(buf_str(&text), expected);
	buf_finish(&text);
	done();
}
END_TEST

START_TEST(refuses_to_write_what_could_not_be_read)
{
	struct buf large, text;
	bool lost = true;

	start();
	struct node *group = node_create(&arena, NODE_GROUP, "connection", "x", 0);
	struct node *s = node_create(&arena, NODE_STRING, "a", "x", 0);
	buf_init(&large, BUF_MAX_TEXT);
	for (int i = 0; i < READ_MAX_BYTES / 4; i++)
		buf_add_str(&large, "\x01");
	s->u.s = buf_str(&large);
	node_append(group, s);
	buf_init(&text, BUF_MAX_TEXT);
	ck_assert_int_eq(definition_write(group, NULL, 0, &text, &lost), ERR_INVALID);
	ck_assert_uint_eq(text.len_bytes, 0);
	ck_assert(lost);
	buf_finish(&text);
	buf_finish(&large);
	done();
}
END_TEST

/*
 * Without memory
 */

static const char faulty_text[] =
	"connection: { a = \"x\"; l = ( \"a\", { b = 1; } ); g: { h: { c = 1.5; }; }; };";

START_TEST(writing_survives_every_failing_allocation)
{
	int rc = ERR_NO_MEMORY;

	start();
	const struct node *group = read_group(faulty_text, strlen(faulty_text));
	for (unsigned n = 1; rc != 0; n++) {
		struct buf text;
		bool lost = true;
		buf_init(&text, BUF_MAX_TEXT);
		mem_fail_at(n);
		rc = definition_write(group, "# a\n", 4, &text, &lost);
		bool pending = mem_fail_pending();
		mem_fail_at(0);
		ck_assert(rc == 0 ? pending && !lost : rc == ERR_NO_MEMORY && lost);
		buf_finish(&text);
	}
	done();
}
END_TEST

START_TEST(reading_json_survives_every_failing_allocation)
{
	int rc = ERR_NO_MEMORY;

	start();
	struct json *document = definition_json(read_group(faulty_text, strlen(faulty_text)));
	for (unsigned n = 1; rc != 0; n++) {
		struct arena a;
		struct node *made = NULL;
		struct err e = {0};
		arena_init(&a);
		mem_fail_at(n);
		rc = definition_node(&a, document, "connection", "x", &made, &e);
		bool pending = mem_fail_pending();
		mem_fail_at(0);
		ck_assert(rc == 0 ? pending && made : rc == ERR_NO_MEMORY && !made);
		arena_finish(&a);
	}
	json_free(document);
	done();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(writes_as_the_samples_are_written, layout_rows),
	SUITE_LOOP(keeps_the_leading_comments, comment_rows),
	SUITE_TEST(any_tree_is_read_as_it_was_written),
	SUITE_TEST(the_deepest_tree_is_read_as_it_was_written),
	SUITE_TEST(infinity_stays_what_it_is_in_a_file),
	SUITE_TEST(every_sample_is_read_as_it_was_written),
	SUITE_LOOP(refuses_names_that_no_file_can_hold, name_rows),
	SUITE_TEST(refuses_what_is_no_object),
	SUITE_TEST(refuses_more_settings_than_a_file_may_have),
	SUITE_TEST(a_null_is_left_out),
	SUITE_TEST(refuses_to_write_what_could_not_be_read),
	SUITE_TEST(writing_survives_every_failing_allocation),
	SUITE_TEST(reading_json_survives_every_failing_allocation),
};

SUITE_MAIN("definition_write", tests)
