/* The settings of a connection in an environment: what wins over what, and where faults are. */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "folder.h"
#include "schema/node.h"
#include "schema/report.h"
#include "suite.h"

static struct conf conf;
static struct report report;
static struct arena arena;

static void setup(void)
{
	folder_create();
	report_init(&report);
	arena_init(&arena);
	folder_write("linkspan.conf", "host: { name = \"h\"; environments = ( \"Dev\" ); };");
	folder_write("environments/Dev.conf",
	             "environment: { name = \"Dev\";\n"
	             "  variables: { host = \"dev\"; port = \"1\"; };\n"
	             "  tls: { ca_file = \"ca.pem\"; verify = true; }; };");
	folder_write("environments/Prod.conf", "environment: { name = \"Prod\"; };");
	folder_write(
		"projects/p/environments/Dev.conf",
		"environment: { name = \"Dev\"; variables: { host = \"own\"; extra = \"e\"; }; };");
	folder_write("connections/G.conf", "connection: { name = \"G\"; type = \"webhook\";\n"
	                                   "  settings: {\n"
	                                   "    url = \"http://${host}:${port}/\";\n"
	                                   "    a = 1; b = 2;\n"
	                                   "    tls: { verify = false; };\n"
	                                   "    headers = ( \"x\", \"y\" );\n"
	                                   "  };\n"
	                                   "  environments: {\n"
	                                   "    Dev: { b = 3; c = \"${host}\";\n"
	                                   "      headers = ( \"z\" ); };\n"
	                                   "    Prod: { };\n"
	                                   "  }; };");
	folder_write(
		"connections/None.conf",
		"connection: { name = \"None\"; type = \"webhook\"; environments: { Dev: { }; }; };");
	folder_write("projects/p/connections/P.conf",
	             "connection: { name = \"P\"; type = \"webhook\";\n"
	             "  settings: { url = \"http://${host}:${port}/${extra}\"; };\n"
	             "  environments: { Dev: { }; }; };");
	int rc = conf_load(&conf, folder_path("linkspan.conf"), &report);
	ck_assert_msg(rc == 0, "%s", folder_print(&report));
}

static void teardown(void)
{
	arena_finish(&arena);
	conf_finish(&conf);
	report_finish(&report);
	folder_destroy();
}

static const struct node *resolve(const char *project, const char *name, const char *environment,
                                  bool takes_tls)
{
	const struct conf_connection *c = conf_connection(&conf, project, name);

	ck_assert_ptr_nonnull(c);
	return conf_resolve(&conf, c, environment ? conf_environment(&conf, environment) : NULL,
	                    takes_tls, &arena, &report);
}

/* The text of a setting with its variables put in. */
static const char *text_of(const struct node *group, const char *name)
{
	static char text[256];
	const struct node *n = node_get(group, name);

	text[0] = '\0';
	ck_assert_ptr_nonnull(n);
	if (!n->parts)
		return n->u.s;
	for (size_t i = 0, at = 0; i < n->part_count; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s",
		                       n->parts[i].text ? n->parts[i].text : "?");
	return text;
}

START_TEST(lays_the_environment_over_the_settings)
{
	setup();
	const struct node *s = resolve(CONF_GLOBAL, "G", "Dev", true);
	ck_assert_str_eq(folder_print(&report), "");
	ck_assert_str_eq(text_of(s, "url"), "http://dev:1/");
	ck_assert_int_eq(node_get(s, "a")->u.i, 1);
	ck_assert_int_eq(node_get(s, "b")->u.i, 3);
	ck_assert_str_eq(text_of(s, "c"), "dev");
	/* A list is replaced whole. */
	ck_assert_uint_eq(node_get(s, "headers")->count, 1);
	ck_assert_uint_eq(node_get(s, "b")->line, 9);
	ck_assert_uint_eq(node_get(s, "a")->line, 4);
	teardown();
}
END_TEST

