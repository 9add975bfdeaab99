/* Tests of templates: what a program is given, what its result is called, what is wrong with it. */
#include "core/template.h"

#include <stdio.h>

#include "fake_transform.h"
#include "hosting.h"
#include "suite.h"

static void refuse(struct transform *t)
{
	fake_transform_fail(t, TRANSFORM_BAD_PROGRAM, "syntax error at line 1");
}

static void accept_check(struct transform *t)
{
	ck_assert_int_eq(t->check_only, true);
	ck_assert_str_eq(t->names[0], "message");
	ck_assert_ptr_null(t->names[1]);
	t->result = TRANSFORM_OK;
}

static void no_worker(struct transform *t)
{
	fake_transform_fail(t, TRANSFORM_UNAVAILABLE, "no worker can be started");
}

static struct deployment *begin(const char *type, const char *settings)
{
	static const char *const plugins[] = {"actor", "webhook", NULL};

	hosting_begin(plugins, "");
	fake_transform_begin(accept_check);
	hosting_define("Hook", type, settings);
	hosting_start((struct host_options){0});
	return hosting_deployment("Hook");
}

static void end(struct deployment *d)
{
	deployment_destroy(d);
	hosting_end();
}

START_TEST(a_program_is_given_what_is_known_of_the_message)
{
	static const char *const attrs[] = {
		"uri.id",    "7", "uri.tag",     "a", "uri.tag",         "b",
		"uri.map.k", "v", "uri.map.l",   "w", "header.X-Secret", "s",
		"ce.type",   "t", "traceparent", "x", "uri.tag",         "c",
	};
	const struct message_parts m = {
		.id = "msg_1", .content_type = "text/xml", .attrs = attrs, .attr_count = 9};
	struct deployment *d = begin("actor", "body_template = \".\";");
	char *values = template_values(d, &m);

	ck_assert_str_eq(values,
	                 "[{\"id\":\"msg_1\",\"connection\":\"Hook\",\"project\":\"global\","
	                 "\"environment\":\"Test\",\"content_type\":\"text/xml\","
	                 "\"uri\":{\"id\":\"7\",\"tag\":[\"a\",\"b\",\"c\"],"
	                 "\"map\":{\"k\":\"v\",\"l\":\"w\"}},\"ce\":{\"type\":\"t\"}}]");
	mem_free(values);
	end(d);
}
END_TEST

START_TEST(without_memory_there_are_no_values)
{
	static const char *const attrs[] = {"uri.t",   "a", "uri.t", "b",
	                                    "uri.m.k", "v", "ce.x",  "y"};
	const struct message_parts m = {.id = "msg_1", .attrs = attrs, .attr_count = 4};
	struct deployment *d = begin("actor", "body_template = \".\";");
	bool pending = false;

	for (unsigned n = 1; !pending; n++) {
		mem_fail_at(n);
		char *values = template_values(d, &m);
		pending = mem_fail_pending();
		mem_fail_at(0);
		ck_assert_int_eq(values != NULL, pending);
		mem_free(values);
	}
	end(d);
}
END_TEST

static const struct type_row {
	const char *type, *settings;
	const char *json, *text;
} types[] = {
	{"actor", "", "application/json", "text/plain; charset=utf-8"},
	{"webhook", "method = \"POST\"; url = \"http://127.0.0.1/\";", "application/json",
         "text/plain; charset=utf-8"},
	{"webhook", "method = \"POST\"; url = \"http://127.0.0.1/\"; content_type = \"text/csv\";",
         NULL, NULL},
	{"webhook",
         "method = \"POST\"; url = \"http://127.0.0.1/\"; headers = ( { name = \"X-A\"; value = "
         "\"b\"; }, { name = \"content-type\"; value = \"text/csv\"; } );",
         NULL, NULL},
};

START_TEST(the_type_of_a_body_is_the_connections_or_follows_from_it)
{
	const struct type_row *row = &types[_i];
	struct deployment *d = begin(row->type, row->settings);
	const char *json = template_content_type(d, false), *text = template_content_type(d, true);

	ck_assert_int_eq(json != NULL, row->json != NULL);
	if (row->json)
		ck_assert_str_eq(json, row->json);
	ck_assert_int_eq(text != NULL, row->text != NULL);
	if (row->text)
		ck_assert_str_eq(text, row->text);
	end(d);
}
END_TEST

static struct transforms *pool(void)
{
	struct transforms *made = NULL;

	transforms_create(NULL, &made, NULL);
	return made;
}

START_TEST(a_faulty_program_is_named_with_its_place)
{
	struct deployment *d = begin("actor", "body_template = \".a |\";");

	fake_transform_begin(refuse);
	ck_assert_int_eq(template_check(pool(), d, &hosting.report), ERR_INVALID);
	ck_assert_uint_eq(hosting.report.errors, 1);
	ck_assert_str_eq(hosting.report.faults[0].code, "bad_template");
	ck_assert_str_eq(hosting.report.faults[0].path, "body_template");
	ck_assert_uint_eq(hosting.report.faults[0].line, 1);
	ck_assert_str_eq(hosting.report.faults[0].text, "syntax error at line 1");
	end(d);
}
END_TEST

