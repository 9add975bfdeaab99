/* Tests of deploying what is saved. */
#include "cataloguing.h"
#include "suite.h"

#define HOOK(url)                                                                                  \
	"{'type': 'webhook', 'settings': {'method': 'POST', 'url': '" url                          \
	"', 'headers': [{'name': 'X-Key', 'value': '${secret:env/CATALOG_KEY}'}]}, "               \
	"'environments': {'Test': {}, 'Auto': {}}}"

static struct deploy_call of(const char *name)
{
	return (struct deploy_call){.name = name};
}

static int64_t told(const char *member)
{
	return json_as_int(json_get(cataloguing.answer.result, member));
}

static bool told_true(const char *member)
{
	return json_as_bool(json_get(cataloguing.answer.result, member));
}

static void replace(const char *name, const struct json *definition)
{
	cataloguing_well(cataloguing_edit((struct catalog_edit){
		.verb = CATALOG_REPLACE, .name = name, .definition = definition}));
}

/* The text of one member of the first item of `list` in the last result's first item. */
static const char *item(const char *list, const char *member)
{
	const struct json *first = json_at(json_get(cataloguing.answer.result, "items"), 0);

	return json_as_string(json_get(json_at(json_get(first, list), 0), member));
}

/* What an answer of the connection has as the attribute `token`. */
static void expect_token(const char *name, const char *token)
{
	struct send_answer answer = hosting_send(name, "x");
	const struct outcome *outcome = answer.outcome;
	const char *found = "";

	ck_assert_str_eq(outcome->reason, "ok");
	for (uint32_t i = 0; i < outcome->attr_count; i++)
		if (strcmp(outcome->attrs[2 * i], "token") == 0)
			found = outcome->attrs[2 * i + 1];
	ck_assert_str_eq(found, token);
	outcome_destroy(answer.outcome);
}

START_TEST(saving_changes_nothing_that_runs)
{
	cataloguing_begin();
	cataloguing_create(NULL, "Orders", cataloguing_echo("'token': 'a ${PLACE}'", "'Test': {}"));
	ck_assert_int_eq(cataloguing_deploy(of("Orders")), 0);
	ck_assert_int_eq(told("number"), 1);
	ck_assert(told_true("changed"));
	ck_assert_uint_gt(json_count(json_get(cataloguing.answer.result, "changes")), 0);
	/* What was literal was sealed: the text in front is part of it. */
	hosting_expect("Orders", "ok");
	/* Once more it is the same. */
	cataloguing_well(cataloguing_deploy(of("orders")));
	ck_assert_int_eq(told("number"), 1);
	ck_assert(!told_true("changed"));
	replace("Orders", cataloguing_echo("'token': '${PLACE}'", "'Test': {}"));
	char *before = cataloguing_world();
	cataloguing_well(cataloguing_deploy_as(of("Orders"), &cataloguing_dry));
	ck_assert(told_true("changed"));
	ck_assert_int_eq(told("number"), 1);
	cataloguing_same(before);
	cataloguing_well(cataloguing_deploy(of("Orders")));
	ck_assert_int_eq(told("number"), 2);
	expect_token("Orders", "here");
	/* And back. */
	struct deploy_call back = of("Orders");
	back.number = 1;
	cataloguing_well(cataloguing_deploy(back));
	ck_assert_int_eq(told("number"), 3);
	back.number = 9;
	cataloguing_refused(cataloguing_deploy(back), ERR_NOT_FOUND, NULL);
	cataloguing_end();
}
END_TEST

START_TEST(what_was_deployed_runs_after_a_restart)
{
	cataloguing_begin();
	cataloguing_create(NULL, "Orders", cataloguing_echo("'token': '${PLACE}'", "'Test': {}"));
	cataloguing_well(cataloguing_deploy(of("Orders")));
	hosting_define("Orders", "echo", "token = \"changed\";");
	cataloguing_environment("Test", "variables: { PLACE = \"elsewhere\"; };");
	cataloguing_restart();
	expect_token("Orders", "here");
	cataloguing_well(cataloguing_reload(NULL));
	expect_token("Orders", "here");
	cataloguing_well(cataloguing_deploy(of("Orders")));
	expect_token("Orders", "changed");
	cataloguing_end();
}
END_TEST

