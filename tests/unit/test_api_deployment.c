/* Deploying over the API, and what refused sends and pages of deployments say; over a catalogue of its own. */
#include <stdio.h>
#include <string.h>

#include "admin/header_names.h"
#include "api_fixture.h"
#include "core/catalog.h"
#include "suite.h"

#define CONNECTIONS "/api/v1/projects/global/connections/"
#define ECHO        CONNECTIONS "Echo"

static struct catalog *catalog;

static void define(const char *file, const char *name, const char *more)
{
	char text[512];

	snprintf(text, sizeof(text),
	         "connection: { name = \"%s\"; type = \"echo\"; %s settings: {}; environments: { "
	         "Test: {}; }; };\n",
	         name, more);
	folder_write(file, text);
}

static void start(void)
{
	static const char *const plugins[] = {"echo", NULL};
	const struct admin_configuration c = api_configuration(NULL);
	struct report report;
	struct err e = {0};

	hosting_begin(plugins, "");
	folder_write("linkspan.conf",
	             "host: { name = \"test\"; environments = ( \"Test\", \"Live\" ); };\n");
	folder_write("environments/Live.conf", "environment: { name = \"Live\"; };\n");
	define("connections/Echo.conf", "Echo", "");
	define("connections/Off.conf", "Off", "enabled = false;");
	define("projects/shop/connections/Own.conf", "Own", "");
	const struct sqlite_options store = {.folder = folder_root};
	ck_assert_msg(sqlite_store_open(&store, &api.store, &e) == 0, "%s", e.text);
	hosting_start((struct host_options){.lanes = 1, .store = api.store});
	const struct catalog_options options = {.file = folder_path("linkspan.conf"),
	                                        .plugins = &hosting.plugins,
	                                        .store = api.store};
	report_init(&report);
	ck_assert_msg(catalog_open(&options, &report, &catalog, &e) == 0, "%s", e.text);
	report_finish(&report);
	ck_assert_msg(catalog_start(catalog, hosting.host, &e) == 0, "%s", e.text);
	const struct admin_options admin = {.host = hosting.host,
	                                    .catalog = catalog,
	                                    .local_fd = api_local_socket(),
	                                    .configuration = &c};
	ck_assert_msg(admin_start(&admin, &api.admin, &e) == 0, "%s", e.text);
}

static void stop(void)
{
	admin_stop(api.admin, 1000);
	host_destroy(hosting.host);
	hosting.host = NULL;
	catalog_close(catalog);
	store_close(api.store);
	hosting_end();
}

static const char *deploy(const char *connection)
{
	char target[128];

	snprintf(target, sizeof(target), CONNECTIONS "%s:deploy", connection);
	return api_ask("POST", target, "{\"environment\": \"Test\"}");
}

/* Each time another one: only what was undeployed is deployed anew although it is the same. */
static void deploy_often(unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		api_expect(deploy("Echo"), 200, NULL);
		api_expect(api_ask("POST", ECHO ":undeploy", "{\"environment\": \"Test\"}"), 200,
		           NULL);
	}
}

static const struct {
	const char *target;
	unsigned status;
	const char *code, *word;
} refusals[] = {
	{CONNECTIONS "Ecko/send", 404, "no_such_connection", "did you mean \"Echo\"?"},
	{CONNECTIONS "Nothing/send", 404, "no_such_connection", "\"Nothing\" in global"},
	{"/api/v1/projects/shop/connections/Nothing/send", 404, "no_such_connection",
         "in shop, nor globally"},
	{ECHO "/send", 404, "not_deployed", "linkspan connection deploy Echo --env Test"},
	{"/api/v1/projects/shop/connections/own/send?mode=direct", 404, "not_deployed",
         "linkspan connection deploy Own --env Test --project shop"},
	{ECHO "/send?env=Other", 409, "not_served", "Other"},
	{CONNECTIONS "Off/send?mode=direct", 409, "disabled", "linkspan connection enable Off"},
};

START_TEST(a_refused_send_says_what_it_lacks)
{
	start();
	api_expect(deploy("Off"), 200, NULL);
	const char *reply = api_ask("POST", refusals[_i].target, "{}");
	api_expect(reply, refusals[_i].status, refusals[_i].code);
	ck_assert_msg(strstr(api_text(reply, "title"), refusals[_i].word) != NULL, "%s", reply);
	stop();
}
END_TEST

