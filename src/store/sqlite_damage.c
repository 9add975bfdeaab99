/* A damaged store: marking it, refusing it, setting it aside; and the lock that keeps others out. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "store/sqlite_impl.h"

#define MARKER "outbox.damaged"

/* All that belongs to a store; the lock file stays. */
static const char *const files[] = {"outbox.db", "outbox.db-wal", "outbox.db-shm",
                                    "outbox.db-journal", MARKER};

enum { FILES = sizeof(files) / sizeof(files[0]), MARKER_BYTES = 512, TRIES = 100 };

static int open_folder(const char *folder, int *ret, struct err *e)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_set_errno(e, ERR_IO, "cannot open the folder %s", folder);
	*ret = fd;
	return 0;
}

int damage_lock(const char *folder, int *ret_fd, struct err *e)
{
	int dir = -1;

	int rc = open_folder(folder, &dir, e);
	if (rc < 0)
		return rc;
	int fd = openat(dir, "outbox.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	close(dir);
	if (fd < 0)
		return err_set_errno(e, ERR_IO, "cannot open %s/outbox.lock", folder);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		rc = errno == EWOULDBLOCK
		             ? err_set(e, ERR_CONFLICT, "another linkspand uses %s", folder)
		             : err_set_errno(e, ERR_IO, "cannot lock %s/outbox.lock", folder);
		close(fd);
		return rc;
	}
	*ret_fd = fd;
	return 0;
}

void damage_mark(const struct sqlite_store *s, const char *why)
{
	int dir = -1;

	if (open_folder(s->folder, &dir, NULL) < 0)
		return;
	int fd = openat(dir, MARKER, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0) {
		/* The marker counts by being there; its text is a courtesy. */
		dprintf(fd, "%s\n", why);
		fsync(fd);
		close(fd);
		fsync(dir);
	}
	close(dir);
}

static int read_marker(int dir, char *text)
{
	int fd = openat(dir, MARKER, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return errno == ENOENT ? 0 : 1;
	ssize_t got = read(fd, text, MARKER_BYTES - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return 1;
}

static off_t size_of(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, 0) < 0 ? 0 : st.st_size;
}

int damage_check(const struct sqlite_store *s, struct err *e)
{
	char why[MARKER_BYTES] = "";
	int dir = -1;

	int rc = open_folder(s->folder, &dir, e);
	if (rc < 0)
		return rc;
	if (read_marker(dir, why))
		rc = err_set(e, ERR_INVALID,
		             "%s was found damaged (%s); linkspand --set-aside moves it away",
		             s->path, why[0] ? why : "no reason is noted");
	/* SQLite would take the WAL for a leftover, and delete it. */
	else if (size_of(dir, "outbox.db") == 0 && size_of(dir, "outbox.db-wal") > 0)
		rc = err_set(e, ERR_INVALID,
		             "%s is missing or empty, but outbox.db-wal beside it is not; bring it "
		             "back, or linkspand --set-aside moves the rest away",
		             s->path);
	close(dir);
	return rc;
}

static int any_there(int dir)
{
	struct stat st;

	for (int i = 0; i < FILES; i++)
		if (fstatat(dir, files[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
			return 1;
	return 0;
}

/* "outbox.set-aside-20251113T081530Z", with a number behind it if that is there already. */
static int make_place(int dir, char *name, size_t bytes)
{
	char time[CLOCK_TEXT_BYTES];

	clock_format(clock_system.unix_ms(), time);
	for (int i = 1; i <= TRIES; i++) {
		int length = snprintf(name, bytes, "outbox.set-aside-%.4s%.2s%.2sT%.2s%.2s%.2sZ",
		                      time, time + 5, time + 8, time + 11, time + 14, time + 17);
		if (i > 1)
			snprintf(name + length, bytes - (size_t)length, "-%d", i);
		if (mkdirat(dir, name, 0700) == 0)
			return 0;
		if (errno != EEXIST)
			return ERR_IO;
	}
	return ERR_IO;
}

static int move_all(int dir, const char *folder, char *ret, size_t ret_bytes, struct err *e)
{
	char place[128];
	int rc = 0;

	if (!any_there(dir))
		return err_set(e, ERR_NOT_FOUND, "there is no store in %s", folder);
	if (make_place(dir, place, sizeof(place)) < 0)
		return err_set_errno(e, ERR_IO, "cannot make a folder in %s", folder);
	int to = openat(dir, place, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	for (int i = 0; rc == 0 && i < FILES; i++)
		if (renameat(dir, files[i], to, files[i]) < 0 && errno != ENOENT)
			rc = err_set_errno(e, ERR_IO, "cannot move %s/%s", folder, files[i]);
	if (to >= 0) {
		fsync(to);
		close(to);
	}
	fsync(dir);
	if (rc == 0)
		snprintf(ret, ret_bytes, "%s/%s", folder, place);
	return rc;
}

int sqlite_store_set_aside(const char *folder, char *ret, size_t ret_bytes, struct err *e)
{
	int dir = -1, lock = -1;

	int rc = open_folder(folder, &dir, e);
	if (rc < 0)
		return rc;
	rc = damage_lock(folder, &lock, e);
	if (rc == 0) {
		rc = move_all(dir, folder, ret, ret_bytes, e);
		close(lock);
	}
	close(dir);
	return rc;
}
