/* Tales of messages, and the history of a universe. */
#include "tale.h"

#include <stdio.h>

#include "base/clock.h"
#include "core/message.h"
#include "universe.h"

enum { BUCKETS = 1 << 16 };

void tales_init(struct tales *t)
{
	t->bucket_count = BUCKETS;
	t->buckets = universe_alloc(BUCKETS * sizeof(*t->buckets));
}

static struct tale **bucket(const struct tales *t, uint64_t seq)
{
	return &t->buckets[(seq * 0x9e3779b97f4a7c15u) >> 32 & (t->bucket_count - 1)];
}

struct tale *tale_begin(struct tales *t, uint64_t seq, uint64_t salt)
{
	struct tale *tale = universe_alloc(sizeof(*tale)), **place = bucket(t, seq);

	tale->seq = seq;
	tale->salt = salt;
	tale->key = NO_KEY;
	tale->state = STORE_STATES;
	tale->next = *place;
	*place = tale;
	t->count++;
	return tale;
}

struct tale *tale_find(const struct tales *t, uint64_t seq)
{
	struct tale *tale = *bucket(t, seq);

	while (tale && tale->seq != seq)
		tale = tale->next;
	return tale;
}

void tale_end(struct tales *t, struct tale *tale)
{
	struct tale **place = bucket(t, tale->seq);

	while (*place != tale)
		place = &(*place)->next;
	*place = tale->next;
	t->count--;
	universe_free(tale);
}

static const char *const words[HAPPENINGS] = {
	[HAPPENED_ASKED] = "asked",         [HAPPENED_ANSWERED] = "answered",
	[HAPPENED_SUBMITTED] = "submitted", [HAPPENED_TOLD] = "told",
	[HAPPENED_COMMITTED] = "committed", [HAPPENED_PRUNED] = "pruned",
	[HAPPENED_CRASH] = "CRASH",         [HAPPENED_BEGIN] = "BEGIN",
	[HAPPENED_STOP] = "STOP",           [HAPPENED_MOOD] = "mood",
	[HAPPENED_PAUSE] = "pause",         [HAPPENED_RESUME] = "resume",
	[HAPPENED_DEPLOY] = "deploy",       [HAPPENED_UNDEPLOY] = "undeploy",
	[HAPPENED_CANCEL] = "cancel",       [HAPPENED_RETRY] = "retry",
	[HAPPENED_REPLAY] = "replay",       [HAPPENED_ROOM] = "room",
	[HAPPENED_FAILURE] = "store fails",
};

static void print(const struct moment *m)
{
	char when[CLOCK_TEXT_BYTES];

	clock_format(m->at_ms, when);
	printf("# %s %-11s", when, words[m->what]);
	if (m->link != NO_LINK)
		printf(" L%02d", m->link);
	if (m->seq)
		printf(" %llx", (unsigned long long)m->seq);
	printf(" %s %lld %lld\n", m->word ? m->word : "-", (long long)m->a, (long long)m->b);
}

void history_note(struct history *h, enum happening what, int link, uint64_t seq, int64_t a,
                  int64_t b, const char *word)
{
	struct moment *m = &h->ring[h->count++ % HISTORY];

	*m = (struct moment){clock_fake.unix_ms(), seq, link, what, a, b, word};
	if (h->live)
		print(m);
}

/* What concerns everybody, the message itself, or, without a message, the link. */
static bool concerns(const struct moment *m, uint64_t seq, int link)
{
	if (m->seq)
		return seq ? m->seq == seq : link == NO_LINK || m->link == link;
	return m->link == NO_LINK || m->link == link;
}

void history_print(const struct history *h, uint64_t seq, int link, size_t most)
{
	uint64_t oldest = h->count > HISTORY ? h->count - HISTORY : 0, from = h->count;

	for (size_t found = 0; from > oldest && found < most; from--)
		found += concerns(&h->ring[(from - 1) % HISTORY], seq, link);
	for (; from < h->count; from++)
		if (concerns(&h->ring[from % HISTORY], seq, link))
			print(&h->ring[from % HISTORY]);
}
