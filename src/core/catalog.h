/*
 * The catalogue: the definitions of a host as they are saved, and which revisions of them are deployed.
 *
 * Saving changes a definition file, and nothing that runs.  Deploying makes a snapshot of the saved
 * definition, with the variables of its environment, an immutable revision in the store, and puts it in
 * the place of what runs there.  Every change is whole or not at all, over a death of the process too:
 * what is to happen to files stands in the store's journal first (core/journal.h).
 *
 * Reading may be done on any thread.  Changing waits for the disk and for links, one change after the
 * other: not on a lane, nor on a thread of the HTTP server.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/definition.h"
#include "schema/report.h"

struct catalog;
struct conf;
struct conf_connection;
struct conf_host;
struct deployment;
struct err;
struct host;
struct json;
struct plugins;
struct store;
struct store_audit;
struct transforms;

/*
 * What is saved
 */

/* A saved connection.  Constant, and counted: catalog_release() gives it back. */
struct catalog_entry {
	const char *project, *name, *type, *description;
	const char *file;
	const char *uid; /* the same for its whole life; "" while nobody knows one */
	bool enabled;
	char revision[REVISION_BYTES];
	const struct conf_connection *definition;
};

/* By name, compared case-folded: in the project first, then globally; exactly: in the project alone.  NULL:
 * there is none. */
const struct catalog_entry *catalog_find(struct catalog *c, const char *project, const char *name);
const struct catalog_entry *catalog_find_exactly(struct catalog *c, const char *project,
                                                 const char *name);
/* All of them, by project (global first) and name, in an array (mem_free) of counted entries.
 * ERR_NO_MEMORY. */
int catalog_list(struct catalog *c, const struct catalog_entry ***ret, size_t *ret_count);
void catalog_release(const struct catalog_entry *entry); /* takes NULL */

/* {"name", "project", "type", "description", "enabled", "settings", "environments", "revision", "uid",
 * "file"}.  Literal secrets are left out; where they are is in "secrets": ["settings.auth.password"]. */
struct json *catalog_entry_json(struct catalog *c, const struct catalog_entry *entry);

/* Its active deployments: [{"environment", "number", "revision", "current", "enabled", "at", "actor", "note"}].
 * NULL: no memory. */
struct json *catalog_deployments_json(struct catalog *c, const struct catalog_entry *entry);

/* The order of catalog_list(), as strcmp() has it. */
int catalog_order(const char *project_a, const char *name_a, const char *project_b,
                  const char *name_b);

/* The nearest name that is there, for "did you mean"; false: none is near. */
bool catalog_nearest(struct catalog *c, const char *project, const char *name, char *ret,
                     size_t ret_bytes);

/* Whether a new connection may have the name: 0; ERR_INVALID: it is none; ERR_CONFLICT: taken.  e says
 * why. */
int catalog_name_free(struct catalog *c, const char *project, const char *name, struct err *e);

/* Who uses a connection by its name: connections that alert through it; flows and jobs too, once
 * there are some.  {"items": [{"kind", "project", "name", "environment", "as"}]}. */
struct json *catalog_users(struct catalog *c, const struct catalog_entry *entry);

/* Calls with the environments of the host, which are borrowed for the call. */
void catalog_with_conf(struct catalog *c, void (*call)(void *arg, const struct conf *conf),
                       void *arg);

/*
 * Changing
 */

/* Who says so, and whether it is only to be said what would be done. */
struct catalog_word {
	const char *actor;  /* for the audit trail */
	const char *action; /* of the row there, "connection.import"; NULL: what the edit is */
	bool dry_run;
};

enum catalog_verb {
	CATALOG_CREATE,  /* ERR_CONFLICT "name_taken" */
	CATALOG_REPLACE, /* ERR_NOT_FOUND */
	CATALOG_MOVE, /* renames, or moves to another scope, or both; its queue follows.  REPLACE with
	                  * to_name or to_project does it too */
	CATALOG_DELETE,
};

