/* Answers of the API in JSON. */
#include "admin/reply.h"

#include "base/banned.h"
#include "base/buf.h"
#include "httpd/reply.h"
#include "json/json.h"

/* A list of 1000 deliveries has about half a megabyte; a delivery with its body and log stays below. */
#define DOCUMENT_MAX_BYTES (128u * 1024u * 1024u)

void reply_tree(struct http_request *request, struct http_reply *reply, struct json *document)
{
	struct buf text;

	buf_init(&text, DOCUMENT_MAX_BYTES);
	if (!document || json_write(document, 0, &text) < 0) {
		http_reply_problem(request, 503, "no_memory", "there is no memory for the answer");
	} else {
		buf_add_char(&text, '\n');
		reply->body = buf_str(&text);
		reply->body_bytes = text.len_bytes;
		http_reply(request, reply);
	}
	json_free(document);
	buf_finish(&text);
}

void reply_json(struct http_request *request, unsigned status, struct json *document)
{
	struct http_reply reply = {.status = status, .content_type = "application/json"};

	reply_tree(request, &reply, document);
}
