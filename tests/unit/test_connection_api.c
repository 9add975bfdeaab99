/* The API of connections over a real catalogue: Echo is saved, and deployed in Test. */
#include <stdio.h>

#include "api_fixture.h"
#include "suite.h"

#define PROJECT "/api/v1/projects/global/connections"
#define ECHO    PROJECT "/Echo"

static const char new_one[] = "{\"name\": \"New\", \"type\": \"echo\", "
			      "\"settings\": {\"delay_ms\": 1}, \"environments\": {\"Test\": {}}}";

/* The text of a header, until the next call. */
static const char *header_of(const char *reply, const char *name)
{
	static char text[256];
	char line[64];

	snprintf(line, sizeof(line), "\r\n%s: ", name);
	const char *found = strstr(reply, line);
	ck_assert_msg(found != NULL, "no %s: %s", name, reply);
	found += strlen(line);
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(found, "\r"), found);
	return text;
}

/* With the ETag that it has now. */
static const char *edit(const char *method, const char *target, const char *body)
{
	static char header[300];
	char path[256];

	snprintf(path, sizeof(path), "%.*s", (int)strcspn(target, "?"), target);
	snprintf(header, sizeof(header), "If-Match: %s\r\n",
	         header_of(api_ask("GET", path, NULL), "ETag"));
	return api_ask_with(method, target, header, body);
}

static void expect_part(const char *reply, unsigned status, const char *part)
{
	ck_assert_msg(peer_status(reply) == status, "%s", reply);
	ck_assert_msg(strstr(peer_body(reply), part) != NULL, "no %s: %s", part, reply);
}

START_TEST(a_connection_is_made_and_found)
{
	api_start_with_catalogue();
	const char *reply = api_ask("POST", PROJECT, new_one);
	expect_part(reply, 201, "\"action\":\"create\"");
	ck_assert_str_eq(header_of(reply, "Location"), PROJECT "/New");
	ck_assert_uint_eq(strlen(header_of(reply, "ETag")), 66);
	reply = api_ask("GET", PROJECT "/new", NULL);
	expect_part(reply, 200, "\"settings\":{\"delay_ms\":1}");
	expect_part(reply, 200, "\"environment\":\"Test\",\"number\":1");
	expect_part(api_ask("GET", PROJECT "?q=NE", NULL), 200, "\"name\":\"New\"");
	api_expect(api_ask("POST", PROJECT, new_one), 409, "name_taken");
	reply = api_ask("GET", PROJECT "/Ecko", NULL);
	api_expect(reply, 404, "not_found");
	ck_assert_ptr_nonnull(strstr(reply, "did you mean \\\"Echo\\\"?"));
	api_stop();
}
END_TEST

START_TEST(a_list_has_pages)
{
	api_start_with_catalogue();
	api_expect(api_ask("POST", PROJECT, new_one), 201, NULL);
	const char *reply = api_ask("GET", "/api/v1/projects/-/connections?limit=1", NULL);
	expect_part(reply, 200, "\"name\":\"Echo\"");
	expect_part(reply, 200, "\"state\":\"idle\",\"states\":{\"Test\":\"idle\"}");
	expect_part(reply, 200, "\"next\":\"global/Echo\"");
	reply = api_ask("GET", PROJECT "?limit=1&cursor=global/Echo", NULL);
	expect_part(reply, 200, "\"name\":\"New\"");
	expect_part(reply, 200, "\"next\":null");
	expect_part(api_ask("GET", PROJECT "?env=Nowhere", NULL), 200, "\"items\":[]");
	expect_part(api_ask("GET", "/api/v1/projects/p/connections", NULL), 200, "\"items\":[]");
	api_stop();
}
END_TEST

START_TEST(what_was_read_can_be_sent_back_and_changes_nothing)
{
	static char document[8192], etag[128], header[160];

	api_start_with_catalogue();
	const char *reply = api_ask("GET", ECHO, NULL);
	snprintf(document, sizeof(document), "%s", peer_body(reply));
	snprintf(etag, sizeof(etag), "%s", header_of(reply, "ETag"));
	snprintf(header, sizeof(header), "If-Match: %s\r\n", etag);
	reply = api_ask_with("PUT", ECHO, header, document);
	expect_part(reply, 200, "\"action\":\"none\"");
	ck_assert_str_eq(header_of(reply, "ETag"), etag);
	api_stop();
}
END_TEST

