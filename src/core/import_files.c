/* Where the files of an imported bundle go. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "conf/conf.h"
#include "core/import_impl.h"
#include "core/needs.h"
#include "crypto/hash.h"
#include "schema/node.h"
#include "json/json.h"

#define FOLDER "tls/imported"

enum { HASH_DIGITS = 8, KEY_MODE = 0600, OTHER_MODE = 0640 };

/* Whether the path leads to a plain file with these bytes, over links too. */
static bool holds(const char *path, const struct bundle_file *file)
{
	char real[PATH_MAX];
	struct buf text;

	if (!realpath(path, real))
		return false;
	buf_init(&text, BUNDLE_ENTRY_BYTES_MOST + 1);
	int rc = file_load(real, BUNDLE_ENTRY_BYTES_MOST, &text, NULL);
	bool same =
		rc == 0 && text.len_bytes == file->size_bytes &&
		(file->size_bytes == 0 || memcmp(text.data, file->bytes, file->size_bytes) == 0);
	buf_wipe(&text);
	buf_finish(&text);
	return same;
}

static int place(struct import_plan *p, const struct conf_host *host, size_t i)
{
	struct import_file *f = &p->files[i];
	char hash[2 * HASH_BYTES + 1];
	uint8_t digest[HASH_BYTES];

	f->file = &p->bundle->files[i];
	f->kind = bundle_file_kind_of(f->file->bytes, f->file->size_bytes);
	hash_of(f->file->bytes, f->file->size_bytes, digest);
	for (size_t k = 0; k < HASH_BYTES; k++)
		snprintf(hash + 2 * k, 3, "%02x", digest[k]);
	f->path = arena_printf(&p->arena, "%s/" FOLDER "/%.*s-%s", host->definitions, HASH_DIGITS,
	                       hash, f->file->name);
	/* Eight digits can be hit on purpose: what is there already is not replaced. */
	if (f->path && file_exists(f->path) && !holds(f->path, f->file))
		f->path = arena_printf(&p->arena, "%s/" FOLDER "/%s-%s", host->definitions, hash,
		                       f->file->name);
	f->there = f->path && holds(f->path, f->file);
	return f->path ? 0 : ERR_NO_MEMORY;
}

int import_place_files(struct import_plan *p, const struct conf_host *host, struct err *e)
{
	p->files = arena_array(&p->arena, p->bundle->file_count + 1, sizeof(*p->files));
	if (!p->files)
		return err_no_memory(e);
	for (size_t i = 0; i < p->bundle->file_count; i++)
		if (place(p, host, i) < 0)
			return err_no_memory(e);
	return 0;
}

char *import_full_path(struct import_plan *p, const struct conf_host *host,
                       const struct import_item *item, const char *text)
{
	bool is_global = strcmp(item->project, CONF_GLOBAL) == 0;

	if (text[0] == '/')
		return arena_strdup(&p->arena, text);
	const char *folder = arena_printf(&p->arena, "%s/%s%s%sconnections", host->definitions,
	                                  is_global ? "" : "projects/",
	                                  is_global ? "" : item->project, is_global ? "" : "/");
	return folder ? file_beside(&p->arena, folder, text) : NULL;
}

static struct import_file *find_file(struct import_plan *p, const char *name)
{
	for (size_t i = 0; name && i < p->bundle->file_count; i++)
		if (strcmp(p->files[i].file->name, name) == 0)
			return &p->files[i];
	return NULL;
}

static int replace(struct import_item *item, const struct bundle_need *need, const char *path,
                   struct err *e)
{
	struct json *changed = needs_replace(item->definition, need->path, path);

	if (!changed)
		return err_no_memory(e);
	json_free(item->definition);
	item->definition = changed;
	return 0;
}

/* A file of the definition itself. */
static int use_own(struct import_plan *p, const struct conf_host *host, struct import_item *item,
                   const struct bundle_need *need, const char *text, struct err *e)
{
	struct import_file *f = find_file(p, need->file);
	char *full = import_full_path(p, host, item, text);

	if (!full)
		return err_no_memory(e);
	if (strchr(text, '$'))
		return 0;
	if (f && holds(full, f->file)) {
		f->there = true;
		return 0;
	}
	if (f && p->options.with_files) {
		f->needed = true;
		return replace(item, need, f->path, e);
	}
	if (file_exists(full))
		return 0;
	if (import_add_missing(item, need_kinds[NEED_FILE], text, need->path, NULL) < 0)
		return err_no_memory(e);
	return 0;
}

/* An environment's: it is written down for whoever sets the environment up, but environments do not travel. */
struct looking {
	const struct bundle_need *need;
	bool is_set;
};

static void look_at_tls(void *arg, const struct conf *conf)
{
	struct looking *l = arg;
	const char *name = l->need->path + strlen("environment ");
	const char *end = strchr(name, ':'), *key = strrchr(l->need->path, '.');
	char text[128];

	if (!end || !key || (size_t)(end - name) >= sizeof(text))
		return;
	snprintf(text, sizeof(text), "%.*s", (int)(end - name), name);
	const struct conf_environment *environment = conf_environment(conf, text);
	l->is_set = environment && environment->tls && node_get(environment->tls, key + 1);
}

static int use_environments(struct catalog *c, struct import_plan *p, struct import_item *item,
                            const struct bundle_need *need, struct err *e)
{
	struct looking l = {.need = need};
	struct import_file *f = find_file(p, need->file);

	catalog_with_conf(c, look_at_tls, &l);
	if (l.is_set)
		return 0;
	if (f && p->options.with_files)
		f->needed = true;
	if (import_add_missing(item, need_kinds[NEED_FILE], need->name, need->path, NULL) < 0)
		return err_no_memory(e);
	return 0;
}

static bool is_of_environment(const struct bundle_need *need)
{
	return strncmp(need->path, "environment ", strlen("environment ")) == 0;
}

int import_use_files(struct catalog *c, struct import_plan *p, size_t i, struct err *e)
{
	struct import_item *item = &p->items[i];
	int rc = 0;

	for (size_t k = 0; rc == 0 && k < p->bundle->need_count; k++) {
		const struct bundle_need *need = &p->bundle->needs[k];
		if (need->connection != i || strcmp(need->kind, need_kinds[NEED_FILE]) != 0 ||
		    !need->path)
			continue;
		const char *text = needs_text(item->definition, need->path);
		if (is_of_environment(need))
			rc = use_environments(c, p, item, need, e);
		else if (text && strcmp(text, need->name) == 0)
			rc = use_own(p, catalog_host(c), item, need, text, e);
	}
	return rc;
}

struct catalog_file *import_new_files(const struct import_plan *p, struct arena *a,
                                      size_t *ret_count)
{
	struct catalog_file *files = arena_array(a, p->bundle->file_count + 1, sizeof(*files));

	*ret_count = 0;
	for (size_t i = 0; files && i < p->bundle->file_count; i++) {
		const struct import_file *f = &p->files[i];
		if (!f->needed || holds(f->path, f->file))
			continue;
		files[(*ret_count)++] = (struct catalog_file){
			.path = f->path,
			.bytes = f->file->bytes,
			.size_bytes = f->file->size_bytes,
			.mode = bundle_file_is_secret(f->kind) ? KEY_MODE : OTHER_MODE,
		};
	}
	return files;
}
