/* Who could have put this file here: the owners and modes of a whole path. */
#include "plug/load.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/err.h"

/* One step of the path: what the descriptor stands for, and the part of the path that led here. */
struct step {
	int fd;
	const char *path;
	int path_bytes;
};

static int denied(const struct step *at, struct err *e, const char *why)
{
	return err_set(e, ERR_DENIED, "%.*s %s", at->path_bytes, at->path, why);
}

static int judge(const struct step *at, struct err *e)
{
	struct stat st;

	if (fstat(at->fd, &st) < 0)
		return err_set_errno(e, ERR_IO, "%.*s", at->path_bytes, at->path);
	if (S_ISLNK(st.st_mode))
		return denied(at, e, "is a symbolic link; name the path it leads to");
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return denied(at, e, "belongs neither to root nor to the user of this host");

	/* In a sticky folder nobody can rename or remove what is another's. */
	if (S_ISDIR(st.st_mode) && (st.st_mode & S_ISVTX) && st.st_uid == 0)
		return 0;
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return denied(at, e, "is writable by others than its owner");
	return 0;
}

/* Goes one name down and judges what is there. */
static int descend(struct step *at, const char *name, size_t name_bytes, struct err *e)
{
	char text[NAME_MAX + 1];

	at->path_bytes = (int)(name + name_bytes - at->path);
	if (name_bytes >= sizeof(text))
		return err_set(e, ERR_NOT_FOUND, "%.*s: name too long", at->path_bytes, at->path);
	memcpy(text, name, name_bytes);
	text[name_bytes] = '\0';

	int fd = openat(at->fd, text, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		int code = errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
		return err_set_errno(e, code, "%.*s", at->path_bytes, at->path);
	}
	close(at->fd);
	at->fd = fd;
	return judge(at, e);
}

int plugin_path_safe(const char *path, struct err *e)
{
	struct step at = {.path = path, .path_bytes = 1};

	if (path[0] != '/')
		return err_set(e, ERR_INVALID, "%s is not an absolute path", path);
	at.fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (at.fd < 0)
		return err_set_errno(e, ERR_IO, "/");

	int rc = judge(&at, e);
	for (const char *name = path; rc == 0 && *name;) {
		size_t bytes = strcspn(name, "/");
		if (bytes > 0)
			rc = descend(&at, name, bytes, e);
		name += bytes + strspn(name + bytes, "/");
	}
	close(at.fd);
	return rc;
}
