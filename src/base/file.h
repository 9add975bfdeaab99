/*
 * Files that are whole or not there: written beside their place, synchronised, renamed.  Blocking; any
 * thread, but one at a time for one path.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct buf;
struct err;

/* Puts a file with these bytes in the place of what is there.  After 0 it is there after a power failure
 * too.  ERR_IO: what was there is still there. */
int file_replace(const char *path, const void *bytes, size_t size_bytes, mode_t mode,
                 struct err *e);
/* Appends what a plain file holds, at most `most` bytes; no symbolic link is followed.  ERR_NOT_FOUND, ERR_IO,
 * ERR_INVALID (too long, or not a plain file), ERR_NO_MEMORY. */
int file_read(const char *path, size_t most, struct buf *ret, struct err *e);
/* Removes it for good; one that is not there is as good as removed.  ERR_IO. */
int file_remove(const char *path, struct err *e);
/* Makes the folder of a path, and those above it. */
int file_make_folders(const char *path, mode_t mode, struct err *e);
bool file_exists(const char *path);
