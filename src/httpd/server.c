/* The server: libmicrohttpd's callbacks, start and stop. */
#include "httpd/server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/log.h"
#include "httpd/exchange.h"
#include "httpd/listener.h"

/* What of a body past its bound is still read, so that the peer gets to see the 413. */
enum { EXCESS_MAX_BYTES = 256 * 1024, GROUPS_MAX = 1024 };

/* TLS 1.2 and 1.3, in the language of GnuTLS. */
static const char priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

/*
 * Connections
 */

static void cut_connection(struct timer *timer)
{
	/* The library sees the end of the stream; the descriptor stays its own. */
	shutdown(container_of(timer, struct connection, timer)->fd, SHUT_RDWR);
}

static void limit_time(struct connection *connection)
{
	struct http_server *server = connection->server;

	if (server->timeout_ms > 0)
		timers_set(&server->timers, &connection->timer, server->timeout_ms);
}

/* Of very many groups none is taken for ours. */
static bool shares_group(int fd, gid_t gid)
{
	gid_t groups[GROUPS_MAX], ours = getegid();
	socklen_t bytes = sizeof(groups);
	bool found = gid == ours;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &bytes) < 0)
		return found;
	for (size_t i = 0; !found && i < bytes / sizeof(groups[0]); i++)
		found = groups[i] == ours;
	return found;
}

static void read_peer(int fd, struct http_peer *peer)
{
	socklen_t bytes = sizeof(peer->address);
	struct ucred credentials;
	socklen_t credentials_bytes = sizeof(credentials);

	getpeername(fd, (struct sockaddr *)&peer->address, &bytes);
	if (peer->address.ss_family != AF_UNIX ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &credentials_bytes) < 0)
		return;
	peer->local = true;
	peer->pid = credentials.pid;
	peer->uid = credentials.uid;
	peer->gid = credentials.gid;
	peer->shares_group = shares_group(fd, peer->gid);
}

/* Each thread of the library gets the next one. */
static struct bell *bell_of_thread(struct http_server *server)
{
	static _Thread_local struct bell *bell;

	if (!bell)
		bell = &server->bells[atomic_fetch_add(&server->bells_given, 1) %
		                      server->bell_count];
	return bell;
}

/* The session of libmicrohttpd is there, and its handshake has not begun. */
static int show_identity(struct connection *connection, struct MHD_Connection *mhd)
{
	struct http_server *server = connection->server;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	if (!server->tls)
		return 0;
	pthread_mutex_lock(&server->lock);
	connection->identity = http_identity_hold(server->identity);
	pthread_mutex_unlock(&server->lock);
	return info ? http_identity_show(connection->identity, info->tls_session) : ERR_IO;
}

static void connection_begin(struct http_server *server, struct MHD_Connection *mhd,
                             void **ret_context)
{
	int fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	struct connection *connection = mem_zalloc(sizeof(*connection));

	*ret_context = connection;
	if (!connection) {
		shutdown(fd, SHUT_RDWR);
		return;
	}
	connection->server = server;
	connection->number = atomic_fetch_add(&server->connections, 1) + 1;
	connection->fd = fd;
	connection->bell = bell_of_thread(server);
	connection->timer.fire = cut_connection;
	read_peer(fd, &connection->peer);
	limit_time(connection);
	if (show_identity(connection, mhd) < 0)
		shutdown(fd, SHUT_RDWR);
}

/* The library has ended its session by then. */
static void connection_end(struct http_server *server, struct connection *connection)
{
	if (!connection)
		return;
	timers_remove(&server->timers, &connection->timer);
	http_identity_release(connection->identity);
	exchange_destroy(connection->spare);
	mem_free(connection);
}

static void on_connection(void *arg, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
	struct http_server *server = arg;
	struct connection *connection = *context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		connection_begin(server, mhd, context);
		return;
	}
	connection_end(server, connection);
	*context = NULL;
}

/*
 * Exchanges
 */

/* The first that is heard of a request.  What is returned comes back in the other callbacks. */
static void *on_target(void *arg, const char *target, struct MHD_Connection *mhd)
{
	struct http_server *server = arg;
	struct connection *connection =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
	struct exchange *exchange = connection ? exchange_create(connection, mhd, target) : NULL;

	if (!exchange)
		return NULL;
	limit_time(connection);
	atomic_fetch_add(&server->active, 1);
	return exchange;
}

