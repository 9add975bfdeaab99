/* The secrets of a link: fetching, keeping, renewing. */
#include "core/link_secrets.h"

#include <linkspan/connector.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "conf/secret.h"
#include "core/deployment.h"
#include "core/host_impl.h"
#include "core/link.h"
#include "core/queue.h"
#include "crypto/guard.h"
#include "crypto/random.h"

enum {
	GOOD_MS = 300 * 1000,
	GOOD_JITTER_PERCENT = 20,
	STALE_MS = 3600 * 1000, /* beyond the last success */
	AGAIN_MS = 10 * 1000,   /* after a failed refresh, and between renewals */
};

struct secret_item {
	char *text; /* guarded */
	size_t bytes;
	uint64_t version;
};

struct secret_fetch {
	struct errand errand;
	struct link_secrets *secrets;
	const struct deployment *deployment;
	struct secret_item *items;
	size_t count;
	int rc;
	struct err err;
};

static void free_items(struct secret_item *items, size_t count)
{
	for (size_t i = 0; items && i < count; i++)
		guard_free(items[i].text);
	mem_free(items);
}

void link_secrets_init(struct link_secrets *s, struct lk_link *link)
{
	*s = (struct link_secrets){.link = link, .count = link->deployment->values.secret_count};
}

void link_secrets_finish(struct link_secrets *s)
{
	free_items(s->items, s->count);
	s->items = NULL;
}

bool link_secrets_busy(const struct link_secrets *s)
{
	return s->fetch != NULL;
}

/* On the pool. */
static void work(struct errand *errand)
{
	struct secret_fetch *f = container_of(errand, struct secret_fetch, errand);
	struct buf text;

	buf_init(&text, SECRET_MAX_BYTES);
	for (size_t i = 0; i < f->count && f->rc == 0; i++) {
		const struct secret_text *secret = &f->deployment->values.secrets[i];
		f->rc = secret_compose(&f->deployment->host, secret->parts, secret->part_count,
		                       &text, &f->err);
		if (f->rc == 0) {
			f->items[i].bytes = text.len_bytes;
			f->items[i].text = guard_dup(buf_str(&text), text.len_bytes);
			if (!f->items[i].text)
				f->rc = err_no_memory(&f->err);
		}
		buf_wipe(&text);
	}
	buf_finish(&text);
}

static bool same(const struct secret_item *a, const struct secret_item *b)
{
	return a->bytes == b->bytes && memcmp(a->text, b->text, a->bytes) == 0;
}

/* Takes the fetched texts; one that did not change keeps its version. */
static void adopt(struct link_secrets *s, struct secret_item *items, int64_t now)
{
	uint64_t version = s->version + 1;
	bool changed = false;

	for (size_t i = 0; i < s->count; i++) {
		bool kept = s->items && same(&s->items[i], &items[i]);
		items[i].version = kept ? s->items[i].version : version;
		changed = changed || !kept;
	}
	free_items(s->items, s->count);
	s->items = items;
	if (changed)
		s->version = version;
	s->fetched_ms = now;
	s->refresh_ms = now + GOOD_MS * (100 - GOOD_JITTER_PERCENT) / 100 +
	                random_below(GOOD_MS * 2 * GOOD_JITTER_PERCENT / 100);
}

static void finish(struct errand *errand)
{
	struct secret_fetch *f = container_of(errand, struct secret_fetch, errand);
	struct link_secrets *s = f->secrets;
	struct lk_link *link = s->link;
	int64_t now = lane_now_ms(link->lane);

	link->lane->errands_out--;
	s->fetch = NULL;
	s->renewing = false;
	if (f->rc == 0 && !errand->skipped) {
		adopt(s, f->items, now);
	} else {
		free_items(f->items, f->count);
		s->refresh_ms = now + AGAIN_MS;
		log_event(LOG_LEVEL_WARNING, "secrets cannot be resolved", "connection",
		          link->deployment->settings.connection, "environment",
		          link->deployment->settings.environment, "reason", f->err.text, NULL);
		if (!s->items && !link->closing)
			queue_no_secrets(link->queue, LK_BLOCKED, "secret", f->err.text);
	}
	mem_free(f);
	if (link->closing)
		link_end_if_idle(link);
	else
		queue_pump(link->queue);
}

static bool start(struct link_secrets *s)
{
	struct secret_fetch *f = mem_zalloc(sizeof(*f));

	if (f)
		f->items = mem_array(s->count, sizeof(*f->items));
	if (!f || !f->items) {
		mem_free(f);
		return false;
	}
	f->errand.work = work;
	f->errand.finish = finish;
	f->errand.home = &s->link->lane->mailbox;
	f->secrets = s;
	f->deployment = s->link->deployment;
	f->count = s->count;
	s->fetch = f;
	s->link->lane->errands_out++;
	errands_post(&s->link->lane->host->errands, &f->errand);
	return true;
}

bool link_secrets_ready(struct link_secrets *s)
{
	if (s->count == 0)
		return true;

	int64_t now = lane_now_ms(s->link->lane);
	bool usable = s->items && !s->renewing && now < s->fetched_ms + STALE_MS;

	if (!s->fetch && (!usable || now >= s->refresh_ms) && !start(s) && !usable)
		queue_no_secrets(s->link->queue, LK_RETRY, "no_memory",
		                 "the host is out of memory");
	return usable;
}

bool link_secrets_renew(struct link_secrets *s, uint64_t version)
{
	if (s->count == 0)
		return false;
	if (s->version != version || s->renewing)
		return true;
	int64_t now = lane_now_ms(s->link->lane);
	if (now < s->renew_ms)
		return false;
	s->renew_ms = now + AGAIN_MS;
	s->renewing = s->fetch != NULL || start(s);
	return s->renewing;
}

int link_secrets_copy(const struct link_secrets *s, uint32_t secret, char *buf, size_t cap,
                      uint64_t *ret_version)
{
	if (!s->items || secret == 0 || secret > s->count)
		return LK_ENOENT;

	const struct secret_item *item = &s->items[secret - 1];
	if (ret_version)
		*ret_version = item->version;
	if (buf) {
		if (item->bytes >= cap)
			return LK_ETOOBIG;
		memcpy(buf, item->text, item->bytes + 1);
	}
	return (int)item->bytes;
}
