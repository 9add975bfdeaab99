/* What stands for what in the strings of a definition. */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "conf/read.h"
#include "conf/vars.h"
#include "folder.h"
#include "schema/node.h"
#include "schema/report.h"
#include "suite.h"

static const char variables[] =
	"project: { host = \"own.example\"; };\n"
	"environment: { host = \"api.example\"; version = \"v2\"; empty = \"\";\n"
	"  braces = \"a{b}$$c$\"; token = \"Bearer ${secret:env/T}!\"; };\n";

static struct arena arena;
static struct report report;
static struct vars vars;

/* Expands one setting `key`, written as `text` in line 1 of x.conf; NULL: faults. */
static const struct node *expand(enum vars_mode mode, const char *text)
{
	struct node *tables = NULL, *root = NULL, *expanded = NULL;
	char *line = arena_printf(&arena, "g: { l = ( 1, { key = \"%s\"; } ); };", text);

	ck_assert_int_eq(
		read_text(&arena, "e.conf", variables, strlen(variables), &report, &tables), 0);
	ck_assert_int_eq(read_text(&arena, "x.conf", line, strlen(line), &report, &root), 0);
	vars = (struct vars){
		.mode = mode,
		.tables = {node_get(tables, "project"), node_get(tables, "environment")},
		.environment = "Production",
	};
	int rc = vars_expand(&arena, root, &vars, &report, &expanded);
	ck_assert_int_eq(rc, report.errors ? ERR_INVALID : 0);
	if (rc < 0) {
		ck_assert_ptr_null(expanded);
		return NULL;
	}
	/* What was read stays as it was. */
	ck_assert_ptr_null(node_get(root->first->first->last, "key")->parts);
	return node_get(expanded->first->first->last, "key");
}

static void begin(void)
{
	arena_init(&arena);
	report_init(&report);
}

static void done(void)
{
	arena_finish(&arena);
	report_finish(&report);
}

/* The parts in one line: literal text, <a variable's>, [a secret's reference]. */
static const char *show(const struct node *n)
{
	static char text[512];
	size_t at = 0;

	if (!n->parts)
		return n->u.s;
	text[0] = '\0';
	for (size_t i = 0; i < n->part_count; i++) {
		static const char *const marks[][2] = {[TEXT_LITERAL] = {"", ""},
		                                       [TEXT_VARIABLE] = {"<", ">"},
		                                       [TEXT_SECRET] = {"[", "]"}};
		const char *const *mark = marks[n->parts[i].kind];
		const char *part = n->parts[i].text ? n->parts[i].text : "?";
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s%s", mark[0], part,
		                       mark[1]);
	}
	return text;
}

static const struct good_row {
	const char *text, *shown;
} good_rows[] = {
	{"plain", "plain"},
	{"", ""},
	{"https://${host}/x", "https://<own.example>/x"},
	{"${version}", "<v2>"},
	{"${host}${version}", "<own.example><v2>"},
	{"a${empty}b", "a<>b"},
	{"cost: 5$", "cost: 5$"},
	{"$x {host} $", "$x {host} $"},
	{"$$", "$"},
	{"$$$$", "$$"},
	{"$${host}", "${host}"},
	{"$$${version}", "$<v2>"},
	{"a$$b$c", "a$b$c"},
	{"${braces}", "<a{b}$c$>"},
	{"${secret:file/partner_token}", "[file/partner_token]"},
	{"Bearer ${secret:env/TOKEN};", "Bearer [env/TOKEN];"},
	{"${token}", "<Bearer >[env/T]<!>"},
	{"${host}{?trace}", "<own.example>{?trace}"},
};

START_TEST(puts_in_what_is_known)
{
	begin();
	const struct node *n = expand(VARS_KNOWN, good_rows[_i].text);
	ck_assert_str_eq(folder_print(&report), "");
	ck_assert_str_eq(show(n), good_rows[_i].shown);
	ck_assert_str_eq(n->u.s, good_rows[_i].text);
	done();
}
END_TEST

#define BAD_NAME                                                                                   \
	"` is no reference; a variable is called a letter, then at most 63 letters, digits, `_` "  \
	"or `-`, a secret is `${secret:PROVIDER/PATH}`, and `$${` is a literal `${`\n"

