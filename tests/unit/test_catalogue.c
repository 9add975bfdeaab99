/* Connections as documents: hosts of URLs, states, and links without a file. */
#include "linkspan/catalogue.h"

#include <string.h>

#include "base/banned.h"
#include "suite.h"
#include "json/json.h"

static const struct {
	const char *url, *host;
} urls[] = {
	{"https://a.example/x", "a.example"},
	{"https://a.example:8443", "a.example:8443"},
	{"http://user:secret@a.example/", "a.example"},
	{"http://user:se@cret@a.example/", "a.example"},
	{"http://[::1]:9000/x", "[::1]:9000"},
	{"https://a.example?key=secret", "a.example"},
	{"https://a.example#x", "a.example"},
	{"https://a.example{?q}", "a.example"},
	{"https://${host}:${port}/orders/{id}", "${host}:${port}"},
	{"${base}/orders", ""},
	{"/orders", ""},
	{"", ""},
	{NULL, ""},
};

START_TEST(the_host_of_a_url)
{
	char text[64];

	catalogue_url_host(urls[_i].url, text, sizeof(text));
	ck_assert_str_eq(text, urls[_i].host);
}
END_TEST

START_TEST(a_long_host_is_cut)
{
	char text[4];

	catalogue_url_host("https://a.example/", text, sizeof(text));
	ck_assert_str_eq(text, "a.e");
}
END_TEST

START_TEST(the_state_to_look_at_first)
{
	ck_assert_str_eq(catalogue_worse(NULL, "idle"), "idle");
	ck_assert_str_eq(catalogue_worse("idle", "blocked"), "blocked");
	ck_assert_str_eq(catalogue_worse("blocked", "idle"), "blocked");
	ck_assert_str_eq(catalogue_worse("sending", "paused"), "paused");
	ck_assert_str_eq(catalogue_worse("idle", "of later times"), "idle");
}
END_TEST

static struct json *links(void)
{
	static const char text[] =
		"[{\"project\": \"global\", \"connection\": \"A\", \"environment\": \"Test\","
		"  \"state\": \"idle\", \"enabled\": true},"
		" {\"project\": \"shop\", \"connection\": \"A\", \"environment\": \"Test\","
		"  \"state\": \"paused\", \"enabled\": true},"
		" {\"project\": \"global\", \"connection\": \"A\", \"environment\": \"Production\","
		"  \"state\": \"blocked\", \"enabled\": true}]";
	struct json *list = NULL;

	ck_assert_int_eq(json_read(text, sizeof(text) - 1, &list, NULL), 0);
	return list;
}

static const char *text_at(const struct json *item, const char *key)
{
	return json_as_string(json_get(item, key));
}

START_TEST(links_without_a_file)
{
	const struct catalogue_filter all = {0};
	struct json *list = links(), *document = catalogue_list(NULL, list, &all);
	const struct json *items = json_get(document, "items");

	ck_assert_uint_eq(json_count(items), 2);
	const struct json *a = json_at(items, 0);
	ck_assert_str_eq(text_at(a, "name"), "A");
	ck_assert_str_eq(text_at(a, "project"), "global");
	ck_assert_str_eq(text_at(a, "state"), "blocked");
	ck_assert_str_eq(text_at(json_get(a, "states"), "Test"), "idle");
	ck_assert_uint_eq(json_count(json_get(a, "environments")), 2);
	ck_assert_int_eq(json_kind(json_get(a, "type")), JSON_NULL);
	ck_assert(json_as_bool(json_get(a, "enabled")));
	json_free(document);
	json_free(list);
}
END_TEST

START_TEST(filters)
{
	const struct catalogue_filter office = {.project = "office"};
	const struct catalogue_filter production = {.environment = "Production"};
	struct json *list = links(), *document = catalogue_list(NULL, list, &office);

	ck_assert_uint_eq(json_count(json_get(document, "items")), 1);
	json_free(document);
	document = catalogue_list(NULL, list, &production);
	ck_assert_uint_eq(json_count(json_get(document, "items")), 1);
	ck_assert_str_eq(text_at(json_at(json_get(document, "items"), 0), "project"), "global");
	json_free(document);
	json_free(list);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(the_host_of_a_url, urls),
	SUITE_TEST(a_long_host_is_cut),
	SUITE_TEST(the_state_to_look_at_first),
	SUITE_TEST(links_without_a_file),
	SUITE_TEST(filters),
};
SUITE_MAIN("catalogue", tests)
