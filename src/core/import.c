/* Import: what becomes of each connection of a bundle, and doing it. */
#include "core/import.h"

#include "base/banned.h"
#include "base/err.h"
#include "conf/conf.h"
#include "conf/name.h"
#include "core/import_impl.h"
#include "core/needs.h"
#include "schema/node.h"
#include "json/json.h"

enum { NAME_MOST = 100, NUMBERS_MOST = 1000 };

static bool is_global(const char *project)
{
	return name_compare(project, CONF_GLOBAL) == 0;
}

/*
 * Items
 */

static int start_item(struct import_plan *p, size_t i, struct err *e)
{
	const struct bundle_connection *c = &p->bundle->connections[i];
	struct import_item *item = &p->items[i];

	item->project = p->options.project ? p->options.project : c->project;
	if (is_global(item->project))
		item->project = CONF_GLOBAL;
	item->name = item->to_name = c->name;
	item->definition = json_copy(c->definition);
	item->missing = json_array();
	item->faults = json_array();
	return item->definition && item->missing && item->faults ? 0 : err_no_memory(e);
}

static int add_fault(struct import_item *item, const struct fault *fault)
{
	struct json *row = json_object();
	const char *severity = fault->severity == LK_FAULT_ERROR ? "error" : "warning";

	item->blocked = item->blocked || fault->severity == LK_FAULT_ERROR;
	if (json_set(row, "severity", json_string(severity)) < 0 ||
	    json_set(row, "path", json_string(fault->path ? fault->path : "")) < 0 ||
	    json_set(row, "code", json_string(fault->code)) < 0 ||
	    json_set(row, "text", json_string(fault->text)) < 0) {
		json_free(row);
		return ERR_NO_MEMORY;
	}
	return json_push(item->faults, row);
}

/* ERR_INVALID became a fault. */
static int set_revision(struct import_plan *p, struct import_item *item, struct err *e)
{
	struct node *group = NULL;
	struct err why = {0};

	int rc = definition_node(&p->arena, item->definition, "connection", "", &group, &why);
	if (rc == 0)
		rc = definition_revision(group, item->revision);
	if (rc == ERR_INVALID) {
		const struct fault fault = {.severity = LK_FAULT_ERROR,
		                            .path = "",
		                            .code = "invalid_definition",
		                            .text = why.text};
		rc = add_fault(item, &fault);
	}
	return rc < 0 ? err_no_memory(e) : 0;
}

/*
 * Names
 */

/* By an item that was decided on already. */
static bool is_taken_here(const struct import_plan *p, size_t count, const char *project,
                          const char *name)
{
	for (size_t i = 0; i < count; i++) {
		const struct import_item *other = &p->items[i];
		bool collides = is_global(project) || is_global(other->project) ||
		                name_compare(project, other->project) == 0;
		if (collides && name_compare(other->to_name, name) == 0)
			return true;
	}
	return false;
}

/* NAME-2, NAME-3, …; a long name is cut for it. */
static int find_free_name(struct catalog *c, struct import_plan *p, size_t i, struct err *e)
{
	struct import_item *item = &p->items[i];

	for (unsigned n = 2; n < NUMBERS_MOST; n++) {
		char number[16];
		int length = snprintf(number, sizeof(number), "-%u", n);
		char *name =
			arena_printf(&p->arena, "%.*s%s", NAME_MOST - length, item->name, number);
		if (!name)
			return err_no_memory(e);
		if (is_taken_here(p, i, item->project, name) ||
		    catalog_name_free(c, item->project, name, NULL) < 0)
			continue;
		item->action = IMPORT_RENAMES;
		item->to_name = name;
		if (json_set(item->definition, "name", json_string(name)) < 0)
			return err_no_memory(e);
		return set_revision(p, item, e);
	}
	item->action = IMPORT_CONFLICTS;
	return 0;
}

