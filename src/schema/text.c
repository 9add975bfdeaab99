/* Texts with variables and secret references: putting them together, and what may be shown. */
#include <string.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "schema/check.h"
#include "schema/node.h"
#include "schema/report.h"
#include "schema/value.h"

static const char MASK[] = "***";

static void add_literally(struct buf *b, const char *s)
{
	for (; *s; s++) {
		if (*s == '{')
			buf_add_str(b, "%7B");
		else if (*s == '}')
			buf_add_str(b, "%7D");
		else
			buf_add_char(b, *s);
	}
}

static void add_part(const struct text_part *part, bool is_template, struct value_text *t,
                     struct buf *b)
{
	if (part->kind == TEXT_SECRET) {
		t->has_secret = true;
		return;
	}
	if (!part->text) {
		t->has_unknown = true;
		return;
	}
	t->has_plain |= part->text[0] != '\0';
	if (part->kind == TEXT_VARIABLE && is_template)
		add_literally(b, part->text);
	else
		buf_add_str(b, part->text);
}

int value_text_read(struct arena *a, const struct node *node, bool is_template,
                    struct value_text *ret)
{
	struct value_text t = {.s = node->u.s};
	struct buf b;
	int rc = 0;

	if (!node->parts) {
		t.bytes = strlen(t.s);
		t.has_plain = t.bytes > 0;
		*ret = t;
		return 0;
	}
	buf_init(&b, BUF_MAX_TEXT);
	for (size_t i = 0; i < node->part_count; i++)
		add_part(&node->parts[i], is_template, &t, &b);
	t.bytes = b.len_bytes;
	t.s = buf_failed(&b) ? NULL : arena_dup(a, buf_str(&b), b.len_bytes);
	if (t.s)
		*ret = t;
	else
		rc = ERR_NO_MEMORY;
	buf_wipe(&b);
	buf_finish(&b);
	return rc;
}

static struct secret_text *secret_next(struct schema_values *v)
{
	if (v->secret_count == v->secret_cap) {
		size_t cap = v->secret_cap ? 2 * v->secret_cap : 8;
		struct secret_text *secrets = mem_resize(v->secrets, cap, sizeof(*secrets));
		if (!secrets)
			return NULL;
		v->secrets = secrets;
		v->secret_cap = cap;
	}
	return &v->secrets[v->secret_count];
}

static char *path_of(struct arena *a, const struct node *node)
{
	struct buf b;

	buf_init(&b, BUF_MAX_LINE);
	node_path(node, &b);
	char *path = buf_failed(&b) ? NULL : arena_strdup(a, buf_str(&b));
	buf_finish(&b);
	return path;
}

int value_keep_secret(struct value_reader *r, const struct lk_param *row, const struct node *node,
                      const struct value_text *text, struct lk_value *out)
{
	struct schema_values *v = r->values;
	struct secret_text *secret = secret_next(v);
	struct text_part whole = {TEXT_LITERAL, node->u.s};

	if (!secret)
		return ERR_NO_MEMORY;
	*secret = (struct secret_text){
		.path = path_of(&v->arena, node),
		.node = node,
		.parts = node_copy_parts(&v->arena, node->parts ? node->parts : &whole,
	                                 node->parts ? node->part_count : 1),
		.part_count = node->parts ? node->part_count : 1,
		.literal = !text->has_secret,
	};
	if (!secret->path || !secret->parts)
		return ERR_NO_MEMORY;
	out->secret = (uint32_t)++v->secret_count;
	out->u.s = (row->flags & LK_SECRET) && text->has_plain ? MASK : node->u.s;
	out->count = (uint32_t)strlen(out->u.s);
	if (text->has_plain && !text->has_secret)
		report_add(r->report, LK_FAULT_WARNING, node, "literal_secret",
		           "is a secret written into the file; keep it with `linkspan secret set "
		           "NAME` and write ${secret:local/NAME}");
	return VALUE_OPAQUE;
}
