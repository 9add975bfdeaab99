/* Literal secrets: finding them in a definition, and moving them out. */
#include "core/literal.h"

#include <linkspan/connector.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "conf/definition.h"
#include "conf/local.h"
#include "core/literal_impl.h"
#include "core/literal_text.h"
#include "crypto/random.h"
#include "plug/load.h"
#include "schema/check.h"
#include "schema/node.h"
#include "store/store.h"
#include "json/json.h"

/*
 * What is sensitive
 */

bool literal_is_sensitive(const char *header)
{
	static const char *const names[] = {"Authorization", "Proxy-Authorization", "Cookie"};
	/* What vendors call their keys: X-Api-Key, DD-API-KEY, PRIVATE-TOKEN, X-Auth-Token … */
	static const char *const parts[] = {"api-key", "apikey", "token", "secret", "password"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(names[i], header) == 0)
			return true;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strcasestr(header, parts[i]))
			return true;
	return false;
}

const char *literal_text_of(const struct node *group, const char *name)
{
	const struct node *n = group ? node_get(group, name) : NULL;

	return n && n->kind == NODE_STRING ? n->u.s : NULL;
}

/* The table of a type is read as that of a group. */
struct lk_param literal_row_of_type(const struct plugins *plugins, const char *type)
{
	const struct plugin_type *t = plugins && type ? plugins_type(plugins, type) : NULL;

	return (struct lk_param){.type = LK_T_GROUP,
	                         .sub = t ? t->rows : NULL,
	                         .sub_count = t ? t->row_count : 0,
	                         .sub_size = sizeof(struct lk_param)};
}

const struct lk_param *literal_row_of_member(const struct lk_param *row, const char *name)
{
	if (!row || row->sub_count == 0)
		return NULL;
	/* In a map each member is of the same shape. */
	int at = row->type == LK_T_MAP ? 0 : schema_row(row->sub, row->sub_count, name);
	return at < 0 ? NULL : &row->sub[at];
}

/* Of several rows below a list, an item is a group. */
const struct lk_param *literal_row_of_item(const struct lk_param *row)
{
	return row && row->sub_count == 1 ? row->sub : row;
}

bool literal_is_header(const struct lk_param *row, const struct node *item)
{
	const struct lk_param *value = literal_row_of_member(row, "value");
	bool in_list = item->parent && item->parent->kind == NODE_LIST;
	const char *name =
		in_list && item->kind == NODE_GROUP ? literal_text_of(item, "name") : NULL;

	return name && literal_is_sensitive(name) &&
	       (!value || (value->flags & (LK_SECRET | LK_PRIVATE)));
}

enum literal_kind literal_kind_of(const struct lk_param *row, const struct node *n, bool in_header)
{
	enum literal_kind kind = LITERAL_NONE;

	if (n->kind != NODE_STRING)
		return LITERAL_NONE;
	if (in_header && n->name && strcmp(n->name, "value") == 0)
		kind = LITERAL_HEADER;
	else if (row && (row->flags & LK_SECRET))
		kind = LITERAL_VALUE;
	return kind && literal_text_has(n->u.s, kind == LITERAL_HEADER) ? kind : LITERAL_NONE;
}

/*
 * The walk over a definition
 */

struct walk {
	struct arena *arena;
	struct err *e;
	/* key: what the secret is called after.  0 or an error, which ends the walk. */
	int (*found)(struct walk *w, struct node *n, enum literal_kind kind, const char *key);
	/* For lifting. */
	const struct conf_host *host;
	const char *name;
	struct literal *items;
	size_t count, cap;
	/* For finding. */
	const char **paths;
};

static int walk_node(struct walk *w, const struct lk_param *row, struct node *n, bool in_header,
                     const char *key);

static int walk_children(struct walk *w, const struct lk_param *row, struct node *n,
                         const char *key)
{
	bool is_header = literal_is_header(row, n);
	int rc = 0;

	for (struct node *child = n->first; child && rc == 0; child = child->next) {
		if (n->kind == NODE_LIST)
			rc = walk_node(w, literal_row_of_item(row), child, false, key);
		else
			rc = walk_node(w, literal_row_of_member(row, child->name), child, is_header,
			               is_header ? literal_text_of(n, "name") : child->name);
	}
	return rc;
}

