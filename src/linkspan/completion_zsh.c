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
	"		(( ${+opt_args[$option]} )) && host+=($option ${(Q)opt_args[$option]})\n"
	"	done\n"
	"	names=(${(f)\"$($program $host $@ " COMPLETION_LIST_OPTIONS
	" 2>/dev/null </dev/null ||\n"
	"		$program $host $@ --standalone " COMPLETION_LIST_OPTIONS
	" 2>/dev/null </dev/null)\"})\n"
	"	compadd -a names\n"
	"}\n\n"
	"_linkspan() {\n"
	"	local curcontext=$curcontext state line word noun command skip program=${(Q)words[1]}\n"
	"	local -A opt_args\n"
	"	local -a global verbs nouns\n"
	"	# Which command it is: the first words that are neither options nor their values.\n"
	"	for word in $words[2,CURRENT-1]; do\n"
	"		if [[ -n $skip ]]; then skip=; continue; fi\n"
	"		case $word in\n";

static const char middle[] = "			skip=yes; continue ;;\n"
			     "		-*) continue ;;\n"
			     "		esac\n"
			     "		case \"$noun$word\" in\n";

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

static bool is_output(const struct option_row *row)
{
	const struct word *word = word_of(row->arg);

	return word && word->kind == WORD_FORMAT;
}

/* The words of the command count as arguments too, so that options may stand between them. */
static void add_command(struct buf *b, const struct command *c)
{
	char name[COMPLETION_NAME_BYTES];

	buf_printf(b, "	'%s') _arguments $global", completion_name(c, name));
	for (const struct option_row *row = global_options; row->name; row++)
		if (is_output(row))
			add_option(b, row, c->outputs);
	for (const struct option_row *row = c->options; row->name; row++)
		add_option(b, row, 0);
	buf_add_str(b, c->verb ? " '1:command: ' '2:verb: '" : " '1:command: '");
	if (c->args_most > 2)
		buf_add_str(b, " '*");
	else if (c->args_most > 0)
		buf_printf(b, " '%d", c->verb ? 3 : 2);
	if (c->args_most > 0) {
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

/* The case that finds the command. */
static void add_search(struct buf *b)
{
	char name[COMPLETION_NAME_BYTES];
	const char *separator = "		";

	for (const struct option_row *row = global_options; row->name; row++) {
		if (!row->arg)
			continue;
		buf_printf(b, "%s--%s", separator, row->name);
		separator = "|";
		if (row->letter)
			buf_printf(b, "|-%c", row->letter);
	}
	buf_add_str(b, ")\n");
	buf_add_str(b, middle);
	for (size_t i = 0; i < command_count; i++) {
		if (commands[i].verb && !completion_is_repeated(i))
			buf_printf(b, "		%s) noun='%s ' ;;\n", commands[i].noun,
			           commands[i].noun);
		completion_name(&commands[i], name);
		buf_printf(b, "		'%s') command='%s'; break ;;\n", name, name);
	}
	buf_add_str(b, "		*) break ;;\n		esac\n	done\n");
}

/* What to do while there is no whole command yet. */
static void add_beginnings(struct buf *b)
{
	buf_add_str(b, "	'')\n		_arguments -C $global");
	for (const struct option_row *row = global_options; row->name; row++)
		if (is_output(row))
			add_option(b, row, OUTPUTS_SHOW);
	buf_add_str(b, " '1:command:->command' '2:verb:->verb'\n		case $state in\n"
	               "		command)\n			nouns=(");
	for (size_t i = 0; i < command_count; i++)
		if (!completion_is_repeated(i))
			add_described(b, commands[i].noun,
			              commands[i].verb ? "…" : commands[i].summary);
	buf_add_str(b, " )\n			_describe command nouns ;;\n		verb)\n"
	               "			case $noun in\n");
	for (size_t i = 0; i < command_count; i++) {
		if (completion_is_repeated(i) || !commands[i].verb)
			continue;
		buf_printf(b, "			'%s ') verbs=(", commands[i].noun);
		for (size_t k = i; k < command_count; k++)
			if (strcmp(commands[k].noun, commands[i].noun) == 0)
				add_described(b, commands[k].verb, commands[k].summary);
		buf_add_str(b, " ) ;;\n");
	}
	buf_add_str(
		b,
		"			esac\n			_describe verb verbs ;;\n		esac ;;\n");
}

void completion_zsh(struct buf *b)
{
	buf_add_str(b, head);
	add_search(b);
	buf_add_str(b, "	global=(");
	for (const struct option_row *row = global_options; row->name; row++)
		if (!is_output(row))
			add_option(b, row, 0);
	buf_add_str(b, " )\n	case $command in\n");
	add_beginnings(b);
	for (size_t i = 0; i < command_count; i++)
		add_command(b, &commands[i]);
	buf_add_str(b, tail);
}
