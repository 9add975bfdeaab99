/*
 * Completion for bash.  It needs nothing of the package bash-completion, and is driven by COMP_WORDS
 * alone, which bash has cut at "=" too.
 */
#include "base/banned.h"
#include "base/buf.h"
#include "linkspan/command.h"
#include "linkspan/completion.h"
#include "linkspan/word.h"

static const char head[] = "# Completion of linkspan for bash; made by: linkspan completion bash\n"
			   "# shellcheck shell=bash\n\n";

static const char tail[] =
	"# Takes those lines that begin with the word.  PREFIX stands before each.\n"
	"_linkspan_add() {\n"
	"	local line\n"
	"	while IFS= read -r line; do\n"
	"		[[ -n $line && $line == \"$plain\"* ]] || continue\n"
	"		[[ -n $quote ]] || printf -v line %q \"$line\"\n"
	"		COMPREPLY+=(\"$1$line\")\n"
	"	done\n"
	"}\n\n"
	"_linkspan_files() { # PREFIX\n"
	"	local line\n"
	"	compopt -o filenames 2>/dev/null\n"
	"	while IFS= read -r line; do\n"
	"		COMPREPLY+=(\"$1$line\")\n"
	"	done < <(compgen -f -- \"$plain\")\n"
	"}\n\n"
	"# COMMAND…: what it lists; without a daemon, what the files say.\n"
	"_linkspan_list() {\n"
	"	\"$program\" \"${host[@]}\" \"$@\" " COMPLETION_LIST_OPTIONS
	" 2>/dev/null </dev/null ||\n"
	"		\"$program\" \"${host[@]}\" \"$@\" --standalone " COMPLETION_LIST_OPTIONS
	" 2>/dev/null </dev/null\n"
	"}\n\n"
	"# KIND WORD…: what the word at the cursor may become.\n"
	"_linkspan_complete() {\n"
	"	local kind=$1 prefix=$before\n"
	"	shift\n"
	"	case $kind in\n"
	"	list) _linkspan_add \"$prefix\" < <(_linkspan_list \"$@\") ;;\n"
	"	choice) _linkspan_add \"$prefix\" < <(printf '%s\\n' \"$@\") ;;\n"
	"	several)\n"
	"		[[ $plain == *,* ]] && prefix+=${plain%,*}, plain=${plain##*,}\n"
	"		_linkspan_add \"$prefix\" < <(printf '%s\\n' \"$@\") ;;\n"
	"	file) _linkspan_files \"$prefix\" ;;\n"
	"	at)\n"
	"		[[ $plain == @* ]] || return 0\n"
	"		plain=${plain#@}\n"
	"		_linkspan_files \"$prefix@\" ;;\n"
	"	command)\n"
	"		if ((count == 0)); then\n"
	"			_linkspan_add \"$prefix\" < <(_linkspan_nouns)\n"
	"		else\n"
	"			_linkspan_add \"$prefix\" < <(_linkspan_verbs \"$first\")\n"
	"		fi ;;\n"
	"	esac\n"
	"}\n\n"
	"# Without the quotes and backslashes of the command line.\n"
	"_linkspan_plain() {\n"
	"	plain=$1 quote=''\n"
	"	case $plain in\n"
	"	[\\'\\\"]*) quote=${plain:0:1} plain=${plain:1} plain=${plain%\"$quote\"} ;;\n"
	"	*) plain=${plain//\\\\/} ;;\n"
	"	esac\n"
	"}\n\n"
	"# One word before the cursor: an option, the value of one, a part of the command, an argument.\n"
	"_linkspan_step() {\n"
	"	_linkspan_plain \"$1\"\n"
	"	if [[ -n $option ]]; then\n"
	"		[[ $plain == = ]] && return 0\n"
	"		case $option in\n"
	"		" COMPLETION_HOST_PATTERN ") host+=(\"$option\" \"$plain\") ;;\n"
	"		esac\n"
	"		option=''\n"
	"		return 0\n"
	"	fi\n"
	"	case $plain in\n"
	"	-*) [[ $plain == *=* || -z $(_linkspan_value \"$command\" \"$plain\") ]] || option=$plain ;;\n"
	"	*)\n"
	"		if [[ -z $command ]]; then\n"
	"			command=$plain\n"
	"			[[ -n $(_linkspan_verbs \"$plain\") ]] && noun=$plain\n"
	"		elif [[ -n $noun && $command == \"$noun\" ]]; then\n"
	"			command=\"$noun $plain\"\n"
	"		else\n"
	"			((count++)) || first=$plain\n"
	"		fi ;;\n"
	"	esac\n"
	"	return 0\n"
	"}\n\n"
	"_linkspan() {\n"
	"	local i most kind words plain quote program option command noun first before\n"
	"	local -i count=0\n"
	"	local -a host=()\n"
	"	option='' command='' noun='' first='' before=''\n"
	"	COMPREPLY=()\n"
	"	program=${COMP_WORDS[0]/#\\~/$HOME}\n"
	"	for ((i = 1; i < COMP_CWORD; i++)); do\n"
	"		_linkspan_step \"${COMP_WORDS[i]}\"\n"
	"	done\n"
	"	_linkspan_plain \"${COMP_WORDS[COMP_CWORD]}\"\n"
	"	if [[ -n $option && $plain == = ]]; then\n"
	"		plain=''\n"
	"	elif [[ -z $option && $plain == --*=* ]]; then\n"
	"		option=${plain%%=*} before=${plain%%=*}= plain=${plain#*=}\n"
	"	fi\n"
	"	if [[ -n $option ]]; then\n"
	"		read -r kind words < <(_linkspan_value \"$command\" \"$option\")\n"
	"		# shellcheck disable=SC2086\n"
	"		_linkspan_complete \"$kind\" $words\n"
	"	elif [[ $plain == -* ]]; then\n"
	"		_linkspan_add '' < <(_linkspan_options \"$command\")\n"
	"	elif [[ -z $command ]]; then\n"
	"		_linkspan_add '' < <(_linkspan_nouns)\n"
	"	elif [[ -n $noun && $command == \"$noun\" ]]; then\n"
	"		_linkspan_add '' < <(_linkspan_verbs \"$noun\")\n"
	"	else\n"
	"		read -r most kind words < <(_linkspan_argument \"$command\")\n"
	"		# shellcheck disable=SC2086\n"
	"		((count < ${most:-0})) && _linkspan_complete \"$kind\" $words\n"
	"	fi\n"
	"	return 0\n"
	"}\n\n"
	"complete -F _linkspan linkspan\n";

