/* The table of commands. */
#include "base/banned.h"
#include "linkspan/command.h"

#define END_OF_OPTIONS                                                                             \
	{                                                                                          \
		NULL, 0, NULL, NULL                                                                \
	}

static const struct option_row no_options[] = {END_OF_OPTIONS};

/* Which connection, and where. */
#define PROJECT_OPTION                                                                             \
	{                                                                                          \
		"project", 'p', "PROJECT", "look the name up in this project first, then globally" \
	}
#define WHERE_OPTIONS                                                                              \
	{"env", 'e', "ENVIRONMENT", "the environment; needed when the host serves several"},       \
		PROJECT_OPTION

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

static const struct option_row connection_usage_options[] = {PROJECT_OPTION, END_OF_OPTIONS};

static const struct option_row connection_list_options[] = {
	{"env", 'e', "ENVIRONMENT", "only those that can be sent through in this environment"},
	{"project", 'p', "PROJECT", "only those of this project, and global ones"},
	END_OF_OPTIONS,
};

static const struct option_row connection_get_options[] = {
	PROJECT_OPTION,
	{"definition", 0, NULL, "print the definition as its file would hold it"},
	END_OF_OPTIONS,
};

#define DRY_RUN_OPTION                                                                             \
	{                                                                                          \
		"dry-run", 0, NULL, "check everything, and change nothing"                         \
	}

/* What a definition is to say.  The order counts: what follows --env holds there alone. */
#define DRAFT_OPTIONS                                                                              \
	{"set", 0, "PATH=VALUE",                                                                   \
	 "a setting, such as url=https://… or tls.ca_file=ca.pem; lists with commas; may be "    \
	 "repeated"},                                                                              \
		{"header", 'H', "NAME: VALUE",                                                     \
	         "a header of every request; replaces one of that name; may be repeated"},         \
		{"secret", 0, "PATH=FILE",                                                         \
	         "a setting whose value is in a file (- is standard input); headers.NAME is a "    \
	         "header; the host seals it"},                                                     \
		{"env", 'e', "ENVIRONMENT",                                                        \
	         "the --set, --header and --secret behind it hold in this environment only; may "  \
	         "be repeated"},                                                                   \
	{                                                                                          \
		"description", 0, "TEXT", "what it is for"                                         \
	}

static const struct option_row connection_create_options[] = {
	{"type", 0, "TYPE", "the connection type: webhook"},
	DRAFT_OPTIONS,
	{"disabled", 0, NULL, "make it, but let it send nothing yet"},
	{"file", 'f', "FILE",
         "take a definition from a file, in libconfig or JSON; - is standard input"},
	{"project", 'p', "PROJECT", "in this project; else globally"},
	{"check-name", 0, NULL, "only ask whether the name is free; exits with 5 when it is not"},
	DRY_RUN_OPTION,
	END_OF_OPTIONS,
};

static const struct option_row connection_edit_options[] = {
	DRAFT_OPTIONS,
	{"unset", 0, "PATH", "take a setting away; may be repeated"},
	{"unset-header", 0, "HEADER", "take a header away; may be repeated"},
	{"file", 'f', "FILE",
         "put the definition of a file, in libconfig or JSON, in its place; - is standard input"},
	{"discard-comments", 0, NULL, "save it although comments in its file are lost"},
	PROJECT_OPTION,
	DRY_RUN_OPTION,
	END_OF_OPTIONS,
};

static const struct option_row connection_validate_options[] = {
	{"file", 'f', "FILE", "check the definitions of a file or folder; - is standard input"},
	PROJECT_OPTION,
	END_OF_OPTIONS,
};

static const struct option_row connection_rename_options[] = {
	PROJECT_OPTION,
	DRY_RUN_OPTION,
	END_OF_OPTIONS,
};

static const struct option_row connection_duplicate_options[] = {
	{"to", 0, "PROJECT", "make the new one in this project (global is none); else beside it"},
	PROJECT_OPTION,
	DRY_RUN_OPTION,
	END_OF_OPTIONS,
};

static const struct option_row connection_move_options[] = {
	{"to", 0, "PROJECT", "where it is to be; global: in no project"},
	PROJECT_OPTION,
	DRY_RUN_OPTION,
	END_OF_OPTIONS,
};