/* As deep as definitions are allowed to nest. */
static int walk_node(struct walk *w, const struct lk_param *row, struct node *n, bool in_header,
                     const char *key)
{
	enum literal_kind kind = literal_kind_of(row, n, in_header);

	if (n->kind == NODE_GROUP || n->kind == NODE_LIST)
		return walk_children(w, row, n, key);
	return kind ? w->found(w, n, kind, key) : 0;
}

static struct node *group_in(struct node *group, const char *name)
{
	struct node *n = node_get(group, name);

	return n && n->kind == NODE_GROUP ? n : NULL;
}

static int walk_definition(struct walk *w, const struct plugins *plugins, struct node *group)
{
	struct lk_param row = literal_row_of_type(plugins, literal_text_of(group, "type"));
	struct node *settings = group_in(group, "settings");
	struct node *environments = group_in(group, "environments");

	int rc = settings ? walk_children(w, &row, settings, NULL) : 0;
	for (struct node *n = environments ? environments->first : NULL; n && rc == 0; n = n->next)
		rc = n->kind == NODE_GROUP ? walk_children(w, &row, n, NULL) : 0;
	return rc;
}

int literal_read(struct arena *a, const struct json *definition, struct node **ret, struct err *e)
{
	return definition_node(a, definition, "connection", NULL, ret, e);
}

int literal_write(const struct node *group, struct json *definition, struct err *e)
{
	static const char *const parts[] = {"settings", "environments"};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const struct node *part = node_get(group, parts[i]);
		if (part && json_set(definition, parts[i], definition_json(part)) < 0)
			return err_no_memory(e);
	}
	return 0;
}

static const char *path_of(struct arena *a, const struct node *n)
{
	struct buf path;

	buf_init(&path, BUF_MAX_LINE);
	node_path(n, &path);
	const char *copy = buf_failed(&path) ? NULL : arena_strdup(a, buf_str(&path));
	buf_finish(&path);
	return copy;
}

/* Room for one more in an array of the arena.  NULL: no memory. */
static void *grown(struct arena *a, const void *items, size_t count, size_t *cap, size_t item_bytes)
{
	if (count < *cap)
		return (void *)items;
	size_t more = *cap ? 2 * *cap : 8;
	void *copy = arena_array(a, more, item_bytes);
	if (copy && count)
		memcpy(copy, items, count * item_bytes);
	if (copy)
		*cap = more;
	return copy;
}

/*
 * Finding
 */

static int note_path(struct walk *w, struct node *n, enum literal_kind kind, const char *key)
{
	(void)kind;
	(void)key;
	const char **paths = grown(w->arena, w->paths, w->count, &w->cap, sizeof(*paths));
	const char *path = path_of(w->arena, n);

	if (!paths || !path)
		return err_no_memory(w->e);
	w->paths = paths;
	w->paths[w->count++] = path;
	return 0;
}

int literals_find(const struct plugins *plugins, const struct json *definition, struct arena *a,
                  const char *const **ret_paths, struct err *e)
{
	struct walk w = {.arena = a, .e = e, .found = note_path};
	struct node *group;

	int rc = literal_read(a, definition, &group, e);
	if (rc == 0)
		rc = walk_definition(&w, plugins, group);
	if (rc < 0)
		return rc;
	const char **ended = arena_array(a, w.count + 1, sizeof(*ended));
	if (!ended)
		return err_no_memory(e);
	if (w.count)
		memcpy(ended, w.paths, w.count * sizeof(*ended));
	*ret_paths = ended;
	return 0;
}

/*
 * Lifting
 */

/* What a name of the provider may hold of a text. */
static void add_fitting(struct buf *b, const char *text, size_t most)
{
	for (size_t i = 0; text[i] && i < most; i++) {
		char one[2] = {text[i], '\0'};
		bool fits = local_is_name(one) || (one[0] == '.' && b->len_bytes > 0);
		buf_add_char(b, fits ? one[0] : '_');
	}
}

static bool is_free(const struct walk *w, const char *path)
{
	for (size_t i = 0; i < w->count; i++)
		if (strcmp(w->items[i].file->path, path) == 0)
			return false;
	return !file_exists(path);
}

