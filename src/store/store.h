/*
 * The store: where messages are kept from their acceptance to their end, as a table of functions, so
 * that the core knows no engine and a test or the simulation brings one of its own.
 *
 * Writing is asynchronous.  An operation is posted; the engine carries out what is queued as one
 * transaction (at most STORE_GROUP_MAX operations), commits it to stable storage, and only then calls
 * done() of each, on a thread of its own, in the order of posting.  An operation belongs to the engine
 * from store_post() until its done(), which may free it, must not block, and may post more.
 * Reading blocks and may be done on any thread but the engine's.
 *
 * Time is the store's (store_now_ms): where several hosts share a store, they share its clock.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/histogram.h"
#include "store/store_catalogue.h"

enum { STORE_GROUP_MAX = 1000, STORE_DIGEST_BYTES = 32 };

enum store_state {
	STORE_READY,       /* waits for its due time */
	STORE_LEASED,      /* in the memory of a host */
	STORE_DONE,        /* delivered */
	STORE_DEAD,        /* given up: a dead letter */
	STORE_QUARANTINED, /* it ended its host, again and again */
	STORE_CANCELLED,
	STORE_STATES,
};

const char *store_state_name(enum store_state state);           /* "ready" … */
int store_state_parse(const char *name, enum store_state *ret); /* 0 or ERR_INVALID */

/*
 * What is kept of a delivery.  seq orders deliveries by acceptance and names them; salt makes the id
 * that receivers see unguessable (see core/message.h).  All pointers are borrowed for the call they
 * come in.
 */
struct store_delivery {
	uint64_t seq, salt;
	int64_t link; /* id of its link */
	enum store_state state;
	int64_t due_ms;      /* READY: when; else 0 */
	int64_t accepted_ms; /* when it was accepted */
	int64_t since_ms;    /* when its age began: acceptance, or the last replay */
	int64_t ended_ms;    /* when it came to its state; 0: it is still open */
	uint32_t attempts;   /* used up since since_ms */
	uint32_t replay;     /* how often it was replayed */
	uint32_t suspect;    /* crashes of its host while it was submitted, in a row */
	uint32_t fence;      /* number of its lease: a settlement with another one is refused */
	const char *ordering_key; /* NULL none */
	/* Of the last attempt; reason NULL: there was none. */
	uint32_t status;
	const char *reason;
	int64_t duration_ms;
	/* The payload; absent in lists. */
	const void *body; /* NULL: no body */
	size_t body_bytes;
	const char *content_type;
	const char *const *attrs; /* k0 v0 … */
	uint32_t attr_count;      /* pairs */
};

/* One attempt that is worth a row: every failure, and what came after a failure. */
struct store_attempt {
	uint32_t replay, number; /* from 1 */
	int64_t at_ms;           /* when it ended */
	int64_t duration_ms;
	uint32_t status;
	const char *outcome; /* "delivered" "retry" "dead" "blocked" … */
	const char *reason;  /* the plugin's token */
	const char *detail;  /* one line; NULL none */
	const void *excerpt; /* of the response; NULL none */
	size_t excerpt_bytes;
};

/* A link as the store knows it. */
struct store_link {
	int64_t id;
	const char *project, *connection, *environment;
	bool paused;
	const char *paused_reason; /* NULL unless paused */
	bool deleted; /* its connection: these are its old names, which another link may have now */
	/* How many deliveries are in each state; of the ended ones only those not pruned yet. */
	uint64_t ready, leased, dead, quarantined;
	int64_t oldest_ms;   /* acceptance of the oldest that is open; 0: none */
	int64_t next_due_ms; /* of the READY ones; 0: none */
};

/*
 * The audit trail: what was done on somebody's word.  Rows are only ever added, in the transaction of
 * what they tell of, numbered from 1 without gaps; each carries a keyed hash over itself and the row
 * before.  All pointers are borrowed, those of an operation until its done().
 */
struct store_audit {
	int64_t at_ms;
	const char *actor;   /* "local:anna" "token:ci" */
	const char *action;  /* "delivery.retry" … */
	const char *project; /* NULL: it concerns the host */
	const char *subject; /* what it was done to; NULL none */
	const char *detail;  /* a JSON object; NULL none */
	const uint32_t *
		count; /* read when the operation is carried out; NULL: there is nothing to count */
};

struct store_audit_row {
	uint64_t number;
	struct store_audit audit;
	const uint8_t *hash; /* STORE_DIGEST_BYTES */
};