START_TEST(an_edit_needs_what_it_edits)
{
	static char header[300];

	api_start_with_catalogue();
	api_expect(api_ask("PUT", ECHO, "{}"), 428, "if_match_needed");
	api_expect(api_ask("DELETE", ECHO, NULL), 428, "if_match_needed");
	api_expect(api_ask_with("DELETE", ECHO, "If-Match: x\r\n", NULL), 400, "invalid_parameter");
	snprintf(header, sizeof(header), "If-Match: %s\r\n",
	         header_of(api_ask("GET", ECHO, NULL), "ETag"));
	static const char patch[] = "{\"settings\": {\"delay_ms\": 2}}";
	expect_part(api_ask_with("PATCH", ECHO, header, patch), 200, "\"action\":\"update\"");
	const char *reply = api_ask_with("PATCH", ECHO, header, "{\"description\": \"other\"}");
	api_expect(reply, 412, "stale");
	expect_part(reply, 412, "\"definition\":{");
	expect_part(reply, 412, "\"path\":\"description\"");
	expect_part(api_ask_with("PATCH", ECHO, "If-Match: *\r\n", "{\"description\": \"other\"}"),
	            200, "\"description\":\"other\"");
	api_stop();
}
END_TEST

static const struct {
	const char *method, *body;
	unsigned status;
	const char *code, *part;
} refused[] = {
	{"PATCH", "{\"settings\": {\"delay\": 1}}", 422, "invalid_definition",
         "\"pointer\":\"/settings/delay\",\"code\":\"unknown_key\""},
	{"PATCH", "{\"settings\": {\"delay_ms\": -1, \"headers\": [{}]}}", 422,
         "invalid_definition", "/settings/headers/0"},
	{"PATCH", "{\"colour\": 1}", 422, "invalid_definition", "/colour"},
	{"PATCH", "[]", 400, "invalid_json", "is not an object"},
	{"PUT", "{\"type\": \"echoo\"}", 422, "invalid_definition", "\"pointer\":\"/type\""},
	{"PATCH", "{\"name\": \"a:b\"}", 422, "invalid_name", "the name may hold only"},
};

START_TEST(a_faulty_definition_is_refused_and_changes_nothing)
{
	static char before[128];

	api_start_with_catalogue();
	snprintf(before, sizeof(before), "%s", header_of(api_ask("GET", ECHO, NULL), "ETag"));
	const char *reply = edit(refused[_i].method, ECHO, refused[_i].body);
	api_expect(reply, refused[_i].status, refused[_i].code);
	expect_part(reply, refused[_i].status, refused[_i].part);
	ck_assert_str_eq(header_of(api_ask("GET", ECHO, NULL), "ETag"), before);
	api_stop();
}
END_TEST

START_TEST(a_patch_of_another_type_is_refused)
{
	api_start_with_catalogue();
	api_expect(api_ask_with("PATCH", ECHO, "If-Match: *\r\nContent-Type: text/plain\r\n", "{}"),
	           415, "unsupported_media_type");
	expect_part(api_ask_with("PATCH", ECHO,
	                         "If-Match: *\r\n"
	                         "Content-Type: application/merge-patch+json;charset=utf-8\r\n",
	                         "{}"),
	            200, "\"action\":\"none\"");
	api_stop();
}
END_TEST

/* Dry runs: what it would be, and nothing of it. */
static const struct {
	const char *method, *target, *body;
	unsigned status;
	const char *part;
} tries[] = {
	{"POST", PROJECT "?dry_run=true",
         "{\"name\": \"New\", \"type\": \"echo\", \"environments\": {\"Test\": {}}}", 200,
         "\"action\":\"create\""},
	{"PATCH", ECHO "?dry_run=true", "{\"description\": \"d\"}", 200, "\"action\":\"update\""},
	{"PUT", ECHO "?dry_run=true", "{\"type\": \"echo\"}", 200, "\"action\":\"update\""},
	{"DELETE", ECHO "?dry_run=true", NULL, 200, "\"action\":\"delete\""},
	{"POST", ECHO ":rename?dry_run=true", "{\"name\": \"Other\"}", 200,
         "\"action\":\"rename\""},
	{"POST", ECHO ":move?dry_run=true", "{\"project\": \"p\"}", 200, "\"action\":\"move\""},
	{"POST", ECHO ":duplicate?dry_run=true", "{\"name\": \"Other\"}", 200,
         "\"action\":\"create\""},
	{"POST", ECHO ":disable?dry_run=true", NULL, 200, "\"action\":\"disable\""},
	{"POST", ECHO ":disable?env=Test&dry_run=true", NULL, 200, "\"enabled\":false"},
	{"POST", ECHO ":deploy?dry_run=true", "{\"environment\": \"Test\"}", 200,
         "\"changed\":false"},
	{"POST", ECHO ":undeploy?dry_run=true", "{\"environment\": \"Test\"}", 200, "\"number\":1"},
	{"POST", "/api/v1/definitions:apply?dry_run=true",
         "{\"items\": [], \"prune\": true, \"projects\": [\"global\"]}", 200,
         "\"action\":\"delete\""},
};

