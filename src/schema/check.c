/* Tables of rows over groups of nodes: whose a node is, what is missing, what does not apply. */
#include "schema/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "schema/report.h"
#include "schema/value.h"
#include "schema/when.h"

/* A row, and what a group holds for it. */
struct slot {
	const struct lk_param *row;
	const struct node *node; /* NULL: not given */
	struct lk_value *value;
	int outcome;
};

/* All rows that one group is read with. */
struct table {
	struct slot *slots;
	size_t count;
};

static const struct lk_value *const no_values[1];
static const char *const no_keys[1];

static int read_table(struct value_reader *r, const struct node *group, struct schema_part *parts,
                      size_t part_count);
static int read_row(struct value_reader *r, const struct lk_param *row, const struct node *node,
                    struct lk_value *out);

static int heavier(int a, int b)
{
	if (a < 0 || b < 0)
		return ERR_NO_MEMORY;
	return a > b ? a : b;
}

int schema_row(const struct lk_param *rows, uint32_t count, const char *name)
{
	for (uint32_t i = 0; i < count; i++)
		if (!strcmp(rows[i].name, name))
			return (int)i;
	return -1;
}

static struct slot *slot_named(const struct table *t, const char *name, size_t length)
{
	for (size_t i = 0; i < t->count; i++)
		if (!strncmp(t->slots[i].row->name, name, length) &&
		    t->slots[i].row->name[length] == '\0')
			return &t->slots[i];
	return NULL;
}

/* Rows of several parts become one table; each slot gets room for its value. */
static int table_create(struct arena *a, const struct schema_part *parts, size_t part_count,
                        struct table *t)
{
	size_t count = 0, next = 0;

	for (size_t p = 0; p < part_count; p++)
		count += parts[p].count;
	t->slots = arena_array(a, count, sizeof(*t->slots));
	struct lk_value *values = arena_array(a, count, sizeof(*values));
	if (!t->slots || !values)
		return ERR_NO_MEMORY;
	t->count = count;
	for (size_t p = 0; p < part_count; p++) {
		for (uint32_t i = 0; i < parts[p].count; i++, next++) {
			t->slots[next].row = &parts[p].rows[i];
			t->slots[next].value = &values[next];
		}
	}
	return 0;
}

/* The values in the order of each part's rows. */
static int table_hand_out(struct arena *a, const struct table *t, struct schema_part *parts,
                          size_t part_count)
{
	const struct lk_value **values = arena_array(a, t->count, sizeof(const struct lk_value *));

	if (!values)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < t->count; i++)
		values[i] = t->slots[i].value;
	for (size_t p = 0; p < part_count; p++) {
		parts[p].values = values;
		values += parts[p].count;
	}
	return 0;
}

static int report_unknown(struct value_reader *r, const struct table *t, const struct node *node)
{
	const char **names = mem_array(t->count, sizeof(const char *));
	const char *name = node->name ? node->name : "";
	struct buf b;

	if (!names)
		return ERR_NO_MEMORY;
	buf_init(&b, BUF_MAX_LINE);
	buf_add_str(&b, "unknown key ");
	value_quote(name, &b);
	for (size_t i = 0; i < t->count; i++)
		names[i] = t->slots[i].row->name;
	const char *near = report_nearest(name, names, t->count);
	if (near)
		buf_printf(&b, " (did you mean \"%s\"?)", near);
	for (size_t i = 0; !near && i < t->count; i++)
		buf_printf(&b, "%s%s", i > 0 ? ", " : "; allowed: ", names[i]);
	value_note_buf(r, &b);
	report_add(r->report, LK_FAULT_ERROR, node, "unknown_key", "%s", buf_str(&b));
	buf_finish(&b);
	mem_free(names);
	return VALUE_FAULT;
}

static int report_twice(struct value_reader *r, const struct node *node, const struct node *first)
{
	report_add(r->report, LK_FAULT_ERROR, node, "duplicate_key",
	           first->line ? "is given twice; it was given before in line %u; give it once"
	                       : "is given twice; give it once",
	           first->line);
	return VALUE_FAULT;
}

