/* The file of the contexts. */
#include "linkspan/contexts_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

enum { FILE_MODE = 0600, FOLDER_MODE = 0700, PATH_BYTES = 4096 };

/* As the XDG base directory specification has it: a relative path there counts as none. */
int contexts_file_path(struct arena *a, const char **ret, struct err *e)
{
	const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (base && base[0] == '/')
		*ret = arena_printf(a, "%s/linkspan/contexts.json", base);
	else if (home && home[0] == '/')
		*ret = arena_printf(a, "%s/.config/linkspan/contexts.json", home);
	else
		return err_set(
			e, ERR_NOT_FOUND,
			"there is no place for contexts: neither XDG_CONFIG_HOME nor HOME is set");
	return *ret ? 0 : err_no_memory(e);
}

/* Whoever may write here decides which host, and with which token file, this user talks to. */
static int check_owner(int fd, const char *path, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set_errno(e, ERR_IO, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INVALID, "%s is not a file", path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return err_set(e, ERR_DENIED, "%s belongs neither to you nor to root", path);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return err_set(e, ERR_DENIED,
		               "%s is writable by others; mend it with: chmod 600 %s", path, path);
	return 0;
}

int contexts_file_read(const char *path, struct buf *ret_text, struct err *e)
{
	char piece[4096];
	ssize_t bytes;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0
		                                           : err_set_errno(e, ERR_IO, "%s", path);
	int rc = check_owner(fd, path, e);
	while (rc == 0 && (bytes = read(fd, piece, sizeof(piece))) != 0) {
		if (bytes < 0)
			rc = err_set_errno(e, ERR_IO, "%s", path);
		else
			buf_add(ret_text, piece, (size_t)bytes);
	}
	if (rc == 0 && buf_failed(ret_text))
		rc = buf_failed(ret_text) == BUF_TOO_LONG
		             ? err_set(e, ERR_INVALID, "%s is too large", path)
		             : err_no_memory(e);
	close(fd);
	return rc;
}

/* Each folder on the way to the file. */
static int make_folders(const char *path, struct err *e)
{
	char folder[PATH_BYTES];

	if (strlen(path) >= sizeof(folder))
		return err_set(e, ERR_USAGE, "%s is too long", path);
	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
		if (mkdir(folder, FOLDER_MODE) < 0 && errno != EEXIST)
			return err_set_errno(e, ERR_IO, "cannot make the folder %s", folder);
	}
	return 0;
}

static int write_all(int fd, const struct buf *text)
{
	const char *at = buf_str(text);
	size_t left = text->len_bytes;

	while (left > 0) {
		ssize_t bytes = write(fd, at, left);
		if (bytes < 0 && errno == EINTR)
			continue;
		if (bytes < 0)
			return -1;
		at += bytes;
		left -= (size_t)bytes;
	}
	return fsync(fd);
}

int contexts_file_write(const char *path, const struct buf *text, struct err *e)
{
	char temporary[PATH_BYTES];

	if (buf_failed(text))
		return err_no_memory(e);
	int rc = make_folders(path, e);
	if (rc < 0)
		return rc;
	if ((size_t)snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= sizeof(temporary))
		return err_set(e, ERR_USAGE, "%s is too long", path);
	int fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return err_set_errno(e, ERR_IO, "cannot write %s", path);
	if (fchmod(fd, FILE_MODE) < 0 || write_all(fd, text) < 0 || rename(temporary, path) < 0) {
		rc = err_set_errno(e, ERR_IO, "cannot write %s", path);
		unlink(temporary);
	}
	close(fd);
	return rc;
}
