/* Sealing by libsodium's XChaCha20-Poly1305. */
#include "crypto/seal.h"

#include <sodium.h>

#include "base/banned.h"
#include "crypto/random.h"

enum { NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES };

_Static_assert(SEAL_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
               "a key is one of libsodium's");
_Static_assert(SEAL_EXTRA_BYTES == NONCE_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "nonce and tag have room");

void seal(const uint8_t *key, const void *text, size_t bytes, const void *with, size_t with_bytes,
          uint8_t *ret)
{
	random_bytes(ret, NONCE_BYTES);
	crypto_aead_xchacha20poly1305_ietf_encrypt(ret + NONCE_BYTES, NULL, text, bytes, with,
	                                           with_bytes, NULL, ret, key);
}

bool seal_open(const uint8_t *key, const uint8_t *sealed, size_t sealed_bytes, const void *with,
               size_t with_bytes, uint8_t *ret)
{
	if (sealed_bytes < SEAL_EXTRA_BYTES)
		return false;
	/* The tag is looked at before anything is written. */
	return crypto_aead_xchacha20poly1305_ietf_decrypt(ret, NULL, NULL, sealed + NONCE_BYTES,
	                                                  sealed_bytes - NONCE_BYTES, with,
	                                                  with_bytes, sealed, key) == 0;
}
