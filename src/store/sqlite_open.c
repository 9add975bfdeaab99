/* Opening and closing the file. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/sqlite_impl.h"

enum { CHECKED_BYTES = 64 << 20 }; /* a file up to this size is checked as a whole */

/*
 * Connections
 */
/* No memory map: an I/O error in one ends the process.  No checkpoints by themselves: the writer makes
 * them.  Temporary tables stay in memory: a query must not fail for want of a disk. */
static const char settings_of_writer[] =
	"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
	"PRAGMA mmap_size = 0; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;"
	"PRAGMA secure_delete = OFF";
static const char settings_of_readers[] =
	"PRAGMA query_only = ON; PRAGMA wal_autocheckpoint = 0; PRAGMA mmap_size = 0;"
	"PRAGMA cache_size = -4096; PRAGMA temp_store = MEMORY";

static int say_why(struct sqlite_store *s, sqlite3 *db, int rc, struct err *e)
{
	const char *text = db ? sqlite3_errmsg(db) : sqlite3_errstr(rc);

	switch (rc & 0xff) {
	case SQLITE_NOMEM:
		return err_no_memory(e);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR: /* such as a table that is not there */
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
		return err_set(
			e, ERR_INVALID,
			"%s is damaged: %s (SQLite's code %d); linkspand --set-aside moves it "
			"away",
			s->path, text, rc);
	default:
		return err_set(e, ERR_IO, "cannot open %s: %s (SQLite's code %d)", s->path, text,
		               rc);
	}
}

int sqlite_connect(struct sqlite_store *s, bool writes, sqlite3 **ret, struct err *e)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
	            (writes ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
	sqlite3 *db = NULL;

	int rc = sqlite3_open_v2(s->path, &db, flags, s->options.vfs);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(db, SQLITE_BUSY_MS);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, writes ? settings_of_writer : settings_of_readers, NULL, NULL,
		                  NULL);
	if (rc == SQLITE_OK) {
		*ret = db;
		return 0;
	}
	if (writes)
		s->rc = rc;
	rc = say_why(s, db, rc, e);
	sqlite3_close(db);
	return rc;
}

/*
 * What is in the file
 */
static int collect_fault(void *arg, int count, char **values, char **names)
{
	char *text = arg;

	(void)names;
	if (count == 0 || !values[0] || strcmp(values[0], "ok") == 0 || text[0])
		return 0;
	/* Above what was found may stand a line that says only in which database. */
	const char *rest = strncmp(values[0], "***", 3) == 0 ? strchr(values[0], '\n') : NULL;
	snprintf(text, ERR_TEXT_BYTES / 2, "%s", rest ? rest + 1 : values[0]);
	return 0;
}

static int check_content(struct sqlite_store *s, struct err *e)
{
	char fault[ERR_TEXT_BYTES / 2] = "";
	struct stat st;

	if (stat(s->path, &st) < 0 || st.st_size > CHECKED_BYTES)
		return 0;
	int rc = sqlite3_exec(s->db, "PRAGMA quick_check(1)", collect_fault, fault, NULL);
	if (rc != 0)
		return say_why(s, s->db, rc, e);
	if (fault[0])
		return err_set(e, ERR_INVALID,
		               "%s is damaged: %s; linkspand --set-aside moves it away", s->path,
		               fault);
	return 0;
}

static int load_meta(struct sqlite_store *s, const char *name, uint64_t *ret)
{
	sqlite3_stmt *stmt = s->stmts[STMT_META_GET];
	int found;

	bind_text(stmt, 1, name);
	int rc = stmt_first(stmt, &found);
	if (rc == 0 && found)
		*ret = (uint64_t)sqlite3_column_int64(stmt, 0);
	sqlite3_reset(stmt);
	return rc;
}

static int load(struct sqlite_store *s)
{
	int found = 0;

	int rc = stmt_prepare_all(s);
	if (rc == 0)
		rc = load_meta(s, "watermark", &s->watermark);
	if (rc == 0)
		rc = load_meta(s, "sweep", &s->sweep);
	if (rc == 0)
		rc = stmt_first(s->stmts[STMT_HAS_KEYS], &found);
	sqlite3_reset(s->stmts[STMT_HAS_KEYS]);
	s->has_keys = found;
	if (rc == 0)
		rc = audit_load(s);
	if (rc == 0)
		rc = upkeep_note_size(s);
	upkeep_show_size(s);
	return rc;
}

/* What is in the messages is nobody else's: SQLite would let all the world read them.  The files
 * beside the database get its mode. */
static int make_private(const struct sqlite_store *s, struct err *e)
{
	int fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_set_errno(e, ERR_IO, "cannot open %s", s->path);
	close(fd);
	return 0;
}

static int open_file(struct sqlite_store *s, struct err *e)
{
	struct err refused = {0};

	int rc = make_private(s, e);
	if (rc == 0)
		rc = sqlite_connect(s, true, &s->db, e);
	if (rc == 0)
		rc = check_content(s, e);
	if (rc < 0)
		return rc;
	sqlite3_wal_hook(s->db, upkeep_note_wal, s);
	rc = sqlite_schema(s, &refused);
	if (refused.code)
		return err_set(e, refused.code, "%s", refused.text);
	if (rc == 0)
		rc = load(s);
	if (rc == 0)
		return 0;
	s->rc = rc;
	return say_why(s, s->db, rc, e);
}

