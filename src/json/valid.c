/* The scanner: one iterative pass over a JSON text, its nesting kept as a stack of bits. */
#include "json/scan.h"

#include <stdint.h>
#include <string.h>

#include "base/banned.h"
#include "json/json.h"
#include "json/utf8.h"

enum { BITS = 64 };

struct scan {
	const unsigned char *at, *end;
	const char *wrong;
	unsigned depth, depth_max;
	uint64_t is_object[SCAN_DEPTH_MAX / BITS]; /* one bit for each open array or object */
};

enum step { STEP_VALUE, STEP_KEY, STEP_AFTER, STEP_END, STEP_FAULT };

static enum step fail(struct scan *s, const char *wrong)
{
	s->wrong = wrong;
	return STEP_FAULT;
}

static void skip_space(struct scan *s)
{
	while (s->at < s->end &&
	       (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t'))
		s->at++;
}

static int peek(const struct scan *s)
{
	return s->at < s->end ? *s->at : -1;
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(int c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* One \-sequence; s->at stands on the backslash, and afterwards behind the sequence. */
static bool scan_escape(struct scan *s)
{
	s->at++;
	int c = peek(s);
	if (c <= 0 || !strchr("\"\\/bfnrtu", c)) {
		fail(s, "unknown escape sequence");
		return false;
	}
	s->at++;
	for (int i = 0; c == 'u' && i < 4; i++, s->at++) {
		if (!is_hex(peek(s))) {
			fail(s, "\\u needs four hexadecimal digits");
			return false;
		}
	}
	return true;
}

/* The first byte from p on that ends a string or needs a closer look. */
static const unsigned char *skip_plain(const unsigned char *p, const unsigned char *end)
{
	while (p < end && *p >= 0x20 && *p < 0x80 && *p != '"' && *p != '\\')
		p++;
	return p;
}

/* s->at stands on the opening quote. */
static bool scan_string(struct scan *s)
{
	s->at++;
	while ((s->at = skip_plain(s->at, s->end)) < s->end) {
		if (*s->at == '"') {
			s->at++;
			return true;
		}
		if (*s->at == '\\') {
			if (!scan_escape(s))
				return false;
			continue;
		}
		if (*s->at < 0x20) {
			fail(s, "control character in a string");
			return false;
		}
		size_t step = utf8_step(s->at, (size_t)(s->end - s->at));
		if (step == 0) {
			fail(s, "not valid UTF-8");
			return false;
		}
		s->at += step;
	}
	fail(s, "the string has no end");
	return false;
}

static bool scan_digits(struct scan *s)
{
	if (!is_digit(peek(s))) {
		fail(s, "a digit is expected");
		return false;
	}
	while (is_digit(peek(s)))
		s->at++;
	return true;
}

static bool scan_number(struct scan *s)
{
	if (peek(s) == '-')
		s->at++;
	if (peek(s) == '0') {
		s->at++;
		if (is_digit(peek(s))) {
			fail(s, "a number may not begin with 0");
			return false;
		}
	} else if (!scan_digits(s)) {
		return false;
	}
	if (peek(s) == '.') {
		s->at++;
		if (!scan_digits(s))
			return false;
	}
	if (peek(s) == 'e' || peek(s) == 'E') {
		s->at++;
		if (peek(s) == '+' || peek(s) == '-')
			s->at++;
		return scan_digits(s);
	}
	return true;
}

static bool scan_word(struct scan *s)
{
	static const char *const words[] = {"true", "false", "null"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t length = strlen(words[i]);
		if ((size_t)(s->end - s->at) >= length && !memcmp(s->at, words[i], length)) {
			s->at += length;
			return true;
		}
	}
	fail(s, "a value is expected");
	return false;
}

static bool in_object(const struct scan *s)
{
	unsigned top = s->depth - 1;

	return s->is_object[top / BITS] >> (top % BITS) & 1;
}

static enum step scan_open(struct scan *s, bool is_object)
{
	if (s->depth == s->depth_max)
		return fail(s, "nested too deeply");
	uint64_t bit = UINT64_C(1) << (s->depth % BITS);
	uint64_t *word = &s->is_object[s->depth / BITS];

	if (s->depth % BITS == 0)
		*word = 0;
	*word = is_object ? *word | bit : *word & ~bit;
	s->depth++;
	s->at++;
	skip_space(s);
	if (peek(s) == (is_object ? '}' : ']')) {
		s->at++;
		s->depth--;
		return STEP_AFTER;
	}
	return is_object ? STEP_KEY : STEP_VALUE;
}

static enum step scan_value(struct scan *s)
{
	skip_space(s);
	int c = peek(s);

	if (c == '{' || c == '[')
		return scan_open(s, c == '{');
	if (c == '"')
		return scan_string(s) ? STEP_AFTER : STEP_FAULT;
	if (c == '-' || is_digit(c))
		return scan_number(s) ? STEP_AFTER : STEP_FAULT;
	return scan_word(s) ? STEP_AFTER : STEP_FAULT;
}

static enum step scan_key(struct scan *s)
{
	skip_space(s);
	if (peek(s) != '"')
		return fail(s, "a key in double quotes is expected");
	if (!scan_string(s))
		return STEP_FAULT;
	skip_space(s);
	if (peek(s) != ':')
		return fail(s, "\":\" is expected");
	s->at++;
	return STEP_VALUE;
}

static enum step scan_after(struct scan *s)
{
	skip_space(s);
	int c = peek(s);

	if (s->depth == 0)
		return c < 0 ? STEP_END : fail(s, "something follows the value");
	bool is_object = in_object(s);
	if (c == ',') {
		s->at++;
		return is_object ? STEP_KEY : STEP_VALUE;
	}
	if (c == (is_object ? '}' : ']')) {
		s->at++;
		s->depth--;
		return STEP_AFTER;
	}
	return fail(s, is_object ? "\",\" or \"}\" is expected" : "\",\" or \"]\" is expected");
}

bool json_scan(const void *text, size_t bytes, unsigned depth_max, struct scan_fault *fault)
{
	static enum step (*const steps[])(struct scan *) = {
		[STEP_VALUE] = scan_value,
		[STEP_KEY] = scan_key,
		[STEP_AFTER] = scan_after,
	};
	/* The stack's bits are written before they are read. */
	struct scan s;
	enum step step = STEP_VALUE;

	s.at = bytes ? text : (const void *)"";
	s.end = s.at + bytes;
	s.wrong = NULL;
	s.depth = 0;
	s.depth_max = depth_max;
	const unsigned char *start = s.at;
	while (step < STEP_END)
		step = steps[step](&s);
	if (step == STEP_END)
		return true;
	fault->offset_bytes = (size_t)(s.at - start);
	fault->text = s.wrong;
	return false;
}

bool json_valid(const void *text, size_t bytes)
{
	struct scan_fault fault;

	return json_scan(text, bytes, SCAN_DEPTH_MAX, &fault);
}
