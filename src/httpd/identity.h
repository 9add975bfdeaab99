/*
 * A certificate with its key, as a server shows it: made of PEM texts, constant, and counted, so that
 * each connection goes on with the one it began with while a renewed one takes its place.  Any thread.
 */
#pragma once

struct err;
struct http_identity;

/* Held once.  The certificate is followed by those between it and the root.  ERR_INVALID: one of the
 * texts cannot be used, or the key is another one's; ERR_NO_MEMORY. */
int http_identity_create(const char *certificate_pem, const char *key_pem,
                         struct http_identity **ret, struct err *e);
struct http_identity *http_identity_hold(struct http_identity *identity);
void http_identity_release(struct http_identity *identity); /* takes NULL */

/* Makes a session of GnuTLS show it: before its handshake, and held until the session has ended.  0 or
 * ERR_NO_MEMORY. */
int http_identity_show(const struct http_identity *identity, void *session);
