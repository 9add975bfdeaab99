/* Carrying a change out: the store first, then the files, then what is in memory and what runs. */
#include <stdio.h>
#include <string.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "core/catalog_plan.h"
#include "core/difference.h"
#include "core/host.h"
#include "core/journal.h"
#include "core/literal.h"
#include "json/json.h"

enum { DROP_PORTION = 500, FILE_MODE = 0640 };

/* The parts of one store_change. */
struct commit {
	struct catalog *catalog;
	struct plan *plan;
	const struct catalog_word *word;
	struct store_file *files;
	size_t file_count;
	struct store_naming *names;
	size_t name_count;
	struct files_placed placed;
	bool may_have_happened; /* the store took it, or cannot say */
};

/*
 * Files
 */

static size_t count_files(const struct plan *p)
{
	size_t count = 0;

	for (size_t i = 0; i < p->count; i++)
		count += 2 + p->items[i].literal_count;
	return count;
}

static void add_file(struct commit *c, struct store_file file)
{
	c->files[c->file_count++] = file;
}

/* What a definition refers to goes before it; what is removed goes last. */
static void gather_files(struct commit *c)
{
	const struct plan *p = c->plan;

	for (size_t i = 0; i < p->count; i++)
		for (size_t k = 0; k < p->items[i].literal_count; k++)
			add_file(c, *p->items[i].literals[k].file);
	for (size_t i = 0; i < p->count; i++) {
		const struct planned *item = &p->items[i];
		bool same_path = item->path_before && item->path &&
		                 strcmp(item->path, item->path_before) == 0;
		if (!item->text || strcmp(item->action, "none") == 0)
			continue;
		add_file(c, (struct store_file){.path = item->path,
		                                .before = same_path ? item->digest_before : NULL,
		                                .bytes = item->text,
		                                .size_bytes = item->text_bytes,
		                                .mode = FILE_MODE});
	}
	for (size_t i = 0; i < p->count; i++) {
		const struct planned *item = &p->items[i];
		if (!item->path_before ||
		    (item->path && strcmp(item->path, item->path_before) == 0))
			continue;
		add_file(c, (struct store_file){.path = item->path_before,
		                                .before = item->digest_before});
	}
}

/* A connection whose file was removed by hand may still have an identity by this name: the new one begins
 * anew. */
static void end_earlier(struct commit *c, const struct planned *item)
{
	c->names[c->name_count++] = (struct store_naming){
		.from_project = item->project,
		.from_name = item->name,
	};
}

static void gather_names(struct commit *c)
{
	for (size_t i = 0; i < c->plan->count; i++) {
		const struct planned *item = &c->plan->items[i];
		const struct catalog_entry *before = item->before ? &item->before->face : NULL;
		if (before && item->after && !planned_renames(item))
			continue;
		if (!before)
			end_earlier(c, item);
		c->names[c->name_count++] = (struct store_naming){
			.from_project = before ? before->project : NULL,
			.from_name = before ? before->name : NULL,
			.to_project = item->after ? item->project : NULL,
			.to_name = item->after ? item->name : NULL,
			.uid = before ? NULL : item->uid,
		};
	}
}

/* What cannot be written is better found out before the journal has it. */
static int check_files(const struct commit *c, struct err *e)
{
	int rc = 0;

	for (size_t i = 0; i < c->file_count && rc == 0; i++)
		rc = file_may_write(c->files[i].path, e);
	if (rc < 0)
		err_prefix(e,
		           "this host may not write its definitions; change the file by hand and "
		           "reload, or give the host's user the right to write there");
	return rc;
}

/*
 * The audit row
 */

static struct json *revision_json(const struct entry *entry)
{
	return entry ? json_string(entry->face.revision) : json_null();
}

static struct json *record_item(const struct planned *item)
{
	struct json *object = json_object(), *sealed = json_array();

	json_set(object, "project", json_string(item->project));
	json_set(object, "name", json_string(item->name));
	json_set(object, "action", json_string(item->action));
	if (planned_renames(item)) {
		json_set(object, "from_project", json_string(item->before->face.project));
		json_set(object, "from_name", json_string(item->before->face.name));
	}
	json_set(object, "before", revision_json(item->before));
	json_set(object, "after", revision_json(item->after));
	for (size_t i = 0; i < item->literal_count; i++)
		json_push(sealed, json_string(item->literals[i].reference));
	json_set(object, "sealed", sealed);
	return object;
}

