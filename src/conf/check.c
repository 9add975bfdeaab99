/* Definition files checked one by one, for `linkspan validate`. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "conf/folder.h"
#include "conf/loader.h"
#include "conf/read.h"
#include "schema/node.h"
#include "schema/report.h"

/* In the order in which they must be read. */
static const struct kind_row {
	const struct conf_kind *kind;
	loader_read_source *read;
} kinds[] = {
	{&conf_kind_environment, environment_read},
	{&conf_kind_connection, connection_read},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static bool is_host(const struct source *source)
{
	return node_get(source->root, conf_kind_host.key) != NULL;
}

static const struct kind_row *kind_of(const struct source *source)
{
	for (size_t i = 0; i < KINDS; i++)
		if (node_get(source->root, kinds[i].kind->key))
			return &kinds[i];
	return NULL;
}

static int fault_kind(struct loader *l, const struct source *source)
{
	const char *const keys[] = {conf_kind_host.key, conf_kind_environment.key,
	                            conf_kind_connection.key};
	const struct node *first = source->root->first;
	const char *near =
		first ? report_nearest(first->name, keys, sizeof(keys) / sizeof(keys[0])) : NULL;

	report_add_at(l->report, LK_FAULT_ERROR, source->file, first ? first->line : 1,
	              first ? first->name : "", "unknown_key",
	              "%s; what is allowed: one group `host`, `environment` or `connection`%s%s%s",
	              first ? "is no kind of definition" : "is empty",
	              near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
	return ERR_INVALID;
}

/* P for files in …/projects/P/connections and …/projects/P/environments; else the global scope. */
static const char *project_of(struct loader *l, const char *folder)
{
	static const char marker[] = "/projects/";
	const char *last = strrchr(folder, '/');
	const char *start = NULL;

	for (const char *p = strstr(folder, marker); p; p = strstr(p + 1, marker))
		start = p + sizeof(marker) - 1;
	if (!last || !start || start >= last || memchr(start, '/', (size_t)(last - start)))
		return CONF_GLOBAL;
	if (strcmp(last, "/connections") != 0 && strcmp(last, "/environments") != 0)
		return CONF_GLOBAL;
	return arena_dup(&l->c->arena, start, (size_t)(last - start));
}

static int adopt_base(struct loader *l)
{
	const struct conf *base = l->base;
	struct conf *c = l->c;

	c->host = base->host;
	for (size_t i = 0; i < base->environment_count; i++) {
		const struct conf_environment *e = &base->environments[i];
		struct conf_environment *items =
			loader_grow(l, c->environments, c->environment_count, sizeof(*items));
		if (!items)
			return ERR_NO_MEMORY;
		c->environments = items;
		items[c->environment_count++] = *e;
		if (strcmp(e->project, CONF_GLOBAL) == 0 && loader_know(l, e->name) < 0)
			return ERR_NO_MEMORY;
	}
	return 0;
}

static int know_environments(struct loader *l, const struct source *sources, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (node_get(sources[i].root, conf_kind_environment.key) &&
		    strcmp(sources[i].project, CONF_GLOBAL) == 0 &&
		    loader_know(l, sources[i].name) < 0)
			return ERR_NO_MEMORY;
	return 0;
}

/* Environments before the connections that name them. */
static int read_all(struct loader *l, const struct source *sources, size_t count)
{
	int rc = know_environments(l, sources, count);

	for (size_t k = 0; k < KINDS; k++) {
		for (size_t i = 0; i < count && rc != ERR_NO_MEMORY; i++)
			if (kind_of(&sources[i]) == &kinds[k])
				rc = loader_worse(rc, kinds[k].read(l, &sources[i]));
	}
	for (size_t i = 0; i < count && rc != ERR_NO_MEMORY; i++)
		if (!kind_of(&sources[i]))
			rc = loader_worse(rc, fault_kind(l, &sources[i]));
	return rc;
}

static int check_folder(struct loader *l, const char *folder)
{
	const char *const *names = NULL;
	size_t count = 0, read = 0;

	const char *project = project_of(l, folder);
	int rc = folder_list(&l->c->arena, folder, FOLDER_DEFINITIONS, l->report, &names, &count);
	if (rc < 0)
		return rc;
	struct source *sources = arena_array(&l->c->arena, count, sizeof(*sources));
	if (!sources || !project)
		return ERR_NO_MEMORY;
	if (count == 0)
		report_add_at(l->report, LK_FAULT_WARNING, folder, 0, "", "empty",
		              "holds no file NAME%s", CONF_SUFFIX);
	for (size_t i = 0; i < count && rc != ERR_NO_MEMORY; i++) {
		int one = loader_source(l, folder, project, names[i], &sources[read]);
		if (one == 0)
			read++;
		rc = loader_worse(rc, one);
	}
	return rc == ERR_NO_MEMORY ? rc : loader_worse(rc, read_all(l, sources, read));
}

static int check_file(struct loader *l, const char *folder, const char *name, bool *ret_is_host)
{
	size_t bytes = strlen(name), suffix = strlen(CONF_SUFFIX);
	struct source source;

	if (bytes <= suffix || strcmp(name + bytes - suffix, CONF_SUFFIX) != 0) {
		const char *file = loader_join(l, folder, name);
		if (!file)
			return ERR_NO_MEMORY;
		report_add_at(l->report, LK_FAULT_ERROR, file, 0, "", "file_name",
		              "is not called NAME%s, as a definition must be", CONF_SUFFIX);
		return ERR_INVALID;
	}
	const char *project = project_of(l, folder);
	const char *stem = arena_dup(&l->c->arena, name, bytes - suffix);
	if (!project || !stem)
		return ERR_NO_MEMORY;
	int rc = loader_source(l, folder, project, stem, &source);
	if (rc < 0)
		return rc;
	*ret_is_host = is_host(&source);
	return *ret_is_host ? 0 : read_all(l, &source, 1);
}

/* *ret_host: the file to load instead, with all that it names. */
static int check_path(struct loader *l, const char *path, const char **ret_host)
{
	char real[PATH_MAX];
	const char *folder, *name;
	struct stat st;
	bool found = false;

	int rc = l->base ? adopt_base(l) : 0;
	if (rc < 0)
		return rc;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode) && realpath(path, real)) {
		const char *host = loader_join(l, real, CONF_HOST_FILE);
		if (!host)
			return ERR_NO_MEMORY;
		*ret_host = access(host, F_OK) == 0 ? host : NULL;
		return *ret_host ? 0 : check_folder(l, real);
	}
	rc = loader_split(l, path, &folder, &name);
	if (rc == 0)
		rc = check_file(l, folder, name, &found);
	if (found)
		*ret_host = path;
	return rc;
}

