/* The answer of a direct call as JSON. */
#include "admin/answer.h"

#include <linkspan/connector.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/host.h"
#include "crypto/base64.h"
#include "plug/hostapi.h"
#include "json/json.h"
#include "json/utf8.h"

static const char header_prefix[] = "header.";

const struct answer_phase answer_phases[ANSWER_PHASES] = {
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

const char *answer_result(int result)
{
	return results[result];
}

double answer_ms(const char *us)
{
	return us ? (double)strtoll(us, NULL, 10) / 1000.0 : 0;
}

bool answer_header(const char *key, const char **ret_name)
{
	if (strncmp(key, header_prefix, sizeof(header_prefix) - 1) != 0)
		return false;
	*ret_name = key + sizeof(header_prefix) - 1;
	return true;
}

bool answer_is_text(const char *s, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		unsigned char c = (unsigned char)s[i];
		if ((c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

bool answer_may_show(const char *header)
{
	static const char *const harmless[] = {
		"accept",
		"accept-language",
		"age",
		"allow",
		"cache-control",
		"connection",
		"content-encoding",
		"content-language",
		"content-length",
		"content-type",
		"date",
		"expires",
		"last-modified",
		"prefer",
		"retry-after",
		"server",
		"traceparent",
		"tracestate",
		"transfer-encoding",
		"user-agent",
		"vary",
		"via",
		"x-correlation-id",
		"x-request-id",
		"x-trace-id",
	};

	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (strcasecmp(harmless[i], header) == 0)
			return true;
	return false;
}

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

static struct json *headers_json(const struct outcome *o)
{
	struct json *list = json_array();
	const char *name;

	for (uint32_t i = 0; i < o->attr_count; i++) {
		if (!answer_header(o->attrs[2 * i], &name))
			continue;
		struct json *header = json_object();
		json_set(header, "name", json_string(name));
		json_set(header, "value", json_string(o->attrs[2 * i + 1]));
		json_push(list, header);
	}
	return list;
}

static int set_base64(struct json *object, const char *key, const void *data, size_t bytes)
{
	char name[64];
	char *text = base64_encode(data, bytes);

	snprintf(name, sizeof(name), "%s_base64", key);
	int rc = json_set(object, name, text ? json_string(text) : NULL);
	mem_free(text);
	return rc;
}

/* What can be shown as it is, where the end may be cut within a character; else in base64. */
void answer_set_reply(struct json *object, const struct outcome *o)
{
	if (!o->reply)
		return;
	if (answer_is_text(o->reply, o->reply_bytes))
		json_set(object, "body", json_string_bytes(o->reply, o->reply_bytes));
	else
		set_base64(object, "body", o->reply, o->reply_bytes);
}

int answer_set_bytes(struct json *object, const char *key, const void *data, size_t bytes)
{
	size_t points;

	if (bytes == 0)
		return json_set(object, key, json_string(""));
	if (!memchr(data, '\0', bytes) && utf8_count(data, bytes, &points))
		return json_set(object, key, json_string_bytes(data, bytes));
	return set_base64(object, key, data, bytes);
}

struct json *answer_request_json(const struct outcome *o)
{
	struct json *object = json_object();

	json_set(object, "method", json_string(or_empty(outcome_attr(o, "method"))));
	json_set(object, "url", json_string(or_empty(outcome_attr(o, "url"))));
	json_set(object, "headers", headers_json(o));
	answer_set_reply(object, o);
	return object;
}

static struct json *phases_json(const struct outcome *o)
{
	struct json *object = json_object();

	for (size_t i = 0; i < ANSWER_PHASES; i++) {
		const char *us = outcome_attr(o, answer_phases[i].attr);
		if (us)
			json_set(object, answer_phases[i].key, json_double(answer_ms(us)));
	}
	return object;
}

struct json *answer_json(const struct send_answer *answer, const char *id, struct json *request)
{
	const struct outcome *o = answer->outcome;
	struct json *object = json_object();

	json_set(object, "id", json_string(id));
	json_set(object, "ok", json_bool(o->result == LK_DONE));
	json_set(object, "result", json_string(results[o->result]));
	json_set(object, "reason", json_string(o->reason));
	json_set(object, "detail", json_string_or_null(o->detail));
	json_set(object, "status", o->status ? json_int(o->status) : json_null());
	json_set(object, "attempts", json_int(answer->attempts));
	json_set(object, "duration_ms", json_int(answer->duration_ms));
	json_set(object, "phases", phases_json(o));
	json_set(object, "headers", headers_json(o));
	answer_set_reply(object, o);
	json_set(object, "body_bytes", json_int((int64_t)o->reply_total_bytes));
	if (request)
		json_set(object, "request", request);
	return object;
}