/* One edit of a change.  All is borrowed. */
struct catalog_edit {
	enum catalog_verb verb;
	const char *project, *name;
	const char *to_project, *to_name; /* MOVE */
	const struct json *definition;    /* CREATE, REPLACE: of the group `connection` */
	const char *expected;             /* the revision that is edited; NULL: whatever is there */
	bool drops_comments;              /* though comments in the file are lost */
	bool forced;                      /* DELETE: though it is used */
	/* REPLACE: `enabled` alone: the definition is not needed. */
	bool sets_enabled, enabled;
};

/* New files beside definitions that come with the change (import).  They are there before the definitions are
 * checked, which may name them; unless the change happens nothing stays of them, over a death of the process
 * too.  One that is there already with these bytes is left alone; with others: ERR_CONFLICT. */
struct catalog_file {
	const char *path; /* absolute */
	const void *bytes;
	size_t size_bytes;
	uint32_t mode;
};

/* What came of it. */
struct catalog_answer {
	struct report report; /* faults of the definitions: ERR_INVALID */
	size_t at;            /* on failure: which of the edits it was */
	/* A stable token where the error code alone says too little: "stale" "name_taken" "comments_lost"
	 * "in_use" "loses_sight" "protected" "secret_origin" "not_in_environment" "not_served"; NULL. */
	const char *code;
	/* What the token is about: stale: {"revision", "definition", "changes"}; in_use: catalog_users(); secret_origin:
	 * {"pairs": [{"secret", "origin"}]}.  NULL: nothing. */
	struct json *detail;
	/* On success: {"items": [{"project", "name", "action": "create"|"update"|"enable"|"disable"|
	 * "rename"|"move"|"delete"|"none", "revision", "deployed": [{"environment", "number"}],
	 * "held": [{"environment", "code", "reason"}], "secrets": ["local/…"],
	 * "changes": [{"path", "before", "after"}] of what is saved}]}. */
	struct json *result;
};

void catalog_answer_init(struct catalog_answer *a);
void catalog_answer_finish(struct catalog_answer *a);

/* Carries out all edits, or none.  Literal secrets are sealed, and references put in their place.  Where an
 * environment has auto_deploy, what is valid is deployed at once. */
int catalog_apply(struct catalog *c, const struct catalog_edit *edits, size_t edit_count,
                  const struct catalog_file *files, size_t file_count,
                  const struct catalog_word *word, struct catalog_answer *a, struct err *e);

/*
 * Deploying
 */
struct deploy_call {
	const char *project, *name, *environment;
	const char *confirm;   /* the name of a protected environment again */
	const char *note;      /* NULL: none */
	uint32_t number;       /* of an earlier deployment to go back to; 0: what is saved */
	bool confirms_secrets; /* secrets may go to origins that they never went to */
};

/* Validates everything first: parameters, secrets, certificates.  *result: {"project", "name",
 * "environment", "number", "revision", "changed", "changes": [{"path", "before", "after"}]}; a
 * deployment like the present one changes nothing. */
int catalog_deploy(struct catalog *c, const struct deploy_call *call,
                   const struct catalog_word *word, struct catalog_answer *a, struct err *e);
int catalog_undeploy(struct catalog *c, const struct deploy_call *call,
                     const struct catalog_word *word, struct catalog_answer *a, struct err *e);
/* Of one deployment, in its environment alone. */
int catalog_toggle(struct catalog *c, const struct deploy_call *call, bool enabled,
                   const struct catalog_word *word, struct catalog_answer *a, struct err *e);

/* What catalog_deploy() would do if the draft were saved: its result, or why it would fail.  Its name is that
 * of the call, and need not be there. */
int catalog_foresee(struct catalog *c, const struct deploy_call *call,
                    const struct json *definition, const struct catalog_word *word,
                    struct catalog_answer *a, struct err *e);

/* What would change: {"deployed": NUMBER or null, "same", "changes": [{"path", "before", "after"}]}. */
int catalog_diff(struct catalog *c, const char *project, const char *name, const char *environment,
                 struct json **ret, struct err *e);

/* Why a send by this name would not go out: [{"environment", "checks": [{"code", "ok", "text", "mend"}]}]
 * for each environment that is served (environment NULL) or one: "defined" "enabled" "environment"
 * "deployed" "current" "deployment_enabled" "selection" "users". */
int catalog_why(struct catalog *c, const char *project, const char *name, const char *environment,
                struct json **ret, struct err *e);

