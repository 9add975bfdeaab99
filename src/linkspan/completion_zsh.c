/* Completion for zsh, on its function _arguments.  (zshcompsys(1)) */
#include "base/banned.h"
#include "base/buf.h"
#include "linkspan/command.h"
#include "linkspan/completion.h"
#include "linkspan/word.h"

static const char head[] =
	"#compdef linkspan\n"
	"# Completion of linkspan for zsh; made by: linkspan completion zsh\n\n"
	"# COMMAND…: what it lists; without a daemon, what the files say.\n"
	"_linkspan_list() {\n"
	"	local -a names host\n"
	"	local option\n"
	"	for option in " COMPLETION_HOST_OPTIONS "; do\n"
	"		(( ${+linkspan_given[$option]} )) && host+=($option ${(Q)linkspan_given[$option]})\n"
	"		(( ${+opt_args[$option]} )) && host+=($option ${(Q)opt_args[$option]})\n"
	"	done\n"
	"	names=(${(f)\"$($linkspan_program $host $@ " COMPLETION_LIST_OPTIONS
	" 2>/dev/null </dev/null ||\n"
	"		$linkspan_program $host $@ --standalone " COMPLETION_LIST_OPTIONS
	" 2>/dev/null </dev/null)\"})\n"
	"	compadd -a names\n"
	"}\n\n"
	"_linkspan() {\n"
	"	local curcontext=$curcontext state line linkspan_program=${(Q)words[1]}\n"
	"	local -A opt_args linkspan_given\n"
	"	local -a global\n";

static const char tail[] = "	esac\n}\n\n"
			   "if [[ $funcstack[1] == _linkspan ]]; then\n"
			   "	_linkspan \"$@\"\n"
			   "else\n"
			   "	compdef _linkspan linkspan\n"
			   "fi\n";

/* Text within a specification: its own delimiters are escaped. */
static void add_plain(struct buf *b, const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			buf_add_str(b, "'\\''");
		else if (strchr("[]:\\", *text))
			buf_printf(b, "\\%c", *text);
		else
			buf_add_char(b, *text);
	}
}

static void add_formats(struct buf *b, unsigned outputs)
{
	for (size_t i = 0, n = 0; i < OUTPUT_COUNT; i++)
		if (outputs & 1u << i)
			buf_printf(b, "%s%s", n++ ? " " : "", output_names[i]);
}

/* ":MESSAGE:ACTION" */
static void add_word(struct buf *b, const char *arg, unsigned outputs)
{
	const struct word *word = word_of(arg);

	buf_add_char(b, ':');
	add_plain(b, arg);
	buf_add_char(b, ':');
	if (!word) {
		buf_add_char(b, ' ');
		return;
	}
	switch (word->kind) {
	case WORD_FILE:
		buf_add_str(b, "_files");
		break;
	case WORD_AT_FILE:
		buf_add_str(b, "{ compset -P @ && _files }");
		break;
	case WORD_CHOICE:
		buf_printf(b, "(%s)", word->words);
		break;
	case WORD_SEVERAL:
		buf_printf(b, "_values -s , %s %s", arg, word->words);
		break;
	case WORD_LISTED:
		buf_printf(b, "{ _linkspan_list %s }", word->words);
		break;
	case WORD_FORMAT:
		buf_add_char(b, '(');
		add_formats(b, outputs);
		buf_add_char(b, ')');
		break;
	case WORD_COMMAND:
		buf_add_char(b, '(');
		for (size_t i = 0, n = 0; i < command_count; i++)
			if (!completion_is_repeated(i))
				buf_printf(b, "%s%s", n++ ? " " : "", commands[i].noun);
		buf_add_char(b, ')');
		break;
	}
}

static void add_option(struct buf *b, const struct option_row *row, unsigned outputs)
{
	const char *plus = row->arg ? "+" : "", *equals = row->arg ? "=" : "";

	if (row->letter)
		buf_printf(b, " '*'{-%c%s,--%s%s}'[", row->letter, plus, row->name, equals);
	else
		buf_printf(b, " '*--%s%s[", row->name, equals);
	add_plain(b, row->help);
	buf_add_char(b, ']');
	if (row->arg)
		add_word(b, row->arg, outputs);
	buf_add_char(b, '\'');
}

/* The output option differs with the command, so it is added to each. */
static void add_options(struct buf *b, const struct option_row *rows, bool is_format,
                        unsigned outputs)
{
	for (; rows->name; rows++)
		if ((strcmp(rows->name, "output") == 0) == is_format)
			add_option(b, rows, outputs);
}

static void add_arguments(struct buf *b, const struct command *c)
{
	buf_add_str(b, "_arguments $global");
	add_options(b, global_options, true, c->outputs);
	add_options(b, c->options, false, c->outputs);
	if (c->args_most > 0) {
		buf_printf(b, " '%s", c->args_most > 2 ? "*" : "1");
		add_word(b, c->args, 0);
		buf_add_char(b, '\'');
	}
	buf_add_str(b, " ;;\n");
}

/* "word:what it does" */
static void add_described(struct buf *b, const char *word, const char *what)
{
	buf_printf(b, " '%s:", word);
	add_plain(b, what);
	buf_add_char(b, '\'');
}

static void add_noun(struct buf *b, size_t first)
{
	const char *noun = commands[first].noun;

	buf_printf(b, "		%s)", noun);
	if (!commands[first].verb) {
		buf_add_char(b, ' ');
		add_arguments(b, &commands[first]);
		return;
	}
	buf_add_str(
		b,
		"\n			_arguments -C $global '1:verb:->verb' '*::argument:->rest'\n"
		"			case $state in\n			verb)\n"
		"				local -a verbs=(");
	for (size_t i = first; i < command_count; i++)
		if (strcmp(commands[i].noun, noun) == 0)
			add_described(b, commands[i].verb, commands[i].summary);
	buf_add_str(
		b,
		" )\n				_describe verb verbs ;;\n			rest)\n"
		"				case $words[1] in\n");
	for (size_t i = first; i < command_count; i++) {
		if (strcmp(commands[i].noun, noun) != 0)
			continue;
		buf_printf(b, "				%s) ", commands[i].verb);
		add_arguments(b, &commands[i]);
	}
	buf_add_str(b, "				esac ;;\n			esac ;;\n");
}

void completion_zsh(struct buf *b)
{
	buf_add_str(b, head);
	buf_add_str(b, "	global=(");
	add_options(b, global_options, false, 0);
	buf_add_str(b, " )\n	_arguments -C $global '1:command:->command' '*::argument:->rest'\n"
	               "	linkspan_given=(\"${(@kv)opt_args}\")\n"
	               "	case $state in\n	command)\n		local -a nouns=(");
	for (size_t i = 0; i < command_count; i++)
		if (!completion_is_repeated(i))
			add_described(b, commands[i].noun,
			              commands[i].verb ? "…" : commands[i].summary);
	buf_add_str(
		b,
		" )\n		_describe command nouns ;;\n	rest)\n		case $words[1] in\n");
	for (size_t i = 0; i < command_count; i++)
		if (!completion_is_repeated(i))
			add_noun(b, i);
	buf_add_str(b, "		esac ;;\n");
	buf_add_str(b, tail);
}
