/* Applying: what is the same is left alone, the rest is one change of the catalogue. */
#include "admin/apply.h"

#include <stdio.h>
#include <string.h>

#include "admin/admin_impl.h"
#include "admin/catalogue.h"
#include "base/banned.h"
#include "base/err.h"
#include "conf/conf.h"
#include "conf/name.h"
#include "core/catalog.h"
#include "json/json.h"

/* The edits, and of which item each is: those behind the items delete. */
struct edits {
	struct apply *apply;
	struct catalogue_word said;
	struct catalog_edit *list;
	size_t count;
	const struct catalog_entry *
		*entries; /* all that is saved; what is deleted borrows from it */
	size_t entry_count;
	size_t *places; /* in the answer, of each edit that is carried out */
};

static bool same(const char *a, const char *b)
{
	return name_compare(a, b) == 0;
}

/*
 * Edits
 */

static void add_item(struct edits *d, const struct apply_item *item)
{
	const struct catalog_entry *present =
		catalog_find_exactly(d->apply->catalog, item->project, item->name);

	d->list[d->count++] = (struct catalog_edit){
		.verb = present ? CATALOG_REPLACE : CATALOG_CREATE,
		.project = item->project,
		.name = item->name,
		.definition = item->definition,
		.drops_comments = true,
	};
	catalog_release(present);
}

static bool is_named(const struct apply *a, const struct catalog_entry *entry)
{
	for (size_t i = 0; i < a->item_count; i++)
		if (same(a->items[i].name, entry->name) &&
		    same(a->items[i].project, entry->project))
			return true;
	return false;
}

static bool is_pruned(const struct apply *a, const char *project)
{
	for (size_t i = 0; i < json_count(a->projects); i++)
		if (same(json_as_string(json_at(a->projects, i)), project))
			return true;
	for (size_t i = 0; !a->projects && i < a->item_count; i++)
		if (same(a->items[i].project, project))
			return true;
	return false;
}

static bool is_deleted(const struct edits *d, const char *project, const char *name)
{
	for (size_t i = d->apply->item_count; i < d->count; i++)
		if (same(d->list[i].project, project) && same(d->list[i].name, name))
			return true;
	return false;
}

/* Users that go as well do not stand in the way. */
static int check_users(struct edits *d, struct err *e)
{
	for (size_t i = d->apply->item_count; i < d->count; i++) {
		const struct catalog_entry *entry = catalog_find_exactly(
			d->apply->catalog, d->list[i].project, d->list[i].name);
		struct json *users =
			entry ? catalog_users(d->apply->catalog, entry) : json_object();
		const struct json *items = json_get(users, "items");
		bool all = json_count(items) > 0;
		catalog_release(entry);
		if (!users)
			return err_no_memory(e);
		for (size_t k = 0; k < json_count(items) && all; k++)
			all = is_deleted(d, json_as_string(json_get(json_at(items, k), "project")),
			                 json_as_string(json_get(json_at(items, k), "name")));
		d->list[i].forced = all;
		json_free(users);
	}
	return 0;
}

static int gather(struct edits *d, struct err *e)
{
	struct apply *a = d->apply;

	if (catalog_list(a->catalog, &d->entries, &d->entry_count) < 0)
		return err_no_memory(e);
	size_t most = a->item_count + d->entry_count + 1;
	d->list = arena_array(&a->arena, most, sizeof(*d->list));
	d->places = arena_array(&a->arena, most, sizeof(*d->places));
	if (!d->list || !d->places)
		return err_no_memory(e);
	for (size_t i = 0; i < a->item_count; i++)
		add_item(d, &a->items[i]);
	for (size_t i = 0; a->prunes && i < d->entry_count; i++)
		if (is_pruned(a, d->entries[i]->project) && !is_named(a, d->entries[i]))
			d->list[d->count++] =
				(struct catalog_edit){.verb = CATALOG_DELETE,
			                              .project = d->entries[i]->project,
			                              .name = d->entries[i]->name};
	return check_users(d, e);
}

/*
 * Faults
 */

/* Those of one edit, as faults of its item. */
static void place_faults(struct report *r, size_t first, size_t item)
{
	for (size_t i = first; i < r->count; i++) {
		const char *path = catalogue_path(r->faults[i].path);
		const char *placed = arena_printf(&r->arena, "items[%zu].definition%s%s", item,
		                                  path[0] ? "." : "", path);
		if (placed)
			r->faults[i].path = placed;
	}
}

