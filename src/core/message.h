/*
 * A message: one body with its attributes and id, kept once, shared by reference.
 *
 * Constant after its making.  References may be taken and dropped on any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct message;
struct err;

/*
 * An id is "msg_" and 26 characters of [0-9a-v] for 128 bits: a number that grows with time, then a
 * random one.  So ids sort by their age, and the store finds a delivery by its number without an index.
 * It holds no ".", as Standard Webhooks asks.
 */
enum { MESSAGE_ID_BYTES = 32 };

void message_id_write(uint64_t seq, uint64_t salt, char *text); /* MESSAGE_ID_BYTES of it */
/* 0, or ERR_INVALID when the text is no such id. */
int message_id_parse(const char *text, uint64_t *ret_seq, uint64_t *ret_salt);
/* The numbers that ids with this beginning ("msg_0ab") lie between.  ERR_INVALID: no id begins so, or it
 * is shorter than "msg_". */
int message_id_range(const char *beginning, uint64_t *ret_least, uint64_t *ret_most);
/* The next number: greater than all before, about unix_ms << 20. */
uint64_t message_seq_next(int64_t unix_ms);
/* No number up to this one is given any more: what a store has seen before. */
void message_seq_after(uint64_t seq);

/* What a message is made from; all of it is copied. */
struct message_parts {
	const char *id;           /* NULL: a new one is made, at unix_ms */
	int64_t unix_ms;          /* for a new id; 0: now */
	const void *body;         /* NULL: no body; not NULL with 0 bytes: an empty one */
	size_t body_bytes;        /* at most LK_BODY_MAX */
	const char *content_type; /* NULL: not given */
	const char *const *attrs; /* k0 v0 k1 v1 … as in struct lk_request */
	uint32_t attr_count;      /* pairs */
	bool traced;              /* a new "traceparent" is added when attrs has none */
};

/* 0, ERR_USAGE when the body is too large, or ERR_NO_MEMORY. */
int message_create(const struct message_parts *parts, struct message **ret, struct err *e);
struct message *message_ref(struct message *m);
void message_unref(struct message *m); /* takes NULL */

const struct message_parts *message_get(const struct message *m);
/* What its id stands for.  0, or ERR_INVALID when it was given one that is no such id. */
int message_number(const struct message *m, uint64_t *ret_seq, uint64_t *ret_salt);