/* What was parked goes on, or has ended. */
static void unpark(struct exchange *exchange)
{
	struct http_server *server = exchange->server;

	if (!exchange->parked)
		return;
	exchange->parked = false;
	pthread_mutex_lock(&server->lock);
	list_remove(&exchange->node);
	if (server->stopping)
		pthread_cond_signal(&server->changed);
	pthread_mutex_unlock(&server->lock);
	bell_answer(exchange->connection->bell);
}

static void on_completed(void *arg, struct MHD_Connection *mhd, void **context,
                         enum MHD_RequestTerminationCode code)
{
	struct http_server *server = arg;
	struct exchange *exchange = *context;

	(void)mhd, (void)code;
	*context = NULL;
	if (!exchange)
		return;
	unpark(exchange);
	limit_time(exchange->connection);
	exchange_end(exchange);
	atomic_fetch_sub(&server->active, 1);
	if (!server->stopping)
		return;
	pthread_mutex_lock(&server->lock);
	pthread_cond_signal(&server->changed);
	pthread_mutex_unlock(&server->lock);
}

static enum MHD_Result queue(struct exchange *exchange)
{
	struct MHD_Response *response = exchange_response(exchange);

	/* Without an answer there was no memory for one: MHD_NO closes the connection. */
	return response ? MHD_queue_response(exchange->mhd, exchange->status, response) : MHD_NO;
}

static enum MHD_Result refuse(struct exchange *exchange, const struct http_refusal *refusal)
{
	exchange->phase = EXCHANGE_HANDLED;
	exchange_refuse(exchange, refusal);
	return queue(exchange);
}

static const struct http_refusal too_large = {413, "too_large", "the body is too large"};

static void set_body_max(struct exchange *exchange)
{
	const struct http_server *server = exchange->server;
	size_t max = server->body_max ? server->body_max(server->arg, &exchange->request) : 0;

	if (max > 0)
		exchange->body.max_bytes = max;
}

static enum MHD_Result check_headers(struct exchange *exchange)
{
	const struct http_server *server = exchange->server;
	const struct http_refusal *refusal = http_guard(&server->guards, &exchange->request);
	const char *length = http_request_header(&exchange->request, "Content-Length");

	if (!refusal && server->admit)
		refusal = server->admit(server->arg, &exchange->request);
	if (refusal)
		return refuse(exchange, refusal);
	set_body_max(exchange);
	if (length && strtoull(length, NULL, 10) > exchange->body.max_bytes + EXCESS_MAX_BYTES)
		return refuse(exchange, &too_large);
	exchange->phase = EXCHANGE_BODY;
	return MHD_YES;
}

static enum MHD_Result take_body(struct exchange *exchange, const char *data, size_t bytes)
{
	if (!buf_failed(&exchange->body))
		buf_add(&exchange->body, data, bytes);
	switch (buf_failed(&exchange->body)) {
	case BUF_OK:
		return MHD_YES;
	case BUF_TOO_LONG:
		exchange->excess_bytes += bytes;
		return exchange->excess_bytes <= EXCESS_MAX_BYTES ? MHD_YES : MHD_NO;
	default:
		return MHD_NO;
	}
}

static enum MHD_Result handle(struct exchange *exchange)
{
	static const struct http_refusal silent = {500, "internal", "the request was not answered"};
	struct http_server *server = exchange->server;

	if (buf_failed(&exchange->body))
		return refuse(exchange, &too_large);
	exchange->request.body = buf_str(&exchange->body);
	exchange->request.body_bytes = exchange->body.len_bytes;
	exchange->phase = EXCHANGE_HANDLED;
	server->handle(server->arg, &exchange->request);
	if (exchange->parked)
		return MHD_YES;
	if (exchange->suspended)
		return refuse(exchange, &exchange_stopping);
	return exchange->answered ? queue(exchange) : refuse(exchange, &silent);
}

/* The library calls this when the headers are complete, for each piece of the body, when all has
 * arrived, and again when a suspended connection was resumed. */
