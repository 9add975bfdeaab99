/* Connections that get their name, another one, or lose it: identities, and the rows of links. */
#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "store/sqlite_impl.h"

/* A connection's name in its scope. */
struct name {
	const char *project, *name;
};

static void bind_name(sqlite3_stmt *stmt, int index, const struct name *name)
{
	bind_text(stmt, index, name->project ? name->project : "");
	bind_text(stmt, index + 1, name->name);
}

static int run_for(struct sqlite_store *s, enum stmt which, const struct name *name)
{
	bind_name(s->stmts[which], 1, name);
	return stmt_run(s->stmts[which]);
}

static int run_for_both(struct sqlite_store *s, enum stmt which, const struct name *from,
                        const struct name *to)
{
	bind_name(s->stmts[which], 3, to);
	return run_for(s, which, from);
}

/* As the columns compare. */
static bool is_same(const struct name *a, const struct name *b)
{
	return sqlite3_stricmp(a->name, b->name) == 0 &&
	       sqlite3_stricmp(a->project ? a->project : "", b->project ? b->project : "") == 0;
}

static int find_identity(struct sqlite_store *s, const struct name *name, const char *uid,
                         int *ret_found, bool *ret_same)
{
	sqlite3_stmt *stmt = s->stmts[STMT_IDENTITY_FIND];

	bind_name(stmt, 1, name);
	bind_text(stmt, 3, uid);
	int rc = stmt_first(stmt, ret_found);
	*ret_same = rc == 0 && *ret_found && sqlite3_column_int(stmt, 0);
	sqlite3_reset(stmt);
	return rc;
}

/* Its links are those that are there under the name already: of before there were identities. */
static int begin(struct sqlite_store *s, const struct name *to, const char *uid, int *ret_rc)
{
	sqlite3_stmt *stmt = s->stmts[STMT_IDENTITY_ADD];
	bool same;
	int found;

	int rc = find_identity(s, to, uid, &found, &same);
	if (rc != 0 || same)
		return rc;
	bind_name(stmt, 1, to);
	bind_text(stmt, 3, uid);
	sqlite3_bind_int64(stmt, 4, s->clock->unix_ms());
	rc = stmt_run(stmt);
	if (rc == 0 && sqlite3_changes(s->db) == 0)
		*ret_rc = ERR_CONFLICT;
	return rc;
}

static int end(struct sqlite_store *s, const struct name *from)
{
	static const enum stmt steps[] = {STMT_DEPLOYMENTS_END, STMT_LINKS_DELETE,
	                                  STMT_IDENTITY_REMOVE};
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < sizeof(steps) / sizeof(steps[0]); i++)
		rc = run_for(s, steps[i], from);
	return rc;
}

/* Links that have the new name and no identity are of a connection that is not there any more. */
static int make_way(struct sqlite_store *s, const struct name *to, int *ret_rc)
{
	bool same;
	int found;

	int rc = find_identity(s, to, NULL, &found, &same);
	if (rc != 0 || !found)
		return rc != 0 ? rc : end(s, to);
	*ret_rc = ERR_CONFLICT;
	return 0;
}

static int rename_all(struct sqlite_store *s, const struct name *from, const struct name *to,
                      int *ret_rc)
{
	int rc = is_same(from, to) ? 0 : make_way(s, to, ret_rc);

	if (rc == 0 && *ret_rc == 0)
		rc = run_for_both(s, STMT_IDENTITY_RENAME, from, to);
	if (rc == 0 && *ret_rc == 0)
		rc = run_for_both(s, STMT_LINKS_RENAME, from, to);
	return rc;
}

int naming_apply(struct sqlite_store *s, const struct store_naming *naming, int *ret_rc)
{
	const struct name from = {naming->from_project, naming->from_name};
	const struct name to = {naming->to_project, naming->to_name};

	*ret_rc = 0;
	if (from.name && to.name)
		return rename_all(s, &from, &to, ret_rc);
	if (to.name)
		return begin(s, &to, naming->uid, ret_rc);
	return from.name ? end(s, &from) : 0;
}
