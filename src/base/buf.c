/* A growing byte buffer with a cap and a sticky failure. */
#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"
#include "base/mem.h"

enum { FIRST_BYTES = 128 };

void buf_init(struct buf *b, size_t max_bytes)
{
	*b = (struct buf){.max_bytes = max_bytes};
}

void buf_finish(struct buf *b)
{
	mem_free(b->data);
	buf_init(b, b->max_bytes);
}

void buf_clear(struct buf *b)
{
	b->len_bytes = 0;
	b->failed = BUF_OK;
	if (b->data)
		b->data[0] = '\0';
}

void buf_wipe(struct buf *b)
{
	mem_wipe(b->data, b->cap_bytes);
	buf_clear(b);
}

/* Makes room for `more` bytes and the NUL. */
static int reserve(struct buf *b, size_t more)
{
	if (b->failed)
		return -1;
	if (more > b->max_bytes || b->len_bytes > b->max_bytes - more) {
		b->failed = BUF_TOO_LONG;
		return -1;
	}
	size_t need = b->len_bytes + more + 1;
	if (need <= b->cap_bytes)
		return 0;

	size_t cap = b->cap_bytes ? b->cap_bytes : FIRST_BYTES;
	while (cap < need)
		cap *= 2;
	/* Not resized in place: what may be secret must not stay behind in freed memory. */
	char *data = mem_alloc(cap);
	if (!data) {
		b->failed = BUF_NO_MEMORY;
		return -1;
	}
	if (b->data) {
		memcpy(data, b->data, b->len_bytes + 1);
		mem_wipe(b->data, b->cap_bytes);
		mem_free(b->data);
	}
	b->data = data;
	b->cap_bytes = cap;
	return 0;
}

void buf_add(struct buf *b, const void *data, size_t bytes)
{
	if (reserve(b, bytes) < 0)
		return;
	if (bytes)
		memcpy(b->data + b->len_bytes, data, bytes);
	b->len_bytes += bytes;
	b->data[b->len_bytes] = '\0';
}

void buf_add_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_add_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_vprintf(struct buf *b, const char *format, va_list args)
{
	va_list again;

	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0 || reserve(b, (size_t)length) < 0)
		return;
	vsnprintf(b->data + b->len_bytes, (size_t)length + 1, format, args);
	b->len_bytes += (size_t)length;
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(b, format, args);
	va_end(args);
}

void buf_cut(struct buf *b, size_t len_bytes)
{
	if (len_bytes >= b->len_bytes)
		return;
	b->len_bytes = len_bytes;
	b->data[len_bytes] = '\0';
}

int buf_failed(const struct buf *b)
{
	return b->failed;
}

const char *buf_str(const struct buf *b)
{
	return b->data ? b->data : "";
}

char *buf_take(struct buf *b)
{
	if (!b->data && !b->failed)
		buf_add(b, "", 0);
	char *data = b->failed ? NULL : b->data;

	if (data) {
		size_t max = b->max_bytes;
		buf_init(b, max);
	} else {
		buf_finish(b);
	}
	return data;
}