static const struct {
	struct deploy_call call;
	int rc;
	const char *code;
} refused[] = {
	{{.name = "Nobody"}, ERR_NOT_FOUND, NULL},
	{{.name = "Orders", .project = "Shop"}, ERR_NOT_FOUND, NULL},
	{{.name = "Orders", .environment = "Nowhere"}, ERR_NOT_FOUND, NULL},
	{{.name = "Orders", .environment = "Far"}, ERR_CONFLICT, "not_served"},
	{{.name = "Orders", .environment = "Auto"}, ERR_CONFLICT, "not_in_environment"},
	{{.name = "Orders", .environment = "Live"}, ERR_CONFLICT, "protected"},
	{{.name = "Orders", .environment = "Live", .confirm = "live"}, ERR_CONFLICT, "protected"},
	{{.name = "Secret"}, ERR_INVALID, "invalid_definition"},
};

START_TEST(what_cannot_be_deployed_is_refused)
{
	cataloguing_begin();
	ck_assert_int_eq(unsetenv("CATALOG_MISSING"), 0);
	cataloguing_create(NULL, "Orders",
	                   cataloguing_echo("", "'Test': {}, 'Live': {}, 'Far': {}"));
	cataloguing_create(
		NULL, "Secret",
		cataloguing_echo("'token': '${secret:env/CATALOG_MISSING}'", "'Test': {}"));
	char *before = cataloguing_world();
	cataloguing_refused(cataloguing_deploy(refused[_i].call), refused[_i].rc, refused[_i].code);
	cataloguing_same(before);
	cataloguing_end();
}
END_TEST

START_TEST(a_protected_environment_wants_its_name)
{
	cataloguing_begin();
	cataloguing_create(NULL, "Orders", cataloguing_echo("", "'Live': {}"));
	struct deploy_call call = {.name = "Orders", .environment = "Live", .confirm = "Live"};
	cataloguing_well(cataloguing_deploy(call));
	call.confirm = NULL;
	cataloguing_refused(cataloguing_toggle(call, false), ERR_CONFLICT, "protected");
	cataloguing_refused(cataloguing_undeploy(call), ERR_CONFLICT, "protected");
	call.confirm = "Live";
	cataloguing_well(cataloguing_toggle(call, false));
	cataloguing_well(cataloguing_undeploy(call));
	cataloguing_end();
}
END_TEST

START_TEST(a_deployment_is_switched_off_and_on)
{
	cataloguing_begin();
	cataloguing_create(NULL, "Orders", cataloguing_echo("", "'Test': {}"));
	cataloguing_refused(cataloguing_toggle(of("Orders"), false), ERR_NOT_FOUND, "not_deployed");
	cataloguing_well(cataloguing_deploy(of("Orders")));
	cataloguing_well(cataloguing_toggle(of("Orders"), false));
	hosting_expect("Orders", "disabled");
	cataloguing_restart();
	hosting_expect("Orders", "disabled");
	/* It stays off over a new deployment, and over the connection's own switch. */
	replace("Orders", cataloguing_echo("'delay_ms': 1", "'Test': {}"));
	cataloguing_well(cataloguing_deploy(of("Orders")));
	hosting_expect("Orders", "disabled");
	cataloguing_well(cataloguing_toggle(of("orders"), true));
	hosting_expect("Orders", "ok");
	cataloguing_well(cataloguing_toggle(of("orders"), true));
	cataloguing_end();
}
END_TEST

START_TEST(what_is_undeployed_takes_nothing)
{
	struct send_answer answer;

	cataloguing_begin();
	cataloguing_create("Shop", "Orders", cataloguing_echo("", "'Test': {}"));
	struct deploy_call call = {.project = "Shop", .name = "Orders"};
	cataloguing_refused(cataloguing_undeploy(call), ERR_NOT_FOUND, "not_deployed");
	cataloguing_well(cataloguing_deploy(call));
	/* In whatever letters. */
	call.project = "SHOP";
	call.name = "orders";
	cataloguing_well(cataloguing_undeploy(call));
	struct send_call send = {.project = "Shop",
	                         .connection = "Orders",
	                         .environment = "Test",
	                         .message = hosting_message("x")};
	ck_assert_int_eq(host_send_wait(hosting.host, &send, &answer, NULL), ERR_NOT_FOUND);
	message_unref(send.message);
	char *before = cataloguing_world();
	cataloguing_restart();
	cataloguing_same(before);
	cataloguing_end();
}
END_TEST

/*
 * By itself
 */

