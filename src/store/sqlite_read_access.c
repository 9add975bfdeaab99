/* Reading tokens and the audit trail. */
#include <string.h>

#include "base/banned.h"
#include "base/err.h"
#include "store/sqlite_impl.h"

static void row_token(sqlite3_stmt *stmt, struct store_token *ret)
{
	*ret = (struct store_token){
		.id = row_text(stmt, 0),
		.name = row_text(stmt, 1),
		.role = row_text(stmt, 2),
		.projects = row_text(stmt, 3),
		.connections = row_text(stmt, 4),
		.created_by = row_text(stmt, 5),
		.created_ms = sqlite3_column_int64(stmt, 6),
		.expires_ms = sqlite3_column_int64(stmt, 7),
		.used_ms = sqlite3_column_int64(stmt, 8),
	};
	const void *digest = sqlite3_column_blob(stmt, 9);
	/* One of another length fits to no token. */
	if (digest && sqlite3_column_bytes(stmt, 9) == STORE_DIGEST_BYTES)
		memcpy(ret->digest, digest, STORE_DIGEST_BYTES);
}

int read_tokens(struct store *store, void (*each)(void *arg, const struct store_token *), void *arg,
                struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	struct sqlite_reader *reader;
	sqlite3_stmt *stmt = NULL;
	struct store_token token;

	int rc = reader_take(s, &reader, e);
	if (rc < 0)
		return rc;
	rc = sqlite3_prepare_v2(reader->db,
	                        "SELECT id, name, role, projects, connections, created_by,"
	                        " created_ms, expires_ms, used_ms, digest FROM token ORDER BY name",
	                        -1, &stmt, NULL);
	while (rc == 0 && sqlite3_step(stmt) == SQLITE_ROW) {
		row_token(stmt, &token);
		each(arg, &token);
	}
	int ended = sqlite3_finalize(stmt);
	return reader_return(s, reader, rc ? rc : ended, e);
}

void row_audit(sqlite3_stmt *stmt, struct store_audit_row *ret, uint32_t *ret_count)
{
	bool counted = sqlite3_column_type(stmt, 7) != SQLITE_NULL;
	bool hashed = sqlite3_column_bytes(stmt, 8) == STORE_DIGEST_BYTES;

	*ret_count = (uint32_t)sqlite3_column_int64(stmt, 7);
	*ret = (struct store_audit_row){
		.number = (uint64_t)sqlite3_column_int64(stmt, 0),
		.audit =
			{
				.at_ms = sqlite3_column_int64(stmt, 1),
				.actor = row_text(stmt, 2),
				.action = row_text(stmt, 3),
				.project = row_text(stmt, 4),
				.subject = row_text(stmt, 5),
				.detail = row_text(stmt, 6),
				.count = counted ? ret_count : NULL,
			},
		.hash = hashed ? sqlite3_column_blob(stmt, 8) : NULL,
	};
}

int read_audit(struct store *store, uint64_t from, uint32_t most,
               void (*each)(void *arg, const struct store_audit_row *), void *arg, struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	struct sqlite_reader *reader;
	struct store_audit_row row;
	sqlite3_stmt *stmt = NULL;
	uint32_t count;

	int rc = reader_take(s, &reader, e);
	if (rc < 0)
		return rc;
	rc = sqlite3_prepare_v2(reader->db,
	                        "SELECT " AUDIT_COLUMNS
	                        " FROM audit WHERE number < ?1 ORDER BY number DESC LIMIT ?2",
	                        -1, &stmt, NULL);
	if (rc == 0) {
		bind_seq(stmt, 1, from ? from : INT64_MAX);
		sqlite3_bind_int64(stmt, 2, most);
	}
	while (rc == 0 && sqlite3_step(stmt) == SQLITE_ROW) {
		row_audit(stmt, &row, &count);
		each(arg, &row);
	}
	int ended = sqlite3_finalize(stmt);
	return reader_return(s, reader, rc ? rc : ended, e);
}
