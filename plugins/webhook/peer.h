/*
 * What a peer showed of itself in a TLS handshake, kept also when it was not believed: so that a test
 * of a connection can say which certificates are there.  [lane]
 */
#pragma once

#include <openssl/types.h>
#include <stdbool.h>
#include <stdint.h>

enum { PEER_CHAIN_MOST = 8, PEER_NAME_BYTES = 256, PEER_SAN_BYTES = 1024, PEER_FIELDS = 4 };

struct peer_certificate {
	char subject[PEER_NAME_BYTES], issuer[PEER_NAME_BYTES]; /* as in RFC 2253, in UTF-8 */
	char not_before[24], not_after[24];                     /* Unix ms, decimal */
	char keys[PEER_FIELDS][32];                             /* of its attributes */
};

struct peer {
	bool whole;         /* everything below is wanted, not just expires_ms */
	int64_t expires_ms; /* of the peer's own certificate; 0: none was seen */
	char version[16];   /* "TLSv1.3"; "": no handshake came so far */
	char cipher[64];
	char san[PEER_SAN_BYTES];       /* of its own certificate: "a.example, 192.0.2.1" */
	unsigned count;                 /* certificates, its own first */
	struct peer_certificate *chain; /* PEER_CHAIN_MOST of them; NULL unless whole */
};

/* whole: with room for the chain; false: no memory. */
bool peer_init(struct peer *p, bool whole);
void peer_finish(struct peer *p);
void peer_clear(struct peer *p); /* before the next handshake */

/* Makes the handshakes of a context (SSL_CTX) fill it in; what is verified, and how, stays the same. */
void peer_watch(struct peer *p, SSL_CTX *context);