static const struct bad_row {
	enum vars_mode mode;
	const char *text, *fault;
} bad_rows[] = {
	{VARS_KNOWN, "${hots}",
         "the environment Production has no variable \"hots\" (did you mean \"host\"?)\n"},
	{VARS_KNOWN, "${versoin}",
         "the environment Production has no variable \"versoin\" (did you mean \"version\"?)\n"},
	{VARS_KNOWN, "${nothing-like-it}",
         "the environment Production has no variable \"nothing-like-it\"\n"},
	{VARS_KNOWN, "a${host",
         "`${host` begins a reference that has no `}`; a literal `${` is written `$${`\n"},
	{VARS_KNOWN, "${}", "`${}" BAD_NAME},
	{VARS_KNOWN, "${1st}", "`${1st}" BAD_NAME},
	{VARS_KNOWN, "${ host }", "`${ host }" BAD_NAME},
	{VARS_UNKNOWN, "${a.b}", "`${a.b}" BAD_NAME},
	{VARS_UNKNOWN, "${secret:vault}",
         "`${secret:vault}` names no provider; write `${secret:PROVIDER/PATH}`, where PROVIDER is one of: env, file, local\n"},
	{VARS_KNOWN, "${secret:file/../x}",
         "`${secret:file/../x}` is malformed; write `secret:file/NAME` with letters, digits and `_ . -`, no dot first, no folders\n"},
	{VARS_FORBIDDEN, "${host}",
         "the value of a variable cannot name another one (`${host}`); what is allowed: text, `${secret:PROVIDER/PATH}`, and `$${` for a literal `${`\n"},
};

START_TEST(says_which_reference_is_wrong)
{
	const struct bad_row *row = &bad_rows[_i];
	char fault[1024];

	begin();
	ck_assert_ptr_null(expand(row->mode, row->text));
	snprintf(fault, sizeof(fault), "x.conf:1: error: g.l[1].key: %s", row->fault);
	ck_assert_str_eq(folder_print(&report), fault);
	done();
}
END_TEST

START_TEST(reports_every_reference_of_a_string)
{
	begin();
	ck_assert_ptr_null(expand(VARS_KNOWN, "${one}/${version}/${two}"));
	ck_assert_uint_eq(report.errors, 2);
	done();
}
END_TEST

START_TEST(takes_any_name_without_an_environment)
{
	begin();
	const struct node *n = expand(VARS_UNKNOWN, "a${hots}/${secret:env/T}");
	ck_assert_str_eq(show(n), "a<?>/[env/T]");
	ck_assert_ptr_null(n->parts[1].text);
	done();
}
END_TEST

START_TEST(survives_every_failing_allocation)
{
	static const char text[] = "a = \"$$x${secret:env/T}${host}${version}y\"; b = ( \"$${\" );";
	struct node *root = NULL, *tables = NULL, *expanded = NULL;
	int rc = ERR_NO_MEMORY;

	begin();
	ck_assert_int_eq(read_text(&arena, "x.conf", text, strlen(text), &report, &root), 0);
	ck_assert_int_eq(
		read_text(&arena, "e.conf", variables, strlen(variables), &report, &tables), 0);
	vars = (struct vars){.tables = {NULL, node_get(tables, "environment")}, .environment = "E"};
	for (unsigned n = 1; rc != 0; n++) {
		struct arena own;
		arena_init(&own);
		mem_fail_at(n);
		rc = vars_expand(&own, root, &vars, &report, &expanded);
		bool pending = mem_fail_pending();
		mem_fail_at(0);
		ck_assert(rc == 0 ? pending && expanded : rc == ERR_NO_MEMORY && !expanded);
		arena_finish(&own);
	}
	done();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(puts_in_what_is_known, good_rows),
	SUITE_LOOP(says_which_reference_is_wrong, bad_rows),
	SUITE_TEST(reports_every_reference_of_a_string),
	SUITE_TEST(takes_any_name_without_an_environment),
	SUITE_TEST(survives_every_failing_allocation),
};

SUITE_MAIN("vars", tests)
