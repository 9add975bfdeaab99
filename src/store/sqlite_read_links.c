/* What the store knows of links: their rows, and counts from the indexes and the fresh leases. */
#include <stdlib.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/sqlite_impl.h"

struct row {
	struct store_link link;
	uint64_t seq_least;   /* of what is open */
	uint64_t seq_waiting; /* the least of what waits in memory */
};

/* All links, in the order of their ids. */
struct table {
	struct arena arena; /* for texts */
	struct row *rows;
	size_t count, cap;
	bool no_memory;
};

static struct row *find(const struct table *t, int64_t id)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (t->rows[middle].link.id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < t->count && t->rows[low].link.id == id ? &t->rows[low] : NULL;
}

static struct row *add_row(struct table *t)
{
	if (t->count == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 64;
		struct row *rows = mem_resize(t->rows, cap, sizeof(*rows));
		if (!rows) {
			t->no_memory = true;
			return NULL;
		}
		t->rows = rows;
		t->cap = cap;
	}
	struct row *row = &t->rows[t->count++];
	*row = (struct row){.seq_least = UINT64_MAX, .seq_waiting = UINT64_MAX};
	return row;
}

static const char *keep_text(struct table *t, sqlite3_stmt *stmt, int column)
{
	const char *text = row_text(stmt, column), *copy = arena_strdup(&t->arena, text);

	t->no_memory = t->no_memory || (text && !copy);
	return copy;
}

static void take_link(struct table *t, sqlite3_stmt *stmt)
{
	struct row *row = add_row(t);

	if (!row)
		return;
	row->link.id = sqlite3_column_int64(stmt, 0);
	row->link.project = keep_text(t, stmt, 1);
	row->link.connection = keep_text(t, stmt, 2);
	row->link.environment = keep_text(t, stmt, 3);
	row->link.paused = sqlite3_column_int(stmt, 4);
	row->link.paused_reason = row->link.paused ? keep_text(t, stmt, 5) : NULL;
	row->link.deleted = sqlite3_column_int(stmt, 6) != 0;
}

static void note_open(struct row *row, uint64_t seq)
{
	if (seq < row->seq_least)
		row->seq_least = seq;
}

static void note_due(struct row *row, int64_t due_ms)
{
	if (row->link.next_due_ms == 0 || due_ms < row->link.next_due_ms)
		row->link.next_due_ms = due_ms;
}

static void take_open(struct table *t, sqlite3_stmt *stmt)
{
	struct row *row = find(t, sqlite3_column_int64(stmt, 1));
	uint64_t count = (uint64_t)sqlite3_column_int64(stmt, 2);
	int64_t due_ms = sqlite3_column_int64(stmt, 4);

	if (!row)
		return;
	note_open(row, (uint64_t)sqlite3_column_int64(stmt, 3));
	if (sqlite3_column_int(stmt, 0) == STORE_LEASED) {
		row->link.leased += count;
		return;
	}
	row->link.ready += count;
	note_due(row, due_ms);
}

static void take_ended(struct table *t, sqlite3_stmt *stmt)
{
	struct row *row = find(t, sqlite3_column_int64(stmt, 1));
	uint64_t count = (uint64_t)sqlite3_column_int64(stmt, 2);

	if (!row)
		return;
	if (sqlite3_column_int(stmt, 0) == STORE_DEAD)
		row->link.dead += count;
	else
		row->link.quarantined += count;
}

static const struct {
	const char *sql;
	void (*take)(struct table *t, sqlite3_stmt *stmt);
} queries[] = {
	{"SELECT id, project, connection, environment, paused, paused_reason, deleted FROM link"
         " ORDER BY id",
         take_link},
	{"SELECT state, link, count(*), min(seq), min(due_ms)"
         " FROM delivery INDEXED BY delivery_due WHERE due_ms IS NOT NULL"
         " GROUP BY state, parked, link",
         take_open},
	{"SELECT state, link, count(*) FROM delivery INDEXED BY delivery_ended"
         " WHERE state >= 3 AND state <> 5 GROUP BY state, link",
         take_ended},
};

static int take_all(const struct sqlite_reader *reader, struct table *t)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < sizeof(queries) / sizeof(queries[0]); i++) {
		sqlite3_stmt *stmt = NULL;
		rc = sqlite3_prepare_v2(reader->db, queries[i].sql, -1, &stmt, NULL);
		while (rc == 0 && !t->no_memory && sqlite3_step(stmt) == SQLITE_ROW)
			queries[i].take(t, stmt);
		int ended = sqlite3_finalize(stmt);
		rc = rc ? rc : ended;
	}
	return rc;
}

/* When that one was accepted; *ret is left alone when it is not there (any more). */
static int accepted_of(sqlite3_stmt *stmt, uint64_t seq, int64_t *ret)
{
	if (seq == UINT64_MAX)
		return 0;
	bind_seq(stmt, 1, seq);
	if (sqlite3_step(stmt) == SQLITE_ROW)
		*ret = sqlite3_column_int64(stmt, 0);
	return sqlite3_reset(stmt);
}

static int find_times(const struct sqlite_reader *reader, struct table *t)
{
	sqlite3_stmt *stmt = NULL;

	int rc = sqlite3_prepare_v2(reader->db, "SELECT accepted_ms FROM delivery WHERE seq = ?1",
	                            -1, &stmt, NULL);
	for (size_t i = 0; rc == 0 && i < t->count; i++) {
		struct row *row = &t->rows[i];
		int64_t due_ms = 0;
		rc = accepted_of(stmt, row->seq_least, &row->link.oldest_ms);
		if (rc == 0)
			rc = accepted_of(stmt, row->seq_waiting, &due_ms);
		if (due_ms)
			note_due(row, due_ms);
	}
	sqlite3_finalize(stmt);
	return rc;
}

static void take_fresh(void *arg, const struct fresh_row *fresh)
{
	struct row *row = find(arg, fresh->link);

	if (!row)
		return;
	note_open(row, fresh->seq);
	if (!fresh->waits) {
		row->link.leased++;
		return;
	}
	row->link.ready++;
	if (fresh->seq < row->seq_waiting)
		row->seq_waiting = fresh->seq;
}

static int read_all(struct sqlite_store *s, const struct sqlite_reader *reader, struct table *t)
{
	int rc = sqlite3_exec(reader->db, "BEGIN", NULL, NULL, NULL);

	if (rc == 0)
		rc = take_all(reader, t);
	fresh_lock(&s->fresh);
	fresh_each(&s->fresh, take_fresh, t);
	fresh_unlock(&s->fresh);
	if (rc == 0)
		rc = find_times(reader, t);
	if (!sqlite3_get_autocommit(reader->db))
		sqlite3_exec(reader->db, "COMMIT", NULL, NULL, NULL);
	return rc;
}

int read_links(struct store *store, void (*each)(void *arg, const struct store_link *), void *arg,
               struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	struct sqlite_reader *reader;
	struct table t = {0};

	int rc = reader_take(s, &reader, e);
	if (rc < 0)
		return rc;
	arena_init(&t.arena);
	rc = read_all(s, reader, &t);
	rc = reader_return(s, reader, rc, e);
	if (rc == 0 && t.no_memory)
		rc = err_no_memory(e);
	for (size_t i = 0; rc == 0 && i < t.count; i++)
		each(arg, &t.rows[i].link);
	mem_free(t.rows);
	arena_finish(&t.arena);
	return rc;
}
