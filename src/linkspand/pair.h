/* The certificate of the API's listener and its key, as their files say. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/expiry.h"
#include "crypto/hash.h"

struct conf_host;
struct err;

struct pair {
	char *certificate_pem, *key_pem; /* NULL: `tls` is not there */
	uint8_t digest[HASH_BYTES];      /* of both */
	struct expiry_entry ends;        /* the one of the chain that ends first */
	int64_t own_ends_ms;             /* of the listener's own; 0: not known */
};

/* What `tls` names; nothing where it names nothing.  pair_finish() in any case.  ERR_NOT_FOUND, ERR_IO,
 * ERR_INVALID: others can read the key, or it is no text. */
int pair_read(const struct conf_host *host, struct pair *ret, struct err *e);
void pair_finish(struct pair *p);
bool pair_same(const struct pair *a, const struct pair *b);
