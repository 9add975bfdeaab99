/*
 * The secrets of a link: resolved on the errand pool before they are needed, kept in guarded
 * memory, refreshed behind the scenes.  [lane]
 *
 * They are good for 5 minutes ± 20 %, served up to an hour longer while their provider fails, and
 * fetched anew when the peer refuses them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lk_link;
struct secret_item;
struct secret_fetch;

struct link_secrets {
	struct lk_link *link;
	struct secret_item *items; /* NULL until the first fetch */
	size_t count;
	uint64_t version;           /* of the newest item; 0: none yet */
	int64_t fetched_ms;         /* the last success */
	int64_t refresh_ms;         /* when to fetch again */
	int64_t renew_ms;           /* the earliest moment of the next renewal */
	bool renewing;              /* the present ones were refused */
	struct secret_fetch *fetch; /* under way */
};

void link_secrets_init(struct link_secrets *s, struct lk_link *link);
void link_secrets_finish(struct link_secrets *s); /* wipes; no fetch under way */
/* True when the plugin may be given work.  False: a fetch is under way; when it ends, it blocks the queue
 * if it failed, and pumps it in any case. */
bool link_secrets_ready(struct link_secrets *s);
bool link_secrets_busy(const struct link_secrets *s);
/* The peer refused the secrets of that version: true when fresh ones are there or being fetched. */
bool link_secrets_renew(struct link_secrets *s, uint64_t version);
/* As lk_host.secret(). */
int link_secrets_copy(const struct link_secrets *s, uint32_t secret, char *buf, size_t cap,
                      uint64_t *ret_version);
