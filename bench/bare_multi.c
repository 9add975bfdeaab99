/*
 * bare_multi URL CA-FILE IN-FLIGHT SECONDS: what libcurl costs with nothing around it.
 *
 * One multi handle driven by epoll and curl_multi_socket_action(), reused easy handles, and the
 * options that the webhook plugin sets.  Registrations are lazy here too: a descriptor stays in the
 * epoll set with what it was last asked for, since a kept-alive connection asks for it again.
 */
#include <curl/curl.h>
#include <err.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/meter.h"

enum { BODY_BYTES = 512, EVENTS_PER_TURN = 128, IN_FLIGHT_MOST = 1024, DESCRIPTORS = 8192 };

struct slot {
	CURL *easy;
	bool resumed;
	char error[CURL_ERROR_SIZE];
};

static struct loop {
	const char *url;
	int epoll_fd;
	double timer_s; /* < 0: none */
	CURLM *multi;
	CURLU *parsed;
	CURLSH *share;
	X509_STORE *store;
	struct curl_slist *headers;
	char body[BODY_BYTES];
	uint32_t wanted[DESCRIPTORS], registered[DESCRIPTORS];
	struct slot slots[IN_FLIGHT_MOST];
	unsigned under_way;
	struct meter meter;
} loop;

static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
	(void)line;
	(void)arg;
	return size * count;
}

static size_t on_reply(char *data, size_t size, size_t count, void *arg)
{
	struct slot *slot = arg;

	slot->resumed = data[0] == 'r';
	return size * count;
}

static int on_request(void *arg, char *peer, char *local, int peer_port, int local_port)
{
	(void)arg;
	(void)peer;
	(void)local;
	(void)peer_port;
	(void)local_port;
	return CURL_PREREQFUNC_OK;
}

static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	(void)arg;
	(void)purpose;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int on_close_socket(void *arg, curl_socket_t fd)
{
	(void)arg;
	loop.wanted[fd] = loop.registered[fd] = 0;
	return close(fd);
}

static CURLcode on_context(CURL *easy, void *ssl_ctx, void *arg)
{
	(void)easy;
	(void)arg;
	SSL_CTX_set1_cert_store(ssl_ctx, loop.store);
	return CURLE_OK;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
	uint32_t wanted = (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) |
	                  (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0);
	struct epoll_event event = {.events = wanted, .data.fd = fd};

	(void)easy;
	(void)arg;
	(void)unused;
	if (fd >= DESCRIPTORS)
		return -1;
	if (what == CURL_POLL_REMOVE)
		wanted = 0;
	loop.wanted[fd] = wanted;
	if (wanted == 0 || wanted == loop.registered[fd])
		return 0;
	int op = loop.registered[fd] ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
	loop.registered[fd] = wanted;
	return epoll_ctl(loop.epoll_fd, op, fd, &event);
}

static int on_timer(CURLM *multi, long timeout_ms, void *arg)
{
	(void)multi;
	(void)arg;
	loop.timer_s = timeout_ms < 0 ? -1 : meter_now_s() + (double)timeout_ms / 1e3;
	return 0;
}

static void set_limits(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_request);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
}

static void set_plumbing(CURL *easy, struct slot *slot)
{
	curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, slot->error);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 4096L);
	curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, 300L);
	curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, 60L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_reply);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
	curl_easy_setopt(easy, CURLOPT_SHARE, loop.share);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "linkspan/" LINKSPAN_VERSION);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_CURLU, loop.parsed);
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "POST");
}

static void set_tls(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_context);
}

/* What the plugin sets for each request. */
static void start(struct slot *slot)
{
	slot->resumed = false;
	slot->error[0] = '\0';
	curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, loop.headers);
	curl_easy_setopt(slot->easy, CURLOPT_CONNECTTIMEOUT_MS, 2000L);
	curl_easy_setopt(slot->easy, CURLOPT_TIMEOUT_MS, 2000L);
	curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDS, loop.body);
	curl_easy_setopt(slot->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)BODY_BYTES);
	curl_multi_add_handle(loop.multi, slot->easy);
}

