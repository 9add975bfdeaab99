/* The documents that a bundle has beside its connections: making them. */
#include "base/banned.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "core/bundle/bundle_impl.h"
#include "json/json.h"

static struct json *moment(int64_t at_ms)
{
	char text[CLOCK_TEXT_BYTES];

	clock_format(at_ms, text);
	return json_string(text);
}

static struct json *need_json(const struct bundle *b, const struct bundle_need *need)
{
	const struct bundle_connection *c = &b->connections[need->connection];
	struct json *item = json_object();

	if (json_set(item, "connection", json_string(c->name)) < 0 ||
	    json_set(item, "project", json_string(c->project)) < 0 ||
	    json_set(item, "kind", json_string(need->kind)) < 0 ||
	    json_set(item, "name", json_string(need->name)) < 0 ||
	    json_set(item, "path", json_string_or_null(need->path)) < 0 ||
	    json_set(item, "file", json_string_or_null(need->file)) < 0) {
		json_free(item);
		return NULL;
	}
	return item;
}

static struct json *file_json(const struct bundle_file *file)
{
	struct json *item = json_object();

	if (json_set(item, "name", json_string(file->name)) < 0 ||
	    json_set(item, "kind", json_string(bundle_file_kinds[file->kind])) < 0) {
		json_free(item);
		return NULL;
	}
	return item;
}

static struct json *dependencies_json(const struct bundle *b)
{
	struct json *document = json_object(), *items = json_array(), *files = json_array();
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < b->need_count; i++)
		rc = json_push(items, need_json(b, &b->needs[i]));
	for (size_t i = 0; rc == 0 && i < b->file_count; i++)
		rc = json_push(files, file_json(&b->files[i]));
	int set = json_set(document, "items", items);
	set = json_set(document, "files", files) < 0 ? ERR_NO_MEMORY : set;
	if (rc == 0 && set == 0)
		return document;
	json_free(document);
	return NULL;
}

/* Takes the document, which may be NULL. */
static int write_down(struct json *document, struct buf *ret)
{
	int rc = document ? json_write(document, JSON_PRETTY, ret) : ERR_NO_MEMORY;

	json_free(document);
	buf_add_char(ret, '\n');
	return rc < 0 || buf_failed(ret) ? ERR_NO_MEMORY : 0;
}

int bundle_write_dependencies(const struct bundle *b, struct buf *ret)
{
	return write_down(dependencies_json(b), ret);
}

static struct json *connection_json(const struct bundle_connection *c, const char *entry)
{
	struct json *item = json_object();

	if (json_set(item, "project", json_string(c->project)) < 0 ||
	    json_set(item, "name", json_string(c->name)) < 0 ||
	    json_set(item, "type", json_copy(json_get(c->definition, "type"))) < 0 ||
	    json_set(item, "revision", json_string(c->revision)) < 0 ||
	    json_set(item, "at", moment(c->at_ms)) < 0 ||
	    json_set(item, "entry", json_string(entry)) < 0) {
		json_free(item);
		return NULL;
	}
	return item;
}

static struct json *entry_json(const struct bundle_entry *entry)
{
	char sha256[BUNDLE_SHA256_BYTES];
	struct json *item = json_object();

	bundle_sha256(entry->bytes, entry->size_bytes, sha256);
	if (json_set(item, "sha256", json_string(sha256)) < 0 ||
	    json_set(item, "size_bytes", json_int((int64_t)entry->size_bytes)) < 0) {
		json_free(item);
		return NULL;
	}
	return item;
}

static int set_parts(struct json *document, const struct bundle *b,
                     const struct bundle_entries *entries, const char *const *names)
{
	struct json *connections = json_array(), *hashes = json_object();
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < b->connection_count; i++)
		rc = json_push(connections, connection_json(&b->connections[i], names[i]));
	for (size_t i = 0; rc == 0 && i < entries->count; i++)
		rc = json_set(hashes, entries->items[i].name, entry_json(&entries->items[i]));
	int set = json_set(document, "connections", connections);
	set = json_set(document, "entries", hashes) < 0 ? ERR_NO_MEMORY : set;
	return rc < 0 ? rc : set;
}

int bundle_write_metadata(const struct bundle *b, const struct bundle_entries *entries,
                          const char *const *names, struct buf *ret)
{
	struct json *document = json_object();

	if (json_set(document, "format", json_int(BUNDLE_FORMAT)) < 0 ||
	    json_set(document, "product", json_string(BUNDLE_PRODUCT)) < 0 ||
	    json_set(document, "product_version", json_string(b->product_version)) < 0 ||
	    json_set(document, "created", moment(b->at_ms)) < 0 ||
	    json_set(document, "host", json_string(b->host)) < 0 ||
	    set_parts(document, b, entries, names) < 0) {
		json_free(document);
		return ERR_NO_MEMORY;
	}
	return write_down(document, ret);
}