/* What a check of the whole trail found. */
struct store_audit_verdict {
	uint64_t count;  /* of the rows that are there */
	uint64_t broken; /* number of the first that is not as it was written; 0: all are */
	const char *how; /* one sentence about that; NULL */
	uint64_t newest; /* number of the last good row; 0: none */
	uint8_t hash[STORE_DIGEST_BYTES]; /* of that one: kept elsewhere, it proves what was there */
};

/* An API token.  The token itself is known to its owner alone. */
struct store_token {
	const char *id, *name; /* the name is unique, compared case-folded */
	const char *role;
	const char *projects;    /* "*", or names with commas */
	const char *connections; /* names with commas; NULL: any */
	const char *created_by;
	int64_t created_ms, expires_ms;
	int64_t used_ms;                    /* 0: never */
	uint8_t digest[STORE_DIGEST_BYTES]; /* SHA-256 of the token */
};

/*
 * Operations
 */
enum store_op_kind {
	STORE_ACCEPT,
	STORE_SETTLE,
	STORE_CLAIM,
	STORE_ALTER,
	STORE_REPLAY,
	STORE_EXPIRE,
	STORE_LINK,
	STORE_PAUSE,
	STORE_TOKEN_ADD,
	STORE_TOKEN_REMOVE,
	STORE_TOKEN_USED,
	STORE_CHANGE,
	STORE_JOURNAL_DONE,
	STORE_DROP,
	STORE_NOTE,
};

/* The head of every operation.  When it is carried out (rc 0), its audit row is written with it.
 * rc: 0; ERR_BUSY: no room on the disk, nothing was done; ERR_IO: the store failed and it is not known
 * whether it was done; else as the operation says, and nothing was done. */
struct store_op {
	struct store_op *next; /* in what is posted */
	enum store_op_kind kind;
	int rc;
	void (*done)(struct store_op *);
	const struct store_audit *audit; /* NULL: nobody's word */
};

/* Keeps a new delivery.  Without `lease` it waits on disk, READY and due at once; with it, it is
 * LEASED to this host with fence 1, unless it has an ordering key and an earlier delivery of the link
 * with the same key is open: then it is READY and `leased` stays false. */
struct store_accept {
	struct store_op op;
	const struct store_delivery
		*delivery; /* seq, salt, link, accepted_ms, ordering_key, payload */
	bool lease;
	const char *idempotency_key;        /* NULL none; of the link */
	uint8_t digest[STORE_DIGEST_BYTES]; /* of what must be the same under the same key */
	/* rc ERR_CONFLICT: the key was used within 24 h with another digest. */
	bool leased;
	bool repeated; /* the key was used before: nothing new was kept, first_… name the first one */
	uint64_t first_seq, first_salt;
};

/* Ends a lease.  rc ERR_CONFLICT: the fence is not the present one, or it is no longer LEASED;
 * nothing was changed.  A settlement is never refused for want of room: it is kept until there is
 * some. */
struct store_settle {
	struct store_op op;
	uint64_t seq;
	uint32_t fence;
	enum store_state state; /* READY: due at due_ms */
	int64_t due_ms;
	int64_t at_ms;
	uint32_t attempts, suspect;
	/* What the row shows of the last attempt; reason NULL: leaves that alone. */
	uint32_t status;
	const char *reason;
	int64_t duration_ms;
	const struct store_attempt *attempt; /* NULL: no row of its own */
};

/* Leases what is due at now_ms, oldest due first: at most `most` deliveries whose bodies have at most
 * bytes_most bytes together (one is always given).  take() is called for each with the payload and
 * the new fence, inside the transaction; returning false leaves that one and the rest where they
 * are.  When rc is not 0 the claims did not happen.  With `ordered`, of each ordering key only the
 * earliest open delivery is given, and only while none of that key is leased. */
struct store_claim {
	struct store_op op;
	int64_t link;
	int64_t now_ms;
	uint32_t most;
	size_t bytes_most;
	bool ordered;
	bool (*take)(struct store_claim *, const struct store_delivery *);
	uint32_t count; /* how many were claimed */
	int64_t next_due_ms; /* of the link's READY ones that are left and may be claimed by their order; 0 none */
};

enum store_verb {
	STORE_RETRY_NOW, /* READY: due at once.  DEAD, QUARANTINED, CANCELLED, DONE: replayed */
	STORE_CANCEL,    /* READY: CANCELLED */
};

