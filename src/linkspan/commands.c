/* The table of commands. */
#include "base/banned.h"
#include "linkspan/command.h"

#define END_OF_OPTIONS                                                                             \
	{                                                                                          \
		NULL, 0, NULL, NULL                                                                \
	}

static const struct option_row no_options[] = {END_OF_OPTIONS};

static const struct option_row send_options[] = {
	{"env", 'e', "ENVIRONMENT",
         "the environment to send in; needed when the host serves several"},
	{"project", 'p', "PROJECT", "look the name up in this project first, then globally"},
	{"data", 'd', "TEXT|@FILE", "the body; @FILE reads a file, @- standard input"},
	{"content-type", 0, "TYPE", "the type of the body"},
	{"header", 'H', "NAME: VALUE", "one more header of this call; may be repeated"},
	{"uri", 0, "NAME=VALUE",
         "an argument of the URL template; repeat it for a list, NAME.KEY=VALUE for a map"},
	{"print-request", 0, NULL, "show the request, secrets masked, before sending it"},
	{"curl", 0, NULL, "print the request as a curl command, secrets masked, and send nothing"},
	{"dry-run", 0, NULL, "check everything and send nothing; with --print-request, show it"},
	END_OF_OPTIONS,
};

static const struct option_row listen_options[] = {
	{"address", 0, "ADDRESS", "the address to listen on (127.0.0.1)"},
	{"port", 0, "PORT", "the port to listen on (9000); 0 takes a free one"},
	{"respond", 0, "SCRIPT", "statuses to answer, in order: 503x2,200; the last one repeats"},
	{"delay", 0, "MS", "wait that many milliseconds before each answer"},
	{"body", 0, "TEXT", "the body of each answer"},
	{"header", 'H', "NAME: VALUE", "a header of each answer; may be repeated"},
	{"tls-certificate", 0, "FILE", "serve HTTPS with this certificate (PEM)"},
	{"tls-key", 0, "FILE", "and this key"},
	{"count", 0, "N", "stop after N requests; 0 (the default) goes on until interrupted"},
	END_OF_OPTIONS,
};

const struct command commands[] = {
	{"send", NULL, "NAME", 1, 1, "send one message through a connection",
         "Sends directly: it waits for the receiver's answer and prints it.  It exits with 0 when the "
         "message was delivered and 1 when it was not.",
         send_options, cmd_send},
	{"listen", NULL, "", 0, 0, "receive webhooks here and print them",
         "A local receiver for trying things out.  With -o json each request is one line of JSON.",
         listen_options, cmd_listen},
	{"validate", NULL, "[FILE|FOLDER]", 0, 1, "check definitions",
         "Checks one file, a folder, or (without argument) everything below the configuration.  Prints "
         "FILE:LINE for each fault and exits with 7 when there is one.",
         no_options, cmd_validate},
	{"schema", NULL, "TYPE", 1, 1, "print the JSON Schema of a connection type",
         "With -o man it prints the option reference of the manual page in scdoc syntax; there host, "
         "environment and connection name the definition files themselves.",
         no_options, cmd_schema},
	{"plugin", "list", "", 0, 0, "list the connector plugins and their types", NULL, no_options,
         cmd_plugin_list},
	{"plugin", "lint", "FILE.so", 1, 1, "check a connector plugin",
         "Loads the plugin as the host would and reports what is wrong with it.", no_options,
         cmd_plugin_lint},
	{"help", NULL, "[COMMAND [VERB]]", 0, 2, "explain a command", NULL, no_options, cmd_help},
};

const size_t command_count = sizeof(commands) / sizeof(commands[0]);
