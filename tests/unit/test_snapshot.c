/* Tests of snapshots: the same deployment again, and what changed between two. */
#include "core/snapshot.h"

#include "conf/conf.h"
#include "hosting.h"
#include "store/store.h"
#include "suite.h"
#include "json/json.h"

#define URL "https://hooks.example.com/${PLACE}"

static const char global[] =
	"connection: { name = \"Hook\"; type = \"webhook\"; settings: { url = \"" URL "\"; "
	"method = \"POST\"; request_timeout_ms = 7000; tls: { ca_file = \"certificates/ca.pem\"; }; "
	"headers = ( { name = \"X-Key\"; value = \"${secret:env/KEY}\"; } ); }; "
	"environments: { Test: { method = \"PUT\"; }; Live: { }; }; };\n";
static const char own[] =
	"connection: { name = \"Own\"; type = \"webhook\"; settings: { url = \"" URL
	"/${SHOP}\"; method = \"POST\"; }; environments: { Test: { }; }; };\n";

static void write_environment(const char *variables, const char *allow)
{
	char text[1024];

	snprintf(
		text, sizeof(text),
		"environment: { name = \"Test\"; variables: { PLACE = \"here\"; SHOP = \"none\"; %s }; "
		"network: { allow = ( %s ); }; tls: { minimum = \"1.3\"; }; };\n",
		variables, allow);
	folder_write("environments/Test.conf", text);
}

static void begin(void)
{
	static const char *const plugins[] = {"webhook", NULL};

	hosting_begin(plugins, "");
	folder_write("linkspan.conf",
	             "host: { name = \"test\"; environments = ( \"Test\", \"Live\" ); };\n");
	write_environment("", "\"10.0.0.0/8\"");
	folder_write("environments/Live.conf", "environment: { name = \"Live\"; protected = true; "
	                                       "variables: { PLACE = \"there\"; }; };\n");
	folder_write("projects/Shop/environments/Test.conf",
	             "environment: { name = \"Test\"; variables: { SHOP = \"shop\"; }; };\n");
	folder_write("connections/Hook.conf", global);
	folder_write("connections/certificates/ca.pem", "one\n");
	folder_write("projects/Shop/connections/Own.conf", own);
}

static void load(void)
{
	conf_finish(&hosting.conf);
	hosting.conf = (struct conf){0};
	ck_assert_msg(conf_load(&hosting.conf, folder_path("linkspan.conf"), &hosting.report) == 0,
	              "%s", folder_print(&hosting.report));
}

static void write_text(const char *project, const char *name, const char *environment,
                       struct buf *text)
{
	buf_init(text, BUF_MAX_TEXT);
	ck_assert_int_eq(snapshot_write(&hosting.conf,
	                                conf_connection(&hosting.conf, project, name),
	                                conf_environment(&hosting.conf, environment), text),
	                 0);
}

static const struct {
	const char *project, *name, *environment;
} places[] = {{"global", "Hook", "Test"}, {"global", "Hook", "Live"}, {"Shop", "Own", "Test"}};

START_TEST(the_deployment_is_the_same_again)
{
	const struct store_place place = {places[_i].project, places[_i].name,
	                                  places[_i].environment};
	struct deployment *direct = NULL, *again = NULL;
	struct err e = {0};
	struct buf text;

	begin();
	load();
	write_text(place.project, place.connection, place.environment, &text);
	ck_assert_int_eq(
		deployment_create(&hosting.conf, &hosting.plugins,
	                          conf_connection(&hosting.conf, place.project, place.connection),
	                          conf_environment(&hosting.conf, place.environment), &direct,
	                          &hosting.report),
		0);
	ck_assert_msg(snapshot_deploy(buf_str(&text), &hosting.conf.host, &hosting.plugins, &place,
	                              true, &again, &hosting.report, &e) == 0,
	              "%s %s", e.text, folder_print(&hosting.report));
	ck_assert(deployment_same(direct, again));
	ck_assert_str_eq(again->settings.project, place.project);
	ck_assert_str_eq(again->settings.connection, place.connection);
	ck_assert_str_eq(again->settings.environment, place.environment);
	ck_assert_uint_eq(again->settings.flags, direct->settings.flags);
	ck_assert_str_eq(deployment_value(again, "url")->u.s, deployment_value(direct, "url")->u.s);
	ck_assert(again->enabled);
	deployment_destroy(direct);
	deployment_destroy(again);
	buf_finish(&text);
	hosting_end();
}
END_TEST

