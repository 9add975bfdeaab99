/* The start, the reload and the end of a catalogue. */
#include <stdio.h>
#include <string.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "conf/name.h"
#include "core/catalog_check.h"
#include "core/catalog_impl.h"
#include "core/deployment.h"
#include "core/host.h"
#include "core/journal.h"
#include "core/snapshot.h"
#include "crypto/random.h"
#include "schema/node.h"

enum { NAMES_PORTION = 500 };

static const struct catalog_word itself = {.actor = "host"};

/*
 * Reading
 */

/* Whether it is another one than before.  With 10 000 connections nobody waits until each template is
 * compiled that has been already; at a start none is, and a new one is when it is deployed. */
static bool has_changed(const struct catalog *before, const struct catalog_entry *entry)
{
	const struct entry *was =
		before ? entries_find(before, entry->project, entry->name, NULL) : NULL;

	return before && !(was && strcmp(was->face.revision, entry->revision) == 0);
}

/* Every connection of the configuration as an entry, checked as far as a deployment would.  before: what is
 * in force; NULL: nothing yet. */
static int make_entries(struct catalog *c, const struct catalog *before, struct held *held,
                        struct report *report, struct err *e)
{
	struct catalog_answer a;
	int rc = entries_reserve(c, held->conf.connection_count);

	for (size_t i = 0; i < held->conf.connection_count && rc == 0; i++) {
		const struct conf_connection *definition = &held->conf.connections[i];
		struct entry *entry = NULL;
		if (definition->is_faulty)
			continue;
		rc = entry_create(held, definition, &entry);
		if (rc == 0)
			entries_put(c, entry);
	}
	if (rc < 0)
		return err_no_memory(e);
	catalog_answer_init(&a);
	report_finish(&a.report);
	a.report = *report;
	for (size_t i = 0; i < c->entry_count && rc != ERR_NO_MEMORY; i++)
		rc = catalog_check_deployable(c, &c->entries[i]->face,
		                              has_changed(before, &c->entries[i]->face), &a, e);
	*report = a.report;
	report_init(&a.report);
	catalog_answer_finish(&a);
	if (rc == ERR_NO_MEMORY)
		return rc;
	if (e)
		err_clear(e);
	return report_verdict(report, e);
}

static int read_all(struct catalog *c, const struct catalog *before, struct report *report,
                    struct err *e)
{
	struct held *held = held_create();
	int rc = held ? conf_load(&held->conf, c->file, report) : ERR_NO_MEMORY;

	if (rc == ERR_NO_MEMORY) {
		held_release(held);
		return err_no_memory(e);
	}
	if (!held->conf.host.file) {
		held_release(held);
		report_verdict(report, e);
		return err_set(e, ERR_NOT_FOUND, "no host can be read from %s", c->file);
	}
	c->base = held;
	return make_entries(c, before, held, report, e);
}

static void entries_finish(struct catalog *c)
{
	for (size_t i = 0; i < c->entry_count; i++)
		catalog_release(&c->entries[i]->face);
	mem_free(c->entries);
	held_release(c->base);
}

/*
 * Identities
 */

static void know(void *arg, const struct store_identity *identity)
{
	struct catalog *c = arg;
	struct entry *entry = entries_find(c, identity->project, identity->name, NULL);

	if (entry)
		entry_set_uid(entry, identity->uid);
}

/* Those that were written by hand, and are seen for the first time. */
static int name_new(struct catalog *c, struct err *e)
{
	struct store_naming *names = mem_array(NAMES_PORTION, sizeof(*names));
	size_t at = 0;
	int rc = 0;

	if (!names)
		return err_no_memory(e);
	while (at < c->entry_count && rc == 0) {
		size_t count = 0;
		for (; at < c->entry_count && count < NAMES_PORTION; at++) {
			struct entry *entry = c->entries[at];
			if (entry->uid[0])
				continue;
			uid_make(entry->uid);
			names[count++] = (struct store_naming){.to_project = entry->face.project,
			                                       .to_name = entry->face.name,
			                                       .uid = entry->uid};
		}
		struct store_change op = {
			.op.kind = STORE_CHANGE, .names = names, .name_count = count};
		if (count > 0)
			rc = store_post_wait(c->store, &op.op);
		/* Without room on the disk they get theirs at a later start. */
		for (size_t i = 0; rc == ERR_BUSY && i < count; i++)
			((char *)(uintptr_t)names[i].uid)[0] = '\0';
	}
	mem_free(names);
	if (rc == ERR_BUSY) {
		log_event(LOG_LEVEL_WARNING, "no room on the disk for the identity of connections",
		          NULL);
		return 0;
	}
	return rc < 0 ? err_set(e, rc, "the store cannot keep the identity of connections") : 0;
}

