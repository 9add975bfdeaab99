/* Tests of the look at a program's tokens: what would break out of the wrapping, and what is not there. */
#include "suite.h"
#include "transform/worker/scan.h"

static const char *const good[] = {
	".",
	"..",
	"...",
	"1.5e-3 + .5",
	"{a: [1, (2)]}",
	"\"a \\\" ) b\"",
	"\"\\\\\"",
	"\"\\(\"\\(1)\")\"",
	"\"\\({a: \"}\"})\"",
	"\"\\(1)) | (2\"",
	"# ) ] }\n.",
	". # \"",
	"@json \"x \\(.)\"",
	".\"a b\"",
	"$__loc__.line",
	".env | .input.debug",
	"{env, input: 1, \"x\": 2, debug}",
	"{a: 1, halt}",
	". as {env: $x} | $x",
	"$environment | $ENVIRON",
	"$env",
	"environment",
	"\"env input halt\"",
	".a1env",
	"ltrimstr(\"é\")",
};

static const struct {
	const char *program, *text;
	unsigned line;
} faults[] = {
	{"", "the program is empty", 1},
	{" \n# nothing\n", "the program is empty", 1},
	{")", "')' closes nothing", 1},
	{"1) | (2", "')' closes nothing", 1},
	{"\"\\(1)\" ) | ( 2", "')' closes nothing", 1},
	{"# (\n)", "')' closes nothing", 2},
	{"[1)", "')' where ']' should close line 1", 1},
	{"{\n\"\\(1]", "']' where ')' should close line 2", 2},
	{"(\n(1)", "'(' is not closed", 1},
	{"\n\n[", "'[' is not closed", 3},
	{"\"\\(1", "'\\(' is not closed", 1},
	{"\n\"a\n", "this string has no end", 2},
	{"\"\\", "this string has no end", 1},
	{"\"a\\(1) b", "this string has no end", 1},
	{"\"\n\n\n\\(1\n) b", "this string has no end", 4},
	{". # ends so \\\n| .", "a comment may not end with a backslash", 1},
	{".\n# \\\r\n", "a comment may not end with a backslash", 2},
	{"#\\", "a comment may not end with a backslash", 1},
	{"env", "env cannot be used: there is no environment", 1},
	{"$ENV", "$ENV cannot be used: there is no environment", 1},
	{"$ ENV", "$ENV cannot be used: there is no environment", 1},
	{"{$ENV}", "$ENV cannot be used: there is no environment", 1},
	{"{a: env}", "env cannot be used: there is no environment", 1},
	{"{(env): 1}", "env cannot be used: there is no environment", 1},
	{"[1, env]", "env cannot be used: there is no environment", 1},
	{"{a: [1, env]}", "env cannot be used: there is no environment", 1},
	{"{a: (1, env)}", "env cannot be used: there is no environment", 1},
	{"\"\\(\n\"\\(input)\")\"", "input cannot be used: the one input is .", 2},
	{"def input: 1; .", "input cannot be used: the one input is .", 1},
	{"import \"a\" as a; .", "import cannot be used: there are no modules", 1},
	{"1e5env", "env cannot be used: there is no environment", 1},
	{".\n\xc3(", "a byte that is not UTF-8 text", 2},
};

START_TEST(a_sound_program_passes)
{
	struct program_fault fault;

	ck_assert_msg(program_scan(good[_i], strlen(good[_i]), &fault), "%s: %s", good[_i],
	              fault.text);
}
END_TEST

START_TEST(a_fault_is_told_with_its_line)
{
	struct program_fault fault = {0};

	ck_assert(!program_scan(faults[_i].program, strlen(faults[_i].program), &fault));
	ck_assert_str_eq(fault.text, faults[_i].text);
	ck_assert_uint_eq(fault.line, faults[_i].line);
}
END_TEST

START_TEST(a_nul_byte_is_no_text)
{
	struct program_fault fault;

	ck_assert(!program_scan(".\0.", 3, &fault));
	ck_assert_str_eq(fault.text, "a byte that is not UTF-8 text");
}
END_TEST

START_TEST(nesting_has_a_most)
{
	struct program_fault fault;
	char program[514];

	memset(program, '(', 257);
	memset(program + 257, ')', 257);
	program[256] = '.';
	ck_assert(program_scan(program, 513, &fault));
	program[256] = '(';
	ck_assert(!program_scan(program, 514, &fault));
	ck_assert_str_eq(fault.text, "brackets are nested too deep");
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(a_sound_program_passes, good),
	SUITE_LOOP(a_fault_is_told_with_its_line, faults),
	SUITE_TEST(a_nul_byte_is_no_text),
	SUITE_TEST(nesting_has_a_most),
};

SUITE_MAIN("transform_scan", tests)
