/* Tests of checking connections: where each is looked at, and who gets what was made. */
#include "core/deployment_check.h"

#include "hosting.h"
#include "suite.h"

static const char *const plugins[] = {"webhook", NULL};

/* Where something was checked, and what came of it: "Hook@Test:made ". */
static char seen[512];

static void note(void *arg, const struct deployment_checked *found)
{
	size_t used = strlen(seen);

	ck_assert_ptr_eq(arg, seen);
	snprintf(seen + used, sizeof(seen) - used, "%s@%s:%s ", found->connection->name,
	         found->environment ? found->environment->name : "",
	         found->deployment                     ? "made"
	         : found->first < hosting.report.count ? "faulty"
	                                               : "sound");
	deployment_destroy(found->deployment);
}

static void define(const char *name, const char *settings, const char *environments)
{
	char file[128], text[1024];

	snprintf(file, sizeof(file), "connections/%s.conf", name);
	snprintf(text, sizeof(text),
	         "connection: { name = \"%s\"; type = \"webhook\"; settings: { %s }; "
	         "environments: { %s }; };\n",
	         name, settings, environments);
	folder_write(file, text);
}

static int check(const char *path)
{
	const struct deployment_check k = {.conf = &hosting.conf,
	                                   .plugins = &hosting.plugins,
	                                   .report = &hosting.report,
	                                   .checked = note,
	                                   .arg = seen};

	seen[0] = '\0';
	conf_finish(&hosting.conf);
	hosting.conf = (struct conf){0};
	report_finish(&hosting.report);
	report_init(&hosting.report);
	ck_assert_int_eq(conf_check(&hosting.conf, path, NULL, &hosting.report), 0);
	return deployment_check_conf(&k);
}

#define GOOD    "url = \"https://hooks.example.com/\"; method = \"POST\";"
#define UNKNOWN "url = \"https://${PLACE}/\"; method = \"POST\";"
#define FAULTY  "url = \"https://hooks.example.com/\"; method = \"JUMP\";"

static void begin(void)
{
	hosting_begin(plugins, "");
	folder_write("linkspan.conf",
	             "host: { name = \"test\"; environments = ( \"Test\", \"Live\" ); };\n");
	folder_write("environments/Live.conf", "environment: { name = \"Live\"; variables: { "
	                                       "PLACE = \"hooks.example.com\"; }; };\n");
	folder_write("environments/Away.conf", "environment: { name = \"Away\"; };\n");
}

static const struct {
	const char *settings, *environments, *seen;
	int rc;
} cases[] = {
	{GOOD, "Test: { }; Live: { };", "Hook@Test:made Hook@Live:made ", 0},
	{UNKNOWN, "Test: { }; Live: { };", "Hook@Test:faulty Hook@Live:made ", ERR_INVALID},
	{FAULTY, "Test: { }; Live: { };", "Hook@Test:faulty Hook@Live:faulty ", ERR_INVALID},
	{GOOD, "Live: { }; Away: { };", "Hook@Live:made ", 0},
	/* Where it does not run, no variable is missing, and what is wrong anyhow is told. */
	{UNKNOWN, "Away: { };", "Hook@:sound ", 0},
	{GOOD, "", "Hook@:sound ", 0},
	{FAULTY, "Away: { };", "Hook@:faulty ", ERR_INVALID},
};

START_TEST(each_is_checked_where_it_would_run)
{
	begin();
	define("Hook", cases[_i].settings, cases[_i].environments);
	ck_assert_int_eq(check(folder_path("linkspan.conf")), cases[_i].rc);
	ck_assert_str_eq(seen, cases[_i].seen);
	hosting_end();
}
END_TEST

START_TEST(a_file_that_has_no_host_is_checked_without_environments)
{
	begin();
	define("Hook", UNKNOWN, "Test: { }; Live: { };");
	ck_assert_int_eq(check(folder_path("connections/Hook.conf")), 0);
	ck_assert_str_eq(seen, "Hook@:sound ");
	hosting_end();
}
END_TEST

START_TEST(a_fault_of_one_does_not_hide_the_next)
{
	begin();
	define("A", FAULTY, "Test: { };");
	define("B", GOOD, "Test: { };");
	ck_assert_int_eq(check(folder_path("linkspan.conf")), ERR_INVALID);
	ck_assert_str_eq(seen, "A@Test:faulty B@Test:made ");
	hosting_end();
}
END_TEST

START_TEST(memory_that_ends_ends_the_check)
{
	const struct deployment_check k = {
		.conf = &hosting.conf, .plugins = &hosting.plugins, .report = &hosting.report};
	unsigned n = 0;
	bool pending = false;

	begin();
	define("Hook", GOOD, "Test: { }; Live: { };");
	ck_assert_int_eq(check(folder_path("linkspan.conf")), 0);
	while (!pending) {
		report_finish(&hosting.report); /* it remembers that memory ended */
		report_init(&hosting.report);
		mem_fail_at(++n);
		int rc = deployment_check_conf(&k);
		pending = mem_fail_pending();
		mem_fail_at(0);
		ck_assert_int_eq(rc, pending ? 0 : ERR_NO_MEMORY);
	}
	ck_assert_uint_gt(n, 1);
	hosting_end();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(each_is_checked_where_it_would_run, cases),
	SUITE_TEST(a_file_that_has_no_host_is_checked_without_environments),
	SUITE_TEST(a_fault_of_one_does_not_hide_the_next),
	SUITE_TEST(memory_that_ends_ends_the_check),
};

SUITE_MAIN("deployment_check", tests)
