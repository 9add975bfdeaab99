/* The plan of an import, as a document. */
#include "base/banned.h"
#include "base/err.h"
#include "core/import_impl.h"
#include "json/json.h"

const char *const import_conflicts[] = {
	[IMPORT_FAIL] = "fail", [IMPORT_RENAME] = "rename", [IMPORT_OVERWRITE] = "overwrite", NULL};

static const char *const actions[] = {
	[IMPORT_CREATES] = "create", [IMPORT_OVERWRITES] = "overwrite",
	[IMPORT_RENAMES] = "rename", [IMPORT_CONFLICTS] = "conflict",
	[IMPORT_IS_SAME] = "same",
};

static struct json *item_json(const struct import_item *item)
{
	struct json *row = json_object();

	if (json_set(row, "project", json_string(item->project)) < 0 ||
	    json_set(row, "name", json_string(item->name)) < 0 ||
	    json_set(row, "to_name", json_string(item->to_name)) < 0 ||
	    json_set(row, "action", json_string(actions[item->action])) < 0 ||
	    json_set(row, "revision", json_string(item->revision)) < 0 ||
	    json_set(row, "reason", json_string_or_null(item->why)) < 0 ||
	    json_set(row, "missing", json_copy(item->missing)) < 0 ||
	    json_set(row, "faults", json_copy(item->faults)) < 0) {
		json_free(row);
		return NULL;
	}
	return row;
}

static const char *action_of(const struct import_file *f)
{
	if (f->there)
		return "same";
	return f->needed ? "write" : "left_out";
}

static struct json *file_json(const struct import_file *f)
{
	struct json *row = json_object();

	if (json_set(row, "name", json_string(f->file->name)) < 0 ||
	    json_set(row, "kind", json_string(bundle_file_kinds[f->kind])) < 0 ||
	    json_set(row, "path", json_string(f->path)) < 0 ||
	    json_set(row, "action", json_string(action_of(f))) < 0) {
		json_free(row);
		return NULL;
	}
	return row;
}

int import_write_plan(struct import_plan *p, struct err *e)
{
	struct json *items = json_array(), *files = json_array();
	int rc = 0;

	p->document = json_object();
	for (size_t i = 0; rc == 0 && i < p->bundle->connection_count; i++)
		rc = json_push(items, item_json(&p->items[i]));
	for (size_t i = 0; rc == 0 && i < p->bundle->file_count; i++)
		rc = json_push(files, file_json(&p->files[i]));
	int set = json_set(p->document, "format_ok", json_bool(true));
	set = json_set(p->document, "items", items) < 0 ? ERR_NO_MEMORY : set;
	set = json_set(p->document, "files", files) < 0 ? ERR_NO_MEMORY : set;
	set = json_set(p->document, "ok", json_bool(p->ok)) < 0 ? ERR_NO_MEMORY : set;
	return rc < 0 || set < 0 ? err_no_memory(e) : 0;
}
