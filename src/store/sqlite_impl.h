/*
 * What the files of the SQLite store share.
 *
 * One thread, the writer, owns the connection that writes and all that has no other owner named here.
 * Functions that work on the file return 0 or SQLite's (extended) result code; what it means for the
 * group that is under way is decided in one place, sqlite_group.c.
 */
#pragma once

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "crypto/mac.h"
#include "store/sqlite.h"
#include "store/sqlite_fresh.h"
#include "store/sqlite_stmt.h"
#include "store/sqlite_backlog.h"
#include "store/store.h"

struct clock;

enum {
	SQLITE_READERS = 3,
	SQLITE_BUSY_MS =
		10000, /* how long another program may hold the file, a shell for instance */
	WAL_PAGES_MOST = 10000,     /* then a checkpoint: more often costs the slowest accepts */
	WAL_PAGES_FULL = 256,       /* the same while the disk is full: the WAL is to stay small */
	WAL_PAGES_HUGE = 100000,    /* readers held it up; its file is to shrink again */
	SPACE_CHECK_MS = 1000,      /* how often a full disk is looked at */
	PRUNE_EVERY_MS = 300000,    /* from the end of a pass to the next */
	PRUNE_STEP = 500,           /* rows */
	PRUNE_STEP_BYTES = 4 << 20, /* of bodies: each page of them is touched */
	FRESH_SAVE_ROWS = 4096,     /* the watermark is saved after so many accepts, */
	FRESH_SAVE_MS = 1000,       /* or after this time */
	BACKLOG_LONG_MS = 60000,      /* what waits gets its place in the file after this time, */
	BACKLOG_LOOK_MS = 1000,       /* looked at so often, */
	BACKLOG_STEP = 500,           /* so many rows at once, */
	BACKLOG_BUSY_MS = 100,        /* and so often while there is other work */
	ATTRS_BYTES_MAX = 1 << 20,
	PAGE_BYTES = 4096,
};

#define DAY_MS (24 * 3600 * INT64_C(1000))

/* An operation of our own, behind those of the store. */
enum { SQLITE_RECOVER = STORE_NOTE + 1, SQLITE_OP_KINDS };

struct sqlite_recover {
	struct store_op op;
	const uint64_t *suspects;
	size_t count;
	struct store_recovery found;
};

/* A connection that only reads; taken by one thread at a time. */
struct sqlite_reader {
	sqlite3 *db; /* NULL: not opened yet */
	bool taken;
};

/* A row that was found, and is to be changed: its number and what else there is to know. */
struct sqlite_pick {
	uint64_t seq;
	int64_t due_ms, link;
	int state;
};

/* Where attributes are put together from a row. */
struct sqlite_attrs {
	const char **items;
	size_t cap;
};

/* Where the chain of the audit trail has come to. */
struct audit_end {
	uint64_t number; /* of the last row; 0: there is none */
	uint8_t hash[STORE_DIGEST_BYTES];
};

struct sqlite_store {
	struct store store;
	struct sqlite_options options;
	const struct clock *clock;
	char *folder, *path; /* of the database */
	int lock_fd;
	uint8_t audit_key[MAC_KEY_BYTES];

	sqlite3 *db;
	sqlite3_stmt *stmts[STMT_COUNT];
	struct buf attrs_out; /* attributes on their way into the file */
	struct sqlite_attrs attrs_in;
	struct sqlite_pick picks[2][STORE_GROUP_MAX]; /* of the operation that is carried out */
	struct fresh fresh;
	struct backlog backlog;
	int64_t backlog_look_ms; /* monotonic: when to look for what has waited for long */
	pthread_t thread;
	bool has_thread;

	/* Any thread, under lock. */
	pthread_mutex_t lock;
	pthread_cond_t work; /* for the writer */
	struct store_op *first, **end;
	bool closing;
	bool damaged; /* a reader found the file damaged, and says how: */
	char damage[256];
	struct store_stats stats;
	struct sqlite_reader readers[SQLITE_READERS];
	pthread_cond_t reader_free;

