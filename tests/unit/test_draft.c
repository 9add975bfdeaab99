/* Definitions that are made on a command line: what each option does, and that their order counts. */
#include "linkspan/draft.h"

#include <string.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "folder.h"
#include "linkspan/command.h"
#include "suite.h"
#include "json/json.h"

enum { OPTIONS_MOST = 6 };

/* The options of one command line, as "NAME", "VALUE", …; NULL ends them. */
struct line {
	struct option_row rows[OPTIONS_MOST];
	struct cli_value values[OPTIONS_MOST];
	struct cli cli;
};

static const struct cli *line_of(struct line *l, const char *const *words)
{
	size_t count = 0;

	for (; words[0]; words += 2, count++) {
		l->rows[count] = (struct option_row){.name = words[0]};
		l->values[count] = (struct cli_value){&l->rows[count], words[1]};
	}
	l->cli = (struct cli){.values = l->values, .value_count = count};
	return &l->cli;
}

static const char base_text[] =
	"{\"name\":\"A\",\"settings\":{\"url\":\"u\",\"headers\":[{\"name\":\"X\",\"value\":\"1\"},"
	"{\"name\":\"Y\",\"value\":\"2\"},{\"name\":\"x\",\"value\":\"3\"}]},"
	"\"environments\":{\"T\":{\"url\":\"t\"}}}";

static const struct {
	const char *words[2 * OPTIONS_MOST + 1];
	const char *from, *to;
} rows[] = {
	{{"type", "webhook", "description", "d"},
         "{}",
         "{\"type\":\"webhook\",\"description\":\"d\"}"},
	{{"disabled", NULL}, "{}", "{\"enabled\":false}"},
	{{"enabled", NULL}, "{\"enabled\":false}", "{\"enabled\":true}"},
	{{"set", "a=b=c"}, "{}", "{\"settings\":{\"a\":\"b=c\"}}"},
	{{"set", "a.b=1", "set", "a.c=x"}, "{}", "{\"settings\":{\"a\":{\"b\":1,\"c\":\"x\"}}}"},
	{{"set", "a=1", "env", "T", "set", "a=2"},
         "{}",
         "{\"settings\":{\"a\":1},\"environments\":{\"T\":{\"a\":2}}}"},
	{{"env", "T", "set", "a=1", "env", "P"},
         "{}",
         "{\"environments\":{\"T\":{\"a\":1},\"P\":{}}}"},
	{{"env", "T"},
         "{\"environments\":{\"T\":{\"a\":1}}}",
         "{\"environments\":{\"T\":{\"a\":1}}}"},
	{{"unset", "a"}, "{\"settings\":{\"a\":1}}", "{\"settings\":{\"a\":null}}"},
	{{"env", "T", "unset", "a"},
         "{\"settings\":{\"a\":1}}",
         "{\"settings\":{\"a\":1},\"environments\":{\"T\":{\"a\":null}}}"},
	{{"header", "A:  b: c"},
         "{}",
         "{\"settings\":{\"headers\":[{\"name\":\"A\",\"value\":\"b: c\"}]}}"},
	{{"header", "A: 1", "header", "a: 2"},
         "{}",
         "{\"settings\":{\"headers\":[{\"name\":\"a\",\"value\":\"2\"}]}}"},
	{{"header", "X: 9"},
         base_text,
         "{\"name\":\"A\",\"settings\":{\"url\":\"u\",\"headers\":[{\"name\":\"X\",\"value\":\"9\"},"
         "{\"name\":\"Y\",\"value\":\"2\"}]},\"environments\":{\"T\":{\"url\":\"t\"}}}"},
	{{"unset-header", "x", "unset-header", "y"},
         base_text,
         "{\"name\":\"A\",\"settings\":{\"url\":\"u\",\"headers\":[]},"
         "\"environments\":{\"T\":{\"url\":\"t\"}}}"},
};

START_TEST(what_options_make)
{
	struct json *base = NULL, *draft = NULL;
	struct line line;
	struct buf b;

	buf_init(&b, BUF_MAX_LINE);
	ck_assert_int_eq(json_read(rows[_i].from, strlen(rows[_i].from), &base, NULL), 0);
	const struct cli *cli = line_of(&line, rows[_i].words);
	ck_assert(draft_is_given(cli));
	ck_assert_int_eq(draft_change(cli, base, NULL, &draft, NULL), 0);
	json_write(draft, 0, &b);
	ck_assert_str_eq(buf_str(&b), rows[_i].to);
	buf_finish(&b);
	json_free(draft);
	json_free(base);
}
END_TEST

static const struct {
	const char *words[3];
	const char *text;
} refused[] = {
	{{"set", "a"}, "--set \"a\": NAME=VALUE is needed"},
	{{"set", "=a"}, "--set \"=a\": NAME=VALUE is needed"},
	{{"header", "a=b"}, "--header \"a=b\": NAME:VALUE is needed"},
	{{"secret", "a"}, "--secret \"a\": NAME=VALUE is needed"},
	{{"env", ""}, "--env \"\" is no name of an environment"},
	{{"env", "a.b"}, "--env \"a.b\" is no name of an environment"},
};

START_TEST(what_is_no_option)
{
	struct json *draft = NULL;
	struct err e = {0};
	struct line line;

	ck_assert_int_eq(draft_change(line_of(&line, refused[_i].words), NULL, NULL, &draft, &e),
	                 ERR_USAGE);
	ck_assert_str_eq(e.text, refused[_i].text);
	ck_assert_ptr_null(draft);
}
END_TEST

START_TEST(other_options_are_none_of_a_draft)
{
	static const char *const words[] = {"project", "p", "dry-run", NULL, NULL};
	struct line line;

	ck_assert(!draft_is_given(line_of(&line, words)));
}
END_TEST

START_TEST(no_memory_at_any_place)
{
	char secret[300];
	bool done = false;
	struct line line;

	folder_create();
	folder_write("secret", "text\r\n");
	snprintf(secret, sizeof(secret), "headers.Authorization=%s", folder_path("secret"));
	const char *const words[] = {"secret", secret, "set", "list=[1]", NULL};
	for (unsigned n = 1; !done; n++) {
		struct json *draft = NULL;
		struct err e = {0};
		mem_fail_at(n);
		int rc = draft_change(line_of(&line, words), NULL, NULL, &draft, &e);
		done = mem_fail_pending();
		mem_fail_at(0);
		ck_assert_int_eq(rc, done ? 0 : ERR_NO_MEMORY);
		const struct json *headers = json_get(json_get(draft, "settings"), "headers");
		ck_assert(!done || strcmp(json_as_string(json_get(json_at(headers, 0), "value")),
		                          "text") == 0);
		json_free(draft);
	}
	folder_destroy();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(what_options_make, rows),
	SUITE_LOOP(what_is_no_option, refused),
	SUITE_TEST(other_options_are_none_of_a_draft),
	SUITE_TEST(no_memory_at_any_place),
};

SUITE_MAIN("draft", tests)
