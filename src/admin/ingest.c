/* CloudEvents and Alertmanager's payload: what a message says of itself. */
#include "admin/ingest.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "admin/alertmanager.h"
#include "admin/parts.h"
#include "admin/problem.h"
#include "base/banned.h"
#include "base/err.h"
#include "httpd/request.h"
#include "json/json.h"
#include "json/utf8.h"

static const char invalid[] = "invalid_parameter";
static const char event_header[] = "ce-";
static const char structured_type[] = "application/cloudevents+json";
static const char batch_type[] = "application/cloudevents-batch";

/* What every event has (CloudEvents 1.0.2, 3.1). */
static const char *const required[] = {"specversion", "id", "source", "type"};
enum { REQUIRED = sizeof(required) / sizeof(required[0]) };

const char *const ingest_formats[INGEST_FORMATS + 1] = {
	[INGEST_ALERTMANAGER] = "alertmanager",
};

static int no_memory(struct problem *p)
{
	problem_set(p, 503, "no_memory", "there is no memory for the message");
	return ERR_NO_MEMORY;
}

/* Whether a Content-Type has this media type, whatever its parameters. */
static bool is_type(const char *given, const char *type)
{
	size_t length = strlen(type);

	return given && strncasecmp(given, type, length) == 0 &&
	       (given[length] == '\0' || strchr("; \t", given[length]));
}

/*
 * Attributes
 */

static bool is_name(const char *name)
{
	return *name && name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789")] == '\0';
}

/* One that the caller gave as a parameter too is a contradiction. */
static int add(struct ingest *in, struct parts *parts, const char *name, const char *value,
               const char *pointer, struct problem *p)
{
	const char *key = arena_printf(&in->arena, "ce.%s", name);

	if (!key)
		return no_memory(p);
	if (!is_name(name)) {
		problem_fault(p, pointer, invalid,
		              "is no CloudEvents attribute: they have names of a-z and 0-9");
		return ERR_USAGE;
	}
	if (parts_attribute(parts, key)) {
		problem_fault(p, pointer, invalid, "is given twice");
		return ERR_USAGE;
	}
	return parts_add(parts, key, value) < 0 ? no_memory(p) : 0;
}

/* The version, and that nothing is missing or empty; the prefix makes pointers of names. */
static int check_event(const struct parts *parts, const char *prefix, struct problem *p)
{
	char pointer[64], key[64];

	for (size_t i = 0; i < REQUIRED; i++) {
		snprintf(pointer, sizeof(pointer), "%s%s", prefix, required[i]);
		snprintf(key, sizeof(key), "ce.%s", required[i]);
		const char *value = parts_attribute(parts, key);
		if (!value || !*value)
			problem_fault(p, pointer, "missing_parameter", "a CloudEvent has it");
		else if (i == 0 && strcmp(value, "1.0") != 0)
			problem_fault(p, pointer, invalid, "\"%.20s\" is not known; what is: 1.0",
			              value);
	}
	return p->fault_count > 0 ? ERR_USAGE : 0;
}

/*
 * Binary mode: attributes in headers
 */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What percent signs stand for; a lone one stands for itself (HTTP binding, 3.1.3.2). */
static char *decode(struct arena *a, const char *value)
{
	char *text = arena_strdup(a, value), *to = text;

	for (const char *s = text; text && *s; s++) {
		int high = *s == '%' ? hex_digit(s[1]) : -1;
		int low = high < 0 ? -1 : hex_digit(s[2]);
		*to++ = low < 0 ? *s : (char)(high << 4 | low);
		s += low < 0 ? 0 : 2;
	}
	if (text)
		*to = '\0';
	return text;
}

static bool is_text(const char *text)
{
	size_t points;

	for (const char *s = text; *s; s++)
		if (iscntrl((unsigned char)*s))
			return false;
	return utf8_count(text, strlen(text), &points);
}

static int add_header(struct ingest *in, struct parts *parts, const struct http_pair *header,
                      struct problem *p)
{
	const char *value = strstr(header->value, "%00") ? "\x01" : header->value;
	char *text = decode(&in->arena, value);
	char *name = arena_strdup(&in->arena, header->name + sizeof(event_header) - 1);

	if (!text || !name)
		return no_memory(p);
	for (char *s = name; *s; s++)
		*s = (char)tolower((unsigned char)*s);
	if (!is_text(text)) {
		problem_fault(p, header->name, invalid, "is not UTF-8 without control characters");
		return ERR_USAGE;
	}
	return add(in, parts, name, text, header->name, p);
}

static int read_headers(struct ingest *in, struct parts *parts, const struct http_request *request,
                        struct problem *p)
{
	bool is_event = false;

	for (size_t i = 0; i < request->header_count; i++) {
		const struct http_pair *header = &request->headers[i];
		if (strncasecmp(header->name, event_header, sizeof(event_header) - 1) != 0)
			continue;
		is_event = is_event || strcasecmp(header->name, "ce-specversion") == 0;
		if (add_header(in, parts, header, p) < 0 && !p->fault_count)
			return ERR_NO_MEMORY;
	}
	if (p->fault_count > 0)
		return ERR_USAGE;
	return is_event ? check_event(parts, event_header, p) : 0;
}

