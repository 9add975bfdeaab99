/* The secrets that the host keeps itself: changing them by the journal, and saying who uses them. */
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "conf/local.h"
#include "conf/secret.h"
#include "core/catalog_impl.h"
#include "core/journal.h"
#include "core/literal_text.h"
#include "schema/node.h"
#include "json/json.h"

enum { FILE_MODE = 0600, FILE_BYTES_MOST = 2 * SECRET_MAX_BYTES };

/*
 * Changing
 */

static int write_it(struct catalog *c, const struct store_file *file,
                    const struct store_audit *audit, struct err *e)
{
	struct store_change op = {
		.op = {.kind = STORE_CHANGE, .audit = audit},
		.files = file,
		.file_count = 1,
	};
	struct store_journal_done done = {.op.kind = STORE_JOURNAL_DONE};

	int rc = store_post_wait(c->store, &op.op);
	if (rc < 0)
		return err_set(e, rc, "the store cannot take the change%s",
		               rc == ERR_BUSY ? ": there is no room on the disk" : "");
	rc = journal_write(file, 1, e);
	if (rc < 0) {
		err_prefix(e, "the change is kept and will be finished later, but its file cannot "
		              "be written now");
		return rc;
	}
	done.journal = op.journal;
	if (store_post_wait(c->store, &done.op) < 0)
		log_event(LOG_LEVEL_WARNING, "the journal keeps a change that is done", NULL);
	return 0;
}

/* sealed NULL: it is removed. */
static int change(struct catalog *c, const char *path, const struct buf *sealed,
                  const struct store_audit *audit, struct err *e)
{
	uint8_t digest[HASH_BYTES];
	struct err why = {0};
	struct buf before;

	buf_init(&before, FILE_BYTES_MOST);
	int rc = file_load(path, FILE_BYTES_MOST, &before, &why);
	bool is_there = rc == 0;
	if (rc == ERR_NOT_FOUND && sealed)
		rc = 0;
	if (is_there) {
		hash_of(before.data, before.len_bytes, digest);
	}
	buf_finish(&before);
	if (rc < 0)
		return err_set(e, rc, "%s", why.text);
	if (!audit)
		return 0;
	const struct store_file file = {
		.path = path,
		.before = is_there ? digest : NULL,
		.bytes = sealed ? sealed->data : NULL,
		.size_bytes = sealed ? sealed->len_bytes : 0,
		.mode = FILE_MODE,
	};
	return write_it(c, &file, audit, e);
}

int catalog_set_secret(struct catalog *c, const char *name, const char *text, size_t bytes,
                       const struct store_audit *audit, struct err *e)
{
	struct buf path, sealed;

	buf_init(&path, BUF_MAX_LINE);
	buf_init(&sealed, FILE_BYTES_MOST);
	int rc = local_check(name, text, bytes, e);
	if (rc == 0)
		rc = local_path(&c->fixed, name, &path, e);
	if (rc == 0 && audit)
		rc = local_seal(&c->fixed, name, text, bytes, &sealed, e);
	pthread_mutex_lock(&c->changing);
	if (rc == 0)
		rc = journal_finish(c->store, e);
	if (rc == 0)
		rc = change(c, buf_str(&path), &sealed, audit, e);
	pthread_mutex_unlock(&c->changing);
	buf_finish(&path);
	buf_finish(&sealed);
	return rc;
}

int catalog_remove_secret(struct catalog *c, const char *name, const struct store_audit *audit,
                          struct err *e)
{
	struct err why = {0};
	struct buf path;

	buf_init(&path, BUF_MAX_LINE);
	int rc = local_path(&c->fixed, name, &path, e);
	pthread_mutex_lock(&c->changing);
	if (rc == 0)
		rc = journal_finish(c->store, e);
	if (rc == 0)
		rc = change(c, buf_str(&path), NULL, audit, &why);
	pthread_mutex_unlock(&c->changing);
	if (rc == ERR_NOT_FOUND)
		err_set(e, rc, "there is no secret local/%s", name);
	else if (rc < 0)
		err_set(e, rc, "%s", why.text);
	buf_finish(&path);
	return rc;
}

/*
 * References in definitions
 */

/* As deep as definitions are allowed to nest. */
static void each_reference(const struct node *n,
                           void (*each)(void *arg, const char *reference, size_t bytes), void *arg)
{
	static const char prefix[] = "${secret:";
	struct literal_text text;

	for (const struct node *child = n->first; child; child = child->next)
		each_reference(child, each, arg);
	if (n->kind != NODE_STRING || !strstr(n->u.s, prefix))
		return;
	literal_text_begin(&text, n->u.s, false);
	while (literal_text_next(&text))
		if (strncmp(text.at, prefix, sizeof(prefix) - 1) == 0)
			each(arg, text.at + sizeof(prefix) - 1, text.bytes - sizeof(prefix));
}

static int each_entry(struct catalog *c, void (*each)(void *arg, const struct catalog_entry *entry),
                      void *arg, struct err *e)
{
	const struct catalog_entry **entries;
	size_t count;

	if (catalog_list(c, &entries, &count) < 0)
		return err_no_memory(e);
	for (size_t i = 0; i < count; i++) {
		each(arg, entries[i]);
		catalog_release(entries[i]);
	}
	mem_free((void *)entries);
	return 0;
}

/*
 * Telling
 */

