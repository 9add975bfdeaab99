/* The table of commands. */
#include "base/banned.h"
#include "linkspan/command.h"

#define END_OF_OPTIONS                                                                             \
	{                                                                                          \
		NULL, 0, NULL, NULL                                                                \
	}

static const struct option_row no_options[] = {END_OF_OPTIONS};

/* Which connection, and where. */
#define WHERE_OPTIONS                                                                              \
	{"env", 'e', "ENVIRONMENT", "the environment; needed when the host serves several"},       \
	{                                                                                          \
		"project", 'p', "PROJECT", "look the name up in this project first, then globally" \
	}

/* Which deliveries. */
#define FILTER_OPTIONS                                                                             \
	{"state", 's', "STATE",                                                                    \
	 "ready, leased, done, dead, quarantined, cancelled; several with commas"},                \
		{"connection", 0, "NAME", "only those of this connection"},                        \
		{"env", 'e', "ENVIRONMENT", "only those in this environment"},                     \
		{"project", 'p', "PROJECT", "only those of this project's own connections"},       \
		{"since", 0, "TIME",                                                               \
	         "only those accepted since then: 2h, 3d, or a time of RFC 3339"},                 \
	{                                                                                          \
		"until", 0, "TIME", "only those accepted before then"                              \
	}

/* The message of a call. */
#define MESSAGE_OPTIONS                                                                            \
	{"content-type", 0, "MEDIA-TYPE", "the type of the body"},                                 \
		{"header", 'H', "NAME: VALUE", "one more header; may be repeated"},                \
		{"uri", 0, "NAME=VALUE",                                                           \
	         "an argument of the URL template; repeat it for a list, NAME.KEY=VALUE for a "    \
	         "map"},                                                                           \
	{                                                                                          \
		"ordering-key", 0, "KEY",                                                          \
			"deliver messages of one key one after the other (ordering = \"key\")"     \
	}

static const struct option_row send_options[] = {
	WHERE_OPTIONS,
	{"data", 'd', "TEXT|@FILE", "the body; @FILE reads a file, @- standard input"},
	MESSAGE_OPTIONS,
	{"durable", 0, NULL, "store the message, print its id, and let the daemon deliver it"},
	{"wait", 'w', NULL, "with --durable: wait until it was delivered or given up"},
	{"idempotency-key", 0, "KEY",
         "with --durable: the same key and message within 24 h give the first id again"},
	{"print-request", 0, NULL,
         "with --standalone: show the request, secrets masked, before sending it"},
	{"curl", 0, NULL,
         "with --standalone: print the request as a curl command, secrets masked, and send nothing"},
	{"dry-run", 0, NULL,
         "with --standalone: check everything and send nothing; with --print-request, show it"},
	END_OF_OPTIONS,
};

static const struct option_row pipe_options[] = {
	WHERE_OPTIONS,
	{"ack", 0, NULL, "answer each line on standard output: OK once it is stored, or why not"},
	{"raw", 0, NULL, "a line is any text, not JSON"},
	MESSAGE_OPTIONS,
	END_OF_OPTIONS,
};

static const struct option_row delivery_list_options[] = {
	FILTER_OPTIONS,
	{"query", 0, "TEXT", "only those whose id or reason begins with it"},
	{"limit", 'n', "N", "at most so many (50); 0 shows all"},
	{"oldest", 0, NULL, "the oldest first"},
	END_OF_OPTIONS,
};

static const struct option_row delivery_tail_options[] = {
	{"connection", 0, "NAME", "only events of this connection"},
	{"env", 'e', "ENVIRONMENT", "only events in this environment"},
	{"all", 0, NULL, "begin with the oldest event that is kept, not with the next one"},
	{"count", 0, "N", "stop after N events; 0 (the default) goes on until interrupted"},
	END_OF_OPTIONS,
};

static const struct option_row delivery_replay_options[] = {
	FILTER_OPTIONS,
	{"query", 0, "TEXT", "only those whose id or reason begins with it"},
	{"dry-run", 0, NULL, "only say how many there are"},
	END_OF_OPTIONS,
};

static const struct option_row connection_options[] = {WHERE_OPTIONS, END_OF_OPTIONS};

static const struct option_row connection_pause_options[] = {
	WHERE_OPTIONS,
	{"reason", 0, "TEXT", "why; shown with the connection's status"},
	END_OF_OPTIONS,
};

