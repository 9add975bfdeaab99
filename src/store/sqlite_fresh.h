/*
 * The fresh ones: deliveries that are leased to this host since their acceptance, or wait for their
 * first claim in its memory (sqlite_backlog.h).
 *
 * No index of the file knows them, so that most deliveries cost none.  What finds them after a crash
 * is a watermark: the number below which there is none, saved now and then.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fresh_row {
	uint64_t seq;
	int64_t link : 63; /* 0: it is gone */
	uint64_t waits : 1;
};

/* Written by the writer, read by anyone; each call but the locks wants the lock held. */
struct fresh {
	pthread_mutex_t lock;
	struct fresh_row *rows; /* in the order of seq, from `start` to `count` */
	size_t start, count, cap, gone;
	uint64_t lost; /* the least for which there was no memory; it holds the watermark for good */
};

void fresh_init(struct fresh *f);
void fresh_finish(struct fresh *f);
void fresh_lock(struct fresh *f);
void fresh_unlock(struct fresh *f);

void fresh_add(struct fresh *f, uint64_t seq, int64_t link, bool waits);
void fresh_lease(struct fresh *f, uint64_t seq); /* it waits no longer; no harm when it is not there */
void fresh_remove(struct fresh *f, uint64_t seq); /* no harm when it is not there */
uint64_t fresh_least(const struct fresh *f);      /* UINT64_MAX: there is none */
void fresh_each(const struct fresh *f, void (*each)(void *arg, const struct fresh_row *row),
                void *arg);
