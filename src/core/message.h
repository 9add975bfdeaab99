/*
 * A message: one body with its attributes and id, kept once, shared by reference.
 *
 * Constant after its making.  References may be taken and dropped on any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct message;
struct err;

/* What a message is made from; all of it is copied. */
struct message_parts {
	const char *id;           /* NULL: a new one is made */
	const void *body;         /* NULL: no body; not NULL with 0 bytes: an empty one */
	size_t body_bytes;        /* at most LK_BODY_MAX */
	const char *content_type; /* NULL: not given */
	const char *const *attrs; /* k0 v0 k1 v1 … as in struct lk_request */
	uint32_t attr_count;      /* pairs */
};

/* 0, ERR_USAGE when the body is too large, or ERR_NO_MEMORY. */
int message_create(const struct message_parts *parts, struct message **ret, struct err *e);
struct message *message_ref(struct message *m);
void message_unref(struct message *m); /* takes NULL */

const struct message_parts *message_get(const struct message *m);
