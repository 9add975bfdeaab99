/* Allocation with a failure switch for tests, and arenas. */
#include "base/mem.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { ARENA_BLOCK_BYTES = 4096, ARENA_ALIGN = 16 };

struct arena_block {
	struct arena_block *next;
	size_t cap_bytes;
	_Alignas(ARENA_ALIGN) char data[];
};

static atomic_uint fail_countdown;

void mem_fail_at(unsigned n)
{
	atomic_store(&fail_countdown, n);
}

int mem_fail_pending(void)
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

void *mem_alloc(size_t bytes)
{
	return must_fail() ? NULL : malloc(bytes ? bytes : 1);
}

void *mem_zalloc(size_t bytes)
{
	/* Not calloc(): glibc's goes past the cache of the thread, and most pieces are small. */
	void *p = mem_alloc(bytes);

	if (p)
		memset(p, 0, bytes);
	return p;
}

static int overflows(size_t count, size_t item_bytes)
{
	return item_bytes && count > SIZE_MAX / item_bytes;
}

void *mem_array(size_t count, size_t item_bytes)
{
	if (must_fail() || overflows(count, item_bytes))
		return NULL;
	return calloc(count ? count : 1, item_bytes ? item_bytes : 1);
}

void *mem_resize(void *p, size_t count, size_t item_bytes)
{
	if (must_fail() || overflows(count, item_bytes))
		return NULL;
	return reallocarray(p, count ? count : 1, item_bytes ? item_bytes : 1);
}

void *mem_dup(const void *p, size_t bytes)
{
	char *copy = mem_alloc(bytes + 1);

	if (!copy)
		return NULL;
	if (bytes)
		memcpy(copy, p, bytes);
	copy[bytes] = '\0';
	return copy;
}

char *mem_strdup(const char *s)
{
	return mem_dup(s, strlen(s));
}

void mem_free(void *p)
{
	free(p);
}

void mem_put_text(char *to, size_t to_bytes, const char *text)
{
	size_t length = strnlen(text, to_bytes - 1);

	memcpy(to, text, length);
	to[length] = '\0';
}

void mem_wipe(void *p, size_t bytes)
{
	if (p)
		explicit_bzero(p, bytes);
}

void arena_init(struct arena *a)
{
	*a = (struct arena){0};
}

void arena_finish(struct arena *a)
{
	struct arena_block *block = a->blocks;

	while (block) {
		struct arena_block *next = block->next;
		mem_free(block);
		block = next;
	}
	arena_init(a);
}

/* What was never given away is zero. */
static void wipe_used(struct arena *a)
{
	size_t used = a->used_bytes;

	for (struct arena_block *block = a->blocks; block; block = block->next) {
		mem_wipe(block->data, used < block->cap_bytes ? used : block->cap_bytes);
		used = SIZE_MAX;
	}
}

void arena_wipe(struct arena *a)
{
	wipe_used(a);
	arena_finish(a);
}

void arena_reuse(struct arena *a)
{
	struct arena_block *block = a->blocks;

	wipe_used(a);
	a->used_bytes = 0;
	if (!block || (!block->next && block->cap_bytes == ARENA_BLOCK_BYTES))
		return;
	arena_finish(a);
}

void *arena_alloc(struct arena *a, size_t bytes)
{
	if (bytes > SIZE_MAX - 2 * ARENA_BLOCK_BYTES)
		return NULL;
	size_t need = (bytes + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;

	if (!a->blocks || a->blocks->cap_bytes - a->used_bytes < need) {
		size_t cap = need > ARENA_BLOCK_BYTES ? need : ARENA_BLOCK_BYTES;
		struct arena_block *block = mem_zalloc(sizeof(*block) + cap);
		if (!block)
			return NULL;
		block->cap_bytes = cap;
		block->next = a->blocks;
		a->blocks = block;
		a->used_bytes = 0;
	}
	void *p = a->blocks->data + a->used_bytes;
	a->used_bytes += need;
	return p;
}

void *arena_array(struct arena *a, size_t count, size_t item_bytes)
{
	if (overflows(count, item_bytes))
		return NULL;
	return arena_alloc(a, count * item_bytes);
}

void *arena_dup(struct arena *a, const void *p, size_t bytes)
{
	char *copy = bytes < SIZE_MAX ? arena_alloc(a, bytes + 1) : NULL;

	if (copy && bytes)
		memcpy(copy, p, bytes);
	return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return s ? arena_dup(a, s, strlen(s)) : NULL;
}

char *arena_vprintf(struct arena *a, const char *format, va_list args)
{
	va_list again;

	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0)
		return NULL;
	char *text = arena_alloc(a, (size_t)length + 1);
	if (text)
		vsnprintf(text, (size_t)length + 1, format, args);
	return text;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	char *text = arena_vprintf(a, format, args);
	va_end(args);
	return text;
}
