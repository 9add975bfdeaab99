/* Reading the catalogue: deployments, approvals, identities. */
#include "base/banned.h"
#include "base/err.h"
#include "store/sqlite_impl.h"

/*
 * Deployments: in the order of an index of links, and of each link in that of an index of its own, so that
 * nothing is sorted.  Those of deleted connections are in no list.
 */
#define COLUMNS                                                                                    \
	"SELECT project, connection, environment, number, revision, note, actor, at_ms, active,"   \
	" enabled, "
#define FROM                                                                                       \
	" FROM link INDEXED BY link_place CROSS JOIN deployment ON deployment.link = link.id"      \
	" WHERE deleted = 0"
#define FITTING                                                                                    \
	" AND (?1 IS NULL OR project = ?1) AND (?2 IS NULL OR connection = ?2)"                    \
	" AND (?3 IS NULL OR environment = ?3)"
#define THERE  " AND project = ?1 AND connection = ?2 AND environment = ?3"
#define ACTIVE " AND active = 1 ORDER BY project, connection, environment"
#define ALL    " ORDER BY project, connection, environment, number DESC"

/* By active_only and with_snapshot. */
static const char *const lists[2][2] = {
	{COLUMNS "NULL" FROM FITTING ALL, COLUMNS "snapshot" FROM FITTING ALL},
	{COLUMNS "NULL" FROM FITTING ACTIVE, COLUMNS "snapshot" FROM FITTING ACTIVE},
};

static void row_deployment(sqlite3_stmt *stmt, struct store_deployment *ret)
{
	*ret = (struct store_deployment){
		.place = {row_text(stmt, 0), row_text(stmt, 1), row_text(stmt, 2)},
		.number = (uint32_t)sqlite3_column_int64(stmt, 3),
		.revision = row_text(stmt, 4),
		.note = row_text(stmt, 5),
		.actor = row_text(stmt, 6),
		.at_ms = sqlite3_column_int64(stmt, 7),
		.active = sqlite3_column_int(stmt, 8),
		.enabled = sqlite3_column_int(stmt, 9),
		.snapshot = row_text(stmt, 10),
	};
}

int read_deployments(struct store *store, const struct store_place *place, bool active_only,
                     bool with_snapshot, void (*each)(void *arg, const struct store_deployment *),
                     void *arg, struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	struct store_deployment d;
	struct sqlite_reader *reader;
	sqlite3_stmt *stmt = NULL;

	int rc = reader_take(s, &reader, e);
	if (rc < 0)
		return rc;
	rc = sqlite3_prepare_v2(reader->db, lists[active_only][with_snapshot], -1, &stmt, NULL);
	if (rc == 0 && place) {
		bind_text(stmt, 1, place->project);
		bind_text(stmt, 2, place->connection);
		bind_text(stmt, 3, place->environment);
	}
	while (rc == 0 && sqlite3_step(stmt) == SQLITE_ROW) {
		row_deployment(stmt, &d);
		each(arg, &d);
	}
	int ended = sqlite3_finalize(stmt);
	return reader_return(s, reader, rc ? rc : ended, e);
}

static const char one_active[] = COLUMNS "snapshot" FROM THERE " AND active = 1";
static const char one_numbered[] = COLUMNS "snapshot" FROM THERE " AND number = ?4";

int read_deployment(struct store *store, const struct store_place *place, uint32_t number,
                    void (*each)(void *arg, const struct store_deployment *), void *arg,
                    struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	struct store_deployment d;
	struct sqlite_reader *reader;
	sqlite3_stmt *stmt = NULL;

	int rc = reader_take(s, &reader, e);
	if (rc < 0)
		return rc;
	rc = sqlite3_prepare_v2(reader->db, number ? one_numbered : one_active, -1, &stmt, NULL);
	if (rc == 0) {
		bind_text(stmt, 1, place->project ? place->project : "");
		bind_text(stmt, 2, place->connection);
		bind_text(stmt, 3, place->environment);
	}
	if (rc == 0 && number)
		sqlite3_bind_int64(stmt, 4, number);
	bool found = rc == 0 && sqlite3_step(stmt) == SQLITE_ROW;
	if (found) {
		row_deployment(stmt, &d);
		each(arg, &d);
	}
	int ended = sqlite3_finalize(stmt);
	rc = reader_return(s, reader, rc ? rc : ended, e);
	return rc == 0 && !found ? err_set(e, ERR_NOT_FOUND, "there is no such deployment") : rc;
}

/*
 * Approvals and identities
 */
int read_approvals(struct store *store, void (*each)(void *arg, const struct store_approval *),
                   void *arg, struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	struct sqlite_reader *reader;
	sqlite3_stmt *stmt = NULL;

	int rc = reader_take(s, &reader, e);
	if (rc < 0)
		return rc;
	rc = sqlite3_prepare_v2(reader->db,
	                        "SELECT secret, origin FROM approval ORDER BY secret, origin", -1,
	                        &stmt, NULL);
	while (rc == 0 && sqlite3_step(stmt) == SQLITE_ROW) {
		const struct store_approval a = {.secret = row_text(stmt, 0),
		                                 .origin = row_text(stmt, 1)};
		each(arg, &a);
	}
	int ended = sqlite3_finalize(stmt);
	return reader_return(s, reader, rc ? rc : ended, e);
}

int read_identities(struct store *store, void (*each)(void *arg, const struct store_identity *),
                    void *arg, struct err *e)
{
	struct sqlite_store *s = sqlite_of(store);
	struct sqlite_reader *reader;
	sqlite3_stmt *stmt = NULL;

	int rc = reader_take(s, &reader, e);
	if (rc < 0)
		return rc;
	rc = sqlite3_prepare_v2(reader->db,
	                        "SELECT uid, project, name, created_ms FROM identity"
	                        " ORDER BY project, name",
	                        -1, &stmt, NULL);
	while (rc == 0 && sqlite3_step(stmt) == SQLITE_ROW) {
		const struct store_identity i = {
			.uid = row_text(stmt, 0),
			.project = row_text(stmt, 1),
			.name = row_text(stmt, 2),
			.created_ms = sqlite3_column_int64(stmt, 3),
		};
		each(arg, &i);
	}
	int ended = sqlite3_finalize(stmt);
	return reader_return(s, reader, rc ? rc : ended, e);
}
