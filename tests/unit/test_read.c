/* Definition files: what is read, what is refused, and where a fault is said to be. */
#include <fcntl.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "conf/read.h"
#include "conf/screen.h"
#include "folder.h"
#include "schema/node.h"
#include "schema/report.h"
#include "suite.h"

/* One reading of one text. */
static struct arena arena;
static struct report report;
static struct node *root;

static int take(const char *text, size_t bytes)
{
	arena_init(&arena);
	report_init(&report);
	root = NULL;
	return read_text(&arena, "x.conf", text, bytes, &report, &root);
}

static void done(void)
{
	arena_finish(&arena);
	report_finish(&report);
}

static const struct node *child(const struct node *n, size_t index)
{
	n = n->first;
	while (n && index-- > 0)
		n = n->next;
	return n;
}

START_TEST(reads_every_kind_of_value)
{
	static const char text[] =
		"g: { s = \"a\\n\\\"b\\\"\" \" c\"; i = -7; big = 5000000000L; };\n"
		"t = TRUE; f = false; d = 1.5; hex = 0x1F; /* } */ e: {};\n"
		"list = ( \"x\", ( 1 ), { k = 2; } ); array = [ 1, 2, 3 ];\n"
		"utf = \"günü\"; // the end";

	ck_assert_int_eq(take(text, sizeof(text) - 1), 0);
	ck_assert_uint_eq(report.count, 0);
	const struct node *g = node_get(root, "g");
	ck_assert_int_eq(g->kind, NODE_GROUP);
	ck_assert_str_eq(node_get(g, "s")->u.s, "a\n\"b\" c");
	ck_assert_int_eq(node_get(g, "i")->u.i, -7);
	ck_assert_int_eq(node_get(g, "big")->u.i, 5000000000);
	ck_assert(node_get(root, "t")->u.b);
	ck_assert(!node_get(root, "f")->u.b);
	ck_assert_double_eq(node_get(root, "d")->u.d, 1.5);
	ck_assert_int_eq(node_get(root, "hex")->u.i, 31);
	ck_assert_uint_eq(node_get(root, "e")->count, 0);
	ck_assert_str_eq(node_get(root, "utf")->u.s, "günü");

	const struct node *list = node_get(root, "list");
	ck_assert_int_eq(list->kind, NODE_LIST);
	ck_assert_uint_eq(list->count, 3);
	ck_assert_str_eq(child(list, 0)->u.s, "x");
	ck_assert_int_eq(child(child(list, 1), 0)->u.i, 1);
	ck_assert_int_eq(node_get(child(list, 2), "k")->u.i, 2);
	ck_assert_int_eq(node_get(root, "array")->kind, NODE_LIST);
	ck_assert_int_eq(child(node_get(root, "array"), 2)->u.i, 3);
	done();
}
END_TEST

START_TEST(knows_where_everything_stands)
{
	static const char text[] = "a = 1;\n"
				   "g: {\n"
				   "  s = \"one\n"
				   "two\"; t = 2;\n"
				   "  list = (\n"
				   "    \"first\",\n"
				   "    \"second\"\n"
				   "      \" half\"\n"
				   "\n"
				   "  );\n"
				   "};\n"
				   "items = ( { k = \"v\"; },\n"
				   "  { k = \"w\"; }, \"s\" );\n";

	ck_assert_int_eq(take(text, sizeof(text) - 1), 0);
	const struct node *g = node_get(root, "g"), *items = node_get(root, "items");
	const struct node *list = node_get(g, "list");
	const struct {
		const struct node *node;
		unsigned line;
	} rows[] = {
		{node_get(root, "a"), 1},
		{g, 2},
		{node_get(g, "s"), 3},
		{node_get(g, "t"), 4},
		{list, 5},
		{child(list, 0), 6},
		{child(list, 1), 7},
		{items, 12},
		{child(items, 0), 12},
		{node_get(child(items, 1), "k"), 13},
		{child(items, 2), 13},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_msg(rows[i].node->line == rows[i].line, "row %zu: line %u", i,
		              rows[i].node->line);
		ck_assert_str_eq(rows[i].node->file, "x.conf");
	}
	ck_assert_str_eq(child(list, 1)->u.s, "second half");
	done();
}
END_TEST

