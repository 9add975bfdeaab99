/* Node trees: paths, copies, merging. */
#include <string.h>

#include "base/buf.h"
#include "suite.h"
#include "tree.h"

static struct arena arena;
static char text[4096];

static void add_text(const struct node *n, struct buf *b)
{
	if (n->name)
		buf_printf(b, "%s", n->name);
	if (n->kind == NODE_INT)
		buf_printf(b, "=%lld", (long long)n->u.i);
	if (n->kind == NODE_STRING)
		buf_printf(b, "=%s", n->u.s);
	if (n->kind == NODE_GROUP || n->kind == NODE_LIST) {
		buf_add_char(b, n->kind == NODE_GROUP ? '{' : '(');
		for (const struct node *child = n->first; child; child = child->next) {
			ck_assert_ptr_eq(child->parent, n);
			if (child != n->first)
				buf_add_char(b, ' ');
			add_text(child, b);
		}
		buf_add_char(b, n->kind == NODE_GROUP ? '}' : ')');
	}
}

static const char *text_of(const struct node *n)
{
	struct buf b;

	buf_init(&b, sizeof(text) - 1);
	add_text(n, &b);
	snprintf(text, sizeof(text), "%s", buf_str(&b));
	buf_finish(&b);
	return text;
}

static const struct {
	const char *base, *over, *merged;
} merges[] = {
	{"{\"a\":1,\"b\":2}", "{\"b\":3,\"c\":4}", "{a=1 b=3 c=4}"},
	{"{\"g\":{\"a\":1,\"b\":{\"x\":1}}}", "{\"g\":{\"b\":{\"y\":2}}}", "{g{a=1 b{x=1 y=2}}}"},
	{"{\"l\":[1,2,3]}", "{\"l\":[4]}", "{l(=4)}"},
	{"{\"a\":{\"x\":1}}", "{\"a\":5}", "{a=5}"},
	{"{\"a\":5}", "{\"a\":{\"x\":1}}", "{a{x=1}}"},
	{"{}", "{\"a\":\"s\"}", "{a=s}"},
	{"{\"a\":\"s\"}", "{}", "{a=s}"},
};

START_TEST(merges_groups_member_by_member)
{
	struct node *base, *over, *merged;

	arena_init(&arena);
	base = tree_parse(&arena, merges[_i].base);
	over = tree_parse(&arena, merges[_i].over);
	merged = node_merge(&arena, base, over);
	ck_assert_str_eq(text_of(merged), merges[_i].merged);
	/* Neither of the two was touched. */
	struct arena fresh;
	arena_init(&fresh);
	char before[sizeof(text)];
	snprintf(before, sizeof(before), "%s", text_of(tree_parse(&fresh, merges[_i].base)));
	ck_assert_str_eq(text_of(base), before);
	arena_finish(&fresh);
	arena_finish(&arena);
}
END_TEST

START_TEST(merges_with_nothing)
{
	arena_init(&arena);
	struct node *n = tree_parse(&arena, "{\"a\":1}");
	struct node *under = node_merge(&arena, n, NULL), *over = node_merge(&arena, NULL, n);

	ck_assert_ptr_ne(under, n);
	ck_assert_str_eq(text_of(under), "{a=1}");
	ck_assert_str_eq(text_of(over), "{a=1}");
	ck_assert_ptr_null(node_merge(&arena, NULL, NULL));
	arena_finish(&arena);
}
END_TEST