static const struct option_row status_options[] = {
	{"wait", 0, "TIME", "wait at most so long (5s, 500ms) until the daemon is ready"},
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

static const struct option_row connection_usage_options[] = {
	{"project", 'p', "PROJECT", "look the name up in this project first, then globally"},
	END_OF_OPTIONS,
};

static const struct option_row connection_list_options[] = {
	{"env", 'e', "ENVIRONMENT", "only those that can be sent through in this environment"},
	{"project", 'p', "PROJECT", "only those of this project, and global ones"},
	END_OF_OPTIONS,
};

static const struct option_row context_use_options[] = {
	{"none", 0, NULL, "from now on there is no current context"},
	END_OF_OPTIONS,
};

/* --config, --url, --token-file and --ca-file are options of every command. */
static const struct option_row context_set_options[] = {
	{"socket", 0, "SOCKET", "the daemon's local socket, where its files are not at hand"},
	{"project", 'p', "PROJECT", "what --project is when it is not given"},
	{"env", 'e', "ENVIRONMENT", "what --env is when it is not given"},
	{"use", 0, NULL, "make it the current context too"},
	END_OF_OPTIONS,
};

static const struct option_row token_create_options[] = {
	{"role", 0, "ROLE", "viewer, sender, operator, editor or admin"},
	{"project", 'p', "PROJECT", "only in this project; may be repeated"},
	{"connection", 0, "NAME",
         "with --role sender: only through this connection; may be repeated"},
	{"expires", 0, "TIME", "how long it is good (90d), or until when (RFC 3339); else a year"},
	{"dry-run", 0, NULL, "only say whether it could be made"},
	END_OF_OPTIONS,
};

static const struct option_row audit_list_options[] = {
	{"limit", 'n', "N", "at most so many (50); 0 shows all"},
	END_OF_OPTIONS,
};

static const struct option_row doctor_options[] = {
	{"queue-age", 0, "TIME", "warn when a message has waited longer (1h)"},
	{"expiry", 0, "TIME", "warn when a certificate ends within that time (30d)"},
	END_OF_OPTIONS,
};

/* Commands with the same noun stand together: help and completion show them so. */
const struct command commands[] = {
	{"send", NULL, "NAME", 1, 1, "send one message through a connection",
         "Sends directly: it waits for the receiver's answer and prints it.  It exits with 0 when the "
         "message was delivered and 1 when it was not.  With --durable the message is stored first and "
         "delivered by the daemon, with retries; the id is printed.",
         send_options, cmd_send, OUTPUTS_SHOW},
	{"pipe", NULL, "NAME", 1, 1, "send each line of standard input, durably",
         "Each line is one JSON value and one message.  Lines are sent in batches: whatever is at hand, "
         "never waiting for more.  When the daemon has no room or is restarted, pipe waits and goes "
         "on.  With --ack it works as rsyslog's omprog with confirmMessages=\"on\": it prints OK when "
         "it is ready, and then one answer for each line, in order.",
         pipe_options, cmd_pipe, OUTPUTS_TEXT},
	{"delivery", "list", "", 0, 0, "list stored messages, the newest first", NULL,
         delivery_list_options, cmd_delivery_list, OUTPUTS_SHOW},
	{"delivery", "get", "ID", 1, 1, "show a stored message and every attempt to deliver it",
         NULL, no_options, cmd_delivery_get, OUTPUTS_SHOW},
	{"delivery", "tail", "", 0, 0, "print events as they happen",
         "One line for each event, until interrupted.  With -o json or ndjson, one line of JSON.",
         delivery_tail_options, cmd_delivery_tail, OUTPUTS_STREAM},
	{"delivery", "retry", "ID…", 1, 1000, "try again now",
         "A message that waits becomes due now; one that has ended is replayed.", no_options,
         cmd_delivery_retry, OUTPUTS_SHOW},
	{"delivery", "cancel", "ID…", 1, 1000, "give up messages that wait", NULL, no_options,
         cmd_delivery_cancel, OUTPUTS_SHOW},
	{"delivery", "replay", "", 0, 0, "deliver ended messages anew",
         "Counts the messages that the filter selects, asks, and replays them: each keeps its id, its "
         "attempts begin anew.  Without --state those in dead and quarantined are taken.  It needs "
         "--yes where nobody can be asked.",
         delivery_replay_options, cmd_delivery_replay, OUTPUTS_SHOW},
	{"connection", "list", "", 0, 0, "list the connections and how they are",
         "What they are comes from the files of the host, as far as they are at hand; how they are from "
         "the daemon.  With --standalone the daemon is not asked.",
         connection_list_options, cmd_connection_list, OUTPUTS_SHOW},
	{"connection", "get", "NAME", 1, 1, "show a connection and how it is in each environment",
         "Secrets and the values of headers are never shown.", connection_usage_options,
         cmd_connection_get, OUTPUTS_SHOW},
	{"connection", "usage", "NAME", 1, 1, "show what uses a connection",
         "Connections that raise their alerts through it.", connection_usage_options,
         cmd_connection_usage, OUTPUTS_SHOW},
	{"connection", "status", "NAME", 1, 1, "say whether a connection sends, and if not, why",
         NULL, connection_options, cmd_connection_status, OUTPUTS_SHOW},
	{"connection", "pause", "NAME", 1, 1, "hold a connection's messages back",
         "Direct sends are refused; durable ones are stored and wait.  Without --env: in every "
         "environment.",
         connection_pause_options, cmd_connection_pause, OUTPUTS_SHOW},
	{"connection", "resume", "NAME", 1, 1, "let a paused connection go on", NULL,
         connection_options, cmd_connection_resume, OUTPUTS_SHOW},
	{"env", "list", "", 0, 0, "list the environments", NULL, no_options, cmd_env_list,
         OUTPUTS_SHOW},
	{"env", "get", "ENVIRONMENT", 1, 1, "show an environment and its variables", NULL,
         no_options, cmd_env_get, OUTPUTS_SHOW},
	{"status", NULL, "", 0, 0, "show the host and its links",
         "With --wait it returns when the daemon is ready, and exits with 6 when it is not in time.",
         status_options, cmd_status, OUTPUTS_SHOW},
	{"token", "create", "TOKEN", 1, 1, "make an API token, and print it this once",
         "The host keeps only its hash.  Over the local socket the first one is made, too.",
         token_create_options, cmd_token_create, OUTPUTS_SHOW},
	{"token", "list", "", 0, 0, "list the API tokens", NULL, no_options, cmd_token_list,
         OUTPUTS_SHOW},
	{"token", "revoke", "TOKEN…", 1, 100, "end API tokens at once",
         "A token is named by its name or its id.  The sessions that it began end with it.",
         no_options, cmd_token_revoke, OUTPUTS_TEXT},
	{"audit", "list", "", 0, 0, "list who did what, the newest first", NULL, audit_list_options,
         cmd_audit_list, OUTPUTS_SHOW},
	{"audit", "verify", "", 0, 0, "check that the audit trail is whole and unchanged",
         "It exits with 1 when it is not.  The number and the hash that it prints, kept elsewhere, "
         "prove later that everything up to there was there.",
         no_options, cmd_audit_verify, OUTPUTS_SHOW},
	{"doctor", NULL, "", 0, 0, "look for what is wrong, and say how to mend it",
         "Each line is ok, warn or fail.  It exits with 0 when nothing fails, else with 1.",
         doctor_options, cmd_doctor, OUTPUTS_SHOW},
	{"context", "list", "", 0, 0, "list the hosts that this user works with", NULL, no_options,
         cmd_context_list, OUTPUTS_SHOW, true},
	{"context", "use", "[CONTEXT]", 0, 1, "make a context the current one",
         "It holds for every command that does not say --config, --url or --context, unless "
         "LINKSPAN_CONTEXT or LINKSPAN_CONFIG is set.",
         context_use_options, cmd_context_use, OUTPUTS_SHOW, true},
	{"context", "set", "CONTEXT", 1, 1, "make a context, or change what it says",
         "One of --config, --socket and --url says where the host is; the one that is given last "
         "replaces the others.  An empty value takes an option away.",
         context_set_options, cmd_context_set, OUTPUTS_SHOW, true},
	{"context", "delete", "CONTEXT", 1, 1, "forget a context", NULL, no_options,
         cmd_context_delete, OUTPUTS_SHOW, true},
	{"listen", NULL, "", 0, 0, "receive webhooks here and print them",
         "A local receiver for trying things out.  With -o json or ndjson each request is one line of "
         "JSON.",
         listen_options, cmd_listen, OUTPUTS_STREAM, true},
	{"validate", NULL, "[FILE|FOLDER]", 0, 1, "check definitions",
         "Checks one file, a folder, or (without argument) everything below the configuration.  Prints "
         "FILE:LINE for each fault and exits with 7 when there is one.",
         no_options, cmd_validate, OUTPUTS_SHOW},
	{"schema", NULL, "TYPE", 1, 1, "print the JSON Schema of a connection type",
         "With -o man it prints the option reference of the manual page in scdoc syntax; there host, "
         "environment and connection name the definition files themselves.",
         no_options, cmd_schema, OUTPUTS_REFERENCE},
	{"plugin", "list", "", 0, 0, "list the connection types and the plugins they are in", NULL,
         no_options, cmd_plugin_list, OUTPUTS_SHOW},
	{"plugin", "lint", "FILE.so", 1, 1, "check a connector plugin",
         "Loads the plugin as the host would and reports what is wrong with it.", no_options,
         cmd_plugin_lint, OUTPUTS_SHOW, true},
	{"completion", NULL, "SHELL", 1, 1, "print the completion script of a shell",
         "For bash: source <(linkspan completion bash).", no_options, cmd_completion, OUTPUTS_TEXT,
         true},
	{"help", NULL, "[COMMAND [VERB]]", 0, 2, "explain a command",
         "With -o json it prints the table of all commands.", no_options, cmd_help,
         OUTPUTS_REFERENCE, true},
};

const size_t command_count = sizeof(commands) / sizeof(commands[0]);
