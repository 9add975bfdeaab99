/*
 * Trust anchors, loaded once.
 *
 * libcurl's own loading of the CA bundle costs 26 ms and 836 KiB for each link; here each set of
 * roots is one X509_STORE of the plugin instance, handed to every TLS context.  [lane]
 */
#pragma once

#include <stddef.h>

struct tls_roots; /* one loaded CA file */

struct tls_cache {
	struct tls_roots *first;
};

void tls_cache_finish(struct tls_cache *cache);

/* The roots in that PEM file; NULL names the system's bundle.  A file that was changed since is
 * loaded anew.  0, LK_ENOMEM, or LK_EINVAL with one line in text.  tls_roots_drop() gives it back. */
int tls_roots_get(struct tls_cache *cache, const char *ca_file, struct tls_roots **ret, char *text,
                  size_t text_bytes);
void tls_roots_drop(struct tls_cache *cache, struct tls_roots *roots); /* takes NULL */

/* Makes a TLS context (SSL_CTX) verify against these roots. */
void tls_roots_use(const struct tls_roots *roots, void *ssl_ctx);

/* The path of the system's CA bundle, as libcurl was built to find it; NULL: none known. */
const char *tls_system_bundle(void);
