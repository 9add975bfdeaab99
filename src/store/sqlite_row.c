/* Rows as structs. */
#include <string.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/sqlite_impl.h"

const char *row_text(sqlite3_stmt *stmt, int column)
{
	return (const char *)sqlite3_column_text(stmt, column);
}

/* Binding fails only for what is longer than SQLite's bound of a billion bytes. */
void bind_text(sqlite3_stmt *stmt, int index, const char *text)
{
	sqlite3_bind_text(stmt, index, text, -1, SQLITE_STATIC);
}

/* Numbers beyond what SQLite counts to are in no row, and are there as bounds only. */
void bind_seq(sqlite3_stmt *stmt, int index, uint64_t seq)
{
	sqlite3_bind_int64(stmt, index, seq > INT64_MAX ? INT64_MAX : (int64_t)seq);
}

void row_delivery(sqlite3_stmt *stmt, struct store_delivery *ret)
{
	*ret = (struct store_delivery){
		.seq = (uint64_t)sqlite3_column_int64(stmt, 0),
		.salt = (uint64_t)sqlite3_column_int64(stmt, 1),
		.link = sqlite3_column_int64(stmt, 2),
		.state = (enum store_state)sqlite3_column_int(stmt, 3),
		.due_ms = sqlite3_column_int64(stmt, 4),
		.accepted_ms = sqlite3_column_int64(stmt, 5),
		.since_ms = sqlite3_column_int64(stmt, 6),
		.ended_ms = sqlite3_column_int64(stmt, 7),
		.attempts = (uint32_t)sqlite3_column_int64(stmt, 8),
		.replay = (uint32_t)sqlite3_column_int64(stmt, 9),
		.suspect = (uint32_t)sqlite3_column_int64(stmt, 10),
		.fence = (uint32_t)sqlite3_column_int64(stmt, 11),
		.ordering_key = row_text(stmt, 12),
		.status = (uint32_t)sqlite3_column_int64(stmt, 13),
		.reason = row_text(stmt, 14),
		.duration_ms = sqlite3_column_int64(stmt, 15),
	};
	/* A claimed row keeps the time at which it was due: its place in the index.  One that waits
	 * in memory has none yet. */
	if (ret->state != STORE_READY)
		ret->due_ms = 0;
	else if (!ret->due_ms)
		ret->due_ms = ret->accepted_ms;
}

/* Attributes are their strings, each with its NUL, one after the other. */
static int row_attrs(sqlite3_stmt *stmt, int column, struct sqlite_attrs *attrs,
                     struct store_delivery *ret)
{
	const char *p = sqlite3_column_blob(stmt, column);
	const char *end = p ? p + sqlite3_column_bytes(stmt, column) : NULL;
	size_t count = 0;

	while (p < end && memchr(p, '\0', (size_t)(end - p))) {
		if (count == attrs->cap) {
			size_t cap = attrs->cap ? 2 * attrs->cap : 32;
			const char **items = mem_resize(attrs->items, cap, sizeof(*items));
			if (!items)
				return ERR_NO_MEMORY;
			attrs->items = items;
			attrs->cap = cap;
		}
		attrs->items[count++] = p;
		p += strlen(p) + 1;
	}
	ret->attrs = attrs->items;
	ret->attr_count = (uint32_t)(count / 2);
	return 0;
}

int row_payload(sqlite3_stmt *stmt, int column, struct sqlite_attrs *attrs,
                struct store_delivery *ret)
{
	ret->content_type = row_text(stmt, column);
	ret->body = NULL;
	if (sqlite3_column_type(stmt, column + 2) != SQLITE_NULL) {
		const void *body = sqlite3_column_blob(stmt, column + 2);
		ret->body = body ? body : ""; /* a blob of no bytes comes as NULL */
		ret->body_bytes = (size_t)sqlite3_column_bytes(stmt, column + 2);
	}
	return row_attrs(stmt, column + 1, attrs, ret);
}

void row_attempt(sqlite3_stmt *stmt, struct store_attempt *ret)
{
	*ret = (struct store_attempt){
		.replay = (uint32_t)sqlite3_column_int64(stmt, 0),
		.number = (uint32_t)sqlite3_column_int64(stmt, 1),
		.at_ms = sqlite3_column_int64(stmt, 2),
		.duration_ms = sqlite3_column_int64(stmt, 3),
		.status = (uint32_t)sqlite3_column_int64(stmt, 4),
		.outcome = row_text(stmt, 5),
		.reason = row_text(stmt, 6),
		.detail = row_text(stmt, 7),
		.excerpt = sqlite3_column_blob(stmt, 8),
		.excerpt_bytes = (size_t)sqlite3_column_bytes(stmt, 8),
	};
}
