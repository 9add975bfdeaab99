/* A message: everything that belongs to it in one allocation, with a reference count. */
#include "core/message.h"

#include <linkspan/connector.h>
#include <stdatomic.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/trace.h"
#include "crypto/random.h"

static const char trace_key[] = "traceparent";

struct message {
	atomic_uint refs;
	struct message_parts parts;
	uint64_t seq, salt; /* of an id of our own */
	char id[MESSAGE_ID_BYTES];
	const char *attrs[]; /* then the bytes */
};

/*
 * Ids
 *
 * "msg_", then the number and the salt as one number of 128 bits, the greatest bits first, 5 to a
 * character in the digits of base32hex, which ASCII has in their order.  The last character holds 3
 * bits and 2 zeros.
 */
static const char prefix[] = "msg_";
static const char digits[] = "0123456789abcdefghijklmnopqrstuv";
enum {
	PREFIX_BYTES = 4,
	DIGITS = 26,
	DIGIT_BITS = 5,
	ID_BITS = 128,
	SALT_BITS = 64,
	SEQ_SHIFT =
		20, /* a million numbers for each millisecond, and 250 years until 63 bits are full */
};
_Static_assert(PREFIX_BYTES + DIGITS < MESSAGE_ID_BYTES, "an id and its NUL have room");

void message_id_write(uint64_t seq, uint64_t salt, char *text)
{
	unsigned __int128 bits = (unsigned __int128)seq << SALT_BITS | salt;

	memcpy(text, prefix, PREFIX_BYTES);
	text += PREFIX_BYTES;
	for (int i = 0; i < DIGITS; i++, bits <<= DIGIT_BITS)
		*text++ = digits[(unsigned)(bits >> (ID_BITS - DIGIT_BITS))];
	*text = '\0';
}

/* Reads an id, or the beginning of one; bits that are not there are 0.  How many digits, or
 * ERR_INVALID. */
static int read_id(const char *text, unsigned __int128 *ret_bits)
{
	unsigned __int128 bits = 0;
	int count = 0;

	if (strncmp(text, prefix, PREFIX_BYTES) != 0)
		return ERR_INVALID;
	for (const char *s = text + PREFIX_BYTES; *s; s++, count++) {
		const char *digit = strchr(digits, *s);
		int free = ID_BITS - DIGIT_BITS * (count + 1);
		if (!digit || count == DIGITS)
			return ERR_INVALID;
		unsigned value = (unsigned)(digit - digits);
		if (free < 0 && value & ((1u << -free) - 1))
			return ERR_INVALID;
		bits |= free < 0 ? value >> -free : (unsigned __int128)value << free;
	}
	*ret_bits = bits;
	return count;
}

int message_id_parse(const char *text, uint64_t *ret_seq, uint64_t *ret_salt)
{
	unsigned __int128 bits;

	if (read_id(text, &bits) != DIGITS)
		return ERR_INVALID;
	*ret_seq = (uint64_t)(bits >> SALT_BITS);
	*ret_salt = (uint64_t)bits;
	return 0;
}

int message_id_range(const char *beginning, uint64_t *ret_least, uint64_t *ret_most)
{
	unsigned __int128 bits;
	int count = read_id(beginning, &bits);

	if (count < 0)
		return ERR_INVALID;
	int open =
		ID_BITS - SALT_BITS - DIGIT_BITS * count; /* bits of the number that are not said */
	*ret_least = (uint64_t)(bits >> SALT_BITS);
	*ret_most = *ret_least | (open <= 0 ? 0 : UINT64_MAX >> (SALT_BITS - open));
	return 0;
}

static _Atomic uint64_t last_seq;

uint64_t message_seq_next(int64_t unix_ms)
{
	uint64_t least = unix_ms > 0 ? (uint64_t)unix_ms << SEQ_SHIFT : 0;
	uint64_t last = atomic_load(&last_seq);
	uint64_t next;

	do
		next = least > last ? least : last + 1;
	while (!atomic_compare_exchange_weak(&last_seq, &last, next));
	return next;
}

void message_seq_after(uint64_t seq)
{
	uint64_t last = atomic_load(&last_seq);

	while (last < seq && !atomic_compare_exchange_weak(&last_seq, &last, seq))
		;
}

static void make_id(struct message *m, int64_t unix_ms)
{
	random_bytes(&m->salt, sizeof(m->salt));
	m->seq = message_seq_next(unix_ms ? unix_ms : clock_system.unix_ms());
	message_id_write(m->seq, m->salt, m->id);
}

/* Messages */

static size_t text_bytes(const char *s)
{
	return s ? strlen(s) + 1 : 0;
}

/* Copies to *at and moves it on. */
static const char *put(char **at, const void *data, size_t bytes)
{
	char *place = *at;

	if (bytes)
		memcpy(place, data, bytes);
	*at += bytes;
	return place;
}

static bool lacks_trace(const struct message_parts *parts)
{
	for (size_t i = 0; i < parts->attr_count; i++)
		if (strcmp(parts->attrs[2 * i], trace_key) == 0)
			return false;
	return parts->traced;
}

int message_create(const struct message_parts *parts, struct message **ret, struct err *e)
{
	if (parts->body_bytes > LK_BODY_MAX)
		return err_set(e, ERR_USAGE, "the body has %zu bytes; at most %u are allowed",
		               parts->body_bytes, LK_BODY_MAX);

	const bool adds_trace = lacks_trace(parts);
	const size_t pointers = 2 * (size_t)parts->attr_count, room = pointers + 2 * adds_trace;
	size_t bytes = text_bytes(parts->id) + parts->body_bytes + 1 +
	               text_bytes(parts->content_type) + (adds_trace ? TRACE_BYTES : 0);
	for (size_t i = 0; i < pointers; i++)
		bytes += text_bytes(parts->attrs[i]);

	struct message *m = mem_alloc(sizeof(*m) + room * sizeof(m->attrs[0]) + bytes);
	if (!m)
		return err_no_memory(e);

	char *at = (char *)&m->attrs[room];
	atomic_init(&m->refs, 1);
	m->parts = *parts;
	if (parts->id) {
		m->parts.id = put(&at, parts->id, text_bytes(parts->id));
	} else {
		make_id(m, parts->unix_ms);
		m->parts.id = m->id;
	}
	if (parts->content_type)
		m->parts.content_type =
			put(&at, parts->content_type, text_bytes(parts->content_type));
	for (size_t i = 0; i < pointers; i++)
		m->attrs[i] = put(&at, parts->attrs[i], text_bytes(parts->attrs[i]));
	m->parts.attrs = m->attrs;
	if (adds_trace) {
		m->attrs[pointers] = trace_key;
		m->attrs[pointers + 1] = at;
		trace_new(at);
		at += TRACE_BYTES;
		m->parts.attr_count++;
	}
	if (parts->body) {
		m->parts.body = put(&at, parts->body, parts->body_bytes);
		*at = '\0';
	}
	*ret = m;
	return 0;
}

struct message *message_ref(struct message *m)
{
	atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
	return m;
}

void message_unref(struct message *m)
{
	if (m && atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) == 1)
		mem_free(m);
}

const struct message_parts *message_get(const struct message *m)
{
	return &m->parts;
}

int message_number(const struct message *m, uint64_t *ret_seq, uint64_t *ret_salt)
{
	if (m->parts.id != m->id)
		return message_id_parse(m->parts.id, ret_seq, ret_salt);
	*ret_seq = m->seq;
	*ret_salt = m->salt;
	return 0;
}
