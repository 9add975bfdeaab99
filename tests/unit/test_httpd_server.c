/* The HTTP server over time: suspended requests, stop, limits, sockets, memory. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/un.h>

#include "base/banned.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"
#include "http_peer.h"
#include "httpd/server.h"
#include "httpd/timers.h"
#include "suite.h"

static sem_t arrived;
static struct http_request *kept;

static void answer(void *arg, struct http_request *request)
{
	(void)arg;
	http_reply(request, &(struct http_reply){
				    .status = 200,
				    .body = request->target,
				    .body_bytes = strlen(request->target),
			    });
}

static void keep(void *arg, struct http_request *request)
{
	(void)arg;
	kept = request;
	http_request_suspend(request);
	sem_post(&arrived);
}

static int dial(const struct http_server *server)
{
	socklen_t bytes;
	const struct sockaddr *address = http_server_address(server, &bytes);

	return peer_dial(address, bytes);
}

static struct http_server *start(struct http_options options)
{
	struct http_server *server;
	struct err e = {0};

	options.address = "127.0.0.1";
	if (!options.handle)
		options.handle = answer;
	sem_init(&arrived, 0, 0);
	ck_assert_msg(http_server_start(&options, &server, &e) == 0, "%s", e.text);
	return server;
}

/*
 * Answers from elsewhere
 */

struct errand {
	struct timer timer;
	struct http_request *request;
};

static struct timers later;

static void answer_late(struct timer *timer)
{
	struct errand *errand = container_of(timer, struct errand, timer);

	answer(NULL, errand->request);
	free(errand);
}

static void suspend_and_post(void *arg, struct http_request *request)
{
	const int *delay_ms = arg;
	struct errand *errand = calloc(1, sizeof(*errand));

	errand->timer.fire = answer_late;
	errand->request = request;
	if (*delay_ms > 100)
		http_request_set_timeout(request, 0);
	http_request_suspend(request);
	timers_set(&later, &errand->timer, *delay_ms);
}

static const struct http_refusal closed = {403, "closed", "not today"};

static const struct http_refusal *admit_reading(void *arg, const struct http_request *request)
{
	(void)arg;
	return strcmp(request->method, "GET") == 0 ? NULL : &closed;
}

/* Before its body, which never comes. */
START_TEST(what_is_not_admitted_goes_no_further)
{
	static const struct http_pair headers[] = {{"X-Every", "answer"}};
	struct http_server *server = start((struct http_options){
		.admit = admit_reading, .headers = headers, .header_count = 1});
	int fd = dial(server);

	peer_say(fd, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
	const char *reply = peer_hear(fd);
	ck_assert_uint_eq(peer_status(reply), 200);
	ck_assert_ptr_nonnull(strstr(reply, "\r\nX-Every: answer\r\n"));
	peer_say(fd, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n");
	reply = peer_hear(fd);
	ck_assert_uint_eq(peer_status(reply), 403);
	ck_assert_ptr_nonnull(strstr(reply, "\r\nX-Every: answer\r\n"));
	close(fd);
	http_server_stop(server, 1000);
}
END_TEST

START_TEST(suspended_requests_are_answered_from_another_thread)
{
	enum { PEERS = 64, ROUNDS = 20 };
	int delay_ms = 0, peers[PEERS];
	char text[64];

	ck_assert_int_eq(timers_start(&later, NULL), 0);
	struct http_server *server = start(
		(struct http_options){.handle = suspend_and_post, .arg = &delay_ms, .threads = 2});
	for (int i = 0; i < PEERS; i++)
		peers[i] = dial(server);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < PEERS; i++) {
			snprintf(text, sizeof(text), "GET /%d/%d HTTP/1.1\r\nHost: h\r\n\r\n", i,
			         round);
			peer_say(peers[i], text);
		}
		for (int i = 0; i < PEERS; i++) {
			snprintf(text, sizeof(text), "/%d/%d", i, round);
			ck_assert_str_eq(peer_body(peer_hear(peers[i])), text);
		}
	}
	for (int i = 0; i < PEERS; i++)
		close(peers[i]);
	http_server_stop(server, 1000);
	timers_stop(&later, true);
}
END_TEST

/*
 * Answers that come together
 */

enum { TOGETHER = 48 };

static struct http_request *_Atomic together[TOGETHER];

