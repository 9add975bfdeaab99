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
	struct hash hash;
	struct buf before;

	buf_init(&before, FILE_BYTES_MOST);
	int rc = file_load(path, FILE_BYTES_MOST, &before, &why);
	bool is_there = rc == 0;
	if (rc == ERR_NOT_FOUND && sealed)
		rc = 0;
	if (is_there) {
		hash_init(&hash);
		hash_add(&hash, before.data, before.len_bytes);
		hash_end(&hash, digest);
	}
	buf_finish(&before);
	if (rc < 0)
		return err_set(e, rc, "%s", why.text);
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
	int rc = local_path(&c->fixed, name, &path, e);
	if (rc == 0)
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
 * Telling
 */

struct telling {
	struct json *items;
	struct json **users; /* of each item, in their order; borrowed */
	const char **names;
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
	const char *copy = arena_strdup(&t->arena, name);
	if (rc < 0 || !copy || t->count == t->cap || json_push(t->items, item) < 0) {
		t->failed = true;
		return;
	}
	t->names[t->count] = copy;
	t->users[t->count++] = users;
}

/* An entry's definition is walked once, and says it once. */
static void add_user(struct telling *t, const char *name, size_t bytes,
                     const struct catalog_entry *entry)
{
	for (size_t i = 0; i < t->count; i++) {
		if (strncmp(t->names[i], name, bytes) != 0 || t->names[i][bytes])
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

/* As deep as definitions are allowed to nest. */
static void find_references(struct telling *t, const struct node *n,
                            const struct catalog_entry *entry)
{
	static const char prefix[] = "${secret:local/";
	struct literal_text text;

	for (const struct node *child = n->first; child; child = child->next)
		find_references(t, child, entry);
	if (n->kind != NODE_STRING || !strstr(n->u.s, prefix))
		return;
	literal_text_begin(&text, n->u.s, false);
	while (literal_text_next(&text))
		if (strncmp(text.at, prefix, sizeof(prefix) - 1) == 0)
			add_user(t, text.at + sizeof(prefix) - 1, text.bytes - sizeof(prefix),
			         entry);
}

static int find_users(struct catalog *c, struct telling *t, struct err *e)
{
	const struct catalog_entry **entries;
	size_t count;

	if (catalog_list(c, &entries, &count) < 0)
		return err_no_memory(e);
	for (size_t i = 0; i < count; i++) {
		find_references(t, entries[i]->definition->root, entries[i]);
		catalog_release(entries[i]);
	}
	mem_free((void *)entries);
	return 0;
}

int catalog_secrets(struct catalog *c, struct json **ret, struct err *e)
{
	struct telling t = {.items = json_array()};

	arena_init(&t.arena);
	int rc = local_list(&c->fixed, tell, &t, e);
	if (rc == 0)
		rc = find_users(c, &t, e);
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

int catalog_check_secret(struct catalog *c, const char *reference, struct err *e)
{
	const struct text_part part = {TEXT_SECRET, reference};
	struct buf text;

	buf_init(&text, SECRET_MAX_BYTES);
	int rc = secret_compose(&c->fixed, &part, 1, &text, e);
	buf_wipe(&text);
	buf_finish(&text);
	return rc;
}
