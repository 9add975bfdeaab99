/* A transfer: an easy handle, what is set on it once, and what each request sets. */
#include "link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum {
	REPLY_HEADERS_MOST = 64 * 1024,
	REPLY_DISCARD_MOST = 256 * 1024, /* past what is kept, before the connection is given up */
	LIFETIME_S = 300,
	BUFFER_BYTES = 4096,
};

static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;
	size_t bytes = size * count;

	if (bytes >= 5 && memcmp(line, "HTTP/", 5) == 0)
		text_clear(
			&t->reply_headers); /* after an interim answer: only the last one counts */
	text_add(&t->reply_headers, line, bytes);
	if (!text_failed(&t->reply_headers))
		return bytes;
	t->too_many_headers = true;
	return 0;
}

static size_t on_reply(char *data, size_t size, size_t count, void *arg)
{
	struct transfer *t = arg;
	size_t bytes = size * count;
	size_t room = t->link->settings->keep_bytes - t->reply.len_bytes;

	t->reply_bytes += bytes;
	text_add(&t->reply, data, bytes < room ? bytes : room);
	if (t->reply_bytes <= (uint64_t)t->link->settings->keep_bytes + REPLY_DISCARD_MOST)
		return bytes;
	t->too_much_reply = true;
	return 0;
}

static bool permitted(struct transfer *t, const struct sockaddr *address, socklen_t bytes)
{
	struct webhook_link *l = t->link;

	return l->state->host->permit(l->host_link, address, bytes) == 0;
}

/* Before connecting: the last word of the network policy on the very address that is used. */
static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *t = arg;

	(void)purpose;
	if (!permitted(t, &address->addr, (socklen_t)address->addrlen)) {
		getnameinfo(&address->addr, (socklen_t)address->addrlen, t->denied,
		            sizeof(t->denied), NULL, 0, NI_NUMERICHOST);
		return CURL_SOCKET_BAD;
	}
	curl_socket_t fd = pump_open_socket(&t->link->multi, address);
	if (fd == CURL_SOCKET_BAD)
		t->no_descriptor = errno == EMFILE || errno == ENFILE;
	else
		t->link->opened++;
	return fd;
}

static socklen_t parse_address(const char *text, struct sockaddr_storage *ret)
{
	struct sockaddr_in *in = (void *)ret;
	struct sockaddr_in6 *in6 = (void *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		return sizeof(*in);
	}
	if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		return sizeof(*in6);
	}
	return 0;
}

/* Before each request, also on a pooled connection, which opens no socket. */
static int on_request(void *arg, char *peer, char *local, int peer_port, int local_port)
{
	struct transfer *t = arg;
	struct sockaddr_storage address;
	socklen_t bytes = parse_address(peer, &address);

	(void)local;
	(void)peer_port;
	(void)local_port;
	if (bytes > 0 && permitted(t, (const void *)&address, bytes))
		return CURL_PREREQFUNC_OK;
	snprintf(t->denied, sizeof(t->denied), "%s", peer);
	return CURL_PREREQFUNC_ABORT;
}

static void set_method(struct transfer *t, CURL *easy)
{
	const char *method = t->method->name;

	if (strcmp(method, "HEAD") == 0)
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	else
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}

/* Plain transport: what no setting of a connection may ever switch on.  The first failure counts:
 * a libcurl without one of these would not be safe to use. */
static CURLcode set_limits(struct transfer *t, CURL *easy)
{
	CURLcode rc = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");

	if (rc == CURLE_OK)
		rc = curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(easy, CURLOPT_PROXY, "");
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, t);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_request);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(easy, CURLOPT_PREREQDATA, t);
	return rc;
}

static void set_plumbing(struct transfer *t, CURL *easy)
{
	struct webhook_link *l = t->link;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->error);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)BUFFER_BYTES);
	curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, (long)LIFETIME_S);
	curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)(l->idle_timeout_ms / 1000));
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, pump_close_socket);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, &l->multi);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_reply);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
	if (t->is_test) {
		curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
		curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
		curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
		curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, t->only_connects ? 1L : 0L);
	} else {
		curl_easy_setopt(easy, CURLOPT_SHARE, l->share);
	}
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "linkspan/" LINKSPAN_VERSION);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	if (l->url && !t->only_connects)
		curl_easy_setopt(easy, CURLOPT_CURLU, l->url);
}

/* The connection is there and its TLS handshake is about to begin. */
static CURLcode on_tls(CURL *easy, void *ssl_ctx, void *arg)
{
	struct transfer *t = arg;

	(void)easy;
	t->handshake = true;
	t->handshake_us = (t->link->state->host->mono_ms() - t->request->start_ms) * 1000;
	if (t->link->roots)
		tls_roots_use(t->link->roots, ssl_ctx);
	peer_watch(&t->peer, ssl_ctx);
	return CURLE_OK;
}

