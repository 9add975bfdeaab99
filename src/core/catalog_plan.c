/* Thinking an edit through: what it means, whether it may be, and what the files will hold. */
#include "core/catalog_plan.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "conf/name.h"
#include "conf/read.h"
#include "core/catalog_check.h"
#include "core/deployment.h"
#include "core/difference.h"
#include "core/literal.h"
#include "crypto/random.h"
#include "schema/node.h"
#include "json/json.h"

/* There is a connection before. */
static bool is_renaming(const struct planned *item)
{
	return strcmp(item->before->face.project, item->project) != 0 ||
	       strcmp(item->before->face.name, item->name) != 0;
}

bool planned_renames(const struct planned *item)
{
	return item->before && item->after && is_renaming(item);
}

static int file_name(struct plan *p, const char *project, const char *name, const char **ret)
{
	char path[FILE_PATH_BYTES];

	definition_path(p->catalog, project, name, path, sizeof(path));
	*ret = arena_strdup(&p->arena, path);
	return *ret ? 0 : ERR_NO_MEMORY;
}

/*
 * What is there now
 */

/* Whether the file still says what the catalogue knows: somebody may have edited it by hand. */
static int check_file(struct plan *p, struct planned *item, struct buf *text,
                      struct catalog_answer *a, struct err *e)
{
	const struct catalog_entry *face = &item->before->face;
	char revision[REVISION_BYTES] = "";
	struct report report;
	struct conf conf;

	int rc = file_load(face->file, READ_MAX_BYTES, text, e);
	if (rc < 0)
		return answer_code(a, e, rc == ERR_NO_MEMORY ? rc : ERR_CONFLICT, "stale", NULL,
		                   "%s cannot be read any more; reload the host, then try again",
		                   face->file);
	hash_of(text->data, text->len_bytes, item->digest_before);
	report_init(&report);
	rc = conf_read_connection(&conf, &p->catalog->base->conf, face->project, face->name,
	                          face->file, buf_str(text), text->len_bytes, &report);
	if (rc == 0 && conf.connection_count == 1)
		rc = definition_revision(conf.connections[0].root, revision);
	conf_finish(&conf);
	report_finish(&report);
	if (rc == ERR_NO_MEMORY)
		return err_no_memory(e);
	if (strcmp(revision, face->revision) == 0)
		return 0;
	return answer_code(a, e, ERR_CONFLICT, "stale", NULL,
	                   "%s was changed by hand since it was read; reload the host, then edit "
	                   "what it says now",
	                   face->file);
}

/* What the newer one says, and how it differs from what was to be saved. */
static struct json *stale_detail(struct plan *p, const struct planned *item)
{
	const struct catalog_entry *face = &item->before->face;
	struct json *detail = json_object(), *changes = json_array();
	struct json *present = definition_json(face->definition->root);
	struct json *shown = present ? definition_shown(p->catalog->plugins, present, NULL) : NULL;
	struct json *wanted =
		item->edit->definition
			? definition_shown(p->catalog->plugins, item->edit->definition, NULL)
			: NULL;

	/* The name is not the definition's to say. */
	if (wanted && json_set(wanted, "name", json_string(face->name)) == 0)
		difference_add(changes, "", shown, wanted);
	json_set(detail, "revision", json_string(face->revision));
	json_set(detail, "definition", shown);
	json_set(detail, "changes", changes);
	json_free(wanted);
	json_free(present);
	return detail;
}

static int find_before(struct plan *p, struct planned *item, struct buf *text,
                       struct catalog_answer *a, struct err *e)
{
	const struct catalog_edit *edit = item->edit;

	item->before = entries_find(p->catalog, edit->project, edit->name, NULL);
	entry_keep(item->before);
	if (!item->before)
		return err_set(e, ERR_NOT_FOUND, "there is no connection \"%s\" in %s", edit->name,
		               edit->project);
	for (size_t i = 0; i < p->count; i++)
		if (&p->items[i] != item && p->items[i].before == item->before)
			return answer_code(a, e, ERR_CONFLICT, "name_taken", NULL,
			                   "\"%s\" stands twice in this change", edit->name);
	item->path_before = item->before->face.file;
	if (edit->expected && strcmp(edit->expected, item->before->face.revision) != 0)
		return answer_code(
			a, e, ERR_CONFLICT, "stale", stale_detail(p, item),
			"\"%s\" was changed meanwhile: it is at revision %.12s, not %.12s",
			edit->name, item->before->face.revision, edit->expected);
	return check_file(p, item, text, a, e);
}

/*
 * Names
 */

