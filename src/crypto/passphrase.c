/*
 * Sealing under a passphrase, by libsodium.
 *
 *	magic 8, version 1, three zero bytes, argon2id's passes 4 and KiB 4, its salt 16, the stream's header 24
 *	chunks: 64 KiB each but the last, and 17 bytes more; the last one carries the stream's final tag
 *
 * Numbers are little-endian.  The first 60 bytes are authenticated with each chunk.
 */
#include "crypto/passphrase.h"

#include <pthread.h>
#include <sodium.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "crypto/random.h"

enum {
	MAGIC_BYTES = 8,
	AT_VERSION = MAGIC_BYTES,
	AT_OPS = 12,
	AT_KIB = 16,
	AT_SALT = 20,
	AT_STREAM = AT_SALT + crypto_pwhash_SALTBYTES,
	HEADER_BYTES = AT_STREAM + crypto_secretstream_xchacha20poly1305_HEADERBYTES,
	KEY_BYTES = crypto_secretstream_xchacha20poly1305_KEYBYTES,
	MORE_BYTES = crypto_secretstream_xchacha20poly1305_ABYTES,
	VERSION = 1,
};

static const unsigned char magic[MAGIC_BYTES] = {'L', 'K', 'S', 'E', 'A', 'L', '\r', '\n'};

_Static_assert(PASSPHRASE_KIB_MOST == crypto_pwhash_MEMLIMIT_MODERATE / 1024,
               "what is sealed here can be opened");
_Static_assert(PASSPHRASE_OPS_MOST >= crypto_pwhash_OPSLIMIT_MODERATE,
               "what is sealed here can be opened");
_Static_assert(PASSPHRASE_KIB_LEAST * 1024 == crypto_pwhash_MEMLIMIT_MIN, "libsodium's least");

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

bool passphrase_is_sealed(const void *bytes, size_t size_bytes)
{
	return size_bytes >= MAGIC_BYTES && memcmp(bytes, magic, MAGIC_BYTES) == 0;
}

static void put_number(unsigned char *p, uint32_t n)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (unsigned char)(n >> (8 * i));
}

