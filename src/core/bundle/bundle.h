/*
 * The export bundle: a ZIP with connections and what they depend on.
 *
 *	connection.json      one definition, or connections/NAME.json for several (of projects: the same
 *	                     names; which project is in metadata.json)
 *	metadata.json        version of the format, of the product, when, where from, SHA-256 of each entry
 *	dependencies.json    what each connection needs: files, variables, secret references
 *	dependencies/NAME    certificates, key stores
 *
 * In memory alone: whoever calls reads and writes the files.  The same bundle gives the same bytes (times
 * of entries are at_ms, in UTC), sealed ones excepted.  Any thread.  The only room that knows libzip.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

struct buf;
struct err;
struct json;

enum {
	BUNDLE_ENTRIES_MOST = 1000,
	BUNDLE_ENTRY_BYTES_MOST = 10 << 20,
	BUNDLE_BYTES_MOST = 64 << 20,         /* of all entries, and of the bundle itself */
	BUNDLE_DOCUMENT_BYTES_MOST = 1 << 20, /* of one definition, as a definition file is */
	BUNDLE_DOCUMENTS_BYTES_MOST =
		8 << 20, /* of all that is JSON: a tree takes many times its text */
	BUNDLE_RATIO_MOST = 100,
	BUNDLE_FORMAT = 1,
};

struct bundle_connection {
	const char *project, *name;
	const struct json *definition; /* the group `connection` */
	const char *revision;
	int64_t at_ms;    /* of the revision; Unix time, in whole seconds */
	const char *type; /* bundle_read() alone: of the definition */
};

enum bundle_file_kind { BUNDLE_CERTIFICATE, BUNDLE_PRIVATE_KEY, BUNDLE_KEY_STORE, BUNDLE_OTHER };
extern const char *const bundle_file_kinds[]; /* "certificate" "private_key" "key_store" "other" */

/* What a file is, by what is in it: whatever holds a private key, encrypted or not, PEM or DER, is one; PKCS #12
 * and JKS are key stores. */
enum bundle_file_kind bundle_file_kind_of(const void *bytes, size_t size_bytes);
bool bundle_file_is_secret(enum bundle_file_kind kind);

/* A file that a definition names. */
struct bundle_file {
	const char *
		name; /* below dependencies/; unique, compared case-folded: [A-Za-z0-9_.-], no dot first */
	enum bundle_file_kind kind;
	const void *bytes;
	size_t size_bytes;
};

/* What a connection needs; everything that is not a file is only named. */
struct bundle_need {
	size_t connection; /* its place */
	const char *kind;  /* "file" "variable" "secret" "environment" "connection" */
	const char *name;  /* of a file: as the definition names it; "file/partner_token"; … */
	const char *path;  /* "settings.tls.ca_file"; NULL: in several places */
	const char *file;  /* kind "file": the bundle_file's name; NULL: it was left out */
};

struct bundle {
	struct arena arena; /* of what bundle_read() made */
	const char *product_version, *host;
	int64_t at_ms; /* in whole seconds */
	struct bundle_connection *connections;
	size_t connection_count;
	struct bundle_file *files;
	size_t file_count;
	struct bundle_need *needs;
	size_t need_count;
	/* bundle_read(): the documents that connections[].definition point at. */
	struct json **owned;
	size_t owned_count;
};

/* "13 Nov 2025-connection-Production_Webhook-export.zip"; several: "…-connection-NAME-and-2-more-export.zip".
 * The date is that of at_ms in UTC. */
int bundle_name(const struct bundle *b, struct buf *ret);

/* passphrase NULL: plain; then a private key or a key store among the files is refused (ERR_DENIED), whatever
 * its kind is said to be.  0, ERR_INVALID (a bound passed, a name that is none), ERR_NO_MEMORY. */
int bundle_write(const struct bundle *b, const char *passphrase, struct buf *ret, struct err *e);

/* Whether a bundle_file may be called so. */
bool bundle_file_name_valid(const char *name);

/* Reads and checks all of it: names from an exact pattern, no symbolic links, no duplicates, no names that
 * differ in case alone, bounds counted on bytes really read, hashes as metadata.json says, documents
 * of the right shape.  ERR_INVALID with what is wrong and where; ERR_DENIED: it is sealed, and the
 * passphrase is missing or wrong.  bundle_finish() in any case. */
int bundle_read(const void *bytes, size_t size_bytes, const char *passphrase, struct bundle *ret,
                struct err *e);
void bundle_finish(struct bundle *b);
bool bundle_is_sealed(const void *bytes, size_t size_bytes);