START_TEST(a_dry_run_changes_nothing)
{
	static char before[8192];

	api_start_with_catalogue();
	snprintf(before, sizeof(before), "%s",
	         peer_body(api_ask("GET", "/api/v1/projects/-/connections", NULL)));
	expect_part(
		api_ask_with(tries[_i].method, tries[_i].target, "If-Match: *\r\n", tries[_i].body),
		tries[_i].status, tries[_i].part);
	ck_assert_str_eq(peer_body(api_ask("GET", "/api/v1/projects/-/connections", NULL)), before);
	api_stop();
}
END_TEST

START_TEST(it_gets_another_name_and_another_place)
{
	api_start_with_catalogue();
	const char *reply = api_ask("POST", ECHO ":duplicate", "{\"name\": \"Copy of it\"}");
	ck_assert_uint_eq(peer_status(reply), 201);
	ck_assert_str_eq(header_of(reply, "Location"), PROJECT "/Copy%20of%20it");
	expect_part(api_ask("POST", ECHO ":rename", "{\"name\": \"Voice\"}"), 200,
	            "\"name\":\"Voice\"");
	api_expect(api_ask("GET", ECHO, NULL), 404, "not_found");
	expect_part(api_ask("POST", PROJECT "/Voice:move", "{\"project\": \"shop\"}"), 200,
	            "\"project\":\"shop\"");
	/* What runs went along. */
	expect_part(api_ask("GET", "/api/v1/projects/shop/connections/Voice", NULL), 200,
	            "\"deployments\":[{\"environment\":\"Test\"");
	expect_part(
		edit("PATCH", "/api/v1/projects/shop/connections/Voice", "{\"name\": \"Sound\"}"),
		200, "\"action\":\"rename\"");
	api_expect(api_ask("POST", "/api/v1/projects/shop/connections/Sound:rename",
	                   "{\"name\": \"Copy of it\"}"),
	           409, "name_taken");
	api_expect(api_ask("POST", PROJECT "/Sound:rename", "{\"name\": \"x\"}"), 404, "not_found");
	api_stop();
}
END_TEST

START_TEST(it_is_deployed_and_taken_back)
{
	api_start_with_catalogue();
	expect_part(api_ask("POST", ECHO ":rollback", "{\"environment\": \"Test\"}"), 404,
	            "no earlier deployment");
	/* Test deploys by itself. */
	expect_part(edit("PATCH", ECHO, "{\"settings\": {\"delay_ms\": 3}}"), 200,
	            "\"deployed\":[{\"environment\":\"Test\",\"number\":2}]");
	expect_part(api_ask("GET", ECHO "/revisions?limit=1", NULL), 200, "\"next\":\"Test.2\"");
	const char *reply = api_ask("GET", ECHO "/revisions?cursor=Test.2&env=Test", NULL);
	expect_part(reply, 200, "\"number\":1");
	expect_part(reply, 200, "\"active\":false");
	expect_part(reply, 200, "\"next\":null");
	expect_part(api_ask("GET", ECHO "/revisions/2?env=Test", NULL), 200,
	            "\"definition\":{\"type\":\"echo\",\"settings\":{\"delay_ms\":3},"
	            "\"environments\":{\"Test\":{}}}");
	api_expect(api_ask("GET", ECHO "/revisions/9?env=Test", NULL), 404, "not_found");
	api_expect(api_ask("GET", ECHO "/revisions/2", NULL), 400, "missing_parameter");
	expect_part(api_ask("GET", ECHO "/diff?env=Test", NULL), 200, "\"same\":true");
	reply = api_ask("POST", ECHO ":rollback", "{\"environment\": \"Test\", \"note\": \"no\"}");
	expect_part(reply, 200, "\"number\":3");
	expect_part(api_ask("GET", ECHO "/diff?env=Test", NULL), 200,
	            "\"path\":\"settings.delay_ms\"");
	reply = api_ask("POST", ECHO ":deploy", "{\"environment\": \"Test\"}");
	expect_part(reply, 200, "\"number\":4");
	expect_part(reply, 200, "\"changed\":true");
	expect_part(api_ask("POST", ECHO ":undeploy", "{\"environment\": \"Test\"}"), 200,
	            "\"deployed\":false");
	api_expect(api_ask("POST", ECHO ":undeploy", "{\"environment\": \"Test\"}"), 404,
	           "not_deployed");
	/* Where nothing runs, back is the newest that did. */
	expect_part(api_ask("POST", ECHO ":rollback", "{\"environment\": \"Test\"}"), 200,
	            "\"number\":5");
	api_expect(api_ask("POST", ECHO ":deploy", "{\"environment\": \"Moon\"}"), 404,
	           "not_found");
	api_stop();
}
END_TEST

