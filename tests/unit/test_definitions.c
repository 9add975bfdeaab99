/* Whole configurations: what is found in the folders, and every fault a user can make in them. */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "folder.h"
#include "schema/check.h"
#include "schema/node.h"
#include "schema/report.h"
#include "suite.h"

#define HOST "host: { name = \"h\"; environments = ( \"Dev\" ); };\n"
#define DEV  "environment: { name = \"Dev\"; variables: { host = \"h\"; }; };\n"
#define CONNECTION(name)                                                                           \
	"connection: {\n  name = \"" name                                                          \
	"\";\n  type = \"webhook\";\n  environments: { Dev: {}; };\n};\n"

static struct conf conf;
static struct report report;

/* The smallest good configuration; a test adds to it or writes over it. */
static void setup(void)
{
	folder_create();
	report_init(&report);
	folder_write("linkspan.conf", HOST);
	folder_write("environments/Dev.conf", DEV);
	unsetenv("CREDENTIALS_DIRECTORY");
}

static void teardown(void)
{
	conf_finish(&conf);
	report_finish(&report);
	folder_destroy();
}

static int load(void)
{
	return conf_load(&conf, folder_path("linkspan.conf"), &report);
}

/* Those that a deployment may use; others are kept so that their settings are checked too. */
static size_t usable(const struct conf *c)
{
	size_t count = 0;

	for (size_t i = 0; i < c->connection_count; i++)
		count += !c->connections[i].is_faulty;
	return count;
}

static void check_path(const char *path, const char *wanted)
{
	ck_assert_str_eq(path, folder_path(wanted));
}

START_TEST(fills_in_the_defaults_of_a_host)
{
	setup();
	ck_assert_int_eq(load(), 0);
	ck_assert_str_eq(folder_print(&report), "");
	check_path(conf.host.file, "linkspan.conf");
	ck_assert_str_eq(conf.host.name, "h");
	ck_assert_str_eq(conf.host.environments[0], "Dev");
	ck_assert_ptr_null(conf.host.environments[1]);
	ck_assert_str_eq(conf.host.definitions, folder_root);
	check_path(conf.host.state, "state");
	check_path(conf.host.socket, "run/linkspand.sock");
	check_path(conf.host.secrets, "secrets");
	ck_assert(conf.host.plugins[0][0] == '/');
	ck_assert_ptr_null(conf.host.plugins[1]);
	ck_assert_ptr_null(conf.host.listen);
	ck_assert_ptr_null(conf.host.allowed_hosts[0]);
	ck_assert_ptr_null(conf.host.tls_certificate);
	ck_assert_int_eq(conf.host.state_max_bytes, 10737418240);
	ck_assert_int_eq(conf.host.lanes, 0);
	teardown();
}
END_TEST

START_TEST(reads_every_setting_of_a_host)
{
	setup();
	folder_write(
		"linkspan.conf",
		"host: { name = \"h-1\"; environments = ( \"Dev\", \"Test\" ); definitions = \"./d\";\n"
		"  state = \"/var/lib/x\"; plugins = [ \"p\", \"/q\" ]; secrets = \"s\";\n"
		"  listen = \"[::]:8686\"; socket = \"/run/x.sock\"; allowed_hosts = ( \"a.b\" );\n"
		"  tls: { certificate = \"c.pem\"; key = \"/k.pem\"; };\n"
		"  state_max_bytes = 107374182400L; lanes = 2; };\n");
	folder_write("d/environments/Dev.conf", DEV);
	folder_write("d/environments/Test.conf", "environment: { name = \"Test\"; };");
	ck_assert_int_eq(load(), 0);
	check_path(conf.host.definitions, "d");
	ck_assert_str_eq(conf.host.state, "/var/lib/x");
	check_path(conf.host.plugins[0], "p");
	ck_assert_str_eq(conf.host.plugins[1], "/q");
	check_path(conf.host.secrets, "s");
	ck_assert_str_eq(conf.host.listen, "[::]:8686");
	ck_assert_str_eq(conf.host.allowed_hosts[0], "a.b");
	check_path(conf.host.tls_certificate, "c.pem");
	ck_assert_str_eq(conf.host.tls_key, "/k.pem");
	ck_assert_int_eq(conf.host.state_max_bytes, 107374182400);
	ck_assert_int_eq(conf.host.lanes, 2);
	teardown();
}
END_TEST

