/* The blocking HTTP client, on libcurl's easy interface. */
#include "fetch/fetch.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>

#include "base/banned.h"
#include "base/err.h"
#include "base/mem.h"

enum { CONNECT_TIMEOUT_MS = 5000, UPLOAD_BYTES = 512 * 1024, RECEIVE_BYTES = 128 * 1024 };

struct fetch {
	CURL *easy;
	char *url, *socket, *server, *ca_file, *bearer;
	size_t reply_max_bytes;
	bool (*stop)(void *arg);
	void *arg;
	char message[CURL_ERROR_SIZE];
	/* Of the request that runs. */
	const char *body;
	size_t body_bytes, body_left;
	struct fetch_reply *reply;
};

static size_t give_body(char *piece, size_t size, size_t count, void *arg)
{
	struct fetch *f = arg;
	size_t bytes = size * count < f->body_left ? size * count : f->body_left;

	memcpy(piece, f->body, bytes);
	f->body += bytes;
	f->body_left -= bytes;
	return bytes;
}

static size_t take_body(char *piece, size_t size, size_t count, void *arg)
{
	struct fetch *f = arg;

	buf_add(&f->reply->body, piece, size * count);
	return buf_failed(&f->reply->body) ? 0 : size * count;
}

static int on_progress(void *arg, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
                       curl_off_t up)
{
	struct fetch *f = arg;

	(void)down_all, (void)down, (void)up_all, (void)up;
	return f->stop && f->stop(f->arg) ? 1 : 0;
}

/* What is the same for every request. */
static bool set_up(struct fetch *f)
{
	CURL *easy = f->easy;
	int failed = 0;

	failed |= (int)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	failed |= (int)curl_easy_setopt(easy, CURLOPT_PROXY, "");
	failed |= (int)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_MAXCONNECTS, 1L);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BYTES);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, f->message);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_READDATA, f);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_WRITEDATA, f);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_XFERINFODATA, f);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
	if (f->ca_file)
		failed |= (int)curl_easy_setopt(easy, CURLOPT_CAINFO, f->ca_file);
	if (f->socket)
		failed |= (int)curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, f->socket);
	return failed == 0;
}

static bool copy(const char *text, char **ret)
{
	*ret = text ? mem_strdup(text) : NULL;
	return *ret || !text;
}

int fetch_create(const struct fetch_options *options, struct fetch **ret, struct err *e)
{
	struct fetch *f = mem_zalloc(sizeof(*f));

	if (!f)
		return err_no_memory(e);
	f->reply_max_bytes =
		options->reply_max_bytes ? options->reply_max_bytes : FETCH_REPLY_MAX_BYTES;
	f->stop = options->stop;
	f->arg = options->arg;
	f->url = mem_strdup(options->url);
	f->server = mem_strdup(options->server);
	f->easy = curl_easy_init();
	if (!f->url || !f->server || !copy(options->socket, &f->socket) ||
	    !copy(options->ca_file, &f->ca_file) || !copy(options->bearer, &f->bearer) ||
	    !f->easy || !set_up(f)) {
		fetch_destroy(f);
		return err_no_memory(e);
	}
	*ret = f;
	return 0;
}

void fetch_destroy(struct fetch *f)
{
	if (!f)
		return;
	curl_easy_cleanup(f->easy);
	mem_free(f->url);
	mem_free(f->server);
	mem_free(f->socket);
	mem_free(f->ca_file);
	if (f->bearer)
		mem_wipe(f->bearer, strlen(f->bearer));
	mem_free(f->bearer);
	mem_free(f);
}

void fetch_reply_init(struct fetch_reply *reply)
{
	*reply = (struct fetch_reply){.retry_after_ms = -1};
	buf_init(&reply->body, FETCH_REPLY_MAX_BYTES);
}

void fetch_reply_finish(struct fetch_reply *reply)
{
	buf_finish(&reply->body);
}

bool fetch_is_unknown(int rc)
{
	return rc == ERR_TIMEOUT || rc == ERR_IO || rc == ERR_INTERRUPTED;
}

