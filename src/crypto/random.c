/* Random numbers. */
#include "crypto/random.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/banned.h"
#include "base/err.h"

/* Small pieces are drawn from the system many at a time: a call for each would cost more than all the
 * rest of making an id. */
enum { DRAWN_BYTES = 1024, SMALL_BYTES = 32 };

static _Thread_local struct {
	unsigned char bytes[DRAWN_BYTES];
	size_t left; /* at the end of it; what was used is wiped */
} drawn;

/* Two processes must not go on with the same numbers. */
static void forget_drawn(void)
{
	sodium_memzero(&drawn, sizeof(drawn));
}

static void forget_in_children(void)
{
	pthread_atfork(NULL, NULL, forget_drawn);
}

int crypto_init(struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	if (sodium_init() < 0)
		return err_set(e, ERR_FAILED, "libsodium cannot start: no source of randomness");
	pthread_once(&once, forget_in_children);
	return 0;
}

static void take_drawn(void *p, size_t bytes)
{
	if (drawn.left < bytes) {
		randombytes_buf(drawn.bytes, sizeof(drawn.bytes));
		drawn.left = sizeof(drawn.bytes);
	}
	unsigned char *at = drawn.bytes + sizeof(drawn.bytes) - drawn.left;
	memcpy(p, at, bytes);
	sodium_memzero(at, bytes);
	drawn.left -= bytes;
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
	else if (bytes <= SMALL_BYTES)
		take_drawn(p, bytes);
	else
		randombytes_buf(p, bytes);
}

/* Uniform: what would fall into the last, shorter stretch of the range is drawn again. */
static uint32_t fixed_below(uint32_t limit)
{
	uint32_t most = UINT32_MAX - UINT32_MAX % limit, candidate;

	do
		next_piece(&candidate, sizeof(candidate));
	while (candidate >= most);
	return candidate % limit;
}

uint32_t random_below(uint32_t limit)
{
	if (!atomic_load_explicit(&fixed, memory_order_acquire))
		return randombytes_uniform(limit);
	return limit > 1 ? fixed_below(limit) : 0;
}
