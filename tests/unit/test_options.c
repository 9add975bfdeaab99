/* The command line of linkspand. */
#include "linkspand/options.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "suite.h"

static int parse(struct options *o, const char *line, struct err *e)
{
	static char text[256];
	char *argv[16] = {(char[]){"linkspand"}};
	int argc = 1;
	char *rest;

	snprintf(text, sizeof(text), "%s", line);
	for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		argv[argc++] = word;
	return options_parse(o, argc, argv, e);
}

START_TEST(what_is_not_said_is_usual)
{
	struct options o;

	unsetenv("LINKSPAN_CONFIG");
	ck_assert_int_eq(parse(&o, "", NULL), 0);
	ck_assert_ptr_nonnull(strstr(o.config, "linkspan.conf"));
	ck_assert(!o.check && !o.set_aside && !o.help && !o.version);
	ck_assert_int_eq(o.log_level, LOG_LEVEL_INFO);
	ck_assert_int_eq(o.log_format, OPTIONS_FORMAT_AUTO);
	setenv("LINKSPAN_CONFIG", "/elsewhere.conf", 1);
	ck_assert_int_eq(parse(&o, "", NULL), 0);
	ck_assert_str_eq(o.config, "/elsewhere.conf");
}
END_TEST

START_TEST(what_is_said_counts)
{
	struct options o;

	ck_assert_int_eq(parse(&o,
	                       "--config /a.conf --check --set-aside --log-level debug "
	                       "--log-format=json --version --help",
	                       NULL),
	                 0);
	ck_assert_str_eq(o.config, "/a.conf");
	ck_assert(o.check && o.set_aside && o.help && o.version);
	ck_assert_int_eq(o.log_level, LOG_LEVEL_DEBUG);
	ck_assert_int_eq(o.log_format, OPTIONS_FORMAT_JSON);
}
END_TEST

static const struct {
	const char *line, *message;
} faults[] = {
	{"--config", "--config needs a value; see --help"},
	{"--nonsense", "there is no option --nonsense; see --help"},
	{"--log-level loud", "--log-level does not take \"loud\"; see --help"},
	{"--log-format xml", "--log-format does not take \"xml\"; see --help"},
	{"stray", "\"stray\" is not understood; see --help"},
};

START_TEST(a_faulty_line_is_explained)
{
	struct options o;
	struct err e = {0};

	ck_assert_int_eq(parse(&o, faults[_i].line, &e), ERR_USAGE);
	ck_assert_str_eq(e.text, faults[_i].message);
}
END_TEST

START_TEST(help_names_every_option)
{
	static const char *const names[] = {
		"--config FILE",       "--check",   "--set-aside", "--log-level LEVEL",
		"--log-format FORMAT", "--metrics", "--version",   "--help"};
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	options_help(&text);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ck_assert_ptr_nonnull(strstr(buf_str(&text), names[i]));
	buf_finish(&text);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(what_is_not_said_is_usual),
	SUITE_TEST(what_is_said_counts),
	SUITE_LOOP(a_faulty_line_is_explained, faults),
	SUITE_TEST(help_names_every_option),
};

SUITE_MAIN("options", tests)