START_TEST(takes_secrets_from_systemds_credentials)
{
	setup();
	setenv("CREDENTIALS_DIRECTORY", "/run/credentials/linkspand.service", 1);
	ck_assert_int_eq(load(), 0);
	ck_assert_str_eq(conf.host.secrets, "/run/credentials/linkspand.service");
	unsetenv("CREDENTIALS_DIRECTORY");
	teardown();
}
END_TEST

START_TEST(finds_every_definition)
{
	setup();
	folder_write(
		"environments/Prod.conf",
		"environment: { name = \"Prod\"; protected = true; auto_deploy = true;\n"
		"  network: { allow = ( \"10.0.0.0/8\" ); }; tls: { ca_file = \"ca.pem\"; }; };");
	folder_write("connections/b.conf", CONNECTION("b"));
	folder_write("connections/A.conf", CONNECTION("A"));
	folder_write("connections/a-b.conf", CONNECTION("a-b"));
	folder_write("connections/.hidden.conf", "rubbish");
	folder_write("connections/A.conf~", "rubbish");
	folder_write("connections/README", "rubbish");
	folder_write(
		"projects/billing/connections/Z 1.conf",
		"connection: { name = \"Z 1\"; type = \"webhook\"; description = \"günü\";\n"
		"  enabled = false; settings: { k = 1; }; environments: { Prod: { k = 2; }; }; };");
	folder_write("projects/billing/environments/Prod.conf",
	             "environment: { name = \"Prod\"; variables: { host = \"own\"; }; };");
	folder_write("projects/Accounts/connections/C.conf", CONNECTION("C"));
	ck_assert_int_eq(load(), 0);
	ck_assert_str_eq(folder_print(&report), "");

	static const char *const wanted[][2] = {
		{CONF_GLOBAL, "A"}, {CONF_GLOBAL, "a-b"}, {CONF_GLOBAL, "b"},
		{"Accounts", "C"},  {"billing", "Z 1"},
	};
	ck_assert_uint_eq(conf.connection_count, 5);
	for (size_t i = 0; i < 5; i++) {
		ck_assert_str_eq(conf.connections[i].project, wanted[i][0]);
		ck_assert_str_eq(conf.connections[i].name, wanted[i][1]);
		ck_assert_ptr_eq(conf_connection(&conf, wanted[i][0], wanted[i][1]),
		                 &conf.connections[i]);
	}
	const struct conf_connection *z = conf_connection(&conf, "billing", "z 1");
	ck_assert_ptr_nonnull(z);
	ck_assert(!z->enabled);
	ck_assert_str_eq(z->description, "günü");
	ck_assert_int_eq(node_get(z->settings, "k")->u.i, 1);
	ck_assert_ptr_nonnull(node_get(z->environments, "Prod"));
	ck_assert_str_eq(conf_connection(&conf, "billing", "B")->name, "b");
	ck_assert_ptr_null(conf_connection(&conf, CONF_GLOBAL, "Z 1"));
	ck_assert_ptr_null(conf_connection(&conf, "Accounts", "Z 1"));
	ck_assert(conf_connection(&conf, CONF_GLOBAL, "A")->enabled);

	const struct conf_environment *prod = conf_environment(&conf, "Prod");
	ck_assert(prod->is_protected && prod->auto_deploy);
	ck_assert_str_eq(prod->project, CONF_GLOBAL);
	ck_assert_ptr_null(prod->variables);
	ck_assert_str_eq(prod->network_allow->first->u.s, "10.0.0.0/8");
	ck_assert_ptr_nonnull(prod->tls);
	ck_assert_ptr_null(conf_environment(&conf, "prod"));
	ck_assert(!conf_environment(&conf, "Dev")->is_protected);
	ck_assert_uint_eq(conf.environment_count, 3);
	teardown();
}
END_TEST