START_TEST(what_follows_the_files_is_deployed_by_itself)
{
	struct catalog_reload done = {0};

	cataloguing_prepare();
	hosting_define("Hand", "echo", "");
	folder_write(
		"connections/Hand.conf",
		"connection: { name = \"Hand\"; type = \"echo\"; environments: { Auto: {}; }; };\n");
	cataloguing_start();
	cataloguing_create(NULL, "Orders",
	                   cataloguing_echo("'token': '${PLACE}'", "'Auto': {}, 'Test': {}"));
	ck_assert_str_eq(item("deployed", "environment"), "Auto");
	ck_assert_ptr_null(item("held", "environment"));
	cataloguing_well(cataloguing_reload(&done));
	ck_assert_uint_eq(done.unchanged, 2);
	ck_assert_uint_eq(done.opened + done.changed + done.closed, 0);
	/* A variable changes one, a new file opens one, a removed one closes one. */
	cataloguing_environment("Auto", "auto_deploy = true; variables: { PLACE = \"x\"; };");
	folder_write(
		"connections/New.conf",
		"connection: { name = \"New\"; type = \"echo\"; environments: { Auto: {}; }; };\n");
	ck_assert_int_eq(unlink(folder_path("connections/Hand.conf")), 0);
	cataloguing_well(cataloguing_reload(&done));
	ck_assert_uint_eq(done.opened, 1);
	ck_assert_uint_eq(done.changed, 1);
	ck_assert_uint_eq(done.closed, 1);
	ck_assert_uint_eq(done.unchanged, 0);
	/* A definition that names the environment no more ends there. */
	replace("Orders", cataloguing_echo("", "'Test': {}"));
	char *world = cataloguing_world();
	ck_assert_ptr_null(strstr(world, "runs global/Orders"));
	mem_free(world);
	cataloguing_end();
}
END_TEST

START_TEST(a_changed_switch_is_counted_and_the_rest_is_unchanged)
{
	struct catalog_reload done = {0};

	cataloguing_begin();
	cataloguing_create(NULL, "A", cataloguing_echo("", "'Test': {}"));
	cataloguing_create(NULL, "B", cataloguing_echo("", "'Test': {}"));
	cataloguing_create(NULL, "C", cataloguing_echo("", "'Test': {}"));
	cataloguing_well(cataloguing_deploy(of("A")));
	cataloguing_well(cataloguing_deploy(of("B")));
	cataloguing_well(cataloguing_deploy(of("C")));
	folder_write("connections/A.conf",
	             "connection: { name = \"A\"; type = \"echo\"; enabled = false; "
	             "environments: { Test: {}; }; };\n");
	cataloguing_well(cataloguing_reload(&done));
	ck_assert_uint_eq(done.changed, 1);
	ck_assert_uint_eq(done.unchanged, 2);
	hosting_expect("A", "disabled");
	cataloguing_end();
}
END_TEST

START_TEST(environments_come_and_go_with_a_reload)
{
	struct catalog_reload done = {0};
	struct send_answer answer;

	cataloguing_begin();
	cataloguing_create(NULL, "Orders", cataloguing_echo("", "'Test': {}"));
	cataloguing_well(cataloguing_deploy(of("Orders")));
	folder_write("linkspan.conf", "host: { name = \"test\"; environments = ( \"Auto\" ); "
	                              "state = \"state\"; };\n");
	cataloguing_well(cataloguing_reload(&done));
	ck_assert_uint_eq(done.closed, 1);
	ck_assert_int_eq(hosting_try("Orders", "x", &answer), ERR_NOT_FOUND);
	/* A switch does not open what is not served. */
	cataloguing_well(cataloguing_toggle(of("Orders"), false));
	cataloguing_well(cataloguing_toggle(of("Orders"), true));
	ck_assert_int_eq(hosting_try("Orders", "x", &answer), ERR_NOT_FOUND);
	folder_write("linkspan.conf", "host: { name = \"test\"; environments = ( \"Test\" ); "
	                              "state = \"state\"; };\n");
	cataloguing_well(cataloguing_reload(&done));
	ck_assert_uint_eq(done.opened, 1);
	hosting_expect("Orders", "ok");
	cataloguing_end();
}
END_TEST

START_TEST(a_fault_in_a_file_changes_nothing)
{
	struct catalog_reload done = {.opened = 77};

	cataloguing_begin();
	cataloguing_create(NULL, "Orders", cataloguing_echo("", "'Auto': {}"));
	folder_write("connections/Bad.conf", "connection: { name = \"Other\"; };\n");
	hosting_define("New", "echo", "");
	char *before = cataloguing_world();
	ck_assert_int_eq(cataloguing_reload(&done), ERR_INVALID);
	ck_assert_int_eq(cataloguing.err.code, ERR_INVALID);
	ck_assert_uint_eq(done.opened, 77);
	cataloguing_same(before);
	cataloguing_end();
}
END_TEST

/*
 * Secrets and origins
 */

