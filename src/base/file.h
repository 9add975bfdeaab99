/*
 * Files that are whole or not there, whenever the process or the machine dies.  Blocking; any thread, and
 * any number of processes for one path.
 *
 * A new content is written beside the file, to .NAME.new, synchronised, put in its place by a rename, and the
 * folder is synchronised.  What a death leaves of it is used up by the next one who writes the file.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct arena;
struct buf;
struct err;

enum { FILE_PATH_BYTES = 4096 };

/* Makes the file hold these bytes, with this mode, whatever the umask; a symbolic link in its place is
 * replaced, not followed.  The folder must be there.  0, ERR_IO. */
int file_replace(const char *path, const void *bytes, size_t size_bytes, mode_t mode,
                 struct err *e);
/* The same, but ERR_CONFLICT when there is something by that name already. */
int file_create(const char *path, const void *bytes, size_t size_bytes, mode_t mode, struct err *e);
/* Removes it for good.  0, ERR_NOT_FOUND, ERR_IO. */
int file_remove(const char *path, struct err *e);

/* Removes what a death left of a new content that never took the file's place.  0, ERR_IO. */
int file_remove_unfinished(const char *path, struct err *e);

/* Makes each folder on the way to the file that is not there, for good.  0, ERR_IO. */
int file_make_folders(const char *path, mode_t mode, struct err *e);
/* Makes what was made, renamed and removed in the folder of `path` last.  0, ERR_IO. */
int file_sync_folder(const char *path, struct err *e);

/* Appends the rest of what can be read; the pieces on the way are wiped.  0; ERR_IO with errno; the buffer knows
 * whether it had room. */
int file_read(int fd, struct buf *ret);
/* Appends what a plain file holds, at most `most` bytes; no symbolic link is followed.  ERR_NOT_FOUND, ERR_IO,
 * ERR_INVALID (it is longer, or no plain file), ERR_NO_MEMORY. */
int file_load(const char *path, size_t most, struct buf *ret, struct err *e);
/* Whether there is anything by that name. */
bool file_exists(const char *path);
/* The path that a relative one means in a folder, in the arena; NULL: no memory.  A folder need not be there
 * yet: then ".." is taken off its name, as the system cannot follow it. */
char *file_beside(struct arena *a, const char *folder, const char *path);
/* Whether a file by that name could be made, in a folder that is there or could be made: 0; ERR_DENIED says
 * which folder is in the way. */
int file_may_write(const char *path, struct err *e);
