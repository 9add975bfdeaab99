/* The message of one call, from the options of a command. */
#pragma once

struct cli;
struct err;
struct message;

/* Builds it from --data, --content-type, --header and --uri. */
int call_message(const struct cli *cli, struct message **ret, struct err *e);
