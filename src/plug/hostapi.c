/* Outcomes: checked, brought to this host's shape, and copied into one allocation. */
#include "plug/hostapi.h"

#include <stdarg.h>
#include <stdbool.h>

#include "base/banned.h"
#include "base/mem.h"
#include "plug/load.h"
#include "json/utf8.h"

enum {
	KNOWN_FLAGS = LK_LINK_FAULT | LK_CONGESTED | LK_LINK_GONE | LK_NOT_SENT | LK_CANCELLED |
	              LK_REPLY_CUT | LK_IDEMPOTENT,
};

static const char *const no_attrs[] = {NULL};

/* What is given when there is no memory: by result, so that a delivery is not repeated for it. */
#define SHARED(value)                                                                              \
	[value] = {.result = (value),                                                              \
	           .retry_after_ms = -1,                                                           \
	           .reason = "no_memory",                                                          \
	           .detail = "the host had no memory for the outcome",                             \
	           .attrs = no_attrs}
static struct outcome shared[] = {
	SHARED(LK_DONE),
	SHARED(LK_RETRY),
	SHARED(LK_REJECT),
	SHARED(LK_BLOCKED),
};
enum { RESULTS = sizeof(shared) / sizeof(shared[0]) };

/* The one allocation: the struct, the attribute pointers, then all bytes. */
struct pen {
	char *at;
};

static const char *write_bytes(struct pen *pen, const void *from, size_t bytes)
{
	char *start = pen->at;

	if (bytes)
		memcpy(start, from, bytes);
	start[bytes] = '\0';
	pen->at += bytes + 1;
	return start;
}

static char token_char(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '_';
}

static const char *write_token(struct pen *pen, const char *token, size_t bytes)
{
	char *start = pen->at;

	for (size_t i = 0; i < bytes; i++)
		start[i] = token_char(token[i]);
	start[bytes] = '\0';
	pen->at += bytes + 1;
	return start;
}

static bool is_control(const unsigned char *s, size_t step)
{
	/* C0 and DEL, and C1, which a terminal may obey as well. */
	return s[0] < 0x20 || s[0] == 0x7f || (step == 2 && s[0] == 0xc2 && s[1] < 0xa0);
}

/* One line that is safe to show: control characters become spaces, broken UTF-8 becomes '?'. */
static const char *write_line(struct pen *pen, const char *line, size_t bytes)
{
	const unsigned char *s = (const unsigned char *)line, *end = s + bytes;
	char *start = pen->at, *to = start;

	while (s < end) {
		size_t step = utf8_step(s, (size_t)(end - s));
		if (step == 0)
			*to++ = '?';
		else if (is_control(s, step))
			*to++ = ' ';
		else
			for (size_t i = 0; i < step; i++)
				*to++ = (char)s[i];
		s += step ? step : 1;
	}
	while (to > start && to[-1] == ' ')
		to--;
	*to++ = '\0';
	pen->at = to;
	return start;
}

static size_t at_most(size_t bytes, size_t most)
{
	return bytes < most ? bytes : most;
}

/* The length of a line that may be cut, but not inside a character. */
static size_t line_bytes(const char *line)
{
	size_t bytes = strlen(line);

	if (bytes <= OUTCOME_DETAIL_MAX)
		return bytes;
	bytes = OUTCOME_DETAIL_MAX;
	for (int i = 0; i < 3 && ((unsigned char)line[bytes] & 0xc0) == 0x80; i++)
		bytes--;
	return bytes;
}

static const char *text_or_empty(const char *s)
{
	return s ? s : "";
}

/* The same shape for every plugin, old or new, and nothing out of range. */
static struct lk_outcome normalise(const struct lk_outcome *from)
{
	struct lk_outcome o = {
		.size = sizeof(o),
		.result = LK_RETRY,
		.retry_after_ms = -1,
		.reason = "plugin_error",
		.detail = "the plugin ended the operation without a usable outcome",
	};

	if (!from || from->size < OUTCOME_BYTES_1_0 || from->result >= RESULTS)
		return o;
	plugin_copy_sized(&o, sizeof(o), from);
	o.flags &= KNOWN_FLAGS;
	if (o.retry_after_ms < 0)
		o.retry_after_ms = -1;
	if (!o.reason || !*o.reason)
		o.reason = "unspecified";
	if (!o.reply)
		o.reply_bytes = 0;
	if (o.reply_bytes > LK_BODY_MAX) {
		o.reply_bytes = LK_BODY_MAX;
		o.flags |= LK_REPLY_CUT;
	}
	if (o.reply_total_bytes < o.reply_bytes)
		o.reply_total_bytes = o.reply_bytes;
	if (!o.reply_attrs)
		o.reply_attr_count = 0;
	if (o.reply_attr_count > OUTCOME_ATTRS_MAX)
		o.reply_attr_count = OUTCOME_ATTRS_MAX;
	return o;
}