static void close_file(struct sqlite_store *s)
{
	stmt_finish_all(s);
	/* After a failure nothing is moved any more: the next start sees what there was. */
	if (s->failed && s->db)
		sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_close(s->db);
	s->db = NULL;
}

/* A disk that is full already must not keep the host from starting: what it has is to be sent. */
static int open_within_room(struct sqlite_store *s, struct err *e)
{
	struct err first = {0};

	int rc = open_file(s, &first);
	if (rc == 0 || (s->rc & 0xff) != SQLITE_FULL)
		return rc == 0 ? 0 : err_set(e, rc, "%s", first.text);
	close_file(s);
	space_give_up(s);
	return open_file(s, e);
}

/*
 * The store
 */
static int64_t now_ms(struct store *store)
{
	return sqlite_of(store)->clock->unix_ms();
}

static int recover(struct store *store, const uint64_t *suspects, size_t count,
                   struct store_recovery *ret, struct err *e)
{
	struct sqlite_recover op = {.op.kind = (enum store_op_kind)SQLITE_RECOVER,
	                            .suspects = suspects,
	                            .count = count};

	int rc = store_post_wait(store, &op.op);
	if (rc < 0)
		return err_set(e, rc, "%s: %s", sqlite_of(store)->path,
		               rc == ERR_BUSY ? "there is no room on the disk"
		                              : "the leases of the last run cannot be released");
	*ret = op.found;
	return 0;
}

static void read_stats(struct store *store, struct store_stats *ret)
{
	struct sqlite_store *s = sqlite_of(store);

	pthread_mutex_lock(&s->lock);
	*ret = s->stats;
	pthread_mutex_unlock(&s->lock);
	ret->disk_free_bytes = space_free_bytes(s);
}

static void close_store(struct store *store)
{
	sqlite_dispose(sqlite_of(store));
}

const struct store_api sqlite_api = {
	.close = close_store,
	.now_ms = now_ms,
	.post = writer_post,
	.recover = recover,
	.links = read_links,
	.list = read_list,
	.count = read_count,
	.get = read_get,
	.stats = read_stats,
	.tokens = read_tokens,
	.audit = read_audit,
	.audit_verify = read_audit_verify,
	.deployments = read_deployments,
	.deployment = read_deployment,
	.journal = read_journal,
	.approvals = read_approvals,
	.identities = read_identities,
};

void sqlite_dispose(struct sqlite_store *s)
{
	writer_stop(s);
	for (unsigned i = 0; i < SQLITE_READERS; i++)
		sqlite3_close(s->readers[i].db);
	close_file(s);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	buf_finish(&s->attrs_out);
	mem_free(s->attrs_in.items);
	fresh_finish(&s->fresh);
	backlog_finish(&s->backlog);
	pthread_cond_destroy(&s->work);
	pthread_cond_destroy(&s->reader_free);
	pthread_mutex_destroy(&s->lock);
	mem_free(s->folder);
	mem_free(s->path);
	mem_wipe(s->audit_key, sizeof(s->audit_key));
	mem_free(s);
}

static void init(struct sqlite_store *s, const struct sqlite_options *options)
{
	pthread_condattr_t attr;

	s->store.api = &sqlite_api;
	s->options = *options;
	s->clock = options->clock ? options->clock : &clock_system;
	s->lock_fd = -1;
	s->end = &s->first;
	s->held_end = &s->held;
	s->page_bytes = PAGE_BYTES;
	s->prune_ended_ms = s->watermark_ms = s->clock->mono_ms();
	buf_init(&s->attrs_out, ATTRS_BYTES_MAX);
	fresh_init(&s->fresh);
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->work, &attr);
	pthread_condattr_destroy(&attr);
	pthread_cond_init(&s->reader_free, NULL);
}

static int name_files(struct sqlite_store *s, const char *folder)
{
	struct buf path;

	buf_init(&path, BUF_MAX_LINE);
	buf_printf(&path, "%s/outbox.db", folder);
	s->path = buf_take(&path);
	s->folder = mem_strdup(folder);
	return s->path && s->folder ? 0 : ERR_NO_MEMORY;
}

/* Its counts of memory cost a lock at every allocation. */
static void configure_library(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int sqlite_store_open(const struct sqlite_options *options, struct store **ret, struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct sqlite_store *s = mem_zalloc(sizeof(*s));

	pthread_once(&once, configure_library);
	if (!s)
		return err_no_memory(e);
	init(s, options);
	int rc = name_files(s, options->folder);
	if (rc < 0)
		err_no_memory(e);
	if (rc == 0)
		rc = damage_lock(s->folder, &s->lock_fd, e);
	if (rc == 0)
		rc = damage_check(s, e);
	if (rc == 0)
		rc = audit_open_key(s, e);
	if (rc == 0)
		rc = open_within_room(s, e);
	if (rc == 0) {
		/* Who asks for it is not there yet: the writer says it as it begins. */
		s->full = s->stats.full = !space_reserve(s);
		rc = writer_start(s, e);
	}
	if (rc == 0)
		*ret = &s->store;
	else
		sqlite_dispose(s);
	return rc;
}
