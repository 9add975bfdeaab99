/* Writing files so that they are whole or not there. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

/* The part of the path that is its folder, with the slash; 0: the present folder. */
static size_t folder_bytes(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) + 1 : 0;
}

static int sync_folder(const char *path)
{
	char folder[FILE_PATH_BYTES] = ".";
	size_t bytes = folder_bytes(path);

	if (bytes >= sizeof(folder)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (bytes > 0)
		snprintf(folder, sizeof(folder), "%.*s", (int)bytes, path);
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -1;
	int rc = fsync(dir), reason = errno;
	close(dir);
	errno = reason;
	return rc;
}

int file_sync_folder(const char *path, struct err *e)
{
	return sync_folder(path) < 0
	               ? err_set_errno(e, ERR_IO, "cannot make a change beside %s last", path)
	               : 0;
}

/* Two writers of one file never have the same fresh one: whoever waited for the lock finds that it has become
 * the file itself, and takes another. */
static bool is_still(int fd, const char *path)
{
	struct stat mine, there;

	return fstat(fd, &mine) == 0 && lstat(path, &there) == 0 && mine.st_dev == there.st_dev &&
	       mine.st_ino == there.st_ino;
}

/* Nobody else may have it open: a file that another user, or another name, has is not ours. */
static bool is_own(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	       st.st_nlink == 1;
}

static int open_fresh(const char *fresh)
{
	for (;;) {
		int fd =
			open(fresh, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
		if (fd < 0)
			return -1;
		int rc;
		do
			rc = flock(fd, LOCK_EX);
		while (rc < 0 && errno == EINTR);
		if (rc == 0 && is_still(fd, fresh)) {
			if (is_own(fd))
				return fd;
			rc = unlink(fresh);
		}
		int reason = errno;
		close(fd);
		errno = reason;
		if (rc < 0)
			return -1;
	}
}

static int write_all(int fd, const char *bytes, size_t left)
{
	while (left > 0) {
		ssize_t written = write(fd, bytes, left);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -1;
		bytes += written;
		left -= (size_t)written;
	}
	return 0;
}

static int put(int fd, const char *fresh, const char *path, const void *bytes, size_t size_bytes,
               mode_t mode)
{
	if (ftruncate(fd, 0) < 0 || fchmod(fd, mode) < 0 || write_all(fd, bytes, size_bytes) < 0 ||
	    fsync(fd) < 0 || rename(fresh, path) < 0)
		return -1;
	return sync_folder(path);
}

/* Whoever makes a file anew has the lock, so nobody makes it between the look and the rename. */
static bool is_taken(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* Where a new content is written first; false: the path is too long. */
static bool fresh_path(const char *path, char ret[FILE_PATH_BYTES])
{
	size_t folder = folder_bytes(path);
	int length =
		snprintf(ret, FILE_PATH_BYTES, "%.*s.%s.new", (int)folder, path, path + folder);

	return length >= 0 && length < FILE_PATH_BYTES;
}

static int place(const char *path, const void *bytes, size_t size_bytes, mode_t mode, bool only_new,
                 struct err *e)
{
	char fresh[FILE_PATH_BYTES];

	if (!fresh_path(path, fresh))
		return err_set(e, ERR_IO, "the path %.200s… is too long", path);
	int fd = open_fresh(fresh);
	if (fd < 0)
		return err_set_errno(e, ERR_IO, "cannot write %s", path);
	int rc = 0;
	if (only_new && is_taken(path))
		rc = err_set(e, ERR_CONFLICT, "%s is there already", path);
	else if (put(fd, fresh, path, bytes, size_bytes, mode) < 0)
		rc = err_set_errno(e, ERR_IO, "cannot write %s", path);
	/* Once it has been renamed there may be another one by this name, of somebody else. */
	if (rc < 0 && is_still(fd, fresh))
		unlink(fresh);
	close(fd);
	return rc;
}

int file_replace(const char *path, const void *bytes, size_t size_bytes, mode_t mode, struct err *e)
{
	return place(path, bytes, size_bytes, mode, false, e);
}

int file_create(const char *path, const void *bytes, size_t size_bytes, mode_t mode, struct err *e)
{
	return place(path, bytes, size_bytes, mode, true, e);
}

int file_remove(const char *path, struct err *e)
{
	if (unlink(path) < 0)
		return errno == ENOENT || errno == ENOTDIR
		               ? err_set(e, ERR_NOT_FOUND, "there is no file %s", path)
		               : err_set_errno(e, ERR_IO, "cannot remove %s", path);
	return sync_folder(path) < 0 ? err_set_errno(e, ERR_IO, "cannot remove %s", path) : 0;
}

int file_remove_unfinished(const char *path, struct err *e)
{
	char fresh[FILE_PATH_BYTES];

	if (!fresh_path(path, fresh) || !is_taken(fresh))
		return 0;
	/* Whoever is writing it now is waited for, and has put it into its place then. */
	int fd = open_fresh(fresh);
	int rc = fd < 0 || unlink(fresh) < 0 || sync_folder(path) < 0
	                 ? err_set_errno(e, ERR_IO, "cannot remove %s", fresh)
	                 : 0;
	if (fd >= 0)
		close(fd);
	return rc;
}

int file_make_folders(const char *path, mode_t mode, struct err *e)
{
	char folder[FILE_PATH_BYTES];

	if (strlen(path) >= sizeof(folder))
		return err_set(e, ERR_IO, "the path %.200s… is too long", path);
	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
		if (mkdir(folder, mode) == 0 ? sync_folder(folder) < 0 : errno != EEXIST)
			return err_set_errno(e, ERR_IO, "cannot make the folder %s", folder);
	}
	return 0;
}

int file_read(int fd, struct buf *ret)
{
	char piece[8192];
	ssize_t got;

	do {
		got = read(fd, piece, sizeof(piece));
		if (got > 0)
			buf_add(ret, piece, (size_t)got);
	} while ((got > 0 && !buf_failed(ret)) || (got < 0 && errno == EINTR));
	int reason = errno;
	mem_wipe(piece, sizeof(piece));
	errno = reason;
	return got < 0 ? ERR_IO : 0;
}

static int open_plain(const char *path, struct err *e)
{
	struct stat st;

	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return err_set_errno(e,
		                     errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO,
		                     "%s", path);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return err_set(e, ERR_INVALID, "%s is not a plain file", path);
}

int file_load(const char *path, size_t most, struct buf *ret, struct err *e)
{
	size_t before = ret->len_bytes;
	struct stat st;

	int fd = open_plain(path, e);
	if (fd < 0)
		return fd;
	int rc = 0;
	if (fstat(fd, &st) == 0 && (uint64_t)st.st_size > most)
		rc = err_set(e, ERR_INVALID, "%s is larger than %zu bytes", path, most);
	else if (file_read(fd, ret) < 0)
		rc = err_set_errno(e, ERR_IO, "%s", path);
	close(fd);
	if (rc == 0 && buf_failed(ret) == BUF_NO_MEMORY)
		return err_no_memory(e);
	if (rc == 0 && (buf_failed(ret) || ret->len_bytes - before > most))
		return err_set(e, ERR_INVALID, "%s is larger than %zu bytes", path, most);
	return rc;
}

bool file_exists(const char *path)
{
	return is_taken(path);
}

char *file_beside(struct arena *a, const char *folder, const char *path)
{
	char *there = arena_strdup(a, folder), *slash;

	if (!there)
		return NULL;
	while (strncmp(path, "../", 3) == 0 && !is_taken(there) && (slash = strrchr(there, '/'))) {
		*slash = '\0';
		path += 3;
	}
	return arena_printf(a, "%s/%s", there, path);
}

int file_may_write(const char *path, struct err *e)
{
	char folder[FILE_PATH_BYTES];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	while ((slash = strrchr(folder, '/')) && slash != folder) {
		*slash = '\0';
		if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0)
			return 0;
		if (errno != ENOENT)
			return err_set_errno(e, ERR_DENIED, "%s", folder);
	}
	return err_set(e, ERR_DENIED, "there is no folder for %s", path);
}
