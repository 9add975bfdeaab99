/* The flight register: which stored deliveries are with a plugin, in a file mapped into memory. */
#include "core/flight.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"

/*
 * The file: a page with the head, then FLIGHT_PER_LANE numbers for each lane, 0 where a place is free.
 * A number is one aligned word: it is there or not, whenever the process dies.  Nothing is ever synced:
 * what is mapped survives the process, and the kernel writes it when it likes.
 */
enum {
	HEAD_BYTES = 4096,
	VERSION = 1,
	PIECE = 512,
	LANES_MOST = 1024, /* what a damaged head may claim */
};

static const char magic[8] = "lkflight";

struct head {
	char magic[sizeof(magic)];
	uint32_t version;
	uint32_t lanes;
	uint32_t per_lane;
};

/* What one lane alone looks at: which of its places are free, the one used last on top, so that few pages
 * are touched. */
struct part {
	_Atomic uint64_t *places;
	uint32_t free_count;
	uint16_t free[FLIGHT_PER_LANE];
};
_Static_assert(FLIGHT_PER_LANE <= UINT16_MAX + 1, "a place has a number of 16 bits");

struct flight {
	unsigned char *map;
	size_t map_bytes;
	bool has_file;
	uint64_t *left;
	size_t left_count;
	unsigned lanes;
	struct part *parts;
};

static size_t file_bytes(size_t lanes, size_t per_lane)
{
	return HEAD_BYTES + lanes * per_lane * sizeof(uint64_t);
}

/*
 * What the process before left
 */

/* How many numbers to read; 0 when this is no register. */
static size_t places_of(int fd)
{
	struct head head;

	if (pread(fd, &head, sizeof(head), 0) != sizeof(head) ||
	    memcmp(head.magic, magic, sizeof(magic)) != 0 || head.version != VERSION)
		return 0;
	if (head.lanes > LANES_MOST || head.per_lane > FLIGHT_PER_LANE)
		return 0;
	return (size_t)head.lanes * head.per_lane;
}

static int keep(struct flight *f, const uint64_t *numbers, size_t count, size_t *room)
{
	for (size_t i = 0; i < count; i++) {
		if (numbers[i] == 0)
			continue;
		if (f->left_count == *room) {
			size_t more = *room ? 2 * *room : PIECE;
			uint64_t *left = mem_resize(f->left, more, sizeof(*left));
			if (!left)
				return ERR_NO_MEMORY;
			f->left = left;
			*room = more;
		}
		f->left[f->left_count++] = numbers[i];
	}
	return 0;
}

/* Reads rather than maps: a file may be shorter than its head says. */
static int read_left(struct flight *f, int fd, const char *file, struct err *e)
{
	uint64_t numbers[PIECE];
	size_t room = 0;
	off_t at = HEAD_BYTES;

	for (size_t places = places_of(fd); places > 0;) {
		size_t wanted = places < PIECE ? places : PIECE;
		ssize_t bytes = pread(fd, numbers, wanted * sizeof(numbers[0]), at);
		if (bytes < 0)
			return err_set_errno(e, ERR_IO, "%s cannot be read", file);
		size_t count = (size_t)bytes / sizeof(numbers[0]);
		if (keep(f, numbers, count, &room) < 0)
			return err_no_memory(e);
		if (count < wanted)
			break;
		places -= count;
		at += bytes;
	}
	return 0;
}

/*
 * Opening
 */
/* The descriptor, or an ERR_ code. */
static int open_file(const char *file, struct err *e)
{
	int fd =
		open(file, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
	struct stat st;

	if (fd < 0)
		return err_set_errno(e, ERR_IO, "%s cannot be opened", file);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return err_set(e, ERR_IO, "%s is not a plain file", file);
	}
	if ((st.st_mode & 077) != 0 && fchmod(fd, 0600) < 0) {
		err_set_errno(e, ERR_IO, "%s cannot be closed to others", file);
		close(fd);
		return ERR_IO;
	}
	return fd;
}

