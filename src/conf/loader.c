/* What reading a host, an environment and a connection have in common. */
#include "conf/loader.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/read.h"
#include "schema/check.h"
#include "schema/node.h"
#include "schema/report.h"

void loader_init(struct loader *l, struct conf *c, const struct conf *base, struct report *report)
{
	*c = (struct conf){0};
	arena_init(&c->arena);
	*l = (struct loader){.c = c, .base = base, .report = report};
}

int loader_finish(struct loader *l, int rc)
{
	if (rc == ERR_NO_MEMORY)
		l->report->out_of_memory = true;
	if (l->report->out_of_memory)
		return ERR_NO_MEMORY;
	return rc;
}

int loader_worse(int a, int b)
{
	if (a == ERR_NO_MEMORY || b == ERR_NO_MEMORY)
		return ERR_NO_MEMORY;
	return a < 0 ? a : b;
}

int loader_split(struct loader *l, const char *path, const char **ret_folder, const char **ret_name)
{
	char real[PATH_MAX], reason[128];
	const char *slash = strrchr(path, '/');

	const char *folder = slash ? arena_dup(&l->c->arena, path, (size_t)(slash - path)) : ".";
	if (!folder)
		return ERR_NO_MEMORY;
	if (!realpath(slash == path ? "/" : folder, real)) {
		report_add_at(l->report, LK_FAULT_ERROR, path, 0, "",
		              errno == ENOENT ? "not_found" : "unreadable", "%s",
		              strerror_r(errno, reason, sizeof(reason)));
		return ERR_IO;
	}
	folder = arena_strdup(&l->c->arena, strcmp(real, "/") == 0 ? "" : real);
	const char *name = arena_strdup(&l->c->arena, slash ? slash + 1 : path);
	if (!folder || !name)
		return ERR_NO_MEMORY;
	*ret_folder = folder;
	*ret_name = name;
	return 0;
}

const char *loader_join(struct loader *l, const char *folder, const char *name)
{
	return arena_printf(&l->c->arena, "%s/%s", folder, name);
}

int loader_know(struct loader *l, const char *environment)
{
	const char **known = loader_grow(l, l->known, l->known_count, sizeof(*known));

	if (!known)
		return ERR_NO_MEMORY;
	l->known = known;
	known[l->known_count++] = environment;
	return 0;
}

int loader_source(struct loader *l, const char *folder, const char *project, const char *name,
                  struct source *ret)
{
	struct source source = {.name = name, .project = project};
	struct node *root;

	source.file = arena_printf(&l->c->arena, "%s/%s%s", folder, name, CONF_SUFFIX);
	if (!source.file)
		return ERR_NO_MEMORY;
	int rc = read_file(&l->c->arena, source.file, l->report, &root);
	if (rc < 0)
		return rc;
	source.root = root;
	*ret = source;
	return 0;
}

int loader_top(struct loader *l, const struct source *source, const struct conf_kind *kind,
               const struct node **ret_group)
{
	const struct node *group = node_get(source->root, kind->key);
	size_t errors = l->report->errors;

	for (const struct node *n = source->root->first; n; n = n->next)
		if (n != group)
			report_add(
				l->report, LK_FAULT_ERROR, n, "unknown_key",
				"is not known here; this file holds one group `%s: { … };` and nothing "
				"else%s%s%s",
				kind->key,
				report_nearest(n->name, &kind->key, 1) ? " (did you mean \"" : "",
				report_nearest(n->name, &kind->key, 1) ? kind->key : "",
				report_nearest(n->name, &kind->key, 1) ? "\"?)" : "");
	if (!group && !source->root->first)
		report_add_at(l->report, LK_FAULT_ERROR, source->file, 1, "", "missing_key",
		              "is empty; a group `%s: { … };` is needed", kind->key);
	else if (group && group->kind != NODE_GROUP)
		report_add(l->report, LK_FAULT_ERROR, group, "wrong_type",
		           "is %s; it must be a group: %s: { … };", node_kind_name(group->kind),
		           kind->key);
	if (l->report->errors > errors)
		return ERR_INVALID;
	*ret_group = group;
	return 0;
}

int loader_read(struct loader *l, const struct node *group, const struct conf_kind *kind,
                struct schema_values *v, struct schema_part *part)
{
	*part = (struct schema_part){.rows = kind->rows, .count = kind->row_count};
	return schema_read(v, group, part, 1, 0, l->report);
}

int loader_check_name(struct loader *l, const struct source *source, const struct node *group)
{
	const struct node *name = node_get(group, "name");

	/* What is missing or not a string was reported with its row. */
	if (!name || name->kind != NODE_STRING)
		return ERR_INVALID;
	if (strcmp(name->u.s, source->name) == 0)
		return 0;
	report_add(l->report, LK_FAULT_ERROR, name, "file_name",
	           "is \"%s\", but the file is called %s%s; rename one of them", name->u.s,
	           source->name, CONF_SUFFIX);
	return ERR_INVALID;
}

/* Arrays double when their count reaches a power of two; what they leave behind goes with the
 * arena. */
void *loader_grow(struct loader *l, void *items, size_t count, size_t item_bytes)
{
	if (count > 0 && (count & (count - 1)) != 0)
		return items;
	void *grown = arena_array(&l->c->arena, count ? 2 * count : 1, item_bytes);
	if (grown && count > 0)
		memcpy(grown, items, count * item_bytes);
	return grown;
}
