/*
 * The command line: one table of commands, from which come parsing, help, the manual page's
 * command reference and, later, completion.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;

enum output {
	OUTPUT_TEXT,
	OUTPUT_JSON,
	OUTPUT_MAN,
	OUTPUT_TABLE,
	OUTPUT_WIDE,
	OUTPUT_NDJSON,
	OUTPUT_NAME,
};

/* Sets of them.  Every command takes text; the generated references come with -o man. */
#define OUTPUTS_PLAIN  (1u << OUTPUT_TEXT | 1u << OUTPUT_JSON | 1u << OUTPUT_MAN)
#define OUTPUTS_STREAM (1u << OUTPUT_TEXT | 1u << OUTPUT_JSON | 1u << OUTPUT_NDJSON)
#define OUTPUTS_LIST   (OUTPUTS_STREAM | 1u << OUTPUT_TABLE | 1u << OUTPUT_WIDE | 1u << OUTPUT_NAME)

/* One option: of a command, or of all. */
struct option_row {
	const char *name; /* "env" for --env; also the key for cli_option() */
	char letter;      /* 0: none */
	const char *arg;  /* what help calls its argument; NULL: it takes none */
	const char *help;
};

struct cli;

struct command {
	const char *noun; /* "plugin"; a command without verb has verb NULL */
	const char *verb;
	const char *args; /* "NAME", "[FILE|FOLDER]…" */
	unsigned args_least, args_most;
	const char *summary;
	const char *detail;               /* more, for its own help; NULL: none */
	const struct option_row *options; /* ends with a row without name */
	int (*run)(struct cli *cli, struct err *e);
	unsigned outputs; /* a set of enum output; 0: OUTPUTS_PLAIN */
};

struct cli_value {
	const struct option_row *option;
	const char *text; /* NULL: it takes none */
};

/* One invocation. */
struct cli {
	const struct command *command;
	struct cli_value *values;
	size_t value_count;
	char **args; /* positional, borrowed from main() */
	size_t arg_count;
	enum output output;
	int exit_status; /* used when run() returns 0 */
};

extern const struct command commands[];
extern const size_t command_count;

/* Parses the arguments of main().  0, or ERR_USAGE.  cli_finish() in any case. */
int cli_parse(struct cli *cli, int argc, char **argv, struct err *e);
void cli_finish(struct cli *cli);

bool cli_has(const struct cli *cli, const char *name);
/* The last value of an option; NULL: not given. */
const char *cli_option(const struct cli *cli, const char *name);
/* The n-th value of an option that may be repeated; NULL: there are no more. */
const char *cli_option_at(const struct cli *cli, const char *name, size_t n);
/* A whole number within bounds; ERR_USAGE says what is allowed.  Left alone when not given. */
int cli_number(const struct cli *cli, const char *name, long least, long most, long *ret,
               struct err *e);

/* ERR_USAGE when an option was given that only works with --standalone; names ends with NULL. */
int cli_needs_standalone(const struct cli *cli, const char *const *names, struct err *e);

/* Help: of one command, or of all (NULL). */
void command_help(const struct command *command, struct buf *b);
/* The command reference of the manual page, in scdoc syntax. */
void command_manual(struct buf *b);

int cmd_connection_pause(struct cli *cli, struct err *e);
int cmd_connection_resume(struct cli *cli, struct err *e);
int cmd_connection_status(struct cli *cli, struct err *e);
int cmd_delivery_cancel(struct cli *cli, struct err *e);
int cmd_delivery_get(struct cli *cli, struct err *e);
int cmd_delivery_list(struct cli *cli, struct err *e);
int cmd_delivery_replay(struct cli *cli, struct err *e);
int cmd_delivery_retry(struct cli *cli, struct err *e);
int cmd_delivery_tail(struct cli *cli, struct err *e);
int cmd_help(struct cli *cli, struct err *e);
int cmd_listen(struct cli *cli, struct err *e);
int cmd_pipe(struct cli *cli, struct err *e);
int cmd_plugin_lint(struct cli *cli, struct err *e);
int cmd_plugin_list(struct cli *cli, struct err *e);
int cmd_schema(struct cli *cli, struct err *e);
int cmd_send(struct cli *cli, struct err *e);
int cmd_status(struct cli *cli, struct err *e);
int cmd_validate(struct cli *cli, struct err *e);
