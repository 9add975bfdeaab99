/*
 * Sealing with a key: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03), with a random nonce in front of what
 * is sealed.  Whoever has no key can neither read nor change it.  Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SEAL_KEY_BYTES = 32, SEAL_EXTRA_BYTES = 24 + 16 };

/* ret has room for bytes + SEAL_EXTRA_BYTES.  `with` is not sealed, but must be the same when it is opened: what
 * the text belongs to.  key: SEAL_KEY_BYTES of it. */
void seal(const uint8_t *key, const void *text, size_t bytes, const void *with, size_t with_bytes,
          uint8_t *ret);

/* ret has room for sealed_bytes - SEAL_EXTRA_BYTES, which is zeroed when this is false: it was not sealed
 * with this key and `with`, or it was changed. */
bool seal_open(const uint8_t *key, const uint8_t *sealed, size_t sealed_bytes, const void *with,
               size_t with_bytes, uint8_t *ret);
