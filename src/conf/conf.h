/*
 * Definitions: linkspan.conf, environments, connections, read from libconfig files.
 *
 * conf_load() reads everything below one linkspan.conf into one struct conf, gathering every fault.
 * A file with a fault gives nothing that is used (whole or not at all; see is_faulty); the others are
 * still read, so that one run shows all faults.  What is read is constant afterwards and may be shared by threads.
 */
#pragma once

#include <linkspan/connector.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "schema/check.h"
#include "schema/node.h"

struct report;

#define CONF_GLOBAL "global" /* the project name of the global scope */

struct conf_host {
	const char *file; /* linkspan.conf, absolute */
	const char *name;
	const char *const *environments; /* that this host serves; NULL-terminated */
	const char *definitions;         /* folder, absolute */
	const char *state;               /* folder, absolute */
	const char *const *plugins;      /* folders, absolute, NULL-terminated */
	const char *listen;              /* "127.0.0.1:8686"; NULL: no listener */
	const char *socket;              /* absolute path */
	const char *const *allowed_hosts;
	const char *tls_certificate, *tls_key; /* absolute; NULL: none */
	const char *secrets;                   /* folder of the provider `file`, absolute */
	int64_t state_max_bytes;
	int64_t api_body_max_bytes;
	int lanes; /* 0: one per CPU, at most 4 */
};

struct conf_environment {
	const char *name;
	const char *project; /* CONF_GLOBAL, or the project whose overlay this is */
	const char *file;
	bool is_protected, auto_deploy;
	bool is_assumed; /* named by a file that is checked alone: its variables are not known */
	const struct node *variables;     /* GROUP of strings; NULL: none */
	const struct node *network_allow; /* LIST of CIDR strings; NULL: none */
	const struct node *tls; /* GROUP; relative paths mean `file`'s folder; NULL: none */
};

struct conf_connection {
	const char *name, *project, *type, *description;
	const char *file;
	bool enabled;
	bool is_faulty; /* kept for a further check of its settings only: conf_connection() skips it */
	const struct node *root;         /* the group `connection` */
	const struct node *settings;     /* GROUP; NULL: none */
	const struct node *environments; /* GROUP of GROUPs; NULL: none */
};

struct conf {
	struct arena arena;
	struct conf_host host;
	struct conf_environment *environments; /* those of projects (overlays) too */
	size_t environment_count;
	struct conf_connection *connections; /* global ones first, then by project; each by name */
	size_t connection_count;
};

/* Reads `file` (a linkspan.conf) and everything it names.  0, or ERR_INVALID with faults in the
 * report (c is then still usable for what was good, if c->host.file is set), or ERR_IO,
 * ERR_NO_MEMORY.  c is empty storage; conf_finish() in any case. */
int conf_load(struct conf *c, const char *file, struct report *report);

/* Reads `file` alone, for c->host: whoever only looks for the daemon must not fail on the faults of
 * a connection.  Otherwise as conf_load(). */
int conf_load_host(struct conf *c, const char *file, struct report *report);

/* Reads what `linkspan validate PATH` names: a linkspan.conf, or a folder that holds one, as
 * conf_load() does; any other file alone, or each *.conf of any other folder.  What kind a file is
 * comes from its top key.  base gives the environments that such files refer to and is borrowed for
 * c's life; NULL: environments are taken on trust (is_assumed; read the settings with
 * SCHEMA_VARIABLES_UNKNOWN).  Afterwards c holds what is to be checked further: the settings of
 * each connection in each of its environments.  Returns as conf_load() does. */
int conf_check(struct conf *c, const char *path, const struct conf *base, struct report *report);

/* Reads the text of one connection's file, which need not be there: c then holds this one alone, and nothing of
 * base, which gives the environments that it may name.  Whether the name is free is not looked at.  file and
 * project are copied.  Returns as conf_load() does. */
int conf_read_connection(struct conf *c, const struct conf *base, const char *project,
                         const char *name, const char *file, const char *text, size_t bytes,
                         struct report *report);

void conf_finish(struct conf *c);

/* The address that `listen` means.  0, or ERR_INVALID. */
int conf_listen_address(const char *listen, struct sockaddr_storage *ret, socklen_t *ret_bytes);
/* Whether only this machine can reach it. */
bool conf_is_loopback(const struct sockaddr_storage *address);

/* Whether a name is in the list of the environments that a host serves. */
bool conf_serves(const char *const *served, const char *environment);

/* The environment of that name, NULL when there is none.  What a project lays over its variables is
 * put in by conf_resolve(). */
const struct conf_environment *conf_environment(const struct conf *c, const char *name);
/* By name, compared case-folded: the project first, then global. */
const struct conf_connection *conf_connection(const struct conf *c, const char *project,
                                              const char *name);

/* The settings of one connection in one environment: settings, the environment's part over them,
 * with takes_tls (the connection's type has a row `tls`) the environment's `tls` under them,
 * variables put in (a project's own before the environment's), secret references recognised.  Every
 * node keeps the file and line where it was written.  environment NULL: the bare settings, variables
 * unknown.  Adds faults (an unknown variable names file, line and key).  NULL after an error. */
const struct node *conf_resolve(const struct conf *c, const struct conf_connection *connection,
                                const struct conf_environment *environment, bool takes_tls,
                                struct arena *a, struct report *report);

/* The kinds of definition files: the top key, and the rows of its group.  Documents are made from
 * them. */
struct conf_kind {
	const char *key;
	const struct lk_param *rows; /* stride sizeof(struct lk_param) */
	uint32_t row_count;
};

extern const struct conf_kind conf_kind_host, conf_kind_environment, conf_kind_connection;