static uint32_t get_number(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int make_key(const char *passphrase, const unsigned char *header, unsigned char *key,
                    struct err *e)
{
	pthread_mutex_lock(&one_at_a_time);
	int rc = crypto_pwhash(key, KEY_BYTES, passphrase, strlen(passphrase), header + AT_SALT,
	                       get_number(header + AT_OPS),
	                       (size_t)get_number(header + AT_KIB) * 1024,
	                       crypto_pwhash_ALG_ARGON2ID13);
	pthread_mutex_unlock(&one_at_a_time);
	if (rc < 0)
		return err_set(e, ERR_NO_MEMORY,
		               "there is not enough memory to make a key of the "
		               "passphrase: it takes %u MiB",
		               (unsigned)(get_number(header + AT_KIB) / 1024));
	return 0;
}

/*
 * Sealing
 */

/* In UTF-8 a character has one byte that does not go on. */
static size_t count_characters(const char *s)
{
	size_t count = 0;

	for (; *s; s++)
		count += ((unsigned char)*s & 0xc0) != 0x80;
	return count;
}

static int check_new(const char *passphrase, struct err *e)
{
	if (count_characters(passphrase) < PASSPHRASE_LEAST)
		return err_set(e, ERR_INVALID,
		               "the passphrase is too short: it must have at "
		               "least %d characters",
		               PASSPHRASE_LEAST);
	if (strlen(passphrase) > PASSPHRASE_MOST)
		return err_set(e, ERR_INVALID,
		               "the passphrase is too long: it may have at most %d "
		               "bytes",
		               PASSPHRASE_MOST);
	return 0;
}

static void seal_chunks(crypto_secretstream_xchacha20poly1305_state *stream,
                        const unsigned char *header, const unsigned char *bytes, size_t size_bytes,
                        struct buf *ret)
{
	unsigned char chunk[PASSPHRASE_CHUNK + MORE_BYTES];
	bool is_last;

	do {
		size_t length = size_bytes < PASSPHRASE_CHUNK ? size_bytes : PASSPHRASE_CHUNK;
		is_last = length == size_bytes;
		crypto_secretstream_xchacha20poly1305_push(
			stream, chunk, NULL, bytes, length, header, HEADER_BYTES,
			is_last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0);
		buf_add(ret, chunk, length + MORE_BYTES);
		bytes += length;
		size_bytes -= length;
	} while (!is_last);
}

int passphrase_seal_with(const char *passphrase, uint32_t ops, uint32_t memory_kib,
                         const void *bytes, size_t size_bytes, struct buf *ret, struct err *e)
{
	unsigned char header[HEADER_BYTES] = {0}, key[KEY_BYTES];
	crypto_secretstream_xchacha20poly1305_state stream;

	int rc = check_new(passphrase, e);
	if (rc < 0)
		return rc;
	memcpy(header, magic, MAGIC_BYTES);
	header[AT_VERSION] = VERSION;
	put_number(header + AT_OPS, ops);
	put_number(header + AT_KIB, memory_kib);
	random_bytes(header + AT_SALT, crypto_pwhash_SALTBYTES);
	rc = make_key(passphrase, header, key, e);
	if (rc < 0)
		return rc;
	crypto_secretstream_xchacha20poly1305_init_push(&stream, header + AT_STREAM, key);
	sodium_memzero(key, sizeof(key));
	size_t before = ret->len_bytes;
	buf_add(ret, header, HEADER_BYTES);
	seal_chunks(&stream, header, bytes, size_bytes, ret);
	sodium_memzero(&stream, sizeof(stream));
	if (!buf_failed(ret))
		return 0;
	buf_cut(ret, before);
	return err_no_memory(e);
}

int passphrase_seal(const char *passphrase, const void *bytes, size_t size_bytes, struct buf *ret,
                    struct err *e)
{
	return passphrase_seal_with(passphrase, crypto_pwhash_OPSLIMIT_MODERATE,
	                            crypto_pwhash_MEMLIMIT_MODERATE / 1024, bytes, size_bytes, ret,
	                            e);
}

/*
 * Opening
 */

static int deny(struct err *e)
{
	return err_set(e, ERR_DENIED, "the passphrase is wrong, or the bundle was changed");
}

static int check_header(const unsigned char *header, size_t size_bytes, struct err *e)
{
	static const unsigned char none[AT_OPS - AT_VERSION - 1];

	if (size_bytes < HEADER_BYTES + MORE_BYTES)
		return deny(e);
	if (!passphrase_is_sealed(header, size_bytes))
		return err_set(e, ERR_INVALID, "this was not sealed by Linkspan");
	if (header[AT_VERSION] != VERSION ||
	    memcmp(header + AT_VERSION + 1, none, sizeof(none)) != 0)
		return err_set(e, ERR_INVALID,
		               "this was sealed by a younger Linkspan, in a way "
		               "that this one does not know");
	uint32_t ops = get_number(header + AT_OPS), kib = get_number(header + AT_KIB);
	if (ops < 1 || ops > PASSPHRASE_OPS_MOST || kib < PASSPHRASE_KIB_LEAST ||
	    kib > PASSPHRASE_KIB_MOST)
		return err_set(e, ERR_INVALID,
		               "opening this would take %u passes over %u KiB of "
		               "memory; at most %d passes over %d KiB are done",
		               ops, kib, PASSPHRASE_OPS_MOST, PASSPHRASE_KIB_MOST);
	return 0;
}

/* The final tag stands on the last chunk and on no other. */
static int open_chunks(crypto_secretstream_xchacha20poly1305_state *stream,
                       const unsigned char *header, const unsigned char *sealed, size_t size_bytes,
                       struct buf *ret)
{
	unsigned char chunk[PASSPHRASE_CHUNK];
	bool is_final = false;
	int rc = 0;

	while (rc == 0 && size_bytes > 0) {
		unsigned char tag;
		unsigned long long opened;
		size_t length = size_bytes < sizeof(chunk) + MORE_BYTES
		                        ? size_bytes
		                        : sizeof(chunk) + MORE_BYTES;
		if (is_final || length < MORE_BYTES ||
		    crypto_secretstream_xchacha20poly1305_pull(stream, chunk, &opened, &tag, sealed,
		                                               length, header, HEADER_BYTES) < 0) {
			rc = ERR_DENIED;
			break;
		}
		is_final = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
		buf_add(ret, chunk, (size_t)opened);
		sealed += length;
		size_bytes -= length;
	}
	sodium_memzero(chunk, sizeof(chunk));
	return rc < 0 || is_final ? rc : ERR_DENIED;
}

int passphrase_open(const char *passphrase, const void *sealed, size_t size_bytes, struct buf *ret,
                    struct err *e)
{
	const unsigned char *header = sealed;
	unsigned char key[KEY_BYTES];
	crypto_secretstream_xchacha20poly1305_state stream;

	int rc = check_header(header, size_bytes, e);
	if (rc < 0)
		return rc;
	if (passphrase[0] == '\0' || strlen(passphrase) > PASSPHRASE_MOST)
		return deny(e);
	rc = make_key(passphrase, header, key, e);
	if (rc < 0)
		return rc;
	size_t before = ret->len_bytes;
	rc = crypto_secretstream_xchacha20poly1305_init_pull(&stream, header + AT_STREAM, key);
	sodium_memzero(key, sizeof(key));
	if (rc == 0)
		rc = open_chunks(&stream, header, header + HEADER_BYTES, size_bytes - HEADER_BYTES,
		                 ret);
	sodium_memzero(&stream, sizeof(stream));
	if (rc == 0 && !buf_failed(ret))
		return 0;
	bool is_short = buf_failed(ret);
	if (ret->len_bytes > before)
		mem_wipe(ret->data + before, ret->len_bytes - before);
	buf_cut(ret, before);
	return is_short ? err_no_memory(e) : deny(e);
}
