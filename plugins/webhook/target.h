/*
 * Where a connection's URL points: its fixed part, checked once at deploy, and its template,
 * expanded and checked again for each call.
 *
 * Scheme, host and port never depend on a call; only what follows them can be a template.  Every
 * fault has the reason REASON_URL_INVALID.  Dot segments ("." and "..", also as "%2e") that the author
 * wrote are left as they are, but a value that makes one is refused, because it would let a caller
 * climb out of the path that the author meant.  Who sends the URL must not normalise it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text;
struct uri_args;
struct uritemplate;

enum {
	TARGET_URL_MAX_BYTES = 16384, /* once expanded: the cap for target_expand() */
	TARGET_HOST_MAX_BYTES = 253,
};

struct target {
	bool https;
	uint16_t port;
	/* Lower-case; of IPv6 without brackets.  Not yet looked at by any resolver. */
	char host[TARGET_HOST_MAX_BYTES + 1];
	/* Scheme, host and port, lower-case, without the scheme's default port (RFC 6454):
	 * "https://[2001:db8::1]:8443". */
	char origin[TARGET_HOST_MAX_BYTES + sizeof("https://[]:65535")];
	size_t prefix_bytes;     /* of the scheme and authority in any expansion */
	struct uritemplate *url; /* the whole URL */
};

/* Fills in *ret; target_finish() frees.  0; LK_ENOMEM; or LK_EINVAL with *ret_message set to
 * constant text that says what would be right.  A failure leaves *ret untouched. */
int target_parse(const char *url, struct target *ret, const char **ret_message);
void target_finish(struct target *t);

/* Adds the URL for one call to `out`, an empty text, and checks it.  0; LK_ENOMEM; or LK_EINVAL with
 * one line for people in why, which never shows a value. */
int target_expand(const struct target *t, const struct uri_args *args, struct text *out, char *why,
                  size_t why_bytes);

/* The last look at a URL that is about to be sent: characters that may stand in a URL, "%" with two
 * hexadecimal digits, no fragment, not too long, and the authority ends where it did.  0, or
 * LK_EINVAL with constant text. */
int target_check_url(const struct target *t, const char *url, const char **ret_message);
