/*
 * Writing bundles, by libzip.  Entries are stored, not compressed: so the bytes depend on no version of a
 * compressor, and no entry can be refused for being compressed too well.
 */
#include <sys/stat.h>
#include <zip.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/bundle/bundle_impl.h"
#include "crypto/passphrase.h"
#include "json/json.h"

/* The end of an archive and the records of its entries come on top of what is in them. */
enum { ZIP_BYTES_MORE = 1 << 20 };

/*
 * What goes in
 */

static int check_files(const struct bundle *b, const char *passphrase, struct err *e)
{
	for (size_t i = 0; i < b->file_count; i++) {
		const struct bundle_file *file = &b->files[i];
		enum bundle_file_kind kind = bundle_file_kind_of(file->bytes, file->size_bytes);
		bool is_key = bundle_file_is_secret(file->kind) || bundle_file_is_secret(kind);
		if (!bundle_file_name_valid(file->name))
			return err_set(e, ERR_INVALID, "\"%s\" is no name of a file in a bundle",
			               file->name);
		if (is_key && !passphrase)
			return err_set(
				e, ERR_DENIED,
				"%s holds a private key: it leaves the host in a sealed bundle "
				"alone, and that needs a passphrase",
				file->name);
	}
	return 0;
}

static int check_counts(const struct bundle *b, struct err *e)
{
	size_t documents = 2;

	if (b->connection_count == 0)
		return err_set(e, ERR_INVALID, "there is no connection to put into the bundle");
	if (b->connection_count > BUNDLE_ENTRIES_MOST ||
	    b->file_count > BUNDLE_ENTRIES_MOST - documents ||
	    b->connection_count > BUNDLE_ENTRIES_MOST - documents - b->file_count)
		return err_set(e, ERR_INVALID,
		               "a bundle may have at most %d entries; this one would "
		               "have %zu",
		               BUNDLE_ENTRIES_MOST,
		               b->connection_count + b->file_count + documents);
	for (size_t i = 0; i < b->connection_count; i++) {
		const struct bundle_connection *c = &b->connections[i];
		int rc = bundle_check_names(c->project, c->name, e);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* The text of a document, as an entry that borrows it from the buffer. */
static void add_entry(struct bundle_entries *entries, const char *name, const struct buf *text,
                      int64_t at_ms)
{
	entries->items[entries->count++] = (struct bundle_entry){
		.name = name,
		.bytes = text->data,
		.size_bytes = text->len_bytes,
		.at_ms = at_ms,
	};
}

/* All that lives while a bundle is written. */
struct writing {
	const struct bundle *b;
	struct arena arena;
	struct bundle_entries entries;
	const char **names;
	struct buf *texts; /* of the connections, then metadata and dependencies */
	size_t text_count;
};

static int add_connection(struct writing *w, size_t i, struct err *e)
{
	const struct bundle_connection *c = &w->b->connections[i];
	char name[BUNDLE_NAME_BYTES];

	if (!bundle_entry_name(c->project, c->name, w->b->connection_count == 1, name))
		return err_set(e, ERR_INVALID, "the name of %s is too long", c->name);
	w->names[i] = arena_strdup(&w->arena, name);
	if (!w->names[i] || json_write(c->definition, JSON_PRETTY, &w->texts[i]) < 0)
		return err_no_memory(e);
	buf_add_char(&w->texts[i], '\n');
	if (buf_failed(&w->texts[i]))
		return err_no_memory(e);
	add_entry(&w->entries, w->names[i], &w->texts[i], c->at_ms);
	return 0;
}

static int add_file(struct writing *w, const struct bundle_file *file, struct err *e)
{
	char *name = arena_printf(&w->arena, BUNDLE_FILES "%s", file->name);

	if (!name)
		return err_no_memory(e);
	w->entries.items[w->entries.count++] = (struct bundle_entry){
		.name = name,
		.bytes = file->bytes,
		.size_bytes = file->size_bytes,
		.at_ms = w->b->at_ms,
	};
	return 0;
}

/* metadata.json stands behind the connections, but speaks of the others: it is put in between at last. */
static int add_metadata(struct writing *w, struct err *e)
{
	size_t at = w->b->connection_count;
	struct buf *text = &w->texts[at];
	struct bundle_entry *items = w->entries.items;

	if (bundle_write_metadata(w->b, &w->entries, w->names, text) < 0)
		return err_no_memory(e);
	memmove(items + at + 1, items + at, (w->entries.count - at) * sizeof(*items));
	size_t count = w->entries.count;
	w->entries.count = at;
	add_entry(&w->entries, BUNDLE_METADATA, text, w->b->at_ms);
	w->entries.count = count + 1;
	return 0;
}

static int gather(struct writing *w, struct err *e)
{
	const struct bundle *b = w->b;
	size_t most = b->connection_count + b->file_count + 2;
	int rc = 0;

	w->entries.items = arena_array(&w->arena, most, sizeof(*w->entries.items));
	w->names = arena_array(&w->arena, b->connection_count, sizeof(*w->names));
	w->texts = arena_array(&w->arena, b->connection_count + 2, sizeof(*w->texts));
	if (!w->entries.items || !w->names || !w->texts)
		return err_no_memory(e);
	w->text_count = b->connection_count + 2;
	for (size_t i = 0; i < w->text_count; i++)
		buf_init(&w->texts[i], BUNDLE_ENTRY_BYTES_MOST);
	for (size_t i = 0; rc == 0 && i < b->connection_count; i++)
		rc = add_connection(w, i, e);
	struct buf *dependencies = &w->texts[b->connection_count + 1];
	if (rc == 0 && bundle_write_dependencies(b, dependencies) < 0)
		rc = err_no_memory(e);
	if (rc == 0)
		add_entry(&w->entries, BUNDLE_DEPENDENCIES, dependencies, b->at_ms);
	for (size_t i = 0; rc == 0 && i < b->file_count; i++)
		rc = add_file(w, &b->files[i], e);
	return rc < 0 ? rc : add_metadata(w, e);
}

/* Before libzip copies them. */
static int check_size(const struct bundle_entries *entries, struct err *e)
{
	size_t left = BUNDLE_BYTES_MOST;

	for (size_t i = 0; i < entries->count; i++) {
		size_t bytes = entries->items[i].size_bytes;
		if (bytes > BUNDLE_ENTRY_BYTES_MOST)
			return err_set(e, ERR_INVALID,
			               "%s is too large for a bundle: at most %d "
			               "bytes go into one",
			               entries->items[i].name, BUNDLE_ENTRY_BYTES_MOST);
		if (bytes > left)
			return err_set(e, ERR_INVALID,
			               "the bundle would be too large: at most %d "
			               "bytes go into one",
			               BUNDLE_BYTES_MOST);
		left -= bytes;
	}
	return 0;
}

/*
 * The archive
 */

static int set_zip_error(struct err *e, zip_error_t *error)
{
	if (zip_error_code_zip(error) == ZIP_ER_MEMORY)
		return err_no_memory(e);
	return err_set(e, ERR_FAILED, "the bundle cannot be written: %s",
	               zip_error_strerror(error));
}

static int set_entry_error(struct err *e, const char *name, zip_error_t *error)
{
	if (zip_error_code_zip(error) == ZIP_ER_EXISTS)
		return err_set(e, ERR_INVALID, "%s is in the bundle twice", name);
	return set_zip_error(e, error);
}

static int add_to_archive(zip_t *archive, const struct bundle_entry *entry)
{
	zip_source_t *source = zip_source_buffer(archive, entry->bytes, entry->size_bytes, 0);
	zip_int64_t i = source ? zip_file_add(archive, entry->name, source, 0) : -1;

	if (i < 0) {
		zip_source_free(source);
		return ERR_FAILED;
	}
	if (zip_set_file_compression(archive, (zip_uint64_t)i, ZIP_CM_STORE, 0) < 0 ||
	    zip_file_set_external_attributes(archive, (zip_uint64_t)i, 0, ZIP_OPSYS_UNIX,
	                                     (zip_uint32_t)(S_IFREG | 0644) << 16) < 0)
		return ERR_FAILED;
	return 0;
}

/* libzip leaves the whole archive in the source. */
static int take_bytes(zip_source_t *source, struct buf *ret, struct err *e)
{
	char bytes[16384];
	zip_int64_t n;

	if (zip_source_open(source) < 0)
		return set_zip_error(e, zip_source_error(source));
	while ((n = zip_source_read(source, bytes, sizeof(bytes))) > 0)
		buf_add(ret, bytes, (size_t)n);
	mem_wipe(bytes, sizeof(bytes));
	int rc = n < 0 ? set_zip_error(e, zip_source_error(source)) : 0;
	zip_source_close(source);
	return rc == 0 && buf_failed(ret) ? err_no_memory(e) : rc;
}

static int fill_archive(zip_t *archive, const struct bundle_entries *entries, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < entries->count; i++)
		if (add_to_archive(archive, &entries->items[i]) < 0)
			rc = set_entry_error(e, entries->items[i].name, zip_get_error(archive));
	if (rc == 0 && zip_close(archive) < 0)
		rc = set_zip_error(e, zip_get_error(archive));
	else if (rc == 0)
		return 0;
	zip_discard(archive);
	return rc;
}

static int write_archive(const struct bundle_entries *entries, struct buf *ret, struct err *e)
{
	zip_error_t error;
	int rc = 0;

	zip_error_init(&error);
	zip_source_t *source = zip_source_buffer_create(NULL, 0, 0, &error);
	zip_t *archive =
		source ? zip_open_from_source(source, ZIP_CREATE | ZIP_TRUNCATE, &error) : NULL;
	if (!archive)
		rc = set_zip_error(e, &error);
	zip_error_fini(&error);
	if (!archive) {
		zip_source_free(source);
		return rc;
	}
	/* zip_close() and zip_discard() let go of it once. */
	zip_source_keep(source);
	rc = fill_archive(archive, entries, e);
	if (rc == 0)
		rc = take_bytes(source, ret, e);
	zip_source_free(source);
	if (rc == 0 && bundle_stamp(ret, entries) < 0)
		rc = err_set(e, ERR_FAILED,
		             "the bundle cannot be written: libzip made another "
		             "archive than it was asked for");
	return rc;
}

/*
 * All of it
 */

/* The rules stand in one place, where bundles are read. */
static int read_back(const struct buf *zip, struct err *e)
{
	struct bundle again;
	int rc = bundle_read(zip->data, zip->len_bytes, NULL, &again, e);

	bundle_finish(&again);
	return rc;
}

static int write_plain(const struct bundle *b, struct buf *zip, struct err *e)
{
	struct writing w = {.b = b};

	arena_init(&w.arena);
	int rc = gather(&w, e);
	rc = rc < 0 ? rc : check_size(&w.entries, e);
	rc = rc < 0 ? rc : write_archive(&w.entries, zip, e);
	for (size_t i = 0; i < w.text_count; i++)
		buf_finish(&w.texts[i]);
	arena_finish(&w.arena);
	return rc < 0 ? rc : read_back(zip, e);
}

static int hand_out(const struct buf *zip, const char *passphrase, struct buf *ret, struct err *e)
{
	size_t before = ret->len_bytes;
	int rc = 0;

	if (passphrase)
		rc = passphrase_seal(passphrase, zip->data, zip->len_bytes, ret, e);
	else
		buf_add(ret, zip->data, zip->len_bytes);
	if (rc == 0 && buf_failed(ret))
		rc = err_no_memory(e);
	if (rc == 0 && ret->len_bytes - before > BUNDLE_BYTES_MOST)
		rc = err_set(e, ERR_INVALID,
		             "the bundle would be too large: it may have at most %d "
		             "bytes, also when it is sealed",
		             BUNDLE_BYTES_MOST);
	if (rc < 0)
		buf_cut(ret, before);
	return rc;
}

int bundle_write(const struct bundle *b, const char *passphrase, struct buf *ret, struct err *e)
{
	struct buf zip;

	int rc = check_counts(b, e);
	rc = rc < 0 ? rc : check_files(b, passphrase, e);
	if (rc < 0)
		return rc;
	buf_init(&zip, BUNDLE_BYTES_MOST + ZIP_BYTES_MORE);
	rc = write_plain(b, &zip, e);
	if (rc == 0)
		rc = hand_out(&zip, passphrase, ret, e);
	buf_wipe(&zip);
	buf_finish(&zip);
	return rc;
}
