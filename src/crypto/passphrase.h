/*
 * Sealing bytes under a passphrase: argon2id makes the key, XChaCha20-Poly1305 in chunks keeps and
 * authenticates.  What was sealed says itself with which parameters; those of others are bounded, so that
 * nobody's file exhausts the host.  The key is made by one thread at a time, as each needs up to 256 MiB;
 * it takes about a second.  Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;

enum {
	PASSPHRASE_LEAST = 8,     /* characters, when sealing */
	PASSPHRASE_MOST = 1024,   /* bytes */
	PASSPHRASE_CHUNK = 65536, /* bytes before sealing */
	PASSPHRASE_KIB_LEAST = 8,
	PASSPHRASE_KIB_MOST = 256 * 1024,
	PASSPHRASE_OPS_MOST = 10,
};

/* Whether the bytes begin as sealed ones do. */
bool passphrase_is_sealed(const void *bytes, size_t size_bytes);

/* Adds the sealed bytes to ret.  0; ERR_INVALID: the passphrase is too short or too long; ERR_NO_MEMORY. */
int passphrase_seal(const char *passphrase, const void *bytes, size_t size_bytes, struct buf *ret,
                    struct err *e);

/* Adds the bytes that were sealed to ret, or nothing.  0; ERR_DENIED: the passphrase is not the one, or
 * the bytes were changed, cut off or put into another order; ERR_INVALID: they ask for more than the
 * bounds above, or for a format that is not known here; ERR_NO_MEMORY. */
int passphrase_open(const char *passphrase, const void *sealed, size_t size_bytes, struct buf *ret,
                    struct err *e);

/* For tests: with parameters that are quick instead of good. */
int passphrase_seal_with(const char *passphrase, uint32_t ops, uint32_t memory_kib,
                         const void *bytes, size_t size_bytes, struct buf *ret, struct err *e);
