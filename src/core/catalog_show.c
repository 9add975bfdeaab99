/* What the catalogue tells: one connection as a document, who uses it, why it does not send. */
#include <stdio.h>
#include <string.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "core/catalog_impl.h"
#include "core/literal.h"
#include "core/snapshot.h"
#include "schema/node.h"
#include "json/json.h"

/*
 * A definition without its literal secrets
 */

static bool is_among(const char *const *paths, const char *path)
{
	for (; *paths; paths++)
		if (strcmp(*paths, path) == 0)
			return true;
	return false;
}

static struct json *copy_without(const struct json *v, const char *const *paths, struct buf *path);

/* A member or item, with its part of the path: *ret is NULL when that is one of the paths. */
static int copy_part(const struct json *v, const char *const *paths, struct buf *path,
                     size_t length, struct json **ret)
{
	/* A path that was cut would not be found again. */
	bool failed = buf_failed(path);
	bool hidden = !failed && is_among(paths, buf_str(path));

	*ret = failed || hidden ? NULL : copy_without(v, paths, path);
	buf_cut(path, length);
	return *ret || hidden ? 0 : ERR_NO_MEMORY;
}

/* A copy of a value without what stands at the paths.  NULL: no memory. */
static struct json *copy_without(const struct json *v, const char *const *paths, struct buf *path)
{
	size_t length = path->len_bytes;
	enum json_kind kind = json_kind(v);
	const void *cursor = NULL;
	const struct json *child;
	struct json *copy, *kept;
	const char *name;
	int rc = 0;

	if (kind != JSON_OBJECT && kind != JSON_ARRAY)
		return json_copy(v);
	copy = kind == JSON_OBJECT ? json_object() : json_array();
	while (rc == 0 && kind == JSON_OBJECT && (child = json_next(v, &cursor, &name))) {
		buf_printf(path, "%s%s", length ? "." : "", name);
		rc = copy_part(child, paths, path, length, &kept);
		if (rc == 0 && kept)
			rc = json_set(copy, name, kept);
	}
	for (size_t i = 0; rc == 0 && kind == JSON_ARRAY && i < json_count(v); i++) {
		buf_printf(path, "[%zu]", i);
		rc = copy_part(json_at(v, i), paths, path, length, &kept);
		if (rc == 0)
			rc = json_push(copy, kept ? kept : json_null());
	}
	if (rc == 0)
		return copy;
	json_free(copy);
	return NULL;
}

struct json *definition_shown(const struct plugins *plugins, const struct json *definition,
                              struct json **ret_secrets)
{
	const char *const *paths = NULL;
	struct json *shown = NULL, *list = json_array();
	struct arena arena;
	struct buf path;

	arena_init(&arena);
	buf_init(&path, BUF_MAX_TEXT);
	if (literals_find(plugins, definition, &arena, &paths, NULL) == 0) {
		shown = copy_without(definition, paths, &path);
		for (size_t i = 0; paths[i]; i++)
			json_push(list, json_string(paths[i]));
	}
	buf_finish(&path);
	arena_finish(&arena);
	if (shown && ret_secrets)
		*ret_secrets = list;
	else
		json_free(list);
	return shown;
}

/*
 * One connection
 */

bool is_current(const struct catalog *c, const struct catalog_entry *entry,
                const struct active *active)
{
	const struct conf_environment *environment =
		conf_environment(&c->base->conf, active->place.environment);
	uint8_t digest[HASH_BYTES];
	struct buf text;
	bool same = false;

	if (!entry || !environment ||
	    !connection_names(entry->definition, active->place.environment))
		return false;
	buf_init(&text, BUF_MAX_TEXT);
	if (snapshot_write(&c->base->conf, entry->definition, environment, &text) == 0) {
		snapshot_digest(buf_str(&text), digest);
		same = memcmp(digest, active->digest, sizeof(digest)) == 0;
	}
	buf_finish(&text);
	return same;
}

struct json *catalog_time_json(int64_t unix_ms)
{
	char text[CLOCK_TEXT_BYTES];

	clock_format(unix_ms, text);
	return json_string(text);
}

