/* Tests of switching a definition on and off in its text. */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "conf/definition.h"
#include "suite.h"

/* after NULL: there is no place to be changed. */
static const struct {
	const char *before;
	bool enabled;
	const char *after;
} rows[] = {
	{"connection: { enabled = true; };", false, "connection: { enabled = false; };"},
	{"connection: { enabled = false; };", true, "connection: { enabled = true; };"},
	{"connection: { enabled = true; };", true, "connection: { enabled = true; };"},
	{"connection = { enabled : TRUE, x = 1; }", false,
         "connection = { enabled : false, x = 1; }"},
	{"# enabled = true\nconnection: { /* enabled = true; */ enabled /* why */ = // yes\n true; };",
         false,
         "# enabled = true\nconnection: { /* enabled = true; */ enabled /* why */ = // yes\n false; };"},
	{"connection: { description = \"enabled = true; \\\" }\"; enabled=true; };", false,
         "connection: { description = \"enabled = true; \\\" }\"; enabled=false; };"},
	{"connection: { settings: { enabled = true; }; enabled = true; };", false,
         "connection: { settings: { enabled = true; }; enabled = false; };"},
	{"connection: { is_enabled = true; enabled_at = true; enabled = true; };", false,
         "connection: { is_enabled = true; enabled_at = true; enabled = false; };"},
	/* It says nothing: enabled is what it means. */
	{"connection: { name = \"A\"; };", false,
         "connection: { enabled = false; name = \"A\"; };"},
	{"# {\nconnection:\n{\n  name = \"A\"; # mine\n};\n", false,
         "# {\nconnection:\n{\n  enabled = false;\n  name = \"A\"; # mine\n};\n"},
	{"connection: { l = ( { enabled = true; } ); };", false,
         "connection: { enabled = false; l = ( { enabled = true; } ); };"},
	{"connection: { enabled = 1; };", false, NULL},
	{"connection: { enabled = truely; };", false, NULL},
	{"connection: { enabled", false, NULL},
	{"", false, NULL},
	{"# only a comment", false, NULL},
	{"/* open", false, NULL},
	{"connection = \"open {", false, NULL},
};

START_TEST(only_the_word_changes)
{
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	ck_assert_int_eq(definition_flip(rows[_i].before, rows[_i].enabled, &text),
	                 rows[_i].after != NULL);
	ck_assert_str_eq(buf_str(&text), rows[_i].after ? rows[_i].after : "");
	buf_finish(&text);
}
END_TEST

START_TEST(a_text_that_does_not_fit_is_none)
{
	struct buf text;

	buf_init(&text, 8);
	ck_assert(!definition_flip("connection: { enabled = true; };", false, &text));
	buf_finish(&text);
}
END_TEST

START_TEST(without_memory_there_is_no_text)
{
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	mem_fail_at(1);
	ck_assert(!definition_flip("connection: { enabled = true; };", false, &text));
	mem_fail_at(0);
	buf_finish(&text);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(only_the_word_changes, rows),
	SUITE_TEST(a_text_that_does_not_fit_is_none),
	SUITE_TEST(without_memory_there_is_no_text),
};
SUITE_MAIN("flip", tests)
