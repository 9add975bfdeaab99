/* SQLite for the bare programs: one file, statements that are kept, and the end of everything on an error. */
#pragma once

#include <err.h>
#include <sqlite3.h>
#include <stddef.h>

static sqlite3 *sql_db;

static inline void sql_check(int rc)
{
	if (rc != SQLITE_OK && rc != SQLITE_DONE)
		errx(1, "%s", sqlite3_errmsg(sql_db));
}

static inline sqlite3_stmt *sql_prepare(const char *sql)
{
	sqlite3_stmt *s = NULL;

	sql_check(sqlite3_prepare_v3(sql_db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL));
	return s;
}

static inline void sql_run(sqlite3_stmt *s)
{
	sql_check(sqlite3_step(s));
	sql_check(sqlite3_reset(s));
}

static inline void sql_open(const char *file, const char *schema)
{
	sql_check(sqlite3_open_v2(file, &sql_db,
	                          SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
	                          NULL));
	sql_check(sqlite3_exec(sql_db, schema, NULL, NULL, NULL));
}
