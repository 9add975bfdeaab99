/*
 * When the certificates of a link end: those of the files that its settings name, and the peer's, as its
 * connector saw it last.  Somebody is told 30, 14, 7 and 1 days before, and when one has ended; each once.
 *
 * The files are read on the errand pool at each deployment and once a day.  All [lane].
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/lane.h"

struct outcome;
struct queue;

/* Of several of one kind the one that ends first counts; of the authorities in a file the last one. */
enum expiry_source {
	EXPIRY_CLIENT,
	EXPIRY_CA,
	EXPIRY_PEER,
	EXPIRY_KEY_STORE,
	EXPIRY_SOURCES,
};

const char *expiry_source_name(enum expiry_source source); /* "client" "ca" "peer" "key_store" */

enum { EXPIRY_SUBJECT_BYTES = 128 };

struct expiry_entry {
	int64_t ends_ms;                    /* Unix time; 0: there is none */
	char subject[EXPIRY_SUBJECT_BYTES]; /* "": not known */
	int64_t told_of_ms;                 /* the end that somebody was told of */
	unsigned told;                      /* how many of the thresholds */
};

enum { EXPIRY_TEXT_BYTES = 256 };

/* Whether a threshold has passed that nobody was told of; it counts as told then.  Any thread. */
bool expiry_is_due(struct expiry_entry *entry, int64_t now_ms);
/* "the receiver's certificate (CN=x) ends on 2026-12-04, 9 days from now"; true: it has ended. */
bool expiry_write(const struct expiry_entry *entry, const char *title, int64_t now_ms,
                  char ret[EXPIRY_TEXT_BYTES]);

/* Of one queue.  Starts as zeros. */
struct expiry {
	struct expiry_entry of[EXPIRY_SOURCES];
	uint64_t version; /* of the deployment whose files are read */
	struct timer timer;
};

/* Its link was deployed: looks, and goes on looking. */
void expiry_begin(struct queue *q);
/* There is no link any more. */
void expiry_end(struct queue *q);
/* What an attempt says of the peer's certificate ("tls.expires"). */
void expiry_see(struct queue *q, const struct outcome *outcome);