/* What a user reads; NULL: the text is good. */
static const struct fault_row {
	const char *text, *fault;
} fault_rows[] = {
	{"", NULL},
	{"a = \"@include\"; # @include \"x\"\n// @include \"x\"\n/*\n@include \"x\"\n*/ b = 1;",
         NULL},
	{"a = 1;\n@include \"b.conf\"\n",
         "x.conf:2: error: @include is not supported; write the settings into this file\n"},
	{"\t @include\t\"b.conf\"",
         "x.conf:1: error: @include is not supported; write the settings into this file\n"},
	{"a = \"x\ny\";\n /* \n */\n  @include \"b\"",
         "x.conf:5: error: @include is not supported; write the settings into this file\n"},
	{"a = \"\\\\\";\n@include \"b\"",
         "x.conf:2: error: @include is not supported; write the settings into this file\n"},
	{"a = \"\\\"\n@include \\\"b\\\"\n\";", NULL},
	{"a = 1;\nb = 2;\n\na = 3;",
         "x.conf:4: error: a: is given twice here; the first is in line 1\n"},
	{"g: { a = 1; };\nh: { a = 1;\na = 2; };",
         "x.conf:3: error: a: is given twice here; the first is in line 2\n"},
	{"a = ( { k = 1; }, { k = 2; } );", NULL},
	{"a = 1;\nb = text;",
         "x.conf:2: error: `text` is text, and text stands in double quotes\n"},
	{"a = ( one );", "x.conf:1: error: `one` is text, and text stands in double quotes\n"},
	{"a = \"x;\nb = 1;\n",
         "x.conf:1: error: the string that begins here has no end; it needs a `\"`\n"},
	{"a = 1; /* x\nb = 1;\n",
         "x.conf:1: error: the comment that begins here has no end; it needs `*/`\n"},
	{"a = 1;\ng: {\n  h: {\n  };\n",
         "x.conf:2: error: the `{` that stands here is never closed\n"},
	{"g: {\n  l = ( 1, 2 };\n};",
         "x.conf:2: error: `}` stands where the `(` of line 2 wants its `)`\n"},
	{"a = 1;\n};", "x.conf:2: error: `}` closes nothing that is open\n"},
	{"a = 2147483647; b = -2147483648; c = 9223372036854775807L;", NULL},
	{"a = 2147483648;",
         "x.conf:1: error: a number beyond 32 bits needs an L behind it: 2147483648L\n"},
	{"a = ( 1, -2147483649 );",
         "x.conf:1: error: a number beyond 32 bits needs an L behind it: -2147483649L\n"},
	{"a = 0xFFFFFFFF;",
         "x.conf:1: error: a number beyond 32 bits needs an L behind it: 0xFFFFFFFFL\n"},
	{"a = 9223372036854775808L;",
         "x.conf:1: error: 9223372036854775808 does not fit into 64 bits\n"},
	{"a = 0xFFFFFFFFFFFFFFFFFL;",
         "x.conf:1: error: 0xFFFFFFFFFFFFFFFFF does not fit into 64 bits\n"},
	{"a = 1.5; b = -1.5e-3; c = .5; d = 1e99;", NULL},
	{"a = 00000000000000000000000000000000000000001;",
         "x.conf:1: error: this number has too many digits\n"},
	{"a = \"\\x00\";", "x.conf:1: error: \\x00 cannot stand in a string\n"},
	{"a = \"\\\\x00\";", NULL},
	{"a = 1;\nb = \"\xff\";", "x.conf:2: error: byte 0xff is not UTF-8 text\n"},
	{"# \xc0\x80\n", "x.conf:1: error: byte 0xc0 is not UTF-8 text\n"},
	{"a = 1;\nb = \"\\x80\";", "x.conf:2: error: b: is not UTF-8 text\n"},
	{"b = \"\\xc3\\xa4\";", NULL},
	{"a = [ 1, \"x\" ];",
         "x.conf:1: error: mismatched element type in array, here or just above; what is allowed: `key = value;`, `key: { … };`, `key = ( …, … );`\n"},
	{"a = 1\n\"x\";",
         "x.conf:2: error: a string stands where none can; is there a `=`, `;` or `,` missing before it?\n"},
	{"a = ( 1 \"x\" );",
         "x.conf:1: error: a string stands where none can; is there a `=`, `;` or `,` missing before it?\n"},
	{"a \"x\";",
         "x.conf:1: error: a string stands where none can; is there a `=`, `;` or `,` missing before it?\n"},
	{"a = 1;\nb = ;",
         "x.conf:2: error: syntax error, here or just above; what is allowed: `key = value;`, `key: { … };`, `key = ( …, … );`\n"},
	{"a=((((((((((((((((1))))))))))))))));", NULL},
	{"a=(((((((((((((((((1)))))))))))))))));",
         "x.conf:1: error: groups and lists are nested too deeply; at most 16 are allowed\n"},
};

