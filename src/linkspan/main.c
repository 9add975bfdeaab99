/* linkspan: the command line. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/process.h"
#include "linkspan/command.h"
#include "linkspan/context.h"
#include "linkspan/session.h"

static void configure_log(const struct cli *cli)
{
	enum log_level level = LOG_LEVEL_WARNING;

	if (cli_has(cli, "quiet"))
		level = LOG_LEVEL_ERROR;
	for (size_t i = 0; i < cli->value_count; i++)
		if (strcmp(cli->values[i].option->name, "verbose") == 0 && level < LOG_LEVEL_DEBUG)
			level++;
	log_configure(level, LOG_FORMAT_TEXT, STDERR_FILENO);
}

static const struct command *find_command(const struct cli *cli)
{
	for (size_t i = 0; i < command_count; i++) {
		const struct command *c = &commands[i];
		if (strcmp(c->noun, cli->args[0]) == 0 &&
		    (!c->verb || (cli->arg_count > 1 && strcmp(c->verb, cli->args[1]) == 0)))
			return c;
	}
	return NULL;
}

int cmd_help(struct cli *cli, struct err *e)
{
	const char *noun = cli->arg_count > 0 ? cli->args[0] : NULL;
	const char *verb = cli->arg_count > 1 ? cli->args[1] : NULL;
	const struct command *found = noun ? find_command(cli) : NULL;
	struct buf text;

	buf_init(&text, BUF_MAX_TEXT);
	if (!noun || found)
		command_help(found, &text);
	else if (verb || !command_help_noun(noun, &text))
		return err_set(e, ERR_USAGE, "no command \"%s%s%s\"", noun, verb ? " " : "",
		               verb ? verb : "");
	if (cli->output == OUTPUT_TEXT)
		return print_and_finish(&text, e);
	buf_finish(&text);
	if (cli->output == OUTPUT_JSON)
		return print_json(command_json(), e);
	buf_init(&text, BUF_MAX_TEXT);
	command_manual(&text);
	return print_and_finish(&text, e);
}

/* In the context that holds for it. */
static int run_command(struct cli *cli, struct err *e)
{
	struct context_use use;

	if (cli->command->is_alone)
		return cli->command->run(cli, e);
	int rc = context_apply(&use, cli, e);
	if (rc == 0 && use.name)
		log_event(LOG_LEVEL_INFO, "working in a context", "context", use.name, NULL);
	if (rc == 0)
		rc = cli->command->run(cli, e);
	context_finish(&use);
	return rc;
}

static int run(struct cli *cli, struct err *e)
{
	struct buf text;

	if (cli_has(cli, "version")) {
		printf("linkspan %s\n", LINKSPAN_VERSION);
		return 0;
	}
	if (!cli->command || cli_has(cli, "help")) {
		buf_init(&text, BUF_MAX_TEXT);
		command_help(cli->command, &text);
		int rc = print_and_finish(&text, e);
		return rc < 0 || cli->command || cli_has(cli, "help")
		               ? rc
		               : err_set(e, ERR_USAGE, "which command?");
	}
	return run_command(cli, e);
}

int main(int argc, char **argv)
{
	struct err e = {0};
	struct cli cli;

	/* Secrets pass through this process. */
	process_forbid_core_files();
	signal(SIGPIPE, SIG_IGN);
	int rc = cli_parse(&cli, argc, argv, &e);
	configure_log(&cli);
	if (rc == 0)
		rc = run(&cli, &e);
	if (e.code)
		fprintf(stderr, "linkspan: %s\n", e.text);
	int status = rc < 0 ? err_exit_status(rc) : cli.exit_status;
	cli_finish(&cli);
	if (fflush(stdout) != 0 && status == 0)
		status = err_exit_status(ERR_IO);
	return status;
}