#define CONFIRM_OPTION                                                                             \
	{                                                                                          \
		"confirm", 0, "ENVIRONMENT", "the name of a protected environment once more"       \
	}

static const struct option_row connection_toggle_options[] = {
	{"env", 'e', "ENVIRONMENT", "only what is deployed there; else the connection as a whole"},
	CONFIRM_OPTION,
	PROJECT_OPTION,
	DRY_RUN_OPTION,
	END_OF_OPTIONS,
};

static const struct option_row connection_delete_options[] = {
	{"force", 0, NULL, "delete it although it is used"},
	PROJECT_OPTION,
	DRY_RUN_OPTION,
	END_OF_OPTIONS,
};

static const struct option_row connection_diff_options[] = {WHERE_OPTIONS, END_OF_OPTIONS};

static const struct option_row connection_deploy_options[] = {
	WHERE_OPTIONS,
	CONFIRM_OPTION,
	{"note", 0, "TEXT", "why; kept in the history"},
	{"confirm-secrets", 0, NULL, "let secrets go to origins that they never went to"},
	DRY_RUN_OPTION,
	END_OF_OPTIONS,
};

static const struct option_row connection_undeploy_options[] = {
	WHERE_OPTIONS,
	CONFIRM_OPTION,
	DRY_RUN_OPTION,
	END_OF_OPTIONS,
};

static const struct option_row connection_rollback_options[] = {
	WHERE_OPTIONS,
	{"to", 0, "NUMBER", "the deployment to go back to; else the one before the present one"},
	CONFIRM_OPTION,
	{"note", 0, "TEXT", "why; kept in the history"},
	{"confirm-secrets", 0, NULL, "let secrets go to origins that they never went to"},
	DRY_RUN_OPTION,
	END_OF_OPTIONS,
};

static const struct option_row connection_test_options[] = {
	WHERE_OPTIONS,
	{"file", 'f', "FILE", "test what is in this file, not what is saved"},
	{"confirm-secrets", 0, NULL, "let secrets go to origins that they never went to"},
	END_OF_OPTIONS,
};

static const struct option_row connection_history_options[] = {
	{"env", 'e', "ENVIRONMENT", "only in this environment"},
	PROJECT_OPTION,
	{"limit", 'n', "N", "at most so many (50); 0 shows all"},
	END_OF_OPTIONS,
};

static const struct option_row connection_export_options[] = {
	PROJECT_OPTION,
	{"file", 'f', "FILE",
         "write this file; - is standard output.  Else one in the folder here, named "
         "by the date and the connection"},
	{"force", 0, NULL, "write over a file that is there"},
	{"passphrase-file", 0, "FILE",
         "seal the bundle under the passphrase in this file; - is standard input.  Private keys need it"},
	{"no-dependencies", 0, NULL, "leave out the files that they need"},
	END_OF_OPTIONS,
};

static const struct option_row import_options[] = {
	{"plan", 0, NULL,
         "only show what would be done; it exits with 5 when something is in the way"},
	{"on-conflict", 0, "CONFLICT",
         "when a name is taken: fail (the default), rename or overwrite"},
	{"project", 'p', "PROJECT", "where all of it goes; else as in the bundle"},
	{"no-dependencies", 0, NULL, "leave the bundle's files out"},
	{"skip-environments", 0, NULL, "leave out environments that this host does not have"},
	{"passphrase-file", 0, "FILE", "the passphrase of a sealed bundle; - is standard input"},
	END_OF_OPTIONS,
};

