/* The TCP listener: its names, its files. */
#include "linkspand/listening.h"

#include <stdio.h>
#include <sys/socket.h>

#include "base/err.h"
#include "conf/conf.h"
#include "folder.h"
#include "suite.h"

static const char *const none[] = {NULL};
static const char *const allowed[] = {"linkspan.internal", NULL};

static bool has_host(const struct listening *l, const char *name)
{
	for (size_t i = 0; l->listener.hosts[i]; i++)
		if (strcmp(l->listener.hosts[i], name) == 0)
			return true;
	return false;
}

/* Free ports cannot be asked for: the configuration names one.  One that is taken is passed over. */
static int open_somewhere(struct listening *l, struct conf_host *host, const char *address,
                          struct err *e)
{
	static char listen[64];
	int rc = ERR_IO;

	for (int port = 20000; rc == ERR_IO && port < 20100; port++) {
		err_clear(e);
		snprintf(listen, sizeof(listen), "%s:%d", address, port);
		host->listen = listen;
		rc = listening_open(l, host, e);
	}
	return rc;
}

START_TEST(it_is_called_by_localhost_its_address_and_what_is_allowed)
{
	struct conf_host host = {.allowed_hosts = allowed};
	struct listening l;
	struct err e = {0};

	listening_init(&l);
	ck_assert_msg(open_somewhere(&l, &host, "127.0.0.2", &e) == 0, "%s", e.text);
	ck_assert_int_ge(l.listener.fd, 0);
	ck_assert(has_host(&l, "localhost"));
	ck_assert(has_host(&l, "127.0.0.1"));
	ck_assert(has_host(&l, "127.0.0.2"));
	ck_assert(has_host(&l, "[::1]"));
	ck_assert(has_host(&l, "linkspan.internal"));
	ck_assert(!has_host(&l, "127.0.0.3"));
	ck_assert_ptr_null(l.listener.certificate_pem);
	close(l.listener.fd);
	listening_finish(&l);
}
END_TEST

START_TEST(certificate_and_key_are_read)
{
	struct conf_host host = {.allowed_hosts = none};
	struct listening l;
	struct err e = {0};

	folder_create();
	folder_write("c.pem", "certificate");
	folder_write("k.pem", "key");
	chmod(folder_path("k.pem"), 0600);
	host.tls_certificate = folder_path("c.pem");
	host.tls_key = folder_path("k.pem");
	listening_init(&l);
	ck_assert_msg(open_somewhere(&l, &host, "127.0.0.1", &e) == 0, "%s", e.text);
	ck_assert_str_eq(l.listener.certificate_pem, "certificate");
	ck_assert_str_eq(l.listener.key_pem, "key");
	close(l.listener.fd);
	listening_finish(&l);
	folder_destroy();
}
END_TEST

START_TEST(a_key_that_everybody_can_read_is_refused)
{
	struct conf_host host = {.allowed_hosts = none, .listen = "127.0.0.1:20000"};
	struct listening l;
	struct err e = {0};

	folder_create();
	folder_write("c.pem", "certificate");
	folder_write("k.pem", "key");
	chmod(folder_path("k.pem"), 0644);
	host.tls_certificate = folder_path("c.pem");
	host.tls_key = folder_path("k.pem");
	listening_init(&l);
	ck_assert_int_eq(listening_open(&l, &host, &e), ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(e.text, "can be read by everybody"));
	ck_assert_ptr_null(strstr(e.text, "key\n"));
	ck_assert_int_lt(l.listener.fd, 0);
	listening_finish(&l);
	folder_destroy();
}
END_TEST

START_TEST(a_missing_file_is_named)
{
	struct conf_host host = {.allowed_hosts = none,
	                         .listen = "127.0.0.1:20000",
	                         .tls_certificate = "/nowhere/c.pem",
	                         .tls_key = "/nowhere/k.pem"};
	struct listening l;
	struct err e = {0};

	listening_init(&l);
	ck_assert_int_eq(listening_open(&l, &host, &e), ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(e.text, "/nowhere/c.pem"));
	listening_finish(&l);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(it_is_called_by_localhost_its_address_and_what_is_allowed),
	SUITE_TEST(certificate_and_key_are_read),
	SUITE_TEST(a_key_that_everybody_can_read_is_refused),
	SUITE_TEST(a_missing_file_is_named),
};

SUITE_MAIN("listening", tests)
