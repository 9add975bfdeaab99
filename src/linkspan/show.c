/* How requests and answers look. */
#include "linkspan/show.h"

#include <linkspan/connector.h>
#include <stdio.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/mem.h"
#include "core/host.h"
#include "crypto/base64.h"
#include "plug/hostapi.h"
#include "json/json.h"

static const char header_prefix[] = "header.";

/* The phases in their order; each time counts from the hand-over to the end of the phase. */
static const struct phase_row {
	const char *attr;
	const char *label;
	const char *key;
} phases[] = {
	{"time.resolve_us", "resolve", "resolve_ms"},
	{"time.connect_us", "connect", "connect_ms"},
	{"time.tls_us", "TLS", "tls_ms"},
	{"time.first_byte_us", "first byte", "first_byte_ms"},
	{"time.total_us", "total", "total_ms"},
};

static const char *const results[] = {
	[LK_DONE] = "delivered",
	[LK_RETRY] = "failed",
	[LK_REJECT] = "rejected",
	[LK_BLOCKED] = "blocked",
};

static bool is_header(const char *key, const char **ret_name)
{
	if (strncmp(key, header_prefix, sizeof(header_prefix) - 1) != 0)
		return false;
	*ret_name = key + sizeof(header_prefix) - 1;
	return true;
}

static void show_headers(const struct outcome *o, const char *prefix, struct buf *b)
{
	const char *name;

	for (uint32_t i = 0; i < o->attr_count; i++)
		if (is_header(o->attrs[2 * i], &name))
			buf_printf(b, "%s%s: %s\n", prefix, name, o->attrs[2 * i + 1]);
}

static bool is_text(const char *s, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		unsigned char c = (unsigned char)s[i];
		if ((c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static void show_body(const struct outcome *o, struct buf *b)
{
	if (o->reply_bytes == 0)
		return;
	if (!is_text(o->reply, o->reply_bytes)) {
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
	if (is_text(o->reply, o->reply_bytes)) {
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
		if (!is_header(o->attrs[2 * i], &name))
			continue;
		buf_add_str(b, " \\\n  -H ");
		quote_header(b, name, o->attrs[2 * i + 1]);
	}
	curl_body(o, b);
	buf_add_char(b, '\n');
}

static double ms_of(const char *us)
{
	return us ? (double)strtoll(us, NULL, 10) / 1000.0 : 0;
}

static void show_phases(const struct outcome *o, struct buf *b)
{
	const char *separator = "";

	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
		const char *us = outcome_attr(o, phases[i].attr);
		if (!us)
			continue;
		buf_printf(b, "%s%s %.1f ms", separator, phases[i].label, ms_of(us));
		separator = ", ";
	}
	if (separator[0])
		buf_add_char(b, '\n');
}

void show_answer(const struct send_answer *answer, const char *id, struct buf *b)
{
	const struct outcome *o = answer->outcome;

	buf_add_str(b, results[o->result]);
	if (o->status)
		buf_printf(b, ", status %u", o->status);
	buf_printf(b, ", %u attempt%s, %s\n", answer->attempts, answer->attempts == 1 ? "" : "s",
	           id);
	if (o->result != LK_DONE)
		buf_printf(b, "%s%s%s\n", o->reason, o->detail ? ": " : "", or_empty(o->detail));
	show_phases(o, b);
	show_headers(o, "", b);
	show_body(o, b);
}

static struct json *headers_json(const struct outcome *o)
{
	struct json *list = json_array();
	const char *name;

	for (uint32_t i = 0; i < o->attr_count; i++) {
		if (!is_header(o->attrs[2 * i], &name))
			continue;
		struct json *header = json_object();
		json_set(header, "name", json_string(name));
		json_set(header, "value", json_string(o->attrs[2 * i + 1]));
		json_push(list, header);
	}
	return list;
}

/* Text as it is, anything else in base64. */
static void set_body(struct json *object, const struct outcome *o)
{
	if (!o->reply)
		return;
	if (is_text(o->reply, o->reply_bytes)) {
		json_set(object, "body", json_string_bytes(o->reply, o->reply_bytes));
		return;
	}
	char *text = base64_encode(o->reply, o->reply_bytes);
	json_set(object, "body_base64", text ? json_string(text) : NULL);
	mem_free(text);
}

struct json *show_request_json(const struct outcome *o)
{
	struct json *object = json_object();

	json_set(object, "method", json_string(or_empty(outcome_attr(o, "method"))));
	json_set(object, "url", json_string(or_empty(outcome_attr(o, "url"))));
	json_set(object, "headers", headers_json(o));
	set_body(object, o);
	return object;
}

static struct json *phases_json(const struct outcome *o)
{
	struct json *object = json_object();

	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
		const char *us = outcome_attr(o, phases[i].attr);
		if (us)
			json_set(object, phases[i].key, json_double(ms_of(us)));
	}
	return object;
}

struct json *show_answer_json(const struct send_answer *answer, const char *id,
                              struct json *request)
{
	const struct outcome *o = answer->outcome;
	struct json *object = json_object();

	json_set(object, "id", json_string(id));
	json_set(object, "ok", json_bool(o->result == LK_DONE));
	json_set(object, "result", json_string(results[o->result]));
	json_set(object, "reason", json_string(o->reason));
	json_set(object, "detail", o->detail ? json_string(o->detail) : json_null());
	json_set(object, "status", o->status ? json_int(o->status) : json_null());
	json_set(object, "attempts", json_int(answer->attempts));
	json_set(object, "duration_ms", json_int(answer->duration_ms));
	json_set(object, "phases", phases_json(o));
	json_set(object, "headers", headers_json(o));
	set_body(object, o);
	json_set(object, "body_bytes", json_int((int64_t)o->reply_total_bytes));
	if (request)
		json_set(object, "request", request);
	return object;
}
