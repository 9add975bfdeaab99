/* Which connection, and in which environment, a command works on without a daemon. */
#pragma once

struct cli;
struct conf_connection;
struct conf_environment;
struct err;
struct session;

/* The connection of that name in --project, else globally.  ERR_NOT_FOUND. */
int place_connection(const struct session *s, const struct cli *cli, const char *name,
                     const struct conf_connection **ret, struct err *e);
/* The environment that --env says, or the only one that the host serves; it must be one of the
 * connection's.  ERR_USAGE, ERR_DENIED, ERR_NOT_FOUND. */
int place_environment(const struct session *s, const struct cli *cli,
                      const struct conf_connection *connection, const struct conf_environment **ret,
                      struct err *e);
