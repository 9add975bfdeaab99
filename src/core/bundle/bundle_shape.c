/* The documents of a bundle that was read: whether they have their shape, and what they say. */
#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "conf/name.h"
#include "core/bundle/bundle_impl.h"
#include "json/json.h"

enum { TEXT_MOST = 8192, TYPE_MOST = 64 };

static const char *const need_kinds[] = {"file",        "variable",   "secret",
                                         "environment", "connection", NULL};

/* Of documents whose entry has a fixed name. */
static int is_wrong(struct err *e, const char *entry, const char *what)
{
	return err_set(e, ERR_INVALID, "%s in the bundle is not as it should be: %s", entry, what);
}

/* A text member of at most `most` bytes; NULL: it is none. */
static const char *take_text(const struct json *object, const char *key, size_t most)
{
	const char *text = json_as_string(json_get(object, key));

	return text && strlen(text) <= most ? text : NULL;
}

/* Absent and null are NULL; false: it is something else. */
static bool take_optional(const struct json *object, const char *key, const char **ret)
{
	const struct json *v = json_get(object, key);

	*ret = take_text(object, key, TEXT_MOST);
	return !v || json_kind(v) == JSON_NULL || *ret;
}

static bool is_hexadecimal(const char *text, size_t digits)
{
	return text && strlen(text) == digits && strspn(text, "0123456789abcdef") == digits;
}

/*
 * metadata.json
 */

int bundle_check_format(const struct json *metadata, struct err *e)
{
	const struct json *format = json_get(metadata, "format");
	const char *product = take_text(metadata, "product", TEXT_MOST);

	if (!product || strcmp(product, BUNDLE_PRODUCT) != 0)
		return err_set(e, ERR_INVALID,
		               "this is no bundle of Linkspan: " BUNDLE_METADATA
		               " does not name " BUNDLE_PRODUCT " as its product");
	if (json_kind(format) != JSON_INT || json_as_int(format) < 1)
		return is_wrong(e, BUNDLE_METADATA, "\"format\" must be a number from 1");
	if (json_as_int(format) > BUNDLE_FORMAT)
		return err_set(e, ERR_INVALID,
		               "the bundle was made by a younger Linkspan: its "
		               "format is %lld, and this one knows formats to %d",
		               (long long)json_as_int(format), BUNDLE_FORMAT);
	return 0;
}

static int check_entry(const struct bundle_entry *entry, const struct json *row, struct err *e)
{
	const char *sha256 = take_text(row, "sha256", BUNDLE_SHA256_BYTES);
	const struct json *size = json_get(row, "size_bytes");
	char real[BUNDLE_SHA256_BYTES];

	if (!row)
		return err_set(e, ERR_INVALID,
		               "%s is in the bundle, but " BUNDLE_METADATA " does not name it",
		               entry->name);
	if (!is_hexadecimal(sha256, BUNDLE_SHA256_BYTES - 1) || json_kind(size) != JSON_INT)
		return err_set(e, ERR_INVALID,
		               BUNDLE_METADATA " in the bundle says no \"sha256\" "
		                               "and \"size_bytes\" of %s",
		               entry->name);
	if (json_as_int(size) != (int64_t)entry->size_bytes)
		return err_set(e, ERR_INVALID,
		               "%s in the bundle was changed: it has %zu bytes, "
		               "and " BUNDLE_METADATA " says %lld",
		               entry->name, entry->size_bytes, (long long)json_as_int(size));
	bundle_sha256(entry->bytes, entry->size_bytes, real);
	if (strcmp(real, sha256) != 0)
		return err_set(e, ERR_INVALID,
		               "%s in the bundle was changed: its SHA-256 is not "
		               "the one in " BUNDLE_METADATA,
		               entry->name);
	return 0;
}

static bool has_entry(const struct bundle_entries *entries, const char *name)
{
	for (size_t i = 0; i < entries->count; i++)
		if (strcmp(entries->items[i].name, name) == 0)
			return true;
	return false;
}

/* As many rows as entries, and each entry has its own: else the one that is missing is looked for. */
static int check_none_missing(const struct json *rows, const struct bundle_entries *entries,
                              struct err *e)
{
	const void *cursor = NULL;
	char shown[BUNDLE_SHOWN_BYTES];
	const char *name;

	if (json_count(rows) == entries->count - 1)
		return 0;
	while (json_next(rows, &cursor, &name))
		if (!has_entry(entries, name))
			return err_set(e, ERR_INVALID,
			               "%s is missing in the bundle: " BUNDLE_METADATA " names it",
			               bundle_shown(name, shown));
	return is_wrong(e, BUNDLE_METADATA, "\"entries\" names " BUNDLE_METADATA " itself");
}

