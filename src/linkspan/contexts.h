/*
 * Contexts: which host to talk to, and as what, under a name.
 *
 * They stand in $XDG_CONFIG_HOME/linkspan/contexts.json, or ~/.config/linkspan/contexts.json, which
 * only its owner may change.  A token is never in it: only the path of the file that holds one.
 */
#pragma once

#include <stddef.h>

#include "base/mem.h"

struct buf;
struct err;
struct json;

enum context_field {
	CONTEXT_CONFIG, /* these three say where the host is; at most one of them is set */
	CONTEXT_SOCKET,
	CONTEXT_URL,
	CONTEXT_TOKEN_FILE,
	CONTEXT_CA_FILE,
	CONTEXT_PROJECT,
	CONTEXT_ENVIRONMENT,
	CONTEXT_FIELDS,
};

/* Keys of the file, and the options that they stand for. */
extern const struct context_row {
	const char *key, *option;
	enum { CONTEXT_TEXT, CONTEXT_PATH, CONTEXT_ADDRESS } kind;
} context_rows[CONTEXT_FIELDS];

struct context {
	const char *name;
	const char *fields[CONTEXT_FIELDS]; /* NULL: not set */
};

struct contexts {
	struct arena arena;
	const char *file; /* absolute */
	struct context *items;
	size_t count, cap;
	const char *current; /* NULL: none */
};

/* Reads the file; no file: no contexts.  0; ERR_DENIED when others may write to it; ERR_INVALID with
 * what is wrong; ERR_IO, ERR_NO_MEMORY.  contexts_finish() in any case. */
int contexts_load(struct contexts *c, struct err *e);
/* Writes it anew, whole or not at all. */
int contexts_save(const struct contexts *c, struct err *e);
void contexts_finish(struct contexts *c);

/* The same without the file system.  c->file is for messages. */
void contexts_init(struct contexts *c);
int contexts_read(struct contexts *c, const char *text, size_t bytes, struct err *e);
struct json *contexts_document(const struct contexts *c); /* NULL: no memory */

struct context *contexts_find(const struct contexts *c, const char *name); /* NULL: none */
/* ERR_NOT_FOUND, with the names that there are. */
int contexts_unknown(const struct contexts *c, const char *name, struct err *e);
/* The one of that name, made if need be; NULL: no memory. */
struct context *contexts_make(struct contexts *c, const char *name);
void contexts_remove(struct contexts *c, struct context *context);
