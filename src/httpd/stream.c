/* Streams: read by the library's threads, suspended while there is nothing. */
#include "httpd/stream.h"

#include <string.h>

#include "base/banned.h"
#include "base/err.h"
#include "httpd/exchange.h"
#include "httpd/reply.h"

/* What is read at once. */
enum { PIECE_BYTES = 16 * 1024 };

struct http_stream {
	struct list node; /* among the server's */
	struct http_server *server;
	struct connection *connection;
	struct MHD_Connection *mhd;
	int64_t stall_ms;
	ssize_t (*read)(void *arg, char *to, size_t bytes);
	void (*done)(void *arg);
	void *arg;
	bool built; /* the response frees it; before, whoever builds it does */
	/* With the server's lock. */
	bool parked; /* the library has put the connection aside */
	bool woken;  /* since it was read last */
};

/* With the server's lock. */
static void unpark(struct http_stream *s)
{
	s->woken = true;
	if (!s->parked)
		return;
	s->parked = false;
	MHD_resume_connection(s->mhd);
}

/* Puts it aside, unless it was woken since it was read. */
static bool park(struct http_stream *s)
{
	pthread_mutex_lock(&s->server->lock);
	if (!s->woken && !s->server->stopping) {
		MHD_suspend_connection(s->mhd);
		s->parked = true;
	}
	bool parked = s->parked;
	pthread_mutex_unlock(&s->server->lock);
	return parked;
}

/* Whether it goes on; what wakes it from now on is not missed. */
static bool begin_read(struct http_stream *s)
{
	pthread_mutex_lock(&s->server->lock);
	s->woken = false;
	bool goes_on = !s->server->stopping;
	pthread_mutex_unlock(&s->server->lock);
	return goes_on;
}

/* The library asks for more whenever what it had has left, so this is where the time of a peer that
 * takes nothing begins. */
static ssize_t on_read(void *arg, uint64_t position, char *to, size_t bytes)
{
	struct http_stream *s = arg;

	(void)position;
	timers_set(&s->server->timers, &s->connection->timer, s->stall_ms);
	do {
		if (!begin_read(s))
			return MHD_CONTENT_READER_END_OF_STREAM;
		ssize_t count = s->read(s->arg, to, bytes);
		if (count > 0)
			return count;
		if (count < 0)
			return MHD_CONTENT_READER_END_OF_STREAM;
	} while (!park(s));
	return 0;
}

static void on_free(void *arg)
{
	struct http_stream *s = arg;

	pthread_mutex_lock(&s->server->lock);
	list_remove(&s->node);
	pthread_mutex_unlock(&s->server->lock);
	if (!s->built)
		return;
	s->done(s->arg);
	mem_free(s);
}

static struct http_stream *create(struct exchange *exchange, const struct http_stream_reply *reply)
{
	struct http_stream *s = mem_zalloc(sizeof(*s));

	if (!s)
		return NULL;
	s->server = exchange->server;
	s->connection = exchange->connection;
	s->mhd = exchange->mhd;
	s->stall_ms = reply->stall_ms;
	s->read = reply->read;
	s->done = reply->done;
	s->arg = reply->arg;
	list_init(&s->node);
	return s;
}

/* Of an answer to HEAD whose length is not known, the library sends the last chunk all the same, and
 * the peer would take that for the beginning of the next answer. */
static struct MHD_Response *build(struct http_stream *s, const char *content_type, bool is_head)
{
	struct MHD_Response *response = MHD_create_response_from_callback(
		is_head ? 0 : MHD_SIZE_UNKNOWN, PIECE_BYTES, on_read, s, on_free);

	if (!response)
		return NULL;
	s->built = MHD_add_response_header(response, "Content-Type", content_type) == MHD_YES &&
	           exchange_add_headers(response, s->server->headers, s->server->header_count);
	if (s->built)
		return response;
	MHD_destroy_response(response);
	return NULL;
}

int http_reply_stream(struct http_request *request, const struct http_stream_reply *reply,
                      struct http_stream **ret)
{
	struct exchange *exchange = exchange_of(request);
	struct http_stream *s = create(exchange, reply);
	bool is_head = strcmp(request->method, "HEAD") == 0;
	struct MHD_Response *response = s ? build(s, reply->content_type, is_head) : NULL;

	if (!response) {
		mem_free(s);
		return ERR_NO_MEMORY;
	}
	pthread_mutex_lock(&s->server->lock);
	list_append(&s->server->streams, &s->node);
	pthread_mutex_unlock(&s->server->lock);
	exchange->response = response;
	exchange->status = 200;
	atomic_store(&exchange->answered, true);
	if (s->server->answered)
		s->server->answered(s->server->arg, request, exchange->status);
	*ret = s;
	return 0;
}

void http_stream_wake(struct http_stream *stream)
{
	pthread_mutex_lock(&stream->server->lock);
	unpark(stream);
	pthread_mutex_unlock(&stream->server->lock);
}

void streams_wake(struct http_server *server)
{
	list_each(node, &server->streams) {
		unpark(container_of(node, struct http_stream, node));
	}
}
