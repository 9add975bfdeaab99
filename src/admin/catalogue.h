/* What the routes of the catalogue (core/catalog.h) share. */
#pragma once

#include <stdbool.h>

#include "admin/audited.h"
#include "conf/definition.h"
#include "core/catalog.h"

struct api_call;
struct buf;
struct problem;

/* Who says so, for the catalogue.  word.actor points into it: it stays where it is. */
struct catalogue_word {
	struct catalog_word word;
	char actor[AUDITED_ACTOR_BYTES];
};
void catalogue_word(const struct api_call *call, bool dry_run, struct catalogue_word *ret);

/* NULL: there is none, and the call is answered 503 "no_catalogue". */
struct catalog *catalogue_of(const struct api_call *call);

/*
 * Answers by what the catalogue said no with: `errors` has each fault of the definition, with a JSON
 * pointer; the code is the answer's, or the error's name; the answer's detail are further members
 * ("users" "pairs" "revision" "definition" "changes").  What is stale is 412 if a revision was asked for, else
 * 409.  a may be NULL.
 */
void catalogue_refuse(const struct api_call *call, struct catalog_answer *a, const struct err *e);

/* Of users (catalog_users), those in projects that whoever asks may see: an array. */
struct json *catalogue_users(const struct api_call *call, const struct json *items);

/* The revision of If-Match into ret; "" for "*", and where none is given and none is needed; a tag
 * that is no revision comes as something that no revision equals.  ERR_USAGE: p says what is wrong: 428
 * "if_match_needed", or 400 for all but one tag. */
int catalogue_match(const struct api_call *call, bool needed, char ret[REVISION_BYTES],
                    struct problem *p);

/* The path of a fault below the group `connection`. */
const char *catalogue_path(const char *path);
/* Appends "/settings/headers/0/name" for "settings.headers[0].name" (RFC 6901). */
void catalogue_pointer(const char *path, struct buf *ret);
