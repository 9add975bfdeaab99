/* Loading of shared objects, and the set of plugins that a host has. */
#include "plug/load.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/err.h"
#include "schema/report.h"

enum { MAJOR_LAST = 9 }; /* of the versions that are looked for to give a good message */

/* A sanitizer names the frames of a leak at exit: what it was allocated by must still be mapped. */
#if defined(__SANITIZE_ADDRESS__)
#define KEEP_MAPPED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KEEP_MAPPED 1
#endif
#endif
#ifndef KEEP_MAPPED
#define KEEP_MAPPED 0
#endif

static void unload(void *handle)
{
	if (handle && !KEEP_MAPPED)
		dlclose(handle);
}

static int no_symbol(void *handle, const char *path, struct err *e)
{
	for (int major = LK_ABI_MAJOR + 1; major <= MAJOR_LAST; major++) {
		char symbol[32];
		snprintf(symbol, sizeof(symbol), "lk_plugin_v%d", major);
		if (dlsym(handle, symbol))
			return err_set(e, ERR_INVALID,
			               "%s: built for ABI major version %d, this host speaks %d",
			               path, major, LK_ABI_MAJOR);
	}
	return err_set(e, ERR_INVALID,
	               "%s: not a connector plugin: it does not export lk_plugin_v%d()", path,
	               LK_ABI_MAJOR);
}

static int adopt_handle(void *handle, const char *path, struct plugin **ret, struct report *report,
                        struct err *e)
{
	const struct lk_plugin *(*describe)(void) =
		(const struct lk_plugin *(*)(void))dlsym(handle, "lk_plugin_v1");

	if (!describe)
		return no_symbol(handle, path, e);
	const struct lk_plugin *api = describe();
	if (!api)
		return err_set(e, ERR_INVALID, "%s: its lk_plugin_v1() gives nothing", path);
	return plugin_adopt(api, path, ret, report, e);
}

int plugin_load_anywhere(const char *path, struct plugin **ret, struct report *report,
                         struct err *e)
{
	struct plugin *p;

	if (path[0] != '/')
		return err_set(e, ERR_INVALID, "%s is not an absolute path", path);
	if (access(path, F_OK) < 0)
		return err_set_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s", path);
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return err_set(e, ERR_INVALID, "cannot be loaded: %s", dlerror());

	int rc = adopt_handle(handle, path, &p, report, e);
	if (rc < 0) {
		unload(handle);
		return rc;
	}
	p->handle = handle;
	*ret = p;
	return 0;
}

int plugin_load(const char *path, struct plugin **ret, struct report *report, struct err *e)
{
	int rc = plugin_path_safe(path, e);

	return rc < 0 ? rc : plugin_load_anywhere(path, ret, report, e);
}

void plugin_destroy(struct plugin *p)
{
	if (!p)
		return;
	unload(p->handle);
	arena_finish(&p->arena);
	mem_free(p);
}

void plugins_init(struct plugins *all)
{
	*all = (struct plugins){0};
}

void plugins_finish(struct plugins *all)
{
	for (size_t i = 0; i < all->count; i++)
		plugin_destroy(all->items[i]);
	mem_free(all->items);
	plugins_init(all);
}

const struct plugin_type *plugins_type(const struct plugins *all, const char *id)
{
	for (size_t i = 0; i < all->count; i++)
		for (size_t k = 0; k < all->items[i]->type_count; k++)
			if (strcmp(all->items[i]->types[k].type.id, id) == 0)
				return &all->items[i]->types[k];
	return NULL;
}

const char *plugins_nearest_type(const struct plugins *all, const char *id)
{
	const char *names[64];
	size_t count = 0;

	for (size_t i = 0; i < all->count; i++)
		for (size_t k = 0; k < all->items[i]->type_count && count < 64; k++)
			names[count++] = all->items[i]->types[k].type.id;
	return report_nearest(id, names, count);
}

int plugins_add(struct plugins *all, struct plugin *p, struct err *e)
{
	for (size_t i = 0; i < p->type_count; i++) {
		const char *id = p->types[i].type.id;
		const struct plugin_type *other = plugins_type(all, id);
		if (other)
			return err_set(e, ERR_INVALID, "the type %s is offered by %s and by %s", id,
			               other->plugin->path, p->path);
	}
	struct plugin **items = mem_resize(all->items, all->count + 1, sizeof(struct plugin *));
	if (!items)
		return err_no_memory(e);
	all->items = items;
	all->items[all->count++] = p;
	return 0;
}

static int load_one(struct plugins *all, const char *path, struct report *report, struct err *e)
{
	struct plugin *p = NULL;
	int rc = plugin_load(path, &p, report, e);

	if (rc == 0)
		rc = plugins_add(all, p, e);
	if (rc < 0)
		plugin_destroy(p);
	return rc;
}

struct names {
	struct arena arena;
	const char **items;
	size_t count;
};

static bool is_plugin_name(const char *name)
{
	size_t bytes = strlen(name);

	return name[0] != '.' && bytes > 3 && strcmp(name + bytes - 3, ".so") == 0;
}

static int add_name(struct names *names, const char *folder, const char *name)
{
	const char **items = mem_resize(names->items, names->count + 1, sizeof(*items));

	if (!items)
		return ERR_NO_MEMORY;
	names->items = items;
	items[names->count] = arena_printf(&names->arena, "%s/%s", folder, name);
	return items[names->count++] ? 0 : ERR_NO_MEMORY;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int list_folder(const char *folder, struct names *names, struct err *e)
{
	DIR *dir = opendir(folder);
	int rc = 0;

	if (!dir)
		return err_set_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO,
		                     "plugin folder %s", folder);
	for (struct dirent *entry; rc == 0 && (entry = readdir(dir));)
		if (is_plugin_name(entry->d_name))
			rc = add_name(names, folder, entry->d_name);
	closedir(dir);
	if (rc < 0)
		return err_no_memory(e);
	if (names->count > 0)
		qsort(names->items, names->count, sizeof(*names->items), by_name);
	return 0;
}

static int load_folder(struct plugins *all, const char *folder, struct report *report,
                       struct err *e)
{
	struct names names = {0};
	int rc = list_folder(folder, &names, e);

	for (size_t i = 0; rc == 0 && i < names.count; i++)
		rc = load_one(all, names.items[i], report, e);
	arena_finish(&names.arena);
	mem_free(names.items);
	return rc;
}

int plugins_load(struct plugins *all, const char *const *folders, struct report *report,
                 struct err *e)
{
	for (; *folders; folders++) {
		int rc = load_folder(all, *folders, report, e);
		if (rc < 0)
			return rc;
	}
	return 0;
}
