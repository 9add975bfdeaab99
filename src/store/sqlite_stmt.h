/*
 * The statements of the writer: all of them in one table, prepared once.
 *
 * What keeps a life cycle cheap: a delivery that is leased from the start, or claimed before it has
 * waited for long, and ends well has no due_ms, so that no index but the one of its number knows it.
 */
#pragma once

#include <sqlite3.h>

struct sqlite_store;

enum stmt {
	STMT_BEGIN,
	STMT_COMMIT,
	STMT_ROLLBACK,
	STMT_PAGE_COUNT,
	STMT_FREE_COUNT,
	STMT_META_GET,
	STMT_META_SET,
	STMT_HAS_KEYS,
	STMT_SEQ_MOST,
	STMT_ADD_PAYLOAD,
	STMT_ADD_DELIVERY,
	STMT_ADD_ATTEMPT,
	STMT_KEY_FIND,
	STMT_KEY_ADD,
	STMT_KEY_FORGET,
	STMT_SETTLE,
	STMT_SETTLE_QUIETLY,
	STMT_KEY_OF,
	STMT_DUE,
	STMT_NEXT_DUE,
	STMT_PAYLOAD,
	STMT_LEASE,
	STMT_ORDER_OPEN,
	STMT_ORDER_FIRST,
	STMT_ORDER_PARK,
	STMT_ORDER_UNPARK,
	STMT_STATE,
	STMT_DUE_NOW,
	STMT_CANCEL,
	STMT_REPLAY,
	STMT_EXPIRED,
	STMT_EXPIRE,
	STMT_LINK_FIND,
	STMT_LINK_ADD,
	STMT_LINK_PAUSE,
	STMT_SUSPECT,
	STMT_SUSPECT_QUARANTINE,
	STMT_LEASED,
	STMT_RELEASE,
	STMT_FILE,
	STMT_LINK_DELETED,
	STMT_PRUNE_KEYS,
	STMT_PRUNE_OLD,
	STMT_SWEEP,
	STMT_MARK_OLD,
	STMT_BODY_BYTES,
	STMT_DELETE_DELIVERY,
	STMT_DELETE_PAYLOAD,
	STMT_DELETE_ATTEMPTS,
	STMT_AUDIT_ADD,
	STMT_AUDIT_END,
	STMT_TOKEN_ADD,
	STMT_TOKEN_REMOVE,
	STMT_TOKEN_USED,
	STMT_SAVEPOINT,
	STMT_SAVEPOINT_UNDO,
	STMT_SAVEPOINT_END,
	STMT_JOURNAL_ADD,
	STMT_JOURNAL_ADD_FILE,
	STMT_JOURNAL_REMOVE,
	STMT_JOURNAL_REMOVE_FILES,
	STMT_IDENTITY_FIND,
	STMT_IDENTITY_ADD,
	STMT_IDENTITY_RENAME,
	STMT_IDENTITY_REMOVE,
	STMT_LINKS_RENAME,
	STMT_LINKS_DELETE,
	STMT_DEPLOYMENTS_END,
	STMT_DEPLOYMENT_END,
	STMT_DEPLOYMENT_TOGGLE,
	STMT_DEPLOYMENT_MOST,
	STMT_DEPLOYMENT_ADD,
	STMT_APPROVAL_ADD,
	STMT_DROPPABLE,
	STMT_DROP,
	STMT_DROPPED,
	STMT_COUNT,
};

int stmt_prepare_all(struct sqlite_store *s);
void stmt_finish_all(struct sqlite_store *s);

/* Carries out a statement that gives no rows.  0 or SQLite's code. */
int stmt_run(sqlite3_stmt *stmt);
/* Steps to the only row of interest: 0 and *ret_found; the caller resets after a row. */
int stmt_first(sqlite3_stmt *stmt, int *ret_found);