#define HOST_WITH(more) "host: {\n  name = \"h\"; environments = ( \"Dev\" );\n  " more "\n};"
#define DEV_WITH(more)  "environment: {\n  name = \"Dev\";\n  " more "\n};"
#define C_WITH(more)    "connection: {\n  name = \"C\"; type = \"webhook\";\n  " more "\n};"
#define C_FILE          "connections/C.conf"

/* One file laid over the good configuration, and what a user then reads. */
/* One row, one line. */
/* clang-format off */
static const struct fault_row {
	const char *file, *text, *fault;
} fault_rows[] = {
	{"linkspan.conf", "", "linkspan.conf:1: error: is empty; a group `host: { … };` is needed\n"},
	{"linkspan.conf", "hots: { };", "linkspan.conf:1: error: hots: is not known here; this file holds one group `host: { … };` and nothing else (did you mean \"host\"?)\n"},
	{"linkspan.conf", HOST "\nmore = 1;", "linkspan.conf:3: error: more: is not known here; this file holds one group `host: { … };` and nothing else\n"},
	{"linkspan.conf", "host = ( );", "linkspan.conf:1: error: host: is a list; it must be a group: host: { … };\n"},
	{"linkspan.conf", "@include \"x\"", "linkspan.conf:1: error: @include is not supported; write the settings into this file\n"},
	{"linkspan.conf", HOST_WITH("lanse = 2;"), "linkspan.conf:3: error: host.lanse: *did you mean \"lanes\"?*"},
	{"linkspan.conf", HOST_WITH("lanes = 65;"), "linkspan.conf:3: error: host.lanes: *0 to 64*"},
	{"linkspan.conf", HOST_WITH("lanes = \"x\";"), "linkspan.conf:3: error: host.lanes: *"},
	{"linkspan.conf", HOST_WITH("state_max_bytes = 67108863;"), "linkspan.conf:3: error: host.state_max_bytes: *"},
	{"linkspan.conf", HOST_WITH("plugins = ( );"), "linkspan.conf:3: error: host.plugins: *"},
	{"linkspan.conf", HOST_WITH("plugins = ( \"a\",\n  \"\" );"), "linkspan.conf:4: error: host.plugins[1]: *"},
	{"linkspan.conf", HOST_WITH("listen = \"8686\";"), "linkspan.conf:3: error: host.listen: *write ADDRESS:PORT, as in*"},
	{"linkspan.conf", HOST_WITH("listen = \"localhost:8686\";"), "linkspan.conf:3: error: host.listen: *write ADDRESS:PORT, as in*"},
	{"linkspan.conf", HOST_WITH("listen = \"127.0.0.1:65536\";"), "linkspan.conf:3: error: host.listen: *write ADDRESS:PORT, as in*"},
	{"linkspan.conf", HOST_WITH("listen = \"::1:80\";"), "linkspan.conf:3: error: host.listen: *write ADDRESS:PORT, as in*"},
	{"linkspan.conf", HOST_WITH("listen = \"0.0.0.0:8686\";"), "linkspan.conf:3: error: host.listen: can be reached from other machines, and then `tls` is needed; without it only a loopback address is allowed, such as 127.0.0.1:8686\n"},
	{"linkspan.conf", HOST_WITH("listen = \"127.8.0.1:1\"; tls: { key = \"k\"; };"), "linkspan.conf:3: error: host.tls: holds only one of `certificate` and `key`; both are needed\n"},
	{"linkspan.conf", HOST_WITH("definitions = \"none\";"), "linkspan.conf:3: error: host.definitions: *none is not a folder\n"},
	{"linkspan.conf", "host: { name = \"h\"; };", "linkspan.conf:1: error: host*environments*"},
	{"linkspan.conf", "host: { name = \"h\"; environments = ( ); };", "linkspan.conf:1: error: host.environments: *"},
	{"linkspan.conf", "host: { name = \"h\";\n environments = ( \"Dev\",\n \"Dve\"\n ); };", "linkspan.conf:3: error: host.environments[1]: there is no file environments/Dve.conf (did you mean \"Dev\"?)\n"},

	{"environments/Dev.conf", DEV_WITH("protected = 1;"), "environments/Dev.conf:3: error: environment.protected: *"},
	{"environments/Dev.conf", DEV_WITH("protectde = true;"), "environments/Dev.conf:3: error: environment.protectde: *did you mean \"protected\"?*"},
	{"environments/Dev.conf", "environment: { };", "environments/Dev.conf:1: error: environment*name*"},
	{"environments/Dev.conf", "environment: { name = \"Test\"; };", "environments/Dev.conf:1: error: environment.name: is \"Test\", but the file is called Dev.conf; rename one of them\n"},
	{"environments/1a.conf", "environment: { name = \"1a\"; };", "environments/1a.conf:1: error: environment.name: \"1a\" is not allowed; must be a letter, then at most 63 letters, digits, `_` or `-`\n"},
	{"environments/dev.conf", "environment: { name = \"dev\"; };", "environments/dev.conf:1: error: environment.name: the name is taken by environments/Dev.conf; upper and lower case are the same\n"},
	{"environments/Dev.conf", DEV_WITH("variables = 1;"), "environments/Dev.conf:3: error: environment.variables: must be a group: variables: { NAME = \"TEXT\"; };\n"},
	{"environments/Dev.conf", DEV_WITH("variables: { port = 9000; };"), "environments/Dev.conf:3: error: environment.variables.port: is *; a variable is a string: write it in double quotes\n"},
	{"environments/Dev.conf", DEV_WITH("variables: { a*b = \"x\"; };"), "environments/Dev.conf:3: error: environment.variables.a*b: is no name of a variable; allowed: *"},
	{"environments/Dev.conf", DEV_WITH("variables: { a = \"${b}\"; b = \"x\"; };"), "environments/Dev.conf:3: error: environment.variables.a: the value of a variable cannot name another one*"},
	{"environments/Dev.conf", DEV_WITH("tls = \"x\";"), "environments/Dev.conf:3: error: environment.tls: must be a group*"},
	{"environments/Dev.conf", DEV_WITH("network: { allow = ( \"10.0.0.0/8\",\n \"10.0.0.0/33\" ); };"), "environments/Dev.conf:4: error: environment.network.allow[1]: \"10.0.0.0/33\" is not allowed; write ADDRESS/BITS, as in \"10.20.0.0/16\" or \"fd00::/8\"\n"},
	{"environments/Dev.conf", DEV_WITH("network: { allow = ( \"::1/129\" ); };"), "environments/Dev.conf:3: error: environment.network.allow[0]: *write ADDRESS/BITS*"},
	{"environments/Dev.conf", DEV_WITH("network: { allow = ( \"10.0.0.1\" ); };"), "environments/Dev.conf:3: error: environment.network.allow[0]: *write ADDRESS/BITS*"},
	{"environments/Dev.conf", DEV_WITH("network: { allow = ( 7 ); };"), "environments/Dev.conf:3: error: environment.network.allow[0]: *"},

	{C_FILE, C_WITH("environments: { Dev: { }; Dve: { }; };"), C_FILE ":3: error: connection.environments.Dve: there is no environment \"Dve\" (did you mean \"Dev\"?)\n"},
	{C_FILE, C_WITH("environments: { Dev = 1; };"), C_FILE ":3: error: connection.environments.Dev: is *; it must be a group of settings, { } when it overrides nothing\n"},
	{C_FILE, C_WITH("environments = ( \"Dev\" );"), C_FILE ":3: error: connection.environments: must be a group*"},
	{C_FILE, C_WITH("environments: { Dev: { }; }; settings = 1;"), C_FILE ":3: error: connection.settings: must be a group*"},
	{C_FILE, C_WITH("environments: { Dev: { }; }; enabled = \"maybe\";"), C_FILE ":3: error: connection.enabled: *"},
	{C_FILE, C_WITH("environments: { Dev: { }; }; setings: { };"), C_FILE ":3: error: connection.setings: *did you mean \"settings\"?*"},
	{C_FILE, "connection: { name = \"C\"; environments: { Dev: {}; }; };", C_FILE ":1: error: connection*type*"},
	{C_FILE, "connection: { name = \"C\"; type = \"Web Hook\"; environments: { Dev: {}; }; };", C_FILE ":1: error: connection.type: \"Web Hook\" is not allowed; a type is written in lower-case letters*"},
	{C_FILE, CONNECTION("D"), C_FILE ":2: error: connection.name: is \"D\", but the file is called C.conf; rename one of them\n"},
	{C_FILE, "a = ;", C_FILE ":1: error: syntax error, here or just above; *"},
	{C_FILE, "environment: { name = \"C\"; };", C_FILE ":1: error: environment: is not known here; this file holds one group `connection: { … };` and nothing else\n"},
	{"connections/-a.conf", CONNECTION("-a"), "connections/-a.conf:2: error: connection.name: \"-a\" is not allowed; must begin with a letter or a digit\n"},
	{"connections/ a.conf", CONNECTION(" a"), "connections/ a.conf:2: error: connection.name: \" a\" is not allowed; must not begin with a space\n"},
	{"connections/a .conf", CONNECTION("a "), "connections/a .conf:2: error: connection.name: \"a \" is not allowed; must not end with a space\n"},
	{"connections/a  b.conf", CONNECTION("a  b"), "connections/a  b.conf:2: error: connection.name: \"a  b\" is not allowed; must not hold two spaces in a row\n"},
	{"connections/a+b.conf", CONNECTION("a+b"), "connections/a+b.conf:2: error: connection.name: \"a+b\" is not allowed; may hold only ASCII letters, digits, `_`, `-`, `.` and single spaces\n"},
	{"connections/ä.conf", CONNECTION("ä"), "connections/ä.conf:2: error: connection.name: \"ä\" is not allowed; may hold only ASCII letters, digits, `_`, `-`, `.` and single spaces\n"},

	{"projects/p/environments/Dve.conf", "environment: { name = \"Dve\"; };", "projects/p/environments/Dve.conf:1: error: environment: there is no environment \"Dve\" for the project to lay variables over (did you mean \"Dev\"?)\n"},
	{"projects/p/environments/Dev.conf", DEV_WITH("protected = true;"), "projects/p/environments/Dev.conf:3: error: environment.protected: stands only in the environment itself; a project may lay nothing but `variables` over it\n"},
	{"projects/p/environments/Dev.conf", DEV_WITH("network: { };"), "projects/p/environments/Dev.conf:3: error: environment.network: stands only in the environment itself; *"},
	{"projects/global/connections/C.conf", CONNECTION("C"), "projects/global: error: \"global\" is no name of a project; *"},
	{"projects/a b/connections/C.conf", CONNECTION("C"), "projects/a b: error: \"a b\" is no name of a project; *"},
};
/* clang-format on */

