/* Reading from a memory store. */
#include "memory_read.h"

#include <string.h>

#include "base/err.h"

static bool fits_links(const struct row *row, const struct store_filter *f)
{
	if (!f->links)
		return true;
	for (size_t i = 0; i < f->link_count; i++)
		if (f->links[i] == row->d.link)
			return true;
	return false;
}

static bool fits_reason(const struct row *row, const struct store_filter *f)
{
	return !f->reason ||
	       (row->d.reason && strncmp(row->d.reason, f->reason, strlen(f->reason)) == 0);
}

bool memory_fits(const struct row *row, const struct store_filter *f)
{
	const struct store_delivery *d = &row->d;

	return (!f->states || f->states >> d->state & 1) &&
	       (!f->since_ms || d->accepted_ms >= f->since_ms) &&
	       (!f->until_ms || d->accepted_ms < f->until_ms) &&
	       (!f->seq_least || d->seq >= f->seq_least) &&
	       (!f->seq_most || d->seq <= f->seq_most) && fits_links(row, f) && fits_reason(row, f);
}

int memory_links(const struct rows *r, void (*each)(void *arg, const struct store_link *),
                 void *arg, struct err *e)
{
	(void)e;
	for (const struct link_rows *link = r->links; link; link = link->next) {
		struct store_link shown = {
			.id = link->id,
			.project = link->project,
			.connection = link->connection,
			.environment = link->environment,
			.paused = link->paused,
			.paused_reason = link->paused_reason,
			.ready = link->counts[STORE_READY],
			.leased = link->counts[STORE_LEASED],
			.dead = link->counts[STORE_DEAD],
			.quarantined = link->counts[STORE_QUARANTINED],
		};
		if (link->open.count > 0)
			shown.oldest_ms = sorted_at(&link->open, 0)->d.accepted_ms;
		if (link->ready.count > 0)
			shown.next_due_ms = sorted_at(&link->ready, 0)->d.due_ms;
		each(arg, &shown);
	}
	return 0;
}

static void show(const struct row *row, void (*each)(void *arg, const struct store_delivery *),
                 void *arg)
{
	struct store_delivery d = row->d;

	d.body = NULL;
	d.body_bytes = 0;
	d.content_type = NULL;
	d.attrs = NULL;
	d.attr_count = 0;
	each(arg, &d);
}

int memory_list(const struct rows *r, const struct store_filter *filter, uint64_t from,
                bool ascending, uint32_t most,
                void (*each)(void *arg, const struct store_delivery *), void *arg, struct err *e)
{
	struct row edge = {.d.seq = ascending ? from + 1 : from};
	size_t place = from == 0 && !ascending ? r->all.count : sorted_place(&r->all, &edge);
	uint32_t count = 0;

	(void)e;
	while (count < most && (ascending ? place < r->all.count : place > 0)) {
		const struct row *row = sorted_at(&r->all, ascending ? place++ : --place);
		if (!memory_fits(row, filter))
			continue;
		show(row, each, arg);
		count++;
	}
	return 0;
}

int memory_count(const struct rows *r, const struct store_filter *filter, uint64_t *ret,
                 struct err *e)
{
	uint64_t count = 0;

	(void)e;
	for (size_t i = 0; i < r->all.count; i++)
		count += memory_fits(sorted_at(&r->all, i), filter);
	*ret = count;
	return 0;
}

int memory_get(const struct rows *r, uint64_t seq,
               void (*delivery)(void *arg, const struct store_delivery *),
               void (*attempt)(void *arg, const struct store_attempt *), void *arg, struct err *e)
{
	const struct row *row = rows_find(r, seq);

	if (!row)
		return err_set(e, ERR_NOT_FOUND, "there is no such delivery");
	delivery(arg, &row->d);
	for (size_t i = 0; attempt && i < row->attempt_count; i++)
		attempt(arg, &row->attempts[i]);
	return 0;
}
