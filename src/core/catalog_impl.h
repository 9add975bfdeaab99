/*
 * What the files of the catalogue share.
 *
 * Whoever changes anything holds `changing`; `lock` guards what readers look at, and is held for writing
 * only while a new state takes the place of the old one.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "conf/conf.h"
#include "core/catalog.h"
#include "crypto/hash.h"
#include "store/store.h"

struct buf;

/* A configuration that several entries stand in; the last one frees it. */
struct held {
	struct conf conf;
	atomic_uint holders;
};

/* Of a connection: 128 random bits as hexadecimal, and the NUL byte. */
enum { UID_BYTES = 33 };
void uid_make(char uid[UID_BYTES]);

struct entry {
	struct catalog_entry face; /* first */
	atomic_uint holders;
	struct held *held;
	char uid[UID_BYTES];
};

/* An active deployment, without its snapshot. */
struct active {
	struct store_place place; /* owned, in one piece with the struct */
	uint32_t number;
	char revision[REVISION_BYTES];
	uint8_t digest[HASH_BYTES]; /* of the snapshot's text */
	char *actor, *note;
	int64_t at_ms;
	bool enabled;
	bool held_back; /* a newer one was not deployed by itself, and why: */
	char why[256];
};

struct catalog {
	char *file; /* linkspan.conf */
	const struct plugins *plugins;
	struct store *store;
	struct transforms *transforms;
	struct host *host; /* NULL until catalog_start() */
	struct conf_host fixed;
	struct held *start; /* `fixed` lives in it */

	pthread_mutex_t changing;
	pthread_rwlock_t lock;
	struct held *base;      /* the host and its environments as they are now */
	struct entry **entries; /* by project, global first, and name */
	size_t entry_count, entry_cap;
	struct active **actives; /* by project, connection, environment */
	size_t active_count, active_cap;
};

/* catalog.c: entries.  The caller holds the lock as it needs it. */
struct held *held_create(void); /* with an empty conf */
struct held *held_keep(struct held *h);
void held_release(struct held *h); /* takes NULL */
int entry_create(struct held *held, const struct conf_connection *definition, struct entry **ret);
void entry_set_uid(struct entry *entry, const char *uid);
struct entry *entries_find(const struct catalog *c, const char *project, const char *name,
                           size_t *ret_at); /* NULL: *ret_at is where it would be */
/* Without the lock: room for so many more. */
int entries_reserve(struct catalog *c, size_t more);
/* Takes it, replaces one of that name; there is room. */
void entries_put(struct catalog *c, struct entry *entry);
void entries_take_out(struct catalog *c, const char *project, const char *name);
/* As names resolve: in the project first, then globally. */
struct entry *entries_resolve(const struct catalog *c, const char *project, const char *name);
/* Counted. */
const struct catalog_entry *entry_keep(struct entry *entry);

/* actives.c.  What is in force changes under the lock; what is prepared takes its place without needing
 * memory, so that nothing fails once the store has the change. */
struct active *actives_find(const struct catalog *c, const struct store_place *place);
/* With room for it; actives_put() or active_destroy() follows.  Without the lock.  ERR_NO_MEMORY. */
int actives_prepare(struct catalog *c, const struct store_deployment *d, const uint8_t *digest,
                    struct active **ret);
void actives_put(struct catalog *c, struct active *active); /* takes it; replaces the one before */
void active_destroy(struct active *active);                 /* takes NULL */
void actives_take_out(struct catalog *c, const struct store_place *place);
/* All of a connection, as they will be called. */
struct actives_renamed {
	struct active **items;
	size_t count;
};
/* actives_renamed_finish() in any case. */
int actives_copy_renamed(const struct catalog *c, const struct store_naming *naming,
                         struct actives_renamed *ret);
void actives_renamed_finish(struct actives_renamed *renamed);
/* Puts them (none: of a connection that was deleted) in the place of those of that name. */
void actives_rename(struct catalog *c, const char *project, const char *name,
                    struct actives_renamed *fresh);
int actives_load(struct catalog *c, struct err *e); /* from the store */
void actives_finish(struct catalog *c);
/* Each active deployment of the connection, in the order of environments. */
size_t actives_of(const struct catalog *c, const char *project, const char *name,
                  size_t *ret_first);
void snapshot_digest(const char *text, uint8_t ret[HASH_BYTES]);

/* Where the definition of a connection is kept. */
void definition_path(const struct catalog *c, const char *project, const char *name, char *ret,
                     size_t ret_bytes);

/* Whether the host serves an environment; whether a connection names it. */
bool catalog_serves(const struct catalog *c, const char *environment);
bool connection_names(const struct conf_connection *definition, const char *environment);