START_TEST(a_send_says_which_connection_was_meant)
{
	start();
	struct json *refusal =
		api_read(api_ask("POST", "/api/v1/projects/shop/connections/echo/send", "{}"));
	const struct json *resolved = json_get(refusal, "resolved");
	ck_assert_str_eq(json_as_string(json_get(resolved, "project")), "global");
	ck_assert_str_eq(json_as_string(json_get(resolved, "name")), "Echo");
	ck_assert_int_eq(json_kind(json_get(resolved, "deployment")), JSON_NULL);
	json_free(refusal);
	api_expect(deploy("Echo"), 200, NULL);
	struct json *answer = api_read(
		api_ask("POST", "/api/v1/projects/shop/connections/echo/send?mode=direct", "{}"));
	resolved = json_get(answer, "resolved");
	ck_assert_str_eq(json_as_string(json_get(resolved, "name")), "Echo");
	ck_assert_int_eq(json_as_int(json_get(resolved, "deployment")), 1);
	json_free(answer);
	stop();
}
END_TEST

static const struct {
	const char *target, *body;
	unsigned status;
	const char *code;
} calls[] = {
	{"POST " ECHO ":deploy", "{}", 400, "missing_parameter"},
	{"POST " ECHO ":deploy", "{\"environment\": \"Test\", \"number\": 1}", 400,
         "unknown_parameter"},
	{"POST " ECHO ":undeploy", "{\"environment\": \"Test\", \"note\": \"x\"}", 400,
         "unknown_parameter"},
	{"POST " ECHO ":rollback", "{\"environment\": \"Test\", \"number\": 0}", 400,
         "invalid_parameter"},
	{"POST " ECHO ":rollback", "{\"environment\": \"Test\", \"number\": 7}", 404, "not_found"},
	{"POST " ECHO ":rollback", "{\"environment\": \"Test\"}", 404, "not_found"},
	{"POST " ECHO ":deploy", "{\"environment\": \"Live\"}", 409, "not_in_environment"},
	{"POST " ECHO ":deploy", "{\"environment\": \"Nowhere\"}", 404, "not_found"},
	{"POST " ECHO ":undeploy", "{\"environment\": \"Test\"}", 404, "not_deployed"},
	{"POST " CONNECTIONS "None:deploy", "{\"environment\": \"Test\"}", 404,
         "no_such_connection"},
	{"GET " ECHO "/diff", NULL, 400, "missing_parameter"},
	{"GET " ECHO "/diff?env=Nowhere", NULL, 404, "not_found"},
	{"GET " CONNECTIONS "None/diff?env=Test", NULL, 404, "no_such_connection"},
	{"GET " CONNECTIONS "None/revisions", NULL, 404, "no_such_connection"},
	{"GET " CONNECTIONS "None/status", NULL, 404, "no_such_connection"},
	{"GET " ECHO "/revisions?cursor=Test", NULL, 400, "invalid_parameter"},
	{"GET " ECHO "/revisions?cursor=Test.0", NULL, 400, "invalid_parameter"},
	{"GET " ECHO "/revisions?cursor=Test.1x", NULL, 400, "invalid_parameter"},
	{"GET " ECHO "/revisions/x?env=Test", NULL, 404, "not_found"},
	{"GET " ECHO "/revisions/99999999999?env=Test", NULL, 404, "not_found"},
	{"GET " ECHO "/revisions/1", NULL, 400, "missing_parameter"},
	{"POST /api/v1/definitions:apply", "{}", 400, "missing_parameter"},
	{"POST /api/v1/definitions:apply", "{\"items\": {}}", 400, "missing_parameter"},
	{"POST /api/v1/definitions:apply", "{\"items\": [1]}", 400, "missing_parameter"},
	{"POST /api/v1/definitions:apply", "{\"items\": [], \"environments\": [\"No\"]}", 409,
         "not_served"},
	{"GET /api/v1/names/a?project=" /* too long for a name */
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         NULL, 400, "invalid_parameter"},
};

START_TEST(what_cannot_be_is_a_problem)
{
	char method[8], target[256];

	ck_assert_int_eq(sscanf(calls[_i].target, "%7s %255s", method, target), 2);
	start();
	api_expect(api_ask(method, target, calls[_i].body), calls[_i].status, calls[_i].code);
	stop();
}
END_TEST

