/* `linkspan listen`: the receiver itself. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <linkspan/connector.h>

#include "base/banned.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"
#include "httpd/server.h"
#include "httpd/timers.h"
#include "linkspan/listen.h"
#include "json/json.h"

enum {
	CONNECTIONS_MAX = 1000,
	MEMORY_BYTES = 1024 * 1024, /* of a connection: hundreds of headers fit */
	PEM_MAX_BYTES = 1024 * 1024,
	GRACE_MS = 2000, /* for the last answers to leave */
};

struct receiver {
	const struct listen_options *options;
	FILE *out, *log;
	struct arena arena; /* of what was read from the options */
	struct http_pair *headers;
	size_t header_count;
	const char *content_type;
	char *certificate_pem, *key_pem;
	struct http_server *server;
	struct timers delays;
	uint64_t received; /* on the server's one thread */
	_Atomic uint64_t answered;
	atomic_int output_errno; /* of printing */
	int done_fd;             /* readable: no more is to be received */
};

/*
 * Answers
 */

/* An answer that waits for its time. */
struct answer {
	struct timer timer;
	struct receiver *receiver;
	struct http_request *request;
	unsigned status;
};

/* What a TRACE request gets back, less what may be secret (RFC 9110, 9.3.8). */
static void echo(const struct http_request *request, struct buf *text)
{
	static const char *const secret[] = {"Authorization", "Proxy-Authorization", "Cookie"};

	buf_printf(text, "%s %s %s\r\n", request->method, request->target, request->version);
	for (size_t i = 0; i < request->header_count; i++) {
		bool shown = true;

		for (size_t s = 0; s < sizeof(secret) / sizeof(secret[0]); s++)
			shown = shown && strcasecmp(request->headers[i].name, secret[s]) != 0;
		if (shown)
			buf_printf(text, "%s: %s\r\n", request->headers[i].name,
			           request->headers[i].value);
	}
	buf_add_str(text, "\r\n");
}

static void answer_now(struct receiver *r, struct http_request *request, unsigned status)
{
	struct http_reply reply = {
		.status = status,
		.content_type = r->content_type,
		.body = r->options->body,
		.body_bytes = r->options->body ? strlen(r->options->body) : 0,
		.headers = r->headers,
		.header_count = r->header_count,
	};
	struct buf trace;

	buf_init(&trace, 2 * MEMORY_BYTES);
	if (status == 200 && strcmp(request->method, "TRACE") == 0) {
		echo(request, &trace);
		reply.content_type = "message/http";
		reply.body = buf_str(&trace);
		reply.body_bytes = trace.len_bytes;
	}
	http_reply(request, &reply);
	buf_finish(&trace);
	if (atomic_fetch_add(&r->answered, 1) + 1 == r->options->count)
		eventfd_write(r->done_fd, 1);
}

static void answer_due(struct timer *timer)
{
	struct answer *answer = container_of(timer, struct answer, timer);

	answer_now(answer->receiver, answer->request, answer->status);
	mem_free(answer);
}

static void answer_later(struct receiver *r, struct http_request *request, unsigned status)
{
	struct answer *answer = mem_zalloc(sizeof(*answer));

	if (!answer) {
		answer_now(r, request, status);
		return;
	}
	answer->timer.fire = answer_due;
	answer->receiver = r;
	answer->request = request;
	answer->status = status;
	http_request_suspend(request);
	if (timers_set(&r->delays, &answer->timer, r->options->delay_ms) < 0)
		answer_due(&answer->timer);
}

/* Standard output may block, and the server's thread with it: nobody else needs that thread. */
static void print(struct receiver *r, const struct http_request *request, unsigned status)
{
	struct buf text;

	/* Escapes make of a byte six at most. */
	buf_init(&text, 8 * (LK_BODY_MAX + MEMORY_BYTES));
	errno = ENOMEM;
	if (listen_print(request, status, clock_system.unix_ms(), r->options->output, &text) < 0 ||
	    fwrite(text.data, 1, text.len_bytes, r->out) != text.len_bytes || fflush(r->out) != 0) {
		atomic_store(&r->output_errno, errno);
		eventfd_write(r->done_fd, 1);
	}
	buf_finish(&text);
}

static void receive(void *arg, struct http_request *request)
{
	struct receiver *r = arg;
	const struct listen_options *options = r->options;

	if (options->count > 0 && r->received == options->count) {
		http_reply_problem(request, 503, "stopping",
		                   "the receiver has got what it waited for");
		return;
	}
	unsigned status = listen_script_status(&options->script, r->received++);

	if (!options->quiet)
		print(r, request, status);
	if (options->delay_ms > 0)
		answer_later(r, request, status);
	else
		answer_now(r, request, status);
}

/*
 * Options
 */

static int read_header(struct receiver *r, const char *line, struct err *e)
{
	static const char *const ours[] = {"Content-Length", "Transfer-Encoding", "Connection"};
	struct http_pair *pair = &r->headers[r->header_count];
	const char *colon = strchr(line, ':');

	if (!colon)
		return err_set(e, ERR_USAGE, "\"%s\" is not a header; write 'Name: value'", line);
	pair->name = arena_dup(&r->arena, line, (size_t)(colon - line));
	pair->value = colon + 1 + strspn(colon + 1, " \t");
	if (!pair->name)
		return err_no_memory(e);
	if (!http_reply_header_valid(pair->name, pair->value))
		return err_set(e, ERR_USAGE,
		               "the header \"%s\" is empty or has characters that cannot be sent",
		               pair->name);
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (strcasecmp(pair->name, ours[i]) == 0)
			return err_set(e, ERR_USAGE, "%s is set by the receiver itself", ours[i]);
	}
	if (strcasecmp(pair->name, "Content-Type") == 0)
		r->content_type = pair->value;
	else
		r->header_count++;
	return 0;
}