START_TEST(a_secret_goes_elsewhere_only_on_somebodys_word)
{
	cataloguing_begin();
	ck_assert_int_eq(setenv("CATALOG_KEY", "k", 1), 0);
	cataloguing_create(NULL, "Hook", cataloguing_document(HOOK("https://a.example/1")));
	/* The first time it may go anywhere. */
	ck_assert_str_eq(item("deployed", "environment"), "Auto");
	cataloguing_well(cataloguing_deploy(of("Hook")));
	replace("Hook", cataloguing_document(HOOK("https://a.example/2")));
	ck_assert_str_eq(item("deployed", "environment"), "Auto");
	replace("Hook", cataloguing_document(HOOK("https://b.example/")));
	ck_assert_str_eq(item("held", "environment"), "Auto");
	ck_assert_str_eq(item("held", "code"), "secret_origin");
	char *before = cataloguing_world();
	cataloguing_refused(cataloguing_deploy(of("Hook")), ERR_CONFLICT, "secret_origin");
	const struct json *pair = json_at(json_get(cataloguing.answer.detail, "pairs"), 0);
	ck_assert_str_eq(json_as_string(json_get(pair, "secret")), "env/CATALOG_KEY");
	ck_assert_str_eq(json_as_string(json_get(pair, "origin")), "https://b.example:443");
	cataloguing_refused(cataloguing_deploy_as(of("Hook"), &cataloguing_dry), ERR_CONFLICT,
	                    "secret_origin");
	/* Neither a test of it. */
	struct deployment *d = NULL;
	struct deploy_call call = {.project = "global", .name = "Hook", .environment = "Test"};
	cataloguing_reset();
	cataloguing_refused(catalog_draft(cataloguing.catalog, &call, NULL, &d, &cataloguing.answer,
	                                  &cataloguing.err),
	                    ERR_CONFLICT, "secret_origin");
	cataloguing_reset();
	cataloguing_refused(catalog_draft(cataloguing.catalog, &call,
	                                  cataloguing_document(HOOK("https://c.example/")), &d,
	                                  &cataloguing.answer, &cataloguing.err),
	                    ERR_CONFLICT, "secret_origin");
	ck_assert_ptr_null(d);
	cataloguing_same(before);
	/* Nor a restart, which deploys by itself. */
	before = cataloguing_world();
	cataloguing_restart();
	cataloguing_same(before);
	struct deploy_call sure = of("Hook");
	sure.confirms_secrets = true;
	cataloguing_well(cataloguing_deploy(sure));
	/* Once agreed to, it is so everywhere. */
	sure.confirms_secrets = false;
	sure.environment = "Auto";
	cataloguing_well(cataloguing_deploy(sure));
	ck_assert(told_true("changed"));
	cataloguing_end();
}
END_TEST

START_TEST(a_draft_is_what_would_be_deployed)
{
	struct deployment *d = NULL;
	struct deploy_call call = {.project = "Shop", .name = "New", .environment = "Test"};

	cataloguing_begin();
	cataloguing_reset();
	cataloguing_refused(catalog_draft(cataloguing.catalog, &call, NULL, &d, &cataloguing.answer,
	                                  &cataloguing.err),
	                    ERR_NOT_FOUND, NULL);
	cataloguing_reset();
	cataloguing_well(catalog_draft(
		cataloguing.catalog, &call,
		cataloguing_document("{'type': 'echo', 'enabled': false, 'settings': {'token': "
	                             "'${PLACE}'}, 'environments': {'Test': {}}}"),
		&d, &cataloguing.answer, &cataloguing.err));
	ck_assert_str_eq(d->settings.project, "Shop");
	ck_assert_str_eq(d->settings.connection, "New");
	ck_assert(d->enabled);
	deployment_destroy(d);
	d = NULL;
	cataloguing_reset();
	cataloguing_refused(
		catalog_draft(cataloguing.catalog, &call,
	                      cataloguing_document("{'type': 'echo', 'settings': {'delay_ms': -1}, "
	                                           "'environments': {'Test': {}}}"),
	                      &d, &cataloguing.answer, &cataloguing.err),
		ERR_INVALID, "invalid_definition");
	ck_assert_uint_gt(cataloguing.answer.report.errors, 0);
	call.environment = "Far";
	cataloguing_reset();
	cataloguing_refused(
		catalog_draft(cataloguing.catalog, &call,
	                      cataloguing_document("{'type': 'echo', 'environments': {'Far': {}}}"),
	                      &d, &cataloguing.answer, &cataloguing.err),
		ERR_CONFLICT, "not_served");
	ck_assert_ptr_null(d);
	cataloguing_end();
}
END_TEST

