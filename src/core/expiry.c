/* Certificates of links: reading, comparing, telling. */
#include "core/expiry.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/mem.h"
#include "core/deployment.h"
#include "core/event_impl.h"
#include "core/host_impl.h"
#include "core/queue.h"
#include "crypto/certificate.h"
#include "plug/hostapi.h"

enum { FILES_MOST = 8 };
#define DAY_MS (24 * 60 * 60 * INT64_C(1000))

static const char *const names[EXPIRY_SOURCES] = {
	[EXPIRY_CLIENT] = "client",
	[EXPIRY_CA] = "ca",
	[EXPIRY_PEER] = "peer",
	[EXPIRY_KEY_STORE] = "key_store",
};

static const char *const titles[EXPIRY_SOURCES] = {
	[EXPIRY_CLIENT] = "our own certificate",
	[EXPIRY_CA] = "the certificate of the authority",
	[EXPIRY_PEER] = "the receiver's certificate",
	[EXPIRY_KEY_STORE] = "the certificate of the key store",
};

/* How long before somebody is told. */
static const int64_t thresholds_ms[] = {30 * DAY_MS, 14 * DAY_MS, 7 * DAY_MS, DAY_MS, 0};

const char *expiry_source_name(enum expiry_source source)
{
	return names[source];
}

/*
 * Telling
 */

bool expiry_write(const struct expiry_entry *entry, const char *title, int64_t now_ms,
                  char ret[EXPIRY_TEXT_BYTES])
{
	int64_t left_ms = entry->ends_ms - now_ms;
	bool ended = left_ms <= 0;
	char end[CLOCK_TEXT_BYTES];

	clock_format(entry->ends_ms, end);
	snprintf(ret, EXPIRY_TEXT_BYTES, "%s%s%s%s %s on %.10s, %lld days %s", title,
	         entry->subject[0] ? " (" : "", entry->subject, entry->subject[0] ? ")" : "",
	         ended ? "ended" : "ends", end, (long long)((ended ? -left_ms : left_ms) / DAY_MS),
	         ended ? "ago" : "from now");
	return ended;
}

bool expiry_is_due(struct expiry_entry *entry, int64_t now_ms)
{
	int64_t left_ms = entry->ends_ms - now_ms;
	unsigned passed = 0;

	if (entry->ends_ms == 0)
		return false;
	if (entry->told_of_ms != entry->ends_ms) {
		entry->told_of_ms = entry->ends_ms;
		entry->told = 0;
	}
	while (passed < sizeof(thresholds_ms) / sizeof(thresholds_ms[0]) &&
	       left_ms <= thresholds_ms[passed])
		passed++;
	if (passed <= entry->told)
		return false;
	entry->told = passed;
	return true;
}

static void check(struct queue *q, enum expiry_source source)
{
	struct expiry_entry *entry = &q->expiry.of[source];
	int64_t now_ms = q->host->clock->unix_ms();
	char detail[EXPIRY_TEXT_BYTES];

	if (!expiry_is_due(entry, now_ms))
		return;
	bool ended = expiry_write(entry, titles[source], now_ms, detail);
	event_of_link(q, EVENT_CERTIFICATE_EXPIRES,
	              ended ? "certificate_expired" : "certificate_expires", detail);
}

static void fire_daily(struct timer *timer);

static void check_all(struct queue *q)
{
	bool any = false;

	for (enum expiry_source source = 0; source < EXPIRY_SOURCES; source++) {
		any = any || q->expiry.of[source].ends_ms != 0;
		check(q, source);
	}
	if (any)
		lane_timer_set(q->lane, &q->expiry.timer, lane_now_ms(q->lane) + DAY_MS,
		               fire_daily);
}

/*
 * Reading
 */

struct reading {
	struct errand errand;
	struct queue *queue; /* lives as long as the lane */
	uint64_t version;
	struct arena arena;
	size_t count;
	struct file {
		enum expiry_source source;
		const char *path;
		struct certificate_info info;
		bool read;
	} files[FILES_MOST];
};

static enum expiry_source source_of(const char *row)
{
	return strcmp(row, "ca_file") == 0       ? EXPIRY_CA
	       : strcmp(row, "pkcs12_file") == 0 ? EXPIRY_KEY_STORE
	                                         : EXPIRY_CLIENT;
}

