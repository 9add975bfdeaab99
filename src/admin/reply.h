/* Answers of the API in JSON. */
#pragma once

struct http_reply;
struct http_request;
struct json;

/* Answers with a document, which it takes; NULL: there was no memory to build it. */
void reply_json(struct http_request *request, unsigned status, struct json *document);
/* The same; status, type and headers are in the reply, whose body is filled in here. */
void reply_tree(struct http_request *request, struct http_reply *reply, struct json *document);
