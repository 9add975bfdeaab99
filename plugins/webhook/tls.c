/* Trust anchors: X509 stores shared by all links of a plugin instance. */
#include "tls.h"

#include <errno.h>
#include <linkspan/connector.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct tls_roots {
	struct tls_roots *next;
	unsigned users;
	X509_STORE *store;
	dev_t dev; /* what the file was when it was read */
	ino_t ino;
	off_t bytes;
	struct timespec changed;
	char path[];
};

const char *tls_system_bundle(void)
{
	static const char *const usual[] = {
		"/etc/ssl/certs/ca-certificates.crt",
		"/etc/pki/tls/certs/ca-bundle.crt",
		"/etc/ssl/cert.pem",
	};
	struct stat st;

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (stat(usual[i], &st) == 0)
			return usual[i];
	return NULL;
}

static bool unchanged(const struct tls_roots *roots, const struct stat *st)
{
	return roots->dev == st->st_dev && roots->ino == st->st_ino &&
	       roots->bytes == st->st_size && roots->changed.tv_sec == st->st_mtim.tv_sec &&
	       roots->changed.tv_nsec == st->st_mtim.tv_nsec;
}

static void destroy(struct tls_roots *roots)
{
	X509_STORE_free(roots->store);
	free(roots);
}

static int load(const char *path, const struct stat *st, struct tls_roots **ret, char *text,
                size_t text_bytes)
{
	struct tls_roots *roots = calloc(1, sizeof(*roots) + strlen(path) + 1);

	if (!roots)
		return LK_ENOMEM;
	memcpy(roots->path, path, strlen(path) + 1);
	roots->dev = st->st_dev;
	roots->ino = st->st_ino;
	roots->bytes = st->st_size;
	roots->changed = st->st_mtim;
	roots->store = X509_STORE_new();
	if (!roots->store || X509_STORE_load_file(roots->store, path) != 1) {
		unsigned long code = ERR_peek_last_error();
		snprintf(text, text_bytes, "%s: no certificate can be read from it (%s)", path,
		         code ? ERR_reason_error_string(code) : "out of memory");
		ERR_clear_error();
		destroy(roots);
		return LK_EINVAL;
	}
	/* As libcurl does: a trusted certificate ends the chain even if it is an intermediate one. */
	X509_STORE_set_flags(roots->store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
	*ret = roots;
	return 0;
}

int tls_roots_get(struct tls_cache *cache, const char *ca_file, struct tls_roots **ret, char *text,
                  size_t text_bytes)
{
	const char *path = ca_file ? ca_file : tls_system_bundle();
	struct tls_roots *roots;
	struct stat st;

	if (!path || stat(path, &st) < 0) {
		snprintf(text, text_bytes, "%s: %s", path ? path : "no CA bundle",
		         path ? strerror(errno) : "install the package ca-certificates");
		return LK_EINVAL;
	}
	for (roots = cache->first; roots; roots = roots->next)
		if (strcmp(roots->path, path) == 0 && unchanged(roots, &st))
			break;
	if (!roots) {
		int rc = load(path, &st, &roots, text, text_bytes);
		if (rc < 0)
			return rc;
		roots->next = cache->first;
		cache->first = roots;
	}
	roots->users++;
	*ret = roots;
	return 0;
}

void tls_roots_drop(struct tls_cache *cache, struct tls_roots *roots)
{
	if (!roots || --roots->users > 0)
		return;
	struct tls_roots **place = &cache->first;
	while (*place != roots)
		place = &(*place)->next;
	*place = roots->next;
	destroy(roots);
}

void tls_cache_finish(struct tls_cache *cache)
{
	while (cache->first) {
		struct tls_roots *next = cache->first->next;
		destroy(cache->first);
		cache->first = next;
	}
}

void tls_roots_use(const struct tls_roots *roots, void *ssl_ctx)
{
	SSL_CTX_set1_cert_store(ssl_ctx, roots->store);
}
