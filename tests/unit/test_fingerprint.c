/* Tests of what tells two deployments apart. */
#include "core/fingerprint.h"

#include "crypto/hash.h"
#include "hosting.h"
#include "suite.h"

#define CONNECTION(head, settings, overlay)                                                        \
	"connection: { name = \"Hook\"; type = \"webhook\"; " head                                 \
	" settings: { url = \"https://hooks.example.com/${PLACE}\"; " settings " }; "              \
	"environments: { Test: { " overlay " }; }; };\n"
#define ENVIRONMENT(head, allow, place)                                                            \
	"environment: { name = \"Test\"; " head " network: { allow = ( " allow " ); }; "           \
	"variables: { PLACE = \"" place "\"; }; };\n"

#define POST                "method = \"POST\"; "
#define HEADER(name, value) "{ name = \"" name "\"; value = \"" value "\"; }"

static const char plain_connection[] = CONNECTION("", POST, "");
static const char plain_environment[] = ENVIRONMENT("", "", "here");

/* The digest of what the two files say. */
static void digest(const char *connection, const char *environment, uint8_t *ret)
{
	struct conf conf;
	struct report report;
	struct deployment *d = NULL;

	report_init(&report);
	folder_write("connections/Hook.conf", connection);
	folder_write("environments/Test.conf", environment);
	conf_load(&conf, folder_path("linkspan.conf"), &report);
	ck_assert_msg(report.errors == 0, "%s", folder_print(&report));
	deployment_create(&conf, &hosting.plugins, conf_connection(&conf, CONF_GLOBAL, "Hook"),
	                  conf_environment(&conf, "Test"), &d, &report);
	ck_assert_msg(d != NULL, "%s", folder_print(&report));
	memcpy(ret, d->fingerprint, HASH_BYTES);
	deployment_destroy(d);
	conf_finish(&conf);
	report_finish(&report);
}

static bool same(const char *connection, const char *environment, const char *other_connection,
                 const char *other_environment)
{
	uint8_t a[HASH_BYTES], b[HASH_BYTES];

	digest(connection, environment, a);
	digest(other_connection, other_environment, b);
	return memcmp(a, b, HASH_BYTES) == 0;
}

static void begin(void)
{
	static const char *const plugins[] = {"webhook", NULL};

	hosting_begin(plugins, "");
	folder_write("connections/certificates/ca.pem", "one\n");
}

static void end(void)
{
	plugins_finish(&hosting.plugins);
	report_finish(&hosting.report);
	folder_destroy();
}

/* NULL: as it was. */
static const struct difference {
	const char *connection, *environment;
} differences[] = {
	{CONNECTION("enabled = false;", POST, ""), NULL},
	{CONNECTION("", POST "pool_size = 3;", ""), NULL},
	{CONNECTION("", POST "retry_delay_s = 3;", ""), NULL},
	{CONNECTION("", POST "headers = ( " HEADER("X-A", "1") " );", ""), NULL},
	{CONNECTION("", "method = \"PUT\";", ""), NULL},
	{CONNECTION("", POST, "method = \"PUT\";"), NULL},
	{CONNECTION("", POST "alert_connection = \"Bell\";", ""), NULL},
	{CONNECTION("", POST "headers = ( " HEADER("X-A", "${secret:file/a}") " );", ""), NULL},
	{NULL, ENVIRONMENT("protected = true;", "", "here")},
	{NULL, ENVIRONMENT("", "\"10.0.0.0/8\"", "here")},
	{NULL, ENVIRONMENT("", "", "there")},
	{NULL, ENVIRONMENT("tls: { verify = true; minimum = \"1.3\"; };", "", "here")},
};

START_TEST(each_difference_shows)
{
	const struct difference *d = &differences[_i];

	begin();
	ck_assert(!same(plain_connection, plain_environment,
	                d->connection ? d->connection : plain_connection,
	                d->environment ? d->environment : plain_environment));
	end();
}
END_TEST

/* Texts that are written in another way. */
static const struct difference likenesses[] = {
	{plain_connection, plain_environment},
	{"# a remark\n" CONNECTION("\n", "\n" POST, "\n"), NULL},
	{NULL, ENVIRONMENT("auto_deploy = true;", "", "here")},
};

START_TEST(what_means_the_same_is_the_same)
{
	const struct difference *d = &likenesses[_i];

	begin();
	ck_assert(same(plain_connection, plain_environment,
	               d->connection ? d->connection : plain_connection,
	               d->environment ? d->environment : plain_environment));
	end();
}
END_TEST

START_TEST(two_secrets_that_look_alike_differ)
{
	begin();
	ck_assert(!same(
		CONNECTION("", POST "headers = ( " HEADER("X-A", "${secret:file/a}") " );", ""),
		plain_environment,
		CONNECTION("", POST "headers = ( " HEADER("X-A", "${secret:file/b}") " );", ""),
		plain_environment));
	end();
}
END_TEST

START_TEST(values_are_not_run_together)
{
	begin();
	ck_assert(!same(
		CONNECTION("",
	                   POST "headers = ( " HEADER("X-A", "a") ", " HEADER("X-C", "bc") " );",
	                   ""),
		plain_environment,
		CONNECTION("",
	                   POST "headers = ( " HEADER("X-A", "ab") ", " HEADER("X-C", "c") " );",
	                   ""),
		plain_environment));
	end();
}
END_TEST

static const char with_file[] =
	CONNECTION("", POST "tls: { ca_file = \"certificates/ca.pem\"; };", "");

START_TEST(a_file_that_was_renewed_differs)
{
	uint8_t a[HASH_BYTES], b[HASH_BYTES], c[HASH_BYTES];

	begin();
	digest(with_file, plain_environment, a);
	digest(with_file, plain_environment, b);
	ck_assert_mem_eq(a, b, HASH_BYTES);
	/* Put in its place, as certbot does. */
	folder_write("connections/certificates/new.pem", "two\n");
	ck_assert_int_eq(rename(folder_path("connections/certificates/new.pem"),
	                        folder_path("connections/certificates/ca.pem")),
	                 0);
	digest(with_file, plain_environment, b);
	ck_assert_mem_ne(a, b, HASH_BYTES);
	/* Written over. */
	folder_write("connections/certificates/ca.pem", "and three\n");
	digest(with_file, plain_environment, c);
	ck_assert_mem_ne(b, c, HASH_BYTES);
	end();
}
END_TEST

START_TEST(a_file_of_the_environment_counts_too)
{
	static const char environment[] =
		ENVIRONMENT("tls: { ca_file = \"certificates/ca.pem\"; };", "", "here");
	uint8_t a[HASH_BYTES], b[HASH_BYTES];

	begin();
	folder_write("environments/certificates/ca.pem", "one\n");
	digest(plain_connection, environment, a);
	folder_write("connections/certificates/ca.pem", "another\n");
	folder_write("environments/certificates/ca.pem", "another\n");
	digest(plain_connection, environment, b);
	ck_assert_mem_ne(a, b, HASH_BYTES);
	end();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(each_difference_shows, differences),
	SUITE_LOOP(what_means_the_same_is_the_same, likenesses),
	SUITE_TEST(two_secrets_that_look_alike_differ),
	SUITE_TEST(values_are_not_run_together),
	SUITE_TEST(a_file_that_was_renewed_differs),
	SUITE_TEST(a_file_of_the_environment_counts_too),
};

SUITE_MAIN("fingerprint", tests)