/* Changes one delivery on an operator's word.  rc ERR_NOT_FOUND; ERR_BUSY with `state` LEASED: it is
 * in a host's memory, which must be asked; ERR_CONFLICT: its state does not permit it, or its
 * connection was deleted and nobody would send it.  A replay sets since_ms to now_ms, attempts and
 * suspect to 0, and adds one to replay. */
struct store_alter {
	struct store_op op;
	uint64_t seq;
	enum store_verb verb;
	int64_t now_ms;
	/* What it found, whatever rc. */
	int64_t link;
	enum store_state state;
};

/* What a list, a count or a replay is about.  0 or NULL: any. */
struct store_filter {
	unsigned states;      /* bits 1 << store_state; 0: any */
	const int64_t *links; /* NULL: any */
	size_t link_count;
	int64_t since_ms, until_ms;   /* accepted in since ≤ t < until; 0: unbounded */
	const char *reason;           /* prefix */
	uint64_t seq_least, seq_most; /* 0: unbounded; for prefixes of ids */
};

/* Replays what fits the filter and has ended, in ascending order behind `after`, at most `most` of
 * them; call again with after = last until count < most.  Those of deleted connections are left. */
struct store_replay {
	struct store_op op;
	const struct store_filter *filter; /* states: of DEAD, QUARANTINED, CANCELLED, DONE */
	uint64_t after;
	uint32_t most;
	int64_t now_ms;
	uint32_t count;
	uint64_t last;
	struct {
		int64_t link;
		uint32_t count, dead; /* dead: of them, those that were DEAD or QUARANTINED */
	} links[STORE_GROUP_MAX]; /* which links got how much work: link_count of them, each once */
	size_t link_count;
};

/* Ends READY deliveries of a link whose age began before since_ms: DEAD with the reason "expired".  At
 * most `most`. */
struct store_expire {
	struct store_op op;
	int64_t link;
	int64_t since_ms, now_ms;
	uint32_t most;
	uint32_t count;
};

/* The id of a link, made when there is none yet; that of a deleted connection is none. */
struct store_link_op {
	struct store_op op;
	const char *project, *connection, *environment;
	int64_t id;
	bool paused;
	char paused_reason[128];
};

struct store_pause {
	struct store_op op;
	int64_t link;
	bool paused;
	const char *reason; /* when paused */
};

/* rc ERR_CONFLICT: there is a token of that name. */
struct store_token_add {
	struct store_op op;
	const struct store_token *token;
};

/* rc ERR_NOT_FOUND. */
struct store_token_remove {
	struct store_op op;
	const char *id;
};

/* Notes when it was used last; one that is gone is passed over. */
struct store_token_used {
	struct store_op op;
	const char *id;
	int64_t at_ms;
};

/* A change of the catalogue, in one transaction, in the order of the members:
 * - files are kept as an open journal row, until STORE_JOURNAL_DONE;
 * - an earlier row that says what to do if the change never happens is done with it;
 * - names, one after the other: the rows of links are renamed with all that hangs on them (deliveries,
 *   deployments, history); a deleted one's deployments end, and its open deliveries are to be dropped
 *   (STORE_DROP); a later connection of the same name begins anew;
 * - undeployments: the active deployment of each place ends; one that has none is passed over;
 * - toggles: sets `enabled` of the active deployment of each place; the same;
 * - deployments: become the active ones; their numbers are filled in, and the row of the link is made;
 * - approvals: one that is there is left alone.
 * A project that is NULL is "".  All is borrowed until done().  rc ERR_CONFLICT: a name or the uid is
 * taken by another identity; ERR_FAILED: something is missing, or too long for the engine. */
struct store_change {
	struct store_op op;
	const struct store_file *files;
	size_t file_count;
	uint64_t ends_journal; /* the number of the earlier row; 0: none */
	const struct store_naming *names;
	size_t name_count;
	const struct store_place *undeployments;
	size_t undeployment_count;
	const struct store_toggle *toggles;
	size_t toggle_count;
	struct store_deployment *deployments;
	size_t deployment_count;
	const struct store_approval *approvals;
	size_t approval_count;
	uint64_t journal; /* the number of the row, never given twice; 0: there were no files */
};

/* All files of the row are as they are to be: it is removed.  One that is gone is passed over. */
struct store_journal_done {
	struct store_op op;
	uint64_t journal;
};

/* Cancels open deliveries of links whose connection was deleted, with the reason "deleted", at most
 * `most`; call again until count < most.  Those that are LEASED are left: they come back READY. */
struct store_drop {
	struct store_op op;
	int64_t now_ms;
	uint32_t most;
	uint32_t count;
};