	/* The writer's. */
	bool failed;
	bool full;
	bool has_reserve;
	struct store_op *held, **held_end; /* settlements for which there was no room yet */
	int64_t space_check_ms;            /* monotonic: when to look again */
	bool has_keys;                     /* a delivery with an ordering key may be open */
	bool recovered;                    /* leases of the process before are released */
	uint64_t watermark;                /* as it stands in the file */
	uint64_t watermark_next;           /* as it will, when the transaction is committed */
	uint64_t seq_seen;                 /* the greatest that was accepted */
	uint64_t accepts_unsaved;
	int64_t watermark_ms; /* monotonic: when it was saved */
	int wal_pages, checkpoint_at;
	uint64_t data_bytes; /* without free pages and the WAL */
	int page_bytes;
	unsigned prune_phase;
	bool prune_pressed;
	int64_t prune_step_ms;             /* monotonic: when the last step was */
	int64_t prune_ended_ms;            /* monotonic: when the last pass had ended */
	uint64_t sweep;                    /* up to this number all rows were looked at */
	uint64_t sweep_next;               /* when the transaction is committed */
	uint64_t pruned_now, pruned_bytes; /* in this transaction */
	struct audit_end audit_end;        /* as it stands in the file */
	struct audit_end audit_end_next;   /* when the transaction is committed */
	int rc;                            /* of what failed last, and */
	char why[512];                     /* what SQLite said */
};

/* sqlite_open.c */
int sqlite_connect(struct sqlite_store *s, bool writes, sqlite3 **ret, struct err *e);
void sqlite_dispose(struct sqlite_store *s); /* takes a half-built one */
extern const struct store_api sqlite_api;

/* sqlite_schema.c: makes or migrates the tables.  0 with e filled in: it is not ours, or younger. */
int sqlite_schema(struct sqlite_store *s, struct err *e);

/* sqlite_writer.c */
int writer_start(struct sqlite_store *s, struct err *e);
void writer_stop(struct sqlite_store *s); /* waits for what is queued */
void writer_post(struct store *store, struct store_op *first);
void writer_hurt(struct sqlite_store *s, const char *how); /* any thread: the file is damaged */

/* sqlite_group.c */
enum group_end { GROUP_COMMITTED, GROUP_NO_ROOM, GROUP_FAILED };

void group_run(struct sqlite_store *s, struct store_op *first);
void group_run_held(struct sqlite_store *s);  /* tries again what had no room */
void group_drop_held(struct sqlite_store *s); /* and gives it up */
/* A transaction of the engine's own: commits it if rc is 0, else rolls back. */
int group_begin(struct sqlite_store *s);
enum group_end group_end(struct sqlite_store *s, int rc);
enum group_end group_judge(struct sqlite_store *s, int rc); /* what a failure means */
void group_fail(struct sqlite_store *s, int rc, const char *why);

/* sqlite_upkeep.c: between groups.  True: there is more to do at once. */
bool upkeep(struct sqlite_store *s, bool idle);
int64_t upkeep_wait_ms(struct sqlite_store *s);
int upkeep_note_size(struct sqlite_store *s);  /* in a transaction: what the data takes */
void upkeep_show_size(struct sqlite_store *s); /* in the statistics */
int upkeep_note_wal(void *arg, sqlite3 *db, const char *name, int pages);

/* sqlite_prune.c */
bool prune(struct sqlite_store *s, bool idle);      /* a step, if it is time; true: there is more */
int64_t prune_due_ms(const struct sqlite_store *s); /* monotonic */
bool prune_is_pressed(const struct sqlite_store *s);