static void set_tls(struct transfer *t, CURL *easy)
{
	const struct lk_value *const *tls = link_value(t->link, PARAM_TLS)->u.v;
	bool verify = tls[TLS_VERIFY]->u.i != 0;
	bool only_13 = strcmp(tls[TLS_MINIMUM]->u.s, "1.3") == 0;

	if (!t->link->target.https)
		return;
	curl_easy_setopt(easy, CURLOPT_SSLVERSION,
	                 (long)(only_13 ? CURL_SSLVERSION_TLSv1_3 : CURL_SSLVERSION_TLSv1_2));
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
	/* libcurl's own loading of roots is switched off: see tls.h. */
	curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_tls);
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, t);
	if (tls[TLS_CLIENT_CERTIFICATE]->u.s) {
		curl_easy_setopt(easy, CURLOPT_SSLCERT, tls[TLS_CLIENT_CERTIFICATE]->u.s);
		curl_easy_setopt(easy, CURLOPT_SSLKEY, tls[TLS_CLIENT_KEY]->u.s);
	}
}

/* What the settings say of a test. */
static void choose_method(struct transfer *t)
{
	const struct lk_value *const *test = link_value(t->link, PARAM_TEST)->u.v;

	t->method = t->link->method;
	if (!t->is_test)
		return;
	t->only_connects = strcmp(test[TEST_KIND]->u.s, "connect") == 0;
	if (test[TEST_METHOD]->u.s)
		t->method = webhook_method(test[TEST_METHOD]->u.s);
}

struct transfer *transfer_create(struct webhook_link *l, bool is_test)
{
	struct transfer *t = wh_array(1, sizeof(*t));

	if (!t)
		return NULL;
	t->link = l;
	t->is_test = is_test;
	t->body = -1;
	choose_method(t);
	text_init(&t->test_body, TEST_BODY_MAX_BYTES);
	text_init(&t->url, TARGET_URL_MAX_BYTES);
	text_init(&t->reply_headers, REPLY_HEADERS_MOST);
	text_init(&t->reply, l->settings->keep_bytes);
	text_init(&t->lead_text,
	          MESSAGE_HEADERS * (HEADER_NAME_MAX_BYTES + HEADER_VALUE_MAX_BYTES));
	header_block_init(&t->own);
	t->easy = curl_easy_init();
	if (!peer_init(&t->peer, is_test) || !t->easy || set_limits(t, t->easy) != CURLE_OK) {
		transfer_destroy(t);
		return NULL;
	}
	set_plumbing(t, t->easy);
	set_method(t, t->easy);
	set_tls(t, t->easy);
	return t;
}

void transfer_destroy(struct transfer *t)
{
	curl_easy_cleanup(t->easy);
	header_block_finish(&t->own);
	text_finish(&t->url);
	text_finish(&t->reply_headers);
	text_finish(&t->reply);
	text_finish(&t->lead_text);
	text_wipe(&t->test_body);
	text_finish(&t->test_body);
	peer_finish(&t->peer);
	wh_free(t);
}

/* With a body libcurl makes a POST of it, and without one a GET; the method's name is ours. */
static void set_body(struct transfer *t)
{
	const struct lk_request *r = t->request;
	bool post = r->body || strcmp(t->method->name, "POST") == 0;

	if (!t->method->may_have_body)
		return;
	if (post) {
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, r->body ? r->body : "");
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_bytes);
	} else if (t->body != 0) {
		curl_easy_setopt(t->easy, CURLOPT_HTTPGET, 1L);
		curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, t->method->name);
	}
	t->body = post;
}

/* A copy of the passphrase goes into the handle, which wipes nothing: it is set for the time of a
 * handshake's request only when there is one. */
static int set_passphrase(struct transfer *t)
{
	struct webhook_link *l = t->link;
	const struct lk_value *value = link_value(l, PARAM_TLS)->u.v[TLS_CLIENT_KEY_PASSPHRASE];
	char text[1024];

	if (!value->secret)
		return 0;
	if (l->state->host->secret(l->host_link, value->secret, text, sizeof(text), NULL) < 0)
		return LK_EINVAL;
	CURLcode rc = curl_easy_setopt(t->easy, CURLOPT_KEYPASSWD, text);
	wh_wipe(text, sizeof(text));
	return rc == CURLE_OK ? 0 : LK_ENOMEM;
}

static long left_ms(int64_t limit, int64_t gone)
{
	return limit > gone ? (long)(limit - gone) : 1;
}

int transfer_start(struct transfer *t)
{
	struct webhook_link *l = t->link;
	int64_t gone = l->state->host->mono_ms() - t->request->start_ms;

	text_clear(&t->reply_headers);
	text_clear(&t->reply);
	peer_clear(&t->peer);
	t->reply_bytes = 0;
	t->too_many_headers = t->too_much_reply = t->no_descriptor = t->handshake = false;
	t->denied[0] = t->error[0] = '\0';

	/* Without lines the headers could not be rebuilt after a change of a secret: nothing is sent
	 * without them. */
	if (!t->only_connects && !t->headers->lines)
		return LK_ENOMEM;
	if (!l->url || t->only_connects)
		curl_easy_setopt(t->easy, CURLOPT_URL, text_str(&t->url));
	if (t->addresses != l->resolve.version) {
		t->addresses = l->resolve.version;
		curl_easy_setopt(t->easy, CURLOPT_RESOLVE, l->resolve.list);
	}
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->lines);
	curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS,
	                 left_ms(l->connection_timeout_ms, gone));
	curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, left_ms(l->request_timeout_ms, gone));
	set_body(t);
	int rc = set_passphrase(t);
	return rc < 0 ? rc : pump_start(&l->multi, t->easy);
}
