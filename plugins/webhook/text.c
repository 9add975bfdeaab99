/* Allocation with a failure switch for tests, a growing text with a sticky failure, UTF-8. */
#include "text.h"

#include <linkspan/connector.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BYTES = 128 };

/* Atomic: every lane has an instance of the plugin, and all of them allocate. */
static atomic_uint fail_countdown;

void wh_fail_at(unsigned n)
{
	atomic_store(&fail_countdown, n);
}

int wh_fail_pending(void)
{
	return atomic_load(&fail_countdown) > 0;
}

static int must_fail(void)
{
	unsigned n = atomic_load_explicit(&fail_countdown, memory_order_relaxed);

	while (n > 0) {
		if (atomic_compare_exchange_weak(&fail_countdown, &n, n - 1))
			return n == 1;
	}
	return 0;
}

void *wh_array(size_t count, size_t item_bytes)
{
	if (must_fail())
		return NULL;
	return calloc(count ? count : 1, item_bytes ? item_bytes : 1);
}

void wh_free(void *p)
{
	free(p);
}

void wh_wipe(void *p, size_t bytes)
{
	if (p)
		explicit_bzero(p, bytes);
}

void text_init(struct text *t, size_t max_bytes)
{
	*t = (struct text){.max_bytes = max_bytes};
}

void text_finish(struct text *t)
{
	wh_free(t->data);
	text_init(t, t->max_bytes);
}

void text_clear(struct text *t)
{
	t->len_bytes = 0;
	t->failed = 0;
	if (t->data)
		t->data[0] = '\0';
}

void text_wipe(struct text *t)
{
	wh_wipe(t->data, t->cap_bytes);
	text_clear(t);
}

/* Makes room for `more` bytes and the NUL. */
static int reserve(struct text *t, size_t more)
{
	if (t->failed)
		return t->failed;
	if (more > t->max_bytes || t->len_bytes > t->max_bytes - more)
		return t->failed = LK_ETOOBIG;
	size_t need = t->len_bytes + more + 1;
	if (need <= t->cap_bytes)
		return 0;

	size_t cap = t->cap_bytes ? t->cap_bytes : FIRST_BYTES;
	while (cap < need)
		cap *= 2;
	/* Not resized in place: what may be secret must not stay behind in freed memory. */
	char *data = wh_array(cap, 1);
	if (!data)
		return t->failed = LK_ENOMEM;
	if (t->data) {
		memcpy(data, t->data, t->len_bytes + 1);
		wh_wipe(t->data, t->cap_bytes);
		wh_free(t->data);
	}
	t->data = data;
	t->cap_bytes = cap;
	return 0;
}

void text_add(struct text *t, const void *data, size_t bytes)
{
	if (reserve(t, bytes) < 0)
		return;
	if (bytes)
		memcpy(t->data + t->len_bytes, data, bytes);
	t->len_bytes += bytes;
	t->data[t->len_bytes] = '\0';
}

void text_add_char(struct text *t, char c)
{
	text_add(t, &c, 1);
}

void text_add_str(struct text *t, const char *s)
{
	text_add(t, s, strlen(s));
}

void text_printf(struct text *t, const char *format, ...)
{
	va_list args, again;

	va_start(args, format);
	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length >= 0 && reserve(t, (size_t)length) == 0) {
		vsnprintf(t->data + t->len_bytes, (size_t)length + 1, format, args);
		t->len_bytes += (size_t)length;
	}
	va_end(args);
}

int text_failed(const struct text *t)
{
	return t->failed;
}

const char *text_str(const struct text *t)
{
	return t->data ? t->data : "";
}

size_t text_utf8_step(const char *text, size_t bytes)
{
	const unsigned char *s = (const unsigned char *)text;

	if (bytes == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || length > bytes)
		return 0;

	/* The second byte excludes overlong forms, surrogates and what lies beyond U+10FFFF. */
	unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
	unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return length;
}
