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

int cmd_help(struct cli *cli, struct err *e)
{
	const struct command *found = NULL;
	struct buf text;

	for (size_t i = 0; i < command_count && cli->arg_count > 0 && !found; i++) {
		const struct command *c = &commands[i];
		if (strcmp(c->noun, cli->args[0]) == 0 &&
		    (!c->verb || (cli->arg_count > 1 && strcmp(c->verb, cli->args[1]) == 0)))
			found = c;
	}
	if (cli->arg_count > 0 && !found)
		return err_set(e, ERR_USAGE, "no command \"%s%s%s\"", cli->args[0],
		               cli->arg_count > 1 ? " " : "",
		               cli->arg_count > 1 ? cli->args[1] : "");
	buf_init(&text, BUF_MAX_TEXT);
	if (cli->output == OUTPUT_MAN)
		command_manual(&text);
	else
		command_help(found, &text);
	return print_and_finish(&text, e);
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
	return cli->command->run(cli, e);
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
