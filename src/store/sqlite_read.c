/* Reading: a few connections of their own, each used by one thread at a time. */
#include <inttypes.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/sqlite_impl.h"

static struct sqlite_reader *find_free(struct sqlite_store *s)
{
	for (unsigned i = 0; i < SQLITE_READERS; i++)
		if (!s->readers[i].taken)
			return &s->readers[i];
	return NULL;
}

/* Whoever opens the file meets its damage before any statement does. */
static int connect_reader(struct sqlite_store *s, struct sqlite_reader *reader, struct err *e)
{
	struct err why = {0};

	int rc = sqlite_connect(s, false, &reader->db, &why);
	if (rc == ERR_INVALID) {
		writer_hurt(s, why.text);
		rc = ERR_IO;
	}
	return rc == 0 ? 0 : err_set(e, rc, "%s", why.text);
}

int reader_take(struct sqlite_store *s, struct sqlite_reader **ret, struct err *e)
{
	struct sqlite_reader *reader;
	int rc = 0;

	pthread_mutex_lock(&s->lock);
	while (!(reader = find_free(s)))
		pthread_cond_wait(&s->reader_free, &s->lock);
	reader->taken = true;
	pthread_mutex_unlock(&s->lock);
	if (!reader->db)
		rc = connect_reader(s, reader, e);
	if (rc == 0)
		*ret = reader;
	else
		reader_return(s, reader, SQLITE_OK, NULL);
	return rc;
}

int reader_return(struct sqlite_store *s, struct sqlite_reader *reader, int rc, struct err *e)
{
	int result = 0;

	if (rc == SQLITE_NOMEM)
		result = err_no_memory(e);
	else if (rc != SQLITE_OK)
		result = err_set(e, ERR_IO, "cannot read %s: %s (SQLite's code %d)", s->path,
		                 sqlite3_errmsg(reader->db), rc);
	if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB)
		writer_hurt(s, sqlite3_errmsg(reader->db));
	pthread_mutex_lock(&s->lock);
	reader->taken = false;
	pthread_cond_signal(&s->reader_free);
	pthread_mutex_unlock(&s->lock);
	return result;
}

static int prepare(const struct sqlite_reader *reader, struct buf *sql, sqlite3_stmt **ret)
{
	int rc = buf_failed(sql) ? SQLITE_NOMEM
	                         : sqlite3_prepare_v2(reader->db, buf_str(sql), -1, ret, NULL);
	buf_finish(sql);
	return rc;
}

/* Ends a statement that was stepped through: 0, or what it failed with. */
static int finish(sqlite3_stmt *stmt)
{
	int rc = sqlite3_reset(stmt);

	sqlite3_finalize(stmt);
	return rc;
}

int read_list(struct store *store, const struct store_filter *filter, uint64_t from, bool ascending,
              uint32_t most, void (*each)(void *arg, const struct store_delivery *), void *arg,
              struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	struct sqlite_reader *reader;
	sqlite3_stmt *stmt = NULL;
	struct store_delivery d;
	struct buf sql;

	int rc = reader_take(s, &reader, e);
	if (rc < 0)
		return rc;
	buf_init(&sql, BUF_MAX_TEXT);
	filter_select(&sql, DELIVERY_COLUMNS, filter);
	if (from)
		buf_printf(&sql, " AND seq %c %" PRId64, ascending ? '>' : '<',
		           from > INT64_MAX ? INT64_MAX : (int64_t)from);
	buf_printf(&sql, " ORDER BY seq %s LIMIT %" PRIu32, ascending ? "ASC" : "DESC", most);
	rc = prepare(reader, &sql, &stmt);
	if (rc == 0) {
		filter_bind(stmt, filter);
		while (sqlite3_step(stmt) == SQLITE_ROW) {
			row_delivery(stmt, &d);
			each(arg, &d);
		}
		rc = finish(stmt);
	}
	return reader_return(s, reader, rc, e);
}

