/*
 * The command line: one table of commands, from which come parsing, help, the manual page's
 * synopsis and command reference, and the completion of shells.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;
struct json;

enum output {
	OUTPUT_TEXT, /* for people: a table, sentences, lines */
	OUTPUT_TABLE,
	OUTPUT_WIDE,
	OUTPUT_JSON,   /* one document, as the API has it */
	OUTPUT_NDJSON, /* a line of JSON for each item */
	OUTPUT_NAME,   /* a name or an id for each item */
	OUTPUT_MAN,    /* a reference for the manual pages, in scdoc syntax */
	OUTPUT_COUNT,
};

extern const char *const output_names[OUTPUT_COUNT];

/* Sets of them; every command takes text.  Whatever lists or shows something has all but man. */
#define OUTPUTS_TEXT (1u << OUTPUT_TEXT)
#define OUTPUTS_SHOW                                                                               \
	(OUTPUTS_TEXT | 1u << OUTPUT_TABLE | 1u << OUTPUT_WIDE | 1u << OUTPUT_JSON |               \
	 1u << OUTPUT_NDJSON | 1u << OUTPUT_NAME)
#define OUTPUTS_STREAM    (OUTPUTS_TEXT | 1u << OUTPUT_JSON | 1u << OUTPUT_NDJSON)
#define OUTPUTS_REFERENCE (OUTPUTS_TEXT | 1u << OUTPUT_JSON | 1u << OUTPUT_MAN)

/* One option: of a command, or of all. */
struct option_row {
	const char *name; /* "env" for --env; also the key for cli_option() */
	char letter;      /* 0: none */
	const char *arg;  /* what help calls its argument (linkspan/word.h); NULL: it takes none */
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
	unsigned outputs; /* a set of enum output */
	bool is_alone;    /* needs no host, and so no context */
};

struct cli_value {
	const struct option_row *option;
	const char *text; /* NULL: it takes none */
};

/* What holds when the command line says nothing: from the context (linkspan/context.h). */
struct cli_default {
	const char *name, *text;
};

/* One invocation. */
struct cli {
	const struct command *command;
	struct cli_value *values;
	size_t value_count;
	const struct cli_default *defaults; /* borrowed */
	size_t default_count;
	char **args; /* positional, borrowed from main() */
	size_t arg_count;
	enum output output;
	int exit_status; /* used when run() returns 0 */
};

/* Options that every command takes, before or after its name. */
extern const struct option_row global_options[];
extern const struct command commands[];
extern const size_t command_count;

/* Parses the arguments of main().  0, or ERR_USAGE.  cli_finish() in any case. */
int cli_parse(struct cli *cli, int argc, char **argv, struct err *e);
void cli_finish(struct cli *cli);

bool cli_has(const struct cli *cli, const char *name);
/* The last value of an option, or what the context says; NULL: neither.  An empty value takes away
 * what the context says. */
const char *cli_option(const struct cli *cli, const char *name);
/* The last value on the command line itself; NULL: not given. */
const char *cli_given(const struct cli *cli, const char *name);
/* The n-th value of an option that may be repeated; NULL: there are no more. */
const char *cli_option_at(const struct cli *cli, const char *name, size_t n);
/* A whole number within bounds; ERR_USAGE says what is allowed.  Left alone when not given. */
int cli_number(const struct cli *cli, const char *name, long least, long most, long *ret,
               struct err *e);

/* ERR_USAGE when an option was given that only works with --standalone; names ends with NULL. */
int cli_needs_standalone(const struct cli *cli, const char *const *names, struct err *e);

/* Help: of one command, or of all (NULL). */
void command_help(const struct command *command, struct buf *b);
/* The commands that begin with the noun; false when there are none. */
bool command_help_noun(const char *noun, struct buf *b);
/* The synopsis and the command reference of the manual page, in scdoc syntax. */
void command_manual(struct buf *b);
/* The table itself: {"items": [{"name", "noun", "verb", …}]}.  NULL: no memory. */
struct json *command_json(void);

int cmd_apply(struct cli *cli, struct err *e);
int cmd_audit_list(struct cli *cli, struct err *e);
int cmd_audit_verify(struct cli *cli, struct err *e);
int cmd_completion(struct cli *cli, struct err *e);
int cmd_connection_create(struct cli *cli, struct err *e);
int cmd_connection_delete(struct cli *cli, struct err *e);
int cmd_connection_deploy(struct cli *cli, struct err *e);
int cmd_connection_diff(struct cli *cli, struct err *e);
int cmd_connection_disable(struct cli *cli, struct err *e);
int cmd_connection_duplicate(struct cli *cli, struct err *e);
int cmd_connection_edit(struct cli *cli, struct err *e);
int cmd_connection_enable(struct cli *cli, struct err *e);
int cmd_connection_export(struct cli *cli, struct err *e);
int cmd_connection_get(struct cli *cli, struct err *e);
int cmd_connection_history(struct cli *cli, struct err *e);
int cmd_connection_list(struct cli *cli, struct err *e);
int cmd_connection_move(struct cli *cli, struct err *e);
int cmd_connection_pause(struct cli *cli, struct err *e);
int cmd_connection_rename(struct cli *cli, struct err *e);
int cmd_connection_resume(struct cli *cli, struct err *e);
int cmd_connection_rollback(struct cli *cli, struct err *e);
int cmd_connection_status(struct cli *cli, struct err *e);
int cmd_connection_test(struct cli *cli, struct err *e);
int cmd_connection_undeploy(struct cli *cli, struct err *e);
int cmd_connection_usage(struct cli *cli, struct err *e);
int cmd_connection_validate(struct cli *cli, struct err *e);
int cmd_context_delete(struct cli *cli, struct err *e);
int cmd_context_list(struct cli *cli, struct err *e);
int cmd_context_set(struct cli *cli, struct err *e);
int cmd_context_use(struct cli *cli, struct err *e);
int cmd_delivery_cancel(struct cli *cli, struct err *e);
int cmd_delivery_get(struct cli *cli, struct err *e);
int cmd_delivery_list(struct cli *cli, struct err *e);
int cmd_delivery_replay(struct cli *cli, struct err *e);
int cmd_delivery_retry(struct cli *cli, struct err *e);
int cmd_delivery_tail(struct cli *cli, struct err *e);
int cmd_doctor(struct cli *cli, struct err *e);
int cmd_env_get(struct cli *cli, struct err *e);
int cmd_env_list(struct cli *cli, struct err *e);
int cmd_help(struct cli *cli, struct err *e);
int cmd_import(struct cli *cli, struct err *e);
int cmd_listen(struct cli *cli, struct err *e);
int cmd_pipe(struct cli *cli, struct err *e);
int cmd_plugin_lint(struct cli *cli, struct err *e);
int cmd_plugin_list(struct cli *cli, struct err *e);
int cmd_schema(struct cli *cli, struct err *e);
int cmd_secret_check(struct cli *cli, struct err *e);
int cmd_secret_delete(struct cli *cli, struct err *e);
int cmd_secret_list(struct cli *cli, struct err *e);
int cmd_secret_set(struct cli *cli, struct err *e);
int cmd_send(struct cli *cli, struct err *e);
int cmd_status(struct cli *cli, struct err *e);
int cmd_token_create(struct cli *cli, struct err *e);
int cmd_token_list(struct cli *cli, struct err *e);
int cmd_token_revoke(struct cli *cli, struct err *e);
int cmd_validate(struct cli *cli, struct err *e);
