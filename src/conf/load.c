/* Walking the files of a configuration, in the order that the later ones need the earlier. */
#include <string.h>
#include <sys/stat.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "conf/folder.h"
#include "conf/loader.h"
#include "conf/name.h"
#include "conf/read.h"
#include "schema/node.h"
#include "schema/report.h"

/* No such folder: nothing in it. */
static int list(struct loader *l, const char *folder, enum folder_kind kind,
                const char *const **ret_names, size_t *ret_count)
{
	*ret_count = 0;
	int rc = folder_list(&l->c->arena, folder, kind, l->report, ret_names, ret_count);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int read_folder(struct loader *l, const char *folder, const char *project,
                       loader_read_source *read_one)
{
	const char *const *names;
	size_t count;

	if (!folder)
		return ERR_NO_MEMORY;
	int rc = list(l, folder, FOLDER_DEFINITIONS, &names, &count);
	for (size_t i = 0; i < count && rc != ERR_NO_MEMORY; i++) {
		struct source source;
		int one = loader_source(l, folder, project, names[i], &source);
		if (one == 0)
			one = read_one(l, &source);
		rc = loader_worse(rc, one);
	}
	return rc;
}

static int know_folder(struct loader *l, const char *folder)
{
	const char *const *names;
	size_t count;

	if (!folder)
		return ERR_NO_MEMORY;
	int rc = list(l, folder, FOLDER_DEFINITIONS, &names, &count);
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = loader_know(l, names[i]);
	/* What cannot be read is reported when its files are read. */
	return rc == ERR_IO ? 0 : rc;
}

static int check_project(struct loader *l, const char *folder, const char *name)
{
	if (name_is_plain(name) && name_compare(name, CONF_GLOBAL) != 0)
		return 0;
	report_add_at(l->report, LK_FAULT_ERROR, folder, 0, "", "bad_name",
	              "\"%s\" is no name of a project; what is allowed: " NAME_RULE
	              ", but not \"" CONF_GLOBAL "\"",
	              name);
	return ERR_INVALID;
}

static int read_project(struct loader *l, const char *projects, const char *name)
{
	const char *folder = loader_join(l, projects, name);

	if (!folder)
		return ERR_NO_MEMORY;
	int rc = check_project(l, folder, name);
	if (rc < 0)
		return rc;
	rc = read_folder(l, loader_join(l, folder, "environments"), name, environment_read);
	if (rc == ERR_NO_MEMORY)
		return rc;
	return loader_worse(
		rc, read_folder(l, loader_join(l, folder, "connections"), name, connection_read));
}

static int read_projects(struct loader *l, const char *folder)
{
	const char *const *names;
	size_t count;

	if (!folder)
		return ERR_NO_MEMORY;
	int rc = list(l, folder, FOLDER_FOLDERS, &names, &count);
	for (size_t i = 0; i < count && rc != ERR_NO_MEMORY; i++)
		rc = loader_worse(rc, read_project(l, folder, names[i]));
	return rc;
}

static int check_definitions(struct loader *l, const struct node *host)
{
	const char *folder = l->c->host.definitions;
	const struct node *n = node_get(host, "definitions");
	struct stat st;

	if (stat(folder, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	report_add(l->report, LK_FAULT_ERROR, n ? n : host, "not_found", "%s is not a folder",
	           folder);
	return ERR_INVALID;
}

static int check_served(struct loader *l, const struct node *host)
{
	int rc = 0;

	for (const struct node *n = node_get(host, "environments")->first; n; n = n->next) {
		bool found = false;
		for (size_t i = 0; i < l->known_count && !found; i++)
			found = strcmp(l->known[i], n->u.s) == 0;
		if (found)
			continue;
		const char *near = report_nearest(n->u.s, l->known, l->known_count);
		report_add(l->report, LK_FAULT_ERROR, n, "unknown_environment",
		           "there is no file environments/%s%s%s%s%s", n->u.s, CONF_SUFFIX,
		           near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
		rc = ERR_INVALID;
	}
	return rc;
}

/* Everything below the folder of definitions. */
static int read_definitions(struct loader *l, const struct node *host)
{
	const char *folder = l->c->host.definitions;
	const char *environments = loader_join(l, folder, "environments");

	int rc = check_definitions(l, host);
	if (rc < 0)
		return rc;
	rc = know_folder(l, environments);
	if (rc < 0)
		return rc;
	rc = check_served(l, host);
	rc = loader_worse(rc, read_folder(l, environments, CONF_GLOBAL, environment_read));
	if (rc == ERR_NO_MEMORY)
		return rc;
	rc = loader_worse(rc, read_folder(l, loader_join(l, folder, "connections"), CONF_GLOBAL,
	                                  connection_read));
	if (rc == ERR_NO_MEMORY)
		return rc;
	return loader_worse(rc, read_projects(l, loader_join(l, folder, "projects")));
}

/* linkspan.conf itself; *ret_root is its tree. */
static int load_host(struct loader *l, const char *path, struct node **ret_root)
{
	struct source source = {.project = CONF_GLOBAL};
	const char *folder;

	int rc = loader_split(l, path, &folder, &source.name);
	if (rc < 0)
		return rc;
	source.file = loader_join(l, folder, source.name);
	if (!source.file)
		return ERR_NO_MEMORY;
	rc = read_file(&l->c->arena, source.file, l->report, ret_root);
	if (rc < 0)
		return rc;
	source.root = *ret_root;
	return host_read(l, &source);
}

int conf_load(struct conf *c, const char *file, struct report *report)
{
	struct loader l;
	struct node *root;

	loader_init(&l, c, NULL, report);
	int rc = load_host(&l, file, &root);
	if (rc == 0)
		rc = read_definitions(&l, node_get(root, conf_kind_host.key));
	return loader_finish(&l, rc);
}

int conf_load_host(struct conf *c, const char *file, struct report *report)
{
	struct loader l;
	struct node *root;

	loader_init(&l, c, NULL, report);
	return loader_finish(&l, load_host(&l, file, &root));
}
