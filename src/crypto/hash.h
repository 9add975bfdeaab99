/*
 * SHA-256 (FIPS 180-4), piece by piece.  Lives in the caller's storage, holds nothing else; one thread at
 * a time.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { HASH_BYTES = 32, HASH_STATE_BYTES = 128 };

struct hash {
	_Alignas(max_align_t) unsigned char state[HASH_STATE_BYTES];
};

void hash_init(struct hash *h);
void hash_add(struct hash *h, const void *data, size_t bytes); /* data may be NULL with 0 bytes */
void hash_end(struct hash *h, uint8_t *digest);                /* HASH_BYTES of it */
/* All three for what is in one piece. */
void hash_of(const void *data, size_t bytes, uint8_t *digest);