/* Hands the members of the group to their rows. */
static int table_match(struct value_reader *r, const struct table *t, const struct node *group)
{
	int outcome = VALUE_GOOD;

	for (const struct node *n = group->first; n; n = n->next) {
		struct slot *slot = n->name ? slot_named(t, n->name, strlen(n->name)) : NULL;
		if (!slot)
			outcome = heavier(outcome, report_unknown(r, t, n));
		else if (slot->node)
			outcome = heavier(outcome, report_twice(r, n, slot->node));
		else
			slot->node = n;
	}
	return outcome;
}

static int default_row(struct value_reader *r, const struct lk_param *row, struct lk_value *out)
{
	struct schema_part part = {.rows = row->sub, .count = row->sub_count};
	struct table t;
	int rc = VALUE_GOOD;

	if (row->type != LK_T_LIST && row->type != LK_T_MAP && row->type != LK_T_GROUP)
		return value_default(r, row, out);
	*out = (struct lk_value){.size = sizeof(*out), .u.v = no_values, .keys = no_keys};
	if (row->type != LK_T_GROUP)
		return VALUE_GOOD;
	if (table_create(&r->values->arena, &part, 1, &t) < 0)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < t.count && rc >= 0; i++)
		rc = default_row(r, t.slots[i].row, t.slots[i].value);
	if (rc < 0 || table_hand_out(&r->values->arena, &t, &part, 1) < 0)
		return ERR_NO_MEMORY;
	out->count = row->sub_count;
	out->u.v = part.values;
	return VALUE_GOOD;
}

static int read_group(struct value_reader *r, const struct lk_param *row, const struct node *node,
                      struct lk_value *out)
{
	struct schema_part part = {.rows = row->sub, .count = row->sub_count};

	if (node->kind != NODE_GROUP)
		return value_wrong_kind(r, row, node);
	int rc = read_table(r, node, &part, 1);
	if (rc < 0)
		return rc;
	*out = (struct lk_value){.size = sizeof(*out), .is_set = 1, .count = row->sub_count};
	out->u.v = part.values;
	return rc;
}

static int check_count(struct value_reader *r, const struct lk_param *row, const struct node *node)
{
	struct buf b;

	if (value_in_bounds(row, (int64_t)node->count))
		return VALUE_GOOD;
	buf_init(&b, BUF_MAX_LINE);
	value_allowed(row, &b);
	value_note_buf(r, &b);
	report_add(r->report, LK_FAULT_ERROR, node, "out_of_range", "has %zu %s%s; allowed: %s",
	           node->count, row->type == LK_T_MAP ? "member" : "item",
	           node->count == 1 ? "" : "s", buf_str(&b));
	buf_finish(&b);
	return VALUE_FAULT;
}

/* The children of a LIST or MAP, each read as `item`. */
static int read_children(struct value_reader *r, const struct lk_param *item,
                         const struct node *node, struct lk_value *out)
{
	struct arena *a = &r->values->arena;
	const struct lk_value **members = arena_array(a, node->count + 1, sizeof(*members));
	const char **keys = arena_array(a, node->count + 1, sizeof(*keys));
	struct lk_value *values = arena_array(a, node->count, sizeof(*values));
	int outcome = VALUE_GOOD;
	size_t i = 0;

	if (!members || !keys || !values)
		return ERR_NO_MEMORY;
	for (const struct node *n = node->first; n && outcome >= 0; n = n->next, i++) {
		outcome = heavier(outcome, read_row(r, item, n, &values[i]));
		members[i] = &values[i];
		keys[i] = n->name;
	}
	*out = (struct lk_value){.size = sizeof(*out), .is_set = 1, .count = (uint32_t)i};
	out->u.v = members;
	out->keys = keys;
	return outcome;
}

static int read_list(struct value_reader *r, const struct lk_param *row, const struct node *node,
                     struct lk_value *out)
{
	const struct lk_param group = {.name = row->name,
	                               .type = LK_T_GROUP,
	                               .sub = row->sub,
	                               .sub_count = row->sub_count};

	if (node->kind != NODE_LIST)
		return value_wrong_kind(r, row, node);
	int outcome = check_count(r, row, node);
	return heavier(outcome,
	               read_children(r, row->sub_count == 1 ? &row->sub[0] : &group, node, out));
}

