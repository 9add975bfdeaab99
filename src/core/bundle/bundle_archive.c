/* Reading archives, by libzip. */
#include <zip.h>

#include "base/banned.h"
#include "base/err.h"
#include "core/bundle/bundle_impl.h"
#include "json/json.h"

/* What was read so far, against the bounds. */
struct reading {
	struct bundle *b;
	zip_t *archive;
	size_t bytes, document_bytes;
};

static int set_zip_error(struct err *e, const char *what, zip_error_t *error)
{
	if (zip_error_code_zip(error) == ZIP_ER_MEMORY)
		return err_no_memory(e);
	return err_set(e, ERR_INVALID, "%s cannot be read: %s", what, zip_error_strerror(error));
}

static int set_entry_error(struct err *e, const char *name, zip_error_t *error)
{
	char shown[BUNDLE_SHOWN_BYTES];
	int rc = set_zip_error(e, "it", error);

	err_prefix(e, "%s in the bundle", bundle_shown(name, shown));
	return rc;
}

static bool is_document(const char *name)
{
	return !bundle_entry_is_file(name);
}

/* What the headers say; it is held against what is read later. */
static int check_sizes(const struct reading *r, const char *name, const zip_stat_t *st,
                       struct err *e)
{
	const zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
	zip_uint64_t most = bundle_entry_is_connection(name) ? BUNDLE_DOCUMENT_BYTES_MOST
	                                                     : BUNDLE_ENTRY_BYTES_MOST;

	if ((st->valid & needed) != needed ||
	    (st->comp_method != ZIP_CM_STORE && st->comp_method != ZIP_CM_DEFLATE))
		return err_set(e, ERR_INVALID,
		               "%s in the bundle is compressed in a way that is "
		               "not read; stored and deflated entries are",
		               name);
	if (st->size > most)
		return err_set(e, ERR_INVALID,
		               "%s in the bundle is too large: at most %llu bytes "
		               "are read of it",
		               name, (unsigned long long)most);
	if (st->size > BUNDLE_BYTES_MOST - r->bytes)
		return err_set(e, ERR_INVALID,
		               "the bundle is too large: at most %d bytes are read "
		               "in all",
		               BUNDLE_BYTES_MOST);
	if (is_document(name) && st->size > BUNDLE_DOCUMENTS_BYTES_MOST - r->document_bytes)
		return err_set(e, ERR_INVALID,
		               "the documents in the bundle are too large: at most "
		               "%d bytes are read of all together",
		               BUNDLE_DOCUMENTS_BYTES_MOST);
	if (st->size > BUNDLE_RATIO_MOST * st->comp_size)
		return err_set(e, ERR_INVALID,
		               "%s in the bundle is compressed to less than one "
		               "%dth",
		               name, BUNDLE_RATIO_MOST);
	return 0;
}

/* As many bytes as were announced, and then the end, where libzip has checked the CRC. */
static int read_bytes(zip_file_t *file, struct bundle_entry *entry, char *bytes, size_t size_bytes,
                      struct err *e)
{
	size_t done = 0;
	char more;

	while (done < size_bytes) {
		zip_int64_t n = zip_fread(file, bytes + done, size_bytes - done);
		if (n < 0)
			return set_entry_error(e, entry->name, zip_file_get_error(file));
		if (n == 0)
			break;
		done += (size_t)n;
	}
	zip_int64_t n = done == size_bytes ? zip_fread(file, &more, 1) : 1;
	if (n < 0)
		return set_entry_error(e, entry->name, zip_file_get_error(file));
	if (n > 0)
		return err_set(e, ERR_INVALID,
		               "%s in the bundle does not have the size that its "
		               "header says",
		               entry->name);
	entry->bytes = bytes;
	entry->size_bytes = size_bytes;
	return 0;
}

static int parse(struct reading *r, struct bundle_entry *entry, struct err *e)
{
	struct json *document = NULL;

	r->document_bytes += entry->size_bytes;
	int rc = json_read(entry->bytes, entry->size_bytes, &document, e);
	if (rc < 0) {
		err_prefix(e, "%s in the bundle", entry->name);
		return rc;
	}
	r->b->owned[r->b->owned_count++] = document;
	entry->document = document;
	return 0;
}