static enum MHD_Result on_access(void *arg, struct MHD_Connection *mhd, const char *path,
                                 const char *method, const char *version, const char *data,
                                 size_t *data_bytes, void **context)
{
	struct exchange *exchange = *context;
	size_t bytes = *data_bytes;

	(void)arg, (void)mhd;
	if (!exchange)
		return MHD_NO;
	switch (exchange->phase) {
	case EXCHANGE_HEADERS:
		if (exchange_fill(exchange, path, method, version) < 0)
			return MHD_NO;
		return check_headers(exchange);
	case EXCHANGE_BODY:
		if (bytes == 0)
			return handle(exchange);
		*data_bytes = 0;
		return take_body(exchange, data, bytes);
	default:
		unpark(exchange);
		return queue(exchange);
	}
}

/*
 * Start and stop
 */

static void __attribute__((format(printf, 2, 0)))
on_complaint(void *arg, const char *format, va_list args)
{
	struct http_server *server = arg;
	char line[512];

	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = '\0';
	log_event(LOG_LEVEL_DEBUG, "libmicrohttpd", "detail", line, NULL);
	pthread_mutex_lock(&server->lock);
	if (server->complaints)
		buf_printf(server->complaints, "%s%s", server->complaints->len_bytes ? "; " : "",
		           line);
	pthread_mutex_unlock(&server->lock);
}

static size_t or_else(size_t value, size_t usual)
{
	return value ? value : usual;
}

static size_t connections_max(const struct http_options *options)
{
	return or_else(options->connections_max, HTTP_CONNECTIONS_MAX);
}

static struct MHD_Daemon *start_library(struct http_server *server,
                                        const struct http_options *options, int fd)
{
	const bool tls = server->tls;
	const size_t memory_bytes = or_else(options->memory_bytes, HTTP_MEMORY_BYTES);
	unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
	                 MHD_USE_ERROR_LOG | (tls ? MHD_USE_TLS : 0);
	/* The library takes pointers to non-const, and only reads. */
	struct MHD_OptionItem tls_items[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)options->certificate_pem},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)options->key_pem},
		{MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)priorities},
		{MHD_OPTION_END, 0, NULL},
	};
	struct MHD_OptionItem pool_items[] = {
		{MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)options->threads, NULL},
		{MHD_OPTION_END, 0, NULL},
	};
	struct MHD_OptionItem items[] = {
		{MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)on_complaint, server},
		{MHD_OPTION_LISTEN_SOCKET, fd, NULL},
		{MHD_OPTION_CONNECTION_LIMIT, (intptr_t)connections_max(options), NULL},
		{MHD_OPTION_PER_IP_CONNECTION_LIMIT, (intptr_t)options->connections_per_ip_max,
	         NULL},
		{MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)memory_bytes, NULL},
		{MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, server},
		{MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)on_target, server},
		{MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, server},
		{MHD_OPTION_ARRAY, 0, options->threads > 1 ? pool_items : pool_items + 1},
		{MHD_OPTION_ARRAY, 0, tls ? tls_items : tls_items + 3},
		{MHD_OPTION_END, 0, NULL},
	};
	struct MHD_Daemon *daemon;
	sigset_t all, before;

	/* The library's threads inherit the mask: signals belong to the program's own. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_access, server, MHD_OPTION_ARRAY, items,
	                          MHD_OPTION_END);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return daemon;
}

static int start_daemon(struct http_server *server, const struct http_options *options, int fd,
                        struct err *e)
{
	struct buf complaints;
	int rc = 0;

	buf_init(&complaints, ERR_TEXT_BYTES);
	server->complaints = &complaints;
	server->daemon = start_library(server, options, fd);
	pthread_mutex_lock(&server->lock);
	server->complaints = NULL;
	pthread_mutex_unlock(&server->lock);
	if (!server->daemon)
		rc = err_set(e, server->tls ? ERR_INVALID : ERR_IO,
		             "cannot start the server at %s: %s", server->url,
		             complaints.len_bytes ? buf_str(&complaints) : "no reason given");
	buf_finish(&complaints);
	return rc;
}

static void server_destroy(struct http_server *server)
{
	timers_stop(&server->timers, false);
	pthread_cond_destroy(&server->changed);
	pthread_mutex_destroy(&server->lock);
	mem_free(server->bells);
	http_identity_release(server->identity);
	mem_free(server);
}

static int server_create(const struct http_options *options, struct http_server **ret,
                         struct err *e)
{
	struct http_server *server = mem_zalloc(sizeof(*server));
	pthread_condattr_t monotonic;

	if (!server)
		return err_no_memory(e);
	int rc = timers_start(&server->timers, e);
	if (rc < 0) {
		mem_free(server);
		return rc;
	}
	pthread_mutex_init(&server->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&server->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	list_init(&server->suspended);
	list_init(&server->streams);
	server->handle = options->handle;
	server->answered = options->answered;
	server->arg = options->arg;
	server->admit = options->admit;
	server->body_max = options->body_max;
	server->guards = options->guards;
	server->headers = options->headers;
	server->header_count = options->header_count;
	server->body_max_bytes = or_else(options->body_max_bytes, HTTP_BODY_MAX_BYTES);
	server->timeout_ms = options->timeout_ms;
	server->tls = options->certificate_pem != NULL;
	server->bell_count = options->threads > 1 ? options->threads : 1;
	server->bells = mem_array(server->bell_count, sizeof(*server->bells));
	if (!server->bells || timers_reserve(&server->timers, connections_max(options)) < 0)
		rc = err_no_memory(e);
	if (rc == 0 && server->tls)
		rc = http_identity_create(options->certificate_pem, options->key_pem,
		                          &server->identity, e);
	if (rc == 0)
		*ret = server;
	else
		server_destroy(server);
	return rc;
}

int http_server_start(const struct http_options *options, struct http_server **ret, struct err *e)
{
	struct http_server *server = NULL;
	int fd = options->address ? listener_open(options->address, options->port, e)
	                          : options->listen_fd;

	if (fd < 0)
		return ERR_IO;
	int rc = server_create(options, &server, e);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	server->address_bytes = sizeof(server->address);
	getsockname(fd, (struct sockaddr *)&server->address, &server->address_bytes);
	listener_url((struct sockaddr *)&server->address, server->address_bytes,
	             server->tls ? "https" : "http", server->url, sizeof(server->url));
	rc = start_daemon(server, options, fd, e); /* the library has closed fd when it failed */
	if (rc < 0) {
		server_destroy(server);
		return rc;
	}
	*ret = server;
	return 0;
}