/* The target is its number. */
static void keep_by_number(void *arg, struct http_request *request)
{
	(void)arg;
	http_request_suspend(request);
	together[strtoul(request->target + 1, NULL, 10)] = request;
	sem_post(&arrived);
}

START_TEST(answers_that_come_together_reach_all_though_some_have_left)
{
	struct http_server *server =
		start((struct http_options){.handle = keep_by_number, .threads = 1 + (unsigned)_i});
	int peers[TOGETHER];
	char text[64];

	for (int i = 0; i < TOGETHER; i++)
		peers[i] = dial(server);
	for (int leaving = 0; leaving < 2; leaving++) {
		for (int i = 0; i < TOGETHER; i++) {
			snprintf(text, sizeof(text), "GET /%d HTTP/1.1\r\nHost: h\r\n\r\n", i);
			peer_say(peers[i], text);
		}
		for (int i = 0; i < TOGETHER; i++)
			sem_wait(&arrived);
		for (int i = 0; leaving && i < TOGETHER; i += 2)
			close(peers[i]);
		for (int i = 0; i < TOGETHER; i++)
			answer(NULL, together[i]);
		for (int i = leaving; i < TOGETHER; i += 1 + leaving) {
			snprintf(text, sizeof(text), "/%d", i);
			ck_assert_str_eq(peer_body(peer_hear(peers[i])), text);
		}
	}
	for (int i = 1; i < TOGETHER; i += 2)
		close(peers[i]);
	http_server_stop(server, 30000);
}
END_TEST

static void *stop(void *server)
{
	http_server_stop(server, 30000);
	return NULL;
}

START_TEST(stop_answers_what_is_suspended_and_the_request_stays_readable)
{
	struct http_server *server = start((struct http_options){.handle = keep});
	pthread_t stopper;
	int fd = dial(server);

	peer_say(fd, "POST /kept?a=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody");
	sem_wait(&arrived);
	ck_assert_int_eq(pthread_create(&stopper, NULL, stop, server), 0);
	const char *reply = peer_hear(fd);
	ck_assert_uint_eq(peer_status(reply), 503);
	ck_assert_ptr_nonnull(strstr(reply, "\"code\": \"stopping\""));
	ck_assert(peer_at_end(fd));
	close(fd);
	pthread_join(stopper, NULL);

	ck_assert_str_eq(kept->path, "/kept");
	ck_assert_str_eq(http_request_header(kept, "host"), "h");
	ck_assert_str_eq(http_request_query(kept, "a"), "1");
	ck_assert_ptr_null(http_request_query(kept, "b"));
	ck_assert_str_eq(kept->body, "body");
	http_reply(kept, &(struct http_reply){.status = 200});
}
END_TEST

