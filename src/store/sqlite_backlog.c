/* What waits, in memory: a ring for each link. */
#include "store/sqlite_backlog.h"

#include <string.h>

#include "base/banned.h"
#include "base/mem.h"

enum {
	ROWS_FIRST = 64,
	ROWS_KEPT = 1024, /* an empty ring with more gives them back */
	RINGS_FIRST = 16,
};

void backlog_finish(struct backlog *w)
{
	for (size_t i = 0; i < w->ring_count; i++) {
		mem_free(w->rings[i]->rows);
		mem_free(w->rings[i]);
	}
	mem_free(w->rings);
	*w = (struct backlog){0};
}

/* The first place whose link is not less. */
static size_t position(const struct backlog *w, int64_t link)
{
	size_t low = 0, high = w->ring_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (w->rings[middle]->link < link)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct backlog_ring *find(const struct backlog *w, int64_t link)
{
	size_t at = position(w, link);

	return at < w->ring_count && w->rings[at]->link == link ? w->rings[at] : NULL;
}

static struct backlog_row *row_at(const struct backlog_ring *r, size_t place)
{
	return &r->rows[place & (r->cap - 1)];
}

static struct backlog_ring *add_ring(struct backlog *w, int64_t link)
{
	size_t at = position(w, link);

	if (w->ring_count == w->ring_cap) {
		size_t cap = w->ring_cap ? 2 * w->ring_cap : RINGS_FIRST;
		struct backlog_ring **rings = mem_resize(w->rings, cap, sizeof(struct backlog_ring *));
		if (!rings)
			return NULL;
		w->rings = rings;
		w->ring_cap = cap;
	}
	struct backlog_ring *r = mem_zalloc(sizeof(*r));
	if (!r)
		return NULL;
	r->link = link;
	memmove(&w->rings[at + 1], &w->rings[at],
	        (w->ring_count - at) * sizeof(struct backlog_ring *));
	w->rings[at] = r;
	w->ring_count++;
	return r;
}

static bool make_room(struct backlog_ring *r)
{
	if (r->end_next - r->start < r->cap)
		return true;
	struct backlog_ring bigger = {.cap = r->cap ? 2 * r->cap : ROWS_FIRST};
	bigger.rows = mem_array(bigger.cap, sizeof(*bigger.rows));
	if (!bigger.rows)
		return false;
	for (size_t i = r->start; i != r->end_next; i++)
		*row_at(&bigger, i) = *row_at(r, i);
	mem_free(r->rows);
	r->rows = bigger.rows;
	r->cap = bigger.cap;
	return true;
}

static void touch(struct backlog *w, struct backlog_ring *r)
{
	if (r->is_touched)
		return;
	r->is_touched = true;
	r->touched = w->touched;
	w->touched = r;
}

bool backlog_add(struct backlog *w, int64_t link, uint64_t seq, int64_t due_ms)
{
	struct backlog_ring *r = w->count < BACKLOG_MOST ? find(w, link) : NULL;

	if (!r && w->count < BACKLOG_MOST)
		r = add_ring(w, link);
	if (!r || !make_room(r))
		return false;
	*row_at(r, r->end_next++) = (struct backlog_row){.seq = seq, .due_ms = due_ms};
	w->count++;
	touch(w, r);
	return true;
}

const struct backlog_row *backlog_first(const struct backlog *w, int64_t link)
{
	const struct backlog_ring *r = find(w, link);

	return r && r->next != r->end_next ? row_at(r, r->next) : NULL;
}

void backlog_take(struct backlog *w, int64_t link, bool leased)
{
	struct backlog_ring *r = find(w, link);

	row_at(r, r->next++)->gone = !leased;
	w->count--;
	touch(w, r);
}

int64_t backlog_link_after(const struct backlog *w, int64_t link)
{
	for (size_t i = position(w, link + 1); i < w->ring_count; i++)
		if (w->rings[i]->next != w->rings[i]->end_next)
			return w->rings[i]->link;
	return 0;
}

static struct backlog_ring *pop_touched(struct backlog *w)
{
	struct backlog_ring *r = w->touched;

	if (r) {
		w->touched = r->touched;
		r->is_touched = false;
	}
	return r;
}

static void tell(const struct backlog_ring *r, const struct backlog_told *told)
{
	for (size_t i = r->end; i != r->end_next; i++)
		told->added(told->arg, row_at(r, i)->seq, r->link);
	for (size_t i = r->start; i != r->next; i++)
		told->taken(told->arg, row_at(r, i)->seq, !row_at(r, i)->gone);
}

void backlog_commit(struct backlog *w, const struct backlog_told *told)
{
	for (struct backlog_ring *r; (r = pop_touched(w));) {
		tell(r, told);
		r->start = r->next;
		r->end = r->end_next;
		if (r->start == r->end && r->cap > ROWS_KEPT) {
			mem_free(r->rows);
			r->rows = NULL;
			r->cap = 0;
		}
	}
}

void backlog_roll_back(struct backlog *w)
{
	for (struct backlog_ring *r; (r = pop_touched(w));) {
		w->count += (r->next - r->start) - (r->end_next - r->end);
		r->next = r->start;
		r->end_next = r->end;
		for (size_t i = r->start; i != r->end; i++)
			row_at(r, i)->gone = 0;
	}
}
