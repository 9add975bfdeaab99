/* The statements of the writer. */
#include "store/sqlite_stmt.h"

#include "base/banned.h"
#include "store/sqlite_impl.h"

static const char *const texts[STMT_COUNT] = {
	[STMT_BEGIN] = "BEGIN IMMEDIATE",
	[STMT_COMMIT] = "COMMIT",
	[STMT_ROLLBACK] = "ROLLBACK",
	[STMT_PAGE_COUNT] = "PRAGMA page_count",
	[STMT_FREE_COUNT] = "PRAGMA freelist_count",
	[STMT_META_GET] = "SELECT value FROM meta WHERE name = ?1",
	[STMT_META_SET] = "INSERT INTO meta(name, value) VALUES(?1, ?2)"
			  " ON CONFLICT(name) DO UPDATE SET value = excluded.value",
	[STMT_HAS_KEYS] = "SELECT 1 FROM delivery INDEXED BY delivery_order"
			  " WHERE ordering_key IS NOT NULL AND state <= 1 LIMIT 1",
	[STMT_SEQ_MOST] = "SELECT max(ifnull((SELECT max(seq) FROM delivery), 0),"
			  " ifnull((SELECT max(seq) FROM idempotency), 0))",

	[STMT_ADD_PAYLOAD] =
		"INSERT INTO payload(seq, content_type, attrs, body) VALUES(?1, ?2, ?3, ?4)",
	[STMT_ADD_DELIVERY] = "INSERT INTO delivery(seq, salt, link, state, parked, due_ms,"
			      " accepted_ms, since_ms, fence, ordering_key)"
			      " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?9)",
	[STMT_ADD_ATTEMPT] = "INSERT INTO attempt(seq, replay, number, at_ms, duration_ms, status,"
			     " outcome, reason, detail, excerpt)"
			     " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
	[STMT_KEY_FIND] = "SELECT seq, salt, at_ms, digest FROM idempotency"
			  " WHERE link = ?1 AND key = ?2",
	[STMT_KEY_ADD] = "INSERT INTO idempotency(seq, link, key, salt, at_ms, digest)"
			 " VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
	[STMT_KEY_FORGET] = "DELETE FROM idempotency WHERE seq = ?1",

	[STMT_SETTLE] = "UPDATE delivery SET state = ?3, due_ms = ?4, ended_ms = ?5, attempts = ?6,"
			" suspect = ?7, status = ?8, reason = ?9, duration_ms = ?10"
			" WHERE seq = ?1 AND fence = ?2 AND state = 1",
	[STMT_SETTLE_QUIETLY] =
		"UPDATE delivery SET state = ?3, due_ms = ?4, ended_ms = ?5, attempts = ?6,"
		" suspect = ?7 WHERE seq = ?1 AND fence = ?2 AND state = 1",
	[STMT_KEY_OF] = "SELECT link, ordering_key FROM delivery"
			" WHERE seq = ?1 AND ordering_key IS NOT NULL",

	[STMT_DUE] = "SELECT seq, due_ms FROM delivery INDEXED BY delivery_due"
		     " WHERE due_ms IS NOT NULL AND state = 0 AND parked = ?1 AND link = ?2"
		     " AND due_ms <= ?3 ORDER BY due_ms, seq LIMIT ?4",
	[STMT_NEXT_DUE] = "SELECT due_ms FROM delivery INDEXED BY delivery_due"
			  " WHERE due_ms IS NOT NULL AND state = 0 AND parked = ?1 AND link = ?2"
			  " ORDER BY due_ms LIMIT 1",
	[STMT_PAYLOAD] = "SELECT " DELIVERY_COLUMNS ", content_type, attrs, body"
			 " FROM delivery CROSS JOIN payload USING(seq) WHERE seq = ?1",
	[STMT_LEASE] = "UPDATE delivery SET state = 1, parked = 0, fence = fence + 1"
		       " WHERE seq = ?1",

	[STMT_ORDER_OPEN] = "SELECT 1 FROM delivery INDEXED BY delivery_order"
			    " WHERE link = ?1 AND ordering_key = ?2"
			    " AND state <= 1 LIMIT 1",
	[STMT_ORDER_FIRST] =
		"SELECT min(seq) FROM ("
		"SELECT min(seq) AS seq FROM delivery INDEXED BY delivery_order"
		" WHERE link = ?1 AND ordering_key = ?2 AND state <= 1 AND state = 0 AND parked = 0 UNION ALL "
		"SELECT min(seq) AS seq FROM delivery INDEXED BY delivery_order"
		" WHERE link = ?1 AND ordering_key = ?2 AND state <= 1 AND state = 0 AND parked = 1)"
		" WHERE NOT EXISTS (SELECT 1 FROM delivery INDEXED BY delivery_order"
		" WHERE link = ?1 AND ordering_key = ?2 AND state <= 1 AND state = 1)",
	[STMT_ORDER_PARK] = "UPDATE delivery INDEXED BY delivery_order SET parked = 1"
			    " WHERE link = ?1 AND ordering_key = ?2"
			    " AND state <= 1 AND state = 0 AND parked = 0 AND seq <> ?3",
	[STMT_ORDER_UNPARK] = "UPDATE delivery SET parked = 0 WHERE seq = ?1 AND parked = 1",

	[STMT_STATE] = "SELECT state, link, (SELECT deleted FROM link WHERE id = delivery.link)"
		       " FROM delivery WHERE seq = ?1",
	[STMT_DUE_NOW] = "UPDATE delivery SET due_ms = ?2 WHERE seq = ?1",
	[STMT_CANCEL] = "UPDATE delivery SET state = 5, parked = 0, due_ms = NULL, ended_ms = ?2"
			" WHERE seq = ?1",
	[STMT_REPLAY] = "UPDATE delivery SET state = 0, due_ms = ?2, since_ms = ?2, ended_ms = 0,"
			" attempts = 0, suspect = 0, replay = replay + 1 WHERE seq = ?1",
	[STMT_EXPIRED] = "SELECT seq FROM delivery INDEXED BY delivery_since"
			 " WHERE due_ms IS NOT NULL AND link = ?1 AND since_ms < ?2 AND state = 0"
			 " ORDER BY since_ms, seq LIMIT ?3",
	[STMT_EXPIRE] = "UPDATE delivery SET state = 3, parked = 0, due_ms = NULL, ended_ms = ?2,"
			" reason = 'expired' WHERE seq = ?1",

	[STMT_LINK_FIND] = "SELECT id, paused, paused_reason FROM link"
			   " WHERE project = ?1 AND connection = ?2 AND environment = ?3"
			   " AND deleted = 0",
	[STMT_LINK_ADD] = "INSERT INTO link(project, connection, environment) VALUES(?1, ?2, ?3)",
	[STMT_LINK_PAUSE] = "UPDATE link SET paused = ?2, paused_reason = ?3 WHERE id = ?1",

	[STMT_SUSPECT] = "UPDATE delivery SET attempts = attempts + 1, suspect = suspect + 1,"
			 " status = 0, reason = 'host_died', duration_ms = 0"
			 " WHERE seq = ?1 AND state = 1 RETURNING suspect, attempts, replay",
	[STMT_SUSPECT_QUARANTINE] = "UPDATE delivery SET state = 4, due_ms = NULL, ended_ms = ?2"
				    " WHERE seq = ?1",
	[STMT_LEASED] = "SELECT seq, state FROM delivery INDEXED BY delivery_due"
			" WHERE due_ms IS NOT NULL AND state = 1 UNION ALL "
			"SELECT seq, state FROM delivery NOT INDEXED"
			" WHERE seq >= ?1 AND state <= 1 AND due_ms IS NULL",
	[STMT_RELEASE] = "UPDATE delivery SET state = 0, due_ms = ifnull(due_ms, accepted_ms)"
			 " WHERE seq = ?1",

	[STMT_FILE] = "UPDATE delivery SET due_ms = ?2 WHERE seq = ?1 AND state = 0"
		      " AND due_ms IS NULL",
	[STMT_LINK_DELETED] = "SELECT deleted FROM link WHERE id = ?1",

	[STMT_PRUNE_KEYS] = "DELETE FROM idempotency WHERE at_ms <= ?1 AND seq IN"
			    " (SELECT seq FROM idempotency ORDER BY seq LIMIT ?2)",
	[STMT_PRUNE_OLD] =
		"SELECT seq, ended_ms FROM ("
		"SELECT * FROM (SELECT seq, ended_ms FROM delivery INDEXED BY delivery_old"
		" WHERE old = 1 AND state = 2 AND ended_ms <= ?1 ORDER BY ended_ms LIMIT ?3)"
		" UNION ALL "
		"SELECT * FROM (SELECT seq, ended_ms FROM delivery INDEXED BY delivery_old"
		" WHERE old = 1 AND state = 5 AND ended_ms <= ?1 ORDER BY ended_ms LIMIT ?3)"
		" UNION ALL "
		"SELECT * FROM (SELECT seq, ended_ms FROM delivery INDEXED BY delivery_old"
		" WHERE old = 1 AND state = 3 AND ended_ms <= ?2 ORDER BY ended_ms LIMIT ?3)"
		" UNION ALL "
		"SELECT * FROM (SELECT seq, ended_ms FROM delivery INDEXED BY delivery_old"
		" WHERE old = 1 AND state = 4 AND ended_ms <= ?2 ORDER BY ended_ms LIMIT ?3))"
		" ORDER BY ended_ms LIMIT ?3",
	[STMT_SWEEP] = "SELECT seq, state, accepted_ms, ended_ms FROM delivery NOT INDEXED"
		       " WHERE seq > ?1 AND seq < (SELECT max(seq) FROM delivery)"
		       " ORDER BY seq LIMIT ?2",
	[STMT_MARK_OLD] = "UPDATE delivery SET old = 1 WHERE seq = ?1",
	[STMT_BODY_BYTES] = "SELECT length(body) FROM payload WHERE seq = ?1",
	[STMT_DELETE_DELIVERY] = "DELETE FROM delivery WHERE seq = ?1",
	[STMT_DELETE_PAYLOAD] = "DELETE FROM payload WHERE seq = ?1",
	[STMT_DELETE_ATTEMPTS] = "DELETE FROM attempt WHERE seq = ?1",

	[STMT_AUDIT_ADD] = "INSERT INTO audit(number, at_ms, actor, action, project, subject,"
			   " detail, count, hash) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[STMT_AUDIT_END] = "INSERT OR REPLACE INTO audit_end(one, number, last, hash)"
			   " VALUES(1, ?1, ?2, ?3)",
	[STMT_TOKEN_ADD] = "INSERT INTO token(id, name, role, projects, connections, created_by,"
			   " created_ms, expires_ms, digest)"
			   " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
	[STMT_TOKEN_REMOVE] = "DELETE FROM token WHERE id = ?1",
	[STMT_TOKEN_USED] = "UPDATE token SET used_ms = max(used_ms, ?2) WHERE id = ?1",

	[STMT_SAVEPOINT] = "SAVEPOINT change",
	[STMT_SAVEPOINT_UNDO] = "ROLLBACK TO change",
	[STMT_SAVEPOINT_END] = "RELEASE change",
	[STMT_JOURNAL_ADD] = "INSERT INTO journal DEFAULT VALUES",
	[STMT_JOURNAL_ADD_FILE] = "INSERT INTO journal_file(journal, place, path, before, bytes,"
				  " mode) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
	[STMT_JOURNAL_REMOVE] = "DELETE FROM journal WHERE id = ?1",
	[STMT_JOURNAL_REMOVE_FILES] = "DELETE FROM journal_file WHERE journal = ?1",
	[STMT_IDENTITY_FIND] = "SELECT uid = ?3 FROM identity WHERE project = ?1 AND name = ?2",
	[STMT_IDENTITY_ADD] = "INSERT INTO identity(project, name, uid, created_ms)"
			      " VALUES(?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
	[STMT_IDENTITY_RENAME] = "UPDATE identity SET project = ?3, name = ?4"
				 " WHERE project = ?1 AND name = ?2",
	[STMT_IDENTITY_REMOVE] = "DELETE FROM identity WHERE project = ?1 AND name = ?2",
	[STMT_LINKS_RENAME] = "UPDATE link SET project = ?3, connection = ?4"
			      " WHERE project = ?1 AND connection = ?2 AND deleted = 0",
	[STMT_LINKS_DELETE] = "UPDATE link SET deleted = 1"
			      " WHERE project = ?1 AND connection = ?2 AND deleted = 0",
	[STMT_DEPLOYMENTS_END] =
		"UPDATE deployment SET active = 0 WHERE active = 1 AND link IN"
		" (SELECT id FROM link WHERE project = ?1 AND connection = ?2 AND deleted = 0)",
	[STMT_DEPLOYMENT_END] = "UPDATE deployment SET active = 0 WHERE link = ?1 AND active = 1",
	[STMT_DEPLOYMENT_TOGGLE] = "UPDATE deployment SET enabled = ?2"
				   " WHERE link = ?1 AND active = 1",
	[STMT_DEPLOYMENT_MOST] = "SELECT ifnull(max(number), 0) FROM deployment WHERE link = ?1",
	[STMT_DEPLOYMENT_ADD] = "INSERT INTO deployment(link, number, at_ms, active, enabled,"
				" revision, actor, note, snapshot)"
				" VALUES(?1, ?2, ?3, 1, ?4, ?5, ?6, ?7, ?8)",
	[STMT_APPROVAL_ADD] = "INSERT INTO approval(secret, origin) VALUES(?1, ?2)"
			      " ON CONFLICT DO NOTHING",
	[STMT_DROPPABLE] = "SELECT seq FROM link INDEXED BY link_deleted"
			   " CROSS JOIN delivery INDEXED BY delivery_due ON delivery.link = link.id"
			   " WHERE deleted <> 0 AND deleted = 1"
			   " AND due_ms IS NOT NULL AND state = 0 AND parked = 0 UNION ALL "
			   "SELECT seq FROM link INDEXED BY link_deleted"
			   " CROSS JOIN delivery INDEXED BY delivery_due ON delivery.link = link.id"
			   " WHERE deleted <> 0 AND deleted = 1"
			   " AND due_ms IS NOT NULL AND state = 0 AND parked = 1 LIMIT ?1",
	[STMT_DROP] = "UPDATE delivery SET state = 5, parked = 0, due_ms = NULL, ended_ms = ?2,"
		      " reason = 'deleted' WHERE seq = ?1",
	[STMT_DROPPED] = "UPDATE link INDEXED BY link_deleted SET deleted = 2"
			 " WHERE deleted <> 0 AND deleted = 1"
			 " AND NOT EXISTS (SELECT 1 FROM delivery INDEXED BY delivery_due WHERE"
			 " due_ms IS NOT NULL AND state = 0 AND parked = 0 AND link = link.id)"
			 " AND NOT EXISTS (SELECT 1 FROM delivery INDEXED BY delivery_due WHERE"
			 " due_ms IS NOT NULL AND state = 0 AND parked = 1 AND link = link.id)",
};

int stmt_prepare_all(struct sqlite_store *s)
{
	for (unsigned i = 0; i < STMT_COUNT; i++) {
		int rc = sqlite3_prepare_v3(s->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
		                            &s->stmts[i], NULL);
		if (rc != SQLITE_OK)
			return rc;
	}
	return 0;
}

void stmt_finish_all(struct sqlite_store *s)
{
	for (unsigned i = 0; i < STMT_COUNT; i++) {
		sqlite3_finalize(s->stmts[i]);
		s->stmts[i] = NULL;
	}
}

int stmt_run(sqlite3_stmt *stmt)
{
	int rc = sqlite3_step(stmt);

	/* What the statement ended with is what the reset says. */
	int ended = sqlite3_reset(stmt);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : ended;
}

int stmt_first(sqlite3_stmt *stmt, int *ret_found)
{
	int rc = sqlite3_step(stmt);

	if (rc == SQLITE_ROW) {
		*ret_found = 1;
		return 0;
	}
	*ret_found = 0;
	return sqlite3_reset(stmt);
}