/* Rows of the audit trail about what changes nothing in the store: all of them, or none. */
struct store_note {
	struct store_op op; /* its own audit row is not needed */
	const struct store_audit *rows;
	size_t count;
};

/* How a store is; for status and metrics.  Counts since the start. */
struct store_stats {
	uint64_t commits, operations;
	uint64_t commit_us;                 /* all commits together */
	uint64_t commit_us_max;             /* the longest one */
	struct histogram_view commit_times; /* on histogram_commits */
	uint64_t queued;                    /* operations that wait now */
	uint64_t size_bytes;                /* what the data takes, free pages aside */
	uint64_t disk_free_bytes;
	bool full; /* no room on the disk: accepts are refused */
	uint64_t pruned;
};

/* What a start found. */
struct store_recovery {
	uint64_t released;    /* leases of the process before */
	uint64_t suspects;    /* of these, submitted when it died */
	uint64_t quarantined; /* of these, now quarantined */
	uint64_t seq_most;    /* the greatest seq that was ever given */
};

struct store {
	const struct store_api *api;
};

struct store_api {
	void (*close)(struct store *store);
	int64_t (*now_ms)(struct store *store);
	void (*post)(struct store *store, struct store_op *first);
	int (*recover)(struct store *store, const uint64_t *suspects, size_t count,
	               struct store_recovery *ret, struct err *e);
	int (*links)(struct store *store, void (*each)(void *arg, const struct store_link *),
	             void *arg, struct err *e);
	int (*list)(struct store *store, const struct store_filter *filter, uint64_t from,
	            bool ascending, uint32_t most,
	            void (*each)(void *arg, const struct store_delivery *), void *arg,
	            struct err *e);
	int (*count)(struct store *store, const struct store_filter *filter, uint64_t *ret,
	             struct err *e);
	int (*get)(struct store *store, uint64_t seq,
	           void (*delivery)(void *arg, const struct store_delivery *),
	           void (*attempt)(void *arg, const struct store_attempt *), void *arg,
	           struct err *e);
	void (*stats)(struct store *store, struct store_stats *ret);
	/* NULL: this store keeps neither tokens nor an audit trail. */
	int (*tokens)(struct store *store, void (*each)(void *arg, const struct store_token *),
	              void *arg, struct err *e);
	int (*audit)(struct store *store, uint64_t from, uint32_t most,
	             void (*each)(void *arg, const struct store_audit_row *), void *arg,
	             struct err *e);
	int (*audit_verify)(struct store *store, struct store_audit_verdict *ret, struct err *e);
	/* NULL, all of them: this store keeps no catalogue. */
	int (*deployments)(struct store *store, const struct store_place *place, bool active_only,
	                   bool with_snapshot,
	                   void (*each)(void *arg, const struct store_deployment *), void *arg,
	                   struct err *e);
	int (*deployment)(struct store *store, const struct store_place *place, uint32_t number,
	                  void (*each)(void *arg, const struct store_deployment *), void *arg,
	                  struct err *e);
	int (*journal)(struct store *store,
	               void (*each)(void *arg, uint64_t journal, const struct store_file *files,
	                            size_t count),
	               void *arg, struct err *e);
	int (*approvals)(struct store *store,
	                 void (*each)(void *arg, const struct store_approval *), void *arg,
	                 struct err *e);
	int (*identities)(struct store *store,
	                  void (*each)(void *arg, const struct store_identity *), void *arg,
	                  struct err *e);
};

/* Waits for what is queued, then closes.  Takes NULL. */
static inline void store_close(struct store *store)
{
	if (store)
		store->api->close(store);
}

/* Unix time in milliseconds. */
static inline int64_t store_now_ms(struct store *store)
{
	return store->api->now_ms(store);
}

/* Posts a chain of operations that are linked by `next`.  Any thread.  They are carried out in their
 * order; each chain up to STORE_GROUP_MAX long in one transaction if there is room. */
static inline void store_post(struct store *store, struct store_op *first)
{
	store->api->post(store, first);
}

/* Once, before anything is posted: releases the leases of this host's process before, which has died.
 * suspects are the deliveries that were submitted then: each has used an attempt and is one more time
 * suspect; one that was suspect twice already, and so was sent alone, is QUARANTINED. */
static inline int store_recover(struct store *store, const uint64_t *suspects, size_t count,
                                struct store_recovery *ret, struct err *e)
{
	return store->api->recover(store, suspects, count, ret, e);
}