int conf_check(struct conf *c, const char *path, const struct conf *base, struct report *report)
{
	char file[PATH_MAX];
	const char *host = NULL;
	struct loader l;

	loader_init(&l, c, base, report);
	l.is_alone = !base;
	int rc = check_path(&l, path, &host);
	if (!host)
		return loader_finish(&l, rc);
	/* It lives in the arena that is about to go. */
	snprintf(file, sizeof(file), "%s", host);
	conf_finish(c);
	return conf_load(c, file, report);
}

static int read_connection(struct loader *l, struct source *source, const char *text, size_t bytes)
{
	struct arena *a = &l->c->arena;
	struct node *root;

	source->file = arena_strdup(a, source->file);
	source->name = arena_strdup(a, source->name);
	source->project = arena_strdup(a, source->project);
	if (!source->file || !source->name || !source->project)
		return ERR_NO_MEMORY;
	int rc = adopt_base(l);
	if (rc == 0)
		rc = read_text(a, source->file, text, bytes, l->report, &root);
	if (rc < 0)
		return rc;
	source->root = root;
	return connection_read(l, source);
}

int conf_read_connection(struct conf *c, const struct conf *base, const char *project,
                         const char *name, const char *file, const char *text, size_t bytes,
                         struct report *report)
{
	struct conf without = *base;
	struct source source = {.file = file, .name = name, .project = project};
	struct loader l;

	without.connection_count = 0;
	loader_init(&l, c, &without, report);
	int rc = read_connection(&l, &source, text, bytes);
	/* What was lent belongs to the base. */
	c->host = (struct conf_host){0};
	c->environments = NULL;
	c->environment_count = 0;
	return loader_finish(&l, rc);
}
