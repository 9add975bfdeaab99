/*
 * A growing byte buffer with a cap.
 *
 * Failure is sticky: after an allocation failed or the cap was passed, further additions do
 * nothing, and buf_failed() says so, so that a caller checks once at the end.  The data always ends
 * with a NUL byte that is not counted.  One thread at a time.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

enum { BUF_OK, BUF_NO_MEMORY, BUF_TOO_LONG };

/* Caps for the usual purposes, in bytes. */
#define BUF_MAX_LINE (64u * 1024u)
#define BUF_MAX_TEXT (16u * 1024u * 1024u)

struct buf {
	char *data; /* NULL until something was added */
	size_t len_bytes, cap_bytes, max_bytes;
	int failed; /* BUF_… */
};

void buf_init(struct buf *b, size_t max_bytes);
void buf_finish(struct buf *b);
void buf_wipe(struct buf *b);  /* overwrites the whole allocation, then as buf_clear() */
void buf_clear(struct buf *b); /* empties it and forgets a failure; keeps the allocation */

void buf_add(struct buf *b, const void *data, size_t bytes);
void buf_add_char(struct buf *b, char c);
void buf_add_str(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
void buf_cut(struct buf *b, size_t len_bytes); /* shortens to len_bytes */

int buf_failed(const struct buf *b);      /* BUF_… */
const char *buf_str(const struct buf *b); /* never NULL; borrowed until the next change */
char *buf_take(struct buf *b);            /* gives the text away (mem_free); NULL after a failure */
