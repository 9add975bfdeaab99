/*
 * socket_load SOCKET TARGET CONNECTIONS MESSAGES BATCH: sends so many messages of 512 bytes to the API
 * on a local socket, one request at a time on each connection, and counts what was accepted.
 *
 * BATCH 1: a message a request, answered 202.  More: so many lines a request (framing=ndjson), answered
 * 200 with the number that was accepted.  p50 and p99 are of requests, from their first byte to the last
 * of the answer.
 */
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/meter.h"

enum {
	LINE_BYTES = 512,
	HEAD_BYTES = 1024,
	REPLY_BYTES = 1 << 20,
	CONNECTIONS_MOST = 1024,
	BATCH_MOST = 10000,
	EVENTS_PER_TURN = 128,
};

struct peer {
	int fd;
	bool busy;
	size_t sent, got;
	double begun_s;
	char *reply;
};

static struct load {
	struct sockaddr_un address;
	char *request;
	size_t request_bytes;
	unsigned long batch, wanted, begun, accepted, failures;
	int epoll_fd;
	struct peer peers[CONNECTIONS_MOST];
	unsigned busy;
	double *times_s; /* of requests that have ended */
	size_t time_count;
} load;

static void make_request(const char *target)
{
	size_t body = load.batch == 1 ? LINE_BYTES : load.batch * (LINE_BYTES + 1);

	load.request = malloc(HEAD_BYTES + body);
	if (!load.request)
		errx(1, "out of memory");
	int head = snprintf(load.request, HEAD_BYTES,
	                    "POST %s HTTP/1.1\r\nHost: localhost\r\n"
	                    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
	                    target, body);
	if (head < 0 || head >= HEAD_BYTES)
		errx(2, "the target is too long");
	char *at = load.request + head;
	memset(at, 'x', body);
	for (unsigned long i = 0; i < load.batch; i++, at += LINE_BYTES + 1) {
		at[0] = at[LINE_BYTES - 1] = '"';
		if (load.batch > 1)
			at[LINE_BYTES] = '\n';
	}
	load.request_bytes = (size_t)head + body;
}

static void open_peer(struct peer *p)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = p};

	p->reply = malloc(REPLY_BYTES);
	p->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (!p->reply || p->fd < 0 ||
	    connect(p->fd, (struct sockaddr *)&load.address, sizeof(load.address)) < 0)
		err(1, "%s", load.address.sun_path);
	epoll_ctl(load.epoll_fd, EPOLL_CTL_ADD, p->fd, &event);
}

/* Sends what is left of the request; asks for more room when the socket is full. */
static void push(struct peer *p)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = p};
	bool was_blocked = p->sent > 0;

	while (p->sent < load.request_bytes) {
		ssize_t n = send(p->fd, load.request + p->sent, load.request_bytes - p->sent,
		                 MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN) {
			event.events |= EPOLLOUT;
			epoll_ctl(load.epoll_fd, EPOLL_CTL_MOD, p->fd, &event);
			return;
		}
		if (n < 0)
			err(1, "send");
		p->sent += (size_t)n;
	}
	if (was_blocked)
		epoll_ctl(load.epoll_fd, EPOLL_CTL_MOD, p->fd, &event);
}

/* The next request, unless all have been sent. */
static void begin(struct peer *p)
{
	p->busy = load.begun < load.wanted;
	if (!p->busy) {
		load.busy--;
		return;
	}
	load.begun += load.batch;
	p->sent = p->got = 0;
	p->begun_s = meter_now_s();
	push(p);
}

/* The reply that is whole, or NULL: its body. */
static const char *whole_reply(const struct peer *p)
{
	static const char length[] = "\r\nContent-Length:";
	const char *end = strstr(p->reply, "\r\n\r\n"), *at = strcasestr(p->reply, length);

	if (!end)
		return NULL;
	if (!at || at > end)
		errx(1, "a reply without a length: %s", p->reply);
	size_t bytes = strtoul(at + sizeof(length) - 1, NULL, 10);
	const char *body = end + 4;
	return p->got >= (size_t)(body - p->reply) + bytes ? body : NULL;
}

static void count(const struct peer *p, const char *body)
{
	static const char accepted[] = "\"accepted\":";
	unsigned long status = strtoul(p->reply + strlen("HTTP/1.1 "), NULL, 10), taken = 0;
	const char *at = strstr(body, accepted);

	if (load.batch == 1)
		taken = status == 202;
	else if (status == 200 && at)
		taken = strtoul(at + sizeof(accepted) - 1, NULL, 10);
	if (taken < load.batch && load.failures == 0)
		warnx("%.600s", p->reply);
	load.accepted += taken;
	load.failures += load.batch - taken;
}

static void pull(struct peer *p)
{
	ssize_t n = recv(p->fd, p->reply + p->got, REPLY_BYTES - 1 - p->got, MSG_DONTWAIT);
	const char *body;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		errx(1, "the daemon closed a connection");
	p->got += (size_t)n;
	p->reply[p->got] = '\0';
	body = whole_reply(p);
	if (!body)
		return;
	load.times_s[load.time_count++] = meter_now_s() - p->begun_s;
	count(p, body);
	begin(p);
}

static void turn(void)
{
	struct epoll_event events[EVENTS_PER_TURN];
	int ready = epoll_wait(load.epoll_fd, events, EVENTS_PER_TURN, -1);

	for (int i = 0; i < ready; i++) {
		struct peer *p = events[i].data.ptr;
		if (events[i].events & EPOLLOUT)
			push(p);
		if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
			pull(p);
	}
}

static int compare_times(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double percentile_us(double part)
{
	size_t place = (size_t)(part * (double)load.time_count);

	return load.time_count ? load.times_s[place < load.time_count ? place : place - 1] * 1e6
	                       : 0;
}

int main(int argc, char **argv)
{
	if (argc != 6)
		errx(2, "usage: socket_load SOCKET TARGET CONNECTIONS MESSAGES BATCH");
	unsigned long connections = strtoul(argv[3], NULL, 10);
	load.wanted = strtoul(argv[4], NULL, 10);
	load.batch = strtoul(argv[5], NULL, 10);
	if (connections < 1 || connections > CONNECTIONS_MOST || load.batch < 1 ||
	    load.batch > BATCH_MOST || strlen(argv[1]) >= sizeof(load.address.sun_path))
		errx(2, "connections, batch or path out of bounds");
	load.address.sun_family = AF_UNIX;
	memcpy(load.address.sun_path, argv[1], strlen(argv[1]) + 1);
	make_request(argv[2]);
	load.times_s = calloc(load.wanted / load.batch + connections, sizeof(*load.times_s));
	if (!load.times_s)
		errx(1, "out of memory");
	load.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	double began_s = meter_now_s();
	load.busy = (unsigned)connections;
	for (unsigned long i = 0; i < connections; i++) {
		open_peer(&load.peers[i]);
		begin(&load.peers[i]);
	}
	while (load.busy > 0)
		turn();
	double seconds = meter_now_s() - began_s;
	qsort(load.times_s, load.time_count, sizeof(*load.times_s), compare_times);
	printf("accepted=%lu seconds=%.3f rate=%.0f load_cpu_s_per_100k=%.3f failures=%lu "
	       "p50_us=%.0f p99_us=%.0f\n",
	       load.accepted, seconds, (double)load.accepted / seconds,
	       meter_cpu_s() * 1e5 / (double)(load.accepted ? load.accepted : 1), load.failures,
	       percentile_us(0.5), percentile_us(0.99));
	return load.failures > 0;
}
