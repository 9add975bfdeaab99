/* What kind of file a dependency is. */
#include "base/banned.h"
#include "core/bundle/bundle_impl.h"

const char *const bundle_file_kinds[] = {
	[BUNDLE_CERTIFICATE] = "certificate",
	[BUNDLE_PRIVATE_KEY] = "private_key",
	[BUNDLE_KEY_STORE] = "key_store",
	[BUNDLE_OTHER] = "other",
};

enum {
	DER_SEQUENCE = 0x30,
	DER_INTEGER = 0x02,
	DER_OID = 0x06,
	PKCS12_VERSION = 3,
	JKS_MAGIC = 0xfeedfeed,
};

bool bundle_file_is_secret(enum bundle_file_kind kind)
{
	return kind == BUNDLE_PRIVATE_KEY || kind == BUNDLE_KEY_STORE;
}

static bool holds(const char *text, size_t bytes, const char *word)
{
	return memmem(text, bytes, word, strlen(word)) != NULL;
}

/* Steps into a DER element with that tag; false: there is none. */
static bool enter(const unsigned char **p, size_t *left, unsigned tag)
{
	size_t more;

	if (*left < 2 || (*p)[0] != tag)
		return false;
	more = (*p)[1] & 0x80 ? (*p)[1] & 0x7f : 0;
	if (more > 8 || *left < 2 + more)
		return false;
	*p += 2 + more;
	*left -= 2 + more;
	return true;
}

/* PKCS #12 begins with its version 3; private keys with a small version, or, encrypted, with what they
 * are encrypted by.  (RFC 7292 4, RFC 5208 5 and 6, RFC 8017 A.1.2, RFC 5915 3) */
static enum bundle_file_kind kind_of_der(const unsigned char *p, size_t left)
{
	if (!enter(&p, &left, DER_SEQUENCE))
		return BUNDLE_OTHER;
	if (enter(&p, &left, DER_INTEGER))
		return left > 0 && p[0] == PKCS12_VERSION ? BUNDLE_KEY_STORE : BUNDLE_PRIVATE_KEY;
	if (enter(&p, &left, DER_SEQUENCE)) {
		if (enter(&p, &left, DER_OID))
			return BUNDLE_PRIVATE_KEY;
		return BUNDLE_CERTIFICATE;
	}
	return BUNDLE_OTHER;
}

static bool is_jks(const unsigned char *p, size_t bytes)
{
	return bytes >= 4 && ((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
	                      p[3]) == (uint32_t)JKS_MAGIC;
}

enum bundle_file_kind bundle_file_kind_of(const void *bytes, size_t size_bytes)
{
	if (size_bytes == 0)
		return BUNDLE_OTHER;
	if (holds(bytes, size_bytes, "PRIVATE KEY-----"))
		return BUNDLE_PRIVATE_KEY;
	if (is_jks(bytes, size_bytes))
		return BUNDLE_KEY_STORE;
	if (holds(bytes, size_bytes, "-----BEGIN CERTIFICATE-----") ||
	    holds(bytes, size_bytes, "-----BEGIN TRUSTED CERTIFICATE-----"))
		return BUNDLE_CERTIFICATE;
	return kind_of_der(bytes, size_bytes);
}
