/*
 * Literal secrets in definitions: found by the rows of the type (LK_SECRET) and by the names of headers, and
 * moved to the provider `local`.  Any thread.
 *
 * A header is an item of a list that has a `name` and a `value`; it is looked at when its name is
 * sensitive (Authorization, Cookie, X-Api-Key, whatever has "token" in it …).
 *
 * What is literal: a value without any reference; and in one that has references, `${secret:…}` or
 * `${variable}`, each stretch between them that is more than punctuation, or than one word that introduces a
 * reference ("Bearer ${…}" at the start, "session=${…}" anywhere).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct conf_host;
struct err;
struct json;
struct plugins;
struct store_file;

/* A secret that was taken out of a definition. */
struct literal {
	const char *path;        /* "environments.Production.headers[0].value" */
	const char *reference;   /* "local/Orders.Authorization.1f3a" */
	struct store_file *file; /* sealed: what is to be written with the change */
};

/* Puts `${secret:local/…}` in the place of each literal secret in a document of the group `connection`, in its
 * settings and in each environment's part; a scheme word before it ("Bearer ") stays, and references beside
 * it stay what they are.  A type that no plugin offers has no rows: then only headers are looked at.  The same
 * text under the same path gives a new name each time: an old revision keeps its own secret.  All is in the
 * arena, which is to be wiped.  ERR_INVALID: the document is none that a file could hold; ERR_NO_MEMORY,
 * ERR_IO. */
int literals_lift(const struct conf_host *host, const struct plugins *plugins, const char *name,
                  struct json *definition, struct arena *a, struct literal **ret, size_t *ret_count,
                  struct err *e);

/* Only finds them: their paths, ended by NULL, in the arena. */
int literals_find(const struct plugins *plugins, const struct json *definition, struct arena *a,
                  const char *const **ret_paths, struct err *e);

/* PUT with a definition in which secrets that were literal in the file are absent: takes them over from the
 * present one, as absent means keep and null means clear.  A header is found again by its name, another item of
 * a list by its place; where a list holds bare secrets, a null keeps the one in its place. */
int literals_keep(const struct plugins *plugins, const struct json *present,
                  struct json *definition, struct err *e);

/* Whether a header of that name carries a secret. */
bool literal_is_sensitive(const char *header);
