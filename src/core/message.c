/* A message: everything that belongs to it in one allocation, with a reference count. */
#include "core/message.h"

#include <linkspan/connector.h>
#include <stdatomic.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "crypto/random.h"

struct message {
	atomic_uint refs;
	struct message_parts parts;
	char id[RANDOM_ID_BYTES];
	const char *attrs[]; /* then the bytes */
};

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

int message_create(const struct message_parts *parts, struct message **ret, struct err *e)
{
	if (parts->body_bytes > LK_BODY_MAX)
		return err_set(e, ERR_USAGE, "the body has %zu bytes; at most %u are allowed",
		               parts->body_bytes, LK_BODY_MAX);

	size_t pointers = 2 * (size_t)parts->attr_count;
	size_t bytes =
		text_bytes(parts->id) + parts->body_bytes + 1 + text_bytes(parts->content_type);
	for (size_t i = 0; i < pointers; i++)
		bytes += text_bytes(parts->attrs[i]);

	struct message *m = mem_alloc(sizeof(*m) + pointers * sizeof(m->attrs[0]) + bytes);
	if (!m)
		return err_no_memory(e);

	char *at = (char *)&m->attrs[pointers];
	atomic_init(&m->refs, 1);
	m->parts = *parts;
	if (parts->id) {
		m->parts.id = put(&at, parts->id, text_bytes(parts->id));
	} else {
		random_id(m->id);
		m->parts.id = m->id;
	}
	if (parts->content_type)
		m->parts.content_type =
			put(&at, parts->content_type, text_bytes(parts->content_type));
	for (size_t i = 0; i < pointers; i++)
		m->attrs[i] = put(&at, parts->attrs[i], text_bytes(parts->attrs[i]));
	m->parts.attrs = m->attrs;
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
