/*
 * What a definition refers to beyond itself: files, variables, secrets, environments, other connections.
 * As it is written, before anything is put in.  Any thread.
 */
#pragma once

#include <stddef.h>

struct arena;
struct err;
struct json;
struct plugins;

enum need_kind { NEED_FILE, NEED_VARIABLE, NEED_SECRET, NEED_ENVIRONMENT, NEED_CONNECTION };
extern const char *const need_kinds[]; /* "file" "variable" "secret" "environment" "connection" */

struct need {
	enum need_kind kind;
	const char *name; /* as it is written: "tls/ca.pem", "host", "file/partner_token", … */
	const char *path; /* "settings.tls.ca_file", "environments.Test.url"; where it is first */
};

/* Of a document of the group `connection`.  A file has one row for each place, anything else one row for each
 * name.  Which settings are files is known from the type's rows: of a type that no plugin offers, none
 * are found.  All is in the arena.  ERR_NO_MEMORY. */
int needs_find(const struct plugins *plugins, const struct json *definition, struct arena *a,
               const struct need **ret, size_t *ret_count, struct err *e);

/* The files that a document of an environment's group `tls` names, for types that have a row `tls`; prefix stands
 * before their paths. */
int needs_find_tls(const struct plugins *plugins, const char *type, const struct json *tls,
                   const char *prefix, struct arena *a, const struct need **ret, size_t *ret_count,
                   struct err *e);

/* The text at a path in a document; NULL: there is none. */
const char *needs_text(const struct json *document, const char *path);
/* A copy of the document with another text at that place.  NULL: no memory, or no text there. */
struct json *needs_replace(const struct json *document, const char *path, const char *text);
