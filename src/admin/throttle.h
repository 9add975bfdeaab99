/*
 * Wrong credentials, counted by where they come from: some are answered, then only one now and then.
 *
 * Good credentials are never held up: a token cannot be guessed, and whoever shares an address with
 * somebody who tries must not suffer.  What is limited is the cost, and the lines in the log.  Any thread.
 */
#pragma once

#include <pthread.h>
#include <stdint.h>

struct http_peer;

enum { THROTTLE_PLACES = 1024, THROTTLE_BURST = 10, THROTTLE_EVERY_MS = 6000 };

struct throttle {
	pthread_mutex_t lock;
	struct throttle_place {
		uint8_t who[16]; /* an address, of IPv6 its /64; or the user of a local one */
		int64_t full_ms; /* monotonic: when the allowance is whole again */
	} places[THROTTLE_PLACES];
};

void throttle_init(struct throttle *t);
void throttle_finish(struct throttle *t);
/* Counts a failure.  0; or in how many seconds the next one is answered. */
unsigned throttle_count(struct throttle *t, const struct http_peer *peer, int64_t now_ms);