static int write_record(const struct commit *c, struct record *r)
{
	const struct plan *p = c->plan;
	struct json *detail = json_object(), *items = json_array();
	char action[32], subject[120];

	for (size_t i = 0; i < p->count; i++)
		json_push(items, record_item(&p->items[i]));
	json_set(detail, "items", items);
	snprintf(action, sizeof(action), "connection.%s", p->count ? p->items[0].action : "files");
	if (p->count == 1)
		snprintf(subject, sizeof(subject), "%s", p->items[0].name);
	else
		snprintf(subject, sizeof(subject), "%zu connections", p->count);
	const char *kept_action =
		c->word->action ? c->word->action : arena_strdup(&c->plan->arena, action);
	const char *kept_subject = arena_strdup(&c->plan->arena, subject);
	if (!kept_action || !kept_subject) {
		json_free(detail);
		*r = (struct record){0};
		return ERR_NO_MEMORY;
	}
	return record_init(r, c->catalog, c->word, kept_action,
	                   p->count == 1 ? p->items[0].project : NULL, kept_subject, detail);
}

/*
 * What runs: it goes ahead, so that a change whose links cannot be had is refused before it has happened
 */

static bool enabled_changed(const struct planned *item)
{
	return item->before && item->after &&
	       item->before->face.enabled != item->after->face.enabled;
}

static bool changes_links(const struct planned *item)
{
	return !item->before || !item->after || planned_renames(item) || enabled_changed(item);
}

/* What runs by this name ends: of one that is deleted, or of one whose file was removed by hand and whose name
 * a new one gets. */
static void close_links(struct catalog *c, const struct planned *item)
{
	size_t first, count = actives_of(c, item->project, item->name, &first);

	/* What was sent is known then, and what waits is on the disk. */
	for (size_t i = 0; i < count; i++)
		host_close(c->host, item->project, item->name,
		           c->actives[first + i]->place.environment, NULL);
}

static void log_not_run(const struct store_place *place, const struct err *e)
{
	log_event(LOG_LEVEL_ERROR, "a deployment does not run", "connection", place->connection,
	          "environment", place->environment, "problem", e->text, NULL);
}

/* One active deployment as the item will have it.  One that cannot be opened is no reason to keep the change
 * back, but then it does not go on as it did. */
static int run_as(struct catalog *c, const struct planned *item, const struct active *active,
                  struct err *e)
{
	const struct store_place place = {item->project, item->name, active->place.environment};
	struct err why = {0};

	if (!catalog_serves(c, place.environment))
		return 0;
	int rc = deploy_as(c, active, &place, active->enabled && item->after->face.enabled, &why);
	if (rc == ERR_NO_MEMORY)
		return err_no_memory(e);
	if (rc < 0) {
		log_not_run(&place, &why);
		host_close(c->host, place.project, place.connection, place.environment, NULL);
	}
	return 0;
}

static int go_ahead_one(struct catalog *c, const struct planned *item, struct err *e)
{
	const struct catalog_entry *before = item->before ? &item->before->face : NULL;
	int rc = 0;

	if (!changes_links(item))
		return 0;
	if (!before || !item->after) {
		close_links(c, item);
		return 0;
	}
	if (planned_renames(item))
		rc = host_rename(c->host, before->project, before->name, item->project, item->name,
		                 e);
	size_t first, count = actives_of(c, before->project, before->name, &first);
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = run_as(c, item, c->actives[first + i], e);
	return rc;
}

/* The active deployments of a connection run, as they did. */
static void run_again(struct catalog *c, const char *project, const char *name)
{
	size_t first, count = actives_of(c, project, name, &first);

	for (size_t i = 0; i < count; i++) {
		const struct active *active = c->actives[first + i];
		struct err e = {0};
		if (catalog_serves(c, active->place.environment) && deploy_again(c, active, &e) < 0)
			log_not_run(&active->place, &e);
	}
}

/* After a change that did not happen. */
static void go_back(struct catalog *c, const struct plan *p, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct planned *item = &p->items[i];
		const struct catalog_entry *before = item->before ? &item->before->face : NULL;
		struct err e = {0};
		if (!changes_links(item))
			continue;
		if (planned_renames(item) && host_rename(c->host, item->project, item->name,
		                                         before->project, before->name, &e) < 0)
			log_event(LOG_LEVEL_ERROR,
			          "links keep a name that was not given until a restart",
			          "connection", before->name, "problem", e.text, NULL);
		else
			run_again(c, before ? before->project : item->project,
			          before ? before->name : item->name);
	}
}