/* `*` in the pattern stands for anything. */
static bool matches(const char *pattern, const char *text)
{
	for (; *pattern && *pattern != '*'; pattern++, text++)
		if (*pattern != *text)
			return false;
	if (!*pattern)
		return !*text;
	do {
		if (matches(pattern + 1, text))
			return true;
	} while (*text++);
	return false;
}

START_TEST(says_what_is_wrong_and_where)
{
	const struct fault_row *row = &fault_rows[_i];

	setup();
	folder_write(row->file, row->text);
	folder_write("connections/Good.conf", CONNECTION("Good"));
	ck_assert_int_eq(load(), ERR_INVALID);
	ck_assert_msg(matches(row->fault, folder_print(&report)), "%s", folder_print(&report));
	ck_assert_uint_eq(report.errors, 1);
	/* What was good is there, what was not is not. */
	if (strcmp(row->file, "linkspan.conf") != 0) {
		ck_assert_uint_eq(usable(&conf), 1);
		ck_assert_ptr_nonnull(conf_connection(&conf, CONF_GLOBAL, "Good"));
	}
	ck_assert_ptr_null(conf_connection(&conf, CONF_GLOBAL, "C"));
	teardown();
}
END_TEST

START_TEST(reports_the_faults_of_every_file_at_once)
{
	setup();
	folder_write("environments/Dev.conf", DEV_WITH("protectde = true; tls = 1;"));
	folder_write("environments/E.conf", "environment: {");
	folder_write("connections/A.conf", "@include \"x\"");
	/* Its environment has a fault, but there is one of that name: no fault of this file. */
	folder_write("connections/B.conf", CONNECTION("B"));
	folder_write("projects/p/connections/C.conf", C_WITH("x = 1;"));
	ck_assert_int_eq(load(), ERR_INVALID);
	ck_assert_msg(matches("connections/A.conf:1: error: *\n"
	                      "environments/Dev.conf:3: error: environment.protectde*\n"
	                      "environments/Dev.conf:3: error: environment.tls*\n"
	                      "environments/E.conf:1: error: *\n"
	                      "projects/p/connections/C.conf:*",
	                      folder_print(&report)),
	              "%s", folder_print(&report));
	ck_assert_uint_eq(report.errors, 5);
	ck_assert_uint_eq(usable(&conf), 1);
	ck_assert_uint_eq(conf.environment_count, 0);
	teardown();
}
END_TEST

