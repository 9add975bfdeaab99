/* Literal secrets: taking over those that a new definition does not repeat. */
#include <linkspan/connector.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/literal.h"
#include "core/literal_impl.h"
#include "schema/node.h"
#include "json/json.h"

struct keeping {
	struct arena *arena;
	struct err *e;
	size_t kept;
};

static int keep_children(struct keeping *k, const struct lk_param *row, const struct node *before,
                         struct node *now, const struct json *given);

static int add_copy(struct keeping *k, struct node *now, const struct node *n)
{
	struct node *copy = node_copy(k->arena, n);

	if (!copy)
		return err_no_memory(k->e);
	node_append(now, copy);
	k->kept++;
	return 0;
}

/* given: the document that `now` was read from, which knows what is null. */
static int keep_member(struct keeping *k, const struct lk_param *row, const struct node *n,
                       bool in_header, struct node *now, const struct json *given)
{
	struct node *twin = node_get(now, n->name);

	if (twin)
		return keep_children(k, row, n, twin, json_get(given, n->name));
	return !json_get(given, n->name) && literal_kind_of(row, n, in_header) ? add_copy(k, now, n)
	                                                                       : 0;
}

static int keep_group(struct keeping *k, const struct lk_param *row, const struct node *before,
                      struct node *now, const struct json *given)
{
	bool is_header = literal_is_header(row, before);
	int rc = 0;

	for (const struct node *n = before->first; n && rc == 0; n = n->next)
		rc = keep_member(k, literal_row_of_member(row, n->name), n, is_header, now, given);
	return rc;
}

/* The item of the same name, and of several such the one in the same turn; without a name, that in the same
 * place. */
static const struct node *item_before(const struct node *list, const struct node *item)
{
	const char *name = item->kind == NODE_GROUP ? literal_text_of(item, "name") : NULL;
	size_t turn = 0;

	for (const struct node *n = item->parent->first; n != item; n = n->next) {
		const char *other = n->kind == NODE_GROUP ? literal_text_of(n, "name") : NULL;
		turn += !name || (other && strcasecmp(other, name) == 0);
	}
	for (const struct node *n = list->first; n; n = n->next) {
		const char *other = n->kind == NODE_GROUP ? literal_text_of(n, "name") : NULL;
		if ((!name || (other && strcasecmp(other, name) == 0)) && turn-- == 0)
			return n;
	}
	return NULL;
}

/* A list of bare values: the tree lacks the nulls, so that it is built anew. */
static int keep_values(struct keeping *k, const struct lk_param *row, const struct node *before,
                       struct node *now, const struct json *given)
{
	struct node *there = now->first, *old = before->first;

	now->first = now->last = NULL;
	now->count = 0;
	for (size_t i = 0; i < json_count(given); i++) {
		if (json_kind(json_at(given, i)) != JSON_NULL) {
			struct node *next = there->next;
			node_append(now, there);
			there = next;
		} else if (old && literal_kind_of(literal_row_of_item(row), old, false) &&
		           add_copy(k, now, old) < 0) {
			return ERR_NO_MEMORY;
		}
		old = old ? old->next : NULL;
	}
	return 0;
}

static int keep_list(struct keeping *k, const struct lk_param *row, const struct node *before,
                     struct node *now, const struct json *given)
{
	size_t place = 0;
	int rc = 0;

	for (struct node *n = now->first; n && rc == 0; n = n->next) {
		const struct node *old = item_before(before, n);
		while (json_kind(json_at(given, place)) == JSON_NULL && place < json_count(given))
			place++;
		if (old)
			rc = keep_children(k, literal_row_of_item(row), old, n,
			                   json_at(given, place));
		place++;
	}
	return rc < 0 ? rc : keep_values(k, row, before, now, given);
}

/* As deep as definitions are allowed to nest. */
static int keep_children(struct keeping *k, const struct lk_param *row, const struct node *before,
                         struct node *now, const struct json *given)
{
	if (before->kind != now->kind)
		return 0;
	if (before->kind == NODE_GROUP)
		return keep_group(k, row, before, now, given);
	if (before->kind == NODE_LIST)
		return keep_list(k, row, before, now, given);
	return 0;
}

static const struct node *group_in(const struct node *group, const char *name)
{
	const struct node *n = node_get(group, name);

	return n && n->kind == NODE_GROUP ? n : NULL;
}

/* One of the groups that are read with the rows of the type. */
static int keep_settings(struct keeping *k, const struct lk_param *row, const struct node *before,
                         const struct node *now, const char *name, const struct json *given)
{
	struct node *twin = node_get(now, name);

	return twin ? keep_children(k, row, before, twin, json_get(given, name)) : 0;
}

static int keep_definition(struct keeping *k, const struct lk_param *row, const struct node *before,
                           const struct node *now, const struct json *given)
{
	const struct node *settings = group_in(before, "settings");
	const struct node *parts = group_in(before, "environments");
	const struct node *parts_now = group_in(now, "environments");

	int rc = settings ? keep_settings(k, row, settings, now, "settings", given) : 0;
	if (!parts || !parts_now)
		return rc;
	for (const struct node *n = parts->first; n && rc == 0; n = n->next)
		rc = keep_settings(k, row, n, parts_now, n->name, json_get(given, "environments"));
	return rc;
}

int literals_keep(const struct plugins *plugins, const struct json *present,
                  struct json *definition, struct err *e)
{
	struct node *before, *now;
	struct arena arena;

	arena_init(&arena);
	struct keeping k = {.arena = &arena, .e = e};
	int rc = literal_read(&arena, present, &before, e);
	if (rc == 0)
		rc = literal_read(&arena, definition, &now, e);
	/* Of another type, nothing means the same. */
	const char *type = rc == 0 ? literal_text_of(before, "type") : NULL;
	const char *type_now = rc == 0 ? literal_text_of(now, "type") : NULL;
	if (rc == 0 && type && (!type_now || strcmp(type, type_now) == 0)) {
		struct lk_param row = literal_row_of_type(plugins, type);
		rc = keep_definition(&k, &row, before, now, definition);
	}
	if (rc == 0 && k.kept > 0)
		rc = literal_write(now, definition, e);
	arena_wipe(&arena);
	return rc;
}