static int compare_names(const void *a, const void *b)
{
	const struct node *x = *(const struct node *const *)a, *y = *(const struct node *const *)b;
	int by_name = strcmp(x->name, y->name);

	return by_name ? by_name : (x->line > y->line) - (x->line < y->line);
}

/* A map's keys are anybody's, and may be many: sorted, equal ones stand side by side. */
static int check_keys(struct value_reader *r, const struct node *map)
{
	const struct node **nodes = mem_array(map->count, sizeof(const struct node *));
	int outcome = VALUE_GOOD;
	size_t i = 0;

	if (!nodes)
		return ERR_NO_MEMORY;
	for (const struct node *n = map->first; n; n = n->next)
		nodes[i++] = n;
	qsort(nodes, map->count, sizeof(const struct node *), compare_names);
	for (i = 1; i < map->count; i++)
		if (!strcmp(nodes[i - 1]->name, nodes[i]->name))
			outcome = report_twice(r, nodes[i], nodes[i - 1]);
	mem_free(nodes);
	return outcome;
}

static int read_map(struct value_reader *r, const struct lk_param *row, const struct node *node,
                    struct lk_value *out)
{
	if (node->kind != NODE_GROUP)
		return value_wrong_kind(r, row, node);
	int outcome = heavier(check_count(r, row, node), check_keys(r, node));
	return heavier(outcome, read_children(r, &row->sub[0], node, out));
}

/* The row's own rule, for what passed all others. */
static int ask_row(struct value_reader *r, const struct lk_param *row, const struct node *node,
                   const struct lk_value *value)
{
	const char *message = NULL;
	struct value_text text = {0};
	struct buf b;

	if (!row->check || row->check(value, &message) >= 0)
		return VALUE_GOOD;
	bool is_scalar = node->kind != NODE_LIST && node->kind != NODE_GROUP;
	if (node->kind == NODE_STRING &&
	    value_text_read(&r->values->arena, node, row->flags & LK_TEMPLATE, &text) < 0)
		return ERR_NO_MEMORY;
	buf_init(&b, BUF_MAX_LINE);
	if (is_scalar && !(row->flags & (LK_SECRET | LK_PRIVATE))) {
		value_show(node, node->kind == NODE_STRING ? &text : NULL, &b);
		buf_add_str(&b, " is not allowed; ");
	}
	buf_add_str(&b, message ? message : "see its description");
	value_note_buf(r, &b);
	report_add(r->report, LK_FAULT_ERROR, node, "not_allowed", "%s", buf_str(&b));
	buf_finish(&b);
	return VALUE_FAULT;
}

static int read_row(struct value_reader *r, const struct lk_param *row, const struct node *node,
                    struct lk_value *out)
{
	int (*read)(struct value_reader *, const struct lk_param *, const struct node *,
	            struct lk_value *) = value_read;

	if (row->type == LK_T_LIST)
		read = read_list;
	else if (row->type == LK_T_MAP)
		read = read_map;
	else if (row->type == LK_T_GROUP)
		read = read_group;

	int outcome = read(r, row, node, out);
	if (outcome == VALUE_GOOD)
		outcome = ask_row(r, row, node, out);
	if (outcome >= 0 && (row->flags & LK_DEPRECATED))
		report_add(r->report, LK_FAULT_WARNING, node, "deprecated", "is deprecated: %s",
		           row->help);
	if (outcome != VALUE_FAULT)
		return outcome;
	return heavier(VALUE_FAULT, default_row(r, row, out));
}

enum applies { APPLIES_NO, APPLIES_YES, APPLIES_UNKNOWN };

static enum applies applies(const struct table *t, const struct lk_param *row,
                            const struct slot **ret_sibling)
{
	const char *list;
	size_t length = row->when ? when_name(row->when, &list) : 0;
	const struct slot *sibling = length > 0 ? slot_named(t, row->when, length) : NULL;

	*ret_sibling = sibling;
	if (!sibling)
		return APPLIES_YES;
	if (sibling->outcome != VALUE_GOOD)
		return APPLIES_UNKNOWN;
	const char *value = sibling->value->u.s;
	return value && when_lists(list, value) ? APPLIES_YES : APPLIES_NO;
}

