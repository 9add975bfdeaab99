/* Links: their ids, and whether they are paused. */
#include <string.h>

#include "base/banned.h"
#include "base/err.h"
#include "store/sqlite_impl.h"

/* Compared case-folded, as names are everywhere. */
static void bind_place(sqlite3_stmt *stmt, const struct store_place *place)
{
	bind_text(stmt, 1, place->project ? place->project : "");
	bind_text(stmt, 2, place->connection);
	bind_text(stmt, 3, place->environment);
}

static int add_link(struct sqlite_store *s, const struct store_place *place, int64_t *ret)
{
	sqlite3_stmt *stmt = s->stmts[STMT_LINK_ADD];

	bind_place(stmt, place);
	int rc = stmt_run(stmt);
	if (rc == 0)
		*ret = sqlite3_last_insert_rowid(s->db);
	return rc;
}

/* The statement stands on the row when there is one. */
static int find_link(struct sqlite_store *s, const struct store_place *place, int *ret_found)
{
	bind_place(s->stmts[STMT_LINK_FIND], place);
	return stmt_first(s->stmts[STMT_LINK_FIND], ret_found);
}

int link_at(struct sqlite_store *s, const struct store_place *place, bool make, int64_t *ret)
{
	int found;

	*ret = 0;
	int rc = find_link(s, place, &found);
	if (rc == 0 && found) {
		*ret = sqlite3_column_int64(s->stmts[STMT_LINK_FIND], 0);
		sqlite3_reset(s->stmts[STMT_LINK_FIND]);
	}
	return rc == 0 && !found && make ? add_link(s, place, ret) : rc;
}

int op_link(struct sqlite_store *s, struct store_op *op)
{
	struct store_link_op *l = (struct store_link_op *)op;
	const struct store_place place = {l->project, l->connection, l->environment};
	sqlite3_stmt *stmt = s->stmts[STMT_LINK_FIND];
	int found;

	l->paused = false;
	l->paused_reason[0] = '\0';
	int rc = find_link(s, &place, &found);
	if (rc != 0 || !found)
		return rc != 0 ? rc : add_link(s, &place, &l->id);
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
