/* Completion for fish.  (complete(1)) */
#include "base/banned.h"
#include "base/buf.h"
#include "linkspan/command.h"
#include "linkspan/completion.h"
#include "linkspan/word.h"

static const char head[] =
	"# Completion of linkspan for fish; made by: linkspan completion fish\n\n"
	"# COMMAND…: what it lists; without a daemon, what the files say.\n"
	"function __linkspan_list\n"
	"	set -l words (commandline -opc)\n"
	"	set -l host\n"
	"	for i in (seq 2 (count $words))\n"
	"		if contains -- $words[$i] " COMPLETION_HOST_OPTIONS "\n"
	"			set -a host $words[$i] $words[(math $i + 1)]\n"
	"		end\n"
	"	end\n"
	"	$words[1] $host $argv " COMPLETION_LIST_OPTIONS " 2>/dev/null </dev/null\n"
	"	or $words[1] $host $argv --standalone " COMPLETION_LIST_OPTIONS
	" 2>/dev/null </dev/null\n"
	"end\n\n"
	"# The words of the command and its arguments, a line each, without options and their values.\n"
	"function __linkspan_words\n"
	"	set -l skip no\n"
	"	for word in (commandline -opc)[2..-1]\n"
	"		if test $skip = yes\n"
	"			set skip no\n"
	"			continue\n"
	"		end\n"
	"		switch $word\n";

static const char middle[] =
	"				set skip yes\n"
	"			case '-*'\n"
	"			case '*'\n"
	"				printf '%s\\n' $word\n"
	"		end\n"
	"	end\n"
	"end\n\n"
	"# WORD…: whether the command begins so.\n"
	"function __linkspan_at\n"
	"	set -l words (__linkspan_words)\n"
	"	set -l most (count $argv)\n"
	"	test (count $words) -ge $most; and test \"$words[1..$most]\" = \"$argv\"\n"
	"end\n\n"
	"# MOST WORD…: whether it has fewer than MOST arguments.\n"
	"function __linkspan_argument\n"
	"	__linkspan_at $argv[2..-1]\n"
	"	and test (math (count (__linkspan_words)) - (count $argv) + 1) -lt $argv[1]\n"
	"end\n\n"
	"# NOUN: whether its verb is still to come.\n"
	"function __linkspan_verb\n"
	"	test \"$(__linkspan_words)\" = \"$argv\"\n"
	"end\n\n"
	"complete -c linkspan -f\n";

static void add_quoted(struct buf *b, const char *text)
{
	completion_quote(b, text, "\\'");
}

static void add_valued(struct buf *b, const struct option_row *rows)
{
	for (; rows->name; rows++) {
		if (!rows->arg)
			continue;
		buf_printf(b, " --%s", rows->name);
		if (rows->letter)
			buf_printf(b, " -%c", rows->letter);
	}
}

/* What may stand there. */
static void add_word(struct buf *b, const char *arg, unsigned outputs)
{
	const struct word *word = word_of(arg);

	if (!word)
		return;
	switch (word->kind) {
	case WORD_FILE:
	case WORD_AT_FILE:
		buf_add_str(b, " -F");
		break;
	case WORD_CHOICE:
	case WORD_SEVERAL:
		buf_printf(b, " -a '%s'", word->words);
		break;
	case WORD_LISTED:
		buf_printf(b, " -a '(__linkspan_list %s)'", word->words);
		break;
	case WORD_FORMAT:
		buf_add_str(b, " -a '");
		for (size_t i = 0, n = 0; i < OUTPUT_COUNT; i++)
			if (outputs & 1u << i)
				buf_printf(b, "%s%s", n++ ? " " : "", output_names[i]);
		buf_add_char(b, '\'');
		break;
	case WORD_COMMAND:
		buf_add_str(b, " -a '");
		for (size_t i = 0, n = 0; i < command_count; i++)
			if (!completion_is_repeated(i))
				buf_printf(b, "%s%s", n++ ? " " : "", commands[i].noun);
		buf_add_char(b, '\'');
		break;
	}
}

/* command NULL: of all. */
static void add_option(struct buf *b, const char *command, const struct option_row *row,
                       unsigned outputs)
{
	buf_add_str(b, "complete -c linkspan");
	if (command)
		buf_printf(b, " -n '__linkspan_at %s'", command);
	buf_printf(b, " -l %s", row->name);
	if (row->letter)
		buf_printf(b, " -s %c", row->letter);
	if (row->arg) {
		const struct word *word = word_of(row->arg);
		bool is_file = word && (word->kind == WORD_FILE || word->kind == WORD_AT_FILE);
		buf_add_str(b, is_file ? " -r" : " -x");
		add_word(b, row->arg, outputs);
	}
	buf_add_str(b, " -d ");
	add_quoted(b, row->help);
	buf_add_char(b, '\n');
}

static void add_command(struct buf *b, const struct command *c)
{
	char name[COMPLETION_NAME_BYTES];

	completion_name(c, name);
	if (c->verb) {
		buf_printf(b, "complete -c linkspan -n '__linkspan_verb %s' -a %s -d ", c->noun,
		           c->verb);
		add_quoted(b, c->summary);
		buf_add_char(b, '\n');
	}
	if (word_of(c->args)) {
		buf_printf(b, "complete -c linkspan -n '__linkspan_argument %u %s'", c->args_most,
		           name);
		add_word(b, c->args, 0);
		buf_add_char(b, '\n');
	}
	for (const struct option_row *row = c->options; row->name; row++)
		add_option(b, name, row, 0);
	for (const struct option_row *row = global_options; row->name; row++)
		if (strcmp(row->name, "output") == 0)
			add_option(b, name, row, c->outputs);
}

void completion_fish(struct buf *b)
{
	buf_add_str(b, head);
	buf_add_str(b, "			case");
	add_valued(b, global_options);
	for (size_t i = 0; i < command_count; i++)
		add_valued(b, commands[i].options);
	buf_add_char(b, '\n');
	buf_add_str(b, middle);
	for (size_t i = 0; i < command_count; i++) {
		if (completion_is_repeated(i))
			continue;
		buf_printf(b, "complete -c linkspan -n 'test -z \"$(__linkspan_words)\"' -a %s -d ",
		           commands[i].noun);
		add_quoted(b, commands[i].verb ? "…" : commands[i].summary);
		buf_add_char(b, '\n');
	}
	for (const struct option_row *row = global_options; row->name; row++)
		if (strcmp(row->name, "output") != 0)
			add_option(b, NULL, row, 0);
	for (size_t i = 0; i < command_count; i++)
		add_command(b, &commands[i]);
}
