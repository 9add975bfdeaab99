/* `${name}`, `${secret:provider/path}` and `$$` in the strings of a tree. */
#include "conf/vars.h"

#include <stdbool.h>
#include <string.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/name.h"
#include "conf/secret.h"
#include "schema/node.h"
#include "schema/report.h"

#define SECRET_PREFIX "secret:"

enum { SHOWN_MAX = 80 };

struct expander {
	struct arena *arena;
	const struct vars *vars;
	struct report *report;
	const struct node *at; /* the string being looked at */
	struct text_part *parts;
	size_t count, cap;
	int rc;
};

static void add_part(struct expander *x, enum text_kind kind, const char *text)
{
	if (x->count == x->cap) {
		size_t cap = x->cap ? 2 * x->cap : 4;
		struct text_part *parts = arena_array(x->arena, cap, sizeof(*parts));
		if (!parts) {
			x->rc = ERR_NO_MEMORY;
			return;
		}
		if (x->count)
			memcpy(parts, x->parts, x->count * sizeof(*parts));
		x->parts = parts;
		x->cap = cap;
	}
	x->parts[x->count++] = (struct text_part){kind, text};
}

/* NULL: no memory, noted. */
static char *cut(struct expander *x, const char *text, size_t bytes)
{
	char *copy = arena_dup(x->arena, text, bytes);

	if (!copy)
		x->rc = ERR_NO_MEMORY;
	return copy;
}

/* Literal text up to the next reference, with `$$` undone. */
static const char *take_literal(struct expander *x, enum text_kind kind, const char *p)
{
	const char *end = p;

	while (*end && !(end[0] == '$' && end[1] == '{'))
		end += end[0] == '$' && end[1] == '$' ? 2 : 1;
	char *text = cut(x, p, (size_t)(end - p));
	if (!text)
		return end;

	char *out = text;
	for (; p < end; p++) {
		*out++ = *p;
		if (p[0] == '$' && p[1] == '$')
			p++;
	}
	*out = '\0';
	add_part(x, kind, text);
	return end;
}

static const struct node *find_variable(const struct vars *vars, const char *name)
{
	for (size_t i = 0; i < VARS_TABLES; i++) {
		const struct node *n = vars->tables[i] ? node_get(vars->tables[i], name) : NULL;
		if (n)
			return n;
	}
	return NULL;
}

static const char *nearest_variable(struct expander *x, const char *name)
{
	const char *best = NULL;

	for (size_t i = 0; i < VARS_TABLES && !best; i++) {
		const struct node *table = x->vars->tables[i];
		const char **names =
			table ? arena_array(x->arena, table->count, sizeof(*names)) : NULL;
		size_t count = 0;

		if (!names)
			continue;
		for (const struct node *n = table->first; n; n = n->next)
			names[count++] = n->name;
		best = report_nearest(name, names, count);
	}
	return best;
}

static void fault_unknown(struct expander *x, const char *name)
{
	const char *near = nearest_variable(x, name);

	x->rc = ERR_INVALID;
	report_add(x->report, LK_FAULT_ERROR, x->at, "unknown_variable",
	           "the environment %s has no variable \"%s\"%s%s%s", x->vars->environment, name,
	           near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
}

static void add_references(struct expander *x, enum text_kind kind, const char *text);

static void add_variable(struct expander *x, const char *name)
{
	if (!name_is_plain(name)) {
		report_add(x->report, LK_FAULT_ERROR, x->at, "bad_reference",
		           "`${%.*s}` is no reference; a variable is called " NAME_RULE
		           ", a secret is `${secret:PROVIDER/PATH}`, and `$${` is a literal `${`",
		           SHOWN_MAX, name);
		x->rc = ERR_INVALID;
		return;
	}
	if (x->vars->mode == VARS_UNKNOWN) {
		add_part(x, TEXT_VARIABLE, NULL);
		return;
	}
	if (x->vars->mode == VARS_FORBIDDEN) {
		report_add(x->report, LK_FAULT_ERROR, x->at, "bad_reference",
		           "the value of a variable cannot name another one (`${%s}`); what is "
		           "allowed: text, `${secret:PROVIDER/PATH}`, and `$${` for a literal `${`",
		           name);
		x->rc = ERR_INVALID;
		return;
	}
	const struct node *variable = find_variable(x->vars, name);
	if (variable)
		add_references(x, TEXT_VARIABLE, variable->u.s);
	else
		fault_unknown(x, name);
}

static void add_secret(struct expander *x, const char *reference)
{
	struct err e = {0};

	if (secret_check_reference(reference, &e) == 0) {
		add_part(x, TEXT_SECRET, reference);
		return;
	}
	report_add(x->report, LK_FAULT_ERROR, x->at, "bad_secret", "%s", e.text);
	x->rc = ERR_INVALID;
}

/* p stands at `${`.  Returns what follows the reference. */
static const char *take_reference(struct expander *x, enum text_kind kind, const char *p)
{
	const char *end = strchr(p, '}');

	if (!end) {
		report_add(
			x->report, LK_FAULT_ERROR, x->at, "unterminated_reference",
			"`%.*s` begins a reference that has no `}`; a literal `${` is written `$${`",
			SHOWN_MAX, p);
		x->rc = ERR_INVALID;
		return p + strlen(p);
	}
	const char *inside = cut(x, p + 2, (size_t)(end - p - 2));
	if (!inside)
		return end + 1;
	if (strncmp(inside, SECRET_PREFIX, strlen(SECRET_PREFIX)) == 0)
		add_secret(x, inside + strlen(SECRET_PREFIX));
	else if (kind == TEXT_LITERAL)
		add_variable(x, inside);
	/* else the value of a variable: refused when its environment was read */
	return end + 1;
}

/* kind says what plain text is: TEXT_VARIABLE inside the value of a variable. */
static void add_references(struct expander *x, enum text_kind kind, const char *text)
{
	/* Empty values count: a setting made of an empty variable is set. */
	if (!*text)
		add_part(x, kind, "");
	while (*text && x->rc != ERR_NO_MEMORY)
		text = text[0] == '$' && text[1] == '{' ? take_reference(x, kind, text)
		                                        : take_literal(x, kind, text);
}

static void expand_string(struct expander *x, const struct node *original, struct node *n)
{
	if (!strchr(n->u.s, '$'))
		return;
	x->at = original;
	x->parts = NULL;
	x->count = x->cap = 0;
	add_references(x, TEXT_LITERAL, n->u.s);
	n->parts = x->parts;
	n->part_count = x->count;
}

/* As deep as definitions are allowed to nest.  n is the copy of `original`: faults name the place in
 * the tree that was read, where a key has its whole path. */
static void expand_tree(struct expander *x, const struct node *original, struct node *n)
{
	const struct node *from = original->first;

	if (n->kind == NODE_STRING)
		expand_string(x, original, n);
	for (struct node *to = n->first; to && x->rc != ERR_NO_MEMORY; to = to->next) {
		expand_tree(x, from, to);
		from = from->next;
	}
}

int vars_expand(struct arena *a, const struct node *tree, const struct vars *vars,
                struct report *report, struct node **ret_tree)
{
	struct expander x = {.arena = a, .vars = vars, .report = report};

	struct node *copy = node_copy(a, tree);
	if (!copy)
		return ERR_NO_MEMORY;
	expand_tree(&x, tree, copy);
	if (x.rc == 0)
		*ret_tree = copy;
	return x.rc;
}
