/* Definitions of connections in files that somebody names. */
#include "linkspan/definition_files.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "conf/conf.h"
#include "conf/folder.h"
#include "conf/read.h"
#include "linkspan/definition_text.h"
#include "schema/node.h"
#include "json/json.h"

void definitions_init(struct definitions *d)
{
	*d = (struct definitions){0};
	arena_init(&d->arena);
	report_init(&d->report);
}

void definitions_finish(struct definitions *d)
{
	for (size_t i = 0; i < d->count; i++)
		json_free(d->items[i].definition);
	mem_free(d->items);
	mem_free(d->projects);
	report_finish(&d->report);
	arena_finish(&d->arena);
}

/* Takes the definition. */
static int add_source(struct definitions *d, const char *file, const char *project,
                      struct json *definition, const struct node *group)
{
	struct definition_source *items = mem_resize(d->items, d->count + 1, sizeof(*items));

	if (!items || !definition) {
		json_free(definition);
		d->items = items ? items : d->items;
		return ERR_NO_MEMORY;
	}
	d->items = items;
	items[d->count++] = (struct definition_source){file, project, definition, group};
	return 0;
}

static int note_project(struct definitions *d, const char *project)
{
	for (size_t i = 0; i < d->project_count; i++)
		if (strcmp(d->projects[i], project) == 0)
			return 0;
	const char **projects = mem_resize(d->projects, d->project_count + 1, sizeof(*projects));
	if (!projects)
		return ERR_NO_MEMORY;
	d->projects = projects;
	projects[d->project_count++] = project;
	return 0;
}

static int fault(struct definitions *d, const char *file, const char *code, const char *text)
{
	report_add_at(&d->report, LK_FAULT_ERROR, file, 0, "", code, "%s", text);
	return ERR_INVALID;
}

/*
 * JSON: a definition, a document of the API, {"connection": …} or {"items": [ … ]} of them
 */

/* What it wraps: a plain definition, or {"project", "definition"}. */
static int add_json(struct definitions *d, const char *file, const char *project,
                    const struct json *value)
{
	const struct json *inner = json_get(value, "definition");
	const char *own = json_as_string(json_get(value, "project"));

	if (!inner)
		inner = json_get(value, conf_kind_connection.key);
	if (!inner)
		inner = value;
	if (json_kind(inner) != JSON_OBJECT || !json_as_string(json_get(inner, "name")))
		return fault(
			d, file, "not_a_definition",
			"holds no definition of a connection: an object with a name is needed");
	if (!project && own && !(project = arena_strdup(&d->arena, own)))
		return ERR_NO_MEMORY;
	return add_source(d, file, project, definition_part(inner), NULL);
}

static int read_json(struct definitions *d, const char *file, const char *project, const char *text,
                     size_t bytes)
{
	struct json *document = NULL;
	struct err why = {0};

	int rc = json_read(text, bytes, &document, &why);
	if (rc == ERR_INVALID)
		return fault(d, file, "syntax", why.text);
	const struct json *items = json_get(document, "items");
	if (rc == 0 && json_kind(items) != JSON_ARRAY)
		rc = add_json(d, file, project, document);
	for (size_t i = 0; rc == 0 && i < json_count(items); i++)
		rc = add_json(d, file, project, json_at(items, i));
	json_free(document);
	return rc;
}

/*
 * Files
 */

static bool is_json(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '{';
}

static int slurp(FILE *stream, const char *file, struct buf *text, struct err *e)
{
	char piece[8192];
	size_t bytes;

	while ((bytes = fread(piece, 1, sizeof(piece), stream)) > 0)
		buf_add(text, piece, bytes);
	if (ferror(stream))
		return err_set_errno(e, ERR_IO, "%s", file);
	if (buf_failed(text) == BUF_TOO_LONG)
		return err_set(e, ERR_USAGE, "%s is larger than %d bytes", file, READ_MAX_BYTES);
	return buf_failed(text) ? err_no_memory(e) : 0;
}

