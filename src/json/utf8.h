/* UTF-8 (RFC 3629): one step over one character, and counting characters. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the well-formed character at s (1 to 4), or 0: none begins here within `bytes`. */
static inline size_t utf8_step(const unsigned char *s, size_t bytes)
{
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

/* True when all of the text is well-formed; then *ret_points is the number of code points. */
static inline bool utf8_count(const char *text, size_t bytes, size_t *ret_points)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t points = 0;

	while (bytes > 0) {
		size_t step = utf8_step(s, bytes);
		if (step == 0)
			return false;
		s += step;
		bytes -= step;
		points++;
	}
	*ret_points = points;
	return true;
}