START_TEST(says_what_is_wrong_and_where)
{
	const struct fault_row *row = &fault_rows[_i];

	int rc = take(row->text, strlen(row->text));
	ck_assert_str_eq(folder_print(&report), row->fault ? row->fault : "");
	ck_assert_int_eq(rc, row->fault ? ERR_INVALID : 0);
	ck_assert(row->fault ? !root : root != NULL);
	done();
}
END_TEST

START_TEST(refuses_nul_bytes)
{
	static const char text[] = "a = 1;\n\0@include \"x\"\n";

	ck_assert_int_eq(take(text, sizeof(text) - 1), ERR_INVALID);
	ck_assert_str_eq(folder_print(&report),
	                 "x.conf:2: error: a NUL byte stands here; this is not a text file\n");
	done();
}
END_TEST

START_TEST(reports_several_faults_of_one_file_but_not_without_end)
{
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	for (int i = 0; i < 1000; i++)
		buf_add_str(&text, "@include \"x\"\n");
	ck_assert_int_eq(take(buf_str(&text), text.len_bytes), ERR_INVALID);
	ck_assert_uint_eq(report.errors, 20);
	ck_assert_uint_eq(report.faults[1].line, 2);
	buf_finish(&text);
	done();
}
END_TEST

START_TEST(bounds_the_number_of_settings)
{
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	for (int i = 0; i < SCREEN_NAMES_MAX; i++)
		buf_printf(&text, "a%d=1;", i);
	ck_assert_int_eq(take(buf_str(&text), text.len_bytes), 0);
	ck_assert_uint_eq(root->count, SCREEN_NAMES_MAX);
	done();
	buf_add_str(&text, "b=1;");
	ck_assert_int_eq(take(buf_str(&text), text.len_bytes), ERR_INVALID);
	ck_assert_str_eq(folder_print(&report),
	                 "x.conf:1: error: more than 10000 settings in one file\n");
	done();
	buf_finish(&text);
}
END_TEST

static void check_file(const char *name, int rc, const char *fault)
{
	char path[768];

	arena_init(&arena);
	report_init(&report);
	root = NULL;
	snprintf(path, sizeof(path), "%s", folder_path(name));
	ck_assert_int_eq(read_file(&arena, path, &report, &root), rc);
	ck_assert_str_eq(folder_print(&report), fault);
	ck_assert(rc < 0 ? !root : root != NULL);
	done();
}

START_TEST(takes_only_plain_files)
{
	folder_create();
	folder_write("good.conf", "a = 1;");
	ck_assert_int_eq(symlink("good.conf", folder_path("link.conf")), 0);
	ck_assert_int_eq(mkfifo(folder_path("fifo.conf"), 0600), 0);
	ck_assert_int_eq(mkdir(folder_path("dir.conf"), 0700), 0);
	check_file("good.conf", 0, "");
	check_file("link.conf", ERR_IO,
	           "link.conf: error: is a symbolic link; a definition is a plain file\n");
	check_file("fifo.conf", ERR_IO, "fifo.conf: error: is not a plain file\n");
	check_file("dir.conf", ERR_IO, "dir.conf: error: is not a plain file\n");
	check_file("none.conf", ERR_IO, "none.conf: error: No such file or directory\n");
	folder_destroy();
}
END_TEST

