/* Requests about one connection, as the commands of that noun make them. */
#pragma once

#include <stdbool.h>

#include "linkspan/client.h"

struct cli;
struct err;
struct json;

/* A connection that a command names, and the conversation about it. */
struct connection {
	struct client client;
	const struct cli *cli;
	const char *name;    /* borrowed */
	const char *project; /* where it is; borrowed */
	char *found;         /* what project and name point into after connection_get(); NULL */
	bool keeps_faults;   /* the caller shows them: nothing is printed */
};

/* Opens the conversation.  project is what --project says: whether the name is there is not asked yet.
 * name NULL: about several.  connection_close() in any case. */
int connection_open(struct connection *c, const struct cli *cli, const char *name, struct err *e);
void connection_close(struct connection *c);

/*
 * Its document, from the project, or else from the global scope; from then on project and name are those
 * of the document.  ERR_NOT_FOUND.
 */
int connection_get(struct connection *c, struct json **ret, struct err *e);
/* The same without the document; nothing is asked where only one place can be meant. */
int connection_find(struct connection *c, struct err *e);

/* What is asked of it: VERB is "", "/usage", ":deploy"; the rest of the query comes from options. */
struct connection_call {
	const char *method, *verb;
	const char *if_match; /* a revision, without quotes; NULL: none */
	const char *env;      /* ?env=; NULL: none */
	const char *query;    /* "&force=true"; NULL: nothing more */
	bool dry_run;         /* whatever --dry-run says */
};

/* Takes the body.  Faults of what was sent are printed to standard error before it fails.  The answer's document goes to *ret; NULL: none is needed. */
int connection_ask(struct connection *c, const struct connection_call *call, struct json *body,
                   struct json **ret, struct err *e);
/* POST verb, with --dry-run as given. */
int connection_post(struct connection *c, const char *verb, struct json *body, struct json **ret,
                    struct err *e);

/* The environment that --env or the context says; else the only one that the host serves (*keep holds it:
 * json_free()).  ERR_USAGE names those that there are. */
int connection_environment(struct connection *c, struct json **keep, const char **ret,
                           struct err *e);

/* The JSON Schema of a type's settings, as far as the daemon says it; *keep holds it (json_free()).  0 with
 * NULL where it does not know the type. */
int connection_schema(struct connection *c, const char *type, struct json **keep,
                      const struct json **ret, struct err *e);

/* Of a refusal with the code secret_origin: which secret would go where it never went, on standard error. */
void connection_show_pairs(const struct fetch_reply *reply);

/* "1a2b3c4d5e6f" of a document's revision. */
enum { CONNECTION_REVISION_BYTES = 13 };
const char *connection_revision(const struct json *document, char *text);
/* A member that is text; "" when it is none. */
const char *connection_text(const struct json *document, const char *key);