static const struct option_row apply_options[] = {
	{"file", 'f', "FILE|FOLDER",
         "definitions in libconfig or JSON, a folder of them, or one with connections/ and "
         "projects/P/connections/; - is standard input; may be repeated"},
	{"prune", 0, NULL,
         "delete what none of the files has, in the projects that they are about"},
	{"deploy", 0, NULL, "deploy what differs from what runs"},
	{"env", 'e', "ENVIRONMENT",
         "deploy in this environment only; may be repeated; else in each that is served and not "
         "protected"},
	{"confirm", 0, "ENVIRONMENT",
         "the name of a protected environment that --env names; may be repeated"},
	{"note", 0, "TEXT", "why; kept in the history"},
	{"confirm-secrets", 0, NULL, "let secrets go to origins that they never went to"},
	{"discard-comments", 0, NULL, "save it although comments in files of the host are lost"},
	{"project", 'p', "PROJECT",
         "where definitions go whose place does not say it; else globally"},
	{"dry-run", 0, NULL, "only show what would be done"},
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

static const struct option_row secret_set_options[] = {
	{"file", 'f', "FILE", "read it from there, in place of standard input"},
	{"dry-run", 0, NULL, "only say whether it could be set"},
	END_OF_OPTIONS,
};

static const struct option_row secret_delete_options[] = {
	{"dry-run", 0, NULL, "only say whether they could be deleted"},
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
         "With --standalone the daemon is not asked: then they are what the files of the host say.",
         connection_list_options, cmd_connection_list, OUTPUTS_SHOW},
	{"connection", "get", "NAME", 1, 1, "show a connection and how it is in each environment",
         "Secrets are never shown.  What --definition prints can be changed and given back to "
         "connection edit -f: what is not shown stays as it is.",
         connection_get_options, cmd_connection_get, OUTPUTS_SHOW},
	{"connection", "usage", "NAME", 1, 1, "show what uses a connection",
         "Connections that raise their alerts through it.", connection_usage_options,
         cmd_connection_usage, OUTPUTS_SHOW},
	{"connection", "create", "[NAME]", 0, 1, "make a connection",
         "It is saved, and not deployed, unless an environment deploys by itself.  Without --env "
         "it is made for each environment that the host serves.  Secrets come from files: on a "
         "command line other users can read them.",
         connection_create_options, cmd_connection_create, OUTPUTS_SHOW},
	{"connection", "edit", "NAME", 1, 1, "change a connection",
         "With options it makes these changes.  Without, it opens the definition in VISUAL, EDITOR or "
         "vi; faults are shown in the text, which is opened again.  A text that cannot be saved stays "
         "in a file.  What somebody else has changed meanwhile is never overwritten.  It exits with "
         "5 then.",
         connection_edit_options, cmd_connection_edit, OUTPUTS_SHOW},
	{"connection", "rename", "NAME NEW-NAME", 2, 2, "give a connection another name",
         "Its queue follows.", connection_rename_options, cmd_connection_rename, OUTPUTS_SHOW},
	{"connection", "duplicate", "NAME NEW-NAME", 2, 2, "make a connection like another one",
         NULL, connection_duplicate_options, cmd_connection_duplicate, OUTPUTS_SHOW},
	{"connection", "move", "NAME", 1, 1, "move a connection to a project, or make it global",
         "Its queue follows.", connection_move_options, cmd_connection_move, OUTPUTS_SHOW},
	{"connection", "enable", "NAME", 1, 1, "let a connection send",
         "It acts at once, without a deployment.", connection_toggle_options, cmd_connection_enable,
         OUTPUTS_SHOW},
	{"connection", "disable", "NAME", 1, 1, "let a connection send nothing",
         "It acts at once, without a deployment.  Direct sends are refused; durable ones are "
         "stored and wait.",
         connection_toggle_options, cmd_connection_disable, OUTPUTS_SHOW},
	{"connection", "delete", "NAME", 1, 1, "delete a connection",
         "Shows what uses it, and refuses then without --force; else it asks.  It is undeployed, "
         "and what waits is cancelled.  Disabling is gentler.",
         connection_delete_options, cmd_connection_delete, OUTPUTS_TEXT},
	{"connection", "validate", "[NAME]", 0, 1,
         "ask whether a connection could be saved as it is",
         "Of a saved one, or of those in a file.  Prints each fault, and exits with 7 when there "
         "is one.",
         connection_validate_options, cmd_connection_validate, OUTPUTS_SHOW},
	{"connection", "diff", "NAME", 1, 1, "show what a deployment would change",
         "It exits with 0 when what runs is what is saved, and with 1 when it is not.",
         connection_diff_options, cmd_connection_diff, OUTPUTS_SHOW},
	{"connection", "deploy", "NAME…", 1, 1000, "let what is saved run in an environment",
         "A protected environment wants its name: by --confirm, or typed on a terminal.",
         connection_deploy_options, cmd_connection_deploy, OUTPUTS_SHOW},
	{"connection", "undeploy", "NAME…", 1, 1000, "end what runs in an environment",
         "The definition stays, and what waits is kept.", connection_undeploy_options,
         cmd_connection_undeploy, OUTPUTS_SHOW},
	{"connection", "test", "NAME", 1, 1,
         "try a connection, saved or not, and say what is wrong",
         "Each phase with its time, the receiver's certificates, and when it failed what shows why and "
         "what is likely to mend it.  What it sends is said by the setting `test`.  It exits with 1 when "
         "the test failed.  With --standalone this process tests, without a daemon.",
         connection_test_options, cmd_connection_test, OUTPUTS_SHOW},
	{"connection", "history", "NAME", 1, 1, "list what was deployed, the newest first", NULL,
         connection_history_options, cmd_connection_history, OUTPUTS_SHOW},
	{"connection", "rollback", "NAME", 1, 1, "let an earlier deployment run again",
         "What is saved does not change.", connection_rollback_options, cmd_connection_rollback,
         OUTPUTS_SHOW},
	{"connection", "status", "NAME", 1, 1, "say whether a connection sends, and if not, why",
         "For each environment: how it is, and everything that keeps a message from going out, with "
         "what mends it.",
         connection_options, cmd_connection_status, OUTPUTS_SHOW},
	{"connection", "pause", "NAME", 1, 1, "hold a connection's messages back",
         "Direct sends are refused; durable ones are stored and wait.  Without --env: in every "
         "environment.",
         connection_pause_options, cmd_connection_pause, OUTPUTS_SHOW},
	{"connection", "resume", "NAME", 1, 1, "let a paused connection go on", NULL,
         connection_options, cmd_connection_resume, OUTPUTS_SHOW},
	{"connection", "export", "NAME…", 1, 1000, "write connections into a bundle",
         "A ZIP file with the definitions and the certificates that they name, and prints its name.  "
         "Secrets travel as references.  The same definitions give the same bytes.",
         connection_export_options, cmd_connection_export, OUTPUTS_SHOW},
	{"import", NULL, "FILE.zip", 1, 1, "take the connections of a bundle in",
         "Whole or not at all: it shows what it would do and what is missing, and asks.  Certificates "
         "and keys go to tls/imported in the folder of definitions.  It exits with 5 when something "
         "is in the way.",
         import_options, cmd_import, OUTPUTS_SHOW},
	{"apply", NULL, "", 0, 0, "make the connections what files say",
         "Creates what is new and changes what differs, whole or not at all: it shows what it would "
         "do, and asks.  It exits with 7 when a definition has faults, with 5 when the state of the "
         "host does not permit it, and with 8 when everything was saved but something could not "
         "be deployed.",
         apply_options, cmd_apply, OUTPUTS_SHOW},
	{"env", "list", "", 0, 0, "list the environments",
         "With --standalone the daemon is not asked: then they are what the files of the host say.",
         no_options, cmd_env_list, OUTPUTS_SHOW},
	{"env", "get", "ENVIRONMENT", 1, 1, "show an environment and its variables",
         "Values of variables are shown to those who may edit.  With --standalone it is what the "
         "files of the host say.",
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
	{"secret", "set", "SECRET", 1, 1, "keep a secret, sealed, with the host",
         "The text comes from standard input or a file, never from an argument; one newline at its end "
         "is left out, and on a terminal it is typed unseen.  Definitions name it "
         "${secret:local/SECRET}, and nobody can read it.",
         secret_set_options, cmd_secret_set, OUTPUTS_TEXT},
	{"secret", "list", "", 0, 0, "list the secrets that the host keeps, and who uses them",
         NULL, no_options, cmd_secret_list, OUTPUTS_SHOW},
	{"secret", "check", "[REFERENCE]…", 0, 100, "ask whether secrets can be had now",
         "A reference is PROVIDER/PATH, such as file/token; without one, each that saved connections "
         "name is tried.  The text is never shown.  It exits with 1 "
         "when one cannot be had.",
         no_options, cmd_secret_check, OUTPUTS_SHOW},
	{"secret", "delete", "SECRET…", 1, 100, "remove secrets for good",
         "What still names one cannot be deployed any more.", secret_delete_options,
         cmd_secret_delete, OUTPUTS_TEXT},
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