/* A name that another edit of the same change takes or gives up. */
static const struct planned *other_edit(const struct plan *p, const struct planned *item,
                                        const char *project, const char *name)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct planned *other = &p->items[i];
		if (other != item && other->name && name_compare(other->name, name) == 0 &&
		    (name_compare(other->project, project) == 0 ||
		     name_compare(other->project, CONF_GLOBAL) == 0 ||
		     name_compare(project, CONF_GLOBAL) == 0))
			return other;
	}
	return NULL;
}

static int check_name(struct plan *p, struct planned *item, struct catalog_answer *a, struct err *e)
{
	const struct planned *other = other_edit(p, item, item->project, item->name);
	struct err why = {0};

	if (other)
		return answer_code(a, e, ERR_CONFLICT, "name_taken", NULL,
		                   "\"%s\" stands twice in this change", item->name);
	/* Its own name, perhaps in other letters, is no obstacle. */
	int rc = item->before ? catalog_name_free_but(p->catalog, item->before, item->project,
	                                              item->name, &why)
	                      : catalog_name_free(p->catalog, item->project, item->name, &why);
	if (rc == ERR_CONFLICT)
		return answer_code(a, e, rc, "name_taken", NULL, "%s", why.text);
	return rc < 0 ? answer_code(a, e, rc, "invalid_name", NULL, "%s", why.text) : 0;
}

/* A project as it is spelt already: folders of two spellings would be two projects. */
static const char *spelt(const struct plan *p, const char *project)
{
	const struct catalog *c = p->catalog;
	const struct conf *conf = &c->base->conf;

	if (name_compare(project, CONF_GLOBAL) == 0)
		return CONF_GLOBAL;
	for (size_t i = 0; i < c->entry_count; i++)
		if (name_compare(c->entries[i]->face.project, project) == 0)
			return c->entries[i]->face.project;
	for (size_t i = 0; i < conf->environment_count; i++)
		if (name_compare(conf->environments[i].project, project) == 0)
			return conf->environments[i].project;
	for (size_t i = 0; i < p->count; i++)
		if (p->items[i].project && name_compare(p->items[i].project, project) == 0)
			return p->items[i].project;
	return project;
}

static int take_names(struct plan *p, struct planned *item, struct catalog_answer *a, struct err *e)
{
	const struct catalog_edit *edit = item->edit;
	const struct catalog_entry *before = item->before ? &item->before->face : NULL;

	item->name = edit->to_name ? edit->to_name : before ? before->name : edit->name;
	const char *project = edit->to_project ? spelt(p, edit->to_project)
	                      : before         ? before->project
	                                       : spelt(p, edit->project);
	/* The entry that spells it so may go with this very change. */
	item->project = arena_strdup(&p->arena, project);
	if (!item->project)
		return err_no_memory(e);
	bool moves = item->before && is_renaming(item);
	int rc = 0;
	if (!item->before || moves)
		rc = check_name(p, item, a, e);
	if (rc == 0 && moves)
		rc = catalog_check_move(p->catalog, item->before, item->project, item->name, a, e);
	if (rc == 0)
		rc = file_name(p, item->project, item->name, &item->path) < 0 ? err_no_memory(e)
		                                                              : 0;
	/* A file that nobody has read yet is somebody's work. */
	if (rc == 0 && (!item->before || moves) && file_exists(item->path))
		rc = answer_code(a, e, ERR_CONFLICT, "name_taken", NULL,
		                 "there is a file %s that the host has not read; reload it first",
		                 item->path);
	return rc;
}

/*
 * What the file will hold
 */

/* Members as people write them, whatever the order in which a program has sent them. */
static struct json *in_order(const struct json *document, const char *called)
{
	static const char *const names[] = {"type", "description", "enabled", "settings",
	                                    "environments"};
	struct json *ordered = json_object();
	const void *cursor = NULL;
	const struct json *value;
	const char *name;
	int rc = ordered ? json_set(ordered, "name", json_string(called)) : ERR_NO_MEMORY;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && rc == 0; i++)
		if (json_get(document, names[i]))
			rc = json_set(ordered, names[i], json_copy(json_get(document, names[i])));
	while (rc == 0 && (value = json_next(document, &cursor, &name)))
		if (!json_get(ordered, name))
			rc = json_set(ordered, name, json_copy(value));
	if (rc == 0)
		return ordered;
	json_free(ordered);
	return NULL;
}

/* The document of the group `connection` that is wanted. */
static struct json *wanted(const struct planned *item)
{
	const struct catalog_edit *edit = item->edit;
	struct json *document = edit->definition
	                                ? in_order(edit->definition, item->name)
	                                : definition_json(item->before->face.definition->root);