struct telling {
	struct json *items;
	struct json **users;               /* of each item, in their order; borrowed */
	const char **names;                /* "local/NAME" */
	const struct catalog_entry *entry; /* that is looked at */
	size_t count, cap;
	struct arena arena;
	bool failed;
};

static void tell(void *arg, const char *name, long long changed_ms)
{
	struct telling *t = arg;
	struct json *item = json_object(), *users = json_array();
	char reference[LOCAL_NAME_MOST + 16], time[CLOCK_TEXT_BYTES];

	if (t->count == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 32;
		const char **names = mem_resize(t->names, cap, sizeof(*names));
		t->names = names ? names : t->names;
		struct json **lists = mem_resize(t->users, cap, sizeof(struct json *));
		t->users = lists ? lists : t->users;
		t->cap = names && lists ? cap : t->cap;
	}
	snprintf(reference, sizeof(reference), "local/%s", name);
	clock_format(changed_ms, time);
	int rc = json_set(item, "name", json_string(reference));
	rc |= json_set(item, "provider", json_string("local"));
	rc |= json_set(item, "changed", json_string(time));
	rc |= json_set(item, "used_by", users);
	const char *copy = arena_strdup(&t->arena, reference);
	if (rc < 0 || !copy || t->count == t->cap || json_push(t->items, item) < 0) {
		t->failed = true;
		return;
	}
	t->names[t->count] = copy;
	t->users[t->count++] = users;
}

/* An entry's definition is walked in one go, and said once. */
static void add_user(void *arg, const char *reference, size_t bytes)
{
	struct telling *t = arg;
	const struct catalog_entry *entry = t->entry;

	for (size_t i = 0; i < t->count; i++) {
		if (strncmp(t->names[i], reference, bytes) != 0 || t->names[i][bytes])
			continue;
		size_t users = json_count(t->users[i]);
		const struct json *last = users ? json_at(t->users[i], users - 1) : NULL;
		if (last && strcmp(json_as_string(json_get(last, "name")), entry->name) == 0 &&
		    strcmp(json_as_string(json_get(last, "project")), entry->project) == 0)
			return;
		struct json *user = json_object();
		int rc = json_set(user, "project", json_string(entry->project));
		rc |= json_set(user, "name", json_string(entry->name));
		rc |= json_push(t->users[i], user);
		t->failed = t->failed || rc < 0;
		return;
	}
}

static void add_users(void *arg, const struct catalog_entry *entry)
{
	struct telling *t = arg;

	t->entry = entry;
	each_reference(entry->definition->root, add_user, t);
}

int catalog_secrets(struct catalog *c, struct json **ret, struct err *e)
{
	struct telling t = {.items = json_array()};

	arena_init(&t.arena);
	int rc = local_list(&c->fixed, tell, &t, e);
	if (rc == 0)
		rc = each_entry(c, add_users, &t, e);
	if (rc == 0 && (t.failed || !t.items))
		rc = err_no_memory(e);
	if (rc == 0)
		*ret = t.items;
	else
		json_free(t.items);
	mem_free((void *)t.names);
	mem_free((void *)t.users);
	arena_finish(&t.arena);
	return rc;
}

/*
 * Checking
 */

/* Distinct references, in the order in which they are met. */
struct references {
	struct arena arena;
	const char **items;
	size_t count, cap;
	bool failed;
};

static void note(void *arg, const char *reference, size_t bytes)
{
	struct references *r = arg;

	for (size_t i = 0; i < r->count; i++)
		if (strncmp(r->items[i], reference, bytes) == 0 && !r->items[i][bytes])
			return;
	const char *copy = arena_dup(&r->arena, reference, bytes);
	if (copy && r->count == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 32;
		const char **items = mem_resize(r->items, cap, sizeof(*items));
		r->items = items ? items : r->items;
		r->cap = items ? cap : r->cap;
	}
	if (copy && r->count < r->cap)
		r->items[r->count++] = copy;
	else
		r->failed = true;
}

static void note_all(void *arg, const struct catalog_entry *entry)
{
	each_reference(entry->definition->root, note, arg);
}

static int check_one(struct catalog *c, const char *reference, struct json *items)
{
	const struct text_part part = {TEXT_SECRET, reference};
	struct json *item = json_object();
	struct err why = {0};
	struct buf text;

	buf_init(&text, SECRET_MAX_BYTES);
	bool ok = secret_compose(&c->fixed, &part, 1, &text, &why) == 0;
	buf_wipe(&text);
	buf_finish(&text);
	int rc = json_set(item, "reference", json_string(reference));
	rc |= json_set(item, "ok", json_bool(ok));
	rc |= json_set(item, "reason", ok ? json_null() : json_string(why.text));
	rc |= json_push(items, item);
	return rc < 0 ? ERR_NO_MEMORY : 0;
}

int catalog_check_secrets(struct catalog *c, const char *reference, struct json **ret,
                          struct err *e)
{
	struct references r = {0};
	struct json *items = json_array();
	int rc = 0;

	arena_init(&r.arena);
	if (reference)
		note(&r, reference, strlen(reference));
	else
		rc = each_entry(c, note_all, &r, e);
	if (rc == 0 && (r.failed || !items))
		rc = err_no_memory(e);
	for (size_t i = 0; i < r.count && rc == 0; i++)
		if (check_one(c, r.items[i], items) < 0)
			rc = err_no_memory(e);
	if (rc == 0)
		*ret = items;
	else
		json_free(items);
	mem_free((void *)r.items);
	arena_finish(&r.arena);
	return rc;
}