START_TEST(a_good_program_is_compiled_and_none_is_not)
{
	struct deployment *d = begin("actor", "body_template = \".a\";");

	ck_assert_int_eq(template_check(pool(), d, &hosting.report), 0);
	end(d);
	d = begin("actor", "");
	fake_transform_begin(refuse);
	ck_assert_int_eq(template_check(pool(), d, &hosting.report), 0);
	ck_assert_uint_eq(hosting.report.count, 0);
	end(d);
}
END_TEST

START_TEST(where_nothing_can_be_compiled_there_is_a_warning)
{
	struct deployment *d = begin("actor", "body_template = \".a\";");

	fake_transform_begin(no_worker);
	ck_assert_int_eq(template_check(pool(), d, &hosting.report), 0);
	ck_assert_uint_eq(hosting.report.warnings, 1);
	ck_assert_str_eq(hosting.report.faults[0].code, "template_unchecked");
	ck_assert_int_eq(template_check(NULL, d, &hosting.report), 0);
	ck_assert_uint_eq(hosting.report.count, 1); /* nobody asked */
	end(d);
}
END_TEST

/* Without an environment: what is checked of the two, and found. */
static const struct bare_row {
	const char *settings;
	unsigned errors;
} bare[] = {
	{"", 0},
	{"body_template = \"\";", 0},
	{"body_template = \".a |\";", 1},
	{"body_template = \".a | $message | $$x\";", 1},
	{"body_template = \".${field} |\";", 0}, /* who knows */
	{"body_template = 7;", 0},               /* another fault, told by others */
};

static void refuse_all(struct transform *t)
{
	ck_assert_ptr_null(strstr(t->program, "$$"));
	refuse(t);
}

START_TEST(what_holds_no_variable_needs_no_environment)
{
	static const char *const plugins[] = {"actor", NULL};
	struct conf conf = {0};
	char text[512];

	hosting_begin(plugins, "");
	fake_transform_begin(refuse_all);
	snprintf(text, sizeof(text),
	         "connection: { name = \"Hook\"; type = \"actor\"; settings: { %s }; "
	         "environments: { Far: { body_template = \".\"; }; }; };\n",
	         bare[_i].settings);
	folder_write("connections/Hook.conf", text);
	ck_assert_int_ge(
		conf_check(&conf, folder_path("connections/Hook.conf"), NULL, &hosting.report), 0);
	int rc = template_check_bare(pool(), &conf.connections[0], &hosting.report);
	ck_assert_int_eq(rc, ERR_INVALID);
	ck_assert_uint_eq(hosting.report.errors, bare[_i].errors + 1);
	ck_assert_int_eq(template_check_bare(NULL, &conf.connections[0], &hosting.report), 0);
	conf_finish(&conf);
	hosting_end();
}
END_TEST

static void expect_fault(const char *settings, const char *code)
{
	static const char *const plugins[] = {"actor", NULL};
	struct deployment *d = NULL;

	hosting_begin(plugins, "");
	hosting_define("Hook", "actor", settings);
	hosting_start((struct host_options){0});
	deployment_create(&hosting.conf, &hosting.plugins,
	                  conf_connection(&hosting.conf, CONF_GLOBAL, "Hook"),
	                  conf_environment(&hosting.conf, "Test"), &d, &hosting.report);
	ck_assert_ptr_null(d);
	ck_assert_uint_eq(hosting.report.errors, 1);
	ck_assert_str_eq(hosting.report.faults[0].code, code);
	ck_assert_str_eq(hosting.report.faults[0].path, "body_template");
	hosting_end();
}

START_TEST(a_secret_cannot_get_into_a_body)
{
	expect_fault("body_template = \"{token: \\\"${secret:env/TOKEN}\\\"}\";",
	             "secret_in_template");
}
END_TEST

START_TEST(a_variable_of_jq_stays_and_two_dollars_are_one)
{
	struct deployment *d = begin("actor", "body_template = \"$message.id + \\\"$${x}\\\"\";");

	ck_assert_str_eq(template_of(d), "$message.id + \"${x}\"");
	end(d);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(a_program_is_given_what_is_known_of_the_message),
	SUITE_TEST(without_memory_there_are_no_values),
	SUITE_LOOP(the_type_of_a_body_is_the_connections_or_follows_from_it, types),
	SUITE_TEST(a_faulty_program_is_named_with_its_place),
	SUITE_TEST(a_good_program_is_compiled_and_none_is_not),
	SUITE_TEST(where_nothing_can_be_compiled_there_is_a_warning),
	SUITE_LOOP(what_holds_no_variable_needs_no_environment, bare),
	SUITE_TEST(a_secret_cannot_get_into_a_body),
	SUITE_TEST(a_variable_of_jq_stays_and_two_dollars_are_one),
};

SUITE_MAIN("template", tests)
