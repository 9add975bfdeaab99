/* Between groups: checkpoints, looking after the space, pruning. */
#include "base/banned.h"
#include "base/clock.h"
#include "store/sqlite_impl.h"

enum { FRAME_HEAD_BYTES = 24 };

int upkeep_note_wal(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct sqlite_store *s = arg;

	(void)db;
	(void)name;
	s->wal_pages = pages;
	return SQLITE_OK;
}

static int read_number(sqlite3_stmt *stmt, uint64_t *ret)
{
	int found;

	int rc = stmt_first(stmt, &found);
	if (rc == 0 && found)
		*ret = (uint64_t)sqlite3_column_int64(stmt, 0);
	sqlite3_reset(stmt);
	return rc;
}

void upkeep_show_size(struct sqlite_store *s)
{
	uint64_t wal = (uint64_t)s->wal_pages * (uint64_t)(s->page_bytes + FRAME_HEAD_BYTES);

	pthread_mutex_lock(&s->lock);
	s->stats.size_bytes = s->data_bytes + wal;
	pthread_mutex_unlock(&s->lock);
}

int upkeep_note_size(struct sqlite_store *s)
{
	uint64_t pages = 0, unused = 0;

	int rc = read_number(s->stmts[STMT_PAGE_COUNT], &pages);
	if (rc == 0)
		rc = read_number(s->stmts[STMT_FREE_COUNT], &unused);
	if (rc == 0)
		s->data_bytes = (pages - unused) * (uint64_t)s->page_bytes;
	return rc;
}

/* Of what the store may take the WAL takes a twentieth at most. */
static int checkpoint_limit(const struct sqlite_store *s)
{
	int64_t share = s->options.state_max_bytes / 20 / s->page_bytes;

	if (s->full || (s->options.state_max_bytes > 0 && share < WAL_PAGES_FULL))
		return WAL_PAGES_FULL;
	return s->options.state_max_bytes > 0 && share < WAL_PAGES_MOST ? (int)share
	                                                                : WAL_PAGES_MOST;
}

/* Moves what is in the WAL into the database, so that the WAL begins anew.  Readers may hold it up:
 * then it goes on growing, and the next try comes when it has grown by as much again. */
static void checkpoint(struct sqlite_store *s)
{
	int limit = checkpoint_limit(s), in_wal = 0, moved = 0;

	if (s->wal_pages < (s->full || !s->checkpoint_at ? limit : s->checkpoint_at))
		return;
	int mode = s->wal_pages >= WAL_PAGES_HUGE ? SQLITE_CHECKPOINT_TRUNCATE
	                                          : SQLITE_CHECKPOINT_PASSIVE;
	sqlite3_busy_timeout(s->db, 0);
	int rc = sqlite3_wal_checkpoint_v2(s->db, NULL, mode, &in_wal, &moved);
	sqlite3_busy_timeout(s->db, SQLITE_BUSY_MS);
	if ((rc & 0xff) == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY) {
		s->wal_pages = moved >= in_wal ? 0 : in_wal;
		upkeep_show_size(s);
		s->checkpoint_at = s->wal_pages + limit;
		return;
	}
	switch (group_judge(s, sqlite3_extended_errcode(s->db))) {
	case GROUP_NO_ROOM:
		space_release(s);
		s->checkpoint_at = s->wal_pages + limit;
		break;
	default:
		group_fail(s, s->rc, s->why);
	}
}

bool upkeep(struct sqlite_store *s, bool idle)
{
	if (s->failed) {
		group_drop_held(s);
		return false;
	}
	checkpoint(s);
	space_check(s);
	bool more = !s->failed && file_old(s, idle);
	return !s->failed && (prune(s, idle) || more);
}

int64_t upkeep_wait_ms(struct sqlite_store *s)
{
	if (s->full && !s->failed)
		return SPACE_CHECK_MS;
	int64_t due_ms = prune_due_ms(s);
	if (s->backlog.count > 0 && s->backlog_look_ms < due_ms)
		due_ms = s->backlog_look_ms;
	int64_t left = due_ms - s->clock->mono_ms();
	return left > 0 && !s->failed ? left : PRUNE_EVERY_MS;
}