static size_t attrs_bytes(const struct lk_outcome *o)
{
	size_t bytes = 0;

	for (size_t i = 0; i < 2 * (size_t)o->reply_attr_count; i++)
		bytes += strlen(text_or_empty(o->reply_attrs[i])) + 1;
	return bytes;
}

static void write_attrs(struct outcome *to, const char **places, struct pen *pen,
                        const struct lk_outcome *o)
{
	size_t count = 2 * (size_t)o->reply_attr_count;

	for (size_t i = 0; i < count; i++) {
		const char *text = text_or_empty(o->reply_attrs[i]);
		places[i] = write_bytes(pen, text, strlen(text));
	}
	places[count] = NULL;
	to->attrs = places;
	to->attr_count = o->reply_attr_count;
}

struct outcome *outcome_copy(const struct lk_outcome *from)
{
	struct lk_outcome o = normalise(from);
	size_t places = 2 * (size_t)o.reply_attr_count + 1;
	size_t reason_bytes = at_most(strlen(o.reason), OUTCOME_REASON_MAX);
	size_t detail_bytes = o.detail ? line_bytes(o.detail) : 0;
	struct outcome *to = mem_alloc(sizeof(*to) + places * sizeof(char *) + attrs_bytes(&o) +
	                               reason_bytes + 1 + detail_bytes + 1 + o.reply_bytes + 1);

	if (!to)
		return &shared[o.result];
	const char **attrs = (const char **)(to + 1);
	struct pen pen = {(char *)(attrs + places)};

	*to = (struct outcome){
		.result = (int)o.result,
		.flags = o.flags,
		.status = o.status,
		.retry_after_ms = o.retry_after_ms,
		.reply_bytes = o.reply_bytes,
		.reply_total_bytes = o.reply_total_bytes,
	};
	to->reason = write_token(&pen, o.reason, reason_bytes);
	if (o.detail)
		to->detail = write_line(&pen, o.detail, detail_bytes);
	if (o.reply)
		to->reply = write_bytes(&pen, o.reply, o.reply_bytes);
	write_attrs(to, attrs, &pen, &o);
	return to;
}

struct outcome *outcome_make(int result, unsigned flags, const char *reason, const char *format,
                             ...)
{
	char detail[OUTCOME_DETAIL_MAX + 1];
	va_list args;

	va_start(args, format);
	vsnprintf(detail, sizeof(detail), format, args);
	va_end(args);

	struct lk_outcome o = {
		.size = sizeof(o),
		.result = (uint32_t)result,
		.flags = flags,
		.retry_after_ms = -1,
		.reason = reason,
		.detail = detail,
	};
	return outcome_copy(&o);
}

static bool is_shared(const struct outcome *o)
{
	return (uintptr_t)o - (uintptr_t)shared < sizeof(shared);
}

struct outcome *outcome_private(struct outcome *o)
{
	if (!is_shared(o))
		o->is_private = true;
	return o;
}

const char *outcome_said(const struct outcome *o)
{
	return o->is_private ? NULL : o->detail;
}

void outcome_destroy(struct outcome *o)
{
	if (!is_shared(o))
		mem_free(o);
}

const char *outcome_attr(const struct outcome *o, const char *key)
{
	for (size_t i = 0; i < o->attr_count; i++)
		if (strcmp(o->attrs[2 * i], key) == 0)
			return o->attrs[2 * i + 1];
	return NULL;
}

const char *plugin_error_text(int code)
{
	static const struct error_row {
		int code;
		const char *text;
	} rows[] = {
		{LK_EINVAL, "its settings cannot be used"},
		{LK_ENOMEM, "out of memory or of file descriptors"},
		{LK_EBUSY, "it is busy"},
		{LK_EDENIED, "the network policy forbids it"},
		{LK_ENOENT, "something it needs is missing"},
		{LK_EFAIL, "it failed"},
		{LK_ETOOBIG, "something is too large"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].code == code)
			return rows[i].text;
	return "an unknown error";
}
