/* Carrying out what the journal says about files. */
#include "core/journal.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "crypto/hash.h"
#include "store/store.h"

enum { FOLDER_MODE = 0750, FILE_BYTES_MOST = 16 << 20, ASIDE_MOST = 100 };

/* What stands at the path: nothing, what was before, what is to be, or something else. */
enum found { FOUND_NOTHING, FOUND_BEFORE, FOUND_AFTER, FOUND_OTHER };

static bool is_plain(const char *path)
{
	struct stat st;

	return lstat(path, &st) < 0 || S_ISREG(st.st_mode);
}

static int look(const struct store_file *file, enum found *ret, struct err *e)
{
	uint8_t digest[HASH_BYTES];
	struct err why = {0};
	struct buf text;

	buf_init(&text, FILE_BYTES_MOST);
	int rc = is_plain(file->path) ? file_load(file->path, FILE_BYTES_MOST, &text, &why)
	                              : ERR_INVALID;
	if (rc == 0) {
		hash_of(text.data, text.len_bytes, digest);
		if (file->bytes && text.len_bytes == file->size_bytes &&
		    (text.len_bytes == 0 || memcmp(text.data, file->bytes, text.len_bytes) == 0))
			*ret = FOUND_AFTER;
		else if (file->before && memcmp(digest, file->before, sizeof(digest)) == 0)
			*ret = FOUND_BEFORE;
		else
			*ret = FOUND_OTHER;
	}
	buf_wipe(&text);
	buf_finish(&text);
	if (rc == ERR_NOT_FOUND)
		*ret = FOUND_NOTHING;
	else if (rc == ERR_INVALID) /* nothing that was ever written here: a link, a huge file */
		*ret = FOUND_OTHER;
	else if (rc < 0)
		return err_set(e, rc, "%s", why.text);
	return 0;
}

/* Somebody's work is not written over, nor what was kept of it before. */
static int set_aside(const char *path, struct err *e)
{
	char aside[FILE_PATH_BYTES + 16];

	snprintf(aside, sizeof(aside), "%s~", path);
	for (unsigned i = 2; file_exists(aside) && i < ASIDE_MOST; i++)
		snprintf(aside, sizeof(aside), "%s~%u", path, i);
	if (rename(path, aside) < 0)
		return err_set_errno(e, ERR_IO, "%s", aside);
	log_event(LOG_LEVEL_WARNING, "a file was changed while it was being written; it is kept",
	          "file", path, "kept", aside, NULL);
	return 0;
}

static int write_one(const struct store_file *file, struct err *e)
{
	enum found found = FOUND_NOTHING;

	int rc = look(file, &found, e);
	if (rc == 0 && found == FOUND_OTHER)
		rc = set_aside(file->path, e);
	if (rc < 0 || found == FOUND_AFTER)
		return rc;
	if (!file->bytes) {
		rc = found == FOUND_NOTHING ? 0 : file_remove(file->path, e);
		rc = rc == ERR_NOT_FOUND ? 0 : rc;
		return rc < 0 ? rc : file_remove_unfinished(file->path, e);
	}
	rc = file_make_folders(file->path, FOLDER_MODE, e);
	return rc < 0 ? rc : file_replace(file->path, file->bytes, file->size_bytes, file->mode, e);
}

int journal_write(const struct store_file *files, size_t count, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++)
		rc = write_one(&files[i], e);
	return rc;
}

/* Rows are copied: the store cannot be written to while it hands them out. */
struct row {
	struct row *next;
	uint64_t journal;
	struct store_file *files;
	size_t count;
};

struct reading {
	struct arena arena;
	struct row *first, **end;
	bool failed;
};

static bool copy_file(struct arena *a, const struct store_file *from, struct store_file *to)
{
	*to = *from;
	to->path = arena_strdup(a, from->path);
	to->before = from->before ? arena_dup(a, from->before, STORE_DIGEST_BYTES) : NULL;
	to->bytes = from->bytes ? arena_dup(a, from->bytes, from->size_bytes) : NULL;
	return to->path && (to->before || !from->before) && (to->bytes || !from->bytes);
}

static void take(void *arg, uint64_t journal, const struct store_file *files, size_t count)
{
	struct reading *r = arg;
	struct row *row = arena_alloc(&r->arena, sizeof(*row));

	if (row)
		row->files = arena_array(&r->arena, count + 1, sizeof(*row->files));
	if (!row || !row->files) {
		r->failed = true;
		return;
	}
	row->journal = journal;
	row->count = count;
	for (size_t i = 0; i < count; i++)
		r->failed = !copy_file(&r->arena, &files[i], &row->files[i]) || r->failed;
	*r->end = row;
	r->end = &row->next;
}

static int finish_row(struct store *store, const struct row *row, struct err *e)
{
	struct store_journal_done done = {
		.op.kind = STORE_JOURNAL_DONE,
		.journal = row->journal,
	};
	char count[24];

	int rc = journal_write(row->files, row->count, e);
	if (rc < 0)
		return rc;
	rc = store_post_wait(store, &done.op);
	if (rc < 0)
		return err_set(e, rc, "the store cannot note that a change of files is done");
	snprintf(count, sizeof(count), "%zu", row->count);
	log_event(LOG_LEVEL_WARNING, "a change that was cut short is finished", "files", count,
	          NULL);
	return 0;
}

int journal_finish(struct store *store, struct err *e)
{
	struct reading r = {.end = &r.first};

	arena_init(&r.arena);
	int rc = store_journal(store, take, &r, e);
	if (rc == 0 && r.failed)
		rc = err_no_memory(e);
	for (const struct row *row = r.first; row && rc == 0; row = row->next)
		rc = finish_row(store, row, e);
	arena_wipe(&r.arena);
	return rc;
}
