/*
 * HMAC-SHA-256 (RFC 2104), piece by piece, and comparing in constant time.  A mac lives in the caller's
 * storage; one thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAC_BYTES = 32, MAC_KEY_BYTES = 32, MAC_STATE_BYTES = 256 };

struct mac {
	_Alignas(max_align_t) unsigned char state[MAC_STATE_BYTES];
};

void mac_init(struct mac *m, const uint8_t *key);            /* MAC_KEY_BYTES of it */
void mac_add(struct mac *m, const void *data, size_t bytes); /* data may be NULL with 0 bytes */
void mac_end(struct mac *m, uint8_t *digest);                /* MAC_BYTES of it; wipes the state */

/* Takes as long whatever the bytes are. */
bool mac_equal(const void *a, const void *b, size_t bytes);