START_TEST(warns_of_a_connection_without_environments)
{
	setup();
	folder_write("connections/C.conf", C_WITH("environments: { };"));
	folder_write("connections/D.conf", "connection: { name = \"D\"; type = \"webhook\"; };");
	ck_assert_int_eq(load(), 0);
	ck_assert_uint_eq(report.warnings, 2);
	ck_assert_uint_eq(conf.connection_count, 2);
	ck_assert(matches(
		"connections/C.conf:3: warning: connection.environments: names no environment*",
		folder_print(&report)));
	teardown();
}
END_TEST

START_TEST(keeps_names_unique)
{
	setup();
	folder_write("connections/Logs.conf", CONNECTION("Logs"));
	folder_write("connections/logs.conf", CONNECTION("logs"));
	folder_write("projects/a/connections/LOGS.conf", CONNECTION("LOGS"));
	folder_write("projects/a/connections/Own.conf", CONNECTION("Own"));
	folder_write("projects/b/connections/own.conf", CONNECTION("own"));
	ck_assert_int_eq(load(), ERR_INVALID);
	ck_assert_str_eq(
		folder_print(&report),
		"connections/logs.conf:2: error: connection.name: the name is taken by "
		"connections/Logs.conf; upper and lower case are the same\n"
		"projects/a/connections/LOGS.conf:2: error: connection.name: the name is taken globally "
		"by connections/Logs.conf; upper and lower case are the same, and a project cannot take "
		"a global name\n");
	ck_assert_uint_eq(conf.connection_count, 3);
	teardown();
}
END_TEST

