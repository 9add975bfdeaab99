/* When the certificates of a file end, by OpenSSL's libcrypto. */
#include "crypto/certificate.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <time.h>

#include "base/banned.h"
#include "base/err.h"

/* A certificate needs no passphrase; nobody is to be asked for one. */
static int no_passphrase(char *text, int bytes, int writing, void *arg)
{
	(void)text, (void)bytes, (void)writing, (void)arg;
	return -1;
}

static void write_subject(const X509 *certificate, char *ret, size_t ret_bytes)
{
	BIO *out = BIO_new(BIO_s_mem());
	int bytes = 0;

	if (out && X509_NAME_print_ex(out, X509_get_subject_name(certificate), 0,
	                              XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0)
		bytes = BIO_read(out, ret, (int)ret_bytes - 1);
	ret[bytes > 0 ? bytes : 0] = '\0';
	BIO_free(out);
}

static int add(struct certificate_info *info, const X509 *certificate)
{
	struct tm tm = {0};

	if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm) != 1)
		return ERR_INVALID;
	int64_t end_ms = (int64_t)timegm(&tm) * 1000;
	if (info->count == 0) {
		info->first_ms = info->soonest_ms = info->latest_ms = end_ms;
		write_subject(certificate, info->subject, sizeof(info->subject));
	}
	if (end_ms < info->soonest_ms)
		info->soonest_ms = end_ms;
	if (end_ms > info->latest_ms)
		info->latest_ms = end_ms;
	info->count++;
	return 0;
}

int certificate_read_file(const char *path, struct certificate_info *ret, struct err *e)
{
	struct certificate_info info = {0};
	FILE *file = fopen(path, "re");
	X509 *certificate;
	int rc = 0;

	if (!file)
		return err_set_errno(e, ERR_IO, "%s", path);
	while (rc == 0 && (certificate = PEM_read_X509(file, NULL, no_passphrase, NULL))) {
		rc = add(&info, certificate);
		X509_free(certificate);
	}
	/* The end of the file is an error like others, but for its name. */
	unsigned long code = ERR_peek_last_error();
	if (rc == 0 && info.count > 0 && code && ERR_GET_REASON(code) != PEM_R_NO_START_LINE)
		rc = ERR_INVALID;
	ERR_clear_error();
	fclose(file);
	if (rc < 0 || info.count == 0)
		return err_set(e, ERR_INVALID, "%s: %s", path,
		               info.count ? "one of its certificates cannot be read"
		                          : "there is no certificate in it");
	*ret = info;
	return 0;
}
