/*
 * What the arguments of commands and options are, by the word that help has for them: which values
 * there are, and where completion finds them.
 */
#pragma once

#include <stdbool.h>

enum word_kind {
	WORD_FILE,
	WORD_AT_FILE, /* @FILE is one, anything else is text */
	WORD_CHOICE,  /* one of `words` */
	WORD_SEVERAL, /* some of `words`, with commas */
	WORD_LISTED,  /* what the command `words` prints with -o name */
	WORD_FORMAT,  /* an output format of the command */
	WORD_COMMAND, /* a noun, and then a verb */
};

struct word {
	const char *arg; /* "ENVIRONMENT" */
	enum word_kind kind;
	const char *words; /* with blanks between them */
};

/* NULL: anything.  The brackets and dots of "[FILE]" and "ID…" are not looked at. */
const struct word *word_of(const char *arg);

/* Whether `one` is among the words. */
bool word_has(const char *words, const char *one);