	int rc = document ? json_set(document, "name", json_string(item->name)) : ERR_NO_MEMORY;
	if (rc == 0 && edit->sets_enabled)
		rc = json_set(document, "enabled", json_bool(edit->enabled));
	if (rc == 0)
		return document;
	json_free(document);
	return NULL;
}

static int read_back(struct plan *p, struct planned *item, const char *text, size_t bytes,
                     struct held **ret, struct catalog_answer *a, struct err *e)
{
	struct held *held = held_create();
	int rc = held ? conf_read_connection(&held->conf, &p->catalog->base->conf, item->project,
	                                     item->name, item->path, text, bytes, &a->report)
	              : ERR_NO_MEMORY;

	if (rc == 0 && held->conf.connection_count == 1) {
		*ret = held;
		return 0;
	}
	held_release(held);
	if (rc == ERR_NO_MEMORY)
		return err_no_memory(e);
	return answer_code(a, e, ERR_INVALID, "invalid_definition", NULL, "\"%s\" has faults",
	                   item->name);
}

static int write_text(struct plan *p, struct planned *item, const struct json *document,
                      const struct buf *before, struct catalog_answer *a, struct err *e)
{
	struct node *group = NULL;
	bool comments_lost = false;
	struct buf text;

	buf_init(&text, READ_MAX_BYTES);
	int rc = definition_node(&p->arena, document, "connection", item->path, &group, e);
	if (rc == 0)
		rc = definition_write(group, before ? buf_str(before) : NULL,
		                      before ? before->len_bytes : 0, &text, &comments_lost);
	if (rc == 0 && comments_lost && !item->edit->drops_comments)
		rc = answer_code(
			a, e, ERR_CONFLICT, "comments_lost", NULL,
			"%s holds comments that would be lost; edit the file by hand, or say "
			"that they may go",
			item->path_before);
	if (rc == 0) {
		item->text = arena_dup(&p->arena, buf_str(&text), text.len_bytes);
		item->text_bytes = text.len_bytes;
		rc = item->text ? 0 : ERR_NO_MEMORY;
	}
	buf_finish(&text);
	return rc == ERR_NO_MEMORY ? err_no_memory(e) : rc;
}

static int take_held(struct planned *item, struct held *held, struct err *e)
{
	int rc = entry_create(held, &held->conf.connections[0], &item->after);

	held_release(held);
	if (rc < 0)
		return err_no_memory(e);
	entry_set_uid(item->after, item->before ? item->before->uid : item->uid);
	return 0;
}

/* Whether only `enabled` differs, and the text says that in one place: then the rest of the file, with its
 * comments, stays as it is. */
static int flip(struct plan *p, struct planned *item, const struct buf *before, bool *ret_done)
{
	char revision[REVISION_BYTES];
	struct catalog_answer ignored;
	struct held *held = NULL;
	struct buf text;

	*ret_done = false;
	if (!item->edit->sets_enabled || item->edit->definition || is_renaming(item))
		return 0;
	buf_init(&text, READ_MAX_BYTES);
	if (!definition_flip(buf_str(before), item->edit->enabled, &text)) {
		buf_finish(&text);
		return 0;
	}
	catalog_answer_init(&ignored);
	int rc = read_back(p, item, buf_str(&text), text.len_bytes, &held, &ignored, NULL);
	catalog_answer_finish(&ignored);
	if (rc == 0)
		rc = definition_revision(held->conf.connections[0].root, revision);
	if (rc == 0 && held->conf.connections[0].enabled == item->edit->enabled &&
	    strcmp(revision, item->before->face.revision) == 0) {
		item->text = arena_dup(&p->arena, buf_str(&text), text.len_bytes);
		item->text_bytes = text.len_bytes;
		*ret_done = item->text != NULL;
	}
	held_release(held);
	buf_finish(&text);
	return rc == ERR_NO_MEMORY ? rc : 0;
}

static int compose(struct plan *p, struct planned *item, const struct buf *before,
                   struct catalog_answer *a, struct err *e)
{
	struct catalog *c = p->catalog;
	struct json *document = wanted(item);
	struct held *held = NULL;
	bool flipped = false;

	if (!document)
		return err_no_memory(e);
	int rc = item->before ? flip(p, item, before, &flipped) : 0;
	if (rc == 0 && !flipped && item->before) {
		struct json *present = definition_json(item->before->face.definition->root);
		rc = present ? literals_keep(c->plugins, present, document, e) : ERR_NO_MEMORY;
		json_free(present);
	}
	if (rc == 0 && !flipped)
		rc = literals_lift(&c->fixed, c->plugins, item->name, document, &p->arena,
		                   &item->literals, &item->literal_count, e);
	if (rc == 0 && !flipped)
		rc = write_text(p, item, document, item->before ? before : NULL, a, e);
	json_free(document);
	if (rc == ERR_NO_MEMORY)
		err_no_memory(e);
	if (rc == 0)
		rc = read_back(p, item, item->text, item->text_bytes, &held, a, e);
	if (rc == 0)
		rc = take_held(item, held, e);
	if (rc == 0 && planned_renames(item))
		rc = catalog_check_alerts(c, item->before, item->after->face.definition, a, e);
	return rc < 0 ? rc : catalog_check_deployable(c, &item->after->face, true, a, e);
}