/* The faults of the other definitions as well: then all can be mended at once. */
static void add_faults(const struct edits *d, size_t from, struct catalog_answer *answer)
{
	const struct catalog_word trying = {.actor = d->said.actor, .dry_run = true};

	for (size_t i = from; i < d->apply->item_count; i++) {
		struct catalog_answer other;
		struct err ignored = {0};
		catalog_answer_init(&other);
		catalog_apply(d->apply->catalog, &d->list[i], 1, NULL, 0, &trying, &other,
		              &ignored);
		size_t first = answer->report.count;
		for (size_t k = 0; k < other.report.count; k++) {
			const struct fault *f = &other.report.faults[k];
			report_add_at(&answer->report, f->severity, f->file, f->line, f->path,
			              f->code, "%s", f->text);
		}
		place_faults(&answer->report, first, i);
		catalog_answer_finish(&other);
	}
}

/* Everything, as if comments did not matter: what is the same has none to lose. */
static int plan(struct edits *d, struct catalog_answer *answer, struct err *e)
{
	const struct catalog_word trying = {.actor = d->said.actor, .dry_run = true};

	int rc = catalog_apply(d->apply->catalog, d->list, d->count, NULL, 0, &trying, answer, e);
	if (rc < 0 && answer->at < d->apply->item_count) {
		place_faults(&answer->report, 0, answer->at);
		if (answer->report.errors > 0)
			add_faults(d, answer->at + 1, answer);
	}
	return rc;
}

/*
 * Saving
 */

/* A list of items with some of them replaced. */
static struct json *put_together(const struct edits *d, const struct json *planned,
                                 const struct json *done, size_t done_count)
{
	struct json *list = json_array();
	size_t at = 0;

	for (size_t i = 0; i < d->count; i++) {
		bool is_done = at < done_count && d->places[at] == i;
		json_push(list, json_copy(is_done ? json_at(done, at++) : json_at(planned, i)));
	}
	return list;
}

static int carry_out(struct edits *d, const struct json *planned, struct json **ret,
                     struct catalog_answer *answer, struct err *e)
{
	struct apply *a = d->apply;
	struct catalog_edit *changing =
		arena_array(&a->arena, d->count + 1, sizeof(struct catalog_edit));
	size_t count = 0;
	int rc = 0;

	if (!changing)
		return err_no_memory(e);
	for (size_t i = 0; i < d->count; i++) {
		const char *action = json_as_string(json_get(json_at(planned, i), "action"));
		if (action && strcmp(action, "none") == 0)
			continue;
		d->places[count] = i;
		changing[count] = d->list[i];
		changing[count++].drops_comments = a->drops_comments;
	}
	if (count > 0)
		rc = catalog_apply(a->catalog, changing, count, NULL, 0, &d->said.word, answer, e);
	if (rc < 0)
		return rc;
	*ret = put_together(d, planned, json_get(answer->result, "items"), count);
	return *ret ? 0 : err_no_memory(e);
}

/*
 * Deploying
 */

struct launching {
	struct edits *edits;
	const struct apply_item *item;
	struct json *object; /* of the answer */
	bool changes;        /* it is being saved */
};

static bool is_in(const struct json *list, const char *environment)
{
	for (size_t i = 0; i < json_count(list); i++)
		if (strcmp(json_as_string(json_get(json_at(list, i), "environment")),
		           environment) == 0)
			return true;
	return false;
}

static void note(struct launching *l, const char *list, struct json *object)
{
	json_push((struct json *)(uintptr_t)json_get(l->object, list), object);
}

/* In a list of names. */
static bool is_listed(const struct json *names, const char *name)
{
	for (size_t i = 0; i < json_count(names); i++)
		if (strcmp(json_as_string(json_at(names, i)), name) == 0)
			return true;
	return false;
}