static void report_not_applicable(struct value_reader *r, const struct slot *slot,
                                  const struct slot *sibling)
{
	const char *value = sibling->value->u.s;
	struct buf b;

	buf_init(&b, BUF_MAX_LINE);
	buf_add_str(&b, "applies only when ");
	when_describe(slot->row->when, &b);
	if (value)
		buf_printf(&b, "; it is \"%s\" here", value);
	else
		buf_add_str(&b, "; it is not given here");
	value_note_buf(r, &b);
	report_add(r->report, LK_FAULT_ERROR, slot->node, "not_applicable", "%s", buf_str(&b));
	buf_finish(&b);
}

static void report_missing(struct value_reader *r, const struct lk_param *row,
                           const struct node *group)
{
	struct buf path, allowed;

	buf_init(&path, BUF_MAX_LINE);
	buf_init(&allowed, BUF_MAX_LINE);
	node_path(group, &path);
	buf_printf(&path, "%s%s", path.len_bytes > 0 ? "." : "", row->name);
	value_allowed(row, &allowed);
	value_note_buf(r, &path);
	value_note_buf(r, &allowed);
	report_add_at(r->report, LK_FAULT_ERROR, group->file, group->line, buf_str(&path),
	              "missing", "is missing; allowed: %s", buf_str(&allowed));
	buf_finish(&path);
	buf_finish(&allowed);
}

/* Rules that need the whole group: what may, and what must, be there. */
static int check_presence(struct value_reader *r, const struct table *t, const struct node *group)
{
	int outcome = VALUE_GOOD;

	for (size_t i = 0; i < t->count; i++) {
		const struct slot *slot = &t->slots[i], *sibling;
		enum applies answer = applies(t, slot->row, &sibling);
		if (slot->node && answer == APPLIES_NO) {
			report_not_applicable(r, slot, sibling);
			outcome = VALUE_FAULT;
		} else if (!slot->node && answer == APPLIES_YES &&
		           (slot->row->flags & LK_REQUIRED)) {
			report_missing(r, slot->row, group);
			outcome = VALUE_FAULT;
		}
	}
	return outcome;
}

static int read_table(struct value_reader *r, const struct node *group, struct schema_part *parts,
                      size_t part_count)
{
	struct arena *a = &r->values->arena;
	struct table t;

	if (table_create(a, parts, part_count, &t) < 0)
		return ERR_NO_MEMORY;
	int outcome = table_match(r, &t, group);
	for (size_t i = 0; i < t.count && outcome >= 0; i++) {
		struct slot *slot = &t.slots[i];
		if (slot->node)
			slot->outcome = read_row(r, slot->row, slot->node, slot->value);
		else
			slot->outcome = default_row(r, slot->row, slot->value) < 0 ? ERR_NO_MEMORY
			                                                           : VALUE_GOOD;
		outcome = heavier(outcome, slot->outcome);
	}
	if (outcome < 0)
		return outcome;
	outcome = heavier(outcome, check_presence(r, &t, group));
	return heavier(outcome, table_hand_out(a, &t, parts, part_count));
}

void schema_values_init(struct schema_values *v)
{
	*v = (struct schema_values){0};
	arena_init(&v->arena);
}

void schema_values_finish(struct schema_values *v)
{
	mem_free(v->secrets);
	arena_wipe(&v->arena);
	schema_values_init(v);
}

int schema_read(struct schema_values *v, const struct node *group, struct schema_part *parts,
                size_t part_count, unsigned flags, struct report *report)
{
	struct report quiet;
	struct value_reader r = {.values = v, .report = report, .quiet = &quiet, .flags = flags};
	struct schema_part *read = mem_dup(parts, part_count * sizeof(*parts));

	if (!read)
		return ERR_NO_MEMORY;
	report_init(&quiet);
	int outcome = read_table(&r, group, read, part_count);
	if (outcome >= 0 && (report->out_of_memory || quiet.out_of_memory))
		outcome = ERR_NO_MEMORY;
	for (size_t i = 0; i < part_count && (outcome == VALUE_GOOD || outcome == VALUE_OPAQUE);
	     i++)
		parts[i].values = read[i].values;
	report_finish(&quiet);
	mem_free(read);
	if (outcome < 0)
		return outcome;
	return outcome == VALUE_FAULT ? ERR_INVALID : 0;
}
