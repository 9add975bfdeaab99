/* Random numbers. */
#include "crypto/random.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/banned.h"
#include "base/err.h"

int crypto_init(struct err *e)
{
	if (sodium_init() < 0)
		return err_set(e, ERR_FAILED, "libsodium cannot start: no source of randomness");
	return 0;
}

/* The sequence of a seed: piece n is the keystream under the key (seed, n). */
static atomic_bool fixed;
static _Atomic uint64_t fixed_seed, fixed_piece;

void random_fix(uint64_t seed)
{
	atomic_store(&fixed_seed, seed);
	atomic_store(&fixed_piece, 0);
	atomic_store(&fixed, true);
}

static void next_piece(void *p, size_t bytes)
{
	uint64_t numbers[] = {atomic_load(&fixed_seed), atomic_fetch_add(&fixed_piece, 1)};
	unsigned char key[randombytes_SEEDBYTES] = {0};

	_Static_assert(sizeof(numbers) <= sizeof(key), "seed and number fit into a key");
	memcpy(key, numbers, sizeof(numbers));
	randombytes_buf_deterministic(p, bytes, key);
}

void random_bytes(void *p, size_t bytes)
{
	if (atomic_load_explicit(&fixed, memory_order_acquire))
		next_piece(p, bytes);
	else
		randombytes_buf(p, bytes);
}

/* Uniform: what would fall into the last, shorter stretch of the range is drawn again. */
static uint32_t fixed_below(uint32_t limit)
{
	uint32_t most = UINT32_MAX - UINT32_MAX % limit, drawn;

	do
		next_piece(&drawn, sizeof(drawn));
	while (drawn >= most);
	return drawn % limit;
}

uint32_t random_below(uint32_t limit)
{
	if (!atomic_load_explicit(&fixed, memory_order_acquire))
		return randombytes_uniform(limit);
	return limit > 1 ? fixed_below(limit) : 0;
}
