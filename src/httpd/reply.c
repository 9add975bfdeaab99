/* Answers: built at once, queued by the library's own thread. */
#include "httpd/reply.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"
#include "httpd/exchange.h"

const struct http_refusal exchange_stopping = {503, "stopping", "the server is being stopped"};

bool exchange_add_headers(struct MHD_Response *response, const struct http_pair *headers,
                          size_t count)
{
	bool ok = true;

	for (size_t i = 0; ok && i < count; i++)
		ok = MHD_add_response_header(response, headers[i].name, headers[i].value);
	return ok;
}

/* NULL without memory, or when a header cannot be sent. */
static struct MHD_Response *build(const struct http_server *server, const struct http_reply *reply)
{
	/* The library takes a pointer to non-const, and copies from it. */
	struct MHD_Response *response = MHD_create_response_from_buffer(
		reply->body_bytes, (void *)(uintptr_t)reply->body, MHD_RESPMEM_MUST_COPY);
	bool ok = response != NULL;

	if (ok && reply->content_type)
		ok = MHD_add_response_header(response, "Content-Type", reply->content_type);
	ok = ok && exchange_add_headers(response, reply->headers, reply->header_count) &&
	     exchange_add_headers(response, server->headers, server->header_count);
	if (ok && reply->close)
		ok = MHD_add_response_header(response, "Connection", "close");
	if (ok || !response)
		return response;
	MHD_destroy_response(response);
	return NULL;
}

static void set_answer(struct exchange *exchange, const struct http_reply *reply)
{
	struct http_server *server = exchange->server;

	exchange->response = build(server, reply);
	exchange->status = reply->status;
	if (server->answered)
		server->answered(server->arg, &exchange->request, reply->status);
}

/* Lets the library's thread queue the answer of a parked exchange; the server's lock is held. */
static void resume(struct exchange *exchange)
{
	list_remove(&exchange->node);
	MHD_resume_connection(exchange->mhd);
	if (exchange->server->stopping)
		pthread_cond_signal(&exchange->server->changed);
}

void http_reply(struct http_request *request, const struct http_reply *reply)
{
	struct exchange *exchange = exchange_of(request);
	bool first = !atomic_exchange(&exchange->answered, true);

	if (first)
		set_answer(exchange, reply);
	if (!exchange->suspended)
		return;
	if (first) {
		/* It is still in the list, and stop waits for that: the server is there. */
		struct http_server *server = exchange->server;

		pthread_mutex_lock(&server->lock);
		resume(exchange);
		pthread_mutex_unlock(&server->lock);
	}
	exchange_release(exchange);
}

enum { PROBLEM_BYTES = 512 };

/* The document into text, which has PROBLEM_BYTES; the reply points at it. */
static struct http_reply problem(unsigned status, const char *code, const char *title, char *text)
{
	int length = snprintf(text, PROBLEM_BYTES,
	                      "{\"type\": \"about:blank\", \"title\": \"%s\", \"status\": %u, "
	                      "\"code\": \"%s\"}\n",
	                      title, status, code);

	return (struct http_reply){
		.status = status,
		.content_type = "application/problem+json",
		.body = text,
		.body_bytes = length < PROBLEM_BYTES ? (size_t)length : PROBLEM_BYTES - 1,
	};
}

void http_reply_problem(struct http_request *request, unsigned status, const char *code,
                        const char *title)
{
	char text[PROBLEM_BYTES];
	struct http_reply reply = problem(status, code, title, text);

	http_reply(request, &reply);
}

void exchange_refuse(struct exchange *exchange, const struct http_refusal *refusal)
{
	char text[PROBLEM_BYTES];
	struct http_reply reply = problem(refusal->status, refusal->code, refusal->title, text);

	reply.close = true;
	set_answer(exchange, &reply);
}

void exchange_abort(struct exchange *exchange)
{
	if (atomic_exchange(&exchange->answered, true))
		return;
	exchange_refuse(exchange, &exchange_stopping);
	resume(exchange);
}

bool http_reply_header_valid(const char *name, const char *value)
{
	if (!http_is_token(name) || !*value)
		return false;
	for (; *value; value++) {
		if ((unsigned char)*value < ' ' || *value == 0x7f)
			return false;
	}
	return true;
}
