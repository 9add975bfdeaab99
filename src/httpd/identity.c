/* A certificate with its key, by GnuTLS, which is what libmicrohttpd speaks TLS with. */
#include "httpd/identity.h"

#include <gnutls/gnutls.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"

struct http_identity {
	gnutls_certificate_credentials_t credentials;
	atomic_uint holders;
};

/* The library takes pointers to non-const, and only reads. */
static gnutls_datum_t datum_of(const char *text)
{
	return (gnutls_datum_t){
		.data = (unsigned char *)(uintptr_t)text,
		.size = (unsigned int)strlen(text),
	};
}

static int load(struct http_identity *identity, const char *certificate_pem, const char *key_pem,
                struct err *e)
{
	const gnutls_datum_t certificate = datum_of(certificate_pem), key = datum_of(key_pem);

	if (gnutls_certificate_allocate_credentials(&identity->credentials) < 0)
		return err_no_memory(e);
	int rc = gnutls_certificate_set_x509_key_mem2(identity->credentials, &certificate, &key,
	                                              GNUTLS_X509_FMT_PEM, NULL, 0);
	if (rc == GNUTLS_E_MEMORY_ERROR)
		return err_no_memory(e);
	return rc < 0 ? err_set(e, ERR_INVALID, "the certificate and the key cannot be used: %s",
	                        gnutls_strerror(rc))
	              : 0;
}

int http_identity_create(const char *certificate_pem, const char *key_pem,
                         struct http_identity **ret, struct err *e)
{
	struct http_identity *identity = mem_zalloc(sizeof(*identity));

	if (!identity)
		return err_no_memory(e);
	atomic_store(&identity->holders, 1);
	int rc = load(identity, certificate_pem, key_pem, e);
	if (rc == 0)
		*ret = identity;
	else
		http_identity_release(identity);
	return rc;
}

struct http_identity *http_identity_hold(struct http_identity *identity)
{
	atomic_fetch_add(&identity->holders, 1);
	return identity;
}

void http_identity_release(struct http_identity *identity)
{
	if (!identity || atomic_fetch_sub(&identity->holders, 1) > 1)
		return;
	if (identity->credentials)
		gnutls_certificate_free_credentials(identity->credentials);
	mem_free(identity);
}

int http_identity_show(const struct http_identity *identity, void *session)
{
	int rc = gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, identity->credentials);

	return rc < 0 ? ERR_NO_MEMORY : 0;
}
