/*
 * A snapshot: everything that one deployment is made from, as one JSON document that the store keeps.
 *
 *	{"format": 1, "type": "webhook",
 *	 "connection": {"folder": "connections", "settings": {}, "part": {}},
 *	 "environment": {"folder": "environments", "protected": false,
 *	                 "variables": {}, "overlay": {}, "network": {"allow": []}, "tls": {}}}
 *
 * As written, with its `${…}`: variables are put in when the deployment is made from it, always the same
 * ones, and secrets at use.  Names of the connection and of the environment are not in it, nor `enabled`:
 * the former may change, the latter acts without a deployment.  Files lie below the folder of definitions.
 * Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct conf;
struct conf_connection;
struct conf_environment;
struct conf_host;
struct deployment;
struct err;
struct json;
struct plugins;
struct report;
struct store_place;

/* Of a connection that names the environment.  Appends the text.  0 or ERR_NO_MEMORY. */
int snapshot_write(const struct conf *conf, const struct conf_connection *connection,
                   const struct conf_environment *environment, struct buf *ret_text);

/* Makes the deployment again.  host gives what belongs to this host and not to the revision: where it
 * listens, where secrets are.  ERR_INVALID with faults in the report, or, when the text is no snapshot,
 * with e. */
int snapshot_deploy(const char *text, const struct conf_host *host, const struct plugins *plugins,
                    const struct store_place *place, bool enabled, struct deployment **ret,
                    struct report *report, struct err *e);

/* The changes from one to the other: [{"path", "before", "after"}], in the words of a definition; text NULL:
 * there is none.  Literal secrets are shown as "***".  NULL: no memory. */
struct json *snapshot_changes(const struct plugins *plugins, const char *before, const char *after);