int bundle_check_entries(const struct json *metadata, const struct bundle_entries *entries,
                         struct err *e)
{
	const struct json *rows = json_get(metadata, "entries");

	if (json_kind(rows) != JSON_OBJECT)
		return is_wrong(e, BUNDLE_METADATA, "\"entries\" must be an object");
	for (size_t i = 0; i < entries->count; i++) {
		const struct bundle_entry *entry = &entries->items[i];
		if (strcmp(entry->name, BUNDLE_METADATA) == 0)
			continue;
		int rc = check_entry(entry, json_get(rows, entry->name), e);
		if (rc < 0)
			return rc;
	}
	return check_none_missing(rows, entries, e);
}

static int take_origin(struct bundle *b, const struct json *metadata, struct err *e)
{
	const char *created = take_text(metadata, "created", CLOCK_TEXT_BYTES);

	b->product_version = take_text(metadata, "product_version", TYPE_MOST);
	b->host = take_text(metadata, "host", BUNDLE_NAME_BYTES);
	if (!b->product_version || !b->host)
		return is_wrong(e, BUNDLE_METADATA,
		                "\"product_version\" and \"host\" must be texts");
	if (!created || clock_parse(created, &b->at_ms) < 0)
		return is_wrong(e, BUNDLE_METADATA, "\"created\" must be a moment in RFC 3339");
	return 0;
}

/*
 * Connections
 */

/* NULL: it has the shape. */
static const char *fault_of_shape(const struct json *definition)
{
	const struct json *environments = json_get(definition, "environments"), *part;
	static const struct {
		const char *key;
		enum json_kind kind;
		const char *fault;
	} rows[] = {
		{"name", JSON_STRING, "\"name\" must be a text"},
		{"type", JSON_STRING, "\"type\" must be a text"},
		{"description", JSON_STRING, "\"description\" must be a text"},
		{"enabled", JSON_BOOL, "\"enabled\" must be true or false"},
		{"settings", JSON_OBJECT, "\"settings\" must be an object"},
		{"environments", JSON_OBJECT, "\"environments\" must be an object"},
	};
	const void *cursor = NULL;
	const char *name;

	if (json_kind(definition) != JSON_OBJECT)
		return "it must be an object";
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct json *v = json_get(definition, rows[i].key);
		if (v ? json_kind(v) != rows[i].kind : i < 2)
			return rows[i].fault;
	}
	while ((part = json_next(environments, &cursor, &name)))
		if (json_kind(part) != JSON_OBJECT || !name_is_plain(name))
			return "\"environments\" must have an object for each environment's name";
	return NULL;
}

static bool is_type(const char *type)
{
	size_t length = strlen(type);

	return length > 0 && length <= TYPE_MOST &&
	       strspn(type, "abcdefghijklmnopqrstuvwxyz0123456789_") == length;
}

static int check_definition(const struct bundle_connection *c, const char *entry, struct err *e)
{
	const char *fault = fault_of_shape(c->definition);

	if (fault)
		return is_wrong(e, entry, fault);
	if (strcmp(json_as_string(json_get(c->definition, "name")), c->name) != 0)
		return is_wrong(e, entry, "its \"name\" is not the one in " BUNDLE_METADATA);
	if (strcmp(json_as_string(json_get(c->definition, "type")), c->type) != 0)
		return is_wrong(e, entry, "its \"type\" is not the one in " BUNDLE_METADATA);
	if (!is_type(c->type))
		return is_wrong(e, entry,
		                "a type is written in lower-case letters, digits and `_`");
	return 0;
}

