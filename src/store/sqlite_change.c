/*
 * Changes of the catalogue.
 *
 * A change that cannot be carried out is undone by a savepoint: the transaction has other operations in
 * it, which are not to suffer.
 */
#include "base/banned.h"
#include "base/err.h"
#include "store/sqlite_impl.h"

/*
 * The journal
 */
static int add_file(struct sqlite_store *s, uint64_t journal, size_t place,
                    const struct store_file *f)
{
	sqlite3_stmt *stmt = s->stmts[STMT_JOURNAL_ADD_FILE];

	bind_seq(stmt, 1, journal);
	bind_seq(stmt, 2, place);
	bind_text(stmt, 3, f->path);
	sqlite3_bind_blob(stmt, 4, f->before, STORE_DIGEST_BYTES, SQLITE_STATIC);
	int rc = sqlite3_bind_blob64(stmt, 5, f->bytes, f->size_bytes, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 6, f->mode);
	/* Without its bytes it would be one that is to be removed. */
	return rc == 0 ? stmt_run(stmt) : rc;
}

static int keep_files(struct sqlite_store *s, struct store_change *c)
{
	c->journal = 0;
	if (c->file_count == 0)
		return 0;
	int rc = stmt_run(s->stmts[STMT_JOURNAL_ADD]);
	c->journal = (uint64_t)sqlite3_last_insert_rowid(s->db);
	for (size_t i = 0; rc == 0 && i < c->file_count; i++)
		rc = add_file(s, c->journal, i, &c->files[i]);
	return rc;
}

static int remove_row(struct sqlite_store *s, uint64_t journal)
{
	static const enum stmt steps[] = {STMT_JOURNAL_REMOVE_FILES, STMT_JOURNAL_REMOVE};
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < sizeof(steps) / sizeof(steps[0]); i++) {
		bind_seq(s->stmts[steps[i]], 1, journal);
		rc = stmt_run(s->stmts[steps[i]]);
	}
	return rc;
}

int op_journal_done(struct sqlite_store *s, struct store_op *op)
{
	return remove_row(s, ((struct store_journal_done *)op)->journal);
}

static int end_journal(struct sqlite_store *s, struct store_change *c)
{
	return c->ends_journal ? remove_row(s, c->ends_journal) : 0;
}

/*
 * Names
 */
static int apply_names(struct sqlite_store *s, struct store_change *c)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && c->op.rc == 0 && i < c->name_count; i++)
		rc = naming_apply(s, &c->names[i], &c->op.rc);
	return rc;
}

/*
 * Deployments
 */
static int end_active(struct sqlite_store *s, int64_t link)
{
	sqlite3_bind_int64(s->stmts[STMT_DEPLOYMENT_END], 1, link);
	return stmt_run(s->stmts[STMT_DEPLOYMENT_END]);
}

static int undeploy(struct sqlite_store *s, struct store_change *c)
{
	int64_t link;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < c->undeployment_count; i++) {
		rc = link_at(s, &c->undeployments[i], false, &link);
		if (rc == 0)
			rc = end_active(s, link);
	}
	return rc;
}

static int toggle(struct sqlite_store *s, struct store_change *c)
{
	sqlite3_stmt *stmt = s->stmts[STMT_DEPLOYMENT_TOGGLE];
	int64_t link;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < c->toggle_count; i++) {
		rc = link_at(s, &c->toggles[i].place, false, &link);
		sqlite3_bind_int64(stmt, 1, link);
		sqlite3_bind_int(stmt, 2, c->toggles[i].enabled);
		if (rc == 0)
			rc = stmt_run(stmt);
	}
	return rc;
}

static int next_number(struct sqlite_store *s, int64_t link, uint32_t *ret)
{
	sqlite3_stmt *stmt = s->stmts[STMT_DEPLOYMENT_MOST];
	int found;

	sqlite3_bind_int64(stmt, 1, link);
	int rc = stmt_first(stmt, &found);
	if (rc != 0)
		return rc;
	*ret = (uint32_t)sqlite3_column_int64(stmt, 0) + 1;
	sqlite3_reset(stmt);
	return 0;
}

static int add_deployment(struct sqlite_store *s, int64_t link, const struct store_deployment *d)
{
	sqlite3_stmt *stmt = s->stmts[STMT_DEPLOYMENT_ADD];

	sqlite3_bind_int64(stmt, 1, link);
	sqlite3_bind_int64(stmt, 2, d->number);
	sqlite3_bind_int64(stmt, 3, d->at_ms);
	sqlite3_bind_int(stmt, 4, d->enabled);
	bind_text(stmt, 5, d->revision);
	bind_text(stmt, 6, d->actor);
	bind_text(stmt, 7, d->note);
	bind_text(stmt, 8, d->snapshot);
	return stmt_run(stmt);
}

static int deploy(struct sqlite_store *s, struct store_change *c)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < c->deployment_count; i++) {
		struct store_deployment *d = &c->deployments[i];
		int64_t link;
		rc = link_at(s, &d->place, true, &link);
		if (rc == 0)
			rc = end_active(s, link);
		if (rc == 0)
			rc = next_number(s, link, &d->number);
		if (rc == 0)
			rc = add_deployment(s, link, d);
	}
	return rc;
}

static int approve(struct sqlite_store *s, struct store_change *c)
{
	sqlite3_stmt *stmt = s->stmts[STMT_APPROVAL_ADD];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < c->approval_count; i++) {
		bind_text(stmt, 1, c->approvals[i].secret);
		bind_text(stmt, 2, c->approvals[i].origin);
		rc = stmt_run(stmt);
	}
	return rc;
}

/*
 * All of it
 */
static int (*const steps[])(struct sqlite_store *s, struct store_change *c) = {
	keep_files, end_journal, apply_names, undeploy, toggle, deploy, approve,
};

int op_change(struct sqlite_store *s, struct store_op *op)
{
	struct store_change *c = (struct store_change *)op;

	int rc = stmt_run(s->stmts[STMT_SAVEPOINT]);
	for (unsigned i = 0; rc == 0 && op->rc == 0 && i < sizeof(steps) / sizeof(steps[0]); i++)
		rc = steps[i](s, c);
	/* What only a caller can bring about is no failure of the store. */
	if ((rc & 0xff) == SQLITE_CONSTRAINT || rc == SQLITE_TOOBIG) {
		op->rc = ERR_FAILED;
		rc = 0;
	}
	if (rc == 0 && op->rc != 0)
		rc = stmt_run(s->stmts[STMT_SAVEPOINT_UNDO]);
	return rc == 0 ? stmt_run(s->stmts[STMT_SAVEPOINT_END]) : rc;
}