/* A name that is taken: here, elsewhere in the catalogue, or by another item. */
static int solve_conflict(struct catalog *c, struct import_plan *p, size_t i,
                          const struct catalog_entry *present, const char *why, struct err *e)
{
	struct import_item *item = &p->items[i];
	bool is_twice = is_taken_here(p, i, item->project, item->name);

	item->why = arena_strdup(&p->arena, is_twice ? "the bundle has two by this name" : why);
	if (!item->why)
		return err_no_memory(e);
	if (p->options.on_conflict == IMPORT_RENAME)
		return find_free_name(c, p, i, e);
	if (p->options.on_conflict != IMPORT_OVERWRITE || !present || is_twice) {
		item->action = IMPORT_CONFLICTS;
		return 0;
	}
	item->action = IMPORT_OVERWRITES;
	item->to_name = arena_strdup(&p->arena, present->name);
	item->expected = arena_strdup(&p->arena, present->revision);
	if (!item->to_name || !item->expected ||
	    json_set(item->definition, "name", json_string(item->to_name)) < 0)
		return err_no_memory(e);
	return set_revision(p, item, e);
}

static int decide(struct catalog *c, struct import_plan *p, size_t i, struct err *e)
{
	struct import_item *item = &p->items[i];
	const struct catalog_entry *present = catalog_find_exactly(c, item->project, item->name);
	struct err why = {0};

	int rc = set_revision(p, item, e);
	int is_free = catalog_name_free(c, item->project, item->name, &why);
	bool is_taken = is_free == ERR_CONFLICT || is_taken_here(p, i, item->project, item->name);
	if (rc == 0 && present && strcmp(present->revision, item->revision) == 0 &&
	    !is_taken_here(p, i, item->project, item->name))
		item->action = IMPORT_IS_SAME;
	else if (rc == 0 && is_taken)
		rc = solve_conflict(c, p, i, present, why.text, e);
	else if (rc == 0 && is_free < 0)
		rc = err_set(e, is_free, "%s", why.text);
	catalog_release(present);
	return rc;
}

/* The item that a text means, if that gets another name. */
static const struct import_item *find_renamed(const struct import_plan *p,
                                              const struct import_item *item, const char *text)
{
	for (size_t i = 0; text && i < p->bundle->connection_count; i++) {
		const struct import_item *other = &p->items[i];
		if (other->action == IMPORT_RENAMES && name_compare(text, other->name) == 0 &&
		    name_compare(other->project, item->project) == 0)
			return other;
	}
	return NULL;
}

/* Who alerts through a connection of the bundle goes on to do so when that gets another name. */
static int follow_renames(struct import_plan *p, size_t i, struct err *e)
{
	struct import_item *item = &p->items[i];
	int rc = 0;

	for (size_t k = 0; rc == 0 && k < p->bundle->need_count; k++) {
		const struct bundle_need *need = &p->bundle->needs[k];
		if (need->connection != i || !need->path ||
		    strcmp(need->kind, need_kinds[NEED_CONNECTION]) != 0)
			continue;
		const struct import_item *other =
			find_renamed(p, item, needs_text(item->definition, need->path));
		if (!other)
			continue;
		struct json *changed = needs_replace(item->definition, need->path, other->to_name);
		if (!changed)
			return err_no_memory(e);
		json_free(item->definition);
		item->definition = changed;
		rc = set_revision(p, item, e);
	}
	return rc;
}

/*
 * Faults
 */

static struct catalog_edit edit_of(const struct import_item *item)
{
	bool overwrites = item->action == IMPORT_OVERWRITES;

	return (struct catalog_edit){
		.verb = overwrites ? CATALOG_REPLACE : CATALOG_CREATE,
		.project = item->project,
		.name = item->to_name,
		.definition = item->definition,
		.expected = item->expected,
		.drops_comments = true,
	};
}

/* That a file is not there which will be written is no fault. */
static bool is_of_file_to_come(const struct import_plan *p, const struct fault *fault)
{
	if (strcmp(fault->code, "file_unreadable") != 0)
		return false;
	for (size_t i = 0; i < p->bundle->file_count; i++)
		if (p->files[i].needed && strstr(fault->text, p->files[i].path))
			return true;
	return false;
}