/* A line break in a value would begin a header, or a request, of its own. */
static bool is_one_line(const char *s)
{
	for (; *s; s++)
		if (((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7f)
			return false;
	return true;
}

static int add_line(struct curl_slist **list, const char *line, struct err *e)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (!longer)
		return err_no_memory(e);
	*list = longer;
	return 0;
}

static int add_header(struct curl_slist **list, const struct fetch_header *header, struct err *e)
{
	struct buf line;

	if (!header->name[0] || strpbrk(header->name, ":; \t") || !is_one_line(header->name) ||
	    !is_one_line(header->value))
		return err_set(e, ERR_USAGE, "the header \"%s\" cannot be sent", header->name);
	buf_init(&line, BUF_MAX_LINE);
	/* libcurl's way to write a header without value. */
	buf_printf(&line, header->value[0] ? "%s: %s" : "%s;", header->name, header->value);
	int rc = buf_failed(&line)
	                 ? err_set(e, ERR_USAGE, "the header \"%s\" is too long", header->name)
	                 : add_line(list, buf_str(&line), e);
	buf_finish(&line);
	return rc;
}

static int add_bearer(struct curl_slist **list, const char *token, struct err *e)
{
	struct fetch_header header = {.name = "Authorization"};
	struct buf value;

	buf_init(&value, BUF_MAX_LINE);
	buf_printf(&value, "Bearer %s", token);
	header.value = buf_str(&value);
	int rc = buf_failed(&value) ? err_no_memory(e) : add_header(list, &header, e);
	buf_wipe(&value);
	buf_finish(&value);
	return rc;
}

static bool has_header(const struct fetch_request *request, const char *name)
{
	for (size_t i = 0; i < request->header_count; i++)
		if (curl_strequal(request->headers[i].name, name))
			return true;
	return false;
}

/* The caller frees the list in any case. */
static int make_headers(const struct fetch *f, const struct fetch_request *request,
                        struct curl_slist **ret, struct err *e)
{
	int rc = add_line(ret, "Expect:", e);

	if (rc == 0 && f->bearer)
		rc = add_bearer(ret, f->bearer, e);
	if (rc == 0)
		rc = add_line(ret, "Accept:", e);
	/* What libcurl would put there of itself is the type of a form. */
	if (rc == 0 && request->body && !has_header(request, "Content-Type"))
		rc = add_line(ret, "Content-Type:", e);
	for (size_t i = 0; i < request->header_count && rc == 0; i++)
		rc = add_header(ret, &request->headers[i], e);
	return rc;
}

static int set_request(struct fetch *f, const struct fetch_request *request,
                       const struct curl_slist *headers, struct err *e)
{
	CURL *easy = f->easy;
	int failed = 0;
	struct buf url;

	buf_init(&url, BUF_MAX_TEXT);
	buf_printf(&url, "%s%s", f->url, request->target);
	if (buf_failed(&url)) {
		buf_finish(&url);
		return err_no_memory(e);
	}
	failed |= (int)curl_easy_setopt(easy, CURLOPT_URL, buf_str(&url));
	buf_finish(&url);
	/*
	 * When a kept connection turns out to be dead, libcurl repeats the request on a new one,
	 * unless it would have to rewind a body.  No seek function is set, so it cannot: a body is
	 * never sent twice behind the caller's back.
	 */
	if (request->body) {
		failed |= (int)curl_easy_setopt(easy, CURLOPT_POST, 1L);
		failed |= (int)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
		                                (curl_off_t)request->body_bytes);
	} else {
		failed |= (int)curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	}
	failed |= (int)curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	failed |= (int)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->timeout_ms);
	f->body = request->body;
	f->body_bytes = f->body_left = request->body_bytes;
	return failed == 0 ? 0 : err_no_memory(e);
}

/* filename="…" (RFC 6266). */
static void take_file_name(struct fetch *f)
{
	static const char key[] = "filename=\"";
	struct curl_header *header = NULL;

	if (curl_easy_header(f->easy, "Content-Disposition", 0, CURLH_HEADER, -1, &header) !=
	    CURLHE_OK)
		return;
	const char *from = strstr(header->value, key);
	const char *end = from ? strchr(from + strlen(key), '"') : NULL;
	size_t length = end ? (size_t)(end - from) - strlen(key) : 0;
	if (length == 0 || length >= sizeof(f->reply->file_name))
		return;
	memcpy(f->reply->file_name, from + strlen(key), length);
	f->reply->file_name[length] = '\0';
}

