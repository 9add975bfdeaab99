/* Keys that a host makes for itself and keeps in a file.  Blocking; any thread. */
#pragma once

#include <stdint.h>

struct err;

enum { KEYFILE_BYTES = 32 };

/* The key in the file, which must be the host's own with mode 0600; a new one where there is no file.  *ret is
 * KEYFILE_BYTES, wiped by the caller.  0; ERR_INVALID: it is no key, or not kept as one; ERR_IO. */
int keyfile_take(const char *path, uint8_t *ret, struct err *e);
/* The same, but ERR_NOT_FOUND where there is no file. */
int keyfile_read(const char *path, uint8_t *ret, struct err *e);
