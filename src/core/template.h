/*
 * The template of a deployment: the jq program of `body_template`, which makes the body that is sent from
 * that of the message, `.`, and from what else is known of it, `$message`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct conf_connection;
struct deployment;
struct message_parts;
struct outcome;
struct report;
struct transform;
struct transforms;

/* The program; NULL: there is none. */
const char *template_of(const struct deployment *d);

/* What a program may use beside ".", for struct transform. */
extern const char *const template_names[];
/* Their values: mem_free().  Headers of the call are not among them, as they may hold secrets.  NULL: no
 * memory. */
char *template_values(const struct deployment *d, const struct message_parts *m);

/* What the body is called that a program made.  The call's content type described the one that came, and
 * so does not matter.  NULL: as the connection says. */
const char *template_content_type(const struct deployment *d, bool is_text);

/* What it means that a run failed.  Never NULL. */
struct outcome *template_outcome(const struct transform *run);

/* Compiles the program and adds what is wrong with it to the report: 0 or ERR_INVALID.  Where no worker can
 * be had for it, that is a warning; pool NULL: it is not compiled.  Waits: not on a lane or a thread of the API's
 * server. */
int template_check(struct transforms *pool, const struct deployment *d, struct report *report);
/* The same where there is no environment: those of the definition that hold no variable.  ERR_NO_MEMORY too. */
int template_check_bare(struct transforms *pool, const struct conf_connection *connection,
                        struct report *report);
