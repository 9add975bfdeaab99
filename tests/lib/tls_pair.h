/* Certificates that sign themselves, and a client that sees which one a server shows; by GnuTLS. */
#pragma once

#include <check.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "http_peer.h"

struct tls_pair {
	char certificate[4096], key[4096];
};

static inline void tls_write(int rc, const gnutls_datum_t *text, char *ret, size_t ret_bytes)
{
	ck_assert_int_eq(rc, 0);
	ck_assert_uint_lt(text->size, ret_bytes);
	memcpy(ret, text->data, text->size);
	ret[text->size] = '\0';
	gnutls_free(text->data);
}

/* A new key, and a certificate for CN=name that is good for a day. */
static inline void tls_pair_make(const char *name, struct tls_pair *ret)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t certificate;
	gnutls_datum_t text;

	ck_assert_int_eq(gnutls_x509_privkey_init(&key), 0);
	ck_assert_int_eq(gnutls_x509_crt_init(&certificate), 0);
	ck_assert_int_eq(
		gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
	                                     GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
		0);
	ck_assert_int_eq(gnutls_x509_crt_set_version(certificate, 3), 0);
	ck_assert_int_eq(gnutls_x509_crt_set_serial(certificate, "\1", 1), 0);
	ck_assert_int_eq(gnutls_x509_crt_set_activation_time(certificate, time(NULL) - 60), 0);
	ck_assert_int_eq(gnutls_x509_crt_set_expiration_time(certificate, time(NULL) + 86400), 0);
	ck_assert_int_eq(gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0,
	                                               name, (unsigned int)strlen(name)),
	                 0);
	ck_assert_int_eq(gnutls_x509_crt_set_key(certificate, key), 0);
	ck_assert_int_eq(gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0),
	                 0);
	tls_write(gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &text), &text,
	          ret->certificate, sizeof(ret->certificate));
	tls_write(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &text), &text, ret->key,
	          sizeof(ret->key));
	gnutls_x509_crt_deinit(certificate);
	gnutls_x509_privkey_deinit(key);
}

struct tls_peer {
	int fd;
	gnutls_certificate_credentials_t trust;
	gnutls_session_t session;
	char shown[64]; /* the common name that the server has shown */
};

/* Takes the socket. */
static inline void tls_dial(struct tls_peer *peer, int fd)
{
	gnutls_x509_crt_t certificate;
	size_t bytes = sizeof(peer->shown);
	unsigned int count = 0;
	int rc;

	peer->fd = fd;
	ck_assert_int_eq(gnutls_certificate_allocate_credentials(&peer->trust), 0);
	ck_assert_int_eq(gnutls_init(&peer->session, GNUTLS_CLIENT), 0);
	ck_assert_int_eq(gnutls_set_default_priority(peer->session), 0);
	ck_assert_int_eq(gnutls_credentials_set(peer->session, GNUTLS_CRD_CERTIFICATE, peer->trust),
	                 0);
	gnutls_transport_set_int(peer->session, fd);
	do {
		rc = gnutls_handshake(peer->session);
	} while (rc < 0 && !gnutls_error_is_fatal(rc));
	ck_assert_msg(rc == 0, "no handshake: %s", gnutls_strerror(rc));
	const gnutls_datum_t *list = gnutls_certificate_get_peers(peer->session, &count);
	ck_assert_uint_ge(count, 1);
	ck_assert_int_eq(gnutls_x509_crt_init(&certificate), 0);
	ck_assert_int_eq(gnutls_x509_crt_import(certificate, &list[0], GNUTLS_X509_FMT_DER), 0);
	ck_assert_int_eq(gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0,
	                                               0, peer->shown, &bytes),
	                 0);
	gnutls_x509_crt_deinit(certificate);
}

/* The status of GET /; 0: the connection has ended. */
static inline unsigned tls_ask(struct tls_peer *peer)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
	char reply[4096];
	ssize_t got;

	ck_assert_int_eq(gnutls_record_send(peer->session, request, sizeof(request) - 1),
	                 sizeof(request) - 1);
	do {
		got = gnutls_record_recv(peer->session, reply, sizeof(reply) - 1);
	} while (got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED);
	reply[got > 0 ? got : 0] = '\0';
	return peer_status(reply);
}

static inline void tls_hang_up(struct tls_peer *peer)
{
	gnutls_deinit(peer->session);
	gnutls_certificate_free_credentials(peer->trust);
	close(peer->fd);
}
