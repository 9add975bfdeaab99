/* The certificate of a server: what is none, and another one in the place of the first. */
#include "httpd/identity.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/err.h"
#include "base/mem.h"
#include "httpd/server.h"
#include "suite.h"
#include "tls_pair.h"

static struct tls_pair first, second;

static void answer(void *arg, struct http_request *request)
{
	(void)arg;
	http_reply(request, &(struct http_reply){.status = 204});
}

static struct http_server *start(void)
{
	const struct http_options options = {
		.address = "127.0.0.1",
		.certificate_pem = first.certificate,
		.key_pem = first.key,
		.threads = 2,
		.handle = answer,
	};
	struct http_server *server;
	struct err e = {0};

	ck_assert_msg(http_server_start(&options, &server, &e) == 0, "%s", e.text);
	return server;
}

static void dial(const struct http_server *server, struct tls_peer *peer)
{
	socklen_t bytes;
	const struct sockaddr *address = http_server_address(server, &bytes);

	tls_dial(peer, peer_dial(address, bytes));
}

static void renew(struct http_server *server, const struct tls_pair *pair)
{
	struct http_identity *identity;
	struct err e = {0};

	ck_assert_msg(http_identity_create(pair->certificate, pair->key, &identity, &e) == 0, "%s",
	              e.text);
	http_server_identify(server, identity);
}

static void make_pairs(void)
{
	tls_pair_make("first", &first);
	tls_pair_make("second", &second);
}

START_TEST(what_is_no_pair_is_refused)
{
	const struct {
		const char *certificate, *key;
	} rows[] = {
		{first.certificate, second.key},  {"not a certificate", first.key},
		{first.certificate, "not a key"}, {"", ""},
		{first.key, first.certificate},
	};

	make_pairs();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_identity *identity = NULL;
		struct err e = {0};

		ck_assert_int_eq(
			http_identity_create(rows[i].certificate, rows[i].key, &identity, &e),
			ERR_INVALID);
		ck_assert_ptr_null(identity);
		ck_assert_ptr_nonnull(strstr(e.text, "the certificate and the key cannot be used"));
	}
}
END_TEST

START_TEST(new_connections_see_the_new_one_and_old_ones_go_on)
{
	struct tls_peer before, after;

	make_pairs();
	struct http_server *server = start();
	dial(server, &before);
	ck_assert_str_eq(before.shown, "first");
	ck_assert_uint_eq(tls_ask(&before), 204);

	renew(server, &second);
	dial(server, &after);
	ck_assert_str_eq(after.shown, "second");
	ck_assert_uint_eq(tls_ask(&after), 204);
	ck_assert_uint_eq(tls_ask(&before), 204);

	/* Held by one connection alone. */
	renew(server, &first);
	ck_assert_uint_eq(tls_ask(&after), 204);
	tls_hang_up(&before);
	tls_hang_up(&after);
	http_server_stop(server, 1000);
}
END_TEST

struct renewing {
	struct http_server *server;
	atomic_bool ended;
};

static void *renew_always(void *arg)
{
	struct renewing *r = arg;

	for (unsigned i = 0; !atomic_load(&r->ended); i++)
		renew(r->server, i % 2 ? &first : &second);
	return NULL;
}

START_TEST(handshakes_and_renewals_at_once)
{
	struct renewing r = {0};
	pthread_t thread;

	make_pairs();
	r.server = start();
	ck_assert_int_eq(pthread_create(&thread, NULL, renew_always, &r), 0);
	for (unsigned i = 0; i < 100; i++) {
		struct tls_peer peer;
		dial(r.server, &peer);
		ck_assert_uint_eq(tls_ask(&peer), 204);
		tls_hang_up(&peer);
	}
	atomic_store(&r.ended, true);
	pthread_join(thread, NULL);
	http_server_stop(r.server, 1000);
}
END_TEST

START_TEST(a_server_without_tls_gets_none)
{
	const struct http_options options = {.address = "127.0.0.1", .handle = answer};
	struct http_server *server;
	struct err e = {0};

	make_pairs();
	ck_assert_int_eq(http_server_start(&options, &server, &e), 0);
	renew(server, &first);
	http_server_stop(server, 0);
}
END_TEST

START_TEST(without_memory_there_is_none)
{
	struct http_identity *identity = NULL;
	struct err e = {0};

	make_pairs();
	mem_fail_at(1);
	ck_assert_int_eq(http_identity_create(first.certificate, first.key, &identity, &e),
	                 ERR_NO_MEMORY);
	mem_fail_at(0);
	ck_assert_ptr_null(identity);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(what_is_no_pair_is_refused),
	SUITE_TEST(new_connections_see_the_new_one_and_old_ones_go_on),
	SUITE_TEST(handshakes_and_renewals_at_once),
	SUITE_TEST(a_server_without_tls_gets_none),
	SUITE_TEST(without_memory_there_is_none),
};

SUITE_MAIN("httpd_identity", tests)
