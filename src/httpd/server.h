/*
 * An HTTP/1.1 server: a small face before libmicrohttpd, so that no other folder knows the library.
 *
 * Requests are read completely, then given to one handler, which answers at once or suspends the
 * request and answers later from another thread.  The library's own threads wait in poll(): with
 * epoll it was seen to stall at many connections.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "httpd/guard.h"
#include "httpd/identity.h"
#include "httpd/reply.h"
#include "httpd/request.h"

struct err;
struct http_server;

/* What a member is when it is left 0. */
#define HTTP_CONNECTIONS_MAX 256
#define HTTP_MEMORY_BYTES    (32u * 1024u)
#define HTTP_BODY_MAX_BYTES  (1024u * 1024u)

struct http_options {
	const char *address; /* to listen on: a name or a number */
	uint16_t port;       /* 0: a free one */
	int listen_fd;       /* used when address is NULL: a listening socket, TCP or Unix, bound
	                      * already; http_server_start() takes it, also when it fails */
	const char *certificate_pem, *key_pem; /* both, or neither for plain HTTP */
	unsigned threads;                      /* 0: one */
	unsigned connections_max;              /* 0: HTTP_CONNECTIONS_MAX */
	unsigned connections_per_ip_max;       /* 0: no such bound */
	size_t memory_bytes;   /* of a connection; the header section fits in about half of it.
	                        * 0: HTTP_MEMORY_BYTES */
	size_t body_max_bytes; /* larger bodies are answered 413; 0: HTTP_BODY_MAX_BYTES */
	int64_t timeout_ms; /* for a request from its first line to the end of its answer, and for
	                        * a connection between two requests; then it is cut.  0: none */
	struct http_guards guards;       /* borrowed until the server has stopped */
	const struct http_pair *headers; /* of every answer, refusals too; borrowed likewise */
	size_t header_count;
	/* When the header section has come and the guards let it pass, before a byte of the body is
	 * kept: why it goes no further, or NULL.  On a thread of the server's. */
	const struct http_refusal *(*admit)(void *arg, const struct http_request *request);
	/* NULL, or asked then too: how large the body of this request may be; 0: as body_max_bytes says. */
	size_t (*body_max)(void *arg, const struct http_request *request);
	/* On one of the server's threads; must not block.  Calls http_reply(), or
	 * http_request_suspend() and returns. */
	void (*handle)(void *arg, struct http_request *request);
	/* NULL, or called once for each request with the status of its answer, those that never came to
	 * the handler included, on whichever thread answers; must not block.  Of the request only
	 * `note` may be read. */
	void (*answered)(void *arg, const struct http_request *request, unsigned status);
	void *arg;
};

/* 0; ERR_IO when the address cannot be listened on; ERR_INVALID when the certificate or the key
 * cannot be used; ERR_NO_MEMORY. */
int http_server_start(const struct http_options *options, struct http_server **ret, struct err *e);

/* Shows another certificate to connections that begin from now on; those that are there are left alone.  Takes
 * the identity.  A server that began without TLS has none, and goes on so.  Any thread. */
void http_server_identify(struct http_server *server, struct http_identity *identity);

/* Takes NULL.  Accepts nothing more, answers the requests that are still suspended with 503, gives all answers
 * grace_ms to leave, and ends the connections.  Not on a thread of the server. */
void http_server_stop(struct http_server *server, int64_t grace_ms);

/* "http://127.0.0.1:9000", with the port really used; "unix:" for a Unix socket. */
const char *http_server_url(const struct http_server *server);
/* The address really used. */
const struct sockaddr *http_server_address(const struct http_server *server, socklen_t *ret_bytes);
/* Connections accepted since the start.  Any thread. */
uint64_t http_server_connections(const struct http_server *server);
