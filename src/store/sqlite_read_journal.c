/* Reading the journal of files: each of its rows as a whole, one at a time in memory. */
#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/sqlite_impl.h"

/* The row that is being put together. */
struct gathering {
	uint64_t journal; /* 0: none yet */
	struct arena arena;
	struct store_file *files;
	size_t count, cap;
	bool no_memory;
	void (*each)(void *arg, uint64_t journal, const struct store_file *files, size_t count);
	void *arg;
};

static void give(struct gathering *g)
{
	if (g->journal && !g->no_memory)
		g->each(g->arg, g->journal, g->files, g->count);
	arena_finish(&g->arena);
	arena_init(&g->arena);
	g->count = 0;
}

static struct store_file *add_file(struct gathering *g)
{
	if (g->count == g->cap) {
		size_t cap = g->cap ? 2 * g->cap : 8;
		struct store_file *files = mem_resize(g->files, cap, sizeof(*files));
		if (!files)
			return NULL;
		g->files = files;
		g->cap = cap;
	}
	return &g->files[g->count++];
}

/* False: there is no memory.  NULL stays NULL, and a file without bytes is one. */
static bool keep_blob(struct gathering *g, sqlite3_stmt *stmt, int column, const void **ret)
{
	*ret = NULL;
	if (sqlite3_column_type(stmt, column) == SQLITE_NULL)
		return true;
	const void *bytes = sqlite3_column_blob(stmt, column);
	*ret = arena_dup(&g->arena, bytes ? bytes : "", (size_t)sqlite3_column_bytes(stmt, column));
	return *ret != NULL;
}

static bool take_file(struct gathering *g, sqlite3_stmt *stmt)
{
	struct store_file *f = add_file(g);
	const void *before = NULL, *bytes = NULL;

	if (!f)
		return false;
	const char *path = arena_strdup(&g->arena, row_text(stmt, 1));
	bool kept = keep_blob(g, stmt, 2, &before) && keep_blob(g, stmt, 3, &bytes);
	*f = (struct store_file){
		.path = path,
		.before = before,
		.bytes = bytes,
		.size_bytes = (size_t)sqlite3_column_bytes(stmt, 3),
		.mode = (uint32_t)sqlite3_column_int64(stmt, 4),
	};
	return path && kept;
}

static void take_row(struct gathering *g, sqlite3_stmt *stmt)
{
	uint64_t journal = (uint64_t)sqlite3_column_int64(stmt, 0);

	if (journal != g->journal) {
		give(g);
		g->journal = journal;
	}
	g->no_memory = !take_file(g, stmt);
}

int read_journal(struct store *store,
                 void (*each)(void *arg, uint64_t journal, const struct store_file *files,
                              size_t count),
                 void *arg, struct err *e)
{
	struct gathering g = {.each = each, .arg = arg};
	struct sqlite_store *s = sqlite_of(store);
	struct sqlite_reader *reader;
	sqlite3_stmt *stmt = NULL;

	int rc = reader_take(s, &reader, e);
	if (rc < 0)
		return rc;
	arena_init(&g.arena);
	rc = sqlite3_prepare_v2(reader->db,
	                        "SELECT journal, path, before, bytes, mode FROM journal_file"
	                        " ORDER BY journal, place",
	                        -1, &stmt, NULL);
	while (rc == 0 && !g.no_memory && sqlite3_step(stmt) == SQLITE_ROW)
		take_row(&g, stmt);
	int ended = sqlite3_finalize(stmt);
	rc = reader_return(s, reader, rc ? rc : ended, e);
	if (rc == 0 && g.no_memory)
		rc = err_no_memory(e);
	if (rc == 0)
		give(&g);
	arena_finish(&g.arena);
	mem_free(g.files);
	return rc;
}