static int read_headers(struct receiver *r, struct err *e)
{
	const char *const *lines = r->options->headers;
	const char *body = r->options->body;
	size_t count = 0;

	if (body)
		r->content_type = json_valid(body, strlen(body)) ? "application/json"
		                                                 : "text/plain; charset=utf-8";
	while (lines && lines[count])
		count++;
	r->headers = arena_array(&r->arena, count + 1, sizeof(*r->headers));
	if (!r->headers)
		return err_no_memory(e);
	for (size_t i = 0; i < count; i++) {
		int rc = read_header(r, lines[i], e);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int read_pem(const char *path, char **ret, struct err *e)
{
	FILE *file = fopen(path, "re");
	struct buf text;
	char piece[4096];
	size_t got;
	int rc = 0;

	if (!file)
		return err_set_errno(e, ERR_IO, "cannot read %s", path);
	buf_init(&text, PEM_MAX_BYTES);
	while (!buf_failed(&text) && (got = fread(piece, 1, sizeof(piece), file)) > 0)
		buf_add(&text, piece, got);
	if (ferror(file))
		rc = err_set_errno(e, ERR_IO, "cannot read %s", path);
	else if (buf_failed(&text) == BUF_TOO_LONG)
		rc = err_set(e, ERR_INVALID, "%s is too large for a certificate or key", path);
	else if (!(*ret = buf_take(&text)))
		rc = err_no_memory(e);
	mem_wipe(piece, sizeof(piece));
	buf_wipe(&text);
	buf_finish(&text);
	fclose(file);
	return rc;
}

static int read_pems(struct receiver *r, struct err *e)
{
	const struct listen_options *options = r->options;

	if (!options->certificate_file && !options->key_file)
		return 0;
	if (!options->certificate_file || !options->key_file)
		return err_set(e, ERR_USAGE, "HTTPS needs a certificate and its key");
	int rc = read_pem(options->certificate_file, &r->certificate_pem, e);
	return rc < 0 ? rc : read_pem(options->key_file, &r->key_pem, e);
}

/*
 * From start to end
 */

static int start_server(struct receiver *r, struct err *e)
{
	const struct http_options options = {
		.address = r->options->address ? r->options->address : "127.0.0.1",
		.port = r->options->port,
		.certificate_pem = r->certificate_pem,
		.key_pem = r->key_pem,
		.connections_max = CONNECTIONS_MAX,
		.memory_bytes = MEMORY_BYTES,
		.body_max_bytes = LK_BODY_MAX,
		.handle = receive,
		.arg = r,
	};

	return http_server_start(&options, &r->server, e);
}

/* Until a signal came, or enough requests, or printing failed. */
static int wait_for_end(struct receiver *r, int signal_fd, struct err *e)
{
	struct pollfd fds[] = {
		{.fd = signal_fd, .events = POLLIN},
		{.fd = r->done_fd, .events = POLLIN},
	};
	struct signalfd_siginfo taken;

	while (poll(fds, 2, -1) < 0) {
		if (errno != EINTR)
			return err_set_errno(e, ERR_IO, "cannot wait");
	}
	if ((fds[0].revents & POLLIN) && read(signal_fd, &taken, sizeof(taken)) < 0)
		return err_set_errno(e, ERR_IO, "cannot take a signal");
	int reason = atomic_load(&r->output_errno);
	if (reason == 0)
		return 0;
	errno = reason;
	return err_set_errno(e, ERR_IO, "cannot print a request");
}

static void summarise(struct receiver *r, uint64_t connections)
{
	uint64_t requests = r->received;

	fprintf(r->log, "%llu request%s over %llu connection%s\n", (unsigned long long)requests,
	        requests == 1 ? "" : "s", (unsigned long long)connections,
	        connections == 1 ? "" : "s");
	fflush(r->log);
}

static int serve(struct receiver *r, int signal_fd, struct err *e)
{
	int rc = timers_start(&r->delays, e);

	if (rc < 0)
		return rc;
	rc = start_server(r, e);
	if (rc == 0) {
		fprintf(r->log, "listening on %s\n", http_server_url(r->server));
		fflush(r->log);
		rc = wait_for_end(r, signal_fd, e);
		uint64_t connections = http_server_connections(r->server);
		http_server_stop(r->server, GRACE_MS);
		summarise(r, connections);
	}
	/* Answers that were not due yet still hold their requests. */
	timers_stop(&r->delays, true);
	return rc;
}

static int serve_until_signal(struct receiver *r, struct err *e)
{
	sigset_t ending, before;

	sigemptyset(&ending);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &ending, &before);
	int signal_fd = signalfd(-1, &ending, SFD_CLOEXEC);
	r->done_fd = eventfd(0, EFD_CLOEXEC);
	int rc = signal_fd < 0 || r->done_fd < 0
	                 ? err_set_errno(e, ERR_IO, "cannot make a descriptor")
	                 : serve(r, signal_fd, e);

	if (signal_fd >= 0)
		close(signal_fd);
	if (r->done_fd >= 0)
		close(r->done_fd);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

int listen_run(const struct listen_options *options, struct err *e)
{
	struct receiver r = {
		.options = options,
		.out = options->out ? options->out : stdout,
		.log = options->log ? options->log : stderr,
	};

	arena_init(&r.arena);
	int rc = read_headers(&r, e);
	if (rc == 0)
		rc = read_pems(&r, e);
	if (rc == 0)
		rc = serve_until_signal(&r, e);
	if (r.key_pem)
		mem_wipe(r.key_pem, strlen(r.key_pem));
	mem_free(r.key_pem);
	mem_free(r.certificate_pem);
	arena_finish(&r.arena);
	return rc;
}
