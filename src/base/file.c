/* Files: written whole, read whole, removed for good. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

enum { CHUNK_BYTES = 16384 };

/* The folder in which a path stands. */
static int folder_of(const char *path, char *ret, size_t bytes)
{
	const char *slash = strrchr(path, '/');
	int length = slash == path ? 1 : slash ? (int)(slash - path) : 1;

	if ((size_t)length >= bytes)
		return ERR_IO;
	snprintf(ret, bytes, "%.*s", length, slash ? path : ".");
	return 0;
}

/* What a folder lists is on the disk only once the folder itself is. */
static int sync_folder(const char *path, struct err *e)
{
	char folder[PATH_MAX];

	if (folder_of(path, folder, sizeof(folder)) < 0)
		return err_set(e, ERR_IO, "the path %.80s… is too long", path);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set_errno(e, ERR_IO, "%s", folder);
	int rc = fsync(fd) < 0 ? err_set_errno(e, ERR_IO, "%s", folder) : 0;
	close(fd);
	return rc;
}

static int write_all(int fd, const char *bytes, size_t size_bytes)
{
	while (size_bytes > 0) {
		ssize_t done = write(fd, bytes, size_bytes);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return ERR_IO;
		bytes += done;
		size_bytes -= (size_t)done;
	}
	return 0;
}

static int write_beside(const char *path, const void *bytes, size_t size_bytes, mode_t mode,
                        struct err *e)
{
	unlink(path); /* what an earlier attempt has left */
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return err_set_errno(e, ERR_IO, "%s", path);
	/* The process's umask is for what nobody chose a mode for. */
	int rc = fchmod(fd, mode) < 0 || write_all(fd, bytes, size_bytes) < 0 || fsync(fd) < 0
	                 ? err_set_errno(e, ERR_IO, "%s", path)
	                 : 0;
	close(fd);
	if (rc < 0)
		unlink(path);
	return rc;
}

int file_replace(const char *path, const void *bytes, size_t size_bytes, mode_t mode, struct err *e)
{
	char beside[PATH_MAX];

	int length = snprintf(beside, sizeof(beside), "%s.new", path);
	if (length < 0 || (size_t)length >= sizeof(beside))
		return err_set(e, ERR_IO, "the path %.80s… is too long", path);
	int rc = write_beside(beside, bytes, size_bytes, mode, e);
	if (rc < 0)
		return rc;
	if (rename(beside, path) < 0) {
		rc = err_set_errno(e, ERR_IO, "%s", path);
		unlink(beside);
		return rc;
	}
	return sync_folder(path, e);
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

int file_read(const char *path, size_t most, struct buf *ret, struct err *e)
{
	size_t before = ret->len_bytes;
	char chunk[CHUNK_BYTES];
	ssize_t got;

	int fd = open_plain(path, e);
	if (fd < 0)
		return fd;
	do {
		got = read(fd, chunk, sizeof(chunk));
		if (got > 0)
			buf_add(ret, chunk, (size_t)got);
	} while ((got > 0 && !buf_failed(ret) && ret->len_bytes - before <= most) ||
	         (got < 0 && errno == EINTR));
	int rc = got < 0 ? err_set_errno(e, ERR_IO, "%s", path) : 0;
	close(fd);
	mem_wipe(chunk, sizeof(chunk));
	if (rc == 0 && buf_failed(ret) == BUF_NO_MEMORY)
		return err_no_memory(e);
	if (rc == 0 && (buf_failed(ret) || ret->len_bytes - before > most))
		return err_set(e, ERR_INVALID, "%s is larger than %zu bytes", path, most);
	return rc;
}

int file_remove(const char *path, struct err *e)
{
	if (unlink(path) < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0
		                                           : err_set_errno(e, ERR_IO, "%s", path);
	return sync_folder(path, e);
}

static int make_folder(const char *folder, mode_t mode, struct err *e)
{
	if (mkdir(folder, mode) == 0)
		return sync_folder(folder, e);
	return errno == EEXIST ? 0 : err_set_errno(e, ERR_IO, "cannot make the folder %s", folder);
}

int file_make_folders(const char *path, mode_t mode, struct err *e)
{
	char folder[PATH_MAX];
	struct stat st;
	int rc = 0;

	if (folder_of(path, folder, sizeof(folder)) < 0)
		return err_set(e, ERR_IO, "the path %.80s… is too long", path);
	if (stat(folder, &st) == 0)
		return 0;
	for (char *slash = strchr(folder + 1, '/'); slash && rc == 0;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		rc = make_folder(folder, mode, e);
		*slash = '/';
	}
	return rc < 0 ? rc : make_folder(folder, mode, e);
}

bool file_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}
