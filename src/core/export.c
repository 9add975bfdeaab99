/* Export: from saved connections to a bundle. */
#include "core/export.h"

#include <sys/stat.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "conf/conf.h"
#include "conf/name.h"
#include "core/catalog_impl.h"
#include "core/export_files.h"
#include "core/literal.h"
#include "core/needs.h"
#include "json/json.h"

struct exporting {
	struct catalog *catalog;
	const struct export_call *call;
	struct arena arena;
	const struct catalog_entry **entries; /* counted; by project, global first, and name */
	size_t count;
	struct json **documents;
	struct export_files files;
	struct bundle bundle;
	size_t need_cap;
};

/*
 * Which connections
 */

static int compare_entries(const void *a, const void *b)
{
	const struct catalog_entry *x = *(const struct catalog_entry *const *)a;
	const struct catalog_entry *y = *(const struct catalog_entry *const *)b;
	bool x_global = strcmp(x->project, CONF_GLOBAL) == 0;
	bool y_global = strcmp(y->project, CONF_GLOBAL) == 0;

	if (x_global != y_global)
		return x_global ? -1 : 1;
	int order = name_compare(x->project, y->project);
	return order ? order : name_compare(x->name, y->name);
}

/* One that is named twice goes in once. */
static void drop_repeated(struct exporting *x)
{
	size_t kept = 0;

	for (size_t i = 0; i < x->count; i++) {
		if (kept > 0 && compare_entries(&x->entries[kept - 1], &x->entries[i]) == 0)
			catalog_release(x->entries[i]);
		else
			x->entries[kept++] = x->entries[i];
	}
	x->count = kept;
}

static int find_entries(struct exporting *x, struct err *e)
{
	x->entries = arena_array(&x->arena, x->call->count + 1, sizeof(*x->entries));
	if (!x->entries)
		return err_no_memory(e);
	for (size_t i = 0; i < x->call->count; i++) {
		const struct export_name *name = &x->call->names[i];
		const struct catalog_entry *entry =
			catalog_find_exactly(x->catalog, name->project, name->name);
		if (!entry)
			return err_set(e, ERR_NOT_FOUND, "there is no connection \"%s\" in %s",
			               name->name, name->project);
		x->entries[x->count++] = entry;
	}
	if (x->count > 1)
		qsort(x->entries, x->count, sizeof(*x->entries), compare_entries);
	drop_repeated(x);
	return 0;
}

/*
 * Definitions
 */

static int check_secrets(struct exporting *x, const struct catalog_entry *entry,
                         const struct json *definition, struct err *e)
{
	const char *const *paths = NULL;

	int rc = literals_find(x->catalog->plugins, definition, &x->arena, &paths, e);
	if (rc < 0 || !paths[0])
		return rc;
	return err_set(e, ERR_DENIED,
	               "the definition of \"%s\" holds a secret itself, at %s: save it "
	               "once through the command line, the API or the console, "
	               "or put a reference ${secret:file/NAME} in its place",
	               entry->name, paths[0]);
}

/* In the steps that times in a ZIP file have. */
static int64_t time_of(const struct catalog_entry *entry)
{
	struct stat st = {0};

	if (stat(entry->file, &st) < 0 || st.st_mtim.tv_sec < 0)
		return 0;
	return (int64_t)(st.st_mtim.tv_sec / 2 * 2) * 1000;
}

static int add_definition(struct exporting *x, size_t i, struct err *e)
{
	const struct catalog_entry *entry = x->entries[i];
	int64_t at_ms = time_of(entry);

	x->documents[i] = definition_json(entry->definition->root);
	if (!x->documents[i])
		return err_no_memory(e);
	x->bundle.connections[i] = (struct bundle_connection){
		.project = entry->project,
		.name = entry->name,
		.definition = x->documents[i],
		.revision = entry->revision,
		.at_ms = at_ms,
	};
	x->bundle.connection_count = i + 1;
	if (at_ms > x->bundle.at_ms)
		x->bundle.at_ms = at_ms;
	return check_secrets(x, entry, x->documents[i], e);
}

/*
 * What they need
 */

static int add_need(struct exporting *x, size_t connection, const struct need *need,
                    const char *file, struct err *e)
{
	struct bundle *b = &x->bundle;

	if (b->need_count == x->need_cap) {
		size_t cap = x->need_cap ? 2 * x->need_cap : 32;
		struct bundle_need *needs = arena_array(&x->arena, cap, sizeof(*needs));
		if (!needs)
			return err_no_memory(e);
		if (b->need_count > 0)
			memcpy(needs, b->needs, b->need_count * sizeof(*needs));
		b->needs = needs;
		x->need_cap = cap;
	}
	b->needs[b->need_count++] = (struct bundle_need){
		.connection = connection,
		.kind = need_kinds[need->kind],
		.name = need->name,
		.path = need->path,
		.file = file,
	};
	return 0;
}