START_TEST(bounds_names_and_descriptions)
{
	char name[128], file[160], text[4096], description[1024];

	setup();
	for (size_t length = 100; length <= 101; length++) {
		memset(name, 'n', length);
		name[length] = '\0';
		snprintf(file, sizeof(file), "connections/%s.conf", name);
		snprintf(
			text, sizeof(text),
			"connection: { name = \"%s\"; type = \"webhook\"; environments: { Dev: {}; }; };",
			name);
		folder_write(file, text);
	}
	for (size_t length = 1000; length <= 1001; length++) {
		memset(description, 'd', length);
		description[length] = '\0';
		snprintf(file, sizeof(file), "connections/D%zu.conf", length);
		snprintf(
			text, sizeof(text),
			"connection: { name = \"D%zu\"; type = \"webhook\"; description = \"%s\";\n"
			"environments: { Dev: {}; }; };",
			length, description);
		folder_write(file, text);
	}
	ck_assert_int_eq(load(), ERR_INVALID);
	ck_assert_uint_eq(report.errors, 2);
	ck_assert(matches("connections/D1001.conf:1: error: connection.description: *0 to 1000*\n"
	                  "connections/nn*.conf:1: error: connection.name: *1 to 100*",
	                  folder_print(&report)));
	ck_assert_uint_eq(conf.connection_count, 2);
	teardown();
}
END_TEST