START_TEST(bounds_the_size_of_a_file)
{
	char *text = mem_alloc(READ_MAX_BYTES + 1);

	folder_create();
	memset(text, '\n', READ_MAX_BYTES + 1);
	folder_write_bytes("fits.conf", text, READ_MAX_BYTES);
	folder_write_bytes("large.conf", text, READ_MAX_BYTES + 1);
	check_file("fits.conf", 0, "");
	check_file("large.conf", ERR_INVALID, "large.conf: error: is larger than 1048576 bytes\n");
	mem_free(text);
	folder_destroy();
}
END_TEST

START_TEST(survives_every_failing_allocation)
{
	static const char text[] = "g: { s = \"x\"; l = ( \"a\", \"b\" ); };\nt = 1;\n";
	int rc = ERR_NO_MEMORY;

	for (unsigned n = 1; rc != 0; n++) {
		mem_fail_at(n);
		rc = take(text, sizeof(text) - 1);
		bool pending = mem_fail_pending();
		mem_fail_at(0);
		ck_assert(rc == 0 ? pending && root : rc == ERR_NO_MEMORY && !root);
		done();
	}
}
END_TEST

/* A generator of our own, so that every machine tries the same texts. */
static unsigned seed;

static unsigned chance(unsigned below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static const char pieces[] = "\"{}()[];:=,#/*\\@$-+.0x9LeE\n \t\xff\xc3\xa4";

static void mutate(char *text, size_t *bytes, size_t cap)
{
	size_t at = chance((unsigned)*bytes);

	switch (chance(4)) {
	case 0:
		text[at] = pieces[chance(sizeof(pieces))];
		break;
	case 1:
		memmove(text + at, text + at + 1, *bytes - at - 1);
		(*bytes)--;
		break;
	case 2:
		if (*bytes < cap) {
			memmove(text + at + 1, text + at, *bytes - at);
			text[at] = pieces[chance(sizeof(pieces))];
			(*bytes)++;
		}
		break;
	default:
		*bytes = at + 1;
		break;
	}
}

START_TEST(survives_mutated_definitions)
{
	static const char sample[] =
		"# a comment\nconnection: {\n  name = \"Partner_Logs\"; type = \"webhook\";\n"
		"  settings: { url = \"https://${host}/a{?b}\"; pool_size = 10L; rate = 0x1F; d = 1.5e+3;\n"
		"    headers = ( { name = \"A\"; value = \"${secret:file/t}\"; },\n"
		"                { name = \"B\"; value = \"x\" \"y\"; } ); /* c */ };\n"
		"  environments: { Development: { a = [ 1, 2 ]; }; }; // end\n};\n"
		"@include \"x.conf\"\n";
	char text[2 * sizeof(sample)];
	size_t good = 0;

	seed = 20251113;
	for (int round = 0; round < 2000; round++) {
		/* Every other text begins without the part that is always refused. */
		size_t bytes = sizeof(sample) - 1 - (round % 2 ? 18 : 0);
		memcpy(text, sample, bytes);
		for (unsigned i = 1 + chance(4); i > 0 && bytes > 1; i--)
			mutate(text, &bytes, sizeof(text));
		int rc = take(text, bytes);
		ck_assert(rc == 0 ? root && report.errors == 0 : !root && report.errors > 0);
		good += rc == 0;
		done();
	}
	/* Some mutations only touch a comment or a value: both ends must have been met. */
	ck_assert_uint_gt(good, 20);
	ck_assert_uint_lt(good, 1500);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(reads_every_kind_of_value),
	SUITE_TEST(knows_where_everything_stands),
	SUITE_LOOP(says_what_is_wrong_and_where, fault_rows),
	SUITE_TEST(refuses_nul_bytes),
	SUITE_TEST(reports_several_faults_of_one_file_but_not_without_end),
	SUITE_TEST(bounds_the_number_of_settings),
	SUITE_TEST(takes_only_plain_files),
	SUITE_TEST(bounds_the_size_of_a_file),
	SUITE_TEST(survives_every_failing_allocation),
	SUITE_TEST(survives_mutated_definitions),
};

SUITE_MAIN("read", tests)
