/* The fresh ones: a sorted array that mostly grows at its end and shrinks at its start. */
#include "store/sqlite_fresh.h"

#include <string.h>

#include "base/banned.h"
#include "base/mem.h"

enum { FRESH_ROWS_FIRST = 256 };

void fresh_init(struct fresh *f)
{
	*f = (struct fresh){.lock = PTHREAD_MUTEX_INITIALIZER, .lost = UINT64_MAX};
}

void fresh_finish(struct fresh *f)
{
	mem_free(f->rows);
	pthread_mutex_destroy(&f->lock);
}

void fresh_lock(struct fresh *f)
{
	pthread_mutex_lock(&f->lock);
}

void fresh_unlock(struct fresh *f)
{
	pthread_mutex_unlock(&f->lock);
}

/* Moves what is left to the beginning. */
static void compact(struct fresh *f)
{
	size_t kept = 0;

	for (size_t i = f->start; i < f->count; i++)
		if (f->rows[i].link)
			f->rows[kept++] = f->rows[i];
	f->start = f->gone = 0;
	f->count = kept;
}

static bool make_room(struct fresh *f)
{
	if (f->count < f->cap)
		return true;
	/* One that hangs keeps its place at the start, and with it those behind it that are gone. */
	if (f->start + f->gone >= f->cap / 2 && f->cap) {
		compact(f);
		return true;
	}
	size_t cap = f->cap ? 2 * f->cap : FRESH_ROWS_FIRST;
	struct fresh_row *rows = mem_resize(f->rows, cap, sizeof(*rows));
	if (!rows)
		return false;
	f->rows = rows;
	f->cap = cap;
	return true;
}

void fresh_add(struct fresh *f, uint64_t seq, int64_t link, bool waits)
{
	if (!make_room(f)) {
		if (seq < f->lost)
			f->lost = seq;
		return;
	}
	size_t at = f->count++;
	for (; at > f->start && f->rows[at - 1].seq > seq; at--)
		f->rows[at] = f->rows[at - 1];
	f->rows[at] = (struct fresh_row){.seq = seq, .link = link, .waits = waits};
}

/* The first place whose number is not less than seq. */
static size_t find(const struct fresh *f, uint64_t seq)
{
	size_t low = f->start, high = f->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (f->rows[middle].seq < seq)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct fresh_row *look_up(struct fresh *f, uint64_t seq)
{
	size_t at = find(f, seq);

	return at < f->count && f->rows[at].seq == seq && f->rows[at].link ? &f->rows[at] : NULL;
}

void fresh_lease(struct fresh *f, uint64_t seq)
{
	struct fresh_row *row = look_up(f, seq);

	if (row)
		row->waits = 0;
}

void fresh_remove(struct fresh *f, uint64_t seq)
{
	struct fresh_row *row = look_up(f, seq);

	if (!row)
		return;
	row->link = 0;
	f->gone++;
	while (f->start < f->count && !f->rows[f->start].link) {
		f->start++;
		f->gone--;
	}
}

uint64_t fresh_least(const struct fresh *f)
{
	uint64_t least = f->start < f->count ? f->rows[f->start].seq : UINT64_MAX;

	return least < f->lost ? least : f->lost;
}

void fresh_each(const struct fresh *f, void (*each)(void *arg, const struct fresh_row *row),
                void *arg)
{
	for (size_t i = f->start; i < f->count; i++)
		if (f->rows[i].link)
			each(arg, &f->rows[i]);
}
