/*
 * A definition that is being made on a command line: what was there, with what the options change, in the
 * order in which they stand.  `--env E` says that what follows holds in that environment only.
 */
#pragma once

#include <stdbool.h>

struct cli;
struct err;
struct json;

/* Whether one of the options is there that draft_change() knows. */
bool draft_is_given(const struct cli *cli);

/*
 * A new document: base (NULL: nothing) with --type, --description, --enabled, --disabled, --set, --secret,
 * --unset, --header and --unset-header.  What --unset takes away is null in it: clear, where an absent
 * secret would be kept.  schema: of the settings; NULL: unknown.  ERR_USAGE; ERR_NOT_FOUND, ERR_IO: the
 * file of a secret; ERR_NO_MEMORY.
 */
int draft_change(const struct cli *cli, const struct json *base, const struct json *schema,
                 struct json **ret, struct err *e);

/* Says on standard error which values that were given on the command line are secrets, as the host's answer
 * shows: they were in the list of processes. */
void draft_warn(const struct cli *cli, const struct json *saved);
