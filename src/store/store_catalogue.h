/*
 * The catalogue: what the store keeps of definitions and deployments, beside the files (store/store.h).
 * All pointers are borrowed: those of an operation until its done(), those of a row for its call.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A connection in its scope, and where it can be deployed. */
struct store_place {
	const char *project, *connection, *environment;
};

/* One revision of one connection in one environment.  It never changes, but for `active` and
 * `enabled`. */
struct store_deployment {
	struct store_place place;
	uint32_t number;      /* from 1 for each place */
	const char *revision; /* of the definition */
	const char *snapshot; /* a JSON document: all that it is made from; NULL in lists without */
	const char *note;     /* NULL: none */
	const char *actor;
	int64_t at_ms;
	bool active;  /* it runs; at most one of each place */
	bool enabled; /* on its own account */
};

/* A change of one file, that a journal row makes whole. */
struct store_file {
	const char *path;      /* absolute */
	const uint8_t *before; /* STORE_DIGEST_BYTES: SHA-256 of what it held; NULL: no file */
	const void *bytes;     /* what it is to hold; NULL: it is to be removed */
	size_t size_bytes;
	uint32_t mode; /* of a new one */
};

/* A connection that got its name, another one, or lost it.  Its uid and its links follow.  A new one
 * takes over the links that have its name already; for a renamed one, links that have its new name
 * and no identity are those of a deleted connection. */
struct store_naming {
	const char *from_project, *from_name; /* NULL: it is new */
	const char *to_project, *to_name;     /* NULL: it is deleted */
	const char *uid;                      /* of a new one */
};

/* A secret ("local/x") may be sent to an origin ("https://a.example:443"). */
struct store_approval {
	const char *secret, *origin;
};

/* The identity of a connection. */
struct store_identity {
	const char *uid, *project, *name;
	int64_t created_ms;
};

/* What is to become of `enabled`. */
struct store_toggle {
	struct store_place place;
	bool enabled;
};
