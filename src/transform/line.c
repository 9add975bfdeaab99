/* Messages as lines: whoever wrote them, a log and a terminal can show them. */
#include "transform/line.h"

#include <string.h>

#include "base/banned.h"
#include "transform/frame.h"
#include "json/utf8.h"

static const char cut_mark[] = "…";

enum { ROOM = FRAME_MESSAGE_BYTES - 1, CUT_AT = ROOM - (sizeof(cut_mark) - 1) };

/* One character, or a blank, or a question mark; its length. */
static size_t clean_one(char *to, const unsigned char *s, size_t bytes)
{
	if (bytes > 1) {
		memcpy(to, s, bytes);
		return bytes;
	}
	*to = bytes == 0 ? '?' : *s < ' ' || *s == 0x7f ? ' ' : (char)*s;
	return 1;
}

size_t line_clean(char *to, const char *text, size_t bytes)
{
	const unsigned char *s = (const unsigned char *)text, *end = s + bytes;
	size_t at = 0, cut_at = 0;

	while (s < end) {
		size_t one = utf8_step(s, (size_t)(end - s));
		if (at + (one ? one : 1) > ROOM) {
			memcpy(to + cut_at, cut_mark, sizeof(cut_mark));
			return cut_at + sizeof(cut_mark) - 1;
		}
		at += clean_one(to + at, s, one);
		s += one ? one : 1;
		if (at <= CUT_AT)
			cut_at = at;
	}
	to[at] = '\0';
	return at;
}
