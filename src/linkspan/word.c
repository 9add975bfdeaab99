/* The table of argument words. */
#include "linkspan/word.h"

#include <stddef.h>

#include "base/banned.h"

static const struct word table[] = {
	{"CONTEXT", WORD_LISTED, "context list"},
	{"CONFLICT", WORD_CHOICE, "fail rename overwrite"},
	{"ENVIRONMENT", WORD_LISTED, "env list"},
	{"FILE", WORD_FILE, NULL},
	{"FILE|FOLDER", WORD_FILE, NULL},
	{"FILE.so", WORD_FILE, NULL},
	{"FILE.zip", WORD_FILE, NULL},
	{"FORMAT", WORD_FORMAT, NULL},
	{"ID", WORD_LISTED, "delivery list"},
	{"NAME", WORD_LISTED, "connection list"},
	{"NAME NEW-NAME", WORD_LISTED, "connection list"},
	{"REFERENCE", WORD_LISTED, "secret list"},
	{"ROLE", WORD_CHOICE, "viewer sender operator editor admin"},
	{"SECRET", WORD_LISTED, "secret list"},
	{"SHELL", WORD_CHOICE, "bash zsh fish"},
	{"SOCKET", WORD_FILE, NULL},
	{"STATE", WORD_SEVERAL, "ready leased done dead quarantined cancelled"},
	{"TEXT|@FILE", WORD_AT_FILE, NULL},
	{"TOKEN", WORD_LISTED, "token list"},
	{"TYPE", WORD_LISTED, "plugin list"},
	{"WHEN", WORD_CHOICE, "auto always never"},
	{"COMMAND [VERB]", WORD_COMMAND, NULL},
};

const struct word *word_of(const char *arg)
{
	static const char dots[] = "…";

	if (!arg)
		return NULL;
	size_t bytes = strlen(arg);
	if (bytes >= sizeof(dots) - 1 && strcmp(arg + bytes - (sizeof(dots) - 1), dots) == 0)
		bytes -= sizeof(dots) - 1;
	if (bytes > 1 && arg[0] == '[' && arg[bytes - 1] == ']') {
		arg++;
		bytes -= 2;
	}
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strlen(table[i].arg) == bytes && strncmp(table[i].arg, arg, bytes) == 0)
			return &table[i];
	return NULL;
}

bool word_has(const char *words, const char *one)
{
	size_t length = strlen(one);

	if (length == 0 || strchr(one, ' '))
		return false;
	for (const char *at = words; (at = strstr(at, one)); at += length)
		if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
			return true;
	return false;
}
