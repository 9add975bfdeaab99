/* Connections as documents: states, and links without a file. */
#include "linkspan/catalogue.h"

#include <string.h>

#include "base/banned.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "suite.h"
#include "json/json.h"

static struct conf_connection connection(const char *project, const char *name)
{
	return (struct conf_connection){.name = name,
	                                .project = project,
	                                .type = "webhook",
	                                .file = "/conf/x.conf",
	                                .enabled = true};
}

static const char *text_at(const struct json *item, const char *key)
{
	return json_as_string(json_get(item, key));
}

START_TEST(one_as_a_document)
{
	const struct conf_connection a = connection("global", "A");
	struct json *item = catalogue_item(&a);

	ck_assert_str_eq(text_at(item, "name"), "A");
	ck_assert_str_eq(text_at(item, "project"), "global");
	ck_assert_str_eq(text_at(item, "type"), "webhook");
	ck_assert_str_eq(text_at(item, "file"), "/conf/x.conf");
	ck_assert(json_as_bool(json_get(item, "enabled")));
	ck_assert_int_eq(json_kind(json_get(item, "description")), JSON_NULL);
	ck_assert_int_eq(json_kind(json_get(item, "url_host")), JSON_NULL);
	ck_assert_int_eq(json_kind(json_get(item, "state")), JSON_NULL);
	json_free(item);
}
END_TEST

/* A group with one string. */
static struct node *group_with(struct arena *a, const char *name, const char *key, const char *text)
{
	struct node *group = node_create(a, NODE_GROUP, name, NULL, 0);
	struct node *n = node_create(a, NODE_STRING, key, NULL, 0);

	n->u.s = text;
	node_append(group, n);
	return group;
}

static size_t count_listed(const struct conf *conf, const char *project, const char *environment)
{
	const struct catalogue_filter filter = {.project = project, .environment = environment};
	struct json *document = catalogue_list(conf, &filter);
	size_t count = json_count(json_get(document, "items"));

	json_free(document);
	return count;
}

START_TEST(filters)
{
	struct conf_connection all[] = {connection("global", "A"), connection("shop", "B"),
	                                connection("office", "C")};
	const struct conf conf = {.connections = all, .connection_count = 3};
	struct arena arena;

	arena_init(&arena);
	all[1].environments = group_with(&arena, "environments", "Test", "");
	ck_assert_uint_eq(count_listed(&conf, NULL, NULL), 3);
	ck_assert_uint_eq(count_listed(&conf, "Shop", NULL), 2);
	ck_assert_uint_eq(count_listed(&conf, "none", NULL), 1);
	ck_assert_uint_eq(count_listed(&conf, NULL, "Test"), 1);
	ck_assert_uint_eq(count_listed(&conf, "office", "Test"), 0);
	arena_finish(&arena);
}
END_TEST

START_TEST(users)
{
	struct conf_connection all[] = {connection("global", "A"), connection("shop", "B"),
	                                connection("shop", "C")};
	const struct conf conf = {.connections = all, .connection_count = 3};
	struct arena arena;

	arena_init(&arena);
	all[1].settings = group_with(&arena, "settings", "alert_connection", "a");
	struct node *parts = node_create(&arena, NODE_GROUP, "environments", NULL, 0);
	node_append(parts, group_with(&arena, "Test", "alert_connection", "A"));
	all[2].environments = parts;
	struct json *document = catalogue_usage(&conf, &all[0]);
	const struct json *items = json_get(document, "items");
	ck_assert_uint_eq(json_count(items), 2);
	ck_assert_str_eq(text_at(json_at(items, 0), "name"), "B");
	ck_assert_int_eq(json_kind(json_get(json_at(items, 0), "environment")), JSON_NULL);
	ck_assert_str_eq(text_at(json_at(items, 1), "environment"), "Test");
	ck_assert_str_eq(text_at(json_at(items, 1), "as"), "alert_connection");
	json_free(document);
	arena_finish(&arena);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(one_as_a_document),
	SUITE_TEST(filters),
	SUITE_TEST(users),
};
SUITE_MAIN("catalogue", tests)
