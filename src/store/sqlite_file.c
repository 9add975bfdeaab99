/* What waits in memory gets its place in the indexes of the file: when it has waited for long, or when
 * it is to be found by more than its link. */
#include "base/banned.h"
#include "base/clock.h"
#include "store/sqlite_impl.h"

/* The same with a count of those that are left to be done. */
static int file_some(struct sqlite_store *s, int64_t link, int64_t before_ms, uint32_t *left)
{
	sqlite3_stmt *stmt = s->stmts[STMT_FILE];
	const struct backlog_row *row;
	int rc = 0;

	while (rc == 0 && *left > 0 && (row = backlog_first(&s->backlog, link)) &&
	       row->due_ms < before_ms) {
		bind_seq(stmt, 1, row->seq);
		sqlite3_bind_int64(stmt, 2, row->due_ms);
		rc = stmt_run(stmt);
		backlog_take(&s->backlog, link, false);
		--*left;
	}
	return rc;
}

int file_waiting(struct sqlite_store *s, int64_t link, int64_t before_ms, uint32_t most)
{
	return file_some(s, link, before_ms, &most);
}

static int is_deleted(struct sqlite_store *s, int64_t link, bool *ret)
{
	sqlite3_stmt *stmt = s->stmts[STMT_LINK_DELETED];
	int found;

	sqlite3_bind_int64(stmt, 1, link);
	int rc = stmt_first(stmt, &found);
	*ret = rc == 0 && found && sqlite3_column_int(stmt, 0) != 0;
	sqlite3_reset(stmt);
	return rc;
}

int file_deleted(struct sqlite_store *s, uint32_t most)
{
	bool deleted;
	int rc = 0;

	for (int64_t link = 0; rc == 0 && (link = backlog_link_after(&s->backlog, link));) {
		rc = is_deleted(s, link, &deleted);
		if (rc == 0 && deleted)
			rc = file_some(s, link, INT64_MAX, &most);
	}
	return rc;
}

static bool any_old(struct sqlite_store *s, int64_t before_ms)
{
	for (int64_t link = 0; (link = backlog_link_after(&s->backlog, link));)
		if (backlog_first(&s->backlog, link)->due_ms < before_ms)
			return true;
	return false;
}

/* True: there is more. */
static bool step(struct sqlite_store *s, int64_t before_ms)
{
	uint32_t left = BACKLOG_STEP;

	int rc = group_begin(s);
	for (int64_t link = 0; rc == 0 && (link = backlog_link_after(&s->backlog, link));)
		rc = file_some(s, link, before_ms, &left);
	switch (group_end(s, rc)) {
	case GROUP_COMMITTED:
		return left == 0;
	case GROUP_NO_ROOM:
		space_release(s);
		return false;
	default:
		group_fail(s, s->rc, s->why);
		return false;
	}
}

bool file_old(struct sqlite_store *s, bool idle)
{
	int64_t now_ms = s->clock->mono_ms(), before_ms = s->clock->unix_ms() - BACKLOG_LONG_MS;

	if (s->backlog.count == 0 || s->held || s->full || now_ms < s->backlog_look_ms)
		return false;
	bool more = any_old(s, before_ms) && step(s, before_ms);
	s->backlog_look_ms = now_ms + (!more ? BACKLOG_LOOK_MS : idle ? 0 : BACKLOG_BUSY_MS);
	return more && idle;
}