START_TEST(it_stays_what_it_was_when_files_change)
{
	static const struct store_place place = {"Shop", "Own", "Test"};
	struct deployment *d = NULL;
	struct buf text;

	begin();
	load();
	write_text("Shop", "Own", "Test", &text);
	folder_write("projects/Shop/environments/Test.conf",
	             "environment: { name = \"Test\"; variables: { SHOP = \"other\"; }; };\n");
	load();
	ck_assert_int_eq(snapshot_deploy(buf_str(&text), &hosting.conf.host, &hosting.plugins,
	                                 &place, false, &d, &hosting.report, NULL),
	                 0);
	ck_assert_str_eq(deployment_value(d, "url")->u.s, "https://hooks.example.com/here/shop");
	ck_assert(!d->enabled);
	deployment_destroy(d);
	buf_finish(&text);
	hosting_end();
}
END_TEST

/* Whether the snapshot of Hook in Test is another one after the change. */
static bool changes(const char *file, const char *content)
{
	struct buf before, after;

	begin();
	load();
	write_text("global", "Hook", "Test", &before);
	folder_write(file, content);
	load();
	write_text("global", "Hook", "Test", &after);
	bool differ = strcmp(buf_str(&before), buf_str(&after)) != 0;
	buf_finish(&before);
	buf_finish(&after);
	hosting_end();
	return differ;
}

START_TEST(only_what_is_used_makes_a_difference)
{
#define ENVIRONMENT(place, unused, allow)                                                          \
	"environment: { name = \"Test\"; variables: { PLACE = \"" place                            \
	"\"; SHOP = \"none\"; UNUSED = \"" unused "\"; }; network: { allow = ( \"" allow           \
	"\" ); }; tls: { minimum = \"1.3\"; }; };\n"
	const char *file = "environments/Test.conf";

	ck_assert(!changes(file, ENVIRONMENT("here", "1", "10.0.0.0/8")));
	ck_assert(changes(file, ENVIRONMENT("elsewhere", "1", "10.0.0.0/8")));
	ck_assert(changes(file, ENVIRONMENT("here", "1", "10.0.0.0/9")));
	ck_assert(!changes(
		"connections/Hook.conf",
		"# said\nconnection: { name = \"Hook\"; type = \"webhook\"; "
		"description = \"new\"; enabled = false; settings: { url = \"" URL
		"\"; method = \"POST\"; request_timeout_ms = 7000; tls: { ca_file = \"certificates/ca.pem\"; }; "
		"headers = ( { name = \"X-Key\"; value = \"${secret:env/KEY}\"; } ); }; "
		"environments: { Test: { method = \"PUT\"; }; }; };\n"));
}
END_TEST

static const char *const no_snapshots[] = {
	"",
	"{",
	"[]",
	"{}",
	"{\"format\": 2, \"type\": \"webhook\", \"connection\": {}, \"environment\": {}}",
	"{\"format\": 1, \"type\": \"webhook\"}",
	"{\"format\": 1, \"type\": \"webhook\", \"connection\": {\"file\": \"a\", \"settings\": {}, "
	"\"part\": {}}, \"environment\": {\"file\": \"b\", \"variables\": {}}}",
	"{\"format\": 1, \"type\": \"gone\", \"connection\": {\"file\": \"a\", \"settings\": {}, "
	"\"part\": {}}, \"environment\": {\"file\": \"b\", \"variables\": {}, \"overlay\": {}, "
	"\"network\": {\"allow\": []}, \"tls\": {}}}",
};

START_TEST(another_text_is_refused)
{
	static const struct store_place place = {"global", "Hook", "Test"};
	struct deployment *d = NULL;
	struct err e = {0};

	begin();
	load();
	ck_assert_int_eq(snapshot_deploy(no_snapshots[_i], &hosting.conf.host, &hosting.plugins,
	                                 &place, true, &d, &hosting.report, &e),
	                 ERR_INVALID);
	ck_assert_ptr_null(d);
	ck_assert_int_eq(e.code, ERR_INVALID);
	ck_assert_str_ne(e.text, "");
	hosting_end();
}
END_TEST

START_TEST(without_memory_there_is_none)
{
	static const struct store_place place = {"Shop", "Own", "Test"};
	struct deployment *d = NULL;
	struct buf text;
	int rc = -1;

	begin();
	load();
	for (unsigned n = 1; rc < 0 && n < 1000; n++) {
		buf_init(&text, BUF_MAX_TEXT);
		mem_fail_at(n);
		rc = snapshot_write(&hosting.conf, conf_connection(&hosting.conf, "Shop", "Own"),
		                    conf_environment(&hosting.conf, "Test"), &text);
		mem_fail_at(0);
		ck_assert(rc == 0 || rc == ERR_NO_MEMORY);
		if (rc < 0)
			buf_finish(&text);
	}
	rc = -1;
	for (unsigned n = 1; rc < 0 && n < 10000; n++) {
		struct err e = {0};
		mem_fail_at(n);
		rc = snapshot_deploy(buf_str(&text), &hosting.conf.host, &hosting.plugins, &place,
		                     true, &d, &hosting.report, &e);
		mem_fail_at(0);
		ck_assert_int_eq(rc, e.code);
		ck_assert(rc == 0 || rc == ERR_NO_MEMORY);
	}
	ck_assert_int_eq(rc, 0);
	deployment_destroy(d);
	buf_finish(&text);
	hosting_end();
}
END_TEST

