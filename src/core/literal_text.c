/* Stretches of a text with references. */
#include "core/literal_text.h"

#include <string.h>
#include <strings.h>

#include "base/banned.h"
#include "base/buf.h"

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_word(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* Behind the reference that begins here; `at` itself when none does.  As conf/vars.c reads them. */
static const char *reference_end(const char *at)
{
	const char *end = at[0] == '$' && at[1] == '{' ? strchr(at, '}') : NULL;

	return end ? end + 1 : at;
}

static const char *plain_end(const char *at)
{
	while (*at && reference_end(at) == at)
		at += at[0] == '$' && at[1] == '$' ? 2 : 1;
	return at;
}

/* The bytes of a scheme of authentication (RFC 9110, 11.6.2) and the space behind it. */
static size_t scheme_bytes(const char *at, const char *end)
{
	static const char *const schemes[] = {"ApiKey", "Basic",     "Bearer", "Digest", "GenieKey",
	                                      "Key",    "Negotiate", "Splunk", "SSWS",   "Token"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t bytes = strlen(schemes[i]);
		if ((size_t)(end - at) <= bytes || at[bytes] != ' ' ||
		    strncasecmp(at, schemes[i], bytes) != 0)
			continue;
		while (at + bytes < end && at[bytes] == ' ')
			bytes++;
		return bytes;
	}
	return 0;
}

/* Whether there is nothing in it that a reference beside it would not come with: punctuation, and one word
 * that introduces the reference behind it: `key=` anywhere, any other at the start of the text. */
static bool is_surrounding(const char *at, const char *end, bool is_start)
{
	enum { WORD_MOST = 32 };
	bool introduces = *end == '$';

	while (at < end && !is_word(*at) && (unsigned char)*at < 0x80)
		at++;
	if (at == end)
		return true;
	const char *word = at;
	while (at < end && is_word(*at))
		at++;
	if (!introduces || !is_letter(*word) || at - word > WORD_MOST || at == end)
		return false;
	if (*at == '=')
		return at + 1 == end;
	while (at < end && *at == ' ')
		at++;
	return is_start && at == end;
}

void literal_text_begin(struct literal_text *t, const char *text, bool is_header)
{
	const char *end = plain_end(text);

	*t = (struct literal_text){.at = text, .start = text, .next = text, .alone = !*end};
	if (is_header)
		t->bytes = scheme_bytes(text, end);
}

bool literal_text_next(struct literal_text *t)
{
	/* The scheme is a stretch of its own, once. */
	if (t->bytes > 0 && t->next == t->at) {
		t->next = t->at + t->bytes;
		return true;
	}
	t->at = t->next;
	t->is_literal = false;
	if (!*t->at)
		return false;
	t->next = reference_end(t->at);
	if (t->next == t->at) {
		t->next = plain_end(t->at);
		t->is_literal = t->alone || !is_surrounding(t->at, t->next, t->at == t->start);
	}
	t->bytes = (size_t)(t->next - t->at);
	return true;
}

bool literal_text_has(const char *text, bool is_header)
{
	struct literal_text t;

	literal_text_begin(&t, text, is_header);
	while (literal_text_next(&t))
		if (t.is_literal)
			return true;
	return false;
}

void literal_text_plain(const char *at, size_t bytes, struct buf *ret)
{
	for (const char *end = at + bytes; at < end; at++) {
		buf_add_char(ret, *at);
		if (at[0] == '$' && at + 1 < end && at[1] == '$')
			at++;
	}
}