/* With the lock held. */
static struct json *deployments_json(const struct catalog *c, const struct catalog_entry *entry)
{
	size_t first, count = actives_of(c, entry->project, entry->name, &first);
	struct json *list = json_array();

	for (size_t i = 0; i < count; i++) {
		const struct active *active = c->actives[first + i];
		struct json *item = json_object();
		json_set(item, "environment", json_string(active->place.environment));
		json_set(item, "number", json_int(active->number));
		json_set(item, "revision", json_string(active->revision));
		json_set(item, "current", json_bool(is_current(c, entry, active)));
		json_set(item, "enabled", json_bool(active->enabled));
		json_set(item, "at", catalog_time_json(active->at_ms));
		json_set(item, "actor", json_string(active->actor));
		json_set(item, "note", json_string_or_null(active->note));
		json_push(list, item);
	}
	return list;
}

struct json *catalog_deployments_json(struct catalog *c, const struct catalog_entry *entry)
{
	pthread_rwlock_rdlock(&c->lock);
	struct json *list = deployments_json(c, entry);
	pthread_rwlock_unlock(&c->lock);
	return list;
}

static void set_or_empty(struct json *object, const char *name, const struct json *shown)
{
	const struct json *value = json_get(shown, name);

	json_set(object, name, value ? json_copy(value) : json_object());
}

struct json *catalog_entry_json(struct catalog *c, const struct catalog_entry *entry)
{
	struct json *object = json_object(), *secrets = NULL;
	struct json *definition = definition_json(entry->definition->root);
	struct json *shown = definition ? definition_shown(c->plugins, definition, &secrets) : NULL;

	json_free(definition);
	if (!shown) {
		json_free(object);
		return NULL;
	}
	json_set(object, "name", json_string(entry->name));
	json_set(object, "project", json_string(entry->project));
	json_set(object, "type", json_string(entry->type));
	json_set(object, "description", json_string(entry->description));
	json_set(object, "enabled", json_bool(entry->enabled));
	set_or_empty(object, "settings", shown);
	set_or_empty(object, "environments", shown);
	json_set(object, "revision", json_string(entry->revision));
	json_set(object, "uid", json_string(entry->uid));
	json_set(object, "file", json_string(entry->file));
	json_set(object, "secrets", secrets);
	int rc = json_set(object, "deployments", catalog_deployments_json(c, entry));
	json_free(shown);
	if (rc == 0)
		return object;
	json_free(object);
	return NULL;
}

/*
 * Users
 */

static void add_user(const struct catalog *c, struct json *items, const struct catalog_entry *user,
                     const struct node *group, const char *environment,
                     const struct catalog_entry *used)
{
	static const char key[] = "alert_connection";
	const struct node *n = group ? node_get(group, key) : NULL;
	const struct entry *meant =
		n && n->kind == NODE_STRING ? entries_resolve(c, user->project, n->u.s) : NULL;

	if (!meant || meant->face.definition != used->definition)
		return;
	struct json *item = json_object();
	json_set(item, "kind", json_string("connection"));
	json_set(item, "project", json_string(user->project));
	json_set(item, "name", json_string(user->name));
	json_set(item, "environment", json_string_or_null(environment));
	json_set(item, "as", json_string(key));
	json_push(items, item);
}

struct json *catalog_users(struct catalog *c, const struct catalog_entry *entry)
{
	struct json *document = json_object(), *items = json_array();

	pthread_rwlock_rdlock(&c->lock);
	for (size_t i = 0; i < c->entry_count; i++) {
		const struct catalog_entry *user = &c->entries[i]->face;
		const struct node *parts = user->definition->environments;
		if (user->definition == entry->definition)
			continue;
		add_user(c, items, user, user->definition->settings, NULL, entry);
		for (const struct node *n = parts ? parts->first : NULL; n; n = n->next)
			add_user(c, items, user, n, n->name, entry);
	}
	pthread_rwlock_unlock(&c->lock);
	if (json_set(document, "items", items) == 0)
		return document;
	json_free(document);
	return NULL;
}
