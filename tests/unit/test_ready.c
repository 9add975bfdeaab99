/* Tests of looking for what a deployment needs. */
#include "core/ready.h"

#include "base/clock.h"
#include "hosting.h"
#include "suite.h"

/* Ended on 2001-09-09; made with `openssl req -x509`, its key thrown away. */
static const char ended[] = "-----BEGIN CERTIFICATE-----\n"
			    "MIIBGTCBwQIUX8gK9Geid83rD7A/OvyM2hDkV5QwCgYIKoZIzj0EAwIwEDEOMAwG\n"
			    "A1UEAwwFZW5kZWQwHhcNMDAwMTAxMDAwMDAwWhcNMDEwOTA5MDE0NjQwWjAQMQ4w\n"
			    "DAYDVQQDDAVlbmRlZDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABCC0HKXoHj8y\n"
			    "hWFIA624Dd5b26omXuPj0NRtgZ4Lt4UoA73i9MvUeyXrFxtgn6FGvnhD5oqs0U4/\n"
			    "Np0jMezvsIMwCgYIKoZIzj0EAwIDRwAwRAIgHL91Gcg5K0F/Fkq/LY+a45rXR6IE\n"
			    "9Uh7aQZ5r0VphRcCIAuOpwXnX+zZyCg1MKwtM1XON90M6iAOCEacsGQ+BN3I\n"
			    "-----END CERTIFICATE-----\n";
/* Ends in the year 2286. */
static const char good[] = "-----BEGIN CERTIFICATE-----\n"
			   "MIIBGTCBwQIUWqsyLNamjS64Q8OI/M6wnNzOff0wCgYIKoZIzj0EAwIwDzENMAsG\n"
			   "A1UEAwwEZ29vZDAgFw0wMDAxMDEwMDAwMDBaGA8yMjg2MTEyMDE3NDY0MFowDzEN\n"
			   "MAsGA1UEAwwEZ29vZDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABCC0HKXoHj8y\n"
			   "hWFIA624Dd5b26omXuPj0NRtgZ4Lt4UoA73i9MvUeyXrFxtgn6FGvnhD5oqs0U4/\n"
			   "Np0jMezvsIMwCgYIKoZIzj0EAwIDRwAwRAIgMi/7CerQU7aXozZKjTtR1DuBLUqV\n"
			   "2+2Ga81CkVHt830CIEc50zbnKd1g9etsV0vxMCS0rRTtHS0tNhbpGGNJv6tw\n"
			   "-----END CERTIFICATE-----\n";

static void begin(void)
{
	static const char *const plugins[] = {"webhook", "echo", NULL};

	hosting_begin(plugins, "");
	ck_assert_int_eq(setenv("READY_TOKEN", "t", 1), 0);
	ck_assert_int_eq(unsetenv("READY_MISSING"), 0);
}

static struct deployment *make(const char *type, const char *settings)
{
	hosting_define("It", type, settings);
	ck_assert_msg(conf_load(&hosting.conf, folder_path("linkspan.conf"), &hosting.report) == 0,
	              "%s", folder_print(&hosting.report));
	return hosting_deployment("It");
}

#define HOOK "method = \"POST\"; url = \"https://a.example\"; "
#define CA   HOOK "tls: { ca_file = \"ca.pem\"; };"

/* fault NULL: it is ready. */
static const struct {
	const char *type, *settings;
	const char *files[2];
	const char *fault, *text;
} rows[] = {
	{"webhook", HOOK, {NULL, NULL}, NULL, NULL},
	{"echo", "token = \"${secret:env/READY_TOKEN}\";", {NULL, NULL}, NULL, NULL},
	{"echo",
         "token = \"${secret:env/READY_MISSING}\";",
         {NULL, NULL},
         "unresolved_secret",
         "READY_MISSING"},
	{"echo",
         "token = \"a ${secret:env/READY_TOKEN} ${secret:env/READY_MISSING}\";",
         {NULL, NULL},
         "unresolved_secret",
         "READY_MISSING"},
	{"webhook", CA, {good, NULL}, NULL, NULL},
	{"webhook", CA, {ended, NULL}, "certificate_expired", "2001-09-09"},
	/* Of several one that is good will do. */
	{"webhook", CA, {ended, good}, NULL, NULL},
	{"webhook", CA, {ended, ended}, "certificate_expired", "2001-09-09"},
};

START_TEST(what_is_missing_is_a_fault)
{
	struct err e = {0};
	char text[8192];

	begin();
	if (rows[_i].files[0]) {
		snprintf(text, sizeof(text), "%s%s", rows[_i].files[0],
		         rows[_i].files[1] ? rows[_i].files[1] : "");
		folder_write("connections/ca.pem", text);
	}
	struct deployment *d = make(rows[_i].type, rows[_i].settings);
	int rc = deployment_ready(d, &hosting.report, &e);
	ck_assert_int_eq(rc, rows[_i].fault ? ERR_INVALID : 0);
	ck_assert_int_eq(e.code, rc);
	ck_assert_uint_eq(hosting.report.errors, rows[_i].fault ? 1 : 0);
	if (rows[_i].fault) {
		ck_assert_str_eq(hosting.report.faults[0].code, rows[_i].fault);
		ck_assert_msg(strstr(e.text, rows[_i].text) != NULL, "%s", e.text);
	}
	deployment_destroy(d);
	hosting_end();
}
END_TEST

START_TEST(without_memory_it_says_so)
{
	int rc = -1;
	bool failed = false;

	begin();
	struct deployment *d = make("echo", "token = \"${secret:env/READY_TOKEN}\";");
	for (unsigned n = 1; rc < 0 && n < 100; n++) {
		struct err e = {0};
		mem_fail_at(n);
		rc = deployment_ready(d, &hosting.report, &e);
		mem_fail_at(0);
		ck_assert_int_eq(rc, e.code);
		ck_assert(rc == 0 || rc == ERR_NO_MEMORY);
		failed = failed || rc < 0;
	}
	ck_assert(failed);
	ck_assert_int_eq(rc, 0);
	deployment_destroy(d);
	hosting_end();
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(what_is_missing_is_a_fault, rows),
	SUITE_TEST(without_memory_it_says_so),
};
SUITE_MAIN("ready", tests)
