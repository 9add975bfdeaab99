/* Parsing of the command line, from the table of commands. */
#include "linkspan/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "linkspan/word.h"
#include "schema/report.h"

const struct option_row global_options[] = {
	{"config", 'c', "FILE", "the host's linkspan.conf (" LINKSPAN_CONFIG ")"},
	{"context", 0, "CONTEXT", "the context to work in; see: linkspan context list"},
	{"url", 0, "URL",
         "the address of the API (https://linkspan.internal:8686), for other machines"},
	{"token-file", 0, "FILE",
         "the file that holds the API token (LINKSPAN_TOKEN_FILE); never the token itself"},
	{"ca-file", 0, "FILE",
         "the authorities that may vouch for --url, in PEM (LINKSPAN_CA_FILE); else the system's"},
	{"standalone", 0, NULL, "work without a daemon: open the configuration here"},
	{"output", 'o', "FORMAT",
         "text (the default), table, wide, json, ndjson or name, as far as the command has them"},
	{"no-headers", 0, NULL, "tables without their header line"},
	{"color", 0, "WHEN",
         "auto (the default: on a terminal, unless NO_COLOR is set), always, never"},
	{"timeout", 0, "SECONDS", "how long to wait for an answer of the daemon"},
	{"yes", 'y', NULL, "do not ask, do it"},
	{"no-input", 0, NULL, "never ask: fail where there would be a question"},
	{"quiet", 'q', NULL, "print nothing but errors"},
	{"verbose", 'v', NULL, "log more; twice: everything"},
	{"help", 'h', NULL, "explain the command"},
	{"version", 'V', NULL, "print the version"},
	{NULL, 0, NULL, NULL},
};

enum { OPTIONS_MOST = 40, WORDS_MOST = 256 };

/* The rows in force, in the form that getopt_long() reads. */
struct parser {
	const struct option_row *rows[OPTIONS_MOST];
	struct option options[OPTIONS_MOST + 1];
	char letters[2 * OPTIONS_MOST + 3];
	int count;
};

static void parser_add(struct parser *p, const struct option_row *rows)
{
	for (; rows->name && p->count < OPTIONS_MOST; rows++) {
		size_t length = strlen(p->letters);
		p->rows[p->count] = rows;
		p->options[p->count] = (struct option){
			.name = rows->name,
			.has_arg = rows->arg ? required_argument : no_argument,
			.val = 256 + p->count,
		};
		if (rows->letter)
			snprintf(p->letters + length, sizeof(p->letters) - length, "%c%s",
			         rows->letter, rows->arg ? ":" : "");
		p->count++;
	}
}

static const struct option_row *parser_row(const struct parser *p, int found)
{
	for (int i = 0; i < p->count; i++)
		if (found == 256 + i || (p->rows[i]->letter && found == p->rows[i]->letter))
			return p->rows[i];
	return NULL;
}

static int add_value(struct cli *cli, const struct option_row *row, struct err *e)
{
	struct cli_value *bigger =
		mem_resize(cli->values, cli->value_count + 1, sizeof(*cli->values));

	if (!bigger)
		return err_no_memory(e);
	cli->values = bigger;
	cli->values[cli->value_count++] =
		(struct cli_value){.option = row, .text = row->arg ? optarg : NULL};
	return 0;
}

static int bad_option(const struct parser *p, char **argv, int found, struct err *e)
{
	const char *names[OPTIONS_MOST];
	const char *word = argv[optind - 1];

	if (found == ':')
		return err_set(e, ERR_USAGE, "%s needs a value", word);
	for (int i = 0; i < p->count; i++)
		names[i] = p->rows[i]->name;
	const char *near = strncmp(word, "--", 2) == 0
	                           ? report_nearest(word + 2, names, (size_t)p->count)
	                           : NULL;
	if (near)
		return err_set(e, ERR_USAGE, "unknown option %s (did you mean --%s?)", word, near);
	return err_set(e, ERR_USAGE, "unknown option %s; see: linkspan help", word);
}

