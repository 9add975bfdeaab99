/* Base64 with padding, and its form for URLs without (RFC 4648, sections 4 and 5). */
#pragma once

#include <stddef.h>

char *base64_encode(const void *data, size_t bytes); /* mem_free(); NULL: no memory */

/* The length of the URL form, without its NUL byte. */
#define BASE64_URL_LENGTH(bytes) (((bytes)*4 + 2) / 3)

void base64_url(const void *data, size_t bytes, char *text); /* has room for length and NUL byte */
