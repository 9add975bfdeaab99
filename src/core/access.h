/*
 * Who may do what: one table of roles, and one question.
 *
 *	viewer    sees connections, links, deliveries, events
 *	sender    sends, and nothing else
 *	operator  also pauses, resumes, retries, replays, tests, deploys
 *	editor    also changes definitions
 *	admin     also handles tokens and reads the audit trail
 *
 * A role is granted in a project, or in all of them ("*"); what belongs to the host as a whole needs
 * the latter.  Everything here is constant and may be asked on any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct err;

enum access_role {
	ACCESS_VIEWER,
	ACCESS_SENDER,
	ACCESS_OPERATOR,
	ACCESS_EDITOR,
	ACCESS_ADMIN,
	ACCESS_ROLES,
};

enum action {
	ACTION_NOTHING, /* nobody may: what a row of a table is that does not say */
	ACTION_READ,
	ACTION_SEND,
	ACTION_OPERATE,
	ACTION_EDIT,
	ACTION_ADMINISTER,
	ACTIONS,
};

#define ACCESS_ALL_PROJECTS "*"

extern const char *const access_roles[ACCESS_ROLES + 1];        /* "viewer" …, then NULL */
int access_role_parse(const char *name, enum access_role *ret); /* 0 or ERR_INVALID */
const char *access_action_name(enum action action);             /* "read" … */

struct grant {
	const char *project; /* compared case-folded */
	enum access_role role;
};

enum who_kind {
	WHO_NOBODY,
	WHO_LOCAL,   /* over the local socket */
	WHO_TOKEN,   /* a program that showed its token */
	WHO_SESSION, /* a person who signed in with one */
};

/* Whoever asks.  All is borrowed. */
struct who {
	enum who_kind kind;
	const char *name; /* for logs and the audit trail: "local:anna" "token:ci" */
	const struct grant *grants;
	size_t grant_count;
	const char *const *connections; /* may send through these alone, ended by NULL; NULL: any */
};

/* project NULL: the host as a whole.  connection NULL: none in particular.  0, or ERR_DENIED. */
int authorize(const struct who *who, enum action action, const char *project,
              const char *connection, struct err *e);
/* Whether there is any project in which it may: then the answer is about those alone. */
int authorize_somewhere(const struct who *who, enum action action, struct err *e);