static int gather(struct reading *r, const struct lk_param *rows, uint32_t count,
                  const struct lk_value *const *values)
{
	int rc = 0;

	for (uint32_t i = 0; i < count && rc == 0; i++) {
		if (!values || !values[i])
			continue;
		if (rows[i].type == LK_T_GROUP)
			rc = gather(r, rows[i].sub, rows[i].sub_count, values[i]->u.v);
		if (rows[i].type != LK_T_FILE || !values[i]->u.s || r->count == FILES_MOST)
			continue;
		struct file *file = &r->files[r->count++];
		file->source = source_of(rows[i].name);
		file->path = arena_strdup(&r->arena, values[i]->u.s);
		if (!file->path)
			rc = LK_ENOMEM;
	}
	return rc;
}

/* On the pool.  What is no certificate is a key. */
static void work(struct errand *errand)
{
	struct reading *r = container_of(errand, struct reading, errand);

	for (size_t i = 0; i < r->count; i++)
		r->files[i].read =
			certificate_read_file(r->files[i].path, &r->files[i].info, NULL) == 0;
}

static void take(struct expiry *x, const struct file *file)
{
	struct expiry_entry *entry = &x->of[file->source];
	const struct certificate_info *info = &file->info;
	int64_t ends_ms = file->source == EXPIRY_CA ? info->latest_ms : info->soonest_ms;

	if (entry->ends_ms && entry->ends_ms <= ends_ms)
		return;
	entry->ends_ms = ends_ms;
	snprintf(entry->subject, sizeof(entry->subject), "%s",
	         info->count == 1 || file->source != EXPIRY_CA ? info->subject : "");
}

static void destroy(struct reading *r)
{
	arena_finish(&r->arena);
	mem_free(r);
}

static void finish(struct errand *errand)
{
	struct reading *r = container_of(errand, struct reading, errand);
	struct queue *q = r->queue;
	struct expiry *x = &q->expiry;

	q->lane->errands_out--;
	if (!errand->skipped && r->version == x->version) {
		for (enum expiry_source source = 0; source < EXPIRY_SOURCES; source++)
			if (source != EXPIRY_PEER)
				x->of[source].ends_ms = 0;
		for (size_t i = 0; i < r->count; i++)
			if (r->files[i].read)
				take(x, &r->files[i]);
		check_all(q);
	}
	destroy(r);
}

/* False: there is nothing to read, or, until tomorrow, no memory for it. */
static bool start(struct queue *q)
{
	const struct deployment *d = q->link->deployment;
	struct reading *r = mem_zalloc(sizeof(*r));
	int rc = 0;

	if (!r)
		return false;
	arena_init(&r->arena);
	for (size_t i = 0; i < sizeof(d->parts) / sizeof(d->parts[0]) && rc == 0; i++)
		rc = gather(r, d->parts[i].rows, d->parts[i].count, d->parts[i].values);
	if (rc < 0 || r->count == 0) {
		destroy(r);
		return false;
	}
	r->errand.work = work;
	r->errand.finish = finish;
	r->errand.home = &q->lane->mailbox;
	r->queue = q;
	r->version = q->expiry.version;
	q->lane->errands_out++;
	errands_post(&q->host->errands, &r->errand);
	return true;
}

static void fire_daily(struct timer *timer)
{
	struct queue *q = container_of(timer, struct queue, expiry.timer);

	if (q->link && !q->lane->draining && !start(q))
		check_all(q);
}

void expiry_begin(struct queue *q)
{
	struct expiry *x = &q->expiry;

	if (q->is_probe)
		return;
	x->version++;
	for (enum expiry_source source = 0; source < EXPIRY_SOURCES; source++)
		x->of[source].ends_ms = 0;
	lane_timer_stop(q->lane, &x->timer);
	start(q);
}

void expiry_end(struct queue *q)
{
	struct expiry *x = &q->expiry;

	x->version++;
	for (enum expiry_source source = 0; source < EXPIRY_SOURCES; source++)
		x->of[source].ends_ms = 0;
	lane_timer_stop(q->lane, &x->timer);
}

void expiry_see(struct queue *q, const struct outcome *outcome)
{
	const char *text = q->is_probe ? NULL : outcome_attr(outcome, "tls.expires");
	int64_t ends_ms = text ? strtoll(text, NULL, 10) : 0;
	struct expiry_entry *entry = &q->expiry.of[EXPIRY_PEER];

	if (ends_ms <= 0 || ends_ms == entry->ends_ms || !q->link)
		return;
	entry->ends_ms = ends_ms;
	check(q, EXPIRY_PEER);
	if (!heap_holds(&q->expiry.timer.node))
		lane_timer_set(q->lane, &q->expiry.timer, lane_now_ms(q->lane) + DAY_MS,
		               fire_daily);
}
