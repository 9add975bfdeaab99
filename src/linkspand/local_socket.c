/* The local socket: bound under another name, then renamed. */
#include "linkspand/local_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/err.h"

enum { SOCKET_MODE = 0660, FOLDER_MODE = 0750, BACKLOG = 512 };

static int address_of(const char *path, const char *suffix, struct sockaddr_un *ret, struct err *e)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	int length = snprintf(ret->sun_path, sizeof(ret->sun_path), "%s%s", path, suffix);
	if (length >= 0 && (size_t)length < sizeof(ret->sun_path))
		return 0;
	return err_set(e, ERR_INVALID, "the path of the socket is too long: %s (at most %zu bytes)",
	               path, sizeof(ret->sun_path) - sizeof(".new"));
}

static int make_folder(const char *path, struct err *e)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const char *slash = strrchr(path, '/');

	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
	if (folder[0] == '\0')
		return 0;
	if (mkdir(folder, FOLDER_MODE) < 0)
		return errno == EEXIST
		               ? 0
		               : err_set_errno(e, ERR_IO, "cannot make the folder %s", folder);
	/* Whatever the umask: the group has to reach the socket. */
	if (chmod(folder, FOLDER_MODE) < 0)
		return err_set_errno(e, ERR_IO, "%s", folder);
	return 0;
}

/* Whether somebody answers there: then it is not ours to replace. */
static int check_free(const struct sockaddr_un *address, struct err *e)
{
	struct stat st;

	if (lstat(address->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : err_set_errno(e, ERR_IO, "%s", address->sun_path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(e, ERR_CONFLICT, "%s is there and is no socket", address->sun_path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set_errno(e, ERR_IO, "cannot make a socket");
	/* EAGAIN: somebody does, and is very busy. */
	int rc = connect(fd, (const struct sockaddr *)address, sizeof(*address));
	int reason = errno;
	close(fd);
	if (rc < 0 && (reason == ECONNREFUSED || reason == ENOENT))
		return 0;
	return err_set(e, ERR_CONFLICT, "another process serves at %s", address->sun_path);
}

static int listen_at(const struct sockaddr_un *address, struct err *e)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return err_set_errno(e, ERR_IO, "cannot make a socket");
	unlink(address->sun_path);
	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 &&
	    chmod(address->sun_path, SOCKET_MODE) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	int rc = err_set_errno(e, ERR_IO, "cannot listen at %s", address->sun_path);
	close(fd);
	return rc;
}

int local_socket_open(const char *path, struct err *e)
{
	struct sockaddr_un final, temporary;

	int rc = address_of(path, "", &final, e);
	if (rc == 0)
		rc = address_of(path, ".new", &temporary, e);
	if (rc == 0)
		rc = make_folder(path, e);
	if (rc == 0)
		rc = check_free(&final, e);
	int fd = rc < 0 ? rc : listen_at(&temporary, e);
	if (fd < 0 || rename(temporary.sun_path, final.sun_path) == 0)
		return fd;
	rc = err_set_errno(e, ERR_IO, "cannot rename %s", temporary.sun_path);
	unlink(temporary.sun_path);
	close(fd);
	return rc;
}