static int go_ahead(struct catalog *c, const struct plan *p, struct err *e)
{
	for (size_t i = 0; i < p->count; i++) {
		int rc = go_ahead_one(c, &p->items[i], e);
		if (rc < 0) {
			go_back(c, p, i + 1);
			return rc;
		}
	}
	return 0;
}

void catalog_drop_deleted(struct catalog *c)
{
	struct store_drop op;

	do {
		op = (struct store_drop){.op.kind = STORE_DROP,
		                         .now_ms = store_now_ms(c->store),
		                         .most = DROP_PORTION};
		if (store_post_wait(c->store, &op.op) < 0)
			return; /* the next start, or the next deletion, goes on */
	} while (op.count >= DROP_PORTION);
}

/*
 * In memory
 */

/* Whatever needs memory, before the store has the change. */
static int prepare(struct catalog *c, struct plan *p, struct err *e)
{
	int rc = entries_reserve(c, p->count);

	for (size_t i = 0; i < p->count && rc == 0; i++) {
		struct planned *item = &p->items[i];
		const struct catalog_entry *before = item->before ? &item->before->face : NULL;
		if (!planned_renames(item))
			continue;
		const struct store_naming naming = {
			.from_project = before->project,
			.from_name = before->name,
			.to_project = item->project,
			.to_name = item->name,
		};
		rc = actives_copy_renamed(c, &naming, &item->actives);
	}
	return rc < 0 ? err_no_memory(e) : 0;
}

static void adopt_one(struct catalog *c, struct planned *item)
{
	if (strcmp(item->action, "none") == 0)
		return;
	if (!item->before)
		actives_rename(c, item->project, item->name, &item->actives);
	if (item->before && (!item->after || planned_renames(item))) {
		const struct catalog_entry *before = &item->before->face;
		actives_rename(c, before->project, before->name, &item->actives);
		entries_take_out(c, before->project, before->name);
	}
	if (!item->after)
		return;
	entry_keep(item->after);
	entries_put(c, item->after);
}

static void adopt(struct catalog *c, struct plan *p)
{
	pthread_rwlock_wrlock(&c->lock);
	for (size_t i = 0; i < p->count; i++)
		adopt_one(c, &p->items[i]);
	pthread_rwlock_unlock(&c->lock);
}

/* Those of the deleted, and those whose names new ones got. */
static void forget_gone(struct catalog *c, const struct plan *p)
{
	bool any = false;

	for (size_t i = 0; i < p->count; i++) {
		if (p->items[i].before && p->items[i].after)
			continue;
		host_forget(c->host, p->items[i].project, p->items[i].name);
		any = true;
	}
	if (any)
		catalog_drop_deleted(c);
}

/*
 * All of it
 */

static int write_files(struct commit *c, uint64_t journal, struct err *e)
{
	struct store_journal_done done = {.op.kind = STORE_JOURNAL_DONE, .journal = journal};

	if (c->file_count == 0)
		return 0;
	int rc = journal_write(c->files, c->file_count, e);
	if (rc < 0) {
		err_prefix(e, "the change is kept and will be finished at the next start, but a "
		              "file cannot be written now");
		return rc;
	}
	rc = store_post_wait(c->catalog->store, &done.op);
	if (rc < 0)
		log_event(LOG_LEVEL_WARNING, "the journal keeps a change that is done", NULL);
	return 0;
}