/* "KIND WORD…", as _linkspan_complete() takes it. */
static void add_word(struct buf *b, const char *arg, unsigned outputs)
{
	static const char *const kinds[] = {
		[WORD_FILE] = "file",       [WORD_AT_FILE] = "at",  [WORD_CHOICE] = "choice",
		[WORD_SEVERAL] = "several", [WORD_LISTED] = "list", [WORD_FORMAT] = "choice",
		[WORD_COMMAND] = "command",
	};
	const struct word *word = word_of(arg);

	if (!word) {
		buf_add_str(b, "text");
		return;
	}
	buf_add_str(b, kinds[word->kind]);
	if (word->words)
		buf_printf(b, " %s", word->words);
	for (size_t i = 0; word->kind == WORD_FORMAT && i < OUTPUT_COUNT; i++)
		if (outputs & 1u << i)
			buf_printf(b, " %s", output_names[i]);
}

static void add_nouns(struct buf *b)
{
	buf_add_str(b, "_linkspan_nouns() {\n	printf '%s\\n'");
	for (size_t i = 0; i < command_count; i++)
		if (!completion_is_repeated(i))
			buf_printf(b, " %s", commands[i].noun);
	buf_add_str(b, "\n}\n\n_linkspan_verbs() { # NOUN\n	case $1 in\n");
	for (size_t i = 0; i < command_count; i++) {
		if (completion_is_repeated(i) || !commands[i].verb)
			continue;
		buf_printf(b, "	%s) printf '%%s\\n'", commands[i].noun);
		for (size_t k = i; k < command_count; k++)
			if (strcmp(commands[k].noun, commands[i].noun) == 0)
				buf_printf(b, " %s", commands[k].verb);
		buf_add_str(b, " ;;\n");
	}
	buf_add_str(b, "	esac\n}\n\n");
}