static int identify(struct catalog *c, struct err *e)
{
	int rc = store_identities(c->store, know, c, e);

	return rc < 0 ? rc : name_new(c, e);
}

/*
 * Opening
 */

/* What a reload does not change outlives every configuration. */
static void keep_fixed(struct catalog *c)
{
	c->start = held_keep(c->base);
	c->fixed = c->base->conf.host;
}

int catalog_open(const struct catalog_options *options, struct report *report, struct catalog **ret,
                 struct err *e)
{
	struct catalog *c = mem_zalloc(sizeof(*c));

	if (!c)
		return err_no_memory(e);
	pthread_mutex_init(&c->changing, NULL);
	pthread_rwlock_init(&c->lock, NULL);
	c->plugins = options->plugins;
	c->store = options->store;
	c->transforms = options->transforms;
	c->file = mem_strdup(options->file);
	int rc = c->file ? journal_finish(c->store, e) : err_no_memory(e);
	if (rc == 0)
		rc = read_all(c, NULL, report, e);
	if (rc == 0)
		rc = actives_load(c, e);
	if (rc == 0)
		rc = identify(c, e);
	if (rc < 0) {
		catalog_close(c);
		return rc;
	}
	keep_fixed(c);
	*ret = c;
	return 0;
}

void catalog_close(struct catalog *c)
{
	if (!c)
		return;
	entries_finish(c);
	actives_finish(c);
	held_release(c->start);
	mem_free(c->file);
	pthread_rwlock_destroy(&c->lock);
	pthread_mutex_destroy(&c->changing);
	mem_free(c);
}

/*
 * What runs
 */

/* Both stay what they are while they are walked through: the caller holds `changing`, and deploying only
 * puts others in their place. */
static void deploy_all(struct catalog *c, struct catalog_reload *done)
{
	struct deploying how = {.word = &itself, .note = "auto_deploy", .by_file = true};

	for (size_t i = 0; i < c->entry_count; i++)
		deploy_by_itself(c, c->entries[i], &how, NULL);
	done->opened += how.opened;
	done->changed += how.changed;
}

/* One that does not run is no reason to leave the others: the log says so, and the status. */
static bool open_active(struct catalog *c, const struct active *active)
{
	struct err e = {0};

	if (!catalog_serves(c, active->place.environment))
		return false;
	if (deploy_again(c, active, &e) == 0)
		return true;
	log_event(LOG_LEVEL_ERROR, "a deployment does not run", "connection",
	          active->place.connection, "environment", active->place.environment, "problem",
	          e.text, NULL);
	return false;
}

int catalog_start(struct catalog *c, struct host *host, struct err *e)
{
	struct catalog_reload done = {0};

	(void)e;
	c->host = host;
	pthread_mutex_lock(&c->changing);
	catalog_drop_deleted(c);
	for (size_t i = 0; i < c->active_count; i++) {
		open_active(c, c->actives[i]);
	}
	deploy_all(c, &done);
	pthread_mutex_unlock(&c->changing);
	return 0;
}

/*
 * Reloading
 */

/* What runs, by its place. */
struct running {
	struct catalog *catalog;
	struct arena arena;
	struct running_one {
		struct store_place place;
		uint8_t fingerprint[HASH_BYTES];
	} * items;
	size_t count, cap;
	bool failed;
};

static void note_running(void *arg, const struct deployment *d)
{
	struct running *r = arg;

	if (r->failed || r->count == r->cap) {
		r->failed = true;
		return;
	}
	struct running_one *one = &r->items[r->count++];
	one->place = (struct store_place){arena_strdup(&r->arena, d->settings.project),
	                                  arena_strdup(&r->arena, d->settings.connection),
	                                  arena_strdup(&r->arena, d->settings.environment)};
	memcpy(one->fingerprint, d->fingerprint, sizeof(one->fingerprint));
	r->failed = !one->place.project || !one->place.connection || !one->place.environment;
}

static void count_running(void *arg, const struct deployment *d)
{
	(void)d;
	++*(size_t *)arg;
}