/*
 * Changes
 */

#define SNAPSHOT(settings, part, tls)                                                               \
	"{\"format\":1,\"type\":\"webhook\",\"connection\":{\"file\":\"c\",\"settings\":{" settings \
	"},\"part\":{" part "}},\"environment\":{\"file\":\"e\",\"protected\":false,"               \
	"\"variables\":{},\"overlay\":{},\"network\":{\"allow\":[]},\"tls\":{" tls "}}}"
#define LIST(a, b)   "\"headers\":[" a "," b "]"
#define HEADER(n, v) "{\"name\":\"" n "\",\"value\":\"" v "\"}"

static const struct {
	const char *before, *after, *changes;
} differences[] = {
	{SNAPSHOT("\"url\":\"a\"", "", ""), SNAPSHOT("\"url\":\"a\"", "", ""), "[]"},
	{SNAPSHOT("\"url\":\"a\"", "", ""), SNAPSHOT("\"url\":\"b\"", "\"method\":\"PUT\"", ""),
         "[{\"path\":\"settings.url\",\"before\":\"a\",\"after\":\"b\"},"
         "{\"path\":\"environment.method\",\"before\":null,\"after\":\"PUT\"}]"},
	/* Literal secrets: one that is changed, one that comes, one within a list that grows, one of the
         * environment. */
	{SNAPSHOT(LIST(HEADER("X-Api-Key", "l1"), HEADER("A", "b")), "", ""),
         SNAPSHOT(LIST(HEADER("X-Api-Key", "l2"), HEADER("A", "c")), "", ""),
         "[{\"path\":\"settings.headers[0].value\",\"before\":\"***\",\"after\":\"***\"},"
         "{\"path\":\"settings.headers[1].value\",\"before\":\"b\",\"after\":\"c\"}]"},
	{SNAPSHOT("", "", ""), SNAPSHOT("", LIST(HEADER("X-Api-Key", "l1"), HEADER("A", "b")), ""),
         "[{\"path\":\"environment.headers\",\"before\":null,\"after\":"
         "[{\"name\":\"X-Api-Key\",\"value\":\"***\"},{\"name\":\"A\",\"value\":\"b\"}]}]"},
	{SNAPSHOT(LIST(HEADER("X-Api-Key", "l1"), HEADER("A", "b")), "", ""),
         SNAPSHOT("\"headers\":[]", "", ""),
         "[{\"path\":\"settings.headers\",\"before\":[{\"name\":\"X-Api-Key\",\"value\":\"***\"},"
         "{\"name\":\"A\",\"value\":\"b\"}],\"after\":[]}]"},
	{SNAPSHOT("", "", ""), SNAPSHOT("", "", "\"client_key_passphrase\":\"l1\""),
         "[{\"path\":\"tls.client_key_passphrase\",\"before\":null,\"after\":\"***\"}]"},
	{SNAPSHOT("", "", "\"client_key_passphrase\":\"l1\""),
         SNAPSHOT("", "", "\"client_key_passphrase\":\"${secret:env/P}\""),
         "[{\"path\":\"tls.client_key_passphrase\",\"before\":\"***\","
         "\"after\":\"${secret:env/P}\"}]"},
};

START_TEST(literal_secrets_are_not_shown_in_changes)
{
	struct buf text;

	begin();
	struct json *list =
		snapshot_changes(&hosting.plugins, differences[_i].before, differences[_i].after);
	buf_init(&text, BUF_MAX_TEXT);
	ck_assert_int_eq(json_write(list, 0, &text), 0);
	ck_assert_str_eq(buf_str(&text), differences[_i].changes);
	buf_finish(&text);
	json_free(list);
	hosting_end();
}
END_TEST

START_TEST(the_first_deployment_is_all_new)
{
	struct buf text;

	begin();
	load();
	write_text("global", "Hook", "Test", &text);
	struct json *list = snapshot_changes(&hosting.plugins, NULL, buf_str(&text));
	ck_assert_uint_gt(json_count(list), 5);
	for (size_t i = 0; i < json_count(list); i++)
		ck_assert_int_eq(json_kind(json_get(json_at(list, i), "before")), JSON_NULL);
	json_free(list);
	buf_finish(&text);
	hosting_end();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(the_deployment_is_the_same_again, places),
	SUITE_TEST(it_stays_what_it_was_when_files_change),
	SUITE_TEST(only_what_is_used_makes_a_difference),
	SUITE_LOOP(another_text_is_refused, no_snapshots),
	SUITE_TEST(without_memory_there_is_none),
	SUITE_LOOP(literal_secrets_are_not_shown_in_changes, differences),
	SUITE_TEST(the_first_deployment_is_all_new),
};
SUITE_MAIN("snapshot", tests)
