/* The daemon: what belongs to it from start to end.  Everything is done by the control thread, unless it
 * says otherwise. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "conf/conf.h"
#include "linkspand/listening.h"
#include "plug/load.h"

struct admin;
struct catalog;
struct err;
struct host;
struct options;
struct store;

struct daemon {
	const char *config;
	struct plugins plugins;
	struct conf conf; /* the host as it was at the start: a reload compares with it */
	struct catalog *catalog;
	struct store *store;
	struct transforms *transforms;
	_Atomic(struct host *) host;
	struct admin *admin;
	struct listening listening;
	int64_t loaded_ms; /* of the definitions in force, Unix time */
	size_t connections;
	const char *const *environments; /* that are served; see reload.c */
	struct arena served;             /* of these */

	/* The store's thread says so: why is written before failed_fd is. */
	int failed_fd;
	char why[512];
};

/* Opens everything in its order: definitions, store, host, links, socket.  ERR_INVALID with the faults in
 * the log; daemon_finish() in any case. */
int daemon_start(struct daemon *d, const char *config, struct err *e);
/* Takes nothing more in; lets what is in flight end; closes.  *cut ends the waiting. */
void daemon_stop(struct daemon *d, const bool *cut);
/* After a failure of the store: only answers what waits. */
void daemon_abandon(struct daemon *d);
void daemon_finish(struct daemon *d);

/* Reads the configuration anew; a fault changes nothing (reload.c).  actor: who has asked, for the audit trail. */
void daemon_reload(struct daemon *d, const char *actor);
/* Tells the API what is in force, and why something newer is not (NULL: it is). */
void daemon_configure(struct daemon *d, const char *problem);

/* Takes over what the definitions say about the host: its environments, how many connections. */
int daemon_adopt(struct daemon *d);

/* Waits for signals and for trouble, until there is an end: the exit status (control.c). */
int daemon_control(struct daemon *d);
