/* Trace context: making, checking, descending. */
#include "core/trace.h"

#include <stdio.h>

#include "base/banned.h"
#include "base/mem.h"
#include "crypto/random.h"

/* version-traceid-parentid-flags: "00-" 32 digits "-" 16 digits "-" 2 digits */
enum { TRACE_AT = 3, PARENT_AT = 36, FLAGS_AT = 53, TRACE_LENGTH = 55 };

static void put_random(char *at, size_t digits)
{
	static const char hex[] = "0123456789abcdef";
	uint8_t bytes[16];

	random_bytes(bytes, sizeof(bytes));
	bytes[0] |= 1; /* all zeros would be invalid */
	for (size_t i = 0; i < digits; i++)
		at[i] = hex[i % 2 ? bytes[i / 2] & 15 : bytes[i / 2] >> 4];
}

void trace_new(char *text)
{
	memcpy(text, "00-00000000000000000000000000000000-0000000000000000-00", TRACE_BYTES);
	put_random(text + TRACE_AT, PARENT_AT - TRACE_AT - 1);
	put_random(text + PARENT_AT, FLAGS_AT - PARENT_AT - 1);
}

static int is_zero(const char *text, size_t bytes)
{
	return strspn(text, "0") >= bytes;
}

static int is_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

int trace_valid(const char *text)
{
	if (strlen(text) != TRACE_LENGTH || strncmp(text, "00-", 3) != 0)
		return 0;
	for (size_t i = TRACE_AT; i < TRACE_LENGTH; i++) {
		if (i == PARENT_AT - 1 || i == FLAGS_AT - 1) {
			if (text[i] != '-')
				return 0;
		} else if (!is_digit(text[i])) {
			return 0;
		}
	}
	return !is_zero(text + TRACE_AT, PARENT_AT - TRACE_AT - 1) &&
	       !is_zero(text + PARENT_AT, FLAGS_AT - PARENT_AT - 1);
}

static int reserve(struct trace *t, uint32_t count)
{
	if (count <= t->cap)
		return 1;
	const char **more = mem_resize(t->attrs, 2 * (size_t)count, sizeof(*more));
	if (!more)
		return 0;
	t->attrs = more;
	t->cap = count;
	return 1;
}

/* Where the pair with a usable traceparent is; count: nowhere. */
static uint32_t find(const char *const *attrs, uint32_t count)
{
	uint32_t at = 0;

	while (at < count && strcmp(attrs[2 * (size_t)at], "traceparent") != 0)
		at++;
	return at < count && trace_valid(attrs[2 * (size_t)at + 1]) ? at : count;
}

int trace_id(const char *const *attrs, uint32_t count, char *ret)
{
	uint32_t at = find(attrs, count);

	if (at == count)
		return 0;
	memcpy(ret, attrs[2 * (size_t)at + 1] + TRACE_AT, TRACE_ID_BYTES - 1);
	ret[TRACE_ID_BYTES - 1] = '\0';
	return 1;
}

const char *const *trace_attrs(struct trace *t, const char *const *attrs, uint32_t count)
{
	uint32_t at = find(attrs, count);

	if (at == count || !reserve(t, count))
		return attrs;
	memcpy(t->attrs, attrs, 2 * (size_t)count * sizeof(*attrs));
	memcpy(t->text, attrs[2 * (size_t)at + 1], TRACE_BYTES);
	put_random(t->text + PARENT_AT, FLAGS_AT - PARENT_AT - 1);
	t->attrs[2 * (size_t)at + 1] = t->text;
	return t->attrs;
}

void trace_finish(struct trace *t)
{
	mem_free(t->attrs);
	*t = (struct trace){0};
}
