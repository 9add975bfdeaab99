/* Which host is meant, and what is sent there as a proof. */
#include "linkspan/remote.h"

#include <stdio.h>

#include "base/err.h"
#include "folder.h"
#include "linkspan/command.h"
#include "suite.h"

/* The options as a test wants them, instead of those of a command line. */
static const char *url, *token_file;

const char *cli_option(const struct cli *cli, const char *name)
{
	(void)cli;
	return strcmp(name, "url") == 0 ? url : strcmp(name, "token-file") == 0 ? token_file : NULL;
}

static struct cli cli;

static int read_remote(struct remote *r, struct err *e)
{
	int rc = remote_read(r, &cli, e);

	if (rc < 0)
		remote_finish(r);
	return rc;
}

static const struct {
	const char *url;
	int plain, with_token;
} addresses[] = {
	{"https://linkspan.internal:8686", 0, 0},
	{"https://linkspan.internal/", 0, 0},
	{"https://[2001:db8::1]:8686", 0, 0},
	{"http://localhost:8686", 0, 0},
	{"http://127.0.0.1", 0, 0},
	{"http://[::1]:8686", 0, 0},
	/* A token does not go there in the clear. */
	{"http://linkspan.internal:8686", 0, ERR_USAGE},
	{"http://127.0.0.1.evil.example", 0, ERR_USAGE},
	{"http://localhost.evil.example", 0, ERR_USAGE},
	{"ftp://localhost", ERR_USAGE, ERR_USAGE},
	{"localhost:8686", ERR_USAGE, ERR_USAGE},
	{"https://", ERR_USAGE, ERR_USAGE},
	{"https:///x", ERR_USAGE, ERR_USAGE},
	{"https://user@localhost", ERR_USAGE, ERR_USAGE},
	{"https://localhost/?a", ERR_USAGE, ERR_USAGE},
	{"https://localhost/api", ERR_USAGE, ERR_USAGE},
};

START_TEST(an_address_is_judged)
{
	struct remote r;

	folder_create();
	folder_write("token", "lks_x\n");
	url = addresses[_i].url;
	token_file = NULL;
	unsetenv("LINKSPAN_TOKEN_FILE");
	ck_assert_int_eq(read_remote(&r, NULL), addresses[_i].plain);
	token_file = folder_path("token");
	ck_assert_int_eq(read_remote(&r, NULL), addresses[_i].with_token);
	remote_finish(&r);
	folder_destroy();
}
END_TEST

static const struct {
	const char *text, *token; /* NULL: it holds none */
} files[] = {
	{"lks_x", "lks_x"}, {"lks_x\n", "lks_x"}, {"lks_x \r\n\n", "lks_x"}, {"", NULL},
	{"\n", NULL},       {"a b", NULL},        {"a\nb\n", NULL},
};

START_TEST(a_file_holds_one_token)
{
	struct remote r;
	struct err e = {0};

	folder_create();
	folder_write("token", files[_i].text);
	url = NULL;
	token_file = folder_path("token");
	int rc = read_remote(&r, &e);
	ck_assert_int_eq(rc, files[_i].token ? 0 : ERR_INVALID);
	if (rc == 0)
		ck_assert_str_eq(r.token, files[_i].token);
	else
		ck_assert_ptr_null(strstr(e.text, "a b"));
	if (rc == 0)
		remote_finish(&r);
	folder_destroy();
}
END_TEST

START_TEST(the_variable_is_for_other_machines_alone)
{
	struct remote r;

	folder_create();
	folder_write("token", "lks_x");
	setenv("LINKSPAN_TOKEN_FILE", folder_path("token"), 1);
	token_file = url = NULL;
	ck_assert_int_eq(read_remote(&r, NULL), 0);
	ck_assert_ptr_null(r.token);
	remote_finish(&r);
	url = "https://localhost";
	ck_assert_int_eq(read_remote(&r, NULL), 0);
	ck_assert_str_eq(r.token, "lks_x");
	remote_finish(&r);
	folder_destroy();
}
END_TEST

START_TEST(a_missing_file_is_named)
{
	struct remote r;
	struct err e = {0};

	url = "https://localhost";
	token_file = "/nowhere/token";
	ck_assert_int_eq(read_remote(&r, &e), ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(e.text, "/nowhere/token"));
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_LOOP(an_address_is_judged, addresses),
	SUITE_LOOP(a_file_holds_one_token, files),
	SUITE_TEST(the_variable_is_for_other_machines_alone),
	SUITE_TEST(a_missing_file_is_named),
};

SUITE_MAIN("remote", tests)