START_TEST(another_name_is_no_other_definition)
{
	api_start_with_catalogue_that(false);
	expect_part(api_ask("GET", ECHO, NULL), 200, "\"deployments\":[]");
	expect_part(api_ask("POST", ECHO ":deploy", "{\"environment\": \"Test\"}"), 200,
	            "\"number\":1");
	expect_part(api_ask("GET", ECHO, NULL), 200, "\"current\":true");
	expect_part(api_ask("POST", ECHO ":rename", "{\"name\": \"Voice\"}"), 200,
	            "\"current\":true");
	api_stop();
}
END_TEST

START_TEST(it_is_switched_off_and_on)
{
	api_start_with_catalogue();
	expect_part(api_ask("POST", ECHO ":disable?env=Test", "{}"), 200, "\"enabled\":false");
	expect_part(api_ask("GET", ECHO "/status", NULL), 200,
	            "\"code\":\"deployment_enabled\",\"ok\":false");
	expect_part(api_ask("POST", ECHO ":enable?env=Test", NULL), 200, "\"enabled\":true");
	expect_part(api_ask("POST", ECHO ":disable", NULL), 200, "\"enabled\":false");
	expect_part(api_ask("GET", PROJECT, NULL), 200, "\"state\":\"disabled\"");
	expect_part(api_ask("POST", ECHO ":enable", NULL), 200, "\"action\":\"enable\"");
	api_stop();
}
END_TEST

START_TEST(the_status_knows_what_was_never_deployed)
{
	api_start_with_catalogue();
	expect_part(api_ask("POST", PROJECT, new_one), 201, "\"number\":1");
	api_ask("POST", PROJECT "/New:undeploy", "{\"environment\": \"Test\"}");
	const char *reply = api_ask("GET", PROJECT "/New/status", NULL);
	expect_part(reply, 200, "\"state\":\"undeployed\"");
	expect_part(reply, 200, "\"code\":\"deployed\",\"ok\":false");
	expect_part(api_ask("GET", PROJECT "/New/status?env=Moon", NULL), 200,
	            "does not serve the environment Moon");
	api_expect(api_ask("GET", PROJECT "/None/status", NULL), 404, "no_such_connection");
	api_stop();
}
END_TEST

START_TEST(names_types_headers_and_environments_are_told)
{
	api_start_with_catalogue();
	expect_part(api_ask("GET", "/api/v1/names/Free", NULL), 200, "\"available\":true");
	expect_part(api_ask("GET", "/api/v1/names/echo?project=p", NULL), 200,
	            "the name is taken by \\\"Echo\\\" in global");
	expect_part(api_ask("GET", "/api/v1/environments", NULL), 200,
	            "\"served\":true,\"protected\":false,\"auto_deploy\":true");
	expect_part(api_ask("GET", "/api/v1/connection-types", NULL), 200, "\"id\":\"echo\"");
	const char *reply = api_ask("GET", "/api/v1/header-names", NULL);
	expect_part(reply, 200, "\"name\":\"Idempotency-Key\"");
	ck_assert_ptr_null(strstr(reply, "Content-Length\",\"help"));
	expect_part(api_ask("GET", ECHO "/usage", NULL), 200, "\"items\":[]");
	api_stop();
}
END_TEST

static const char two[] =
	"{\"items\": [{\"definition\": {\"name\": \"Echo\", \"type\": \"echo\", "
	"\"settings\": {\"delay_ms\": 7}, \"environments\": {\"Test\": {}}}}, "
	"{\"project\": \"shop\", \"definition\": {\"name\": \"Till\", \"type\": \"echo\", "
	"\"environments\": {\"Test\": {}}}}], \"deploy\": true}";