static int add_text(struct definitions *d, const char *file, const char *project, FILE *stream,
                    bool passes_others, struct err *e)
{
	struct node *root = NULL;
	struct json *definition = NULL;
	const struct node *group = NULL;
	struct buf text;

	buf_init(&text, READ_MAX_BYTES);
	int rc = slurp(stream, file, &text, e);
	if (rc == 0 && is_json(buf_str(&text))) {
		rc = read_json(d, file, project, buf_str(&text), text.len_bytes);
	} else if (rc == 0 && passes_others) {
		rc = read_text(&d->arena, file, buf_str(&text), text.len_bytes, &d->report, &root);
		if (rc == 0)
			rc = definition_of_root(root, &d->report, &definition, &group);
		rc = rc == ERR_NOT_FOUND ? 0 : rc;
	} else if (rc == 0) {
		rc = definition_parse(&d->arena, file, buf_str(&text), text.len_bytes, &d->report,
		                      &definition, &group);
	}
	if (rc == 0 && definition)
		rc = add_source(d, file, project, definition, group);
	buf_wipe(&text);
	buf_finish(&text);
	return rc == ERR_NO_MEMORY ? err_no_memory(e) : rc;
}

static int add_file(struct definitions *d, const char *path, const char *project,
                    bool passes_others, struct err *e)
{
	bool standard = strcmp(path, "-") == 0;
	const char *file = arena_strdup(&d->arena, standard ? "<standard input>" : path);
	FILE *stream = standard ? stdin : fopen(path, "re");

	if (!stream)
		return err_set_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s", path);
	int rc = file ? add_text(d, file, project, stream, passes_others, e) : err_no_memory(e);
	if (!standard)
		fclose(stream);
	return rc;
}

/*
 * Folders
 */

/* Goes on after faults, so that one run shows all of them. */
static int worse(int a, int b)
{
	return a == 0 || (a == ERR_INVALID && b < 0) ? b : a;
}

/* The project of a folder …/projects/P/connections; NULL: it does not say. */
static const char *project_of(struct definitions *d, const char *folder)
{
	static const char marker[] = "/projects/", end[] = "/connections";
	char real[PATH_MAX];

	if (!realpath(folder, real))
		return NULL;
	char *last = strrchr(real, '/');
	if (!last || strcmp(last, end) != 0)
		return NULL;
	*last = '\0';
	last = strrchr(real, '/');
	if (!last || last - real < (ptrdiff_t)sizeof(marker) - 2)
		return NULL;
	const char *start = last + 1 - (sizeof(marker) - 1);
	return strncmp(start, marker, sizeof(marker) - 1) == 0 ? arena_strdup(&d->arena, last + 1)
	                                                       : NULL;
}

static int add_files(struct definitions *d, const char *folder, const char *project, struct err *e)
{
	const char *const *names = NULL;
	size_t count = 0;
	int all = 0;

	int rc = folder_list(&d->arena, folder, FOLDER_DEFINITIONS, &d->report, &names, &count);
	if (rc < 0)
		return rc == ERR_NOT_FOUND   ? 0
		       : rc == ERR_NO_MEMORY ? err_no_memory(e)
		                             : ERR_INVALID;
	if (project && note_project(d, project) < 0)
		return err_no_memory(e);
	for (size_t i = 0; i < count; i++) {
		const char *file = arena_printf(&d->arena, "%s/%s.conf", folder, names[i]);
		rc = file ? add_file(d, file, project, true, e) : err_no_memory(e);
		all = worse(all, rc);
		if (rc < 0 && rc != ERR_INVALID)
			return rc;
	}
	return all;
}