static int take_connection(struct bundle_connection *c, const struct json *row, bool alone,
                           const struct bundle_entries *entries, struct err *e)
{
	const char *entry = take_text(row, "entry", BUNDLE_NAME_BYTES);
	const char *at = take_text(row, "at", CLOCK_TEXT_BYTES);
	char expected[BUNDLE_NAME_BYTES];

	c->project = take_text(row, "project", BUNDLE_NAME_BYTES);
	c->name = take_text(row, "name", BUNDLE_NAME_BYTES);
	c->type = take_text(row, "type", BUNDLE_NAME_BYTES);
	c->revision = take_text(row, "revision", BUNDLE_SHA256_BYTES);
	if (!entry || !c->project || !c->name || !c->type ||
	    !is_hexadecimal(c->revision, BUNDLE_SHA256_BYTES - 1))
		return is_wrong(
			e, BUNDLE_METADATA,
			"each of \"connections\" must have the texts \"project\", \"name\", "
			"\"type\", \"revision\" and \"entry\"");
	if (!at || clock_parse(at, &c->at_ms) < 0)
		return is_wrong(e, BUNDLE_METADATA,
		                "\"at\" of each of \"connections\" must be a moment in RFC 3339");
	int rc = bundle_check_names(c->project, c->name, e);
	if (rc < 0)
		return rc;
	if (!bundle_entry_name(c->project, c->name, alone, expected) ||
	    strcmp(expected, entry) != 0)
		return is_wrong(e, BUNDLE_METADATA,
		                "\"entry\" of each of \"connections\" must follow from its name");
	for (size_t i = 0; i < entries->count && !c->definition; i++)
		if (strcmp(entries->items[i].name, entry) == 0)
			c->definition = entries->items[i].document;
	if (!c->definition)
		return err_set(e, ERR_INVALID, "%s is missing in the bundle", entry);
	return check_definition(c, entry, e);
}

static size_t count_connections(const struct bundle_entries *entries)
{
	size_t count = 0;

	for (size_t i = 0; i < entries->count; i++)
		count += bundle_entry_is_connection(entries->items[i].name);
	return count;
}

/* Entries have different names, so the same number of both means that each connection has its own. */
static int check_each_once(const struct bundle *b, struct err *e)
{
	for (size_t i = 0; i < b->connection_count; i++)
		for (size_t j = 0; j < i; j++)
			if (name_compare(b->connections[i].name, b->connections[j].name) == 0 &&
			    strcmp(b->connections[i].project, b->connections[j].project) == 0)
				return err_set(e, ERR_INVALID, "%s is in the bundle twice",
				               b->connections[i].name);
	return 0;
}

static int take_connections(struct bundle *b, const struct json *metadata,
                            const struct bundle_entries *entries, struct err *e)
{
	const struct json *rows = json_get(metadata, "connections");
	size_t count = json_count(rows);

	if (json_kind(rows) != JSON_ARRAY || count == 0 || count > BUNDLE_ENTRIES_MOST)
		return is_wrong(e, BUNDLE_METADATA, "\"connections\" must be a list of them");
	b->connections = arena_array(&b->arena, count, sizeof(*b->connections));
	if (!b->connections)
		return err_no_memory(e);
	for (; b->connection_count < count; b->connection_count++) {
		int rc =
			take_connection(&b->connections[b->connection_count],
		                        json_at(rows, b->connection_count), count == 1, entries, e);
		if (rc < 0)
			return rc;
	}
	if (count_connections(entries) != count)
		return is_wrong(e, BUNDLE_METADATA,
		                "\"connections\" does not name each connection of the bundle once");
	return check_each_once(b, e);
}

/*
 * dependencies.json
 */

static const struct bundle_entry *find_file(const struct bundle_entries *entries, const char *name)
{
	size_t folder = strlen(BUNDLE_FILES);

	for (size_t i = 0; i < entries->count; i++)
		if (bundle_entry_is_file(entries->items[i].name) &&
		    strcmp(entries->items[i].name + folder, name) == 0)
			return &entries->items[i];
	return NULL;
}

static size_t count_files(const struct bundle_entries *entries)
{
	size_t count = 0;

	for (size_t i = 0; i < entries->count; i++)
		count += bundle_entry_is_file(entries->items[i].name);
	return count;
}

static const struct bundle_file *file_called(const struct bundle *b, const char *name)
{
	for (size_t i = 0; i < b->file_count; i++)
		if (strcmp(b->files[i].name, name) == 0)
			return &b->files[i];
	return NULL;
}

static bool find_file_kind(const char *word, enum bundle_file_kind *ret)
{
	for (int kind = BUNDLE_CERTIFICATE; word && kind <= BUNDLE_OTHER; kind++)
		if (strcmp(bundle_file_kinds[kind], word) == 0) {
			*ret = (enum bundle_file_kind)kind;
			return true;
		}
	return false;
}

static int take_file(struct bundle *b, const struct json *row, const struct bundle_entries *entries,
                     struct err *e)
{
	struct bundle_file *file = &b->files[b->file_count];

