/*
 * Events: what an operator may want to know the moment it happens.  The last ones are kept in a ring
 * in memory; whoever follows them asks for those behind a number.  Any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct err;
struct host;

enum event_kind {
	EVENT_DELIVERED,
	EVENT_FAILED, /* an attempt, another one follows */
	EVENT_DEAD,   /* a dead letter; quarantined ones too */
	EVENT_CANCELLED,
	EVENT_LINK_BLOCKED,
	EVENT_LINK_UNBLOCKED,
	EVENT_LINK_PAUSED,
	EVENT_LINK_RESUMED,
	EVENT_BREAKER_OPENED,
	EVENT_BREAKER_CLOSED,
	EVENT_DEPLOYED,
	EVENT_UNDEPLOYED,
	EVENT_RELOADED,
	EVENT_RELOAD_FAILED,
	EVENT_DISK_FULL,
	EVENT_DISK_FREE,
	EVENT_CERTIFICATE_EXPIRES, /* of a link, or of the API's listener: soon, or it has */
	EVENT_TEST_FAILED,         /* of a link: the periodic one, and did not before */
	EVENT_TEST_OK,
	EVENT_KINDS,
};

const char *event_name(enum event_kind kind); /* "delivered" "failed" … */

/* Says that something happened to the whole host (the kinds from EVENT_RELOADED to EVENT_CERTIFICATE_EXPIRES). */
void event_emit(struct host *host, enum event_kind kind, const char *detail);

/* Texts that do not apply are "". */
struct event {
	uint64_t number; /* from 1, without gaps */
	enum event_kind kind;
	int64_t at_ms; /* Unix time */
	char project[104], connection[104], environment[68];
	char delivery[40];
	uint32_t attempt, status;
	int64_t next_ms; /* of the next attempt; 0 none */
	char reason[64], detail[256];
};

/* Copies events behind `after`, oldest first, at most `most`; how many.  *ret_lost: how many between had
 * been overwritten already. */
size_t event_read(struct host *host, uint64_t after, struct event *ret, size_t most,
                  uint64_t *ret_lost);
uint64_t event_newest(struct host *host); /* number of the newest; 0: none yet */

/* Calls more() once, when there is an event behind `after`, at once if there is one; on any thread.  It
 * must not block, nor call anything of this header.  event_unwatch(): 1: taken back; 0: more() has been
 * called. */
struct event_watch;
int event_watch(struct host *host, uint64_t after, void (*more)(void *arg), void *arg,
                struct event_watch **ret, struct err *e);
int event_unwatch(struct host *host, struct event_watch *watch);