/* CONNECTION.KEY.HEX, which no file has yet; its path comes with it. */
static int choose_name(struct walk *w, const char *key, const char **ret, const char **ret_path)
{
	enum { CONNECTION_MOST = 60, KEY_MOST = 30, TRIES = 100 };
	struct buf b, path;
	int rc = 0;

	buf_init(&b, BUF_MAX_LINE);
	buf_init(&path, BUF_MAX_LINE);
	add_fitting(&b, w->name, CONNECTION_MOST);
	buf_add_char(&b, '.');
	add_fitting(&b, key, KEY_MOST);
	size_t stem = b.len_bytes;
	*ret = NULL;
	for (int i = 0; i < TRIES && rc == 0 && !*ret; i++) {
		buf_cut(&b, stem);
		/* Longer after a while: some names have been given often. */
		buf_printf(&b, ".%04x", random_below(i < TRIES / 2 ? 1u << 16 : UINT32_MAX));
		buf_clear(&path);
		rc = buf_failed(&b) ? err_no_memory(w->e)
		                    : local_path(w->host, buf_str(&b), &path, w->e);
		if (rc == 0 && is_free(w, buf_str(&path))) {
			*ret = arena_strdup(w->arena, buf_str(&b));
			*ret_path = arena_strdup(w->arena, buf_str(&path));
			if (!*ret || !*ret_path)
				rc = err_no_memory(w->e);
		}
	}
	buf_finish(&b);
	buf_finish(&path);
	if (rc == 0 && !*ret)
		rc = err_set(w->e, ERR_IO, "no name is free for the secret %.80s", key);
	return rc;
}

/* Seals one stretch of text.  *ret_name is that of the secret. */
static int take_out(struct walk *w, const struct node *n, const char *key, const char *text,
                    size_t bytes, const char **ret_name)
{
	enum { MODE = 0600 };
	struct literal *items = grown(w->arena, w->items, w->count, &w->cap, sizeof(*items));
	struct store_file *file = arena_alloc(w->arena, sizeof(*file));
	const char *place = path_of(w->arena, n), *name = NULL, *path = NULL;
	struct buf sealed;

	if (!items || !file || !place)
		return err_no_memory(w->e);
	w->items = items;
	int rc = choose_name(w, key, &name, &path);
	if (rc < 0)
		return rc;
	buf_init(&sealed, BUF_MAX_TEXT);
	rc = local_seal(w->host, name, text, bytes, &sealed, w->e);
	const void *copy = rc == 0 ? arena_dup(w->arena, sealed.data, sealed.len_bytes) : NULL;
	const char *reference = arena_printf(w->arena, "local/%s", name);
	*file = (struct store_file){
		.path = path, .bytes = copy, .size_bytes = sealed.len_bytes, .mode = MODE};
	buf_finish(&sealed);
	if (rc < 0)
		return rc;
	if (!copy || !reference)
		return err_no_memory(w->e);
	items[w->count++] = (struct literal){.path = place, .reference = reference, .file = file};
	*ret_name = name;
	return 0;
}

static int lift(struct walk *w, struct node *n, enum literal_kind kind, const char *key)
{
	struct literal_text t;
	struct buf text, plain;
	int rc = 0;

	buf_init(&text, BUF_MAX_TEXT);
	buf_init(&plain, BUF_MAX_TEXT);
	literal_text_begin(&t, n->u.s, kind == LITERAL_HEADER);
	while (rc == 0 && literal_text_next(&t)) {
		const char *name = NULL;
		if (!t.is_literal) {
			buf_add(&text, t.at, t.bytes);
			continue;
		}
		literal_text_plain(t.at, t.bytes, &plain);
		rc = buf_failed(&plain) ? err_no_memory(w->e)
		                        : take_out(w, n, key, plain.data, plain.len_bytes, &name);
		if (rc == 0)
			buf_printf(&text, "${secret:local/%s}", name);
		buf_wipe(&plain);
	}
	n->u.s = rc == 0 && !buf_failed(&text) ? arena_strdup(w->arena, buf_str(&text)) : NULL;
	buf_finish(&text);
	buf_finish(&plain);
	if (rc == 0 && !n->u.s)
		rc = err_no_memory(w->e);
	return rc;
}

int literals_lift(const struct conf_host *host, const struct plugins *plugins, const char *name,
                  struct json *definition, struct arena *a, struct literal **ret, size_t *ret_count,
                  struct err *e)
{
	struct walk w = {.arena = a, .e = e, .found = lift, .host = host, .name = name};
	struct node *group;

	int rc = literal_read(a, definition, &group, e);
	if (rc == 0)
		rc = walk_definition(&w, plugins, group);
	/* A document without secrets is left as it is, nulls and all. */
	if (rc == 0 && w.count > 0)
		rc = literal_write(group, definition, e);
	if (rc < 0)
		return rc;
	*ret = w.items;
	*ret_count = w.count;
	return 0;
}