START_TEST(lays_the_environments_tls_under_them)
{
	setup();
	const struct node *tls = node_get(resolve(CONF_GLOBAL, "G", "Dev", true), "tls");
	ck_assert_str_eq(text_of(tls, "ca_file"), "ca.pem");
	ck_assert(!node_get(tls, "verify")->u.b);
	/* Where it was written says what a relative path means. */
	ck_assert_str_eq(node_get(tls, "ca_file")->file, folder_path("environments/Dev.conf"));
	ck_assert_str_eq(node_get(tls, "verify")->file, folder_path("connections/G.conf"));

	tls = node_get(resolve(CONF_GLOBAL, "G", "Dev", false), "tls");
	ck_assert_ptr_null(node_get(tls, "ca_file"));
	tls = node_get(resolve(CONF_GLOBAL, "None", "Dev", true), "tls");
	ck_assert(node_get(tls, "verify")->u.b);
	ck_assert_ptr_null(node_get(resolve(CONF_GLOBAL, "None", "Dev", false), "tls"));
	teardown();
}
END_TEST

START_TEST(puts_a_projects_variables_before_the_environments)
{
	setup();
	ck_assert_str_eq(text_of(resolve("p", "P", "Dev", true), "url"), "http://own:1/e");
	/* A global connection does not see them, from whichever project it is called. */
	ck_assert_str_eq(text_of(resolve("p", "G", "Dev", true), "url"), "http://dev:1/");
	teardown();
}
END_TEST

START_TEST(names_the_place_of_an_unknown_variable)
{
	setup();
	ck_assert_ptr_null(resolve(CONF_GLOBAL, "G", "Prod", true));
	ck_assert_str_eq(folder_print(&report),
	                 "connections/G.conf:3: error: url: the environment Prod has no variable "
	                 "\"host\"\n"
	                 "connections/G.conf:3: error: url: the environment Prod has no variable "
	                 "\"port\"\n");
	teardown();
}
END_TEST

START_TEST(refuses_an_environment_that_the_connection_does_not_name)
{
	setup();
	ck_assert_ptr_null(resolve(CONF_GLOBAL, "None", "Prod", true));
	ck_assert_str_eq(
		folder_print(&report),
		"connections/None.conf:1: error: connection.environments: the connection "
		"\"None\" names no environment \"Prod\"; write environments: { Prod: { }; }; "
		"to allow it there\n");
	teardown();
}
END_TEST

START_TEST(gives_bare_settings_without_an_environment)
{
	setup();
	const struct node *s = resolve(CONF_GLOBAL, "G", NULL, true);
	ck_assert_str_eq(text_of(s, "url"), "http://?:?/");
	ck_assert_int_eq(node_get(s, "b")->u.i, 2);
	ck_assert_ptr_null(node_get(node_get(s, "tls"), "ca_file"));
	s = resolve(CONF_GLOBAL, "None", NULL, true);
	ck_assert_int_eq(s->kind, NODE_GROUP);
	ck_assert_uint_eq(s->count, 0);
	ck_assert_str_eq(folder_print(&report), "");
	teardown();
}
END_TEST

START_TEST(does_not_know_the_variables_of_an_assumed_environment)
{
	struct conf alone;

	setup();
	ck_assert_int_eq(conf_check(&alone, folder_path("connections/G.conf"), NULL, &report), 0);
	const struct node *s = conf_resolve(&alone, &alone.connections[0],
	                                    conf_environment(&alone, "Dev"), true, &arena, &report);
	ck_assert_str_eq(text_of(s, "url"), "http://?:?/");
	ck_assert_int_eq(node_get(s, "b")->u.i, 3);
	ck_assert_str_eq(folder_print(&report), "");
	conf_finish(&alone);
	teardown();
}
END_TEST

START_TEST(survives_every_failing_allocation)
{
	const struct node *s = NULL;

	setup();
	for (unsigned n = 1; !s; n++) {
		arena_finish(&arena);
		report_finish(&report);
		mem_fail_at(n);
		s = resolve(CONF_GLOBAL, "G", "Dev", true);
		bool pending = mem_fail_pending();
		mem_fail_at(0);
		ck_assert(s ? pending : report.out_of_memory);
	}
	teardown();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(lays_the_environment_over_the_settings),
	SUITE_TEST(lays_the_environments_tls_under_them),
	SUITE_TEST(puts_a_projects_variables_before_the_environments),
	SUITE_TEST(names_the_place_of_an_unknown_variable),
	SUITE_TEST(refuses_an_environment_that_the_connection_does_not_name),
	SUITE_TEST(gives_bare_settings_without_an_environment),
	SUITE_TEST(does_not_know_the_variables_of_an_assumed_environment),
	SUITE_TEST(survives_every_failing_allocation),
};

SUITE_MAIN("resolve", tests)