/* All of the room is taken at once: a page that finds none when it is touched would end the process. */
static int map_file(struct flight *f, int fd, const char *file, struct err *e)
{
	int number = ftruncate(fd, (off_t)f->map_bytes) < 0
	                     ? errno
	                     : posix_fallocate(fd, 0, (off_t)f->map_bytes);

	if (number != 0) {
		errno = number;
		return err_set_errno(e, ERR_IO, "%s cannot have its %zu bytes", file, f->map_bytes);
	}
	void *map = mmap(NULL, f->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return err_set_errno(e, ERR_IO, "%s cannot be mapped", file);
	f->map = map;
	return 0;
}

static int take_over(struct flight *f, const char *file, struct err *e)
{
	int fd = open_file(file, e);

	if (fd < 0)
		return fd;
	f->has_file = true;
	int rc = read_left(f, fd, file, e);
	if (rc == 0)
		rc = map_file(f, fd, file, e);
	close(fd);
	return rc;
}

/* The head comes last: until then the file is the old one, as far as it is still there. */
void flight_begin(struct flight *f)
{
	struct head head = {.version = VERSION, .lanes = f->lanes, .per_lane = FLIGHT_PER_LANE};

	memset(f->map + HEAD_BYTES, 0, f->map_bytes - HEAD_BYTES);
	atomic_signal_fence(memory_order_seq_cst);
	memcpy(head.magic, magic, sizeof(magic));
	memcpy(f->map, &head, sizeof(head));
	for (unsigned lane = 0; lane < f->lanes; lane++) {
		struct part *part = &f->parts[lane];
		part->places = (_Atomic uint64_t *)(void *)(f->map + HEAD_BYTES) +
		               (size_t)lane * FLIGHT_PER_LANE;
		for (part->free_count = 0; part->free_count < FLIGHT_PER_LANE; part->free_count++)
			part->free[part->free_count] =
				(uint16_t)(FLIGHT_PER_LANE - 1 - part->free_count);
	}
}

static int take_memory(struct flight *f, struct err *e)
{
	f->map = mem_zalloc(f->map_bytes);
	return f->map ? 0 : err_no_memory(e);
}

int flight_open(const char *file, unsigned lanes, struct flight **ret, struct err *e)
{
	struct flight *f = mem_zalloc(sizeof(*f));

	if (!f)
		return err_no_memory(e);
	f->lanes = lanes;
	f->map_bytes = file_bytes(lanes, FLIGHT_PER_LANE);
	f->parts = mem_array(lanes, sizeof(f->parts[0]));
	int rc = !f->parts ? err_no_memory(e) : file ? take_over(f, file, e) : take_memory(f, e);
	if (!f->map) {
		flight_close(f);
		return rc;
	}
	*ret = f;
	return 0;
}

void flight_close(struct flight *f)
{
	if (!f)
		return;
	if (!f->has_file)
		mem_free(f->map);
	else if (f->map)
		munmap(f->map, f->map_bytes);
	mem_free(f->left);
	mem_free(f->parts);
	mem_free(f);
}

const uint64_t *flight_left(const struct flight *f, size_t *ret_count)
{
	*ret_count = f->left_count;
	return f->left;
}

/*
 * Flying
 */
int flight_enter(struct flight *f, unsigned lane, uint64_t seq)
{
	struct part *part = &f->parts[lane];

	if (part->free_count == 0)
		return ERR_BUSY;
	int place = part->free[--part->free_count];
	/* The plugin is called only after it is noted, and leaving is noted only after it is done. */
	atomic_store_explicit(&part->places[place], seq, memory_order_release);
	return place;
}

void flight_leave(struct flight *f, unsigned lane, int place)
{
	struct part *part = &f->parts[lane];

	atomic_store_explicit(&part->places[place], 0, memory_order_release);
	part->free[part->free_count++] = (uint16_t)place;
}
