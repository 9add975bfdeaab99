/*
 * What the plugin's files share below everything else: allocation that tests can let fail, a
 * growing text with a cap, and UTF-8.
 *
 * Failure of a text is sticky: after an allocation failed or the cap was passed, further additions
 * do nothing, and text_failed() says so, so that a caller checks once at the end.  The data always
 * ends with a NUL byte that is not counted.  One thread at a time.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

void *wh_array(size_t count, size_t item_bytes); /* zeroed; NULL: no memory, or an overflow */
void wh_free(void *p);
void wh_wipe(void *p, size_t bytes); /* overwrites; the compiler does not leave it out */

/* For tests: the n-th allocation from now on fails (1: the next), and the ones after it work again.
 * 0 switches it off.  wh_fail_pending() is true while that has not happened yet. */
void wh_fail_at(unsigned n);
int wh_fail_pending(void);

struct text {
	char *data; /* NULL until something was added */
	size_t len_bytes, cap_bytes, max_bytes;
	int failed; /* 0, LK_ENOMEM or LK_ETOOBIG */
};

void text_init(struct text *t, size_t max_bytes);
void text_finish(struct text *t);
void text_wipe(struct text *t);  /* overwrites the whole allocation, then as text_clear() */
void text_clear(struct text *t); /* empties it and forgets a failure; keeps the allocation */

void text_add(struct text *t, const void *data, size_t bytes);
void text_add_char(struct text *t, char c);
void text_add_str(struct text *t, const char *s);
void text_printf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

int text_failed(const struct text *t);      /* 0, LK_ENOMEM or LK_ETOOBIG */
const char *text_str(const struct text *t); /* never NULL; borrowed until the next change */

/* Bytes of the well-formed UTF-8 character (RFC 3629) at s, 1 to 4; 0: none begins here within
 * `bytes`. */
size_t text_utf8_step(const char *s, size_t bytes);