static int read_entry(struct reading *r, struct bundle_entry *entry, zip_uint64_t i, struct err *e)
{
	zip_stat_t st;

	if (entry->bytes)
		return 0;
	if (zip_stat_index(r->archive, i, 0, &st) < 0)
		return set_entry_error(e, entry->name, zip_get_error(r->archive));
	int rc = check_sizes(r, entry->name, &st, e);
	if (rc < 0)
		return rc;
	char *bytes = arena_alloc(&r->b->arena, (size_t)st.size + 1);
	if (!bytes)
		return err_no_memory(e);
	r->bytes += (size_t)st.size;
	zip_file_t *file = zip_fopen_index(r->archive, i, 0);
	if (!file)
		return set_entry_error(e, entry->name, zip_get_error(r->archive));
	rc = read_bytes(file, entry, bytes, (size_t)st.size, e);
	zip_fclose(file);
	return rc == 0 && is_document(entry->name) ? parse(r, entry, e) : rc;
}

/* metadata.json first: in a format of later times everything else may be different. */
static int read_metadata(struct reading *r, const struct bundle_entries *entries, struct err *e)
{
	for (size_t i = 0; i < entries->count; i++)
		if (strcmp(entries->items[i].name, BUNDLE_METADATA) == 0) {
			int rc = read_entry(r, &entries->items[i], i, e);
			return rc < 0 ? rc : bundle_check_format(entries->items[i].document, e);
		}
	return err_set(e, ERR_INVALID, "this is no export bundle: it has no " BUNDLE_METADATA);
}

static int read_entries(struct reading *r, const struct bundle_entries *entries, struct err *e)
{
	char shown[BUNDLE_SHOWN_BYTES];
	int rc = read_metadata(r, entries, e);

	for (size_t i = 0; rc == 0 && i < entries->count; i++)
		if (!bundle_entry_allowed(entries->items[i].name))
			rc = err_set(e, ERR_INVALID, "\"%s\" is no name of an entry of a bundle",
			             bundle_shown(entries->items[i].name, shown));
	for (size_t i = 0; rc == 0 && i < entries->count; i++)
		rc = read_entry(r, &entries->items[i], i, e);
	return rc;
}

/* libzip may have found another directory than the frame's. */
static int check_names(zip_t *archive, const struct bundle_entries *entries, struct err *e)
{
	bool is_same = zip_get_num_entries(archive, 0) == (zip_int64_t)entries->count;

	for (size_t i = 0; is_same && i < entries->count; i++) {
		const char *name = zip_get_name(archive, i, ZIP_FL_ENC_RAW);
		is_same = name && strcmp(name, entries->items[i].name) == 0;
	}
	if (is_same)
		return 0;
	return err_set(e, ERR_INVALID, "this is no export bundle: it has two directories");
}

static zip_t *open_archive(const void *zip, size_t size_bytes, struct err *e)
{
	zip_error_t error;

	zip_error_init(&error);
	zip_source_t *source = zip_source_buffer_create(zip, size_bytes, 0, &error);
	zip_t *archive =
		source ? zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error) : NULL;
	if (!archive) {
		zip_source_free(source);
		set_zip_error(e, "the bundle", &error);
	}
	zip_error_fini(&error);
	return archive;
}

int bundle_archive_read(struct bundle *b, const void *zip, size_t size_bytes,
                        const struct bundle_entries *entries, struct err *e)
{
	struct reading r = {.b = b};
	struct err own = {0};

	b->owned = arena_array(&b->arena, entries->count, sizeof(struct json *));
	if (!b->owned)
		return err_no_memory(e);
	r.archive = open_archive(zip, size_bytes, &own);
	if (!r.archive)
		return err_set(e, own.code, "%s", own.text);
	int rc = check_names(r.archive, entries, e);
	if (rc == 0)
		rc = read_entries(&r, entries, e);
	zip_discard(r.archive);
	return rc;
}