/* sqlite_space.c */
enum { RESERVE_BYTES = 16 << 20, ROOM_BYTES = 8 << 20 };
bool space_reserve(struct sqlite_store *s); /* makes the reserve; false: there is no room */
void space_give_up(struct sqlite_store *s); /* what the reserve took is free */
void space_release(struct sqlite_store *s); /* the same; the store is full from now on */
void space_check(struct sqlite_store *s);   /* is there room again? */
uint64_t space_free_bytes(const struct sqlite_store *s);

/* sqlite_damage.c */
int damage_check(const struct sqlite_store *s, struct err *e);
void damage_mark(const struct sqlite_store *s, const char *why);
int damage_lock(const char *folder, int *ret_fd, struct err *e);

/* Operations: 0 with op->rc, or SQLite's code. */
int op_accept(struct sqlite_store *s, struct store_op *op);
int op_settle(struct sqlite_store *s, struct store_op *op);
int op_claim(struct sqlite_store *s, struct store_op *op);
int op_alter(struct sqlite_store *s, struct store_op *op);
int op_replay(struct sqlite_store *s, struct store_op *op);
int op_expire(struct sqlite_store *s, struct store_op *op);
int op_drop(struct sqlite_store *s, struct store_op *op);
int op_note(struct sqlite_store *s, struct store_op *op);
int op_link(struct sqlite_store *s, struct store_op *op);
int op_pause(struct sqlite_store *s, struct store_op *op);
int op_recover(struct sqlite_store *s, struct store_op *op);

/* sqlite_file.c: gives what waits in memory its place in the indexes of the file.  Of a link what came
 * before before_ms, at most `most`; of the links of deleted connections; a step of what has waited for
 * long, as a transaction of its own: true: there is more. */
int file_waiting(struct sqlite_store *s, int64_t link, int64_t before_ms, uint32_t most);
int file_deleted(struct sqlite_store *s, uint32_t most);
bool file_old(struct sqlite_store *s, bool idle);

int op_token_add(struct sqlite_store *s, struct store_op *op);
int op_token_remove(struct sqlite_store *s, struct store_op *op);
int op_token_used(struct sqlite_store *s, struct store_op *op);
int op_change(struct sqlite_store *s, struct store_op *op);
int op_journal_done(struct sqlite_store *s, struct store_op *op);

/* sqlite_link.c: the id of the link of a place, which is made with `make`; 0: there is none. */
int link_at(struct sqlite_store *s, const struct store_place *place, bool make, int64_t *ret);

/* sqlite_naming.c: 0 with *ret_rc, 0 or ERR_CONFLICT, or SQLite's code. */
int naming_apply(struct sqlite_store *s, const struct store_naming *naming, int *ret_rc);

/* sqlite_audit.c: the trail; its key lies beside the database, and is made when there is none.  Adding
 * is part of a transaction, and audit_save() ends it.  0 or SQLite's code. */
int audit_open_key(struct sqlite_store *s, struct err *e);
int audit_load(struct sqlite_store *s);
int audit_add(struct sqlite_store *s, const struct store_audit *audit);
int audit_save(struct sqlite_store *s);
/* The end as the file has it, and whether it is as it was written.  *ret is all 0 when there is none. */
int audit_read_end(const struct sqlite_store *s, sqlite3 *db, struct audit_end *ret,
                   bool *ret_good);

/* sqlite_audit_hash.c: what a row's hash is over (count < 0: there is none), and that of the end. */
void audit_hash(const uint8_t *key, const uint8_t *before, uint64_t number,
                const struct store_audit *audit, int64_t count, uint8_t *ret);
void audit_hash_end(const uint8_t *key, const struct audit_end *end, uint8_t *ret);

/* sqlite_order.c: after a change among the deliveries with a key, marks which one of them may go. */
int order_refresh(struct sqlite_store *s, int64_t link, const char *key);
int order_refresh_of(struct sqlite_store *s, uint64_t seq); /* the same, if this one has a key */