static int add_projects(struct definitions *d, const char *folder, struct err *e)
{
	const char *const *names = NULL;
	size_t count = 0;
	int all = 0;

	int rc = folder_list(&d->arena, folder, FOLDER_FOLDERS, &d->report, &names, &count);
	if (rc < 0)
		return rc == ERR_NOT_FOUND   ? 0
		       : rc == ERR_NO_MEMORY ? err_no_memory(e)
		                             : ERR_INVALID;
	for (size_t i = 0; i < count; i++) {
		const char *own = arena_printf(&d->arena, "%s/%s/connections", folder, names[i]);
		rc = own ? add_files(d, own, names[i], e) : err_no_memory(e);
		all = worse(all, rc);
		if (rc < 0 && rc != ERR_INVALID)
			return rc;
	}
	return all;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* One laid out as that of a host, or a plain one. */
static int add_folder(struct definitions *d, const char *path, struct err *e)
{
	const char *global = arena_printf(&d->arena, "%s/connections", path);
	const char *projects = arena_printf(&d->arena, "%s/projects", path);

	if (!global || !projects)
		return err_no_memory(e);
	if (!is_folder(global) && !is_folder(projects))
		return add_files(d, path, project_of(d, path), e);
	int rc = is_folder(global) ? add_files(d, global, CONF_GLOBAL, e) : 0;
	if (rc < 0 && rc != ERR_INVALID)
		return rc;
	return worse(rc, is_folder(projects) ? add_projects(d, projects, e) : 0);
}

int definitions_add(struct definitions *d, const char *path, struct err *e)
{
	char folder[PATH_MAX];

	if (is_folder(path))
		return add_folder(d, path, e);
	const char *last = strrchr(path, '/');
	snprintf(folder, sizeof(folder), "%.*s", last ? (int)(last - path) : 1, last ? path : ".");
	return add_file(d, path, project_of(d, folder), false, e);
}

int definitions_verdict(const struct definitions *d, struct err *e)
{
	struct buf text;

	if (d->report.count == 0 && d->report.errors == 0)
		return d->report.out_of_memory ? err_no_memory(e) : 0;
	buf_init(&text, BUF_MAX_TEXT);
	report_print(&d->report, &text);
	fputs(buf_str(&text), stderr);
	buf_finish(&text);
	if (d->report.errors == 0)
		return 0;
	return err_set(e, ERR_INVALID, "%zu error%s; nothing was changed", d->report.errors,
	               d->report.errors == 1 ? "" : "s");
}

static const struct node *child_of(const struct node *node, const char *key)
{
	const struct node *child = node->first;

	if (node->kind != NODE_LIST)
		return node_get(node, key);
	for (unsigned long i = strtoul(key, NULL, 10); child && i > 0; i--)
		child = child->next;
	return child;
}

/* The line of the deepest node on the way; false: the way is longer. */
static bool find_line(const struct node *node, const char *pointer, unsigned *ret)
{
	char key[256];

	while (node && *pointer == '/') {
		size_t bytes = strcspn(++pointer, "/");
		*ret = node->line ? node->line : *ret;
		snprintf(key, sizeof(key), "%.*s", (int)bytes, pointer);
		node = child_of(node, key);
		pointer += bytes;
	}
	if (node && node->line)
		*ret = node->line;
	return node != NULL;
}

/* A fault of a setting may be told from below `settings`, where the rows of its type begin. */
static unsigned line_of(const struct node *group, const char *pointer)
{
	const struct node *settings = group ? node_get(group, "settings") : NULL;
	unsigned line = 0, inner = 0;

	if (!find_line(group, pointer, &line) && find_line(settings, pointer, &inner))
		return inner;
	return line;
}

void definitions_fault(const struct definition_source *source, const char *pointer,
                       const char *text, struct buf *b)
{
	unsigned line = line_of(source->group, pointer);

	buf_add_str(b, source->file);
	if (line)
		buf_printf(b, ":%u", line);
	buf_add_str(b, ": error: ");
	for (const char *at = pointer; *at == '/';) {
		size_t bytes = strcspn(at + 1, "/");
		buf_printf(b, "%s%.*s", at == pointer ? "" : ".", (int)bytes, at + 1);
		at += 1 + bytes;
		if (*at != '/')
			buf_add_str(b, ": ");
	}
	buf_printf(b, "%s\n", text);
}