START_TEST(refuses_links_and_special_files)
{
	setup();
	folder_write("elsewhere/A.conf", CONNECTION("A"));
	folder_write("connections/B.conf", CONNECTION("B"));
	ck_assert_int_eq(symlink("../elsewhere/A.conf", folder_path("connections/A.conf")), 0);
	ck_assert_int_eq(mkfifo(folder_path("connections/F.conf"), 0600), 0);
	ck_assert_int_eq(symlink("elsewhere", folder_path("projects")), 0);
	ck_assert_int_ne(load(), 0);
	ck_assert_str_eq(
		folder_print(&report),
		"connections/A.conf: error: is a symbolic link; a definition is a plain file\n"
		"connections/F.conf: error: is not a plain file\n"
		"projects: error: is a symbolic link; a folder is needed\n");
	ck_assert_uint_eq(usable(&conf), 1);
	teardown();
}
END_TEST

START_TEST(says_when_there_is_no_configuration)
{
	setup();
	ck_assert_int_eq(conf_load(&conf, folder_path("none.conf"), &report), ERR_IO);
	ck_assert_str_eq(folder_print(&report), "none.conf: error: No such file or directory\n");
	ck_assert_ptr_null(conf.host.file);
	conf_finish(&conf);
	report_finish(&report);
	ck_assert_int_eq(conf_load(&conf, folder_path("none/none.conf"), &report), ERR_IO);
	ck_assert_str_eq(folder_print(&report),
	                 "none/none.conf: error: No such file or directory\n");
	teardown();
}
END_TEST

START_TEST(checks_a_folder_that_holds_a_whole_configuration)
{
	setup();
	folder_write("connections/C.conf", CONNECTION("C"));
	ck_assert_int_eq(conf_check(&conf, folder_root, NULL, &report), 0);
	ck_assert_uint_eq(usable(&conf), 1);
	check_path(conf.host.file, "linkspan.conf");
	conf_finish(&conf);
	ck_assert_int_eq(conf_check(&conf, folder_path("linkspan.conf"), NULL, &report), 0);
	ck_assert_uint_eq(usable(&conf), 1);
	teardown();
}
END_TEST

START_TEST(takes_environments_on_trust_when_nothing_else_is_known)
{
	setup();
	folder_write("connections/C.conf", C_WITH("environments: { Anything: { }; };"));
	ck_assert_int_eq(conf_check(&conf, folder_path("connections/C.conf"), NULL, &report), 0);
	ck_assert_str_eq(folder_print(&report), "");
	ck_assert_uint_eq(usable(&conf), 1);
	ck_assert(conf_environment(&conf, "Anything")->is_assumed);
	teardown();
}
END_TEST

START_TEST(checks_files_against_a_configuration)
{
	struct conf base;

	setup();
	folder_write("connections/C.conf", CONNECTION("C"));
	folder_write("projects/p/connections/P.conf", CONNECTION("P"));
	ck_assert_int_eq(conf_load(&base, folder_path("linkspan.conf"), &report), 0);
	folder_write("projects/p/connections/c.conf", CONNECTION("c"));
	folder_write(
		"projects/p/connections/N.conf",
		"connection: { name = \"N\"; type = \"webhook\"; environments: { Dve: {}; }; };");
	ck_assert_int_eq(conf_check(&conf, folder_path("connections/C.conf"), &base, &report), 0);
	ck_assert(!conf_environment(&conf, "Dev")->is_assumed);
	ck_assert_str_eq(conf.connections[0].project, CONF_GLOBAL);
	conf_finish(&conf);
	ck_assert_int_eq(conf_check(&conf, folder_path("environments/Dev.conf"), &base, &report),
	                 0);
	ck_assert_uint_eq(conf.environment_count, 1);
	conf_finish(&conf);

	ck_assert_int_eq(conf_check(&conf, folder_path("projects/p/connections"), &base, &report),
	                 ERR_INVALID);
	ck_assert_msg(
		matches("projects/p/connections/N.conf:1: error: connection.environments.Dve: *\n"
	                "projects/p/connections/c.conf:2: error: connection.name: the name is taken "
	                "globally by connections/C.conf; *",
	                folder_print(&report)),
		"%s", folder_print(&report));
	ck_assert_uint_eq(usable(&conf), 1);
	ck_assert_str_eq(conf_connection(&conf, "p", "P")->project, "p");
	ck_assert_ptr_null(conf_connection(&conf, "p", "N"));
	conf_finish(&base);
	teardown();
}
END_TEST

