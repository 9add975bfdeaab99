/* From a request to what a message is made of. */
#include "admin/parts.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"
#include "httpd/request.h"

static const char call_header[] = "Linkspan-Header-";
static const char attr_header[] = "header.";

static bool begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_attribute(const char *name)
{
	return begins(name, "uri.") || begins(name, "ce.");
}

static bool is_call_header(const char *name)
{
	return strncasecmp(name, call_header, sizeof(call_header) - 1) == 0;
}

static bool is_trace(const char *name)
{
	return strcasecmp(name, "traceparent") == 0;
}

/* How many pairs there can be, and how much text their names take. */
static int make_room(struct parts *p, const struct http_request *request)
{
	size_t pairs = request->query_count, bytes = 0;

	for (size_t i = 0; i < request->header_count; i++) {
		const char *name = request->headers[i].name;
		pairs += is_call_header(name) || is_trace(name);
		bytes += is_call_header(name) ? strlen(name) + sizeof(attr_header) : 0;
	}
	p->attr_cap = pairs <= PARTS_PAIRS ? PARTS_PAIRS : pairs;
	p->attrs = pairs <= PARTS_PAIRS ? p->usual_attrs : mem_array(2 * pairs, sizeof(*p->attrs));
	p->text = bytes <= sizeof(p->usual_text) ? p->usual_text : mem_alloc(bytes);
	p->text_end = p->text;
	return p->attrs && p->text ? 0 : ERR_NO_MEMORY;
}

static void add(struct parts *p, const char *name, const char *value)
{
	p->attrs[2 * p->m.attr_count] = name;
	p->attrs[2 * p->m.attr_count + 1] = value;
	p->m.attr_count++;
}

static int add_header(struct parts *p, const struct http_pair *header, struct err *e)
{
	const char *name = header->name + sizeof(call_header) - 1;
	size_t length = strlen(name);
	char *attr = p->text_end;

	if (length == 0)
		return err_set(e, ERR_USAGE, "%s is followed by no name", call_header);
	memcpy(attr, attr_header, sizeof(attr_header) - 1);
	memcpy(attr + sizeof(attr_header) - 1, name, length + 1);
	p->text_end = attr + sizeof(attr_header) + length;
	add(p, attr, header->value);
	return 0;
}

static int add_headers(struct parts *p, const struct http_request *request, struct err *e)
{
	for (size_t i = 0; i < request->header_count; i++) {
		const struct http_pair *header = &request->headers[i];
		int rc = is_call_header(header->name) ? add_header(p, header, e) : 0;
		if (rc < 0)
			return rc;
		if (is_trace(header->name))
			add(p, "traceparent", header->value);
	}
	return 0;
}

int parts_read(struct parts *p, const struct http_request *request, struct err *e)
{
	p->m = (struct message_parts){
		.content_type = http_request_header(request, "Content-Type"),
		.body_bytes = request->body_bytes,
	};
	if (make_room(p, request) < 0)
		return err_no_memory(e);
	/* A request without a length and without an encoding has no body (RFC 9112, 6.3). */
	if (http_request_header(request, "Content-Length") ||
	    http_request_header(request, "Transfer-Encoding"))
		p->m.body = request->body;
	for (size_t i = 0; i < request->query_count; i++)
		if (is_attribute(request->query[i].name))
			add(p, request->query[i].name, request->query[i].value);
	int rc = add_headers(p, request, e);
	p->m.attrs = p->attrs;
	return rc;
}

static int grow(struct parts *p)
{
	size_t cap = 2 * p->attr_cap;
	bool is_usual = p->attrs == p->usual_attrs;
	const char **bigger = mem_resize(is_usual ? NULL : p->attrs, 2 * cap, sizeof(*bigger));

	if (!bigger)
		return ERR_NO_MEMORY;
	if (is_usual)
		memcpy(bigger, p->usual_attrs, sizeof(p->usual_attrs));
	p->attrs = bigger;
	p->m.attrs = bigger;
	p->attr_cap = cap;
	return 0;
}

int parts_add(struct parts *p, const char *key, const char *value)
{
	if (p->m.attr_count == p->attr_cap && grow(p) < 0)
		return ERR_NO_MEMORY;
	add(p, key, value);
	return 0;
}

const char *parts_attribute(const struct parts *p, const char *key)
{
	for (size_t i = 0; i < p->m.attr_count; i++)
		if (strcmp(p->attrs[2 * i], key) == 0)
			return p->attrs[2 * i + 1];
	return NULL;
}

void parts_finish(struct parts *p)
{
	if (p->attrs != p->usual_attrs)
		mem_free(p->attrs);
	if (p->text != p->usual_text)
		mem_free(p->text);
}
