/* SHA-256, by libsodium. */
#include "crypto/hash.h"

#include <sodium.h>

#include "base/banned.h"

_Static_assert(HASH_STATE_BYTES >= sizeof(crypto_hash_sha256_state), "the state has room");
_Static_assert(HASH_BYTES == crypto_hash_sha256_BYTES, "a digest has room");

static crypto_hash_sha256_state *state_of(struct hash *h)
{
	return (crypto_hash_sha256_state *)(void *)h->state;
}

void hash_init(struct hash *h)
{
	crypto_hash_sha256_init(state_of(h));
}

void hash_add(struct hash *h, const void *data, size_t bytes)
{
	if (bytes > 0)
		crypto_hash_sha256_update(state_of(h), data, bytes);
}

void hash_end(struct hash *h, uint8_t *digest)
{
	crypto_hash_sha256_final(state_of(h), digest);
}

void hash_of(const void *data, size_t bytes, uint8_t *digest)
{
	struct hash h;

	hash_init(&h);
	hash_add(&h, data, bytes);
	hash_end(&h, digest);
}