START_TEST(merged_nodes_know_where_they_were_written)
{
	arena_init(&arena);
	struct node *base = node_create(&arena, NODE_GROUP, "settings", "base.conf", 1);
	struct node *over = node_create(&arena, NODE_GROUP, "Production", "over.conf", 9);
	node_append(base, node_create(&arena, NODE_INT, "a", "base.conf", 2));
	node_append(base, node_create(&arena, NODE_INT, "b", "base.conf", 3));
	node_append(over, node_create(&arena, NODE_INT, "b", "over.conf", 10));

	struct node *merged = node_merge(&arena, base, over);
	ck_assert_str_eq(merged->name, "settings");
	ck_assert_str_eq(merged->file, "over.conf");
	ck_assert_uint_eq(merged->line, 9);
	ck_assert_str_eq(node_get(merged, "a")->file, "base.conf");
	ck_assert_uint_eq(node_get(merged, "a")->line, 2);
	ck_assert_str_eq(node_get(merged, "b")->file, "over.conf");
	ck_assert_uint_eq(node_get(merged, "b")->line, 10);
	arena_finish(&arena);
}
END_TEST

START_TEST(copies_outlive_the_original)
{
	struct arena other;

	arena_init(&arena);
	arena_init(&other);
	struct node *n =
		tree_parse(&other, "{\"s\":\"a${timeout}b${secret:file/x}\",\"l\":[1,{\"k\":2}]}");
	struct node *copy = node_copy(&arena, n);
	arena_wipe(&other);

	const struct node *s = node_get(copy, "s");
	ck_assert_str_eq(s->u.s, "a${timeout}b${secret:file/x}");
	ck_assert_uint_eq(s->part_count, 4);
	ck_assert_int_eq(s->parts[1].kind, TEXT_VARIABLE);
	ck_assert_str_eq(s->parts[1].text, "2000");
	ck_assert_int_eq(s->parts[3].kind, TEXT_SECRET);
	ck_assert_str_eq(s->parts[3].text, "file/x");
	ck_assert_str_eq(text_of(node_get(copy, "l")), "l(=1 {k=2})");
	arena_finish(&arena);
}
END_TEST

START_TEST(names_places)
{
	struct buf b;

	arena_init(&arena);
	buf_init(&b, BUF_MAX_LINE);
	struct node *root = tree_parse(&arena, "{\"settings\":{\"headers\":[{},{\"name\":\"x\"}],"
	                                       "\"m\":[[1,2]]}}");
	struct node *settings = node_get(root, "settings");
	node_path(node_get(node_get(settings, "headers")->last, "name"), &b);
	ck_assert_str_eq(buf_str(&b), "settings.headers[1].name");
	buf_clear(&b);
	node_path(node_get(settings, "m")->first->last, &b);
	ck_assert_str_eq(buf_str(&b), "settings.m[0][1]");
	buf_clear(&b);
	node_path(root, &b);
	ck_assert_str_eq(buf_str(&b), "");
	buf_finish(&b);
	arena_finish(&arena);
}
END_TEST

START_TEST(survives_every_failing_allocation)
{
	unsigned n = 0;
	struct node *merged;

	arena_init(&arena);
	struct node *base = tree_parse(&arena, "{\"a\":{\"x\":\"${timeout}\"},\"b\":[1,2]}");
	struct node *over = tree_parse(&arena, "{\"a\":{\"y\":\"t\"},\"c\":{\"d\":[true]}}");
	do {
		struct arena fresh;
		arena_init(&fresh);
		mem_fail_at(++n);
		/* So often that one block does not hold them. */
		for (int i = 0; i < 20 && (merged = node_merge(&fresh, base, over)); i++)
			ck_assert_uint_eq(merged->count, 3);
		bool pending = mem_fail_pending();
		mem_fail_at(0);
		arena_finish(&fresh);
		if (pending)
			break;
	} while (n < 1000);
	ck_assert_ptr_nonnull(merged);
	ck_assert_uint_gt(n, 2);
	ck_assert_uint_lt(n, 1000);
	arena_finish(&arena);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(merges_groups_member_by_member, merges),
	SUITE_TEST(merges_with_nothing),
	SUITE_TEST(merged_nodes_know_where_they_were_written),
	SUITE_TEST(copies_outlive_the_original),
	SUITE_TEST(names_places),
	SUITE_TEST(survives_every_failing_allocation),
};
SUITE_MAIN("node", tests)