START_TEST(many_are_applied_at_once)
{
	api_start_with_catalogue();
	const char *reply = api_ask("POST", "/api/v1/definitions:apply?dry_run=true", two);
	expect_part(reply, 200, "\"path\":\"settings.delay_ms\",\"before\":null,\"after\":7");
	expect_part(reply, 200, "\"deployed\":[{\"environment\":\"Test\",\"number\":null}]");
	reply = api_ask("POST", "/api/v1/definitions:apply", two);
	expect_part(reply, 200, "\"action\":\"update\"");
	expect_part(reply, 200, "\"action\":\"create\"");
	expect_part(reply, 200, "\"deployed\":[{\"environment\":\"Test\",\"number\":2}]");
	reply = api_ask("POST", "/api/v1/definitions:apply", two);
	ck_assert_ptr_null(strstr(reply, "\"update\""));
	expect_part(reply, 200, "\"deployed\":[],\"held\":[]");
	reply = api_ask("POST", "/api/v1/definitions:apply",
	                "{\"items\": [], \"prune\": true, \"projects\": [\"shop\"]}");
	expect_part(reply, 200, "\"name\":\"Till\",\"action\":\"delete\"");
	ck_assert_ptr_null(strstr(reply, "Echo"));
	api_expect(api_ask("POST", "/api/v1/definitions:apply", "{\"prune\": true}"), 400,
	           "missing_parameter");
	api_stop();
}
END_TEST

START_TEST(one_that_is_faulty_keeps_back_all)
{
	api_start_with_catalogue();
	const char *reply =
		api_ask("POST", "/api/v1/definitions:apply",
	                "{\"items\": [{\"definition\": {\"name\": \"Good\", \"type\": \"echo\"}}, "
	                "{\"definition\": {\"name\": \"Bad\", \"type\": \"echo\", "
	                "\"settings\": {\"delay_ms\": -1}}}]}");
	api_expect(reply, 422, "invalid_definition");
	expect_part(reply, 422, "\"pointer\":\"/items/1/definition/settings/delay_ms\"");
	api_expect(api_ask("GET", PROJECT "/Good", NULL), 404, "not_found");
	reply = api_ask("POST", "/api/v1/definitions:apply", "{\"items\": [{\"definition\": {}}]}");
	api_expect(reply, 400, "missing_parameter");
	expect_part(reply, 400, "/items/0/definition/name");
	api_stop();
}
END_TEST

START_TEST(it_is_deleted_unless_it_is_used)
{
	api_start_with_catalogue();
	api_expect(api_ask("POST", PROJECT,
	                   "{\"name\": \"User\", \"type\": \"echo\", "
	                   "\"settings\": {\"alert_connection\": \"Echo\"}, "
	                   "\"environments\": {\"Test\": {}}}"),
	           201, NULL);
	const char *reply = edit("DELETE", ECHO, NULL);
	api_expect(reply, 409, "in_use");
	expect_part(reply, 409,
	            "\"users\":[{\"kind\":\"connection\",\"project\":\"global\","
	            "\"name\":\"User\"");
	expect_part(api_ask("GET", ECHO "/usage", NULL), 200, "\"as\":\"alert_connection\"");
	reply = api_ask("POST", "/api/v1/definitions:apply?dry_run=true",
	                "{\"items\": [], \"prune\": true, \"projects\": [\"global\"]}");
	ck_assert_msg(peer_status(reply) == 200, "%s", reply);
	ck_assert_uint_eq(peer_status(edit("DELETE", ECHO "?force=true", NULL)), 204);
	api_expect(api_ask("GET", ECHO, NULL), 404, "not_found");
	api_stop();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(a_connection_is_made_and_found),
	SUITE_TEST(a_list_has_pages),
	SUITE_TEST(what_was_read_can_be_sent_back_and_changes_nothing),
	SUITE_TEST(an_edit_needs_what_it_edits),
	SUITE_LOOP(a_faulty_definition_is_refused_and_changes_nothing, refused),
	SUITE_TEST(a_patch_of_another_type_is_refused),
	SUITE_LOOP(a_dry_run_changes_nothing, tries),
	SUITE_TEST(it_gets_another_name_and_another_place),
	SUITE_TEST(it_is_deployed_and_taken_back),
	SUITE_TEST(another_name_is_no_other_definition),
	SUITE_TEST(it_is_switched_off_and_on),
	SUITE_TEST(the_status_knows_what_was_never_deployed),
	SUITE_TEST(names_types_headers_and_environments_are_told),
	SUITE_TEST(many_are_applied_at_once),
	SUITE_TEST(one_that_is_faulty_keeps_back_all),
	SUITE_TEST(it_is_deleted_unless_it_is_used),
};

SUITE_MAIN("connection_api", tests)