static int commit(struct commit *c, struct err *e)
{
	struct catalog *catalog = c->catalog;
	struct plan *p = c->plan;
	struct record record;

	c->files = arena_array(&p->arena, count_files(p) + 1, sizeof(*c->files));
	c->names = arena_array(&p->arena, 2 * p->count + 1, sizeof(*c->names));
	if (!c->files || !c->names || write_record(c, &record) < 0)
		return err_no_memory(e);
	gather_files(c);
	gather_names(c);
	struct store_change op = {
		.op = {.kind = STORE_CHANGE, .audit = &record.audit},
		.files = c->files,
		.file_count = c->file_count,
		.ends_journal = c->placed.journal,
		.names = c->names,
		.name_count = c->name_count,
	};
	int rc = check_files(c, e);
	if (rc == 0)
		rc = prepare(catalog, p, e);
	if (rc == 0 && catalog->host)
		rc = go_ahead(catalog, p, e);
	if (rc < 0) {
		record_finish(&record);
		return rc;
	}
	rc = store_post_wait(catalog->store, &op.op);
	c->may_have_happened = rc == 0 || rc == ERR_IO;
	record_finish(&record);
	if (rc < 0) {
		if (catalog->host)
			go_back(catalog, p, p->count);
		return err_set(e, rc, "the store cannot take the change%s",
		               rc == ERR_BUSY ? ": there is no room on the disk" : "");
	}
	rc = write_files(c, op.journal, e);
	/* It has happened, whatever became of the files: the journal makes them so. */
	adopt(catalog, p);
	if (catalog->host)
		forget_gone(catalog, p);
	return rc;
}

static bool changes_anything(const struct commit *c)
{
	for (size_t i = 0; i < c->plan->count; i++)
		if (strcmp(c->plan->items[i].action, "none") != 0)
			return true;
	return c->placed.count > 0;
}

/* In the words of a definition; literal secrets are left out. */
static struct json *shown_json(const struct catalog *c, const struct entry *entry)
{
	struct json *definition = entry ? definition_json(entry->face.definition->root) : NULL;
	struct json *shown = definition ? definition_shown(c->plugins, definition, NULL) : NULL;

	json_free(definition);
	return shown;
}

static struct json *changes_json(const struct catalog *c, const struct planned *item)
{
	struct json *list = json_array();
	struct json *before, *after;

	if (strcmp(item->action, "none") == 0)
		return list;
	before = shown_json(c, item->before);
	after = shown_json(c, item->after);
	int rc = (item->before && !before) || (item->after && !after)
	                 ? ERR_NO_MEMORY
	                 : difference_add(list, "", before, after);
	json_free(before);
	json_free(after);
	if (rc == 0)
		return list;
	json_free(list);
	return NULL;
}

/* What came of each, and of auto_deploy. */
static int tell(struct catalog *c, const struct plan *p, const struct catalog_word *word,
                struct catalog_answer *a)
{
	struct deploying how = {.word = word, .note = "saved"};
	struct json *items = json_array();

	for (size_t i = 0; i < p->count; i++) {
		const struct planned *item = &p->items[i];
		struct json *object = json_object(), *secrets = json_array();
		json_set(object, "project", json_string(item->project));
		json_set(object, "name", json_string(item->name));
		json_set(object, "action", json_string(item->action));
		json_set(object, "revision", revision_json(item->after));
		for (size_t k = 0; k < item->literal_count; k++)
			json_push(secrets, json_string(item->literals[k].reference));
		json_set(object, "secrets", secrets);
		json_set(object, "changes", changes_json(c, item));
		json_set(object, "deployed", json_array());
		json_set(object, "held", json_array());
		if (item->after && c->host && !word->dry_run && strcmp(item->action, "none") != 0) {
			deploy_end_gone(c, item->after, word);
			deploy_by_itself(c, item->after, &how, object);
		}
		json_push(items, object);
	}
	a->result = json_object();
	return json_set(a->result, "items", items);
}

int catalog_apply(struct catalog *c, const struct catalog_edit *edits, size_t edit_count,
                  const struct catalog_file *files, size_t file_count,
                  const struct catalog_word *word, struct catalog_answer *a, struct err *e)
{
	struct plan plan;

	pthread_mutex_lock(&c->changing);
	struct commit change = {.catalog = c, .plan = &plan, .word = word};
	int rc = journal_finish(c->store, e);
	plan = (struct plan){.catalog = c};
	arena_init(&plan.arena);
	if (rc == 0 && !word->dry_run)
		rc = files_place(c, &plan.arena, files, file_count, &change.placed, e);
	if (rc == 0)
		rc = plan_edits(&plan, edits, edit_count, a, e);
	if (rc == 0 && !word->dry_run && changes_anything(&change))
		rc = commit(&change, e);
	if (rc < 0 && !change.may_have_happened)
		files_take_back(c, &change.placed);
	if (rc == 0 && tell(c, &plan, word, a) < 0)
		rc = err_no_memory(e);
	plan_finish(&plan);
	pthread_mutex_unlock(&c->changing);
	return rc;
}