/* What a name means to somebody in a project, and what sends by it.  Does not wait for changes. */
struct catalog_meaning {
	char project[104], name[104]; /* of the connection; as asked when there is none */
	bool is_there, is_enabled;    /* the definition */
	bool is_named, is_served;     /* the environment: by the connection, by the host */
	uint32_t number;              /* of the deployment; 0: none */
	bool deployment_enabled;
};
void catalog_mean(struct catalog *c, const char *project, const char *name, const char *environment,
                  struct catalog_meaning *ret);

/*
 * What was deployed before: the store is asked.  A name is what it means in the project.
 */
struct catalog_page {
	const char *environment; /* NULL: every one */
	/* Behind this one, which was the last of the page before; NULL: from the start. */
	const char *after_environment;
	uint32_t after_number;
	size_t limit;
};
/* By environment, the newest first: [{"environment", "number", "revision", "active", "enabled", "at", "actor",
 * "note"}].  ERR_NOT_FOUND: there is no such connection, nor was any deployed. */
int catalog_revisions(struct catalog *c, const char *project, const char *name,
                      const struct catalog_page *page, struct json **ret, bool *ret_more,
                      struct err *e);
/* One of them, with its "definition": {"type", "settings", "environments"} without literal secrets. */
int catalog_revision(struct catalog *c, const char *project, const char *name,
                     const char *environment, uint32_t number, struct json **ret, struct err *e);
/* The newest one that is older than the active one, in the project alone; where none is active, the newest.
 * ERR_NOT_FOUND. */
int catalog_number_before(struct catalog *c, const char *project, const char *name,
                          const char *environment, uint32_t *ret, struct err *e);

/* For Test connection: the deployment of what is saved, or of a draft (definition; its name need not be
 * there), as it would be deployed now.  The rule of secrets and origins is that of deploying. */
int catalog_draft(struct catalog *c, const struct deploy_call *call, const struct json *definition,
                  struct deployment **ret, struct catalog_answer *a, struct err *e);

/*
 * The secrets that the host keeps itself (conf/local.h)
 */

/* Seals and writes, or removes, one that is called so: `local/NAME`.  The audit row is written with it;
 * audit NULL: only says whether it could be done.
 * ERR_INVALID: it is no name, or the text none that could be used; ERR_NOT_FOUND; ERR_BUSY, ERR_IO. */
int catalog_set_secret(struct catalog *c, const char *name, const char *text, size_t bytes,
                       const struct store_audit *audit, struct err *e);
int catalog_remove_secret(struct catalog *c, const char *name, const struct store_audit *audit,
                          struct err *e);
/* [{"name": "local/NAME", "provider", "changed", "used_by": [{"project", "name"}]}]: what is saved uses it. */
int catalog_secrets(struct catalog *c, struct json **ret, struct err *e);
/* Whether "provider/path" can be had now (NULL: each that what is saved names), which nobody is shown:
 * [{"reference", "ok", "reason"}]. */
int catalog_check_secrets(struct catalog *c, const char *reference, struct json **ret,
                          struct err *e);

/*
 * Start, reload, end: the control thread
 */
struct catalog_options {
	const char *file;              /* linkspan.conf */
	const struct plugins *plugins; /* borrowed, as the rest is */
	struct store *store;
	struct transforms *transforms; /* compiles templates; NULL: they are not compiled */
};

/* Finishes the journal, then reads everything.  ERR_INVALID with the faults in the report. */
int catalog_open(const struct catalog_options *options, struct report *report, struct catalog **ret,
                 struct err *e);
/* Opens a link for each active deployment of the environments that are served, and deploys what
 * auto_deploy asks for.  host is borrowed until catalog_close(). */
int catalog_start(struct catalog *c, struct host *host, struct err *e);
void catalog_close(struct catalog *c); /* takes NULL */

struct catalog_reload {
	unsigned opened, changed, closed, unchanged;
};

/* Reads everything anew: a fault changes nothing. */
int catalog_reload(struct catalog *c, struct report *report, struct catalog_reload *ret,
                   struct err *e);

const struct conf_host *catalog_host(const struct catalog *c); /* as it was at the start */
const struct plugins *catalog_plugins(const struct catalog *c);
size_t catalog_count(struct catalog *c);