static void add_option_names(struct buf *b, const struct option_row *rows)
{
	for (; rows->name; rows++) {
		buf_printf(b, " --%s", rows->name);
		if (rows->letter)
			buf_printf(b, " -%c", rows->letter);
	}
}

static void add_options(struct buf *b)
{
	char name[COMPLETION_NAME_BYTES];

	buf_add_str(b, "_linkspan_options() { # COMMAND\n	case $1 in\n");
	for (size_t i = 0; i < command_count; i++) {
		if (!commands[i].options->name)
			continue;
		buf_printf(b, "	'%s') printf '%%s\\n'", completion_name(&commands[i], name));
		add_option_names(b, commands[i].options);
		buf_add_str(b, " ;;\n");
	}
	buf_add_str(b, "	esac\n	printf '%s\\n'");
	add_option_names(b, global_options);
	buf_add_str(b, "\n}\n\n");
}

/* A line of a case, for an option that takes a value. */
static void add_value(struct buf *b, const char *command, const struct option_row *row,
                      unsigned outputs)
{
	if (!row->arg)
		return;
	buf_printf(b, "	'%s --%s'", command, row->name);
	if (row->letter)
		buf_printf(b, " | '%s -%c'", command, row->letter);
	buf_add_str(b, ") echo '");
	add_word(b, row->arg, outputs);
	buf_add_str(b, "' && return ;;\n");
}

/* The formats differ with the command. */
static bool is_format(const struct option_row *row)
{
	const struct word *word = word_of(row->arg);

	return word && word->kind == WORD_FORMAT;
}

static void add_values(struct buf *b)
{
	char name[COMPLETION_NAME_BYTES];
	const struct option_row *row;

	buf_add_str(b, "# What the value of an option is; nothing for one that takes none.\n"
	               "_linkspan_value() { # COMMAND OPTION\n	case \"$1 $2\" in\n");
	for (size_t i = 0; i < command_count; i++) {
		completion_name(&commands[i], name);
		for (row = commands[i].options; row->name; row++)
			add_value(b, name, row, 0);
		for (row = global_options; row->name; row++)
			if (is_format(row))
				add_value(b, name, row, commands[i].outputs);
	}
	buf_add_str(b, "	esac\n	case \" $2\" in\n");
	for (row = global_options; row->name; row++)
		add_value(b, "", row, OUTPUTS_SHOW);
	buf_add_str(b, "	esac\n}\n\n");
}

static void add_arguments(struct buf *b)
{
	char name[COMPLETION_NAME_BYTES];

	buf_add_str(b, "# How many arguments there may be, and what they are.\n"
	               "_linkspan_argument() { # COMMAND\n	case $1 in\n");
	for (size_t i = 0; i < command_count; i++) {
		const struct command *c = &commands[i];
		if (!word_of(c->args))
			continue;
		buf_printf(b, "	'%s') echo '%u ", completion_name(c, name), c->args_most);
		add_word(b, c->args, 0);
		buf_add_str(b, "' ;;\n");
	}
	buf_add_str(b, "	esac\n}\n\n");
}

void completion_bash(struct buf *b)
{
	buf_add_str(b, head);
	add_nouns(b);
	add_options(b);
	add_values(b);
	add_arguments(b);
	buf_add_str(b, tail);
}
