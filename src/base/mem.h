/*
 * Allocation: every byte of the host comes from here, so that a test can let the N-th one fail.
 *
 * Any thread.  All functions that allocate return NULL when there is no memory, and the caller
 * checks.  An arena gives many small pieces with one lifetime; it is owned by one thread at a time.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

void *mem_alloc(size_t bytes);
void *mem_zalloc(size_t bytes);
void *mem_array(size_t count, size_t item_bytes); /* zeroed; NULL on overflow too */
void *mem_resize(void *p, size_t count, size_t item_bytes);
void *mem_dup(const void *p, size_t bytes); /* one NUL byte is added behind */
char *mem_strdup(const char *s);
void mem_free(void *p);
/* Copies a text with its NUL, or what of it fits into so many bytes. */
void mem_put_text(char *to, size_t to_bytes, const char *text);
void mem_wipe(void *p, size_t bytes); /* overwrites; the compiler does not leave it out */

/* For tests: the n-th allocation from now on fails (1: the next), and the ones after it work again.
 * 0 switches it off.  mem_fail_pending() is true while that has not happened yet. */
void mem_fail_at(unsigned n);
int mem_fail_pending(void);

struct arena_block;
struct arena {
	struct arena_block *blocks;
	size_t used_bytes; /* of the newest block */
};

void arena_init(struct arena *a);
void arena_finish(struct arena *a);
void arena_wipe(struct arena *a);  /* overwrites everything, then as arena_finish() */
void arena_reuse(struct arena *a); /* the same, but keeps a block for what comes next */
void *arena_alloc(struct arena *a, size_t bytes); /* zeroed, aligned for any type */
void *arena_array(struct arena *a, size_t count, size_t item_bytes);
void *arena_dup(struct arena *a, const void *p, size_t bytes); /* one NUL byte is added behind */
char *arena_strdup(struct arena *a, const char *s);            /* NULL gives NULL */
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
