/*
 * The store in an SQLite file: `outbox.db` in the state folder, for one host alone.
 *
 * One thread, with the one connection that writes, also makes the checkpoints; readers have read-only
 * connections of their own.  WAL, synchronous=FULL: what was answered is on stable storage.
 */
#pragma once

#include <stdint.h>

struct clock;
struct err;
struct store;

struct sqlite_options {
	const char *folder;        /* exists; the host's own */
	const struct clock *clock; /* NULL: the system's */
	const char *vfs;           /* NULL: SQLite's default; tests give one that fails */
	int64_t state_max_bytes; /* beyond nine tenths ended deliveries are pruned before their time; 0: no bound */
	int64_t done_keep_ms; /* how long ended deliveries are kept; 0: 7 days */
	int64_t dead_keep_ms; /* and dead ones; 0: 30 days */
	/* On the writer's thread, once: the store has failed (I/O error, corruption) and carries out
	 * nothing more; what is posted is answered ERR_IO.  The process should end. */
	void (*failed)(void *arg, const char *why);
	/* On the writer's thread: the disk has become full, or has room again. */
	void (*full)(void *arg, int is_full);
	void *arg;
};

/* Opens, making or migrating the file.  ERR_IO; ERR_CONFLICT: another process uses the folder;
 * ERR_INVALID: it is damaged, or of a younger version.  e says what to do. */
int sqlite_store_open(const struct sqlite_options *options, struct store **ret, struct err *e);

/* Moves a damaged store and all that belongs to it into a new folder beside it, whose path goes to
 * ret (ret_bytes long).  ERR_NOT_FOUND: there is none; ERR_CONFLICT: it is in use. */
int sqlite_store_set_aside(const char *folder, char *ret, size_t ret_bytes, struct err *e);
