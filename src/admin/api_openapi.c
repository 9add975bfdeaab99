/* The API's own document. */
#include <stdio.h>
#include <string.h>

#include "admin/api.h"
#include "admin/openapi.h"
#include "admin/problem.h"
#include "admin/route.h"
#include "base/banned.h"
#include "base/buf.h"
#include "crypto/hash.h"
#include "httpd/reply.h"
#include "httpd/request.h"
#include "json/json.h"

enum { DOCUMENT_MAX_BYTES = 1024 * 1024, TAG_BYTES = 2 * 16 + 3 };

/* Half of its hash, in quotation marks (RFC 9110, 8.8.3). */
static void write_tag(const struct buf *text, char *tag)
{
	uint8_t digest[HASH_BYTES];

	hash_of(buf_str(text), text->len_bytes, digest);
	tag[0] = '"';
	for (size_t i = 0; i < 16; i++)
		snprintf(tag + 1 + 2 * i, 3, "%02x", digest[i]);
	memcpy(tag + TAG_BYTES - 2, "\"", 2);
}

static void answer(struct http_request *request, const struct buf *text)
{
	const char *known = http_request_header(request, "If-None-Match");
	char tag[TAG_BYTES];
	const struct http_pair header = {.name = "ETag", .value = tag};
	struct http_reply reply = {.status = 304, .headers = &header, .header_count = 1};

	write_tag(text, tag);
	if (!known || (strcmp(known, "*") != 0 && !strstr(known, tag))) {
		reply.status = 200;
		reply.content_type = "application/json";
		reply.body = buf_str(text);
		reply.body_bytes = text->len_bytes;
	}
	http_reply(request, &reply);
}

void api_openapi(struct api_call *call)
{
	struct json *document = openapi_json();
	struct buf text;

	buf_init(&text, DOCUMENT_MAX_BYTES);
	if (!document || json_write(document, 0, &text) < 0)
		problem_answer(call->request, 503, "no_memory",
		               "there is no memory for the document");
	else
		answer(call->request, &text);
	buf_finish(&text);
	json_free(document);
}