/* Page after page of this size: the numbers, in their order. */
static void read_numbers(unsigned limit, char *text, size_t bytes)
{
	char cursor[100] = "", target[256];
	size_t used = 0;

	text[0] = '\0';
	do {
		snprintf(target, sizeof(target), ECHO "/revisions?limit=%u%s%s", limit,
		         cursor[0] ? "&cursor=" : "", cursor);
		struct json *page = api_read(api_ask("GET", target, NULL));
		const struct json *items = json_get(page, "items");
		for (size_t i = 0; i < json_count(items); i++)
			used += (size_t)snprintf(
				text + used, bytes - used, "%lld ",
				(long long)json_as_int(json_get(json_at(items, i), "number")));
		const char *next = json_as_string(json_get(page, "next"));
		snprintf(cursor, sizeof(cursor), "%s", next ? next : "");
		json_free(page);
	} while (cursor[0]);
}

START_TEST(pages_of_any_size_give_all_of_them)
{
	char text[256];

	start();
	deploy_often(5);
	for (unsigned limit = 1; limit <= 6; limit++) {
		read_numbers(limit, text, sizeof(text));
		ck_assert_str_eq(text, "5 4 3 2 1 ");
	}
	stop();
}
END_TEST

static int read_before(const char *name, uint32_t *ret)
{
	struct err e = {0};

	return catalog_number_before(catalog, "global", name, "Test", ret, &e);
}

START_TEST(the_one_before_is_older_than_the_active_one)
{
	uint32_t number = 0;

	start();
	ck_assert_int_eq(read_before("Echo", &number), ERR_NOT_FOUND);
	deploy_often(3);
	ck_assert_int_eq(read_before("Echo", &number), 0);
	ck_assert_uint_eq(number, 3);
	api_expect(deploy("Echo"), 200, NULL);
	ck_assert_int_eq(read_before("Echo", &number), 0);
	ck_assert_uint_eq(number, 3);
	stop();
}
END_TEST

/* Each way of reading with less memory than it needs gives nothing, and says so. */
static int read_once(int what, struct json **ret)
{
	const struct catalog_page page = {.limit = 10};
	const struct deploy_call call = {
		.project = "global", .name = "Echo", .environment = "Test"};
	const struct catalog_word word = {.actor = "test"};
	struct catalog_answer a;
	struct err e = {0};
	bool more;
	int rc;

	if (what == 0)
		return catalog_revisions(catalog, "global", "Echo", &page, ret, &more, &e);
	if (what == 1)
		return catalog_revision(catalog, "global", "Echo", "Test", 1, ret, &e);
	catalog_answer_init(&a);
	rc = catalog_revision(catalog, "global", "Echo", "Test", 1, ret, NULL);
	if (rc == 0)
		rc = catalog_foresee(catalog, &call, json_get(*ret, "definition"), &word, &a, &e);
	if (rc < 0) {
		json_free(*ret);
		*ret = NULL;
	}
	catalog_answer_finish(&a);
	return rc;
}

START_TEST(without_memory_nothing_is_read)
{
	start();
	api_expect(deploy("Echo"), 200, NULL);
	for (int what = 0; what < 3; what++) {
		struct json *read = NULL;
		int rc = ERR_NO_MEMORY;
		for (unsigned n = 1; rc < 0 && n < 1000; n++) {
			mem_fail_at(n);
			rc = read_once(what, &read);
			mem_fail_at(0);
			ck_assert(rc == 0 || !read);
		}
		ck_assert_int_eq(rc, 0);
		json_free(read);
	}
	stop();
}
END_TEST

START_TEST(names_of_headers_stand_once_and_in_order)
{
	for (size_t i = 0; i < header_name_count; i++) {
		ck_assert_uint_gt(strlen(header_names[i].help), 0);
		ck_assert(i == 0 || strcmp(header_names[i - 1].name, header_names[i].name) < 0);
	}
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(a_refused_send_says_what_it_lacks, refusals),
	SUITE_TEST(a_send_says_which_connection_was_meant),
	SUITE_LOOP(what_cannot_be_is_a_problem, calls),
	SUITE_TEST(pages_of_any_size_give_all_of_them),
	SUITE_TEST(the_one_before_is_older_than_the_active_one),
	SUITE_TEST(without_memory_nothing_is_read),
	SUITE_TEST(names_of_headers_stand_once_and_in_order),
};

SUITE_MAIN("api_deployment", tests)
