/* A request: copied out of the library, looked up, suspended. */
#include "httpd/request.h"

#include <string.h>
#include <strings.h>

#include "base/banned.h"
#include "base/err.h"
#include "httpd/exchange.h"

struct exchange *exchange_create(struct connection *connection, struct MHD_Connection *mhd,
                                 const char *target)
{
	struct http_server *server = connection->server;
	struct exchange *exchange = mem_zalloc(sizeof(*exchange));

	if (!exchange)
		return NULL;
	arena_init(&exchange->arena);
	buf_init(&exchange->body, server->body_max_bytes);
	list_init(&exchange->node);
	exchange->server = server;
	exchange->connection = connection;
	exchange->mhd = mhd;
	exchange->raw_target = target;
	exchange->holders = 1;
	exchange->request.connection = connection->number;
	exchange->request.tls = server->tls;
	exchange->request.peer = connection->peer;
	exchange->request.body = "";
	exchange->request.target = arena_strdup(&exchange->arena, target);
	if (!exchange->request.target) {
		exchange_release(exchange);
		return NULL;
	}
	return exchange;
}

void exchange_release(struct exchange *exchange)
{
	if (atomic_fetch_sub(&exchange->holders, 1) > 1)
		return;
	if (exchange->response)
		MHD_destroy_response(exchange->response);
	/* Bodies and headers may hold secrets. */
	buf_wipe(&exchange->body);
	buf_finish(&exchange->body);
	arena_wipe(&exchange->arena);
	mem_free(exchange);
}

struct collector {
	struct arena *arena;
	struct http_pair *pairs;
	size_t count;
};

static enum MHD_Result collect(void *arg, enum MHD_ValueKind kind, const char *name,
                               const char *value)
{
	struct collector *c = arg;
	struct http_pair *pair = &c->pairs[c->count];

	(void)kind;
	pair->name = arena_strdup(c->arena, name);
	pair->value = arena_strdup(c->arena, value ? value : "");
	if (!pair->name || !pair->value)
		return MHD_NO;
	c->count++;
	return MHD_YES;
}

static int copy_pairs(struct exchange *exchange, enum MHD_ValueKind kind,
                      const struct http_pair **ret_pairs, size_t *ret_count)
{
	int count = MHD_get_connection_values(exchange->mhd, kind, NULL, NULL);
	struct collector c = {.arena = &exchange->arena};

	if (count <= 0)
		return 0;
	c.pairs = arena_array(c.arena, (size_t)count, sizeof(*c.pairs));
	if (!c.pairs)
		return ERR_NO_MEMORY;
	MHD_get_connection_values(exchange->mhd, kind, collect, &c);
	if (c.count != (size_t)count)
		return ERR_NO_MEMORY;
	*ret_pairs = c.pairs;
	*ret_count = c.count;
	return 0;
}

int exchange_fill(struct exchange *exchange, const char *path, const char *method,
                  const char *version)
{
	struct http_request *request = &exchange->request;

	request->path = arena_strdup(&exchange->arena, path);
	request->method = arena_strdup(&exchange->arena, method);
	request->version = arena_strdup(&exchange->arena, version);
	if (!request->path || !request->method || !request->version)
		return ERR_NO_MEMORY;
	request->odd_head = exchange_head_is_odd(exchange, method, version);
	int rc = copy_pairs(exchange, MHD_HEADER_KIND, &request->headers, &request->header_count);
	if (rc < 0)
		return rc;
	return copy_pairs(exchange, MHD_GET_ARGUMENT_KIND, &request->query, &request->query_count);
}

const char *http_request_header(const struct http_request *request, const char *name)
{
	for (size_t i = 0; i < request->header_count; i++) {
		if (strcasecmp(request->headers[i].name, name) == 0)
			return request->headers[i].value;
	}
	return NULL;
}

size_t http_request_header_count(const struct http_request *request, const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < request->header_count; i++)
		count += strcasecmp(request->headers[i].name, name) == 0;
	return count;
}

const char *http_request_query(const struct http_request *request, const char *name)
{
	for (size_t i = 0; i < request->query_count; i++) {
		if (strcmp(request->query[i].name, name) == 0)
			return request->query[i].value;
	}
	return NULL;
}

void http_request_suspend(struct http_request *request)
{
	struct exchange *exchange = exchange_of(request);
	struct http_server *server = exchange->server;

	atomic_fetch_add(&exchange->holders, 1);
	pthread_mutex_lock(&server->lock);
	if (server->stopping) {
		/* The server answers for it when the handler returns. */
		atomic_store(&exchange->answered, true);
	} else {
		MHD_suspend_connection(exchange->mhd);
		list_append(&server->suspended, &exchange->node);
		exchange->parked = true;
	}
	exchange->suspended = true;
	pthread_mutex_unlock(&server->lock);
}

void http_request_set_timeout(struct http_request *request, int64_t timeout_ms)
{
	struct exchange *exchange = exchange_of(request);

	if (timeout_ms > 0)
		timers_set(&exchange->server->timers, &exchange->connection->timer, timeout_ms);
	else
		timers_remove(&exchange->server->timers, &exchange->connection->timer);
}
