/*
 * Sessions of the console: a cookie that stands for a token that was shown once.
 *
 * They are in memory alone, known by the SHA-256 of their cookie, and end after a while without use,
 * after a day's work at the latest, and with their token.  Any thread.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/tokens.h"

enum {
	SESSIONS_MAX = 1000,
	SESSION_IDLE_MS = 30 * 60 * 1000,
	SESSION_LONGEST_MS = 12 * 3600 * 1000,
	SESSION_SECRET_LENGTH = 43, /* 256 bits in base64url */
};

struct session {
	uint8_t digest[32]; /* of the cookie */
	char csrf[SESSION_SECRET_LENGTH + 1];
	char token[TOKEN_ID_LENGTH + 1];
	int64_t begun_ms, used_ms; /* monotonic */
};

struct sessions {
	pthread_mutex_t lock;
	struct session *items;
	size_t count, cap;
};

void sessions_init(struct sessions *s);
void sessions_finish(struct sessions *s);

/* A new one for a token; its cookie is nowhere else.  When there are too many, the one that was used
 * longest ago ends.  0 or ERR_NO_MEMORY. */
int sessions_begin(struct sessions *s, const char *token, int64_t now_ms, char *ret_cookie,
                   struct session *ret);
/* Copies the session of a cookie, and notes its use.  False: there is none. */
bool sessions_find(struct sessions *s, const char *cookie, int64_t now_ms, struct session *ret);
/* Whether there is one, without noting a use. */
bool sessions_has(struct sessions *s, const char *cookie, int64_t now_ms);
void sessions_end(struct sessions *s, const char *cookie);