int read_count(struct store *store, const struct store_filter *filter, uint64_t *ret, struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	struct sqlite_reader *reader;
	sqlite3_stmt *stmt = NULL;
	uint64_t count = 0;
	struct buf sql;

	int rc = reader_take(s, &reader, e);
	if (rc < 0)
		return rc;
	buf_init(&sql, BUF_MAX_TEXT);
	filter_select(&sql, "count(*)", filter);
	rc = prepare(reader, &sql, &stmt);
	if (rc == 0) {
		filter_bind(stmt, filter);
		if (sqlite3_step(stmt) == SQLITE_ROW)
			count = (uint64_t)sqlite3_column_int64(stmt, 0);
		rc = finish(stmt);
	}
	rc = reader_return(s, reader, rc, e);
	if (rc == 0)
		*ret = count;
	return rc;
}

/* Prepares a statement with one number as its parameter. */
static int prepare_of(const struct sqlite_reader *reader, const char *sql, uint64_t seq,
                      sqlite3_stmt **ret)
{
	int rc = sqlite3_prepare_v2(reader->db, sql, -1, ret, NULL);

	if (rc == 0)
		bind_seq(*ret, 1, seq);
	return rc;
}

struct get_call {
	uint64_t seq;
	void (*delivery)(void *arg, const struct store_delivery *);
	void (*attempt)(void *arg, const struct store_attempt *);
	void *arg;
	bool found, no_memory;
};

static int get_delivery(const struct sqlite_reader *reader, struct get_call *call)
{
	struct sqlite_attrs attrs = {0};
	struct store_delivery d;
	sqlite3_stmt *stmt = NULL;

	int rc = prepare_of(reader,
	                    "SELECT " DELIVERY_COLUMNS ", content_type, attrs, body"
	                    " FROM delivery CROSS JOIN payload USING(seq) WHERE seq = ?1",
	                    call->seq, &stmt);
	if (rc != 0)
		return rc;
	if (sqlite3_step(stmt) == SQLITE_ROW) {
		call->found = true;
		row_delivery(stmt, &d);
		call->no_memory = row_payload(stmt, DELIVERY_COLUMN_COUNT, &attrs, &d) != 0;
		if (!call->no_memory)
			call->delivery(call->arg, &d);
		mem_free(attrs.items);
	}
	return finish(stmt);
}

static int get_attempts(const struct sqlite_reader *reader, struct get_call *call)
{
	struct store_attempt a;
	sqlite3_stmt *stmt = NULL;

	int rc = prepare_of(reader,
	                    "SELECT replay, number, at_ms, duration_ms, status, outcome, reason,"
	                    " detail, excerpt FROM attempt WHERE seq = ?1 ORDER BY id",
	                    call->seq, &stmt);
	if (rc != 0)
		return rc;
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		row_attempt(stmt, &a);
		call->attempt(call->arg, &a);
	}
	return finish(stmt);
}

int read_get(struct store *store, uint64_t seq,
             void (*delivery)(void *arg, const struct store_delivery *),
             void (*attempt)(void *arg, const struct store_attempt *), void *arg, struct err *e)
{
	struct get_call call = {.seq = seq, .delivery = delivery, .attempt = attempt, .arg = arg};
	struct sqlite_store *s = sqlite_of(store);
	struct sqlite_reader *reader;

	int rc = reader_take(s, &reader, e);
	if (rc < 0)
		return rc;
	/* Both of one moment. */
	rc = sqlite3_exec(reader->db, "BEGIN", NULL, NULL, NULL);
	if (rc == 0)
		rc = get_delivery(reader, &call);
	if (rc == 0 && call.found && !call.no_memory)
		rc = get_attempts(reader, &call);
	if (!sqlite3_get_autocommit(reader->db))
		sqlite3_exec(reader->db, "COMMIT", NULL, NULL, NULL);
	rc = reader_return(s, reader, rc, e);
	if (rc == 0 && call.no_memory)
		rc = err_no_memory(e);
	if (rc == 0 && !call.found)
		rc = err_set(e, ERR_NOT_FOUND, "there is no such delivery");
	return rc;
}
