/* When the certificates of a file end. */
#include "crypto/certificate.h"

#include <stdio.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/err.h"
#include "suite.h"

#define ONE_MS 1796427143000LL
#define TWO_MS 1797291143000LL

static const char one[] = "-----BEGIN CERTIFICATE-----\n"
			  "MIIBcDCCARegAwIBAgIUS7PFnEwuQ2TnaRQvAIXlFH4+5dowCgYIKoZIzj0EAwIw\n"
			  "DjEMMAoGA1UEAwwDb25lMB4XDTI2MTEyNDIzMzIyM1oXDTI2MTIwNDIzMzIyM1ow\n"
			  "DjEMMAoGA1UEAwwDb25lMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE4KUH/QuE\n"
			  "JP4gimgQ+ICxRaaVbJx3vndzIITU/kf+55im623J5U71EcJkMxM3f9KALlKH3XAl\n"
			  "XsmhVKwh2a77faNTMFEwHQYDVR0OBBYEFNu62k/CbCXG4xQBsNPDz9LiFEOoMB8G\n"
			  "A1UdIwQYMBaAFNu62k/CbCXG4xQBsNPDz9LiFEOoMA8GA1UdEwEB/wQFMAMBAf8w\n"
			  "CgYIKoZIzj0EAwIDRwAwRAIgaK1U5kN9ItIcJJo/GjNrRjlRjwi0T1BDsgY4Oo9D\n"
			  "8SMCIEd6eT3WnpVrlI/O0Am7WSZPyylhNQG/6VEdd8lngTAp\n"
			  "-----END CERTIFICATE-----\n";

static const char two[] = "-----BEGIN CERTIFICATE-----\n"
			  "MIIBcTCCARegAwIBAgIUOPZTyRvwy7sfsy9BsSGw0DyLPi4wCgYIKoZIzj0EAwIw\n"
			  "DjEMMAoGA1UEAwwDdHdvMB4XDTI2MTEyNDIzMzIyM1oXDTI2MTIxNDIzMzIyM1ow\n"
			  "DjEMMAoGA1UEAwwDdHdvMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE4KUH/QuE\n"
			  "JP4gimgQ+ICxRaaVbJx3vndzIITU/kf+55im623J5U71EcJkMxM3f9KALlKH3XAl\n"
			  "XsmhVKwh2a77faNTMFEwHQYDVR0OBBYEFNu62k/CbCXG4xQBsNPDz9LiFEOoMB8G\n"
			  "A1UdIwQYMBaAFNu62k/CbCXG4xQBsNPDz9LiFEOoMA8GA1UdEwEB/wQFMAMBAf8w\n"
			  "CgYIKoZIzj0EAwIDSAAwRQIhAOH7eJzsPH8SrhCRBo2tJjPUSbg6F3V+fwnS+MMf\n"
			  "5CB3AiBS+qlr84ufXg0+0a5Er5Ys5PcrNeFsg414x60AtkzyGg==\n"
			  "-----END CERTIFICATE-----\n";

/* In the form of one; what is in it does not matter. */
static const char key[] = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";

static int read_texts(const char *a, const char *b, const char *c, struct certificate_info *ret,
                      struct err *e)
{
	char path[] = "/tmp/linkspan-certificate-XXXXXX";
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");

	ck_assert_ptr_nonnull(file);
	fprintf(file, "%s%s%s", a, b, c);
	fclose(file);
	int rc = certificate_read_file(path, ret, e);
	unlink(path);
	return rc;
}

START_TEST(one_certificate)
{
	struct certificate_info info;

	ck_assert_int_eq(read_texts("", one, "", &info, NULL), 0);
	ck_assert_uint_eq(info.count, 1);
	ck_assert_int_eq(info.first_ms, ONE_MS);
	ck_assert_str_eq(info.subject, "CN=one");
	ck_assert_int_eq(info.soonest_ms, ONE_MS);
	ck_assert_int_eq(info.latest_ms, ONE_MS);
}
END_TEST

START_TEST(a_chain_with_its_key)
{
	struct certificate_info info;

	ck_assert_int_eq(read_texts(two, key, one, &info, NULL), 0);
	ck_assert_uint_eq(info.count, 2);
	ck_assert_int_eq(info.first_ms, TWO_MS);
	ck_assert_int_eq(info.soonest_ms, ONE_MS);
	ck_assert_int_eq(info.latest_ms, TWO_MS);
}
END_TEST

START_TEST(no_certificate)
{
	struct certificate_info info = {.count = 7};
	struct err e = {0};

	ck_assert_int_eq(read_texts("", key, "", &info, &e), ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(e.text, "no certificate"));
	ck_assert_int_eq(read_texts("", "", "", &info, NULL), ERR_INVALID);
	ck_assert_int_eq(certificate_read_file("/does/not/exist", &info, NULL), ERR_IO);
	ck_assert_uint_eq(info.count, 7);
}
END_TEST

START_TEST(a_certificate_that_is_cut)
{
	struct certificate_info info;
	struct err e = {0};
	char cut[sizeof(two)];

	snprintf(cut, sizeof(cut), "%.*s", (int)sizeof(two) / 2, two);
	ck_assert_int_eq(read_texts(one, cut, "", &info, &e), ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(e.text, "cannot be read"));
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(one_certificate),
	SUITE_TEST(a_chain_with_its_key),
	SUITE_TEST(no_certificate),
	SUITE_TEST(a_certificate_that_is_cut),
};
SUITE_MAIN("certificate", tests)
