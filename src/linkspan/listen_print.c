/* A received request, printed for people or as JSON. */
#include <stdbool.h>
#include <string.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "httpd/request.h"
#include "linkspan/listen.h"
#include "json/json.h"
#include "json/utf8.h"

/* Text for a terminal: what would steer it, and what is not UTF-8, becomes \xNN. */
static void add_shown(struct buf *text, const char *bytes, size_t count, const char *allowed)
{
	const unsigned char *s = (const unsigned char *)bytes;

	while (count > 0) {
		size_t step = utf8_step(s, count);
		bool control = *s < ' ' || *s == 0x7f || (step == 2 && *s == 0xc2 && s[1] < 0xa0);

		if (control && *s && strchr(allowed, *s))
			control = false;
		if (step == 0)
			step = 1, control = true;
		for (size_t i = 0; control && i < step; i++)
			buf_printf(text, "\\x%02x", s[i]);
		if (!control)
			buf_add(text, s, step);
		s += step;
		count -= step;
	}
}

static void add_shown_str(struct buf *text, const char *s)
{
	add_shown(text, s, strlen(s), "\t");
}

/* A NUL is UTF-8, but few readers of text or JSON take it. */
static bool is_text(const struct http_request *request)
{
	size_t points;

	return utf8_count(request->body, request->body_bytes, &points) &&
	       !memchr(request->body, '\0', request->body_bytes);
}

static void print_body(const struct http_request *request, struct buf *text)
{
	const char *body = request->body;

	if (request->body_bytes == 0)
		return;
	buf_add_char(text, '\n');
	if (is_text(request))
		add_shown(text, body, request->body_bytes, "\t\r\n");
	else
		buf_printf(text, "(%zu bytes that are not text)", request->body_bytes);
	if (body[request->body_bytes - 1] != '\n')
		buf_add_char(text, '\n');
}

static void print_text(const struct http_request *request, unsigned status, const char *time,
                       struct buf *text)
{
	buf_printf(text, "%s connection %llu: ", time, (unsigned long long)request->connection);
	add_shown_str(text, request->method);
	buf_add_char(text, ' ');
	add_shown_str(text, request->target);
	buf_add_char(text, ' ');
	add_shown_str(text, request->version);
	buf_printf(text, " -> %u\n", status);
	for (size_t i = 0; i < request->header_count; i++) {
		buf_add_str(text, "  ");
		add_shown_str(text, request->headers[i].name);
		buf_add_str(text, ": ");
		add_shown_str(text, request->headers[i].value);
		buf_add_char(text, '\n');
	}
	print_body(request, text);
	buf_add_char(text, '\n');
}

/* Header bytes are UTF-8, or else each byte is a character (ISO 8859-1, RFC 9110, 5.5). */
static struct json *header_text(const char *s)
{
	size_t bytes = strlen(s), points;
	struct buf wide;

	if (utf8_count(s, bytes, &points))
		return json_string_bytes(s, bytes);
	buf_init(&wide, BUF_MAX_TEXT);
	for (const unsigned char *c = (const unsigned char *)s; *c; c++) {
		if (*c >= 0x80)
			buf_add_char(&wide, (char)(0xc0 | *c >> 6));
		buf_add_char(&wide, (char)(*c >= 0x80 ? 0x80 | (*c & 0x3f) : *c));
	}
	struct json *text = buf_failed(&wide) ? NULL : json_string_bytes(wide.data, wide.len_bytes);
	buf_finish(&wide);
	return text;
}

static struct json *headers_of(const struct http_request *request)
{
	struct json *list = json_array();

	for (size_t i = 0; list && i < request->header_count; i++) {
		struct json *pair = json_array();

		if (!pair || json_push(pair, header_text(request->headers[i].name)) < 0 ||
		    json_push(pair, header_text(request->headers[i].value)) < 0) {
			json_free(pair);
			pair = NULL;
		}
		if (json_push(list, pair) < 0) {
			json_free(list);
			return NULL;
		}
	}
	return list;
}

/* RFC 4648, section 4. */
static struct json *base64(const unsigned char *s, size_t bytes)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct buf text;

	buf_init(&text, SIZE_MAX / 2);
	for (size_t i = 0; i < bytes; i += 3) {
		size_t left = bytes - i;
		unsigned group = (unsigned)s[i] << 16 | (left > 1 ? (unsigned)s[i + 1] << 8 : 0) |
		                 (left > 2 ? s[i + 2] : 0);
		const char quad[4] = {digits[group >> 18], digits[group >> 12 & 63],
		                      left > 1 ? digits[group >> 6 & 63] : '=',
		                      left > 2 ? digits[group & 63] : '='};

		buf_add(&text, quad, sizeof(quad));
	}
	struct json *value =
		buf_failed(&text) ? NULL : json_string_bytes(buf_str(&text), text.len_bytes);
	buf_finish(&text);
	return value;
}

static int set_body(struct json *object, const struct http_request *request)
{
	if (is_text(request))
		return json_set(object, "body",
		                json_string_bytes(request->body, request->body_bytes));
	return json_set(object, "body_base64", base64(request->body, request->body_bytes));
}

static int print_json(const struct http_request *request, unsigned status, const char *time,
                      struct buf *text)
{
	struct json *object = json_object();
	int rc = ERR_NO_MEMORY;

	if (object && json_set(object, "time", json_string(time)) == 0 &&
	    json_set(object, "connection", json_int((int64_t)request->connection)) == 0 &&
	    json_set(object, "method", header_text(request->method)) == 0 &&
	    json_set(object, "target", header_text(request->target)) == 0 &&
	    json_set(object, "version", header_text(request->version)) == 0 &&
	    json_set(object, "headers", headers_of(request)) == 0 &&
	    set_body(object, request) == 0 &&
	    json_set(object, "body_bytes", json_int((int64_t)request->body_bytes)) == 0 &&
	    json_set(object, "status", json_int(status)) == 0)
		rc = json_write(object, 0, text);
	json_free(object);
	buf_add_char(text, '\n');
	return rc;
}

int listen_print(const struct http_request *request, unsigned status, int64_t unix_ms,
                 enum listen_output output, struct buf *text)
{
	char time[CLOCK_TEXT_BYTES];

	clock_format(unix_ms, time);
	if (output == LISTEN_JSON) {
		int rc = print_json(request, status, time, text);
		if (rc < 0)
			return rc;
	} else {
		print_text(request, status, time, text);
	}
	return buf_failed(text) ? ERR_NO_MEMORY : 0;
}