static void read_reply(struct fetch *f)
{
	const char *type = NULL;
	curl_off_t retry_after_s = 0;
	long status = 0;

	curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(f->easy, CURLINFO_CONTENT_TYPE, &type);
	curl_easy_getinfo(f->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
	f->reply->status = (unsigned)status;
	if (type && strlen(type) < sizeof(f->reply->content_type))
		memcpy(f->reply->content_type, type, strlen(type) + 1);
	if (retry_after_s > 0)
		f->reply->retry_after_ms = (int64_t)retry_after_s * 1000;
	take_file_name(f);
}

/* What libcurl does not tell: why the connection was not made. */
static int not_connected(const struct fetch *f, struct err *e)
{
	long number = 0;

	/* A kept connection broke first, and libcurl failed to make another one. */
	if (f->body_left < f->body_bytes)
		return err_set(e, ERR_IO, "%s ended the connection before it had answered",
		               f->server);
	curl_easy_getinfo(f->easy, CURLINFO_OS_ERRNO, &number);
	if (!f->socket)
		return err_set(e, ERR_UNREACHABLE, "%s cannot be reached at %s: %s", f->server,
		               f->url, f->message);
	switch (number) {
	case ENOENT:
	case ENOTDIR:
		return err_set(e, ERR_UNREACHABLE, "%s is not running: there is no socket %s",
		               f->server, f->socket);
	case ECONNREFUSED:
		return err_set(e, ERR_UNREACHABLE,
		               "%s is not running: nobody listens at the socket %s", f->server,
		               f->socket);
	case EACCES:
	case EPERM:
		return err_set(e, ERR_DENIED, "this user may not connect to %s at the socket %s",
		               f->server, f->socket);
	default:
		errno = (int)number;
		return err_set_errno(e, ERR_UNREACHABLE, "%s cannot be reached at the socket %s",
		                     f->server, f->socket);
	}
}

static int timed_out(const struct fetch *f, const struct fetch_request *request, struct err *e)
{
	curl_off_t connected_us = 0, sent = 0;

	curl_easy_getinfo(f->easy, CURLINFO_CONNECT_TIME_T, &connected_us);
	curl_easy_getinfo(f->easy, CURLINFO_PRETRANSFER_TIME_T, &sent);
	if (connected_us == 0 && sent == 0)
		return err_set(e, ERR_UNREACHABLE, "%s did not accept the connection in time",
		               f->server);
	return err_set(e, ERR_TIMEOUT, "%s did not answer within %.1f s", f->server,
	               (double)request->timeout_ms / 1000.0);
}

static int failure(const struct fetch *f, const struct fetch_request *request, CURLcode code,
                   struct err *e)
{
	switch (code) {
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
		return not_connected(f, e);
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CONNECT_ERROR:
		return err_set(e, ERR_UNREACHABLE, "%s cannot be trusted at %s: %s", f->server,
		               f->url, f->message);
	case CURLE_OPERATION_TIMEDOUT:
		return timed_out(f, request, e);
	case CURLE_ABORTED_BY_CALLBACK:
		return err_set(e, ERR_INTERRUPTED, "interrupted");
	case CURLE_OUT_OF_MEMORY:
		return err_no_memory(e);
	case CURLE_URL_MALFORMAT:
		return err_set(e, ERR_USAGE, "no valid address: %s%s", f->url, request->target);
	case CURLE_WRITE_ERROR:
		if (buf_failed(&f->reply->body) == BUF_TOO_LONG)
			return err_set(e, ERR_IO, "the answer of %s is longer than %zu bytes",
			               f->server, f->reply->body.max_bytes);
		return err_no_memory(e);
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_SEND_FAIL_REWIND:
		return err_set(e, ERR_IO, "%s ended the connection before it had answered",
		               f->server);
	default:
		return err_set(e, ERR_IO, "%s: %s", f->server,
		               f->message[0] ? f->message : curl_easy_strerror(code));
	}
}

static void empty(struct fetch *f, struct fetch_reply *reply)
{
	buf_clear(&reply->body);
	reply->body.max_bytes = f->reply_max_bytes;
	reply->status = 0;
	reply->content_type[0] = reply->file_name[0] = '\0';
	reply->retry_after_ms = -1;
	f->reply = reply;
	f->message[0] = '\0';
}

int fetch_run(struct fetch *f, const struct fetch_request *request, struct fetch_reply *reply,
              struct err *e)
{
	struct curl_slist *headers = NULL;

	empty(f, reply);
	if (!is_one_line(request->target) || request->target[0] != '/')
		return err_set(e, ERR_USAGE, "no valid address: %s", request->target);
	int rc = make_headers(f, request, &headers, e);
	if (rc == 0)
		rc = set_request(f, request, headers, e);
	if (rc == 0) {
		CURLcode code = curl_easy_perform(f->easy);
		if (code == CURLE_OK)
			read_reply(f);
		else
			rc = failure(f, request, code, e);
	}
	curl_easy_setopt(f->easy, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	return rc;
}
