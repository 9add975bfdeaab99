/* Connections as documents of the API: found, read from a body, saved, answered. */
#pragma once

#include <stdbool.h>

struct api_call;
struct catalog;
struct catalog_edit;
struct catalog_entry;
struct json;

/* The one that the path names, in that very project, counted (catalog_release).  NULL: the call is answered. */
const struct catalog_entry *connection_find(const struct api_call *call, struct catalog *c);

/* What may become of comments in a file that is written anew: values of the parameter `comments`. */
enum { COMMENTS_KEEP, COMMENTS_DISCARD };
extern const char *const connection_comments[];

/*
 * The definition in a document that a caller has sent: without the members that only tell, such as "revision", and
 * without defaults that were only shown (saved, NULL: there is none yet).  NULL: no memory.
 */
struct json *connection_definition(const struct json *document, const struct catalog_entry *saved);

/* Answers by the document, with its ETag; 201 has its Location.  change: what came of it, an item
 * of catalog_answer.result; NULL: nothing was changed. */
void connection_reply(const struct api_call *call, unsigned status, struct catalog *c,
                      const struct catalog_entry *entry, const struct json *change);

/*
 * Carries out one edit and answers: by the document, with `status`; 204 by nothing; a dry run by what would be
 * done: {"project", "name", "action", "revision", "changes", "deployed", "held", "secrets"}.  Waits for the disk.
 */
void connection_save(const struct api_call *call, struct catalog *c,
                     const struct catalog_edit *edit, bool dry_run, unsigned status);