static int see_running(struct catalog *c, struct running *r)
{
	*r = (struct running){.catalog = c};
	arena_init(&r->arena);
	host_deployments(c->host, count_running, &r->cap);
	r->items = arena_array(&r->arena, r->cap + 1, sizeof(*r->items));
	if (!r->items)
		return ERR_NO_MEMORY;
	host_deployments(c->host, note_running, r);
	return r->failed ? ERR_NO_MEMORY : 0;
}

/* The same revision may be another deployment: a certificate was renewed, `enabled` was changed, the
 * environment is not served any more. */
static void refresh(struct catalog *c, const struct running_one *one, struct catalog_reload *done)
{
	struct active *active = actives_find(c, &one->place);
	struct deployment *fresh = NULL;
	struct err e = {0};
	char *text = NULL;

	if (!active) /* ended already */
		return;
	if (!catalog_serves(c, one->place.environment)) {
		done->closed += host_close(c->host, one->place.project, one->place.connection,
		                           one->place.environment, NULL) == 0;
		return;
	}
	int rc = deploy_text(c, &one->place, 0, &text, NULL, &e);
	if (rc == 0)
		rc = deploy_make(c, active, text, &fresh, &e);
	mem_free(text);
	if (rc == 0 &&
	    memcmp(fresh->fingerprint, one->fingerprint, sizeof(one->fingerprint)) == 0) {
		deployment_destroy(fresh);
		done->unchanged++;
		return;
	}
	if (rc == 0)
		rc = host_replace(c->host, fresh, &e);
	if (rc == 0)
		done->changed++;
	else
		log_event(LOG_LEVEL_ERROR, "a link was not changed", "problem", e.text, NULL);
}

static bool same_place(const struct store_place *a, const struct store_place *b)
{
	return name_compare(a->project, b->project) == 0 &&
	       name_compare(a->connection, b->connection) == 0 &&
	       strcmp(a->environment, b->environment) == 0;
}

/* Environments that are served from now on, and what was deployed there before. */
static void open_served(struct catalog *c, const struct running *r, struct catalog_reload *done)
{
	for (size_t i = 0; i < c->active_count; i++) {
		const struct active *active = c->actives[i];
		bool runs = false;
		for (size_t k = 0; k < r->count && !runs; k++)
			runs = same_place(&r->items[k].place, &active->place);
		if (!runs)
			done->opened += open_active(c, active);
	}
}

static void put_in_force(struct catalog *c, struct catalog *fresh)
{
	pthread_rwlock_wrlock(&c->lock);
	struct held *base = c->base;
	struct entry **entries = c->entries;
	size_t count = c->entry_count, cap = c->entry_cap;
	c->base = fresh->base;
	c->entries = fresh->entries;
	c->entry_count = fresh->entry_count;
	c->entry_cap = fresh->entry_cap;
	pthread_rwlock_unlock(&c->lock);
	fresh->base = base;
	fresh->entries = entries;
	fresh->entry_count = count;
	fresh->entry_cap = cap;
}

static int follow(struct catalog *c, struct catalog_reload *done, struct err *e)
{
	struct running running;

	done->closed += deploy_end_gone(c, NULL, &itself);
	deploy_all(c, done);
	int rc = see_running(c, &running) < 0 ? err_no_memory(e) : 0;
	/* Those that were deployed just now run as they should: they were counted already. */
	unsigned deployed = done->opened + done->changed;
	for (size_t i = 0; rc == 0 && i < running.count; i++)
		refresh(c, &running.items[i], done);
	if (rc == 0)
		open_served(c, &running, done);
	arena_finish(&running.arena);
	done->unchanged -= deployed < done->unchanged ? deployed : done->unchanged;
	return rc;
}

int catalog_reload(struct catalog *c, struct report *report, struct catalog_reload *ret,
                   struct err *e)
{
	struct catalog fresh = {
		.file = c->file,
		.plugins = c->plugins,
		.store = c->store,
		.transforms = c->transforms,
		.lock = PTHREAD_RWLOCK_INITIALIZER,
	};
	struct catalog_reload done = {0};

	pthread_mutex_lock(&c->changing);
	int rc = journal_finish(c->store, e);
	if (rc == 0)
		rc = read_all(&fresh, c, report, e);
	if (rc == 0)
		rc = identify(&fresh, e);
	if (rc == 0) {
		put_in_force(c, &fresh);
		rc = follow(c, &done, e);
	}
	entries_finish(&fresh);
	pthread_mutex_unlock(&c->changing);
	if (rc == 0)
		*ret = done;
	return rc;
}
