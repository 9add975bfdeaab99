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

/* NULL without memory, or when a header cannot be sent.  The body stays where it is. */
static struct MHD_Response *build(const struct http_server *server, const struct http_reply *reply)
{
	/* The library takes a pointer to non-const, and only reads. */
	struct MHD_Response *response = MHD_create_response_from_buffer(
		reply->body_bytes, (void *)(uintptr_t)reply->body, MHD_RESPMEM_PERSISTENT);
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

static bool is_short(const struct http_reply *reply)
{
	return reply->content_type && strlen(reply->content_type) < FORM_TYPE_BYTES &&
	       reply->body_bytes <= FORM_BODY_BYTES && reply->header_count == 0 && !reply->close;
}

static bool fits(const struct form *form, const struct http_reply *reply)
{
	return form->response && form->body_bytes == reply->body_bytes &&
	       strcmp(form->type, reply->content_type) == 0;
}

static void make_form(const struct http_server *server, struct form *form, struct http_reply reply)
{
	if (form->response)
		MHD_destroy_response(form->response);
	mem_put_text(form->type, sizeof(form->type), reply.content_type);
	form->body_bytes = reply.body_bytes;
	reply.body = form->body;
	form->response = build(server, &reply);
}

struct MHD_Response *exchange_response(struct exchange *exchange)
{
	const struct http_reply *reply = &exchange->reply;
	struct form *form = &exchange->form;

	if (exchange->response || !reply->status)
		return exchange->response;
	if (!is_short(reply))
		return exchange->response = build(exchange->server, reply);
	if (!fits(form, reply))
		make_form(exchange->server, form, *reply);
	/* The library is done with what was there before: that request has ended. */
	memcpy(form->body, reply->body, reply->body_bytes);
	return form->response;
}

static bool copy_headers(struct arena *a, const struct http_reply *from, struct http_reply *to)
{
	struct http_pair *headers = arena_array(a, from->header_count, sizeof(*headers));

	for (size_t i = 0; headers && i < from->header_count; i++) {
		headers[i].name = arena_strdup(a, from->headers[i].name);
		headers[i].value = arena_strdup(a, from->headers[i].value);
		if (!headers[i].name || !headers[i].value)
			return false;
	}
	to->headers = headers;
	return headers != NULL;
}

static bool copy_reply(struct arena *a, const struct http_reply *from, struct http_reply *to)
{
	*to = *from;
	to->body = arena_dup(a, from->body, from->body_bytes);
	to->content_type = arena_strdup(a, from->content_type);
	return to->body && (to->content_type || !from->content_type) &&
	       (from->header_count == 0 || copy_headers(a, from, to));
}

/* The response is made by the library's thread: whoever answers may have others waiting. */
static void set_answer(struct exchange *exchange, const struct http_reply *reply)
{
	struct http_server *server = exchange->server;

	if (!copy_reply(&exchange->arena, reply, &exchange->reply))
		exchange->reply.status = 0;
	exchange->status = reply->status;
	if (server->answered)
		server->answered(server->arg, &exchange->request, reply->status);
}

void http_reply(struct http_request *request, const struct http_reply *reply)
{
	struct exchange *exchange = exchange_of(request);
	bool first = !atomic_exchange(&exchange->answered, true);

	if (first)
		set_answer(exchange, reply);
	if (!exchange->suspended)
		return;
	/* While it is parked its connection holds it, and stop waits for it: both are there. */
	struct bell *bell = first ? exchange->connection->bell : NULL;
	exchange_release(exchange);
	if (first)
		bell_ring(bell, exchange);
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
	MHD_resume_connection(exchange->mhd);
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
