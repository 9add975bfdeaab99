/* Why a message was not taken, in the words of the catalogue: which connection its name meant, and what would
 * have to be done.  Any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/catalog.h"

struct admin;

struct cause {
	const char *code; /* stable token; static */
	unsigned status;
	char text[512]; /* for people */
	struct catalog_meaning meaning;
};

/* code: what the host refused the message with.  False: the catalogue has nothing to say about that, or
 * there is none. */
bool cause_find(const struct admin *admin, const char *project, const char *connection,
                const char *environment, const char *code, struct cause *ret);
/* Whether no such connection is saved, as far as there is a catalogue; then text says so, and what was perhaps
 * meant. */
bool cause_missing(const struct admin *admin, const char *project, const char *connection,
                   char *text, size_t text_bytes);
/* {"project", "name", "deployment"}; NULL: no memory. */
struct json *cause_resolved(const struct catalog_meaning *meaning);