/*
 * Structured mode: attributes beside the data
 */

/* The text of an attribute (CloudEvents JSON format, 2.2); NULL: it cannot be one. */
static const char *text_of(struct arena *a, const struct json *value)
{
	switch (json_kind(value)) {
	case JSON_STRING:
		return arena_strdup(a, json_as_string(value));
	case JSON_BOOL:
		return json_as_bool(value) ? "true" : "false";
	case JSON_INT:
		return arena_printf(a, "%" PRId64, json_as_int(value));
	default:
		return NULL;
	}
}

static int add_member(struct ingest *in, struct parts *parts, const char *key,
                      const struct json *value, struct problem *p)
{
	char pointer[64];

	snprintf(pointer, sizeof(pointer), "/%s", key);
	const char *text = text_of(&in->arena, value);
	if (text)
		return add(in, parts, key, text, pointer, p);
	problem_fault(p, pointer, invalid, "is not a string, a boolean or an integer");
	return ERR_USAGE;
}

static int read_members(struct ingest *in, struct parts *parts, const struct json *event,
                        struct problem *p)
{
	const void *cursor = NULL;
	const struct json *value;
	const char *key;

	if (json_get(event, "data") && json_get(event, "data_base64"))
		problem_fault(p, "/data_base64", invalid, "stands beside data");
	while ((value = json_next(event, &cursor, &key))) {
		bool is_data = strcmp(key, "data") == 0 || strcmp(key, "data_base64") == 0;
		if (is_data || json_kind(value) == JSON_NULL)
			continue;
		if (add_member(in, parts, key, value, p) < 0 && !p->fault_count)
			return no_memory(p);
	}
	return p->fault_count > 0 ? ERR_USAGE : check_event(parts, "/", p);
}

static int read_structured(struct ingest *in, struct parts *parts,
                           const struct http_request *request, struct problem *p)
{
	struct json *event = NULL;
	struct err e = {0};

	int rc = json_read(request->body, request->body_bytes, &event, &e);
	if (rc == ERR_NO_MEMORY)
		return no_memory(p);
	if (rc < 0 || json_kind(event) != JSON_OBJECT) {
		problem_set(p, 400, "invalid_json", "the body: %s",
		            rc < 0 ? e.text : "a CloudEvent is an object");
		rc = ERR_USAGE;
	} else {
		rc = read_members(in, parts, event, p);
	}
	json_free(event);
	return rc;
}

/*
 * All of them
 */

static int read_alerts(struct ingest *in, struct parts *parts, const struct http_request *request,
                       struct problem *p)
{
	struct alertmanager a = {0};
	bool is_needed = in->format == INGEST_ALERTMANAGER;
	int rc = 0;

	if (!is_needed && !alertmanager_may_be(request))
		a.is_one = false;
	else
		rc = alertmanager_read(request, &in->arena, is_needed, &a, p);
	if (rc == 0 && a.is_one)
		rc = alertmanager_add(&a, parts) < 0 ? no_memory(p) : 0;
	if (rc < 0 || !in->wants_ordering)
		return rc;
	if (!a.is_one) {
		problem_fault(p, "ordering", invalid,
		              "the body is not Alertmanager's, so it has no groupKey");
		return ERR_USAGE;
	}
	in->ordering_key = a.ordering_key;
	return 0;
}

static int read_lines(const struct ingest *in, const struct http_request *request,
                      struct problem *p)
{
	if (in->format != INGEST_DETECT || in->wants_ordering)
		problem_fault(p, in->wants_ordering ? "ordering" : "format", invalid,
		              "is for one message, not for lines");
	else if (is_type(http_request_header(request, "Content-Type"), structured_type))
		problem_set(p, 415, "unsupported_media_type",
		            "structured CloudEvents are taken one by one, not as lines");
	return p->status ? ERR_USAGE : 0;
}

int ingest_read(struct ingest *in, struct parts *parts, const struct http_request *request,
                struct problem *p)
{
	const char *type = http_request_header(request, "Content-Type");

	in->ordering_key = NULL;
	arena_init(&in->arena);
	if (type && strncasecmp(type, batch_type, sizeof(batch_type) - 1) == 0) {
		problem_set(p, 415, "unsupported_media_type",
		            "batches of CloudEvents are not taken: send each event alone, or JSON "
		            "lines with framing=ndjson");
		return ERR_USAGE;
	}
	int rc = read_headers(in, parts, request, p);
	if (rc < 0)
		return rc;
	if (in->is_lines)
		return read_lines(in, request, p);
	if (is_type(type, structured_type)) {
		rc = read_structured(in, parts, request, p);
		if (rc < 0)
			return rc;
	}
	return read_alerts(in, parts, request, p);
}

void ingest_finish(struct ingest *in)
{
	arena_finish(&in->arena);
}