static void launch(struct launching *l, const char *environment, bool by_itself)
{
	const struct apply *a = l->edits->apply;
	const struct catalog_word *word = &l->edits->said.word;
	const struct deploy_call call = {
		.project = l->item->project,
		.name = l->item->name,
		.environment = environment,
		.confirm = by_itself || is_listed(a->confirmed, environment) ? environment : NULL,
		.note = a->note,
		.confirms_secrets = a->confirms_secrets,
	};
	struct json *object = json_object();
	struct catalog_answer answer;
	struct err e = {0};

	catalog_answer_init(&answer);
	int rc = a->dry_run && l->changes ? catalog_foresee(a->catalog, &call, l->item->definition,
	                                                    word, &answer, &e)
	                                  : catalog_deploy(a->catalog, &call, word, &answer, &e);
	json_set(object, "environment", json_string(environment));
	if (rc < 0) {
		json_set(object, "code", json_string(answer.code ? answer.code : err_name(rc)));
		json_set(object, "reason", json_string(e.text));
		note(l, "held", object);
	} else if (json_as_bool(json_get(answer.result, "changed"))) {
		const struct json *number = json_get(answer.result, "number");
		json_set(object, "number", a->dry_run ? json_null() : json_copy(number));
		note(l, "deployed", object);
	} else {
		json_free(object);
	}
	catalog_answer_finish(&answer);
}

static bool is_wished(const struct apply *a, const struct conf_environment *environment)
{
	if (!a->deploys)
		return false;
	if (!a->environments)
		return !environment->is_protected;
	return is_listed(a->environments, environment->name);
}

/* Where a connection is deployed by this change; found first, for the catalogue is not to be asked while it
 * shows what it has. */
struct targets {
	const struct launching *launching;
	struct target {
		char name[68];
		bool by_itself; /* as the plan of a change would have it, without anybody's word */
	} items[64];
	size_t count;
};

static void find_targets(void *arg, const struct conf *conf)
{
	struct targets *t = arg;
	const struct launching *l = t->launching;
	const struct apply *a = l->edits->apply;
	const struct json *parts = json_get(l->item->definition, "environments");
	const char *const *served = conf->host.environments;

	for (size_t i = 0; served[i] && t->count < sizeof(t->items) / sizeof(t->items[0]); i++) {
		const struct conf_environment *one = conf_environment(conf, served[i]);
		if (!one || !json_get(parts, served[i]))
			continue;
		bool by_itself = a->dry_run && l->changes && one->auto_deploy;
		if (!by_itself && !is_wished(a, one))
			continue;
		struct target *target = &t->items[t->count++];
		snprintf(target->name, sizeof(target->name), "%s", served[i]);
		target->by_itself = by_itself;
	}
}

static void deploy_item(struct launching *l)
{
	struct targets targets = {.launching = l};

	catalog_with_conf(l->edits->apply->catalog, find_targets, &targets);
	for (size_t i = 0; i < targets.count; i++) {
		const struct target *target = &targets.items[i];
		if (!is_in(json_get(l->object, "deployed"), target->name) &&
		    !is_in(json_get(l->object, "held"), target->name))
			launch(l, target->name, target->by_itself);
	}
}

static void deploy(struct edits *d, const struct json *items)
{
	for (size_t i = 0; i < d->apply->item_count; i++) {
		struct json *object = (struct json *)(uintptr_t)json_at(items, i);
		const char *action = json_as_string(json_get(object, "action"));
		struct launching l = {
			.edits = d,
			.item = &d->apply->items[i],
			.object = object,
			.changes = action && strcmp(action, "none") != 0,
		};
		deploy_item(&l);
	}
}

/*
 * All of it
 */

static void release(struct edits *d)
{
	for (size_t i = 0; i < d->entry_count; i++)
		catalog_release(d->entries[i]);
	mem_free(d->entries);
}

int apply_run(struct apply *a, struct json **ret, struct catalog_answer *answer, struct err *e)
{
	struct edits d = {.apply = a};
	struct json *planned = NULL, *items = NULL;

	catalogue_word(a->call, a->dry_run, &d.said);
	d.said.word.action = "connection.apply";
	int rc = gather(&d, e);
	if (rc == 0)
		rc = plan(&d, answer, e);
	if (rc == 0) {
		planned = answer->result;
		answer->result = NULL;
		rc = carry_out(&d, json_get(planned, "items"), &items, answer, e);
	}
	if (rc == 0 && !a->dry_run && a->prunes)
		names_renew(&a->call->admin->names);
	if (rc == 0) {
		deploy(&d, items);
		*ret = json_object();
		json_set(*ret, "items", items);
	}
	json_free(planned);
	release(&d);
	return rc;
}
