/*
 * Tales: what the simulation knows of each message, independently of the host, and a ring of the last
 * things that happened, so that a violation can be told with its history.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

/* What becomes of a message at its receiver, whatever the receiver's mood. */
enum fate {
	FATE_WELCOME,
	FATE_REFUSED, /* 422 */
	FATE_DEADLY,  /* the host dies of it as soon as it is submitted */
};

enum tale_answer {
	TALE_ASKED,    /* nothing was answered yet */
	TALE_ACCEPTED, /* durable: it must not be lost */
	TALE_REFUSED,  /* it must not be sent */
	TALE_UNKNOWN,  /* answered "unknown", or not at all because the host died */
};

enum { NO_KEY = -1 };

struct tale {
	struct tale *next; /* in its bucket */
	uint64_t seq, salt;
	unsigned link;
	int key; /* of the ordering; NO_KEY */
	enum fate fate;
	bool direct;
	enum tale_answer answer;
	uint64_t hash; /* of the body */
	int64_t asked_ms;

	/* As last committed; STORE_STATES: not in the store. */
	enum store_state state;
	uint32_t attempts, replay;
	int64_t due_ms, leased_ms, replayed_ms;

	/* What its receiver saw. */
	uint32_t submissions, in_flight;
	uint32_t deaths;       /* hosts that died of it */
	uint32_t welcomed;     /* 2xx, told in time */
	bool welcomed_now;     /* in this life of the host and this replay */
	bool rejected;         /* for good, in this replay */
	int64_t not_before_ms; /* what the receiver last asked for; 0: nothing */
	bool cancelled;        /* an operator said so */
	bool hurried;          /* an operator wants it now */
};

struct tales {
	struct tale **buckets;
	size_t bucket_count, count;
};

void tales_init(struct tales *t);
struct tale *tale_begin(struct tales *t, uint64_t seq, uint64_t salt);
struct tale *tale_find(const struct tales *t, uint64_t seq); /* or NULL */
void tale_end(struct tales *t, struct tale *tale);

/*
 * What happened
 */
enum happening {
	HAPPENED_ASKED,
	HAPPENED_ANSWERED,
	HAPPENED_SUBMITTED,
	HAPPENED_TOLD,
	HAPPENED_COMMITTED,
	HAPPENED_PRUNED,
	HAPPENED_CRASH,
	HAPPENED_BEGIN,
	HAPPENED_STOP,
	HAPPENED_MOOD,
	HAPPENED_PAUSE,
	HAPPENED_RESUME,
	HAPPENED_DEPLOY,
	HAPPENED_UNDEPLOY,
	HAPPENED_CANCEL,
	HAPPENED_RETRY,
	HAPPENED_REPLAY,
	HAPPENED_ROOM,
	HAPPENED_FAILURE,
	HAPPENINGS,
};

enum { HISTORY = 1 << 16, NO_LINK = -1 };

struct history {
	struct moment {
		int64_t at_ms;
		uint64_t seq; /* 0: no message */
		int link;     /* NO_LINK */
		enum happening what;
		int64_t a, b;
		const char *word; /* constant; NULL none */
	} ring[HISTORY];
	uint64_t count;
	bool live; /* print as it happens */
};

void history_note(struct history *h, enum happening what, int link, uint64_t seq, int64_t a,
                  int64_t b, const char *word);
/* The last of what concerns a message (0: any) or its link, oldest first. */
void history_print(const struct history *h, uint64_t seq, int link, size_t most);
