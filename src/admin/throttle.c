/* A bucket for each address, in a table of fixed size. */
#include "admin/throttle.h"

#include <netinet/in.h>
#include <string.h>

#include "base/banned.h"
#include "httpd/request.h"

enum { LOOKED_AT = 8, ALLOWANCE_MS = THROTTLE_BURST * THROTTLE_EVERY_MS };

void throttle_init(struct throttle *t)
{
	memset(t, 0, sizeof(*t));
	pthread_mutex_init(&t->lock, NULL);
}

void throttle_finish(struct throttle *t)
{
	pthread_mutex_destroy(&t->lock);
}

static void name_peer(const struct http_peer *peer, uint8_t *ret)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&peer->address;
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&peer->address;

	memset(ret, 0, 16);
	if (peer->address.ss_family == AF_INET6) {
		memcpy(ret, &v6->sin6_addr, IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) ? 16 : 8);
	} else if (peer->address.ss_family == AF_INET) {
		ret[0] = 4;
		memcpy(ret + 12, &v4->sin_addr, 4);
	} else {
		ret[0] = 1;
		memcpy(ret + 8, &peer->uid, sizeof(peer->uid));
	}
}

/* FNV-1a.  Who makes collisions shares his own allowance with others for as long as he tries. */
static uint32_t hash(const uint8_t *who)
{
	uint32_t h = 2166136261u;

	for (int i = 0; i < 16; i++)
		h = (h ^ who[i]) * 16777619u;
	return h;
}

/* Its own place; else, of the few it may have, the one that is whole again first. */
static struct throttle_place *place_of(struct throttle *t, const uint8_t *who)
{
	uint32_t first = hash(who);
	struct throttle_place *best = &t->places[first % THROTTLE_PLACES];

	for (uint32_t i = 0; i < LOOKED_AT; i++) {
		struct throttle_place *place = &t->places[(first + i) % THROTTLE_PLACES];
		if (memcmp(place->who, who, sizeof(place->who)) == 0)
			return place;
		if (place->full_ms < best->full_ms)
			best = place;
	}
	*best = (struct throttle_place){0};
	memcpy(best->who, who, sizeof(best->who));
	return best;
}

unsigned throttle_count(struct throttle *t, const struct http_peer *peer, int64_t now_ms)
{
	unsigned wait_s = 0;
	uint8_t who[16];

	name_peer(peer, who);
	pthread_mutex_lock(&t->lock);
	struct throttle_place *place = place_of(t, who);
	int64_t full_ms = place->full_ms > now_ms ? place->full_ms : now_ms;
	int64_t missing_ms = full_ms + THROTTLE_EVERY_MS - now_ms - ALLOWANCE_MS;
	if (missing_ms > 0)
		wait_s = (unsigned)((missing_ms + 999) / 1000);
	else
		place->full_ms = full_ms + THROTTLE_EVERY_MS;
	pthread_mutex_unlock(&t->lock);
	return wait_s;
}