/* All links that were ever there, those of deleted connections too. */
static inline int store_links(struct store *store,
                              void (*each)(void *arg, const struct store_link *), void *arg,
                              struct err *e)
{
	return store->api->links(store, each, arg, e);
}

/* Deliveries in the order of seq: ascending those > from, else those < from (from 0: from the
 * respective end).  Payloads are left out. */
static inline int store_list(struct store *store, const struct store_filter *filter, uint64_t from,
                             bool ascending, uint32_t most,
                             void (*each)(void *arg, const struct store_delivery *), void *arg,
                             struct err *e)
{
	return store->api->list(store, filter, from, ascending, most, each, arg, e);
}

static inline int store_count(struct store *store, const struct store_filter *filter, uint64_t *ret,
                              struct err *e)
{
	return store->api->count(store, filter, ret, e);
}

/* One delivery with its payload, then its attempts in their order.  ERR_NOT_FOUND. */
static inline int store_get(struct store *store, uint64_t seq,
                            void (*delivery)(void *arg, const struct store_delivery *),
                            void (*attempt)(void *arg, const struct store_attempt *), void *arg,
                            struct err *e)
{
	return store->api->get(store, seq, delivery, attempt, arg, e);
}

static inline void store_stats(struct store *store, struct store_stats *ret)
{
	store->api->stats(store, ret);
}

/* All tokens, by name. */
static inline int store_tokens(struct store *store,
                               void (*each)(void *arg, const struct store_token *), void *arg,
                               struct err *e)
{
	return store->api->tokens ? store->api->tokens(store, each, arg, e) : 0;
}

/* Rows of the audit trail, newest first, with numbers < from (0: from the newest). */
static inline int store_audit(struct store *store, uint64_t from, uint32_t most,
                              void (*each)(void *arg, const struct store_audit_row *), void *arg,
                              struct err *e)
{
	return store->api->audit ? store->api->audit(store, from, most, each, arg, e) : 0;
}

/* Reads the whole trail and checks each row, and that none is missing, at the end either. */
static inline int store_audit_verify(struct store *store, struct store_audit_verdict *ret,
                                     struct err *e)
{
	*ret = (struct store_audit_verdict){0};
	return store->api->audit_verify ? store->api->audit_verify(store, ret, e) : 0;
}

/* Deployments that fit (the place or a member of it NULL: any) by project, connection, environment,
 * the newest of each place first; those of deleted connections are left out.  Names compare
 * case-folded. */
static inline int store_deployments(struct store *store, const struct store_place *place,
                                    bool active_only, bool with_snapshot,
                                    void (*each)(void *arg, const struct store_deployment *),
                                    void *arg, struct err *e)
{
	return store->api->deployments ? store->api->deployments(store, place, active_only,
	                                                         with_snapshot, each, arg, e)
	                               : 0;
}

/* One deployment with its snapshot; number 0: the active one.  ERR_NOT_FOUND. */
static inline int store_deployment(struct store *store, const struct store_place *place,
                                   uint32_t number,
                                   void (*each)(void *arg, const struct store_deployment *),
                                   void *arg, struct err *e)
{
	return store->api->deployment ? store->api->deployment(store, place, number, each, arg, e)
	                              : ERR_NOT_FOUND;
}

/* The open rows of the journal, the oldest first. */
static inline int store_journal(struct store *store,
                                void (*each)(void *arg, uint64_t journal,
                                             const struct store_file *files, size_t count),
                                void *arg, struct err *e)
{
	return store->api->journal ? store->api->journal(store, each, arg, e) : 0;
}

/* By secret and origin. */
static inline int store_approvals(struct store *store,
                                  void (*each)(void *arg, const struct store_approval *), void *arg,
                                  struct err *e)
{
	return store->api->approvals ? store->api->approvals(store, each, arg, e) : 0;
}

/* By project and name. */
static inline int store_identities(struct store *store,
                                   void (*each)(void *arg, const struct store_identity *),
                                   void *arg, struct err *e)
{
	return store->api->identities ? store->api->identities(store, each, arg, e) : 0;
}

/* A copy in one piece (mem_free); NULL: no memory, or there was none to copy.  A count is not copied. */
struct store_audit *store_audit_copy(const struct store_audit *audit);

/* Posts one operation and waits for it; its done() is used for that.  Returns rc.  Not on the engine's
 * thread, nor on a lane's. */
int store_post_wait(struct store *store, struct store_op *op);
/* The same for a caller that makes the world go on: idle() is called until the operation has ended. */
int store_post_idle(struct store *store, struct store_op *op, void (*idle)(void *arg), void *arg);
