/*
 * Ordering keys: of the deliveries of a link with the same key only the earliest may go, and only
 * while none of them is leased.  The others are parked: they are in another part of the index of what
 * is due, so that a claim never walks through thousands that may not go yet.
 */
#include "base/banned.h"
#include "store/sqlite_impl.h"

static int first_that_may_go(struct sqlite_store *s, int64_t link, const char *key, int64_t *ret)
{
	sqlite3_stmt *stmt = s->stmts[STMT_ORDER_FIRST];
	int found;

	sqlite3_bind_int64(stmt, 1, link);
	bind_text(stmt, 2, key);
	int rc = stmt_first(stmt, &found);
	if (rc != 0)
		return rc;
	*ret = found ? sqlite3_column_int64(stmt, 0) : 0; /* NULL is 0, which is nobody's number */
	sqlite3_reset(stmt);
	return 0;
}

int order_refresh(struct sqlite_store *s, int64_t link, const char *key)
{
	sqlite3_stmt *park = s->stmts[STMT_ORDER_PARK], *unpark = s->stmts[STMT_ORDER_UNPARK];
	int64_t first = 0;

	int rc = first_that_may_go(s, link, key, &first);
	if (rc != 0)
		return rc;
	sqlite3_bind_int64(park, 1, link);
	bind_text(park, 2, key);
	sqlite3_bind_int64(park, 3, first);
	rc = stmt_run(park);
	if (rc != 0 || first == 0)
		return rc;
	sqlite3_bind_int64(unpark, 1, first);
	return stmt_run(unpark);
}

int order_refresh_of(struct sqlite_store *s, uint64_t seq)
{
	sqlite3_stmt *stmt = s->stmts[STMT_KEY_OF];
	int found;

	if (!s->has_keys)
		return 0;
	bind_seq(stmt, 1, seq);
	int rc = stmt_first(stmt, &found);
	if (rc != 0 || !found)
		return rc;
	rc = order_refresh(s, sqlite3_column_int64(stmt, 0), row_text(stmt, 1));
	sqlite3_reset(stmt);
	return rc;
}
