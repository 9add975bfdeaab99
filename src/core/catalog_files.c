/*
 * Files that come with a change of the catalogue.  What checks the definitions reads them, so they are written
 * first; before that, the journal is told to remove them, until the change itself ends that row.
 */
#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "core/catalog_plan.h"
#include "core/journal.h"

enum { FOLDER_MODE = 0750 };

/* Whether it is there with these bytes.  ERR_CONFLICT: something else is. */
static int look(const struct catalog_file *file, bool *ret_there, struct err *e)
{
	struct buf text;
	int rc = 0;

	*ret_there = file_exists(file->path);
	if (!*ret_there)
		return 0;
	buf_init(&text, file->size_bytes + 1);
	rc = file_load(file->path, file->size_bytes, &text, NULL);
	bool same = rc == 0 && text.len_bytes == file->size_bytes &&
	            (text.len_bytes == 0 || memcmp(text.data, file->bytes, text.len_bytes) == 0);
	buf_wipe(&text);
	buf_finish(&text);
	if (rc == ERR_NO_MEMORY)
		return err_no_memory(e);
	return same ? 0
	            : err_set(e, ERR_CONFLICT, "%s is there already, with another content",
	                      file->path);
}

static int add_removal(struct arena *a, const struct catalog_file *file, struct files_placed *to,
                       struct err *e)
{
	uint8_t *digest = arena_alloc(a, HASH_BYTES);

	if (!digest)
		return err_no_memory(e);
	hash_of(file->bytes, file->size_bytes, digest);
	to->removals[to->count++] = (struct store_file){.path = file->path, .before = digest};
	return 0;
}

static int note(struct catalog *c, struct files_placed *placed, struct err *e)
{
	struct store_change op = {
		.op.kind = STORE_CHANGE,
		.files = placed->removals,
		.file_count = placed->count,
	};

	int rc = store_post_wait(c->store, &op.op);
	if (rc < 0)
		return err_set(e, rc, "the store cannot take the change%s",
		               rc == ERR_BUSY ? ": there is no room on the disk" : "");
	placed->journal = op.journal;
	return 0;
}

static int write_one(const struct catalog_file *file, struct err *e)
{
	int rc = file_make_folders(file->path, FOLDER_MODE, e);

	return rc < 0 ? rc : file_create(file->path, file->bytes, file->size_bytes, file->mode, e);
}

int files_place(struct catalog *c, struct arena *a, const struct catalog_file *files, size_t count,
                struct files_placed *ret, struct err *e)
{
	const struct catalog_file **fresh = arena_array(a, count + 1, sizeof(const void *));
	int rc = 0;

	ret->removals = arena_array(a, count + 1, sizeof(*ret->removals));
	if (!fresh || !ret->removals)
		return err_no_memory(e);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		bool there = false;
		rc = look(&files[i], &there, e);
		if (rc < 0 || there)
			continue;
		fresh[ret->count] = &files[i];
		rc = file_may_write(files[i].path, e);
		rc = rc < 0 ? rc : add_removal(a, &files[i], ret, e);
	}
	if (rc == 0 && ret->count > 0)
		rc = note(c, ret, e);
	for (size_t i = 0; rc == 0 && i < ret->count; i++) {
		rc = write_one(fresh[i], e);
		/* One that cannot be synchronised may be there all the same. */
		if (rc != ERR_CONFLICT)
			ret->written = i + 1;
	}
	return rc;
}

void files_take_back(struct catalog *c, struct files_placed *placed)
{
	struct store_journal_done done = {
		.op.kind = STORE_JOURNAL_DONE,
		.journal = placed->journal,
	};
	struct err e = {0};

	if (!placed->journal)
		return;
	/* What fails here is done by the next change, or the next start. */
	int rc = journal_write(placed->removals, placed->written, &e);
	if (rc == 0)
		rc = store_post_wait(c->store, &done.op);
	if (rc < 0)
		log_event(LOG_LEVEL_WARNING, "files of a change that was refused are still there",
		          "problem", e.text, NULL);
	placed->journal = 0;
}
