/* How requests and answers look. */
#include "linkspan/show.h"

#include <linkspan/connector.h>
#include <stdio.h>

#include "admin/answer.h"
#include "base/banned.h"
#include "base/buf.h"
#include "core/host.h"
#include "plug/hostapi.h"

static void show_headers(const struct outcome *o, const char *prefix, struct buf *b)
{
	const char *name;

	for (uint32_t i = 0; i < o->attr_count; i++)
		if (answer_header(o->attrs[2 * i], &name))
			buf_printf(b, "%s%s: %s\n", prefix, name, o->attrs[2 * i + 1]);
}

static void show_body(const struct outcome *o, struct buf *b)
{
	if (o->reply_bytes == 0)
		return;
	if (!answer_is_text(o->reply, o->reply_bytes)) {
		buf_printf(b, "\n(%zu bytes that are not text)\n", o->reply_bytes);
		return;
	}
	buf_add_char(b, '\n');
	buf_add(b, o->reply, o->reply_bytes);
	if (((const char *)o->reply)[o->reply_bytes - 1] != '\n')
		buf_add_char(b, '\n');
	if (o->flags & LK_REPLY_CUT)
		buf_printf(b, "(cut: the first %zu of %llu bytes)\n", o->reply_bytes,
		           (unsigned long long)o->reply_total_bytes);
}

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

void show_request(const struct outcome *o, struct buf *b)
{
	buf_printf(b, "%s %s\n", or_empty(outcome_attr(o, "method")),
	           or_empty(outcome_attr(o, "url")));
	show_headers(o, "", b);
	show_body(o, b);
	buf_add_char(b, '\n');
}

/* Inside single quotes of a POSIX shell. */
static void add_quoted(struct buf *b, const char *s, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		if (s[i] == '\'')
			buf_add_str(b, "'\\''");
		else
			buf_add_char(b, s[i]);
	}
}

static void quote(struct buf *b, const char *s, size_t bytes)
{
	buf_add_char(b, '\'');
	add_quoted(b, s, bytes);
	buf_add_char(b, '\'');
}

static void quote_header(struct buf *b, const char *name, const char *value)
{
	buf_add_char(b, '\'');
	add_quoted(b, name, strlen(name));
	buf_add_str(b, ": ");
	add_quoted(b, value, strlen(value));
	buf_add_char(b, '\'');
}

static void curl_body(const struct outcome *o, struct buf *b)
{
	if (!o->reply)
		return;
	if (answer_is_text(o->reply, o->reply_bytes)) {
		buf_add_str(b, " \\\n  --data-binary ");
		quote(b, o->reply, o->reply_bytes);
	} else {
		buf_add_str(b, " \\\n  --data-binary @FILE"); /* not printable: the caller's own */
	}
}

void show_curl(const struct outcome *o, struct buf *b)
{
	const char *method = or_empty(outcome_attr(o, "method"));
	const char *url = or_empty(outcome_attr(o, "url"));
	const char *name;

	buf_add_str(b, "curl ");
	buf_printf(b, strcmp(method, "HEAD") == 0 ? "--head " : "-X %s ", method);
	quote(b, url, strlen(url));
	for (uint32_t i = 0; i < o->attr_count; i++) {
		if (!answer_header(o->attrs[2 * i], &name))
			continue;
		buf_add_str(b, " \\\n  -H ");
		quote_header(b, name, o->attrs[2 * i + 1]);
	}
	curl_body(o, b);
	buf_add_char(b, '\n');
}
