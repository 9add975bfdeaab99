/* Files that travel in bundles. */
#include "core/export_files.h"

#include <limits.h>
#include <stdlib.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "conf/conf.h"
#include "conf/name.h"
#include "crypto/hash.h"

#define ALLOWED "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

enum { NAME_MOST = 100, HASH_DIGITS = 8 };

static bool is_below(const char *path, const char *folder)
{
	char real[PATH_MAX];

	if (!folder || !realpath(folder, real))
		return false;
	size_t length = strlen(real);
	return strncmp(path, real, length) == 0 && path[length] == '/';
}

/* A setting can name any file that the host may read, another project's definitions too: what is neither
 * certificate nor key stays here, unless it was put beside them. */
static bool may_leave(const struct export_files *x, const char *real, enum bundle_file_kind kind)
{
	char folder[PATH_MAX];

	if (is_below(real, x->host->secrets) || is_below(real, x->host->state))
		return false;
	snprintf(folder, sizeof(folder), "%s/tls", x->host->definitions);
	return kind != BUNDLE_OTHER || is_below(real, folder);
}

static char *full_path(struct export_files *x, const char *path, const char *beside)
{
	const char *slash = strrchr(beside, '/');

	if (path[0] == '/' || !slash)
		return arena_strdup(&x->arena, path);
	return arena_printf(&x->arena, "%.*s/%s", (int)(slash - beside), beside, path);
}

static bool is_taken(const struct export_files *x, const char *name)
{
	for (size_t i = 0; i < x->count; i++)
		if (name_compare(x->items[i].file.name, name) == 0)
			return true;
	return false;
}

/* The file's own name; of several by one name, the later ones have the beginning of their hash before it. */
static const char *choose_name(struct export_files *x, const char *real, const struct buf *text)
{
	const char *own = strrchr(real, '/');
	char hash[2 * HASH_BYTES + 1];
	uint8_t digest[HASH_BYTES];

	own = own ? own + 1 : real;
	char *name = arena_dup(&x->arena, own, strnlen(own, NAME_MOST));
	if (!name)
		return NULL;
	for (char *p = name; *p; p++)
		if (!strchr(ALLOWED, *p) || (p == name && *p == '.'))
			*p = '_';
	if (!is_taken(x, name))
		return name;
	hash_of(text->data, text->len_bytes, digest);
	for (size_t i = 0; i < HASH_BYTES; i++)
		snprintf(hash + 2 * i, 3, "%02x", digest[i]);
	name = arena_printf(&x->arena, "%.*s-%s", HASH_DIGITS, hash, name);
	for (unsigned n = 2; name && is_taken(x, name); n++)
		name = arena_printf(&x->arena, "%u-%s", n, name);
	return name;
}

static int check_key(const struct export_files *x, const char *path, const char *what,
                     struct err *e)
{
	if (!x->may_take_keys)
		return err_set(e, ERR_DENIED,
		               "%s of %s holds a private key, which an administrator "
		               "alone may export; leave the dependencies out",
		               path, what);
	if (!x->has_passphrase)
		return err_set(e, ERR_DENIED,
		               "%s of %s holds a private key, which leaves the host "
		               "in a sealed bundle alone: give a passphrase "
		               "(--passphrase-file), or leave the dependencies out "
		               "(--no-dependencies)",
		               path, what);
	return 0;
}

static int keep(struct export_files *x, const char *real, const struct buf *text,
                enum bundle_file_kind kind, const char **ret_name, struct err *e)
{
	if (x->count == x->cap) {
		size_t cap = x->cap ? 2 * x->cap : 8;
		struct export_file *items = arena_array(&x->arena, cap, sizeof(*items));
		if (!items)
			return err_no_memory(e);
		if (x->count > 0)
			memcpy(items, x->items, x->count * sizeof(*items));
		x->items = items;
		x->cap = cap;
	}
	if (text->len_bytes > BUNDLE_BYTES_MOST - x->bytes)
		return err_set(e, ERR_INVALID,
		               "the files that the connections need are too large "
		               "together for a bundle");
	struct export_file item = {
		.real = arena_strdup(&x->arena, real),
		.file = {.name = choose_name(x, real, text),
	                 .kind = kind,
	                 .bytes = arena_dup(&x->arena, text->data, text->len_bytes),
	                 .size_bytes = text->len_bytes},
	};
	if (!item.real || !item.file.name || !item.file.bytes)
		return err_no_memory(e);
	x->bytes += text->len_bytes;
	x->items[x->count++] = item;
	*ret_name = item.file.name;
	return 0;
}

static int read_file(struct export_files *x, const char *real, const char *path, const char *what,
                     const char **ret_name, struct err *e)
{
	struct err why = {0};
	struct buf text;

	buf_init(&text, BUNDLE_ENTRY_BYTES_MOST + 1);
	int rc = file_load(real, BUNDLE_ENTRY_BYTES_MOST, &text, &why);
	if (rc < 0)
		rc = rc == ERR_NO_MEMORY ? err_no_memory(e)
		                         : err_set(e, ERR_INVALID,
		                                   "%s of %s cannot be read (%s); mend that, or "
		                                   "leave the dependencies out "
		                                   "(--no-dependencies)",
		                                   path, what, why.text);
	enum bundle_file_kind kind =
		rc == 0 ? bundle_file_kind_of(text.data, text.len_bytes) : BUNDLE_OTHER;
	if (rc == 0 && may_leave(x, real, kind)) {
		rc = bundle_file_is_secret(kind) ? check_key(x, path, what, e) : 0;
		rc = rc < 0 ? rc : keep(x, real, &text, kind, ret_name, e);
	}
	buf_wipe(&text);
	buf_finish(&text);
	return rc;
}

int export_files_add(struct export_files *x, const char *path, const char *beside, const char *what,
                     const char **ret_name, struct err *e)
{
	char real[PATH_MAX];
	const char *full = full_path(x, path, beside);

	*ret_name = NULL;
	if (!full)
		return err_no_memory(e);
	/* Its text depends on the environment. */
	if (strchr(path, '$'))
		return 0;
	if (!realpath(full, real))
		return err_set_errno(e, ERR_INVALID,
		                     "%s of %s cannot be read; mend that, or leave the "
		                     "dependencies out (--no-dependencies)",
		                     path, what);
	for (size_t i = 0; i < x->count; i++)
		if (strcmp(x->items[i].real, real) == 0) {
			*ret_name = x->items[i].file.name;
			return 0;
		}
	return read_file(x, real, path, what, ret_name, e);
}

struct bundle_file *export_files_list(struct export_files *x)
{
	struct bundle_file *files = arena_array(&x->arena, x->count + 1, sizeof(*files));

	for (size_t i = 0; files && i < x->count; i++)
		files[i] = x->items[i].file;
	return files;
}

void export_files_finish(struct export_files *x)
{
	arena_wipe(&x->arena);
}