/* Reads options.  first: only those before the command. */
static int read_options(struct cli *cli, struct parser *p, int argc, char **argv, struct err *e)
{
	int found;

	opterr = 0;
	while ((found = getopt_long(argc, argv, p->letters, p->options, NULL)) != -1) {
		const struct option_row *row = parser_row(p, found);
		int rc = row ? add_value(cli, row, e) : bad_option(p, argv, found, e);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Values that can only be words of a list. */
static int check_choices(const struct cli *cli, struct err *e)
{
	for (size_t i = 0; i < cli->value_count; i++) {
		const struct cli_value *v = &cli->values[i];
		const struct word *word = v->text ? word_of(v->option->arg) : NULL;
		if (word && word->kind == WORD_CHOICE && !word_has(word->words, v->text))
			return err_set(e, ERR_USAGE, "--%s %s: allowed: %s", v->option->name,
			               v->text, word->words);
	}
	return 0;
}

static int unknown_command(const char *word, struct err *e)
{
	const char *names[WORDS_MOST];
	size_t count = 0;

	for (size_t i = 0; i < command_count && count < WORDS_MOST; i++)
		names[count++] = commands[i].noun;
	const char *near = report_nearest(word, names, count);
	if (near)
		return err_set(e, ERR_USAGE, "unknown command \"%s\" (did you mean \"%s\"?)", word,
		               near);
	return err_set(e, ERR_USAGE, "unknown command \"%s\"; see: linkspan help", word);
}

static int unknown_verb(const char *noun, const char *word, struct err *e)
{
	const char *verbs[WORDS_MOST];
	char list[512] = "";
	size_t count = 0;

	for (size_t i = 0; i < command_count && count < WORDS_MOST; i++) {
		size_t length = strlen(list);
		if (strcmp(commands[i].noun, noun) != 0)
			continue;
		snprintf(list + length, sizeof(list) - length, "%s%s", count ? ", " : "",
		         commands[i].verb);
		verbs[count++] = commands[i].verb;
	}
	if (!word || word[0] == '-')
		return err_set(e, ERR_USAGE, "%s needs a verb: %s", noun, list);
	const char *near = report_nearest(word, verbs, count);
	if (near)
		return err_set(e, ERR_USAGE, "%s has no verb \"%s\" (did you mean \"%s\"?)", noun,
		               word, near);
	return err_set(e, ERR_USAGE, "%s has no verb \"%s\"; it has: %s", noun, word, list);
}

/* The command that argv names; *ret_words is how many words it took. */
static int find_command(int argc, char **argv, const struct command **ret, int *ret_words,
                        struct err *e)
{
	bool noun_known = false;

	for (size_t i = 0; i < command_count; i++) {
		const struct command *c = &commands[i];
		if (strcmp(c->noun, argv[0]) != 0)
			continue;
		noun_known = true;
		if (!c->verb || (argc > 1 && strcmp(c->verb, argv[1]) == 0)) {
			*ret = c;
			*ret_words = c->verb ? 2 : 1;
			return 0;
		}
	}
	return noun_known ? unknown_verb(argv[0], argc > 1 ? argv[1] : NULL, e)
	                  : unknown_command(argv[0], e);
}

static int check_arguments(const struct cli *cli, struct err *e)
{
	const struct command *c = cli->command;

	if (cli_has(cli, "help") ||
	    (cli->arg_count >= c->args_least && cli->arg_count <= c->args_most))
		return 0;
	if (cli->arg_count < c->args_least)
		return err_set(e, ERR_USAGE, "%s%s%s needs %s", c->noun, c->verb ? " " : "",
		               c->verb ? c->verb : "", c->args);
	return err_set(e, ERR_USAGE, "unexpected argument \"%s\"", cli->args[c->args_most]);
}

const char *const output_names[OUTPUT_COUNT] = {
	[OUTPUT_TEXT] = "text", [OUTPUT_TABLE] = "table",   [OUTPUT_WIDE] = "wide",
	[OUTPUT_JSON] = "json", [OUTPUT_NDJSON] = "ndjson", [OUTPUT_NAME] = "name",
	[OUTPUT_MAN] = "man",
};

static int read_output(struct cli *cli, struct err *e)
{
	const char *text = cli_option(cli, "output");
	unsigned allowed = cli->command ? cli->command->outputs : OUTPUTS_SHOW;
	char list[64] = "";

	if (!text)
		return 0;
	for (size_t i = 0; i < OUTPUT_COUNT; i++) {
		size_t length = strlen(list);
		if (!(allowed & 1u << i))
			continue;
		if (strcmp(text, output_names[i]) == 0) {
			cli->output = (enum output)i;
			return 0;
		}
		snprintf(list + length, sizeof(list) - length, "%s%s", length ? ", " : "",
		         output_names[i]);
	}
	return err_set(e, ERR_USAGE, "unknown output format \"%s\"; allowed: %s", text, list);
}

int cli_parse(struct cli *cli, int argc, char **argv, struct err *e)
{
	struct parser before = {.letters = "+:"}, all = {.letters = ":"};
	int words = 0;

	*cli = (struct cli){0};
	parser_add(&before, global_options);
	optind = 0;
	int rc = read_options(cli, &before, argc, argv, e);
	if (rc < 0 || optind >= argc)
		return rc < 0 ? rc : read_output(cli, e);

	argc -= optind;
	argv += optind;
	rc = find_command(argc, argv, &cli->command, &words, e);
	if (rc < 0)
		return rc;
	parser_add(&all, global_options);
	parser_add(&all, cli->command->options);
	argc -= words - 1;
	argv += words - 1; /* argv[0] is the last word of the command */
	optind = 0;
	rc = read_options(cli, &all, argc, argv, e);
	if (rc < 0)
		return rc;
	cli->args = argv + optind;
	cli->arg_count = (size_t)(argc - optind);
	rc = check_arguments(cli, e);
	if (rc == 0)
		rc = check_choices(cli, e);
	return rc < 0 ? rc : read_output(cli, e);
}

void cli_finish(struct cli *cli)
{
	mem_free(cli->values);
	cli->values = NULL;
}

const char *cli_option_at(const struct cli *cli, const char *name, size_t n)
{
	for (size_t i = 0; i < cli->value_count; i++)
		if (strcmp(cli->values[i].option->name, name) == 0 && n-- == 0)
			return cli->values[i].text;
	return NULL;
}

const char *cli_given(const struct cli *cli, const char *name)
{
	const char *last = NULL;

	for (size_t i = 0; i < cli->value_count; i++)
		if (strcmp(cli->values[i].option->name, name) == 0)
			last = cli->values[i].text;
	return last;
}

const char *cli_option(const struct cli *cli, const char *name)
{
	const char *given = cli_given(cli, name);

	for (size_t i = 0; i < cli->default_count; i++)
		if (strcmp(cli->defaults[i].name, name) == 0)
			return !given ? cli->defaults[i].text : given[0] ? given : NULL;
	return given;
}

bool cli_has(const struct cli *cli, const char *name)
{
	for (size_t i = 0; i < cli->value_count; i++)
		if (strcmp(cli->values[i].option->name, name) == 0)
			return true;
	return false;
}

int cli_number(const struct cli *cli, const char *name, long least, long most, long *ret,
               struct err *e)
{
	const char *text = cli_option(cli, name);
	char *end;

	if (!text)
		return 0;
	errno = 0;
	long value = strtol(text, &end, 10);
	if (errno || end == text || *end || value < least || value > most)
		return err_set(e, ERR_USAGE, "--%s %s: a whole number from %ld to %ld is needed",
		               name, text, least, most);
	*ret = value;
	return 0;
}

int cli_needs_standalone(const struct cli *cli, const char *const *names, struct err *e)
{
	for (size_t i = 0; names[i]; i++)
		if (cli_has(cli, names[i]))
			return err_set(e, ERR_USAGE, "--%s works with --standalone only", names[i]);
	return 0;
}
