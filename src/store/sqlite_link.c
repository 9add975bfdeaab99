/* Links: their ids, and whether they are paused. */
#include <string.h>

#include "base/banned.h"
#include "base/err.h"
#include "store/sqlite_impl.h"

/* Compared case-folded, as names are everywhere. */
static void bind_names(sqlite3_stmt *stmt, const struct store_link_op *l)
{
	bind_text(stmt, 1, l->project ? l->project : "");
	bind_text(stmt, 2, l->connection);
	bind_text(stmt, 3, l->environment);
}

int op_link(struct sqlite_store *s, struct store_op *op)
{
	struct store_link_op *l = (struct store_link_op *)op;
	sqlite3_stmt *stmt = s->stmts[STMT_LINK_FIND], *add = s->stmts[STMT_LINK_ADD];
	int found;

	l->paused = false;
	l->paused_reason[0] = '\0';
	bind_names(stmt, l);
	int rc = stmt_first(stmt, &found);
	if (rc != 0)
		return rc;
	if (!found) {
		bind_names(add, l);
		rc = stmt_run(add);
		l->id = sqlite3_last_insert_rowid(s->db);
		return rc;
	}
	l->id = sqlite3_column_int64(stmt, 0);
	l->paused = sqlite3_column_int(stmt, 1);
	const char *reason = row_text(stmt, 2);
	snprintf(l->paused_reason, sizeof(l->paused_reason), "%s", reason ? reason : "");
	sqlite3_reset(stmt);
	return 0;
}

int op_pause(struct sqlite_store *s, struct store_op *op)
{
	struct store_pause *p = (struct store_pause *)op;
	sqlite3_stmt *stmt = s->stmts[STMT_LINK_PAUSE];

	sqlite3_bind_int64(stmt, 1, p->link);
	sqlite3_bind_int(stmt, 2, p->paused);
	bind_text(stmt, 3, p->paused ? p->reason : NULL);
	int rc = stmt_run(stmt);
	if (rc == 0 && sqlite3_changes(s->db) == 0)
		op->rc = ERR_NOT_FOUND;
	return rc;
}