/*
 * Telling
 */

/* "code,code": of the checks that are not well. */
static const char *why(const char *name, const char *environment)
{
	static char text[256];
	struct json *list = NULL;
	size_t used = 0;

	ck_assert_int_eq(catalog_why(cataloguing.catalog, NULL, name, environment, &list, NULL), 0);
	const struct json *checks = json_get(json_at(list, 0), "checks");
	ck_assert_uint_gt(json_count(checks), 5);
	text[0] = '\0';
	for (size_t i = 0; i < json_count(checks); i++)
		if (!json_as_bool(json_get(json_at(checks, i), "ok")))
			used += (size_t)snprintf(
				text + used, sizeof(text) - used, "%s%s", used ? "," : "",
				json_as_string(json_get(json_at(checks, i), "code")));
	json_free(list);
	return text;
}

START_TEST(why_it_does_not_send)
{
	cataloguing_begin();
	cataloguing_create(NULL, "Orders", cataloguing_echo("", "'Test': {}"));
	ck_assert_str_eq(why("Nobody", "Test"), "defined,deployed");
	ck_assert_str_eq(why("Orders", "Test"), "deployed");
	ck_assert_str_eq(why("Orders", "Far"), "environment,deployed");
	ck_assert_str_eq(why("Orders", "Auto"), "environment,deployed");
	cataloguing_well(cataloguing_deploy(of("Orders")));
	ck_assert_str_eq(why("orders", "Test"), "");
	ck_assert_str_eq(why("orders", NULL), "");
	cataloguing_well(cataloguing_toggle(of("Orders"), false));
	ck_assert_str_eq(why("Orders", "Test"), "deployment_enabled");
	replace("Orders", cataloguing_echo("'delay_ms': 1", "'Test': {}"));
	cataloguing_well(cataloguing_edit((struct catalog_edit){
		.verb = CATALOG_REPLACE, .name = "Orders", .sets_enabled = true}));
	ck_assert_str_eq(why("Orders", "Test"), "enabled,deployment_enabled,current");
	cataloguing_end();
}
END_TEST

START_TEST(the_difference_to_what_runs)
{
	struct json *diff = NULL;
	struct err e = {0};

	cataloguing_begin();
	cataloguing_create(NULL, "Orders", cataloguing_echo("", "'Test': {}"));
	ck_assert_int_eq(catalog_diff(cataloguing.catalog, "global", "Orders", "Test", &diff, NULL),
	                 0);
	ck_assert_int_eq(json_kind(json_get(diff, "deployed")), JSON_NULL);
	ck_assert(!json_as_bool(json_get(diff, "same")));
	json_free(diff);
	cataloguing_well(cataloguing_deploy(of("Orders")));
	ck_assert_int_eq(catalog_diff(cataloguing.catalog, "global", "orders", "Test", &diff, NULL),
	                 0);
	ck_assert_int_eq(json_as_int(json_get(diff, "deployed")), 1);
	ck_assert(json_as_bool(json_get(diff, "same")));
	ck_assert_uint_eq(json_count(json_get(diff, "changes")), 0);
	json_free(diff);
	ck_assert_int_eq(catalog_diff(cataloguing.catalog, "global", "Orders", "Auto", &diff, &e),
	                 ERR_NOT_FOUND);
	ck_assert_int_eq(catalog_diff(cataloguing.catalog, "Shop", "Orders", "Test", &diff, NULL),
	                 ERR_NOT_FOUND);
	cataloguing_end();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(saving_changes_nothing_that_runs),
	SUITE_TEST(what_was_deployed_runs_after_a_restart),
	SUITE_LOOP(what_cannot_be_deployed_is_refused, refused),
	SUITE_TEST(a_protected_environment_wants_its_name),
	SUITE_TEST(a_deployment_is_switched_off_and_on),
	SUITE_TEST(what_is_undeployed_takes_nothing),
	SUITE_TEST(what_follows_the_files_is_deployed_by_itself),
	SUITE_TEST(a_changed_switch_is_counted_and_the_rest_is_unchanged),
	SUITE_TEST(environments_come_and_go_with_a_reload),
	SUITE_TEST(a_fault_in_a_file_changes_nothing),
	SUITE_TEST(a_secret_goes_elsewhere_only_on_somebodys_word),
	SUITE_TEST(a_draft_is_what_would_be_deployed),
	SUITE_TEST(why_it_does_not_send),
	SUITE_TEST(the_difference_to_what_runs),
};
SUITE_MAIN("catalog_deploy", tests)
