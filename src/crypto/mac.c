/* HMAC-SHA-256, by libsodium. */
#include "crypto/mac.h"

#include <sodium.h>

#include "base/banned.h"

_Static_assert(MAC_STATE_BYTES >= sizeof(crypto_auth_hmacsha256_state), "the state has room");
_Static_assert(MAC_BYTES == crypto_auth_hmacsha256_BYTES, "a digest has room");
_Static_assert(MAC_KEY_BYTES == crypto_auth_hmacsha256_KEYBYTES, "a key is one of libsodium's");

static crypto_auth_hmacsha256_state *state_of(struct mac *m)
{
	return (crypto_auth_hmacsha256_state *)(void *)m->state;
}

void mac_init(struct mac *m, const uint8_t *key)
{
	crypto_auth_hmacsha256_init(state_of(m), key, MAC_KEY_BYTES);
}

void mac_add(struct mac *m, const void *data, size_t bytes)
{
	if (bytes > 0)
		crypto_auth_hmacsha256_update(state_of(m), data, bytes);
}

void mac_end(struct mac *m, uint8_t *digest)
{
	crypto_auth_hmacsha256_final(state_of(m), digest);
	sodium_memzero(m, sizeof(*m));
}

bool mac_equal(const void *a, const void *b, size_t bytes)
{
	return sodium_memcmp(a, b, bytes) == 0;
}
