/* Writing the audit trail, and its key. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/err.h"
#include "crypto/random.h"
#include "store/sqlite_impl.h"

_Static_assert((int)STORE_DIGEST_BYTES == (int)MAC_BYTES,
               "a hash of the trail is one of the room crypto");

/*
 * The key
 */

static bool keep_name(const char *folder)
{
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool kept = dir >= 0 && fsync(dir) == 0;

	if (dir >= 0)
		close(dir);
	return kept;
}

/* Written under another name first: there is never half a key. */
static int make_key(struct sqlite_store *s, const char *path, struct err *e)
{
	char fresh[1100];

	random_bytes(s->audit_key, sizeof(s->audit_key));
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	unlink(fresh);
	int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set_errno(e, ERR_IO, "cannot make %s", fresh);
	bool whole = write(fd, s->audit_key, sizeof(s->audit_key)) == sizeof(s->audit_key) &&
	             fsync(fd) == 0;
	close(fd);
	if (whole && rename(fresh, path) == 0 && keep_name(s->folder))
		return 0;
	int rc = err_set_errno(e, ERR_IO, "cannot write %s", path);
	unlink(fresh);
	return rc;
}

static int read_key(struct sqlite_store *s, int fd, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set_errno(e, ERR_IO, "cannot read %s", path);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077))
		return err_set(e, ERR_INVALID,
		               "%s must be a file of the host's own user with mode 0600", path);
	if (st.st_size != sizeof(s->audit_key) ||
	    read(fd, s->audit_key, sizeof(s->audit_key)) != sizeof(s->audit_key))
		return err_set(e, ERR_INVALID, "%s is not a key of %zu bytes", path,
		               sizeof(s->audit_key));
	return 0;
}

int audit_open_key(struct sqlite_store *s, struct err *e)
{
	char path[1024];
	int rc = crypto_init(e);

	if (rc < 0)
		return rc;
	int length = snprintf(path, sizeof(path), "%s/audit.key", s->folder);
	if (length < 0 || (size_t)length >= sizeof(path))
		return err_set(e, ERR_INVALID, "the path of the state folder is too long");
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return make_key(s, path, e);
	if (fd < 0)
		return err_set_errno(e, ERR_IO, "cannot open %s", path);
	rc = read_key(s, fd, path, e);
	close(fd);
	return rc;
}

/*
 * The chain
 */

static bool take_hash(sqlite3_stmt *stmt, int column, uint8_t *ret)
{
	const void *hash = sqlite3_column_blob(stmt, column);
	bool whole = hash && sqlite3_column_bytes(stmt, column) == STORE_DIGEST_BYTES;

	if (whole)
		memcpy(ret, hash, STORE_DIGEST_BYTES);
	return whole;
}

int audit_read_end(const struct sqlite_store *s, sqlite3 *db, struct audit_end *ret, bool *ret_good)
{
	uint8_t found[STORE_DIGEST_BYTES], expected[STORE_DIGEST_BYTES];
	sqlite3_stmt *stmt = NULL;

	*ret = (struct audit_end){0};
	*ret_good = true;
	int rc =
		sqlite3_prepare_v2(db, "SELECT number, last, hash FROM audit_end", -1, &stmt, NULL);
	if (rc == 0 && sqlite3_step(stmt) == SQLITE_ROW) {
		ret->number = (uint64_t)sqlite3_column_int64(stmt, 0);
		bool whole = take_hash(stmt, 1, ret->hash) && take_hash(stmt, 2, found);
		audit_hash_end(s->audit_key, ret, expected);
		*ret_good = whole && mac_equal(found, expected, sizeof(expected));
	}
	int ended = sqlite3_finalize(stmt);
	return rc ? rc : ended;
}

static int read_newest(sqlite3 *db, uint64_t *ret)
{
	sqlite3_stmt *stmt = NULL;

	int rc =
		sqlite3_prepare_v2(db, "SELECT ifnull(max(number), 0) FROM audit", -1, &stmt, NULL);
	if (rc == 0 && sqlite3_step(stmt) == SQLITE_ROW)
		*ret = (uint64_t)sqlite3_column_int64(stmt, 0);
	int ended = sqlite3_finalize(stmt);
	return rc ? rc : ended;
}

/* The chain goes on from its end, not from the last row that is there: what somebody has taken away
 * stays missing.  Where the end itself was tampered with, it goes on from nothing, which does not fit
 * to what is there, and so stays visible as well. */
int audit_load(struct sqlite_store *s)
{
	uint64_t newest = 0;
	bool good = true;

	int rc = audit_read_end(s, s->db, &s->audit_end, &good);
	if (rc == 0)
		rc = read_newest(s->db, &newest);
	if (rc != 0)
		return rc;
	if (!good || newest > s->audit_end.number) {
		s->audit_end = (struct audit_end){
			.number = newest > s->audit_end.number ? newest : s->audit_end.number};
	}
	return 0;
}

static void bind_hash(sqlite3_stmt *stmt, int index, const uint8_t *hash)
{
	sqlite3_bind_blob(stmt, index, hash, STORE_DIGEST_BYTES, SQLITE_STATIC);
}

int audit_add(struct sqlite_store *s, const struct store_audit *audit)
{
	sqlite3_stmt *stmt = s->stmts[STMT_AUDIT_ADD];
	struct audit_end *end = &s->audit_end_next, next = {.number = end->number + 1};
	int64_t count = audit->count ? (int64_t)*audit->count : -1;

	audit_hash(s->audit_key, end->hash, next.number, audit, count, next.hash);
	bind_seq(stmt, 1, next.number);
	sqlite3_bind_int64(stmt, 2, audit->at_ms);
	bind_text(stmt, 3, audit->actor);
	bind_text(stmt, 4, audit->action);
	bind_text(stmt, 5, audit->project);
	bind_text(stmt, 6, audit->subject);
	bind_text(stmt, 7, audit->detail);
	if (audit->count)
		sqlite3_bind_int64(stmt, 8, count);
	else
		sqlite3_bind_null(stmt, 8);
	bind_hash(stmt, 9, next.hash);
	int rc = stmt_run(stmt);
	if (rc == 0)
		*end = next;
	return rc;
}

int audit_save(struct sqlite_store *s)
{
	sqlite3_stmt *stmt = s->stmts[STMT_AUDIT_END];
	uint8_t hash[STORE_DIGEST_BYTES];

	if (s->audit_end_next.number == s->audit_end.number)
		return 0;
	audit_hash_end(s->audit_key, &s->audit_end_next, hash);
	bind_seq(stmt, 1, s->audit_end_next.number);
	bind_hash(stmt, 2, s->audit_end_next.hash);
	bind_hash(stmt, 3, hash);
	return stmt_run(stmt);
}