	file->name = take_text(row, "name", BUNDLE_FILE_NAME_MOST);
	const struct bundle_entry *entry = file->name ? find_file(entries, file->name) : NULL;
	if (!entry || file_called(b, file->name))
		return is_wrong(e, BUNDLE_DEPENDENCIES,
		                "\"files\" must name each entry below " BUNDLE_FILES " once");
	if (!find_file_kind(take_text(row, "kind", TEXT_MOST), &file->kind))
		return is_wrong(e, BUNDLE_DEPENDENCIES,
		                "\"kind\" of a file must be certificate, private_key, key_store or "
		                "other");
	file->bytes = entry->bytes;
	file->size_bytes = entry->size_bytes;
	b->file_count++;
	return 0;
}

static int take_files(struct bundle *b, const struct json *document,
                      const struct bundle_entries *entries, struct err *e)
{
	const struct json *rows = json_get(document, "files");
	size_t count = json_count(rows);

	if (json_kind(rows) != JSON_ARRAY || count != count_files(entries))
		return is_wrong(e, BUNDLE_DEPENDENCIES,
		                "\"files\" must name each entry below " BUNDLE_FILES " once");
	b->files = arena_array(&b->arena, count, sizeof(*b->files));
	if (!b->files)
		return err_no_memory(e);
	for (size_t i = 0; i < count; i++) {
		int rc = take_file(b, json_at(rows, i), entries, e);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static const char *known_need_kind(const char *word)
{
	for (size_t i = 0; word && need_kinds[i]; i++)
		if (strcmp(need_kinds[i], word) == 0)
			return need_kinds[i];
	return NULL;
}

static bool find_connection(const struct bundle *b, const struct json *row, size_t *ret)
{
	const char *project = take_text(row, "project", TEXT_MOST);
	const char *name = take_text(row, "connection", TEXT_MOST);

	for (size_t i = 0; project && name && i < b->connection_count; i++)
		if (strcmp(b->connections[i].project, project) == 0 &&
		    strcmp(b->connections[i].name, name) == 0) {
			*ret = i;
			return true;
		}
	return false;
}

static int take_need(struct bundle *b, const struct json *row, struct err *e)
{
	struct bundle_need *need = &b->needs[b->need_count];

	need->kind = known_need_kind(take_text(row, "kind", TEXT_MOST));
	need->name = take_text(row, "name", TEXT_MOST);
	if (!find_connection(b, row, &need->connection))
		return is_wrong(
			e, BUNDLE_DEPENDENCIES,
			"each of \"items\" must name a connection of the bundle and its project");
	if (!need->kind || !need->name || !take_optional(row, "path", &need->path) ||
	    !take_optional(row, "file", &need->file))
		return is_wrong(
			e, BUNDLE_DEPENDENCIES,
			"each of \"items\" must have a known \"kind\", a \"name\", and texts "
			"as \"path\" and \"file\"");
	if (need->file && (strcmp(need->kind, "file") != 0 || !file_called(b, need->file)))
		return is_wrong(e, BUNDLE_DEPENDENCIES, "\"file\" must be one of \"files\"");
	b->need_count++;
	return 0;
}

static int take_needs(struct bundle *b, const struct json *document, struct err *e)
{
	const struct json *rows = json_get(document, "items");
	size_t count = json_count(rows);

	if (json_kind(rows) != JSON_ARRAY || count > BUNDLE_NEEDS_MOST)
		return is_wrong(e, BUNDLE_DEPENDENCIES, "\"items\" must be a list, not too long");
	b->needs = arena_array(&b->arena, count, sizeof(*b->needs));
	if (!b->needs)
		return err_no_memory(e);
	for (size_t i = 0; i < count; i++) {
		int rc = take_need(b, json_at(rows, i), e);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static const struct json *document_called(const struct bundle_entries *entries, const char *name)
{
	for (size_t i = 0; i < entries->count; i++)
		if (strcmp(entries->items[i].name, name) == 0)
			return entries->items[i].document;
	return NULL;
}

int bundle_take_documents(struct bundle *b, const struct bundle_entries *entries, struct err *e)
{
	const struct json *metadata = document_called(entries, BUNDLE_METADATA);
	const struct json *dependencies = document_called(entries, BUNDLE_DEPENDENCIES);

	if (!dependencies)
		return err_set(e, ERR_INVALID, BUNDLE_DEPENDENCIES " is missing in the bundle");
	int rc = take_origin(b, metadata, e);
	if (rc == 0)
		rc = take_connections(b, metadata, entries, e);
	if (rc == 0)
		rc = take_files(b, dependencies, entries, e);
	return rc < 0 ? rc : take_needs(b, dependencies, e);
}