START_TEST(checks_a_mixed_folder_with_environments_first)
{
	setup();
	folder_write("mixed/A.conf", C_WITH(""));
	folder_write("mixed/C.conf", CONNECTION("C"));
	folder_write("mixed/Dev.conf", DEV);
	folder_write("mixed/Odd.conf", "conection: { };");
	folder_write("mixed/Void.conf", "");
	ck_assert_int_eq(conf_check(&conf, folder_path("mixed"), NULL, &report), ERR_INVALID);
	ck_assert_msg(
		matches("mixed/A.conf:*error: connection.name: is \"C\", but the file is called A.conf*\n"
	                "mixed/Odd.conf:1: error: conection: is no kind of definition; what is allowed: "
	                "one group `host`, `environment` or `connection` (did you mean \"connection\"?)\n"
	                "mixed/Void.conf:1: error: is empty; what is allowed: *",
	                folder_print(&report)),
		"%s", folder_print(&report));
	ck_assert(!conf_environment(&conf, "Dev")->is_assumed);
	ck_assert_uint_eq(usable(&conf), 1);
	teardown();
}
END_TEST

START_TEST(says_what_cannot_be_checked)
{
	setup();
	folder_write("notes.txt", "x");
	ck_assert_int_eq(mkdir(folder_path("void"), 0700), 0);
	ck_assert_int_eq(conf_check(&conf, folder_path("notes.txt"), NULL, &report), ERR_INVALID);
	conf_finish(&conf);
	ck_assert_int_eq(conf_check(&conf, folder_path("none.conf"), NULL, &report), ERR_IO);
	conf_finish(&conf);
	ck_assert_int_eq(conf_check(&conf, folder_path("void"), NULL, &report), 0);
	ck_assert_str_eq(folder_print(&report),
	                 "none.conf: error: No such file or directory\n"
	                 "notes.txt: error: is not called NAME.conf, as a definition must be\n"
	                 "void: warning: holds no file NAME.conf\n");
	teardown();
}
END_TEST

START_TEST(survives_every_failing_allocation)
{
	int rc = ERR_NO_MEMORY;

	setup();
	folder_write("connections/C.conf", CONNECTION("C"));
	folder_write("projects/p/environments/Dev.conf", DEV);
	folder_write("projects/p/connections/D.conf", CONNECTION("D"));
	for (unsigned n = 1; rc != 0; n++) {
		conf_finish(&conf);
		report_finish(&report);
		mem_fail_at(n);
		rc = load();
		bool pending = mem_fail_pending();
		mem_fail_at(0);
		ck_assert_msg(rc == 0 ? pending : rc == ERR_NO_MEMORY, "allocation %u: %d: %s", n,
		              rc, folder_print(&report));
	}
	ck_assert_uint_eq(conf.connection_count, 2);
	teardown();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(fills_in_the_defaults_of_a_host),
	SUITE_TEST(reads_every_setting_of_a_host),
	SUITE_TEST(takes_secrets_from_systemds_credentials),
	SUITE_TEST(finds_every_definition),
	SUITE_LOOP(says_what_is_wrong_and_where, fault_rows),
	SUITE_TEST(reports_the_faults_of_every_file_at_once),
	SUITE_TEST(warns_of_a_connection_without_environments),
	SUITE_TEST(keeps_names_unique),
	SUITE_TEST(bounds_names_and_descriptions),
	SUITE_TEST(refuses_links_and_special_files),
	SUITE_TEST(says_when_there_is_no_configuration),
	SUITE_TEST(checks_a_folder_that_holds_a_whole_configuration),
	SUITE_TEST(takes_environments_on_trust_when_nothing_else_is_known),
	SUITE_TEST(checks_files_against_a_configuration),
	SUITE_TEST(checks_a_mixed_folder_with_environments_first),
	SUITE_TEST(says_what_cannot_be_checked),
	SUITE_TEST(survives_every_failing_allocation),
};

SUITE_MAIN("definitions", tests)