/* An audit row of the core: detail is taken. */
struct record {
	struct store_audit audit;
	char *detail;
};
int record_init(struct record *r, struct catalog *c, const struct catalog_word *word,
                const char *action, const char *project, const char *subject, struct json *detail);
void record_finish(struct record *r);

/* Fails with a token. */
int answer_code(struct catalog_answer *a, struct err *e, int rc, const char *code,
                struct json *detail, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* catalog_edit.c: cancels what still waits for connections that were deleted. */
void catalog_drop_deleted(struct catalog *c);

/* catalog_show.c */
/* A definition without its literal secrets; *ret_secrets (NULL: not wanted): their paths.  NULL: no memory. */
struct json *definition_shown(const struct plugins *plugins, const struct json *definition,
                              struct json **ret_secrets);
struct json *catalog_time_json(int64_t unix_ms);
/* Whether what runs is what would be deployed now.  With the lock held. */
bool is_current(const struct catalog *c, const struct catalog_entry *entry,
                const struct active *active);

/* catalog_faults.c: paths of faults from the first on, which are those of settings, become paths of the
 * definition: "environments.E.url" for what the part of the environment says (NULL: it says nothing), else
 * "settings.url".  What is said of the definition itself begins "connection.". */
void faults_place(struct report *report, size_t first, const char *environment,
                  const struct json *part);
/* Those of a definition in that environment ("": in none). */
void faults_place_in(struct report *report, size_t first, const struct conf_connection *definition,
                     const char *environment);

/* catalog_deploy.c: with `changing` held. */
struct deploying {
	const struct catalog_word *word;
	const char *note;
	bool confirms_secrets;
	bool by_file;             /* auto_deploy of a file that was written by hand */
	unsigned opened, changed; /* counts what was deployed by itself */
};
/* Makes what is saved the active deployment, if it is another one.  *ret_number: 0 when nothing changed. */
int deploy_saved(struct catalog *c, const struct entry *entry,
                 const struct conf_environment *environment, const struct deploying *how,
                 uint32_t *ret_number, struct catalog_answer *a, struct err *e);
/* What a call asks for, of an entry that need not be saved if the word is only to be tried. */
int deploy_entry(struct catalog *c, const struct entry *entry, const struct deploy_call *call,
                 const struct catalog_word *word, struct catalog_answer *a, struct err *e);
/* Deploys to each environment that has auto_deploy and is served; what cannot be is held back, and says why
 * in the members "deployed" and "held" of item (NULL: in the log). */
void deploy_by_itself(struct catalog *c, const struct entry *entry, struct deploying *how,
                      struct json *item);
/* The link anew, from the active deployment's snapshot: its `enabled` may have changed, or its name. */
int deploy_again(struct catalog *c, const struct active *active, struct err *e);
/* The same, as it is to be after a change: called so, enabled or not. */
int deploy_as(struct catalog *c, const struct active *active, const struct store_place *place,
              bool enabled, struct err *e);
/* The deployment that it is, of a text that is at hand. */
int deploy_make(struct catalog *c, const struct active *active, const char *text,
                struct deployment **ret, struct err *e);
/* The text of a deployment; number 0: the active one.  mem_free(). */
int deploy_text(struct catalog *c, const struct store_place *place, uint32_t number, char **ret,
                char ret_revision[REVISION_BYTES], struct err *e);

/* catalog_verbs.c: with `changing` held.  Ends what runs there, in the store too; place may be that of the active one itself. */
int deploy_end(struct catalog *c, const struct store_place *place, const struct catalog_word *word,
               const char *action, struct err *e);
/* Ends what runs in environments that follow the files and that the connection (NULL: all) names no more. */
unsigned deploy_end_gone(struct catalog *c, const struct entry *entry,
                         const struct catalog_word *word);

/* consent.c: secrets and the origins that they may be sent to. */
struct consent {
	struct arena arena;
	struct store_approval *fresh; /* pairs that are not approved yet */
	size_t fresh_count;
	struct json *refused; /* of them, those whose secret has gone elsewhere before; an array */
};
void consent_init(struct consent *s);
void consent_finish(struct consent *s);
/* before: what it takes the place of (NULL: nothing).  Where that sends to another origin, every secret is
 * refused that was not approved for this one; literals: the paths of literal ones, ended by NULL, or
 * NULL: they are refused too, as nobody can have approved what has no name. */
int consent_read(struct consent *s, struct store *store, const struct deployment *d,
                 const struct deployment *before, const char *const *literals, struct err *e);
