/* Tokens: adding, removing, and when they were used. */
#include "base/banned.h"
#include "base/err.h"
#include "store/sqlite_impl.h"

int op_token_add(struct sqlite_store *s, struct store_op *op)
{
	const struct store_token *t = ((struct store_token_add *)op)->token;
	sqlite3_stmt *stmt = s->stmts[STMT_TOKEN_ADD];

	bind_text(stmt, 1, t->id);
	bind_text(stmt, 2, t->name);
	bind_text(stmt, 3, t->role);
	bind_text(stmt, 4, t->projects);
	bind_text(stmt, 5, t->connections);
	bind_text(stmt, 6, t->created_by);
	sqlite3_bind_int64(stmt, 7, t->created_ms);
	sqlite3_bind_int64(stmt, 8, t->expires_ms);
	sqlite3_bind_blob(stmt, 9, t->digest, STORE_DIGEST_BYTES, SQLITE_STATIC);
	int rc = stmt_run(stmt);
	if (rc == 0 && sqlite3_changes(s->db) == 0)
		op->rc = ERR_CONFLICT;
	return rc;
}

int op_token_remove(struct sqlite_store *s, struct store_op *op)
{
	sqlite3_stmt *stmt = s->stmts[STMT_TOKEN_REMOVE];

	bind_text(stmt, 1, ((struct store_token_remove *)op)->id);
	int rc = stmt_run(stmt);
	if (rc == 0 && sqlite3_changes(s->db) == 0)
		op->rc = ERR_NOT_FOUND;
	return rc;
}

int op_token_used(struct sqlite_store *s, struct store_op *op)
{
	const struct store_token_used *u = (const struct store_token_used *)op;
	sqlite3_stmt *stmt = s->stmts[STMT_TOKEN_USED];

	bind_text(stmt, 1, u->id);
	sqlite3_bind_int64(stmt, 2, u->at_ms);
	return stmt_run(stmt);
}