/* beside: the file in which paths are written. */
static int add_needs(struct exporting *x, size_t i, const struct need *needs, size_t count,
                     const char *beside, struct err *e)
{
	int rc = 0;

	for (size_t k = 0; rc == 0 && k < count; k++) {
		const char *file = NULL;
		if (needs[k].kind == NEED_FILE && !x->call->without_files)
			rc = export_files_add(&x->files, needs[k].name, beside, x->entries[i]->name,
			                      &file, e);
		rc = rc < 0 ? rc : add_need(x, i, &needs[k], file, e);
	}
	return rc;
}

/* The files of the environments that a connection names. */
struct tls_call {
	struct exporting *x;
	size_t i;
	struct err *e;
	int rc;
};

static int add_tls(struct tls_call *call, const struct conf_environment *environment)
{
	struct exporting *x = call->x;
	const struct need *needs = NULL;
	size_t count = 0;
	struct json *tls = environment->tls ? definition_json(environment->tls) : NULL;
	char *prefix = arena_printf(&x->arena, "environment %s: tls", environment->name);
	/* needs outlive the configuration. */
	char *beside = arena_strdup(&x->arena, environment->file);

	int rc = prefix && beside && (tls || !environment->tls) ? 0 : err_no_memory(call->e);
	if (rc == 0 && tls)
		rc = needs_find_tls(x->catalog->plugins, x->entries[call->i]->type, tls, prefix,
		                    &x->arena, &needs, &count, call->e);
	json_free(tls);
	return rc < 0 ? rc : add_needs(x, call->i, needs, count, beside, call->e);
}

static void add_environments(void *arg, const struct conf *conf)
{
	struct tls_call *call = arg;
	const struct node *parts = call->x->entries[call->i]->definition->environments;

	for (const struct node *n = parts ? parts->first : NULL; n && call->rc == 0; n = n->next) {
		const struct conf_environment *environment = conf_environment(conf, n->name);
		if (environment)
			call->rc = add_tls(call, environment);
	}
}

static int add_dependencies(struct exporting *x, size_t i, struct err *e)
{
	struct tls_call call = {.x = x, .i = i, .e = e};
	const struct need *needs = NULL;
	size_t count = 0;

	int rc = needs_find(x->catalog->plugins, x->documents[i], &x->arena, &needs, &count, e);
	if (rc == 0)
		rc = add_needs(x, i, needs, count, x->entries[i]->file, e);
	if (rc < 0)
		return rc;
	catalog_with_conf(x->catalog, add_environments, &call);
	return call.rc;
}

/*
 * All of it
 */

static int gather(struct exporting *x, struct err *e)
{
	int rc = find_entries(x, e);

	if (rc < 0)
		return rc;
	x->bundle.connections =
		arena_array(&x->arena, x->count + 1, sizeof(*x->bundle.connections));
	x->documents = arena_array(&x->arena, x->count + 1, sizeof(struct json *));
	if (!x->bundle.connections || !x->documents)
		return err_no_memory(e);
	for (size_t i = 0; rc == 0 && i < x->count; i++) {
		rc = add_definition(x, i, e);
		rc = rc < 0 ? rc : add_dependencies(x, i, e);
	}
	if (rc < 0)
		return rc;
	x->bundle.files = export_files_list(&x->files);
	x->bundle.file_count = x->files.count;
	return x->bundle.files ? 0 : err_no_memory(e);
}

static size_t count_keys(const struct bundle *b)
{
	size_t count = 0;

	for (size_t i = 0; i < b->file_count; i++)
		count += b->files[i].kind == BUNDLE_PRIVATE_KEY ||
		         b->files[i].kind == BUNDLE_KEY_STORE;
	return count;
}

int export_bundle(struct catalog *c, const struct export_call *call, struct buf *ret_bytes,
                  struct buf *ret_name, size_t *ret_keys, struct err *e)
{
	const struct conf_host *host = catalog_host(c);
	struct exporting x = {
		.catalog = c,
		.call = call,
		.files = {.host = host,
	                  .has_passphrase = call->passphrase != NULL,
	                  .may_take_keys = call->may_take_keys},
		.bundle = {.product_version = LINKSPAN_VERSION, .host = host->name},
	};

	arena_init(&x.arena);
	arena_init(&x.files.arena);
	int rc = gather(&x, e);
	if (rc == 0)
		rc = bundle_write(&x.bundle, call->passphrase, ret_bytes, e);
	if (rc == 0 && bundle_name(&x.bundle, ret_name) < 0)
		rc = err_no_memory(e);
	if (rc == 0)
		*ret_keys = count_keys(&x.bundle);
	for (size_t i = 0; x.documents && i < x.count; i++)
		json_free(x.documents[i]);
	for (size_t i = 0; i < x.count; i++)
		catalog_release(x.entries[i]);
	export_files_finish(&x.files);
	arena_finish(&x.arena);
	return rc;
}