/* sqlite_row.c: rows as structs.  The pointers are good until the statement goes on. */
#define DELIVERY_COLUMNS                                                                           \
	"seq, salt, link, state, due_ms, accepted_ms, since_ms, ended_ms, attempts, replay, "      \
	"suspect, fence, ordering_key, status, reason, duration_ms"
enum { DELIVERY_COLUMN_COUNT = 16 };
void row_delivery(sqlite3_stmt *stmt, struct store_delivery *ret);
/* content_type, attrs, body from this column on.  ERR_NO_MEMORY. */
int row_payload(sqlite3_stmt *stmt, int column, struct sqlite_attrs *attrs,
                struct store_delivery *ret);
void row_attempt(sqlite3_stmt *stmt, struct store_attempt *ret);
const char *row_text(sqlite3_stmt *stmt, int column);
void bind_text(sqlite3_stmt *stmt, int index, const char *text); /* NULL too; borrowed */
void bind_seq(sqlite3_stmt *stmt, int index, uint64_t seq);

/* sqlite_filter.c: appends "WITH … SELECT columns FROM delivery … WHERE …" for a filter; the reason is
 * parameter 1. */
void filter_select(struct buf *sql, const char *columns, const struct store_filter *filter);
void filter_bind(sqlite3_stmt *stmt, const struct store_filter *filter);

/* sqlite_read.c */
int read_links(struct store *store, void (*each)(void *arg, const struct store_link *), void *arg,
               struct err *e);
int read_list(struct store *store, const struct store_filter *filter, uint64_t from, bool ascending,
              uint32_t most, void (*each)(void *arg, const struct store_delivery *), void *arg,
              struct err *e);
int read_count(struct store *store, const struct store_filter *filter, uint64_t *ret,
               struct err *e);
int read_get(struct store *store, uint64_t seq,
             void (*delivery)(void *arg, const struct store_delivery *),
             void (*attempt)(void *arg, const struct store_attempt *), void *arg, struct err *e);
/* sqlite_read_access.c */
int read_tokens(struct store *store, void (*each)(void *arg, const struct store_token *), void *arg,
                struct err *e);
int read_audit(struct store *store, uint64_t from, uint32_t most,
               void (*each)(void *arg, const struct store_audit_row *), void *arg, struct err *e);
/* sqlite_read_catalogue.c */
int read_deployments(struct store *store, const struct store_place *place, bool active_only,
                     bool with_snapshot, void (*each)(void *arg, const struct store_deployment *),
                     void *arg, struct err *e);
int read_deployment(struct store *store, const struct store_place *place, uint32_t number,
                    void (*each)(void *arg, const struct store_deployment *), void *arg,
                    struct err *e);
int read_approvals(struct store *store, void (*each)(void *arg, const struct store_approval *),
                   void *arg, struct err *e);
int read_identities(struct store *store, void (*each)(void *arg, const struct store_identity *),
                    void *arg, struct err *e);
/* sqlite_read_journal.c */
int read_journal(struct store *store,
                 void (*each)(void *arg, uint64_t journal, const struct store_file *files,
                              size_t count),
                 void *arg, struct err *e);
/* sqlite_audit_verify.c */
int read_audit_verify(struct store *store, struct store_audit_verdict *ret, struct err *e);
/* One row; audit.count points at *ret_count, or is NULL. */
#define AUDIT_COLUMNS "number, at_ms, actor, action, project, subject, detail, count, hash"
void row_audit(sqlite3_stmt *stmt, struct store_audit_row *ret, uint32_t *ret_count);

/* A connection to read with, and giving it back; rc tells how the last statement ended. */
int reader_take(struct sqlite_store *s, struct sqlite_reader **ret, struct err *e);
int reader_return(struct sqlite_store *s, struct sqlite_reader *reader, int rc, struct err *e);

static inline struct sqlite_store *sqlite_of(struct store *store)
{
	return (struct sqlite_store *)store;
}
