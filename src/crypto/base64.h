/* Base64 with padding (RFC 4648, section 4). */
#pragma once

#include <stddef.h>

char *base64_encode(const void *data, size_t bytes); /* mem_free(); NULL: no memory */
