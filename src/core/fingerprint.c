/* A digest over a deployment: every value with its name, in a form that cannot be read two ways. */
#include "core/fingerprint.h"

#include <linkspan/connector.h>
#include <sys/stat.h>

#include "base/banned.h"
#include "core/deployment.h"
#include "crypto/hash.h"
#include "plug/load.h"
#include "schema/node.h"

static void add_number(struct hash *h, uint64_t n)
{
	hash_add(h, &n, sizeof(n));
}

/* With its length, so that no two rows of texts look alike; NULL is not "". */
static void add_text(struct hash *h, const char *s)
{
	add_number(h, s ? strlen(s) + 1 : 0);
	if (s)
		hash_add(h, s, strlen(s));
}

static void add_node(struct hash *h, const struct node *n)
{
	add_number(h, n->kind);
	add_text(h, n->name);
	switch (n->kind) {
	case NODE_BOOL:
		add_number(h, n->u.b);
		break;
	case NODE_INT:
		add_number(h, (uint64_t)n->u.i);
		break;
	case NODE_FLOAT:
		hash_add(h, &n->u.d, sizeof(n->u.d));
		break;
	case NODE_STRING:
		add_text(h, n->parts ? NULL : n->u.s);
		break;
	default:
		break;
	}
	add_number(h, n->part_count);
	for (size_t i = 0; i < n->part_count; i++) {
		add_number(h, n->parts[i].kind);
		add_text(h, n->parts[i].text);
	}
	add_number(h, n->count);
	for (const struct node *child = n->first; child; child = child->next)
		add_node(h, child);
}

/* A certificate that was renewed has the same name and is another file. */
static void add_file(struct hash *h, const char *path)
{
	struct stat st = {0};

	if (!path || stat(path, &st) < 0)
		return;
	add_number(h, (uint64_t)st.st_ino);
	add_number(h, (uint64_t)st.st_size);
	add_number(h, (uint64_t)st.st_mtim.tv_sec);
	add_number(h, (uint64_t)st.st_mtim.tv_nsec);
}

static void add_files(struct hash *h, const struct lk_param *rows, uint32_t count,
                      const struct lk_value *const *values)
{
	for (uint32_t i = 0; i < count; i++) {
		if (!values || !values[i])
			continue;
		if (rows[i].type == LK_T_FILE)
			add_file(h, values[i]->u.s);
		else if (rows[i].type == LK_T_GROUP)
			add_files(h, rows[i].sub, rows[i].sub_count, values[i]->u.v);
	}
}

void fingerprint(const struct deployment *d, const struct node *settings, const struct node *allow,
                 uint8_t *ret)
{
	struct hash h;

	hash_init(&h);
	add_text(&h, d->type->type.id);
	add_number(&h, d->enabled);
	add_number(&h, d->settings.flags);
	add_node(&h, settings);
	add_number(&h, allow != NULL);
	if (allow)
		add_node(&h, allow);
	for (size_t i = 0; i < sizeof(d->parts) / sizeof(d->parts[0]); i++)
		add_files(&h, d->parts[i].rows, d->parts[i].count, d->parts[i].values);
	hash_end(&h, ret);
}
