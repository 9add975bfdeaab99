/*
 * Making export bundles of saved connections.  Blocking: it reads the files that definitions name.  Any thread
 * but a lane's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct catalog;
struct err;

struct export_name {
	const char *project, *name;
};

struct export_call {
	const struct export_name *names;
	size_t count;
	const char *passphrase; /* NULL: the bundle is plain */
	bool without_files;     /* what they need is then only named */
	bool may_take_keys;     /* whoever asks may have private keys */
};

/*
 * Adds the bundle's bytes and its file name, and says how many private keys and key stores are in it.  The same definitions give the same bytes, in whichever order
 * they are named, unless a passphrase seals them.
 *
 * Of the files that settings name, and those of the environments named, certificates go along, and with a
 * passphrase private keys and key stores; any other file only from the folder `tls` of the definitions.  The rest, and
 * what cannot be known without an environment's variables, is named alone.
 *
 * ERR_NOT_FOUND: no such connection; ERR_DENIED: there is a secret in a definition itself, or a private key
 * and no passphrase (or it is not allowed): e says what to do; ERR_INVALID: a file cannot be read, or a bound of
 * bundles is passed; ERR_NO_MEMORY.
 */
int export_bundle(struct catalog *c, const struct export_call *call, struct buf *ret_bytes,
                  struct buf *ret_name, size_t *ret_keys, struct err *e);