/* What the catalogue says, one by one, so that the faults of all are known. */
static int find_faults(struct catalog *c, struct import_plan *p, size_t i, struct err *e)
{
	static const struct catalog_word word = {.actor = "import", .dry_run = true};
	struct import_item *item = &p->items[i];
	const struct catalog_edit edit = edit_of(item);
	struct catalog_answer a;
	struct err why = {0};

	catalog_answer_init(&a);
	int rc = catalog_apply(c, &edit, 1, NULL, 0, &word, &a, &why);
	if (rc == ERR_NO_MEMORY || rc == ERR_BUSY || rc == ERR_IO) {
		catalog_answer_finish(&a);
		return err_set(e, rc, "%s", why.text);
	}
	int added = 0;
	for (size_t k = 0; added == 0 && k < a.report.count; k++)
		if (!is_of_file_to_come(p, &a.report.faults[k]))
			added = add_fault(item, &a.report.faults[k]);
	if (rc < 0 && added == 0 && a.report.errors == 0) {
		const struct fault fault = {.severity = LK_FAULT_ERROR,
		                            .path = "",
		                            .code = a.code ? a.code : err_name(rc),
		                            .text = why.text};
		added = add_fault(item, &fault);
	}
	catalog_answer_finish(&a);
	return added < 0 ? err_no_memory(e) : 0;
}

/*
 * The plan
 */

static int plan_item(struct catalog *c, struct import_plan *p, size_t i, struct err *e)
{
	int rc = p->options.skips_environments ? import_skip_environments(c, p, i, e) : 0;

	rc = rc < 0 ? rc : import_use_files(c, p, i, e);
	return rc < 0 ? rc : decide(c, p, i, e);
}

static int examine(struct catalog *c, struct import_plan *p, size_t i, struct err *e)
{
	struct import_item *item = &p->items[i];
	int rc = follow_renames(p, i, e);

	if (rc == 0)
		rc = import_find_missing(c, p, i, e);
	if (rc == 0 && item->action != IMPORT_CONFLICTS && item->action != IMPORT_IS_SAME)
		rc = find_faults(c, p, i, e);
	p->ok = p->ok && item->action != IMPORT_CONFLICTS &&
	        (!item->blocked || item->action == IMPORT_IS_SAME);
	return rc;
}

int import_plan_make(struct catalog *c, const struct bundle *b,
                     const struct import_options *options, struct import_plan *ret, struct err *e)
{
	int rc = 0;

	*ret = (struct import_plan){.bundle = b, .options = *options, .ok = true};
	arena_init(&ret->arena);
	if (options->project && !name_is_plain(options->project))
		return err_set(e, ERR_INVALID, "the name of a project is " NAME_RULE);
	ret->items = arena_array(&ret->arena, b->connection_count + 1, sizeof(*ret->items));
	if (!ret->items)
		return err_no_memory(e);
	for (size_t i = 0; rc == 0 && i < b->connection_count; i++)
		rc = start_item(ret, i, e);
	rc = rc < 0 ? rc : import_place_files(ret, catalog_host(c), e);
	for (size_t i = 0; rc == 0 && i < b->connection_count; i++)
		rc = plan_item(c, ret, i, e);
	for (size_t i = 0; rc == 0 && i < b->connection_count; i++)
		rc = examine(c, ret, i, e);
	return rc < 0 ? rc : import_write_plan(ret, e);
}

void import_plan_finish(struct import_plan *p)
{
	for (size_t i = 0; p->items && i < p->bundle->connection_count; i++) {
		json_free(p->items[i].definition);
		json_free(p->items[i].missing);
		json_free(p->items[i].faults);
	}
	json_free(p->document);
	arena_wipe(&p->arena);
	*p = (struct import_plan){0};
}

/*
 * Doing it
 */

int import_plan_apply(struct catalog *c, const struct import_plan *p,
                      const struct catalog_word *word, struct catalog_answer *a, struct err *e)
{
	size_t count = 0, file_count = 0;
	struct arena arena;

	if (!p->ok)
		return err_set(e, ERR_CONFLICT,
		               "the bundle cannot be imported as it is: the plan "
		               "says what is in the way");
	arena_init(&arena);
	struct catalog_edit *edits =
		arena_array(&arena, p->bundle->connection_count + 1, sizeof(*edits));
	const struct catalog_file *files = import_new_files(p, &arena, &file_count);
	int rc = edits && files ? 0 : err_no_memory(e);
	for (size_t i = 0; rc == 0 && i < p->bundle->connection_count; i++)
		if (p->items[i].action != IMPORT_IS_SAME)
			edits[count++] = edit_of(&p->items[i]);
	if (rc == 0)
		rc = catalog_apply(c, edits, count, files, file_count, word, a, e);
	arena_finish(&arena);
	return rc;
}