START_TEST(a_peer_that_left_does_no_harm_to_a_late_answer)
{
	struct http_server *server = start((struct http_options){.handle = keep});
	int fd = dial(server);

	peer_say(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	sem_wait(&arrived);
	close(fd);
	http_reply(kept, &(struct http_reply){.status = 200});
	http_server_stop(server, 30000);
}
END_TEST

START_TEST(stop_ends_idle_and_half_read_connections_after_the_grace)
{
	struct http_server *server = start((struct http_options){0});
	int idle = dial(server), half = dial(server);

	peer_say(idle, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	peer_hear(idle);
	peer_say(half, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab");
	http_server_stop(server, 50);
	ck_assert(peer_at_end(idle));
	ck_assert(peer_at_end(half));
	close(idle);
	close(half);
}
END_TEST

/*
 * Limits
 */

static const char *const stalled[] = {
	"",
	"GET",
	"GET / HTTP/1.1\r\nHost:",
	"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc",
	"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\n",
};

START_TEST(a_stalled_connection_is_cut_even_when_bytes_trickle)
{
	enum { LIMIT_MS = 150 };
	int64_t begin_ms = clock_system.mono_ms();
	struct http_server *server = start((struct http_options){.timeout_ms = LIMIT_MS});
	const struct timeval tick = {.tv_usec = 10000};
	int fd = dial(server);
	char bytes[512];

	peer_say(fd, stalled[_i]);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof(tick));
	for (;;) {
		ssize_t got = recv(fd, bytes, sizeof(bytes), 0);

		if (got == 0 || (got < 0 && errno != EAGAIN))
			break;
		if (got < 0 && _i == 2)
			send(fd, "a", 1, MSG_NOSIGNAL);
		ck_assert_int_lt(clock_system.mono_ms() - begin_ms, 30000);
	}
	ck_assert_int_ge(clock_system.mono_ms() - begin_ms, LIMIT_MS);
	close(fd);
	http_server_stop(server, 1000);
}
END_TEST

START_TEST(a_request_can_be_exempt_from_the_limit)
{
	int delay_ms = 300;

	ck_assert_int_eq(timers_start(&later, NULL), 0);
	struct http_server *server = start((struct http_options){
		.handle = suspend_and_post, .arg = &delay_ms, .timeout_ms = 50});
	int fd = dial(server);

	peer_say(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert_uint_eq(peer_status(peer_hear(fd)), 200);
	close(fd);
	http_server_stop(server, 1000);
	timers_stop(&later, true);
}
END_TEST

START_TEST(one_address_gets_no_more_connections_than_its_bound)
{
	struct http_server *server = start((struct http_options){.connections_per_ip_max = 2});
	int first = dial(server), second = dial(server);

	peer_say(first, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert_uint_eq(peer_status(peer_hear(first)), 200);
	peer_say(second, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	ck_assert_uint_eq(peer_status(peer_hear(second)), 200);
	int third = dial(server);
	ck_assert(peer_at_end(third));
	close(first);
	close(second);
	close(third);
	http_server_stop(server, 1000);
}
END_TEST

START_TEST(connections_past_the_bound_wait_for_their_turn)
{
	struct http_server *server = start((struct http_options){.connections_max = 2});
	int fds[4];

	for (int i = 0; i < 4; i++) {
		fds[i] = dial(server);
		peer_say(fds[i], "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	}
	for (int i = 0; i < 4; i++) {
		ck_assert_uint_eq(peer_status(peer_hear(fds[i])), 200);
		ck_assert_uint_le(http_server_connections(server), (unsigned)i + 2);
		close(fds[i]);
	}
	http_server_stop(server, 1000);
}
END_TEST

/*
 * Sockets
 */

static struct http_peer seen;

static void note_peer(void *arg, struct http_request *request)
{
	(void)arg;
	seen = request->peer;
	http_reply(request, &(struct http_reply){.status = 204});
}

START_TEST(a_unix_socket_tells_who_calls)
{
	char folder[] = "/tmp/httpd-XXXXXX";
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct http_options options = {.handle = note_peer};
	struct http_server *server;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", folder);
	options.listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(options.listen_fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(options.listen_fd, 5), 0);
	ck_assert_int_eq(http_server_start(&options, &server, NULL), 0);
	ck_assert_str_eq(http_server_url(server), "unix:");
	int fd = dial(server);
	peer_say(fd, "GET / HTTP/1.0\r\n\r\n");
	ck_assert_uint_eq(peer_status(peer_hear(fd)), 204);
	ck_assert(seen.local);
	ck_assert_int_eq(seen.pid, getpid());
	ck_assert_uint_eq(seen.uid, geteuid());
	ck_assert_uint_eq(seen.gid, getegid());
	close(fd);
	http_server_stop(server, 1000);
	unlink(address.sun_path);
	rmdir(folder);
}
END_TEST

START_TEST(a_tcp_peer_has_its_address)
{
	struct http_server *server = start((struct http_options){.handle = note_peer});
	struct sockaddr_in own;
	socklen_t bytes = sizeof(own);
	int fd = dial(server);

	peer_say(fd, "GET / HTTP/1.0\r\n\r\n");
	peer_hear(fd);
	getsockname(fd, (struct sockaddr *)&own, &bytes);
	ck_assert(!seen.local);
	ck_assert_mem_eq(&seen.address, &own, sizeof(own));
	close(fd);
	http_server_stop(server, 1000);
}
END_TEST

START_TEST(the_url_names_the_port_that_was_chosen)
{
	struct http_server *server = start((struct http_options){0});
	const char *url = http_server_url(server);
	socklen_t bytes;
	const struct sockaddr_in *address =
		(const struct sockaddr_in *)(const void *)http_server_address(server, &bytes);

	ck_assert_int_eq(strncmp(url, "http://127.0.0.1:", 17), 0);
	ck_assert_uint_gt(ntohs(address->sin_port), 0);
	ck_assert_uint_eq(strtoul(url + 17, NULL, 10), ntohs(address->sin_port));
	http_server_stop(server, 0);
	http_server_stop(NULL, 0);
}
END_TEST

START_TEST(what_cannot_be_listened_on_is_said)
{
	struct http_server *server = start((struct http_options){0}), *second;
	struct http_options options = {.address = "127.0.0.1", .handle = answer};
	struct err e = {0};

	options.port = (uint16_t)strtoul(strrchr(http_server_url(server), ':') + 1, NULL, 10);
	ck_assert_int_eq(http_server_start(&options, &second, &e), ERR_IO);
	ck_assert_ptr_nonnull(strstr(e.text, "already in use"));
	http_server_stop(server, 0);

	err_clear(&e);
	options.address = "no such host";
	ck_assert_int_eq(http_server_start(&options, &second, &e), ERR_IO);
	ck_assert_ptr_nonnull(strstr(e.text, "no such host"));
}
END_TEST

START_TEST(a_certificate_that_is_none_is_said)
{
	struct http_options options = {
		.address = "127.0.0.1",
		.certificate_pem = "not a certificate",
		.key_pem = "not a key",
		.handle = answer,
	};
	struct http_server *server;
	struct err e = {0};

	ck_assert_int_eq(http_server_start(&options, &server, &e), ERR_INVALID);
	ck_assert_ptr_nonnull(strstr(e.text, "certificate"));
}
END_TEST

/*
 * Memory
 */

START_TEST(a_start_without_memory_fails_cleanly)
{
	struct http_options options = {.address = "127.0.0.1", .handle = answer};
	struct http_server *server = NULL;
	unsigned n = 0;

	for (;;) {
		mem_fail_at(++n);
		int rc = http_server_start(&options, &server, NULL);
		bool pending = mem_fail_pending();
		mem_fail_at(0);
		if (pending) {
			ck_assert_int_eq(rc, 0);
			break;
		}
		ck_assert_int_eq(rc, ERR_NO_MEMORY);
	}
	ck_assert_uint_gt(n, 2);
	http_server_stop(server, 0);
}
END_TEST

START_TEST(without_memory_a_request_is_answered_or_cut_and_the_server_lives)
{
	static const char request[] =
		"POST /a?b=c HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nxy";
	struct http_server *server = start((struct http_options){0});
	unsigned cut = 0;

	for (unsigned n = 1;; n++) {
		int fd = dial(server);

		mem_fail_at(n);
		send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL);
		unsigned status = peer_status(peer_hear(fd));
		bool pending = mem_fail_pending();
		mem_fail_at(0);
		close(fd);
		if (pending) {
			ck_assert_uint_eq(status, 200);
			break;
		}
		ck_assert(status == 0 || status == 200);
		cut += status == 0;
	}
	ck_assert_uint_ge(cut, 3);
	http_server_stop(server, 1000);
}
END_TEST

static const struct suite_test tests[] = {
	SUITE_TEST(what_is_not_admitted_goes_no_further),
	SUITE_TEST(suspended_requests_are_answered_from_another_thread),
	SUITE_TIMES(answers_that_come_together_reach_all_though_some_have_left, 3),
	SUITE_TEST(stop_answers_what_is_suspended_and_the_request_stays_readable),
	SUITE_TEST(a_peer_that_left_does_no_harm_to_a_late_answer),
	SUITE_TEST(stop_ends_idle_and_half_read_connections_after_the_grace),
	SUITE_LOOP(a_stalled_connection_is_cut_even_when_bytes_trickle, stalled),
	SUITE_TEST(a_request_can_be_exempt_from_the_limit),
	SUITE_TEST(one_address_gets_no_more_connections_than_its_bound),
	SUITE_TEST(connections_past_the_bound_wait_for_their_turn),
	SUITE_TEST(a_unix_socket_tells_who_calls),
	SUITE_TEST(a_tcp_peer_has_its_address),
	SUITE_TEST(the_url_names_the_port_that_was_chosen),
	SUITE_TEST(what_cannot_be_listened_on_is_said),
	SUITE_TEST(a_certificate_that_is_none_is_said),
	SUITE_TEST(a_start_without_memory_fails_cleanly),
	SUITE_TEST(without_memory_a_request_is_answered_or_cut_and_the_server_lives),
};

SUITE_MAIN("httpd_server", tests)
