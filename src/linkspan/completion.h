/*
 * Completion of shells, made from the table of commands and the words of linkspan/word.h.
 *
 * The scripts hold everything that is constant; names and ids come from calling linkspan itself, with
 * the options that say which host is meant, quietly and for two seconds at most.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct command;

enum { COMPLETION_NAME_BYTES = 64 };

void completion_bash(struct buf *b);
void completion_zsh(struct buf *b);
void completion_fish(struct buf *b);

/* "delivery list", "send". */
const char *completion_name(const struct command *c, char *text);
/* Whether a command before this one has its noun already. */
bool completion_is_repeated(size_t command);
/* 'text' for a shell; a quote in it becomes `escape`. */
void completion_quote(struct buf *b, const char *text, const char *escape);
/* How to call linkspan for a list: whatever is asked, nobody waits long. */
#define COMPLETION_LIST_OPTIONS "-o name --no-input --timeout 2"
/* The options that say which host is meant. */
#define COMPLETION_HOST_OPTIONS "--config -c --context --url --token-file --ca-file"
#define COMPLETION_HOST_PATTERN "--config | -c | --context | --url | --token-file | --ca-file"
