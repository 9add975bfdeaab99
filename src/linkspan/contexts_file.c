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
#include "base/file.h"
#include "base/mem.h"

enum { FILE_MODE = 0600, FOLDER_MODE = 0700 };

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
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0
		                                           : err_set_errno(e, ERR_IO, "%s", path);
	int rc = check_owner(fd, path, e);
	if (rc == 0 && file_read(fd, ret_text) < 0)
		rc = err_set_errno(e, ERR_IO, "%s", path);
	if (rc == 0 && buf_failed(ret_text))
		rc = buf_failed(ret_text) == BUF_TOO_LONG
		             ? err_set(e, ERR_INVALID, "%s is too large", path)
		             : err_no_memory(e);
	close(fd);
	return rc;
}

int contexts_file_write(const char *path, const struct buf *text, struct err *e)
{
	if (buf_failed(text))
		return err_no_memory(e);
	int rc = file_make_folders(path, FOLDER_MODE, e);
	return rc < 0 ? rc : file_replace(path, buf_str(text), text->len_bytes, FILE_MODE, e);
}
