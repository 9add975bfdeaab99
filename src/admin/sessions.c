/* Sessions: a list that is looked through. */
#include "admin/sessions.h"

#include <string.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "crypto/base64.h"
#include "crypto/hash.h"
#include "crypto/mac.h"
#include "crypto/random.h"

enum { SECRET_BYTES = 32 };

_Static_assert(SESSION_SECRET_LENGTH == BASE64_URL_LENGTH(SECRET_BYTES),
               "a secret has this length");

void sessions_init(struct sessions *s)
{
	*s = (struct sessions){0};
	pthread_mutex_init(&s->lock, NULL);
}

void sessions_finish(struct sessions *s)
{
	if (s->items)
		mem_wipe(s->items, s->cap * sizeof(*s->items));
	mem_free(s->items);
	pthread_mutex_destroy(&s->lock);
}

static void make_secret(char *text)
{
	uint8_t bytes[SECRET_BYTES];

	random_bytes(bytes, sizeof(bytes));
	base64_url(bytes, sizeof(bytes), text);
	mem_wipe(bytes, sizeof(bytes));
}

static bool is_over(const struct session *session, int64_t now_ms)
{
	return now_ms - session->used_ms >= SESSION_IDLE_MS ||
	       now_ms - session->begun_ms >= SESSION_LONGEST_MS;
}

/* With the lock held. */
static void drop(struct sessions *s, size_t place)
{
	s->items[place] = s->items[--s->count];
	mem_wipe(&s->items[s->count], sizeof(s->items[0]));
}

static void drop_those_over(struct sessions *s, int64_t now_ms)
{
	for (size_t i = s->count; i-- > 0;)
		if (is_over(&s->items[i], now_ms))
			drop(s, i);
}

static void drop_longest_unused(struct sessions *s)
{
	size_t oldest = 0;

	for (size_t i = 1; i < s->count; i++)
		if (s->items[i].used_ms < s->items[oldest].used_ms)
			oldest = i;
	drop(s, oldest);
}

static int make_room(struct sessions *s, int64_t now_ms)
{
	drop_those_over(s, now_ms);
	if (s->count == SESSIONS_MAX)
		drop_longest_unused(s);
	if (s->count < s->cap)
		return 0;
	size_t cap = s->cap ? 2 * s->cap : 16;
	struct session *bigger = mem_resize(s->items, cap, sizeof(*bigger));
	if (!bigger)
		return ERR_NO_MEMORY;
	s->items = bigger;
	s->cap = cap;
	return 0;
}

int sessions_begin(struct sessions *s, const char *token, int64_t now_ms, char *ret_cookie,
                   struct session *ret)
{
	struct session session = {.begun_ms = now_ms, .used_ms = now_ms};

	memcpy(session.token, token, sizeof(session.token));
	make_secret(ret_cookie);
	make_secret(session.csrf);
	hash_of(ret_cookie, strlen(ret_cookie), session.digest);
	pthread_mutex_lock(&s->lock);
	int rc = make_room(s, now_ms);
	if (rc == 0)
		s->items[s->count++] = session;
	pthread_mutex_unlock(&s->lock);
	if (rc == 0)
		*ret = session;
	return rc;
}

/* With the lock held; count: there is none. */
static size_t place_of(const struct sessions *s, const char *cookie)
{
	uint8_t digest[HASH_BYTES];
	size_t i = 0;

	hash_of(cookie, strlen(cookie), digest);
	while (i < s->count && !mac_equal(s->items[i].digest, digest, sizeof(digest)))
		i++;
	return i;
}

bool sessions_find(struct sessions *s, const char *cookie, int64_t now_ms, struct session *ret)
{
	pthread_mutex_lock(&s->lock);
	size_t place = place_of(s, cookie);
	bool found = place < s->count && !is_over(&s->items[place], now_ms);
	if (found) {
		s->items[place].used_ms = now_ms;
		*ret = s->items[place];
	}
	pthread_mutex_unlock(&s->lock);
	return found;
}

bool sessions_has(struct sessions *s, const char *cookie, int64_t now_ms)
{
	pthread_mutex_lock(&s->lock);
	size_t place = place_of(s, cookie);
	bool found = place < s->count && !is_over(&s->items[place], now_ms);
	pthread_mutex_unlock(&s->lock);
	return found;
}

void sessions_end(struct sessions *s, const char *cookie)
{
	pthread_mutex_lock(&s->lock);
	size_t place = place_of(s, cookie);
	if (place < s->count)
		drop(s, place);
	pthread_mutex_unlock(&s->lock);
}
