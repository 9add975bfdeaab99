/*
 * What request.c, reply.c and server.c share: the server's objects, and libmicrohttpd.
 *
 * An exchange is one request and its answer.  It has its own copy of all the handler may read, and
 * it is counted: the connection holds it until the answer has left, and whoever was handed a
 * suspended request holds it until it has called http_reply().  So neither has to outlive the
 * other.
 */
#pragma once

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/mem.h"
#include "httpd/bell.h"
#include "httpd/server.h"
#include "httpd/timers.h"

struct http_server {
	struct MHD_Daemon *daemon;
	struct timers timers; /* of the connections */
	void (*handle)(void *arg, struct http_request *request);
	void (*answered)(void *arg, const struct http_request *request, unsigned status);
	void *arg;
	const struct http_refusal *(*admit)(void *arg, const struct http_request *request);
	size_t (*body_max)(void *arg, const struct http_request *request);
	struct http_guards guards;
	const struct http_pair *headers; /* of every answer */
	size_t header_count;
	size_t body_max_bytes;
	int64_t timeout_ms;
	bool tls;
	struct sockaddr_storage address;
	socklen_t address_bytes;
	char url[128];
	_Atomic uint64_t connections;
	_Atomic size_t active; /* exchanges whose answer has not left */
	atomic_bool stopping;  /* nothing is suspended any more; set with the lock */
	struct bell *bells;    /* of the library's threads */
	unsigned bell_count;
	atomic_uint bells_given;

	/* What follows.  For moments: a thread that is woken inside would take the processor and wait
	 * for it.  Held while libmicrohttpd suspends, and wakes streams. */
	pthread_mutex_t lock;
	pthread_cond_t changed;         /* `suspended` or `active`, once `stopping` */
	struct list suspended;          /* exchanges that the library has put aside */
	struct list streams;            /* that are not done */
	struct http_identity *identity; /* shown to new connections; NULL: no TLS */
	struct buf *complaints;         /* of libmicrohttpd, during the start */
};

struct connection {
	struct http_server *server;
	uint64_t number;
	int fd; /* libmicrohttpd's */
	struct bell *bell;
	struct http_identity *identity; /* held while it lives; NULL: no TLS */
	struct timer timer;
	struct http_peer peer;
	struct exchange *spare; /* its memory is there for the next one; NULL: none */
};

/*
 * A response for short answers.  Making one costs an allocation or three for each header, and they mostly
 * have the same headers: so it stays with the exchange, and the next answer of the same type and
 * length only gets another body.
 */
enum { FORM_BODY_BYTES = 256, FORM_TYPE_BYTES = 64 };

struct form {
	struct MHD_Response *response; /* NULL: there is none yet */
	char type[FORM_TYPE_BYTES];
	size_t body_bytes;
	char body[FORM_BODY_BYTES];
};

enum exchange_phase { EXCHANGE_HEADERS, EXCHANGE_BODY, EXCHANGE_HANDLED };

struct exchange {
	struct http_request request;
	struct arena arena; /* of all strings in it */
	struct buf body;
	size_t excess_bytes; /* of the body, read and thrown away */
	struct http_server *server;
	struct connection *connection;
	struct MHD_Connection *mhd;
	const char *raw_target; /* where the library has it; only compared */
	_Atomic unsigned holders;
	enum exchange_phase phase;

	/* Suspended: whoever sets `answered` first gives the answer and resumes. */
	struct list node;
	struct exchange *next; /* of those that wait for the thread of a bell */
	bool suspended;        /* http_request_suspend() was called */
	bool parked;           /* and the library has put the connection aside */
	atomic_bool answered;
	struct http_reply reply; /* copied into the arena; status 0: there is none */
	/* Made of it.  NULL: there is none, or it is that of the form. */
	struct MHD_Response *response;
	struct form form;
	unsigned status;
};

static inline struct exchange *exchange_of(struct http_request *request)
{
	return container_of(request, struct exchange, request);
}

/* An exchange that begins with this target, held once; NULL without memory. */
struct exchange *exchange_create(struct connection *connection, struct MHD_Connection *mhd,
                                 const char *target);
void exchange_release(struct exchange *exchange);
/* The same by its connection, which keeps the memory for the next one where it can. */
void exchange_end(struct exchange *exchange);
void exchange_destroy(struct exchange *exchange); /* takes NULL */
/* Copies what the library read.  0 or ERR_NO_MEMORY. */
int exchange_fill(struct exchange *exchange, const char *path, const char *method,
                  const char *version);
/* Whether the library left out something of the head that came: all of it lies in its buffer as the
 * strings it handed out, one behind the other.  It does not say when a NUL byte cut one of them, a
 * line ended with LF or CR alone, a line was folded, or a header without a name ended the head, and
 * the rest became another request.  Before a byte of the body is taken. */
bool exchange_head_is_odd(const struct exchange *exchange, const char *method, const char *version);
/* Sets the answer, from the library's own thread; the connection ends with it. */
void exchange_refuse(struct exchange *exchange, const struct http_refusal *refusal);
/* Answers a parked exchange for whoever has not done so; the server's lock is held. */
void exchange_abort(struct exchange *exchange);
/* The response of what was answered, which stays the exchange's; on the library's thread.  NULL: there is
 * none, and the connection is to be closed. */
struct MHD_Response *exchange_response(struct exchange *exchange);

/* False: there was no memory, or one cannot be sent. */
bool exchange_add_headers(struct MHD_Response *response, const struct http_pair *headers,
                          size_t count);
/* Lets all streams see that the server is being stopped; its lock is held. */
void streams_wake(struct http_server *server);

extern const struct http_refusal exchange_stopping;
