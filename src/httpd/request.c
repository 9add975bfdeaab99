/* A request: copied out of the library, looked up, suspended. */
#include "httpd/request.h"

#include <string.h>
#include <strings.h>

#include "base/banned.h"
#include "base/err.h"
#include "httpd/exchange.h"

enum { SPARE_BODY_BYTES = 4096 /* of a body's memory, for the next one */ };

/* One that is there already, or new memory. */
static struct exchange *take(struct connection *connection)
{
	struct exchange *exchange = connection->spare;

	connection->spare = NULL;
	if (exchange)
		return exchange;
	exchange = mem_zalloc(sizeof(*exchange));
	if (!exchange)
		return NULL;
	arena_init(&exchange->arena);
	buf_init(&exchange->body, 0);
	return exchange;
}

struct exchange *exchange_create(struct connection *connection, struct MHD_Connection *mhd,
                                 const char *target)
{
	struct http_server *server = connection->server;
	struct exchange *exchange = take(connection);

	if (!exchange)
		return NULL;
	*exchange = (struct exchange){
		.request = {.connection = connection->number,
	                    .tls = server->tls,
	                    .peer = connection->peer,
	                    .body = ""},
		.arena = exchange->arena,
		.body = exchange->body,
		.form = exchange->form,
		.server = server,
		.connection = connection,
		.mhd = mhd,
		.raw_target = target,
		.holders = 1,
	};
	exchange->body.max_bytes = server->body_max_bytes;
	list_init(&exchange->node);
	exchange->request.target = arena_strdup(&exchange->arena, target);
	if (exchange->request.target)
		return exchange;
	exchange_release(exchange);
	return NULL;
}

/* Bodies and headers may hold secrets. */
static void wipe(struct exchange *exchange)
{
	if (exchange->response)
		MHD_destroy_response(exchange->response);
	exchange->response = NULL;
	mem_wipe(exchange->form.body, exchange->form.body_bytes);
	buf_wipe(&exchange->body);
	arena_reuse(&exchange->arena);
}

void exchange_destroy(struct exchange *exchange)
{
	if (!exchange)
		return;
	wipe(exchange);
	if (exchange->form.response)
		MHD_destroy_response(exchange->form.response);
	buf_finish(&exchange->body);
	arena_finish(&exchange->arena);
	mem_free(exchange);
}

void exchange_release(struct exchange *exchange)
{
	if (atomic_fetch_sub(&exchange->holders, 1) == 1)
		exchange_destroy(exchange);
}

void exchange_end(struct exchange *exchange)
{
	struct connection *connection = exchange->connection;

	/* Whoever else held it has let it go, and nobody comes anew. */
	if (atomic_load(&exchange->holders) > 1 || connection->spare) {
		exchange_release(exchange);
		return;
	}
	wipe(exchange);
	if (exchange->body.cap_bytes > SPARE_BODY_BYTES)
		buf_finish(&exchange->body);
	connection->spare = exchange;
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

/* The first letters, in any case, tell most names apart. */
static bool is_name(const char *given, const char *name)
{
	return ((given[0] ^ name[0]) & ~0x20) == 0 && strcasecmp(given, name) == 0;
}

const char *http_request_header(const struct http_request *request, const char *name)
{
	for (size_t i = 0; i < request->header_count; i++) {
		if (is_name(request->headers[i].name, name))
			return request->headers[i].value;
	}
	return NULL;
}

size_t http_request_header_count(const struct http_request *request, const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < request->header_count; i++)
		count += is_name(request->headers[i].name, name);
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