void http_server_identify(struct http_server *server, struct http_identity *identity)
{
	pthread_mutex_lock(&server->lock);
	struct http_identity *before = server->identity;
	if (server->tls)
		server->identity = identity;
	pthread_mutex_unlock(&server->lock);
	http_identity_release(server->tls ? before : identity);
}

static struct timespec after(int64_t ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += (time_t)(ms / 1000);
	at.tv_nsec += (long)(ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

/* Until nothing is suspended, which is soon, and then at most grace_ms until all has left. */
static void drain(struct http_server *server, int64_t grace_ms)
{
	const struct timespec deadline = after(grace_ms);

	pthread_mutex_lock(&server->lock);
	server->stopping = true;
	list_each(node, &server->suspended) {
		exchange_abort(container_of(node, struct exchange, node));
	}
	streams_wake(server);
	while (!list_empty(&server->suspended))
		pthread_cond_wait(&server->changed, &server->lock);
	while (server->active > 0 &&
	       pthread_cond_timedwait(&server->changed, &server->lock, &deadline) == 0)
		continue;
	pthread_mutex_unlock(&server->lock);
}

void http_server_stop(struct http_server *server, int64_t grace_ms)
{
	if (!server)
		return;
	int fd = MHD_quiesce_daemon(server->daemon);

	drain(server, grace_ms);
	for (unsigned i = 0; i < server->bell_count; i++)
		bell_wait(&server->bells[i]);
	MHD_stop_daemon(server->daemon);
	if (fd >= 0)
		close(fd);
	server_destroy(server);
}

const char *http_server_url(const struct http_server *server)
{
	return server->url;
}

const struct sockaddr *http_server_address(const struct http_server *server, socklen_t *ret_bytes)
{
	*ret_bytes = server->address_bytes;
	return (const struct sockaddr *)&server->address;
}

uint64_t http_server_connections(const struct http_server *server)
{
	return atomic_load(&server->connections);
}