/*
 * Edits
 */

static const char *action_of(const struct planned *item)
{
	if (!item->before)
		return "create";
	if (strcmp(item->project, item->before->face.project) != 0)
		return "move";
	if (strcmp(item->name, item->before->face.name) != 0)
		return "rename";
	if (strcmp(item->before->face.revision, item->after->face.revision) != 0)
		return "update";
	if (item->before->face.enabled != item->after->face.enabled)
		return item->after->face.enabled ? "enable" : "disable";
	return "none";
}

static int plan_save(struct plan *p, struct planned *item, struct catalog_answer *a, struct err *e)
{
	bool is_new = item->edit->verb == CATALOG_CREATE;
	struct buf before;

	buf_init(&before, READ_MAX_BYTES);
	int rc = is_new ? 0 : find_before(p, item, &before, a, e);
	if (is_new)
		uid_make(item->uid);
	if (rc == 0)
		rc = take_names(p, item, a, e);
	if (rc == 0)
		rc = compose(p, item, &before, a, e);
	if (rc == 0)
		item->action = action_of(item);
	buf_wipe(&before);
	buf_finish(&before);
	return rc;
}

static int plan_delete(struct plan *p, struct planned *item, struct catalog_answer *a,
                       struct err *e)
{
	struct buf before;

	buf_init(&before, READ_MAX_BYTES);
	int rc = find_before(p, item, &before, a, e);
	buf_wipe(&before);
	buf_finish(&before);
	if (rc < 0)
		return rc;
	item->project = item->before->face.project;
	item->name = item->before->face.name;
	item->action = "delete";
	return item->edit->forced ? 0 : catalog_check_unused(p->catalog, item->before, a, e);
}

/* Which of those that get another name cannot: it belongs to a connection whose file is gone. */
struct naming {
	struct plan *plan;
	const struct planned *taken;
};

static void compare_identity(void *arg, const struct store_identity *identity)
{
	struct naming *n = arg;

	for (size_t i = 0; i < n->plan->count; i++) {
		const struct planned *item = &n->plan->items[i];
		if (planned_renames(item) && name_compare(item->name, identity->name) == 0 &&
		    name_compare(item->project, identity->project) == 0 &&
		    strcmp(item->before->uid, identity->uid) != 0)
			n->taken = item;
	}
}

static int check_identities(struct plan *p, struct catalog_answer *a, struct err *e)
{
	struct naming n = {.plan = p};
	bool any = false;

	for (size_t i = 0; i < p->count; i++)
		any = any || planned_renames(&p->items[i]);
	int rc = any ? store_identities(p->catalog->store, compare_identity, &n, e) : 0;
	if (rc < 0 || !n.taken)
		return rc;
	return answer_code(
		a, e, ERR_CONFLICT, "name_taken", NULL,
		"the name \"%s\" belongs to a connection whose file is gone; create that "
		"one again and delete it first",
		n.taken->name);
}

int plan_edits(struct plan *p, const struct catalog_edit *edits, size_t count,
               struct catalog_answer *a, struct err *e)
{
	int rc = 0;

	p->items = arena_array(&p->arena, count + 1, sizeof(*p->items));
	if (!p->items)
		return err_no_memory(e);
	for (size_t i = 0; i < count && rc == 0; i++) {
		struct planned *item = &p->items[i];
		item->edit = &edits[i];
		p->count = i + 1;
		a->at = i;
		rc = edits[i].verb == CATALOG_DELETE ? plan_delete(p, item, a, e)
		                                     : plan_save(p, item, a, e);
		if (rc < 0 && count > 1)
			err_prefix(e, "%s", edits[i].name);
	}
	if (rc == 0)
		rc = check_identities(p, a, e);
	return rc;
}

void plan_finish(struct plan *p)
{
	for (size_t i = 0; i < p->count; i++) {
		actives_renamed_finish(&p->items[i].actives);
		catalog_release(p->items[i].after ? &p->items[i].after->face : NULL);
		catalog_release(p->items[i].before ? &p->items[i].before->face : NULL);
	}
	arena_wipe(&p->arena);
}
