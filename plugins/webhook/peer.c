/* What a peer showed of itself, from OpenSSL's verification. */
#include "peer.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "text.h"

bool peer_init(struct peer *p, bool whole)
{
	*p = (struct peer){.whole = whole};
	if (whole)
		p->chain = wh_array(PEER_CHAIN_MOST, sizeof(*p->chain));
	return p->chain || !whole;
}

void peer_finish(struct peer *p)
{
	wh_free(p->chain);
	p->chain = NULL;
}

void peer_clear(struct peer *p)
{
	p->expires_ms = 0;
	p->version[0] = p->cipher[0] = p->san[0] = '\0';
	p->count = 0;
}

static int64_t time_ms(const ASN1_TIME *time)
{
	struct tm tm = {0};

	return ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) * 1000 : 0;
}

/* Reads what was printed; what has no room is left out. */
static void take_text(BIO *out, char *ret, size_t ret_bytes)
{
	int bytes = BIO_read(out, ret, (int)ret_bytes - 1);

	ret[bytes > 0 ? bytes : 0] = '\0';
}

static void write_name(const X509_NAME *name, char *ret, size_t ret_bytes)
{
	BIO *out = BIO_new(BIO_s_mem());

	ret[0] = '\0';
	if (!out)
		return;
	if (X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0)
		take_text(out, ret, ret_bytes);
	BIO_free(out);
}

static void add_san(char *san, const char *text, size_t bytes)
{
	size_t at = strlen(san);

	/* No part of one: half a name is another name. */
	if (at + bytes + 3 > PEER_SAN_BYTES)
		return;
	for (size_t i = 0; i < bytes; i++)
		if (text[i] <= ' ' || text[i] > '~' || text[i] == ',')
			return;
	snprintf(san + at, PEER_SAN_BYTES - at, "%s%.*s", at ? ", " : "", (int)bytes, text);
}

static void write_san(X509 *certificate, char *san)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	char address[INET6_ADDRSTRLEN];

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		int type;
		const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
		if (type == GEN_DNS)
			add_san(san, (const char *)ASN1_STRING_get0_data(value),
			        (size_t)ASN1_STRING_length(value));
		if (type == GEN_IPADD &&
		    inet_ntop(ASN1_STRING_length(value) == 4 ? AF_INET : AF_INET6,
		              ASN1_STRING_get0_data(value), address, sizeof(address)))
			add_san(san, address, strlen(address));
	}
	GENERAL_NAMES_free(names);
}

static void add_certificate(struct peer *p, X509 *certificate)
{
	struct peer_certificate *to = &p->chain[p->count++];

	write_name(X509_get_subject_name(certificate), to->subject, sizeof(to->subject));
	write_name(X509_get_issuer_name(certificate), to->issuer, sizeof(to->issuer));
	snprintf(to->not_before, sizeof(to->not_before), "%lld",
	         (long long)time_ms(X509_get0_notBefore(certificate)));
	snprintf(to->not_after, sizeof(to->not_after), "%lld",
	         (long long)time_ms(X509_get0_notAfter(certificate)));
}

static void collect(struct peer *p, X509_STORE_CTX *verification)
{
	X509 *own = X509_STORE_CTX_get0_cert(verification);
	STACK_OF(X509) *offered = X509_STORE_CTX_get0_untrusted(verification);
	SSL *ssl = X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx());

	peer_clear(p);
	p->expires_ms = time_ms(X509_get0_notAfter(own));
	if (!p->whole)
		return;
	snprintf(p->version, sizeof(p->version), "%s", SSL_get_version(ssl));
	snprintf(p->cipher, sizeof(p->cipher), "%s", SSL_get_cipher_name(ssl));
	write_san(own, p->san);
	for (int i = 0; i < sk_X509_num(offered) && p->count < PEER_CHAIN_MOST; i++)
		add_certificate(p, sk_X509_value(offered, i));
	ERR_clear_error();
}

static int on_verify(X509_STORE_CTX *verification, void *arg)
{
	collect(arg, verification);
	return X509_verify_cert(verification);
}

void peer_watch(struct peer *p, SSL_CTX *context)
{
	SSL_CTX_set_cert_verify_callback(context, on_verify, p);
}