static void collect(void)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(loop.multi, &left))) {
		struct slot *slot = NULL;
		CURLcode code = message->data.result;
		long status = 0;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&slot);
		curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status);
		bool delivered = code == CURLE_OK && status == 200;
		if (!delivered && loop.meter.failures == 0)
			warnx("%s (status %ld)", curl_easy_strerror(code), status);
		curl_multi_remove_handle(loop.multi, slot->easy);
		if (meter_count(&loop.meter, delivered, slot->resumed))
			start(slot);
		else
			loop.under_way--;
	}
}

static int sleep_ms(void)
{
	double left = loop.timer_s - meter_now_s();

	return loop.timer_s < 0 ? -1 : left <= 0 ? 0 : (int)(left * 1e3) + 1;
}

static void turn(void)
{
	struct epoll_event events[EVENTS_PER_TURN];
	int count = epoll_wait(loop.epoll_fd, events, EVENTS_PER_TURN, sleep_ms()), running;

	for (int i = 0; i < count; i++) {
		int fd = events[i].data.fd;
		int mask = (events[i].events & (EPOLLIN | EPOLLHUP) ? CURL_CSELECT_IN : 0) |
		           (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
		           (events[i].events & EPOLLERR ? CURL_CSELECT_ERR : 0);
		if (loop.wanted[fd]) {
			curl_multi_socket_action(loop.multi, fd, mask, &running);
		} else if (loop.registered[fd]) {
			epoll_ctl(loop.epoll_fd, EPOLL_CTL_DEL, fd, NULL);
			loop.registered[fd] = 0;
		}
	}
	if (loop.timer_s >= 0 && loop.timer_s <= meter_now_s()) {
		loop.timer_s = -1;
		curl_multi_socket_action(loop.multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
	collect();
}

static void open_loop(const char *ca_file, unsigned in_flight)
{
	static const char *const lines[] = {"Content-Type: application/json", "Accept:", "Expect:"};

	loop.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	loop.timer_s = -1;
	loop.multi = curl_multi_init();
	loop.share = curl_share_init();
	loop.parsed = curl_url();
	loop.store = X509_STORE_new();
	if (X509_STORE_load_file(loop.store, ca_file) != 1 ||
	    curl_url_set(loop.parsed, CURLUPART_URL, loop.url, CURLU_PATH_AS_IS) != CURLUE_OK)
		errx(1, "cannot use %s or %s", ca_file, loop.url);
	X509_STORE_set_flags(loop.store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
	curl_share_setopt(loop.share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	curl_multi_setopt(loop.multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(loop.multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(loop.multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
	curl_multi_setopt(loop.multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)in_flight);
	curl_multi_setopt(loop.multi, CURLMOPT_MAXCONNECTS, (long)in_flight);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		loop.headers = curl_slist_append(loop.headers, lines[i]);
	memset(loop.body, 'x', sizeof(loop.body));
	loop.body[0] = loop.body[sizeof(loop.body) - 1] = '"';
}

int main(int argc, char **argv)
{
	if (argc != 5)
		errx(2, "usage: bare_multi URL CA-FILE IN-FLIGHT SECONDS");
	unsigned in_flight = (unsigned)strtoul(argv[3], NULL, 10);
	if (in_flight == 0 || in_flight > IN_FLIGHT_MOST)
		errx(2, "between 1 and %d in flight", IN_FLIGHT_MOST);
	loop.url = argv[1];
	curl_global_init(CURL_GLOBAL_DEFAULT);
	open_loop(argv[2], in_flight);
	loop.under_way = in_flight;
	meter_start(&loop.meter, strtod(argv[4], NULL));
	for (unsigned i = 0; i < in_flight; i++) {
		struct slot *slot = &loop.slots[i];
		slot->easy = curl_easy_init();
		set_limits(slot->easy);
		set_plumbing(slot->easy, slot);
		set_tls(slot->easy);
		start(slot);
	}
	while (loop.under_way > 0)
		turn();
	return meter_print(&loop.meter);
}
