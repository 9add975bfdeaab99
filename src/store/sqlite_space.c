/*
 * A full disk.  A file of 16 MiB is kept in reserve: when there is no room left it is given up, and
 * settlements and claims go on within what it took, while accepts are refused.  The disk is looked at
 * every second; with room for a new reserve and some more everything goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/clock.h"
#include "store/sqlite_impl.h"

#define RESERVE "reserve"

static int open_folder(const struct sqlite_store *s)
{
	return open(s->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

uint64_t space_free_bytes(const struct sqlite_store *s)
{
	struct statvfs disk;

	if (statvfs(s->folder, &disk) < 0)
		return 0;
	return (uint64_t)disk.f_bavail * disk.f_frsize;
}

/* Really taken from the disk: a file with a hole would give no room. */
static bool is_taken(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_size >= RESERVE_BYTES &&
	       st.st_blocks >= RESERVE_BYTES / 512;
}

bool space_reserve(struct sqlite_store *s)
{
	int folder = open_folder(s);

	if (folder < 0)
		return false;
	int fd = openat(folder, RESERVE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool taken = fd >= 0 && (is_taken(fd) || posix_fallocate(fd, 0, RESERVE_BYTES) == 0);
	if (fd >= 0)
		close(fd);
	if (!taken)
		unlinkat(folder, RESERVE, 0);
	close(folder);
	s->has_reserve = taken;
	return taken;
}

void space_give_up(struct sqlite_store *s)
{
	int folder = open_folder(s);

	if (folder < 0)
		return;
	unlinkat(folder, RESERVE, 0);
	close(folder);
	s->has_reserve = false;
}

static void set_full(struct sqlite_store *s, bool full)
{
	if (s->full == full)
		return;
	s->full = full;
	pthread_mutex_lock(&s->lock);
	s->stats.full = full;
	pthread_mutex_unlock(&s->lock);
	if (s->options.full)
		s->options.full(s->options.arg, full);
}

void space_release(struct sqlite_store *s)
{
	space_give_up(s);
	s->space_check_ms = s->clock->mono_ms() + SPACE_CHECK_MS;
	set_full(s, true);
}

void space_check(struct sqlite_store *s)
{
	if (!s->full || s->clock->mono_ms() < s->space_check_ms)
		return;
	s->space_check_ms = s->clock->mono_ms() + SPACE_CHECK_MS;
	group_run_held(s);
	uint64_t needed = ROOM_BYTES + (s->has_reserve ? 0 : (uint64_t)RESERVE_BYTES);
	if (!s->held && !s->failed && space_free_bytes(s) >= needed && space_reserve(s))
		set_full(s, false);
}
